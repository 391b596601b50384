"""Draws of a posterior moved to where one without a group of measurements has its own, and weighed by a mixture.

Where a group says much, the draws of the fit with it lie where few of the fit without it would, and their importance
weights cannot be trusted. Affine maps that give them the weighted mean, variances and covariance bring them there:
Paananen, Piironen, Bürkner and Vehtari 2021, "Implicitly adaptive importance sampling",
doi 10.1007/s11222-020-09982-2. Some draws stay at the end, so that the mixture covers both posteriors.

Moments under weights of which a few hold everything are as bad as these weights. So the group is taken away by and by,
by as large a power of its likelihood as leaves a third of the draws their say, and moments are matched after each, as
annealed importance sampling goes from one density to another (Neal 2001, doi 10.1023/A:1008923215028).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from il6infer.draws import smoothed_weights

TRIES = 18
"""Maps that are tried at most: each costs a simulation a draw, and a fit without the group costs some fifty."""

WIDE = 2.5
"""Factor by which a third of the draws is moved further out: mass in tails that no normal density has shows there."""

LEAST_WORTH = 0.1
"""Share of the draws that the weights must be worth at the end: of less, Pareto k may be small by chance."""

ENOUGH = 0.3
"""Pareto k at which no further move is made."""

SAY = 1 / 3
"""Share of the draws that weights must be worth before a map is made by them."""

LEAST_GAIN = 0.01
"""By how much of what is left a move must take the group further away, or lower Pareto k: less is chance."""

Densities = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Points (draws, dimensions) -> log-densities (draws,): of the posterior without the group, of the group given each."""


