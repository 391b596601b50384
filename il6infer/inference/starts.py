"""Starting points: prior draws improved by optimisation, so that chains begin where the posterior is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy

from il6infer.inference.climbing import Top, climb
from il6infer.inference.frame import Frame

logger = logging.getLogger("il6infer")

DensityFunction = Callable[[np.ndarray], tuple[float, np.ndarray]]

ITERATIONS = 200
"""Of the optimiser, for each start."""

SAME_MODE = 0.5
"""Optima nearer than this, in standard deviations of the starts in every direction, are one mode if they are `joined`.

Where the data are far narrower than the prior, nearness alone says nothing: modes that are fifteen of their own widths
apart were one, and the other half of a posterior was missing without a word."""

FALL, _WAY = 2.0, (0.5, 0.3, 0.7, 0.1, 0.9, 0.2, 0.8, 0.4, 0.6)
"""How deep a valley between two optima may be that chains cross with ease, and at which shares of the way to look."""

ROUNDS, STEP = 3, 0.1
"""Rounds of differences that give a frame, and their step, in standard deviations of the round before."""

TRIES, LEAST_DROP, MOST_DROP = 12, 0.3, 0.8
"""How often the length of a column is tried, and between what the density must then fall along it."""

DRAWN_ANEW = 20
"""How often a start is drawn anew where its log-density is not finite."""


@dataclass(frozen=True)
class Starts:
    """Optimised points, the best first.

    Attributes
    ----------
    points
        (found, dimensions), unconstrained.
    logp
        (found,) log-density of each.
    spread
        (dimensions,) standard deviation of the prior draws.
    gradients
        Evaluations of the density, in all starts.
    failed
        Evaluations that gave no finite density (failed simulations among them).
    """

    points: np.ndarray
    logp: np.ndarray
    spread: np.ndarray
    gradients: int
    failed: int

    def distinct(self, density: DensityFunction, within: float) -> list[int]:
        """Index of each distinct optimum whose log-density is so near to that of the best, the best first."""
        return apart(density, self.points, self.logp, self.spread, within)


def possible(density: DensityFunction, points: np.ndarray, draw: Callable[[], np.ndarray]) -> np.ndarray:
    """Put a new draw in the place of each point at which the log-density is not finite, as long as it is not.

    Parameters
    ----------
    points
        (starts, dimensions), unconstrained.
    draw
        Gives one more point (dimensions,).

    Returns
    -------
    numpy.ndarray
        (starts, dimensions); after `DRAWN_ANEW` draws that are no better a point is left as it is.
    """
    found = points.copy()
    for place, point in enumerate(points):
        tries = 0
        while not np.isfinite(density(point)[0]) and tries < DRAWN_ANEW:
            point, tries = draw(), tries + 1  # noqa: PLW2901
            found[place] = point
    return found


def find_starts(density: DensityFunction, points: np.ndarray, threads: int = 1) -> Starts:
    """Climb from each point.

    Parameters
    ----------
    density
        Log-density and gradient of an unconstrained point; callable from several threads.
    points
        (starts, dimensions), unconstrained; those that are not finite lead nowhere, and change nothing for the others.

    Returns
    -------
    Starts
        Without the starts that ended where there is no finite density; maybe empty.
    """
    # The sampler's metric is not known yet: the spread of the prior makes directions comparable.
    known = points[np.isfinite(points).all(axis=1)]
    spread = np.maximum(np.std(known, axis=0), 1e-3) if len(known) > 2 else np.ones(points.shape[1])

    def reached(origin: np.ndarray) -> tuple[float, np.ndarray, int, int]:
        frame = Frame(origin, np.diag(spread))
        value, z, gradients, failed = climbed_from(density, frame)
        return value, frame.points(z), gradients, failed

    with ThreadPoolExecutor(max(1, threads)) as pool:
        climbed = list(pool.map(reached, points))
    for number, (value, _, gradients, failed) in enumerate(climbed, start=1):
        logger.info(
            "start %d of %d: log-density %s after %d gradients, %d of them failed", number, len(points),
            f"{value:.2f}" if np.isfinite(value) else "not finite", gradients, failed,
        )  # fmt: skip
    found = sorted((c for c in climbed if np.isfinite(c[0])), key=lambda c: -c[0])
    shape = (len(found), points.shape[1])
    return Starts(
        points=np.array([c[1] for c in found]).reshape(shape),
        logp=np.array([c[0] for c in found]),
        spread=spread,
        gradients=sum(c[2] for c in climbed),
        failed=sum(c[3] for c in climbed),
    )


def frame_at(density: DensityFunction, point: np.ndarray, spread: np.ndarray) -> tuple[Frame, int]:
    """Frame of the normal approximation at an optimum, from central differences of the gradient.

    Differences along the parameters say nothing of a ridge that is a thousand times longer than it is wide: what is
    left of the steep directions hides it. So each round takes them along the directions that the one before has found,
    over steps in which the density falls alike. A direction in which it hardly falls, or rises, gets the spread of the
    prior.

    Parameters
    ----------
    point
        (dimensions,) optimum, unconstrained.
    spread
        (dimensions,) standard deviation of the prior draws.

    Returns
    -------
    Frame
        Its origin is `point`; a step of one along a column of its matrix costs about half a unit of log-density.
    int
        Evaluations of the density.
    """
    probe = _Probe(density, point, spread)
    matrix = probe.scaled(np.diag(spread))
    for _ in range(ROUNDS):
        bend, precision = probe.bend(matrix), matrix.T @ (matrix / spread[:, None] ** 2)
        values, vectors = scipy.linalg.eigh(bend, precision)
        matrix = probe.scaled(matrix @ vectors / np.sqrt(np.maximum(values, 1.0)))
    return Frame(point, matrix), probe.calls


class _Probe:
    """Looks at a density around a point, and counts how often."""

    def __init__(self, density: DensityFunction, point: np.ndarray, spread: np.ndarray) -> None:
        self._density, self._point, self._spread, self.calls = density, point, spread, 1
        self._top = density(point)[0]

    def _both(self, step: np.ndarray) -> tuple[tuple[float, np.ndarray], tuple[float, np.ndarray]]:
        self.calls += 2
        return self._density(self._point + step), self._density(self._point - step)

    def scaled(self, matrix: np.ndarray) -> np.ndarray:
        """Make each column so long that the density falls by half along it, to both sides in the mean."""
        columns = []
        for column in matrix.T:
            longest = 1.0 / max(float(np.linalg.norm(column / self._spread)), 1e-300)
            size, short, far = min(1.0, longest), 0.0, np.inf
            for _ in range(TRIES):
                above, below = self._both(size * column)
                drop = self._top - 0.5 * (above[0] + below[0])
                if LEAST_DROP < drop < MOST_DROP or (drop <= LEAST_DROP and size == longest):
                    break
                short, far = (size, far) if drop <= LEAST_DROP else (short, size)
                factor = np.sqrt(0.5 / max(drop, 0.005)) if np.isfinite(drop) else 0.1
                size = min(size * max(factor, 0.1), longest)
                if short > 0.0 and not short < size < far:
                    size = min(np.sqrt(short * far), longest)
            else:
                size = short or size  # an edge with no way down
            columns.append(size * column)
        return np.stack(columns, axis=-1)

    def bend(self, matrix: np.ndarray) -> np.ndarray:
        """Second derivatives of minus the log-density in coordinates of which a step is a column."""
        size = len(matrix)
        bend = np.eye(size)
        for i in range(size):
            above, below = self._both(STEP * matrix[:, i])
            if np.isfinite(above[0]) and np.isfinite(below[0]):
                bend[i] = -matrix.T @ (above[1] - below[1]) / (2 * STEP)
        return 0.5 * (bend + bend.T)


def climbed_from(density: DensityFunction, frame: Frame) -> Top:
    """Climb from the origin of a frame, in its coordinates."""

    def height(z: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = density(frame.points(z))
        return value, frame.matrix.T @ slope if np.isfinite(value) else slope

    return climb(height, len(frame.origin), {"maxiter": ITERATIONS, "maxcor": 20})


def joined(density: DensityFunction, one: np.ndarray, other: np.ndarray, lower: float, fall: float = FALL) -> bool:
    """Whether no valley lies on the straight way from one point to another.

    Parameters
    ----------
    one, other
        (dimensions,) unconstrained.
    lower
        Log-density of the lower of the two.
    fall
        How much deeper a valley is.
    """
    return all(density(one + share * (other - one))[0] >= lower - fall for share in _WAY)


def apart(
    density: DensityFunction, points: np.ndarray, logp: np.ndarray, spread: np.ndarray, within: float
) -> list[int]:
    """Index of each distinct optimum that is so near to the best, the best first; see `SAME_MODE`.

    Parameters
    ----------
    density
        Log-density and gradient of an unconstrained point.
    points, logp, spread
        See `Starts`.
    within
        Of the log-density of the best.
    """
    chosen: list[int] = []
    for i in np.flatnonzero(logp >= logp[:1].max(initial=-np.inf) - within):
        near = [j for j in chosen if (np.abs(points[i] - points[j]) / spread).max() <= SAME_MODE]
        if not any(joined(density, points[j], points[i], min(logp[i], logp[j])) for j in near):
            chosen.append(int(i))
    return chosen
