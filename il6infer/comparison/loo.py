"""Leave-one-out predictive density of each measurement, by Pareto-smoothed importance sampling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from il6infer._files import Groups
from il6infer.draws import effective_draws, smoothed_weights

NEEDED = ("posterior", "log_likelihood", "constant_data", "observed_data")
"""Groups of a posterior that a comparison reads."""


@dataclass(frozen=True)
class Loo:
    """PSIS-LOO of one fit.

    Attributes
    ----------
    pointwise
        (measurements,) expected log predictive density, in the same order for all fits of the same measurements; larger
        is better. -inf nowhere: a fit with a draw that could not be simulated has no `Loo`.
    pareto_k
        (measurements,); above 0.7 the estimate of that measurement cannot be trusted.
    p_loo
        Effective number of parameters.
    places
        Read-out, experiment, gel or plate, and time [min] of each measurement.
    """

    pointwise: np.ndarray
    pareto_k: np.ndarray
    p_loo: float
    places: tuple[tuple[str, str, str, float], ...]

    @property
    def elpd(self) -> float:
        """Sum over the measurements."""
        return float(self.pointwise.sum())

    @property
    def se(self) -> float:
        """Standard error of `elpd`."""
        return float(np.sqrt(len(self.pointwise) * self.pointwise.var()))


def loo(idata: Groups) -> Loo | None:
    """PSIS-LOO over all measurements of all read-outs; None when a pointwise density is not finite.

    Vehtari, Gelman & Gabry 2017, doi 10.1007/s11222-016-9696-4.
    """
    parts, places = [], []
    for name, values in sorted(idata["log_likelihood"].data_vars.items(), key=lambda item: str(item[0])):
        rows = in_order(idata, str(name))
        parts.append(values.values.reshape(-1, values.shape[-1])[:, rows])
        about = idata["constant_data"]
        places += [
            (str(name), str(experiment), str(batch), float(time))
            for experiment, batch, time in zip(
                about[f"{name}_experiment"].values[rows],
                about[f"{name}_batch"].values[rows],
                about[f"{name}_time"].values[rows],
                strict=True,
            )
        ]
    density = np.concatenate(parts, axis=1)
    if not np.isfinite(density).all():
        return None
    log_weights, k = smoothed_weights(-density.T, _efficiency(idata))
    pointwise = _log_sum_exp(log_weights + density.T)
    lppd = _log_sum_exp(density.T) - np.log(len(density))
    return Loo(pointwise, k, float((lppd - pointwise).sum()), tuple(places))


def in_order(idata: Groups, name: str) -> np.ndarray:
    """Rows of a read-out by time, value, gel or plate and experiment: tables of two fits may have them in another."""
    about = idata["constant_data"]
    keys = (about[f"{name}_{key}"].values.astype(str) for key in ("experiment", "batch"))
    return np.lexsort((*keys, idata["observed_data"][name].values, about[f"{name}_time"].values))


def _efficiency(idata: Groups) -> float:
    """Effective draws a draw, averaged over the parameters: how far the tail of the weights is smoothed."""
    posterior = idata["posterior"]
    mean = float(np.mean([effective_draws(posterior[name].values) for name in posterior.data_vars]))
    return mean / (posterior.sizes["chain"] * posterior.sizes["draw"])


def _log_sum_exp(values: np.ndarray) -> np.ndarray:
    top = values.max(axis=1)
    return top + np.log(np.exp(values - top[:, None]).sum(axis=1))
