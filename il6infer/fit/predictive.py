"""Groups beside the posterior: priors, predictive draws, pointwise log-likelihood, dense curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from il6infer.fit.model import variable_name
from il6infer.problem.spec import Problem
from il6infer.simulate import RosenbrockEngine, compile

CURVES, GRID = 200, 60
"""Posterior draws shown as curves, and times of each curve."""


def noisy(problem: Problem, prediction: np.ndarray, noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One replicated measurement of each prediction (measurements,); NaN where the simulation failed."""
    kinds = problem.measurements["observable"].map({o.id: o.distribution for o in problem.observables}).to_numpy(str)
    laplace = np.char.endswith(kinds, "laplace")
    unit = np.where(laplace, rng.laplace(size=len(noise)), rng.normal(size=len(noise)))
    with np.errstate(invalid="ignore"):
        drawn = np.where(
            np.char.startswith(kinds, "log-"), prediction * np.exp(noise * unit), prediction + noise * unit
        )
    return np.where(np.isfinite(prediction), drawn, np.nan)


def _by_observable(problem: Problem) -> dict[str, np.ndarray]:
    """Variable name -> rows of the measurement table."""
    observed = problem.measurements["observable"].to_numpy()
    rows = {variable_name(o.id): np.flatnonzero(observed == o.id) for o in problem.observables}
    return {name: index for name, index in rows.items() if len(index)}


def _dataset(problem: Problem, values: np.ndarray, chains: int) -> xr.Dataset:
    """Split (samples, measurements) by observable, into dimensions chain, draw, <observable>_row."""
    shaped = values.reshape(chains, -1, values.shape[-1])
    return xr.Dataset(
        {name: (("chain", "draw", f"{name}_row"), shaped[..., rows]) for name, rows in _by_observable(problem).items()}
    )


def _evaluate(
    engine: RosenbrockEngine, thetas: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, int]:
    """Replicated measurements and pointwise log-likelihood (samples, measurements), and how many draws failed."""
    from il6infer.simulate.likelihood import pointwise

    drawn, density, failed = [], [], 0
    for theta in thetas:
        result = engine.simulate(theta)
        failed += not result.ok
        drawn.append(noisy(engine.problem, result.prediction, result.noise, rng))
        density.append(pointwise(engine.problem, result.prediction, result.noise))
    return np.array(drawn), np.array(density), failed


def series(problem: Problem) -> pd.DataFrame:
    """Each (observable, batch, experiment) that was measured, with the parameters of its read-out and its last time."""
    table = problem.measurements
    keys = ["observable", "batch", "experiment"]
    finite = table[np.isfinite(table["time"])]
    return (
        finite.groupby(keys, sort=False)
        .agg(
            observable_parameters=("observable_parameters", "first"),
            noise_parameters=("noise_parameters", "first"),
            start=("time", "min"),
            end=("time", "max"),
        )
        .reset_index()
    )


def curves(problem: Problem, thetas: np.ndarray, settings: Mapping[str, Any]) -> tuple[xr.Dataset, xr.Dataset]:
    """Noise-free curves of every series on a dense grid of times, for each parameter vector (samples, parameters)."""
    listed = series(problem)
    grids = [np.unique(np.concatenate([[s.start], _times(s.start, s.end)])) for s in listed.itertuples()]
    rows = [
        {**s._asdict(), "time": t, "value": np.nan, "replicate": ""}
        for s, grid in zip(listed.itertuples(index=False), grids, strict=True)
        for t in grid
    ]
    asked = problem.with_measurements(pd.DataFrame(rows, columns=list(problem.measurements.columns)))
    engine = compile(asked, **settings)
    values = np.array([engine.simulate(theta).prediction for theta in thetas])
    values[~np.isfinite(values)] = np.nan
    ends = np.cumsum([len(g) for g in grids])
    width = max(len(g) for g in grids)
    drawn, about = {}, {}
    for observable, group in listed.groupby("observable", sort=False):
        name = variable_name(str(observable))
        block = np.full((len(thetas), len(group), width), np.nan)
        times = np.full((len(group), width), np.nan)
        for position, i in enumerate(group.index):
            size = len(grids[i])
            block[:, position, :size] = values[:, ends[i] - size : ends[i]]
            times[position, :size] = grids[i]
        drawn[name] = (("sample", f"{name}_series", "grid"), block)
        about[f"{name}_grid"] = ((f"{name}_series", "grid"), times)
        for column in ("batch", "experiment"):
            about[f"{name}_series_{column}"] = ((f"{name}_series",), group[column].to_numpy(dtype=str))
    return xr.Dataset(drawn), xr.Dataset(about)


def _times(start: float, end: float) -> np.ndarray:
    """More times early, where responses rise."""
    return start + (end - start) * np.linspace(0, 1, GRID) ** 2


def add_groups(
    idata: az.InferenceData,
    problem: Problem,
    engine: RosenbrockEngine,
    prior: np.ndarray,
    rngs: Mapping[str, np.random.Generator],
    settings: Mapping[str, Any],
) -> dict[str, int]:
    """Add every group but posterior and sample_stats to `idata`.

    Parameters
    ----------
    prior
        (samples, parameters) draws from the prior.
    rngs
        Generators for ``prior_predictive``, ``posterior_predictive`` and ``curves``.
    settings
        How the dense curves are simulated: engine, rtol, atol.

    Returns
    -------
    dict
        How many draws could not be simulated, by group.
    """
    names = [p.id for p in problem.estimated]
    posterior = idata["posterior"]
    chains = posterior.sizes["chain"]
    thetas = np.stack([posterior[name].values.ravel() for name in names], axis=-1)
    drawn, density, failed = _evaluate(engine, thetas, rngs["posterior_predictive"])
    prior_drawn, _, prior_failed = _evaluate(engine, prior, rngs["prior_predictive"])
    table = problem.measurements
    observed, constant = {}, {}
    for name, rows in _by_observable(problem).items():
        observed[name] = ((f"{name}_row",), table["value"].to_numpy(dtype=float)[rows])
        constant[f"{name}_time"] = ((f"{name}_row",), table["time"].to_numpy(dtype=float)[rows])
        for column in ("experiment", "batch", "replicate"):
            constant[f"{name}_{column}"] = ((f"{name}_row",), table[column].to_numpy(dtype=str)[rows])
    chosen = np.sort(rngs["curves"].choice(len(thetas), min(CURVES, len(thetas)), replace=False))
    predictions, about = curves(problem, thetas[chosen], settings)
    idata.add_groups(
        {
            "prior": xr.Dataset({n: (("chain", "draw"), prior[None, :, i]) for i, n in enumerate(names)}),
            "prior_predictive": _dataset(problem, prior_drawn, 1),
            "posterior_predictive": _dataset(problem, drawn, chains),
            "log_likelihood": _dataset(problem, density, chains),
            "observed_data": xr.Dataset(observed),
            "constant_data": xr.Dataset(constant),
            "predictions": predictions,
            "predictions_constant_data": about,
        }
    )
    return {"posterior": failed, "prior": prior_failed}
