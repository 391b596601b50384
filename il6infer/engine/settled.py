"""Predictions at one point, to as many digits as are asked for.

The relative tolerance bounds the error of a step in each state. What is read may be far less exact: a difference of
states that are nearly the same, the phase of an oscillation after many turns, a course that doubles every minute.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from il6infer.engine.gradients import FINEST
from il6infer.engine.protocol import Engine
from il6infer.engine.tolerances import sizes
from il6infer.problems.noise import logarithmic
from il6infer.problems.spec import Problem
from il6infer.runs.outcome import Simulation

SETTLED = 1e-5
"""Change of a prediction, over its size, when tolerances fall by ten, at which it is exact enough."""

HIDDEN = 1e-6
"""Change of a prediction, over its noise, that does not show in the likelihood."""


@dataclass(frozen=True)
class Settled:
    """Predictions at one point that do not move any more.

    Attributes
    ----------
    engine
        With the tolerances that this needed.
    rtol
        Its relative tolerance.
    unsettled
        Observable -> largest change of its predictions, over their size, when the tolerance last fell by ten; of those
        that move at the finest tolerance, too.
    """

    engine: Engine
    rtol: float
    unsettled: dict[str, float]


def settle(engine: Engine, theta: np.ndarray, rtol: float) -> Settled:
    """Lower all tolerances by ten until no prediction moves by more than `SETTLED`; they stay where none does.

    Parameters
    ----------
    theta
        (parameters,), on the linear scale.
    rtol
        Relative tolerance of `engine`.
    """
    own, found, factor = engine, engine.simulate(theta), 1.0
    change = np.zeros(len(found.prediction))
    if not found.ok:
        return Settled(engine, rtol, {})
    while rtol / (10.0 * factor) > 0.99 * FINEST:
        finer = engine.finer(10.0 * factor)
        nearer = finer.simulate(theta)
        if not nearer.ok:
            break
        change = _change(engine.problem, found, nearer)
        if not (change > SETTLED).any():
            break
        own, found, factor = finer, nearer, 10.0 * factor
    names = engine.problem.measurements["observable"].to_numpy(dtype=str)
    moving = {str(name): float(change[names == name].max()) for name in np.unique(names[change > SETTLED])}
    return Settled(own, float(f"{rtol / factor:.6g}"), moving)


def _change(problem: Problem, found: Simulation, nearer: Simulation) -> np.ndarray:
    """Change of each prediction over its size (measurements,); 0 where it is negligible or there is no number."""
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = np.abs(nearer.prediction - found.prediction)
        noise = nearer.noise * np.where(logarithmic(problem.noise_kinds), np.abs(nearer.prediction), 1.0)
        change = np.where(moved <= HIDDEN * noise, 0.0, moved / sizes(problem, nearer.prediction)[0])
    return np.where(np.isfinite(change), change, 0.0)
