"""Groups beside the posterior: priors, predictive draws, pointwise log-likelihood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from il6infer.engine import Engine, Outcome, compile
from il6infer.engine.likelihood import pointwise, residuals
from il6infer.inference.nuisance import Nuisance
from il6infer.inference.progress import nothing_done
from il6infer.inference.side_by_side import side_by_side
from il6infer.problems.courses import carriers_of, draw, shared_by_replicates
from il6infer.problems.spec import Problem
from il6infer.problems.variables import rows_by_variable, variable_names

PROBES, TIGHTER = 40, 1e-3
"""Draws at which the integration is checked, and the tolerances of that check relative to the fit's."""


@dataclass(frozen=True)
class Ensemble:
    """Simulations of many parameter vectors.

    Attributes
    ----------
    prediction, noise
        (samples, measurements); NaN where a run failed.
    failed
        (samples,), whether any run failed.
    outcomes
        Runs by outcome.
    """

    prediction: np.ndarray
    noise: np.ndarray
    failed: np.ndarray
    outcomes: Mapping[str, int]


def simulate_all(
    engine: Engine, thetas: np.ndarray, threads: int = 1, done: Callable[[], None] = nothing_done
) -> Ensemble:
    """Simulate each row of `thetas` (samples, parameters), on the linear scale.

    Parameters
    ----------
    thetas
        (samples, parameters), on the linear scale, in the order of the engine.
    threads
        Simulations at a time.
    done
        Called after each row.
    """
    results = side_by_side(engine.simulate, thetas, threads, done)
    size = (len(thetas), len(engine.problem.measurements))
    prediction = np.array([r.prediction for r in results]).reshape(size)
    noise = np.array([r.noise for r in results]).reshape(size)
    absent = ~np.isfinite(prediction)
    prediction[absent] = noise[absent] = np.nan
    outcomes = Counter(Outcome(o).name.lower() for r in results for o in r.outcome)
    return Ensemble(prediction, noise, np.array([not r.ok for r in results], dtype=bool), dict(outcomes))


def noisy(problem: Problem, ensemble: Ensemble, rng: np.random.Generator) -> np.ndarray:
    """One replicated measurement of each prediction (samples, measurements); NaN where the simulation failed.

    Errors that hang together along a course are drawn together.

    Parameters
    ----------
    ensemble
        Simulations of the problem.
    rng
        Of the noise.
    """
    return draw(problem, ensemble.prediction, ensemble.noise, rng)


def log_likelihood(problem: Problem, ensemble: Ensemble) -> np.ndarray:
    """Log-density of each measurement (samples, measurements); -inf where its run failed.

    Where errors hang together along a course: given the earlier measurements of its course.
    """
    density = pointwise(problem, ensemble.prediction, ensemble.noise)
    return np.where(np.isnan(ensemble.prediction), -np.inf, density)


def integration_error(
    problem: Problem, thetas: np.ndarray, found: np.ndarray, *, engine: str, rtol: float, atol: float, max_steps: int
) -> float:
    """Largest error that the solver's tolerances make in the log-likelihood.

    Parameters
    ----------
    thetas
        (samples, parameters), on the linear scale; `PROBES` of them, evenly spread, are looked at.
    found
        (samples, measurements) log-density of each measurement, at the given tolerances.
    rtol, atol
        Tolerances that were used; the reference has `TIGHTER` of them.
    max_steps
        That one simulation might take; the reference may take ten times as many.

    Returns
    -------
    float
        Absolute, of the sum over all measurements; NaN where either cannot be computed.
    """
    rows = np.linspace(0, len(thetas) - 1, min(PROBES, len(thetas))).astype(int)
    tighter = {"rtol": max(TIGHTER * rtol, 1e-12), "atol": TIGHTER * atol, "max_steps": 10 * max_steps}
    exact = compile(problem, engine=engine, **tighter)
    reference = log_likelihood(problem, simulate_all(exact, thetas[rows]))
    with np.errstate(invalid="ignore"):
        return float(np.abs(found[rows].sum(axis=1) - reference.sum(axis=1)).max())


def by_variable(problem: Problem, values: np.ndarray, chains: int) -> xr.Dataset:
    """Split (samples, measurements) by read-out, with dimensions chain, draw, ``<read-out>_row``.

    Parameters
    ----------
    values
        (chains * draws, measurements), chain by chain.
    """
    shaped = values.reshape(chains, -1, values.shape[-1])
    return xr.Dataset(
        {
            name: (("chain", "draw", f"{name}_row"), shaped[..., rows])
            for name, rows in rows_by_variable(problem).items()
        },
        coords=_coords(problem) | {"chain": np.arange(chains), "draw": np.arange(shaped.shape[1])},
    )


