"""The absolute tolerance that a problem needs: what is observed says it, not the units of the model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from il6infer.problems.noise import NOISES
from il6infer.problems.spec import Problem

ALLOWED = 10.0
"""Change of a prediction, over rtol, that a smaller absolute tolerance may make."""

CLEAR = 3.0
"""Times what a change of steps makes anyway, above which a change of predictions is that of the tolerance."""

NEGLIGIBLE = 1e-20
"""States and predictions below this are rounding."""

FINEST = 1e-2
"""Absolute tolerance of the reference, over rtol times the smallest size."""


@dataclass(frozen=True)
class Trial:
    """What a problem gives at one absolute tolerance.

    Attributes
    ----------
    prediction
        (measurements,); +inf where the run failed.
    smallest
        Least size of a state, above `NEGLIGIBLE`, with which a period starts; infinite where there is none.
    """

    prediction: np.ndarray
    smallest: float


def absolute_tolerance(problem: Problem, rtol: float, atol: float, simulate: Callable[[float], Trial]) -> float:
    """Lower the absolute tolerance, in decades, until the predictions no longer depend on it.

    Predictions are compared with those at a tolerance far below every size that the problem shows: the states with
    which periods start, the predictions under logarithmic noise, and the largest of an observable under other noise. A
    prediction under logarithmic noise may change by `ALLOWED` times rtol of itself, any other by as much of the largest
    of its observable: so does a concentration of 1e-12 keep its digits, and a luciferase of 1e-10 its logarithm.

    Parameters
    ----------
    atol
        Where to begin; the result is not above.
    simulate
        Simulates the problem at an absolute tolerance; always at the same parameters, and the same relative one.

    Returns
    -------
    float
        `atol` over a power of ten.
    """
    first = simulate(atol)
    size, smallest = _sizes(problem, first.prediction)
    smallest = min(smallest, first.smallest)
    if not math.isfinite(smallest):
        return atol
    decades = math.ceil(math.log10(max(atol / (FINEST * rtol * smallest), 1.0)))
    # Far below what is there, rounding may be all that a solver sees: then its run fails, and a coarser one is asked.
    for deepest in range(decades, 1, -2):
        reference = simulate(atol / 10.0**deepest).prediction
        if _failed(reference, first.prediction):
            continue
        size, _ = _sizes(problem, reference)
        limit = ALLOWED * rtol
        if deepest == decades:
            limit = max(limit, CLEAR * _change(simulate(atol / 10.0 ** (deepest - 1)).prediction, reference, size))
        if _change(first.prediction, reference, size) <= limit:
            return atol
        for lower in range(1, deepest):
            if _change(simulate(atol / 10.0**lower).prediction, reference, size) <= limit:
                return atol / 10.0**lower
        return atol / 10.0**deepest
    return atol


def smallest_size(values: np.ndarray) -> float:
    """Least size above `NEGLIGIBLE`; infinite where there is none."""
    sizes = np.abs(values)
    return float(np.min(sizes, initial=math.inf, where=sizes > NEGLIGIBLE))


def _sizes(problem: Problem, prediction: np.ndarray) -> tuple[np.ndarray, float]:
    """Size against which each prediction is compared (measurements,), and the smallest; NaN where there is none."""
    names, kinds = problem.measurements["observable"].to_numpy(dtype=str), problem.noise_kinds
    logarithmic = np.array([NOISES[kind].logarithmic for kind in kinds], dtype=bool)
    size = np.where(np.isfinite(prediction), np.abs(prediction), np.nan)
    for name in np.unique(names[~logarithmic]):
        rows = names == name
        size[rows] = np.max(size[rows], initial=0.0, where=np.isfinite(size[rows]))
    size[~(size > NEGLIGIBLE)] = np.nan
    return size, smallest_size(size)


def _failed(reference: np.ndarray, first: np.ndarray) -> bool:
    return bool((~np.isfinite(reference) & np.isfinite(first)).any())


def _change(prediction: np.ndarray, reference: np.ndarray, size: np.ndarray) -> float:
    """Largest change over the sizes; infinite where a run fails that the reference simulates."""
    if _failed(prediction, reference):
        return math.inf
    with np.errstate(invalid="ignore"):
        change = np.abs(prediction - reference) / size
    return float(np.max(change, initial=0.0, where=np.isfinite(change)))
