"""Optima that mirror the best one: parameters that have changed places, or one that has changed its sign.

Starts that cover the prior may all lead to one of several modes that are each other's image (exponentials, sites, a
square), where the priors prefer that one; the others may still have a tenth of the posterior.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from il6infer.inference.density import Density
from il6infer.inference.frame import Frame
from il6infer.inference.modes import WINDOW
from il6infer.inference.starts import SAME_MODE, Starts, climbed_from, joined

logger = logging.getLogger("il6infer")

MOST, CLIMBED = 1000, 4
"""So many images of a kind are looked at, at most, and so many of them, the highest, are climbed from."""

LEVEL = 0.5
"""An image that is lower than the optimum by no more, as is the way to it, is no other place: it differs in what the
data do not see."""

SAME = 1e-6
"""Points nearer than this, in standard deviations of the prior in every direction, are one."""

ON_FROM = 4
"""Optima that were found as images and whose own images are looked at, at most: three terms that may change places have
six orders, and not all of them are one exchange from the first."""


def images(density: Density, point: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Points (images, dimensions), unconstrained, in which two parameters have changed places, or one its sign.

    Parameters
    ----------
    density
        Whose coordinates they are.
    point
        (dimensions,) an optimum.
    spread
        (dimensions,) of the prior: what is nearer to the optimum than `SAME` of it is no other place.

    Returns
    -------
    numpy.ndarray
        Without those beyond the support of a prior; `MOST` of them, evenly spread over all, where there are more.
    """
    values = density.constrained(point)
    found = [_exchanged(values, pair) for pair in itertools.combinations(range(len(values)), 2)]
    found += [np.where(np.arange(len(values)) == i, -values, values) for i in range(len(values))]
    points = _possible(density, found, point, spread)
    if len(points) > MOST:
        points = points[np.linspace(0, len(points) - 1, MOST).astype(int)]
    return points


def images_of_two(density: Density, point: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Points as those of `images`, in which two exchanges were made: terms of two parameters, or three in a circle.

    Parameters
    ----------
    density
        Whose coordinates they are.
    point
        (dimensions,) an optimum.
    spread
        (dimensions,) of the prior.

    Returns
    -------
    numpy.ndarray
        None where there are more than `MOST`, from eleven parameters on.
    """
    values, size = density.constrained(point), len(point)
    pairs = [*itertools.combinations(range(size), 2)]
    twos = [(a, b) for a, b in itertools.combinations(pairs, 2) if not {*a} & {*b}]
    circles = [c for a, b, d in itertools.combinations(range(size), 3) for c in (((a, b), (b, d)), ((b, d), (a, b)))]
    if len(twos) + len(circles) > MOST:
        return np.empty((0, size))
    return _possible(density, [_exchanged(values, *both) for both in (*twos, *circles)], point, spread)


def _exchanged(values: np.ndarray, *pairs: tuple[int, int]) -> np.ndarray:
    turned = values.copy()
    for i, j in pairs:
        turned[[i, j]] = turned[[j, i]]
    return turned


def _possible(density: Density, found: Sequence[np.ndarray], point: np.ndarray, spread: np.ndarray) -> np.ndarray:
    points = density.unconstrained(np.array(found).reshape(-1, len(point)))
    points = points[np.isfinite(points).all(axis=1)]
    return points[(np.abs(points - point) / spread).max(axis=1) > SAME]


def with_images(density: Density, starts: Starts, threads: int = 1) -> Starts:
    """Climb from the highest images of the best optimum, and keep what is an optimum of its own.

    From such optima within `WINDOW` of the best the same is done again.

    Parameters
    ----------
    density
        Of the problem.
    starts
        Optimised points; at least one.
    threads
        Climbs at a time; changes no number.

    Returns
    -------
    Starts
        The same with the optima that were found so.
    """
    ends, logp, gradients, failed = list(starts.points), list(starts.logp), 0, 0
    waiting, looked = [0], 0
    while waiting and looked <= ON_FROM:
        place, looked = waiting.pop(0), looked + 1
        for kind in (images, images_of_two):
            points = kind(density, ends[place], starts.spread)
            with ThreadPoolExecutor(max(1, threads)) as pool:
                heights = np.array([value for value, _ in pool.map(density, points)])
                order = [i for i in np.argsort(-heights, kind="stable") if np.isfinite(heights[i])]
                # Images in what the data do not see are the place itself, and would be the highest of all.
                new = (i for i in order if not _known(density, points[i], float(heights[i]), ends, logp, starts.spread))
                frames = [Frame(points[i], np.diag(starts.spread)) for i in itertools.islice(new, CLIMBED)]
                climbed = list(pool.map(lambda frame: climbed_from(density, frame), frames))
            gradients += len(points) + sum(one[2] for one in climbed)
            failed += sum(one[3] for one in climbed)
            for frame, (value, z, _, _) in zip(frames, climbed, strict=True):
                end = frame.points(z)
                if not np.isfinite(value) or _known(density, end, value, ends, logp, starts.spread):
                    continue
                logger.info("parameters exchanged, or a sign turned: another optimum, log-density %.2f", value)
                ends.append(end)
                logp.append(value)
                if value >= starts.logp[0] - WINDOW:
                    waiting.append(len(ends) - 1)
    order = np.argsort(-np.array(logp), kind="stable")
    return replace(
        starts, points=np.array(ends)[order], logp=np.array(logp)[order], gradients=starts.gradients + gradients,
        failed=starts.failed + failed,
    )  # fmt: skip


def _known(
    density: Density, point: np.ndarray, height: float, ends: Sequence[np.ndarray], logp: Sequence[float],
    spread: np.ndarray,
) -> bool:  # fmt: skip
    """Whether a point is at a known optimum, or leads to it: near it with no valley between, or as high all the way."""
    for end, top in zip(ends, logp, strict=True):
        far = (np.abs(end - point) / spread).max()
        if far <= SAME or (far <= SAME_MODE and joined(density, end, point, min(height, top))):
            return True
        if abs(height - top) <= LEVEL and joined(density, end, point, min(height, top), LEVEL):
            return True
    return False