def literature(problem: Problem, before: Ensemble, after: Ensemble) -> dict[str, dict[str, object]]:
    """Compare what literature constraints say with what the parameters give, without noise.

    Parameters
    ----------
    before, after
        Simulations at draws of the prior and of the posterior.

    Returns
    -------
    dict
        Observable -> ``says`` (in words, with the source), ``value`` and ``sd`` that are published, ``prior`` and
        ``posterior``: 5 %, 50 % and 95 % quantiles at draws of either. The prior is that without the constraint.
    """
    observables = {o.id: o for o in problem.observables}
    found = {}
    for rows in rows_by_variable(problem, literature=True).values():
        for row in rows:
            name = str(problem.measurements["observable"].iloc[row])
            quantiles = {
                kind: [float(q) for q in np.nanquantile(ensemble.prediction[:, row], (0.05, 0.5, 0.95))]
                for kind, ensemble in (("prior", before), ("posterior", after))
            }
            published = {"value": float(problem.measurements["value"].iloc[row]), "sd": float(after.noise[0, row])}
            found[name] = {"says": observables[name].name or name, **published, **quantiles}
    return found


def correlated(problem: Problem, after: Ensemble) -> dict[str, dict[str, float]]:
    """Read-out -> posterior medians of correlation ``time`` and ``share``, where errors hang together along courses.

    ``replicates`` is 1 where replicates of one gel or plate share what goes on along the course, else 0.

    Parameters
    ----------
    after
        Simulations at draws of the posterior.
    """
    names, shared = variable_names(problem), shared_by_replicates(problem)
    return {
        names[observable]: {
            "time": float(np.nanmedian(after.prediction[:, row])), "share": float(np.nanmedian(after.noise[:, row])),
            "replicates": int(observable in shared),
        }
        for observable, row in carriers_of(problem).items()
    }  # fmt: skip


def residuals_of_offsets(problem: Problem, engine: Engine, nuisance: Nuisance, thetas: np.ndarray) -> dict[str, float]:
    """Say how far measurements lie from the model, whose offsets are integrated out, in units of their noise.

    Parameters
    ----------
    problem, engine, nuisance
        Of the fit.
    thetas
        (samples, parameters) draws, on the linear scale; `PROBES` of them, evenly spread, are looked at.

    Returns
    -------
    dict
        First offset of each group that has one -> root mean square of the residuals, the median over draws.
    """
    groups = [(group, [b.offset for b in group.batches if b.offset]) for group in nuisance.groups]
    groups = [(group, offsets) for group, offsets in groups if offsets]
    found: dict[str, list[float]] = {offsets[0]: [] for _, offsets in groups}
    for theta in thetas[np.linspace(0, len(thetas) - 1, min(PROBES, len(thetas))).astype(int)] if groups else ():
        at = engine.simulate(theta)
        off = residuals(problem, at.prediction, at.noise)
        for group, offsets in groups:
            rows = [row for batch in group.batches for row in batch.rows]
            found[offsets[0]].append(float(np.sqrt(np.mean(off[rows] ** 2))))
    return {name: float(np.median(values)) for name, values in found.items()}


def _coords(problem: Problem) -> dict[str, np.ndarray]:
    return {f"{name}_row": np.arange(len(rows)) for name, rows in rows_by_variable(problem).items()}


def data_groups(problem: Problem) -> tuple[xr.Dataset, xr.Dataset]:
    """Make the groups observed_data and constant_data (what each measurement is of)."""
    table = problem.measurements
    observed, constant = {}, {}
    for name, rows in rows_by_variable(problem).items():
        observed[name] = ((f"{name}_row",), table["value"].to_numpy(dtype=float)[rows])
        constant[f"{name}_time"] = ((f"{name}_row",), table["time"].to_numpy(dtype=float)[rows])
        for column in ("experiment", "batch", "replicate", "source"):
            # PEtab has no column for the source file: it is empty unless the reader of the problem knows it.
            texts = table[column].to_numpy(dtype=str)[rows] if column in table else np.full(len(rows), "", dtype=str)
            constant[f"{name}_{column}"] = ((f"{name}_row",), texts)
        if problem.sides[rows].any():  # then the values of these are limits
            constant[f"{name}_censored"] = ((f"{name}_row",), table["censored"].to_numpy(dtype=str)[rows])
    coords = _coords(problem)
    return xr.Dataset(observed, coords=coords), xr.Dataset(constant, coords=coords)
