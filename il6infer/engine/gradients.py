"""The gradient at one point, to as many digits as are asked for.

A gradient is exact for the steps that were taken, and these are chosen for the states. Where sensitivities are far
larger than states (periods of an oscillation, growth that just stays finite), steps that give a log-likelihood to six
digits may give its slope to none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from il6infer.engine.likelihood import slopes
from il6infer.engine.protocol import Engine
from il6infer.runs.outcome import Simulation

SETTLED = 1e-5
"""Change of a component, over itself, when tolerances fall by ten, at which it is exact enough."""

SMALL = 1e-8
"""Change of a component, over the largest, that is negligible; each on the logarithm of its parameter."""

ROUNDED = 1e-12
"""Change of a component, over the sum of the sizes of what it is a sum of, that rounding alone may make."""

FINEST = 1e-12
"""Relative tolerance below which rounding is all that a smaller one would show."""


@dataclass(frozen=True)
class Gradient:
    """Derivative of the log-likelihood at one point.

    Attributes
    ----------
    values
        (parameters,) on the linear scale; NaN where it does not exist, or a run failed.
    change
        (parameters,) of each, over itself, when tolerances last fell by ten (1: to nothing); 0 where that is negligible
        beside the largest, or rounding; NaN where they could not be lowered.
    rtol
        Relative tolerance at which it was taken.
    """

    values: np.ndarray
    change: np.ndarray
    rtol: float


def settled_gradient(engine: Engine, theta: np.ndarray, simulation: Simulation, rtol: float) -> Gradient:
    """Differentiate the log-likelihood, at tolerances that fall by ten until no component changes.

    Parameters
    ----------
    theta
        (parameters,), on the linear scale.
    simulation
        What `engine` gives there.
    rtol
        Relative tolerance of `engine`.
    """
    found = _at(engine, theta, simulation)
    change, factor = np.full(len(found), np.nan), 1.0
    size = np.where(theta != 0, np.abs(theta), 1.0)
    bars = slopes(engine.problem, simulation.prediction, simulation.noise)
    summed = np.nansum(np.abs(bars[0] * simulation.prediction) + np.abs(bars[1] * simulation.noise))
    while rtol / (10.0 * factor) > 0.99 * FINEST:
        finer = engine.finer(10.0 * factor)
        nearer = _at(finer, theta, finer.simulate(theta))
        if (np.isfinite(found) & ~np.isfinite(nearer)).any():
            break
        with np.errstate(invalid="ignore", divide="ignore"):
            moved = np.abs(nearer - found)
            largest = np.nanmax(np.abs(nearer) * size, initial=0.0)
            negligible = moved * size <= max(SMALL * largest, ROUNDED * summed)
            change = np.where(negligible, 0.0, moved / np.where(nearer != 0, np.abs(nearer), moved))
        found, factor = nearer, 10.0 * factor
        if not (change > SETTLED).any():
            break
    return Gradient(found, change, float(f"{rtol / factor:.6g}"))


def _at(engine: Engine, theta: np.ndarray, simulation: Simulation) -> np.ndarray:
    return engine.pullback(theta, *slopes(engine.problem, simulation.prediction, simulation.noise))
