"""Where a chain of nutpie begins, and in which coordinates: those in which its first metric is a sound one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from il6infer.inference.frame import Frame

_STRETCHES = (1e-6, 1e6)
_LEVEL = 1e-12
"""Slope along a direction of about one standard deviation that is none."""

_WAYS_OUT = 0.25 * 1.25 ** np.arange(40)
"""Steps off a plateau, in such standard deviations: up to 1,500."""

_FALL = 10.0
"""A chain does not begin where the log-density is lower by more."""


def evened(
    density: Callable[[np.ndarray], tuple[float, np.ndarray]], frame: Frame, start: np.ndarray
) -> tuple[Frame, np.ndarray]:
    """Stretch the directions of a frame so that nutpie begins in the metric that the frame is meant to give.

    Its first metric has 1 / abs(gradient) at the first point as the variance of each coordinate: along a direction in
    which the density happens to be flat there, a step without end, and then trees of a thousand steps. In coordinates
    that are stretched by this gradient that metric is the one in which the frame's directions are alike. Where the
    density does not change at all, as on a plateau up to the bend before a bound, nutpie refuses to begin: the chain
    begins beyond the next edge of the plateau.

    Parameters
    ----------
    density
        Log-density and gradient of an unconstrained point.
    frame, start
        Where a chain begins: (dimensions,) coordinates in the frame.

    Returns
    -------
    tuple
        Frame and coordinates of the same point.
    """
    value, slope = density(frame.points(start))
    if not np.isfinite(value):
        return frame, start
    for direction in np.flatnonzero(_flat(frame, slope)):
        start, slope = _off_the_plateau(density, frame, start, value, slope, int(direction))
    stretch = np.clip(np.abs(frame.matrix.T @ slope), *_STRETCHES)
    return Frame(frame.origin, frame.matrix * stretch), start / stretch


def _flat(frame: Frame, slope: np.ndarray) -> np.ndarray:
    """Whether the density is level along each direction of a frame: nothing would be seen of a step in it."""
    return np.abs(frame.matrix.T @ slope) < _LEVEL


def _off_the_plateau(
    density: Callable[[np.ndarray], tuple[float, np.ndarray]],
    frame: Frame,
    start: np.ndarray,
    value: float,
    slope: np.ndarray,
    direction: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Go along one direction, from the frame's origin outwards first, to where the density is no longer level.

    Parameters
    ----------
    value, slope
        At `start`.

    Returns
    -------
    tuple
        Coordinates and the slope there; those of `start` where no such point is found.
    """
    outwards = 1.0 if start[direction] >= 0 else -1.0
    for step in _WAYS_OUT:
        for sign in (outwards, -outwards):
            tried = start.copy()
            tried[direction] += sign * step
            found, there = density(frame.points(tried))
            if found > value - _FALL and np.isfinite(there).all() and not _flat(frame, there)[direction]:
                return tried, there
    return start, slope
