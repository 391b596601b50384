"""Optima that mirror the best one: two parameters that have changed places, or one that has changed its sign.

Starts that cover the prior may all lead to one of two modes that are each other's image (two exponentials, two sites, a
square), where the priors prefer that one; the other may still have a tenth of the posterior.
"""

from __future__ import annotations

import itertools
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from il6infer.inference.density import Density
from il6infer.inference.frame import Frame
from il6infer.inference.starts import SAME_MODE, Starts, climbed_from

logger = logging.getLogger("il6infer")

MOST, CLIMBED = 1000, 4
"""So many images are looked at, at most, and so many of them, the highest, are climbed from."""


def images(density: Density, point: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Points (images, dimensions), unconstrained, in which two parameters have changed places, or one its sign.

    Parameters
    ----------
    density
        Whose coordinates they are.
    point
        (dimensions,) an optimum.
    spread
        (dimensions,) of the prior: what is nearer to the optimum than `SAME_MODE` of it is no other place.

    Returns
    -------
    numpy.ndarray
        Without those beyond the support of a prior; `MOST` of them, evenly spread over all, where there are more.
    """
    values = density.constrained(point)
    found = []
    for i, j in itertools.combinations(range(len(values)), 2):
        turned = values.copy()
        turned[i], turned[j] = values[j], values[i]
        found.append(turned)
    found += [np.where(np.arange(len(values)) == i, -values, values) for i in range(len(values))]
    points = density.unconstrained(np.array(found))
    points = points[np.isfinite(points).all(axis=1)]
    points = points[(np.abs(points - point) / spread).max(axis=1) > SAME_MODE]
    if len(points) > MOST:
        points = points[np.linspace(0, len(points) - 1, MOST).astype(int)]
    return points


def with_images(density: Density, starts: Starts, threads: int = 1) -> Starts:
    """Climb from the highest images of the best optimum, and keep what is an optimum of its own.

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
    points = images(density, starts.points[0], starts.spread)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        heights = np.array([value for value, _ in pool.map(density, points)])
        highest = [i for i in np.argsort(-heights, kind="stable")[:CLIMBED] if np.isfinite(heights[i])]
        frames = [Frame(points[i], np.diag(starts.spread)) for i in highest]
        climbed = list(pool.map(lambda frame: climbed_from(density, frame), frames))
    ends, logp = list(starts.points), list(starts.logp)
    for frame, (value, z, _, _) in zip(frames, climbed, strict=True):
        end = frame.points(z)
        if all((np.abs(end - other) / starts.spread).max() > SAME_MODE for other in ends):
            logger.info("two parameters exchanged, or a sign turned: another optimum, log-density %.2f", value)
            ends.append(end)
            logp.append(value)
    order = np.argsort(-np.array(logp), kind="stable")
    more = {"gradients": len(points) + sum(c[2] for c in climbed), "failed": sum(c[3] for c in climbed)}
    return replace(
        starts, points=np.array(ends)[order], logp=np.array(logp)[order],
        **{name: getattr(starts, name) + count for name, count in more.items()},
    )  # fmt: skip
