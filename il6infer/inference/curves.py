"""Noise-free curves of every measured series on a dense grid of times, for figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from il6infer.engine import compile
from il6infer.inference.predictive import Ensemble, simulate_all
from il6infer.problems.spec import Problem
from il6infer.problems.variables import variable_names

GRID = 80
"""Times of each curve."""

_KEYS = ["observable", "batch", "experiment", "observable_parameters", "noise_parameters"]


def series(problem: Problem) -> pd.DataFrame:
    """Each measured (observable, batch, experiment), with the parameters of its read-out, first and last time."""
    table = problem.data
    finite = table[np.isfinite(table["time"])]
    times = finite.groupby(_KEYS, sort=False)["time"]
    return times.agg(start="min", end="max").reset_index()


def grid(start: float, end: float) -> np.ndarray:
    """Choose times from 0 (or `start`, if that is earlier) to `end`, denser early, where responses rise."""
    start = min(0.0, start)
    return np.unique(start + (end - start) * np.linspace(0, 1, GRID) ** 2)


def curves(
    problem: Problem, thetas: np.ndarray, solver: Mapping[str, Any], threads: int = 1
) -> tuple[xr.Dataset, xr.Dataset, Ensemble | None]:
    """Simulate the curves.

    Parameters
    ----------
    thetas
        (samples, parameters).
    solver
        Settings of the engine: engine, rtol, atol.

    Returns
    -------
    predictions
        A read-out's curves, with scale and offset: (sample, ``<read-out>_series``, grid); NaN where a simulation
        failed, and after the last time of a shorter grid. Times, gels and experiments are coordinates.
    predictions_constant_data
        ``<read-out>_grid`` (series, grid): times; ``<read-out>_series_batch`` and ``_series_experiment``.
    ensemble
        The simulations; None where nothing was measured at a finite time.
    """
    listed = series(problem)
    if listed.empty:
        return xr.Dataset(), xr.Dataset(), None
    grids = [grid(s.start, s.end) for s in listed.itertuples()]
    asked = listed.loc[np.repeat(listed.index, [len(g) for g in grids]), _KEYS]
    asked = asked.assign(time=np.concatenate(grids), value=np.nan, replicate="")
    engine = compile(problem.with_measurements(asked), **solver)
    ensemble = simulate_all(engine, thetas, threads)
    ends = np.cumsum([len(g) for g in grids])
    width = max(len(g) for g in grids)
    drawn, about = {}, {}
    for observable, group in listed.groupby("observable", sort=False):
        name = variable_names(problem)[str(observable)]
        block = np.full((len(thetas), len(group), width), np.nan)
        times = np.full((len(group), width), np.nan)
        for position, i in enumerate(group.index):
            size = len(grids[i])
            block[:, position, :size] = ensemble.prediction[:, ends[i] - size : ends[i]]
            times[position, :size] = grids[i]
        drawn[name] = (("sample", f"{name}_series", "grid"), block)
        about[f"{name}_grid"] = ((f"{name}_series", "grid"), times)
        for column in ("batch", "experiment"):
            about[f"{name}_series_{column}"] = ((f"{name}_series",), group[column].to_numpy(dtype=str))
    return xr.Dataset(drawn, coords=about), xr.Dataset(about), ensemble
