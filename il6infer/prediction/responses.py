"""Areas, doses at a level, Hill slopes: what predictions say of courses and dose responses at each draw."""

from __future__ import annotations

import numpy as np


def area(times: np.ndarray, courses: np.ndarray) -> np.ndarray:
    """Area between a course and its value at time 0 (draws,), in the unit of the read-out times min.

    Parameters
    ----------
    times
        (times,), increasing [min]. By the trapezoidal rule.
    """
    return np.trapezoid(courses - courses[:, :1], times, axis=1)


def crossing(doses: np.ndarray, values: np.ndarray, at: float) -> np.ndarray:
    """Dose at which values first reach a level (draws,); NaN where they begin above it or never reach it.

    Parameters
    ----------
    doses
        (doses,), increasing and positive. Interpolated over their logarithm.
    values
        (draws, doses).
    at
        The level.
    """
    reached = values >= at
    after = np.argmax(reached, axis=1)
    usable = reached.any(axis=1) & (after > 0) & np.isfinite(values).all(axis=1)
    after = np.where(usable, after, 1)
    rows, logs = np.arange(len(values)), np.log(doses)
    low, high = values[rows, after - 1], values[rows, after]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = logs[after - 1] + (at - low) / (high - low) * (logs[after] - logs[after - 1])
    return np.exp(np.where(usable, found, np.nan))


def hill_slope(doses: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Hill coefficient of a dose response from its doses of 25 and 75 % (draws,): ln 9 / ln(d75 / d25).

    Parameters
    ----------
    doses
        (doses,), increasing and positive.
    shares
        (draws, doses), of the full response.
    """
    low, high = crossing(doses, shares, 0.25), crossing(doses, shares, 0.75)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(high > low, np.log(9.0) / np.log(high / low), np.nan)
