"""The absolute tolerances that a problem needs: what is observed says it, not the units of the model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from il6infer.problems.noise import NOISES
from il6infer.problems.spec import Problem

ALLOWED = 10.0
"""Change of a prediction, over rtol, that a smaller absolute tolerance may make."""

CLEAR = 3.0
"""Times what a change of steps makes anyway, above which a change of predictions is that of the tolerance."""

NEGLIGIBLE = 1e-60
"""States and predictions below this are rounding: a molecule in a cell may be 1e-24 mol."""

EACH = 2.0
"""Times that change, once the states have tolerances of their own."""

SPARE = 3.0
"""Times the tolerance asked that the predictions must bear of a state which keeps it."""

MOST_TRIALS = 200
"""Simulations that may be spent on tolerances of single states; the states that are left keep the lowered one."""

FINEST = 1e-2
"""Absolute tolerance of the reference, over rtol times the smallest size."""


TRIED = 3
"""Decades below the tolerance that was asked at which runs are tried that a far finer one does not simulate."""

DEEPER, BELOW = 8, 0.1
"""How often the reference may be made finer, each time that a prediction of it is below this share of the smallest."""

STRIDE = 3
"""Decades by which the reference is made finer, at most `DEEPER` times, while the decade below changes it, and some
state is small."""


@dataclass(frozen=True)
class Trial:
    """What a problem gives at one absolute tolerance.

    Attributes
    ----------
    prediction
        (measurements,); +inf where the run failed.
    smallest
        Least size of a state, above `NEGLIGIBLE`, with which a period starts; infinite where there is none.
    least
        The same of states at the measured times.
    """

    prediction: np.ndarray
    smallest: float
    least: float = math.inf


@dataclass(frozen=True)
class Needed:
    """Absolute tolerance that a problem needs.

    Attributes
    ----------
    atol
        What was asked, over a power of ten.
    reference
        (measurements,) predictions at a tolerance far below; None where `atol` is what was asked.
    """

    atol: float
    reference: np.ndarray | None = None


def absolute_tolerance(problem: Problem, rtol: float, atol: float, simulate: Callable[[float], Trial]) -> Needed:
    """Lower the absolute tolerance, in decades, until the predictions no longer depend on it.

    Predictions are compared with those at a tolerance far below every size that the problem shows: the states with
    which periods start, the predictions under logarithmic noise, and the largest of an observable under other noise. A
    prediction under logarithmic noise may change by `ALLOWED` times rtol of itself, any other by as much of the largest
    of its observable: so does a concentration of 1e-12 keep its digits, and a luciferase of 1e-10 its logarithm. Where
    the reference still depends on its own tolerance, it is one that is finer.

    Parameters
    ----------
    atol
        Where to begin; the result is not above.
    simulate
        Simulates the problem at an absolute tolerance; always at the same parameters, and the same relative one.

    """
    first = simulate(atol)
    size, smallest = sizes(problem, first.prediction)
    smallest = min(smallest, first.smallest)
    if not math.isfinite(smallest):
        return Needed(atol)

    @cache
    def trial(decades: int) -> Trial:
        return simulate(atol / 10.0**decades)

    def lowered(decades: int) -> np.ndarray:
        return trial(decades).prediction

    decades = _decades(smallest, rtol, atol)
    for _ in range(DEEPER):
        # What was read as small may be the error of a tolerance that is too coarse to see how small it is.
        own = sizes(problem, lowered(decades))[1]
        if not own < BELOW * smallest:
            break
        smallest = own
        decades = _decades(smallest, rtol, atol)
    decades = _settled(problem, rtol, atol, decades, trial)
    # Far below what is there, rounding may be all that a solver sees: then its run fails, and a coarser one is asked.
    for deepest in range(decades, 1, -2):
        reference = lowered(deepest)
        if _failed(reference, first.prediction):
            continue
        size, _ = sizes(problem, reference)
        limit = ALLOWED * rtol
        if deepest == decades:
            limit = max(limit, CLEAR * _change(lowered(deepest - 1), reference, size))
        if _change(first.prediction, reference, size) <= limit:
            return Needed(atol)
        for lower in range(1, deepest):
            if _change(lowered(lower), reference, size) <= limit:
                return Needed(atol / 10.0**lower, reference)
        return Needed(atol / 10.0**deepest, reference)
    return _of_runs_that_last(problem, rtol, atol, decades, first.prediction, lowered)


def _settled(problem: Problem, rtol: float, atol: float, decades: int, trial: Callable[[int], Trial]) -> int:
    """Decades at which one more changes nothing, or that are far below each state; those given, where that is nowhere.

    A size need not show: ln(A) of what has decayed to 1e-17 is -39, and its share of two such states is 0.3.
    """
    finer = decades
    for _ in range(DEEPER):
        found = trial(finer)
        enough = _decades(found.least, rtol, atol)
        size = sizes(problem, found.prediction)[0]
        if finer >= enough or _change(found.prediction, trial(finer + 1).prediction, size) <= ALLOWED * rtol:
            return finer
        finer = min(finer + STRIDE, enough)
    return decades


def _of_runs_that_last(
    problem: Problem, rtol: float, atol: float, decades: int, first: np.ndarray, lowered: Callable[[int], np.ndarray]
) -> Needed:
    """Find the tolerance of a problem with a run that no finer tolerance simulates than the one that was asked.

    The coarse solution of such a run may have stepped over a place where there is none: it is not trusted, unless one
    of the next `TRIED` decades simulates all runs and changes nothing, for a solver may fail at one tolerance by
    chance. Else the tolerance is one at which it fails, and all others are right.
    """
    limit = ALLOWED * rtol
    if not decades:
        return Needed(atol)
    for lower in range(1, TRIED + 1):
        found = lowered(lower)
        if not _failed(found, first):
            if _change(first, found, sizes(problem, found)[0]) <= limit:
                return Needed(atol)
            break
    reference = lowered(decades)
    size, lasts = sizes(problem, reference)[0], np.isfinite(reference)
    for lower in range(1, decades):
        found = lowered(lower)
        if _change(found, reference, size) <= limit and not np.isfinite(found[~lasts & np.isfinite(first)]).any():
            return Needed(atol / 10.0**lower, reference)
    return Needed(atol / 10.0**decades, reference)


def tolerances_of_states(
    problem: Problem,
    rtol: float,
    atol: float,
    needed: Needed,
    largest: np.ndarray,
    simulate: Callable[[np.ndarray], tuple[np.ndarray, int]],
) -> np.ndarray:
    """Raise the lowered tolerance again for each state, in decades, as far as the predictions bear `SPARE` times more.

    It stays for a state that is nowhere of a size at which its relative error counts. States are tried half by half: of
    n states, k of which need a lowered tolerance, in some k log2(n) simulations a decade. Where one of two states must
    be exact, which of them costs fewer steps is not known before: both orders are tried.

    Parameters
    ----------
    atol, needed
        What was asked, and what `absolute_tolerance` made of it.
    largest
        (states,) largest size of each.
    simulate
        Gives predictions, and how many steps they took, at absolute tolerances (states,).

    Returns
    -------
    np.ndarray
        (states,).
    """
    reference, uniform = needed.reference, np.full(len(largest), needed.atol)
    if reference is None:
        return uniform
    size, _ = sizes(problem, reference)
    prediction, fewest = simulate(uniform)
    limit = max(EACH * ALLOWED * rtol, _change(prediction, reference, size))

    def bears(trial: np.ndarray) -> bool:
        return _change(simulate(trial)[0], reference, size) <= limit

    best = uniform
    states = np.flatnonzero(largest > atol / rtol)
    for order in (states, states[::-1]):
        found = _raised(order, uniform, atol, bears)
        steps = simulate(found)[1]
        if steps < fewest:
            best, fewest = found, steps
    return best


def _raised(states: np.ndarray, uniform: np.ndarray, atol: float, bears: Callable[[np.ndarray], bool]) -> np.ndarray:
    found, own, lowered = uniform.copy(), atol, float(uniform.min(initial=atol))
    left = MOST_TRIALS
    while len(states) and own > lowered:
        waiting, fine = [states], []
        while waiting and left:
            some, left = waiting.pop(), left - 1
            trial = found.copy()
            trial[some] = SPARE * own
            if bears(trial):
                found = trial
            elif len(some) > 1:
                waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
            else:
                fine.append(some)
        states, own = np.concatenate([*fine, *waiting, np.empty(0, dtype=int)]).astype(int), own / 10.0
    return np.maximum(np.minimum(found / SPARE, atol), lowered)


def _decades(smallest: float, rtol: float, atol: float) -> int:
    """By how many powers of ten the tolerance is lowered for the reference."""
    return math.ceil(math.log10(max(atol / (FINEST * rtol * smallest), 1.0)))


def smallest_size(values: np.ndarray) -> float:
    """Least size above `NEGLIGIBLE`; infinite where there is none."""
    sizes = np.abs(values)
    return float(np.min(sizes, initial=math.inf, where=sizes > NEGLIGIBLE))


def sizes(problem: Problem, prediction: np.ndarray) -> tuple[np.ndarray, float]:
    """Size against which each prediction is compared (measurements,), and the smallest; NaN where there is none.

    Of itself under logarithmic noise, else the largest of its observable.
    """
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