@dataclass(frozen=True)
class Affine:
    """Map x -> origin + matrix @ (x - centre)."""

    centre: np.ndarray
    origin: np.ndarray
    matrix: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Move points (draws, dimensions)."""
        return self.origin + (points - self.centre) @ self.matrix.T

    def inverse(self) -> Affine:
        """Map that undoes this one."""
        return Affine(self.origin, self.centre, np.linalg.inv(self.matrix))

    def after(self, first: Affine) -> Affine:
        """Map that does `first`, then this one."""
        return Affine(first.centre, self(first.origin[None])[0], self.matrix @ first.matrix)

    def log_volume(self) -> float:
        """Logarithm of the factor by which volumes grow."""
        return float(np.linalg.slogdet(self.matrix)[1])


@dataclass(frozen=True)
class Weighed:
    """Draws and their weights as draws of the posterior without the group.

    Attributes
    ----------
    log_weights
        (draws,), normalised to the sum 1.
    group
        (draws,) log-density of the group at each.
    k
        Pareto k of the weights.
    """

    log_weights: np.ndarray
    group: np.ndarray
    k: float


def matched(points: np.ndarray, densities: Densities, efficiency: float, limit: float) -> Weighed | None:
    """Move draws of a posterior until their weights as draws of that without a group can be trusted.

    Parameters
    ----------
    points
        (draws, dimensions) of the posterior with the group; coordinates without bounds.
    densities
        There, in these coordinates, up to a constant.
    efficiency
        Independent draws a draw.
    limit
        Pareto k up to which weights can be trusted.

    Returns
    -------
    Weighed or None
        None where no move lowers Pareto k, or not to the limit, or the weights are worth too little.
    """
    rest, group = densities(points)
    if not np.isfinite(rest + group).all():
        return None
    # The density of moved draws is that of the draws themselves, but for the maps' volume, the same for all.
    full, whole, moved = rest + group, None, points
    away, annealed = _reach(rest - full, group, 0.0), True
    tries = 0
    while tries < TRIES:
        annealed = annealed and away < 1.0
        if annealed:
            maps, now = [*_moves(moved, _weights(rest - full + (1.0 - away) * group))][::-1], 0.0
        else:
            weights, now = _smoothed(rest - full, efficiency)
            if now <= ENOUGH:
                break
            maps = [*_moves(moved, weights)]
        for step in maps:
            tries += 1
            tried = densities(step(moved))
            further = _reach(tried[0] - full, tried[1], away) if annealed else 1.0
            gain = (further - away) / (1.0 - away) if annealed else now - _smoothed(tried[0] - full, efficiency)[1]
            if gain > LEAST_GAIN:
                moved, (rest, group), away = step(moved), tried, further
                whole = step if whole is None else step.after(whole)
                break
        else:
            if not annealed:
                break
            annealed = False  # no affine map keeps a third of the draws where a posterior is far from normal
    if whole is None:
        return None
    found = _split(points, whole, densities, efficiency)
    return found if found.k <= limit and worth_of(found.log_weights) >= LEAST_WORTH else None


def _smoothed(log_ratios: np.ndarray, efficiency: float) -> tuple[np.ndarray, float]:
    """Pareto-smoothed weights (draws,) of the sum 1, and their k; infinite where there are none."""
    log_ratios = np.where(np.isnan(log_ratios), -np.inf, log_ratios)
    if not np.isfinite(log_ratios.max()):
        return np.full(len(log_ratios), 1.0 / len(log_ratios)), np.inf
    weights, k = smoothed_weights(log_ratios[None, :], efficiency)
    return np.exp(weights[0]), float(k[0])


def _reach(rest: np.ndarray, group: np.ndarray, known: float) -> float:
    """Largest power, from the `known` one on, of a likelihood without which weights are worth `SAY` of the draws."""
    if _worth(rest) >= SAY:
        return 1.0
    low, high = known, 1.0
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _worth(rest + (1.0 - middle) * group) >= SAY else (low, middle)
    return low


def _worth(log_ratios: np.ndarray) -> float:
    """Share of the draws that weights are worth."""
    return worth_of(np.log(np.maximum(_weights(log_ratios), 1e-300)))


def worth_of(log_weights: np.ndarray) -> float:
    """Share of the draws that weights (draws,) of the sum 1 are worth: one over the sum of squares (Kong 1992)."""
    return 1.0 / (len(log_weights) * max(float(np.exp(2.0 * log_weights).sum()), 1e-300))


def _weights(log_ratios: np.ndarray) -> np.ndarray:
    """Weights (draws,) of the sum 1; none for a draw without density."""
    log_ratios = np.where(np.isnan(log_ratios), -np.inf, log_ratios)
    found = np.exp(log_ratios - max(log_ratios.max(), -1e300))
    return found / max(found.sum(), 1e-300)


def _moves(points: np.ndarray, weights: np.ndarray) -> Iterator[Affine]:
    """Give draws their weighted mean; variances, too; covariance, too."""
    mean, target = points.mean(axis=0), weights @ points
    away = points - target
    yield Affine(mean, target, np.eye(points.shape[1]))
    spread, wanted = points.var(axis=0), weights @ away**2
    if (spread > 0).all() and (wanted > 0).all():
        yield Affine(mean, target, np.diag(np.sqrt(wanted / spread)))
    try:
        roots = [np.linalg.cholesky(c) for c in (np.atleast_2d(np.cov(points.T)), (away.T * weights) @ away)]
    except np.linalg.LinAlgError:
        return
    yield Affine(mean, target, np.linalg.solve(roots[0].T, roots[1].T).T)


def _split(points: np.ndarray, whole: Affine, densities: Densities, efficiency: float) -> Weighed:
    """Let a third of the draws stay, move one, move one further out, and weigh all by the mixture of these."""
    size = points.shape[1]
    stay = Affine(np.zeros(size), np.zeros(size), np.eye(size))
    wide = Affine(whole.origin, whole.origin, WIDE * np.eye(size))
    maps = [stay, whole, wide.after(whole)]
    drawn = np.concatenate([one(points[i :: len(maps)]) for i, one in enumerate(maps)])
    rest, group = densities(drawn)
    with np.errstate(invalid="ignore"):
        came = [rest + group]
        came += [np.sum(densities(one.inverse()(drawn)), axis=0) - one.log_volume() for one in maps[1:]]
        ratios = rest - np.logaddexp.reduce(np.where(np.isnan(came), -np.inf, came), axis=0)
    ratios = np.where(np.isfinite(rest) & np.isfinite(ratios), ratios, -np.inf)
    if not np.isfinite(ratios).any():
        return Weighed(ratios, group, np.inf)
    weights, k = smoothed_weights(ratios[None, :], efficiency)
    return Weighed(weights[0], group, float(k[0]))
