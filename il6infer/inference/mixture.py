"""Mixture of normal densities, learnt from draws: where a posterior has its modes, and how each of them lies."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

ROUNDS, PRECISION = 60, 1e-4
"""Most rounds of expectation and maximisation, and the rise of the mean log-density below which they end."""

MOST = 8
"""Components, at most."""

LEAST_SHARE = 3.0
"""Draws that a component needs at least, for each dimension."""

SHRINK = 10.0
"""Draws that the diagonal of a covariance counts as: with few of them, correlations are noise."""

PATIENCE = 2
"""Counts of components in a row that the criterion does not favour: then no larger one is tried."""

BEGINNINGS = 2
"""Places where the components of each count begin, where draws that were held out judge."""

_TINY = 1e-12

_STIFF = (1e-4, 1e8)
"""Between these a variance of slopes is believed, in standard deviations of the draws."""


@dataclass(frozen=True)
class Mixture:
    """Weighted normal densities.

    Attributes
    ----------
    weights
        (components,), which add up to 1.
    means
        (components, dimensions).
    roots
        (components, dimensions, dimensions) Cholesky factors of the covariances.
    frames
        (components, dimensions, dimensions), a step of one along whose columns is one standard deviation for a
        Hamiltonian move.
    reach
        Standard deviation of the draws along the widest direction of a frame: 1 of a normal density, more where walls
        or bends are thinner than the draws are wide.
    """

    weights: np.ndarray
    means: np.ndarray
    roots: np.ndarray
    frames: np.ndarray
    reach: float = 1.0

    def parts(self, points: np.ndarray) -> np.ndarray:
        """Logarithms (points, components) of what each component adds to the density."""
        size = points.shape[1]
        logs = np.empty((len(points), len(self.weights)))
        for k, (weight, mean, root) in enumerate(zip(self.weights, self.means, self.roots, strict=True)):
            z = np.linalg.solve(root, (points - mean).T)
            logs[:, k] = math.log(weight) - 0.5 * (z**2).sum(axis=0) - np.log(np.diag(root)).sum()
        return logs - 0.5 * size * math.log(2.0 * math.pi)

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Logarithm of the density at points (points, dimensions)."""
        return np.logaddexp.reduce(self.parts(points), axis=1)

    def redrawn(self, points: np.ndarray, block: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw some coordinates of each point from their distribution given its others.

        Parameters
        ----------
        points
            (points, dimensions).
        block
            Places of the coordinates that are drawn; all of them: the points do not matter.
        """
        others = np.setdiff1d(np.arange(points.shape[1]), block)
        logs = np.broadcast_to(np.log(self.weights), (len(points), len(self.weights))).copy()
        drawn = []
        for k, (mean, root) in enumerate(zip(self.means, self.roots, strict=True)):
            covariance = root @ root.T
            given = np.linalg.cholesky(covariance[np.ix_(others, others)])
            z = np.linalg.solve(given, (points[:, others] - mean[others]).T)
            lines = np.linalg.solve(given, covariance[np.ix_(others, block)])
            logs[:, k] -= 0.5 * (z**2).sum(axis=0) + np.log(np.diag(given)).sum()
            left = covariance[np.ix_(block, block)] - lines.T @ lines
            left += _TINY * np.diag(np.diag(covariance)[block])
            noise = rng.normal(size=(len(points), len(block))) @ np.linalg.cholesky(left).T
            drawn.append(mean[block] + z.T @ lines + noise)
        chosen = choose(logs, rng)
        new = points.copy()
        new[:, block] = np.array(drawn)[chosen, np.arange(len(points))]
        return new


def choose(logs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a component for each point.

    Parameters
    ----------
    logs
        (points, components) logarithms of their shares, but for a constant of each point.

    Returns
    -------
    numpy.ndarray
        (points,) numbers of components.
    """
    shares = np.cumsum(np.exp(logs - logs.max(axis=1, keepdims=True)), axis=1)
    return (shares < rng.uniform(size=(len(logs), 1)) * shares[:, -1:]).sum(axis=1)


def learn(
    points: np.ndarray, slopes: np.ndarray, weights: np.ndarray, rng: np.random.Generator, most: int = MOST
) -> Mixture:
    """Learn a mixture from weighed draws, of as many components as the Bayesian information criterion favours.

    Its frames make both the draws and the slopes there as nearly standard normal as one matrix can: a plateau between
    walls varies as widely as it is long, and a step must not be longer than its walls are thick. nutpie's metric
    for NUTS is a mean of both, too (Seyboldt and Carpenter, its documentation).

    Parameters
    ----------
    points
        (draws, dimensions).
    slopes
        (draws, dimensions) of the log-density there.
    weights
        (draws,), which add up to 1.
    rng
        Of the places where components begin.
    most
        Components, at most.
    """
    size, worth = points.shape[1], 1.0 / float((weights**2).sum())

    def cost(found: Mixture) -> float:
        free = len(found.weights) * (size + 1 + 0.5 * size * (size + 1)) - 1
        return -2.0 * worth * float(weights @ found.log_density(points)) + free * math.log(worth)

    best = found = _fitted(points, weights, worth, np.ones((len(points), 1)))
    least, missed = cost(found), 0
    for count in range(2, _largest(worth, size, most) + 1):
        found = _fitted(points, weights, worth, _beginning(points, weights, count, best, rng))
        now = cost(found)
        missed = missed + 1 if now >= least else 0
        if missed == 0:
            best, least = found, now
        elif missed == PATIENCE:
            break
    return _framed(best, points, slopes, weights, worth)


def learn_judged(points: np.ndarray, slopes: np.ndarray, judges: np.ndarray, rng: np.random.Generator) -> Mixture:
    """Learn a mixture from draws, of as many components as give most density to draws that were held out.

    The Bayesian information criterion asks which mixture the draws come from, and none is: it has few components, and
    what is drawn from these is refused where the posterior is bent (of mouse hepatocytes 5 of 100 hops out of the
    lesser arm were accepted with the two that it favours, 20 with the four to eight of this one).

    Parameters
    ----------
    points
        (draws, dimensions).
    slopes
        (draws, dimensions) of the log-density there.
    judges
        (draws,) which of them judge; the mixture is learnt from all.
    rng
        Of the places where components begin.
    """
    size = points.shape[1]
    taught, asked = (points[~judges], points[judges]) if judges.any() else (points, points)  # of one draw a chain

    def learnt(of: np.ndarray, count: int) -> Mixture:
        weights = np.full(len(of), 1.0 / len(of))
        one = _fitted(of, weights, len(of), np.ones((len(of), 1)))
        if count == 1:
            return one
        begun = [_beginning(of, weights, count, one, rng) for _ in range(BEGINNINGS)]
        tried = [_fitted(of, weights, len(of), shares) for shares in begun]
        return max(tried, key=lambda found: float(found.log_density(of).mean()))

    best, most, missed = 1, -math.inf, 0
    for count in range(1, _largest(len(taught), size, MOST) + 1):
        now = float(learnt(taught, count).log_density(asked).mean())
        missed = missed + 1 if now <= most else 0
        if missed == 0:
            best, most = count, now
        elif missed == PATIENCE:
            break
    weights = np.full(len(points), 1.0 / len(points))
    return _framed(learnt(points, best), points, slopes, weights, len(points))


def _largest(worth: float, size: int, most: int) -> int:
    """Components that so many draws can tell, at most."""
    return max(1, min(most, int(worth / (LEAST_SHARE * size))))


def _framed(mixture: Mixture, points: np.ndarray, slopes: np.ndarray, weights: np.ndarray, worth: float) -> Mixture:
    """Give each component the geometric mean of its covariance and the inverse of that of its slopes."""
    logs = mixture.parts(points)
    shares = np.exp(logs - np.logaddexp.reduce(logs, axis=1)[:, None])
    known, size, frames, reach = np.all(np.isfinite(slopes), axis=1), points.shape[1], [], 1.0
    for share, root in zip(shares.T, mixture.roots, strict=True):
        own = np.where(known, weights * share, 0.0)
        turned = np.where(known[:, None], slopes, 0.0) @ root
        total = max(float(own.sum()), _TINY)
        kept = total * worth / (total * worth + SHRINK + size)
        varied = kept * (own[:, None] * turned).T @ turned / total + (1.0 - kept) * np.eye(size)
        values, vectors = np.linalg.eigh(varied)
        along = np.clip(values, *_STIFF) ** 0.25
        frames.append(root @ vectors / along)
        reach = max(reach, float(along.max()))
    return replace(mixture, frames=np.array(frames), reach=reach)


def _beginning(
    points: np.ndarray, weights: np.ndarray, count: int, before: Mixture, rng: np.random.Generator
) -> np.ndarray:
    """Share out the draws to centres that lie apart (Arthur and Vassilvitskii 2007, k-means++), then by k-means."""
    root = before.roots[int(np.argmax(before.weights))]
    z = np.linalg.solve(root, points.T).T
    centres = z[rng.choice(len(z), 1, p=weights)]
    for _ in range(count - 1):
        distance = ((z[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1)
        chance = weights * distance
        centres = np.concatenate([centres, z[rng.choice(len(z), 1, p=chance / chance.sum())]])
    for _ in range(10):
        nearest = ((z[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        for k in range(count):
            mine = weights * (nearest == k)
            if mine.sum() > 0.0:
                centres[k] = mine @ z / mine.sum()
    return np.eye(count)[nearest]


def _fitted(points: np.ndarray, weights: np.ndarray, worth: float, shares: np.ndarray) -> Mixture:
    """Maximise and expect in turn, from shares (draws, components) on."""
    before = -math.inf
    found = _maximised(points, weights, worth, shares)
    for _ in range(ROUNDS if shares.shape[1] > 1 else 0):
        logs = found.parts(points)
        total = np.logaddexp.reduce(logs, axis=1)
        now = float(weights @ total)
        if now - before < PRECISION:
            break
        before = now
        found = _maximised(points, weights, worth, np.exp(logs - total[:, None]))
    return found


def _maximised(points: np.ndarray, weights: np.ndarray, worth: float, shares: np.ndarray) -> Mixture:
    """Weights, means and covariances of the draws' shares; a component that has lost its draws is left out."""
    size, chosen, means, roots = points.shape[1], [], [], []
    whole = points - weights @ points
    spread = np.maximum(weights @ whole**2, _TINY)
    for share in shares.T:
        own = weights * share
        total = own.sum()
        if total * worth < size + 1 and shares.shape[1] > 1:
            continue
        mean = own @ points / total
        apart = points - mean
        covariance = (own[:, None] * apart).T @ apart / total
        diagonal = np.maximum(np.diag(covariance), 1e-6 * spread)
        kept = total * worth / (total * worth + SHRINK + size)
        roots.append(np.linalg.cholesky(kept * covariance + (1.0 - kept) * np.diag(diagonal)))
        means.append(mean)
        chosen.append(total)
    if not chosen:
        return _maximised(points, weights, worth, np.ones((len(points), 1)))
    return Mixture(np.array(chosen) / sum(chosen), np.array(means), np.array(roots), np.array(roots))
