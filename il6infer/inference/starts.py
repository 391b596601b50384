"""Starting points: prior draws improved by optimisation, so that chains begin where the posterior is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy

from il6infer.inference.frame import Frame

logger = logging.getLogger("il6infer")

DensityFunction = Callable[[np.ndarray], tuple[float, np.ndarray]]

ITERATIONS = 200
"""Of the optimiser, for each start."""

WINDOW = 10.0
"""Starts whose optimised log-density is this far below the best are not used; those within it are modes to explore."""

SAME_MODE = 0.5
"""Optima nearer than this, in standard deviations of the starts in every direction, are one mode."""

STEP = 0.01
"""First step of the differences that give a frame, in standard deviations of the starts."""

_FAILED = 1e12


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

    def modes(self) -> list[int]:
        """Index of each distinct optimum near enough to the best to be explored, the best first."""
        chosen: list[int] = []
        for i in np.flatnonzero(self.logp >= self.logp[:1].max(initial=-np.inf) - WINDOW):
            apart = [np.abs(self.points[i] - self.points[j]) / self.spread for j in chosen]
            if all(distance.max() > SAME_MODE for distance in apart):
                chosen.append(int(i))
        return chosen


def find_starts(density: DensityFunction, points: np.ndarray, threads: int = 1) -> Starts:
    """Climb from each point.

    Parameters
    ----------
    density
        Log-density and gradient of an unconstrained point; callable from several threads.
    points
        (starts, dimensions), unconstrained.

    Returns
    -------
    Starts
        Without the starts that ended where there is no finite density; maybe empty.
    """
    # The sampler's metric is not known yet: the spread of the prior makes directions comparable.
    spread = np.maximum(np.std(points, axis=0), 1e-3) if len(points) > 2 else np.ones(points.shape[1])

    def climb(origin: np.ndarray) -> tuple[float, np.ndarray, int, int]:
        failed = 0

        def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
            nonlocal failed
            value, slope = density(origin + spread * x)
            if not np.isfinite(value):
                failed += 1
                return _FAILED, np.zeros_like(x)
            return -value, -slope * spread

        result = scipy.optimize.minimize(
            objective, np.zeros_like(origin), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS, "maxcor": 20}
        )
        return -float(result.fun), origin + spread * result.x, int(result.nfev), failed

    with ThreadPoolExecutor(max(1, threads)) as pool:
        climbed = list(pool.map(climb, points))
    for number, (value, _, gradients, failed) in enumerate(climbed, start=1):
        logger.info(
            "start %d of %d: log-density %s after %d gradients, %d of them failed", number, len(points),
            f"{value:.2f}" if value > -_FAILED else "not finite", gradients, failed,
        )  # fmt: skip
    found = sorted((c for c in climbed if c[0] > -_FAILED), key=lambda c: -c[0])
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

    A direction in which the density hardly bends, or bends upwards, gets the spread of the prior.

    Parameters
    ----------
    point
        (dimensions,) optimum, unconstrained.
    spread
        (dimensions,) standard deviation of the prior draws.

    Returns
    -------
    Frame
        Its origin is `point`.
    int
        Evaluations of the density.
    """
    size = len(point)
    bend = np.zeros((size, size))
    step = STEP * spread
    for _ in range(2):
        # The second time with steps of a tenth of a standard deviation, now that the standard deviations are known.
        for i in range(size):
            shift = np.zeros(size)
            shift[i] = step[i]
            above, below = density(point + shift), density(point - shift)
            if np.isfinite(above[0]) and np.isfinite(below[0]):
                bend[i] = -(above[1] - below[1]) / (2 * step[i]) * spread * spread[i]
            else:
                bend[i] = np.eye(size)[i]
        values, vectors = np.linalg.eigh(0.5 * (bend + bend.T))
        matrix = spread[:, None] * vectors / np.sqrt(np.maximum(values, 1.0))
        step = np.minimum(step, 0.1 * np.sqrt(np.sum(matrix**2, axis=1)))
    return Frame(point, matrix), 4 * size


def disperse(
    density: DensityFunction, starts: Starts, chains: int, rng: np.random.Generator
) -> list[tuple[Frame, np.ndarray]]:
    """One starting point a chain: modes in turn, each left by one draw from the normal approximation there.

    Chains that began at the very same point could not disagree at first, and R-hat would see less than it should.
    A draw that loses more log-density than a posterior draw would is pulled back towards the mode.

    Parameters
    ----------
    starts
        Optimised points.
    chains
        How many starting points.
    rng
        Of the normal draws.

    Returns
    -------
    list of (Frame, numpy.ndarray)
        For each chain the frame of its mode, and coordinates (dimensions,) in it.
    """
    modes, dimensions = starts.modes(), starts.points.shape[1]
    frames = [frame_at(density, starts.points[mode], starts.spread)[0] for mode in modes[:chains]]
    chosen = []
    for chain in range(chains):
        frame, top = frames[chain % len(frames)], starts.logp[modes[chain % len(frames)]]
        step = rng.normal(size=dimensions)
        for shrink in (1.0, 0.5, 0.25, 0.1, 0.03, 0.0):
            if density(frame.points(shrink * step))[0] >= top - max(WINDOW, dimensions):
                break
        chosen.append((frame, shrink * step))
    return chosen
