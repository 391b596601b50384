"""A climb to the highest place that can be reached, past places that have no height."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize

_WORST, _WORSE = 1e12, 100.0
"""What the optimiser is told of a place without a height, which it must take for worse than all that it has seen: so
much, and so many times the largest size of a height so far."""


class Top(NamedTuple):
    """Where a climb has ended.

    Attributes
    ----------
    height
        -inf where no place on the way had one.
    place
        (dimensions,); where the climb began, if none had a height.
    calls, failed
        Heights that were asked for, and those of them that were not finite.
    """

    height: float
    place: np.ndarray
    calls: int
    failed: int


def climb(
    height: Callable[[np.ndarray], tuple[float, np.ndarray]], dimensions: int, options: Mapping[str, Any]
) -> Top:  # fmt: skip
    """Climb from the origin by L-BFGS-B, and give the highest place that was seen.

    Where the optimiser gives up in a line search, between places without a height, what it answers has the value of one
    place and the coordinates of another.

    Parameters
    ----------
    height
        Gives height and slope (dimensions,) of a place.
    dimensions
        Of a place.
    options
        Of SciPy's L-BFGS-B.
    """
    failed, worst, top, best = 0, _WORST, -np.inf, np.zeros(dimensions)

    def depth(place: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal failed, worst, top, best
        value, slope = height(place)
        if not np.isfinite(value):
            failed += 1
            return worst, np.zeros_like(place)
        worst = max(worst, _WORSE * abs(value))
        if value > top:
            top, best = value, place.copy()
        return -value, -slope

    found = scipy.optimize.minimize(depth, np.zeros(dimensions), jac=True, method="L-BFGS-B", options=dict(options))
    return Top(float(top), best, int(found.nfev), failed)
