"""A smoother that knows no biology: how well a measurement is predicted by the others of its gel alone.

A Gaussian process (Rasmussen and Williams 2006, chapters 2 and 5): one smooth curve over time that all conditions of a
gel share, one of each condition around it, and noise; of logarithms where the noise is of logarithms. Its four
parameters are those of the largest marginal likelihood of the other values, with a weak prior.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

FEWEST = 5
"""Values below which no curve is laid through them."""

EARLY = 10.0
"""Times [min] are stretched as ln(1 + time / this), for responses rise early and fall late."""

# Logarithms of: sd of the shared curve, sd of a condition's own, length of both, sd of the noise. In sds of the values.
_START = np.log([0.7, 0.7, 1.0, 0.3])
_SD = np.array([1.0, 1.0, 0.7, 1.0])

_LEVEL = 9.0
"""Variance of the unknown level, in variances of the values, beside what the curves do."""


def left_out(times: np.ndarray, conditions: np.ndarray, values: np.ndarray, *, logarithmic: bool) -> np.ndarray | None:
    """Log-density of each value given the others (values,); None where they are too few.

    Parameters
    ----------
    times, conditions, values
        (values,) of one read-out on one gel or plate; times in min.
    logarithmic
        Whether the curve is one of logarithms.
    """
    if len(values) < FEWEST:
        return None
    line = np.log(values) if logarithmic else values
    x = np.log1p((times - times.min()) / EARLY)
    apart, same = np.abs(x[:, None] - x[None]), conditions[:, None] == conditions[None]
    begin = _best(_START, apart, same, _standard(line, line)[0])
    found = np.empty(len(values))
    for i in range(len(values)):
        others = np.delete(np.arange(len(values)), i)
        pick = np.ix_(others, others)
        y, own, spread = _standard(line[others], line[i])
        covariance = _covariance(_best(begin, apart[pick], same[pick], y), apart, same)
        factor = cho_factor(covariance[pick], lower=True)
        to_own = covariance[others, i]
        variance = covariance[i, i] - to_own @ cho_solve(factor, to_own)
        error = own - to_own @ cho_solve(factor, y)
        found[i] = -0.5 * error**2 / variance - 0.5 * math.log(2 * math.pi * variance) - math.log(spread)
    return found - line if logarithmic else found


def _standard(known: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Known values and another in units of the sd of the known ones, around their mean; and that sd."""
    spread = float(known.std()) or 1.0
    return (known - known.mean()) / spread, (other - known.mean()) / spread, spread


def _best(start: np.ndarray, apart: np.ndarray, same: np.ndarray, y: np.ndarray) -> np.ndarray:
    return minimize(_loss, start, args=(apart, same, y), method="L-BFGS-B").x


def _covariance(logs: np.ndarray, apart: np.ndarray, same: np.ndarray) -> np.ndarray:
    shared, own, length, noise = np.exp(logs)
    r = math.sqrt(5.0) * apart / length
    smooth = (1.0 + r + r * r / 3.0) * np.exp(-r)
    return _LEVEL + (shared**2 + own**2 * same) * smooth + (noise**2 + 1e-6) * np.eye(len(apart))


def _loss(logs: np.ndarray, apart: np.ndarray, same: np.ndarray, y: np.ndarray) -> float:
    factor = cho_factor(_covariance(logs, apart, same), lower=True)
    fit = 0.5 * y @ cho_solve(factor, y) + np.log(np.diag(factor[0])).sum()
    return float(fit + 0.5 * (((logs - _START) / _SD) ** 2).sum())
