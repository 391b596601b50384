"""Are ranks uniform: difference of their distribution function from the uniform one, with simultaneous bands.

Säilynoja, Bürkner and Vehtari 2022, doi 10.1007/s11222-022-10090-6: pointwise binomial bands, widened until uniform
ranks leave them anywhere with the stated probability; how much wider is found by simulation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from il6infer._errors import UserError
from il6infer.stages.calibration import Batch, CalibratedParameter, Calibration

SIMULATED, LEVEL = 4000, 0.95
"""Sets of uniform ranks that are simulated; probability with which they stay within the bands everywhere."""


@dataclass(frozen=True)
class Bands:
    """Bands for a number of ranks.

    Attributes
    ----------
    grid
        (points,) ranks at which the distribution functions are compared.
    low, high
        (points,) limits of the share of ranks at or below each.
    least
        Sorted smallest pointwise probabilities of simulated sets of uniform ranks.
    """

    grid: np.ndarray
    low: np.ndarray
    high: np.ndarray
    least: np.ndarray

    def p(self, ranks: np.ndarray) -> float:
        """Share of uniform sets that leave the pointwise bands at least as far as these ranks."""
        smallest = _smallest(_counts(ranks[None], self.grid), len(ranks), self.grid)[0]
        return float((1 + np.sum(self.least <= smallest)) / (1 + len(self.least)))


def bands(number: int, levels: int) -> Bands:
    """Simulate the bands of `number` ranks of 0 to `levels`.

    Parameters
    ----------
    number
        Of ranks.
    levels
        Largest rank.
    """
    grid = np.arange(levels)
    rng = np.random.default_rng(0)
    uniform = rng.integers(0, levels + 1, (SIMULATED, number))
    least = np.sort(_smallest(_counts(uniform, grid), number, grid, levels))
    gamma = float(np.quantile(least, 1.0 - LEVEL))
    chance = (grid + 1) / (levels + 1)
    return Bands(
        grid, binom.ppf(gamma / 2, number, chance) / number, binom.ppf(1 - gamma / 2, number, chance) / number, least
    )


def _counts(ranks: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Ranks at or below each point of the grid (sets, points)."""
    return np.stack([np.searchsorted(np.sort(row), grid, side="right") for row in ranks])


def _smallest(counts: np.ndarray, number: int, grid: np.ndarray, levels: int | None = None) -> np.ndarray:
    """Smallest two-sided pointwise probability of each set."""
    chance = (grid + 1) / ((len(grid) if levels is None else levels) + 1)
    below, above = binom.cdf(counts, number, chance), binom.sf(counts - 1, number, chance)
    return (2.0 * np.minimum(below, above)).min(axis=1)


def inside(ranks: np.ndarray, levels: int, share: float) -> np.ndarray:
    """Say of each rank whether it is in the middle, where as large a share of uniform ones is.

    Parameters
    ----------
    ranks
        Of any shape, 0 to `levels`.
    levels
        Largest rank.
    share
        That the central interval should hold.
    """
    edge = 0.5 * (1.0 - share) * (levels + 1)
    return (ranks >= edge) & (ranks < levels + 1 - edge)


def _held(ranks: np.ndarray, levels: int, share: float) -> float | None:
    """Share of ranks in the middle; None of no ranks."""
    return float(inside(ranks, levels, share).mean()) if len(ranks) else None


def _refuse_mixed(batches: Sequence[Batch]) -> None:
    """Refuse batches whose ranks do not belong together, or would count twice."""
    first, seen = batches[0], set[tuple[object, ...]]()
    for place, batch in enumerate(batches, start=1):
        for field in ("problem", "parameters", "levels", "around_data"):
            if getattr(batch, field) != getattr(first, field):
                raise UserError(
                    f"batch {place} of {len(batches)} is of another calibration than batch 1: '{field}' is "
                    f"{getattr(batch, field)!r}, in batch 1 {getattr(first, field)!r}. Gather batches of one problem."
                )
        for fit in batch.fits:
            own = (fit.number, fit.ranks, fit.rhat)
            if fit.ranks is not None and own in seen:
                raise UserError(
                    f"batch {place} of {len(batches)}: the fit of data set {fit.number + 1} is in a batch before, too, "
                    "and would count twice. Name each file once."
                )
            seen.add(own)


def gather(batches: Sequence[Batch]) -> Calibration:
    """Put batches of one problem together, and test each parameter's ranks.

    Parameters
    ----------
    batches
        All of one problem.

    Returns
    -------
    Calibration
        Its answer is yes where no parameter's p is below 0.05 / parameters, and every data set was fitted.

    Raises
    ------
    UserError
        If batches are of several problems, or a fit is in two of them.
    """
    first = batches[0]
    _refuse_mixed(batches)
    fits = sorted((fit for batch in batches for fit in batch.fits), key=lambda fit: fit.number)
    fitted = [fit for fit in fits if fit.ranks is not None]
    ranked = np.array([fit.ranks for fit in fitted]).reshape(-1, len(first.parameters))
    passing = np.array([not fit.failed_checks for fit in fitted], dtype=bool)
    limits = bands(max(len(ranked), 1), first.levels)
    rows = {}
    for position, name in enumerate(first.parameters):
        ranks = ranked[:, position]
        p = limits.p(ranks) if len(ranks) else None
        rows[name] = CalibratedParameter(
            p=p,
            inside_50=_held(ranks, first.levels, 0.5),
            inside_90=_held(ranks, first.levels, 0.9),
            passing_50=_held(ranks[passing], first.levels, 0.5),
            passing_90=_held(ranks[passing], first.levels, 0.9),
            ranks=tuple(int(rank) for rank in ranks),
        )
    least = 0.05 / max(len(rows), 1)
    failed = tuple(fit for fit in fits if fit.ranks is None)
    passed = bool(len(ranked)) and not failed and all((row.p or 0.0) >= least for row in rows.values())
    return Calibration(
        problem=first.problem,
        around_data=first.around_data,
        fits=len(fits),
        not_converged=sum(fit.ranks is not None and bool(fit.why) for fit in fits),
        failed={str(fit.number): fit.why for fit in failed},
        passing=tuple(map(bool, passing)),
        failed_checks=dict(sorted(Counter(name for fit in fitted for name in fit.failed_checks or ()).items())),
        levels=first.levels,
        p_min=least,
        passed=passed,
        parameters=rows,
        grid=tuple(int(point) for point in limits.grid),
        low=tuple(map(float, limits.low)),
        high=tuple(map(float, limits.high)),
    )
