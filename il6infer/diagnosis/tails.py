"""How heavy the tails of draws are, and whether their mean and standard deviation can be trusted.

Vehtari, Simpson, Gelman, Yao & Gabry 2024, "Pareto smoothed importance sampling", arXiv 1507.02646, section 3: a
generalised Pareto distribution is fitted to the largest draws; its shape k says which moments have a Monte-Carlo error.
"""

from __future__ import annotations

import math

import numpy as np

SHARE, ROOTS = 0.2, 3.0
"""A tail has at most the one share of the draws, and the other times the root of the effective draws."""

_LEAST = 5
"""Draws below which no tail is fitted."""


def tail_shape(draws: np.ndarray, effective: float) -> float:
    """Pareto k of the heavier tail.

    Parameters
    ----------
    draws
        All draws of one quantity, any shape.
    effective
        How many independent draws they are worth; larger tails are looked at where they are worth less.

    Returns
    -------
    float
        Moments of order below 1/k are finite; NaN where the draws are too few, or constant.
    """
    values = np.sort(np.ravel(draws))
    size = len(values)
    share = min(max(effective, 1.0) / size, 1.0)
    length = int(min(SHARE * size, ROOTS * math.sqrt(size / share)))
    if length < _LEAST or values[0] == values[-1]:
        return math.nan
    right = _pareto_shape(values[-length:] - values[-length - 1])
    left = _pareto_shape((values[length] - values[:length])[::-1])
    return max(right, left)


def moment_is_known(shape: float, order: int, effective: float) -> bool:
    """Whether the Monte-Carlo error of a mean of ``|x| ** order`` can be told from so many effective draws.

    The reference above, section 3: `order` times the shape may be at most 0.7, and 1 - 1 / log10(draws).

    Parameters
    ----------
    shape
        Pareto k of the heavier tail, see `tail_shape`.
    order
        1 for the mean, 2 for the standard deviation.
    effective
        Effective draws.
    """
    return order * shape <= min(0.7, 1.0 - 1.0 / math.log10(max(effective, 11.0)))


def _pareto_shape(excesses: np.ndarray) -> float:
    """Shape of a generalised Pareto distribution; excesses sorted upwards.

    Zhang & Stephens 2009, doi 10.1198/tech.2009.08017, with the weak prior of the reference above.
    """
    excesses = excesses[excesses > 0]
    n = len(excesses)
    if n < _LEAST:
        return math.nan
    grid = 30 + int(math.sqrt(n))
    quarter = excesses[max(int(n / 4 + 0.5) - 1, 0)]
    theta = (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3 * quarter) + 1 / excesses[-1]
    shapes = np.mean(np.log1p(-theta[:, None] * excesses), axis=1)
    likelihood = n * (np.log(-theta / shapes) - shapes - 1)
    weights = np.exp(likelihood - likelihood.max())
    best = float(np.sum(theta * weights) / weights.sum())
    return (n * float(np.mean(np.log1p(-best * excesses))) + 5.0) / (n + 10.0)
