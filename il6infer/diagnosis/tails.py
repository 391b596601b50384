"""How heavy the tails of draws are, and whether their mean and standard deviation can be trusted.

Vehtari, Simpson, Gelman, Yao & Gabry 2024, "Pareto smoothed importance sampling", arXiv 1507.02646, section 3: a
generalised Pareto distribution is fitted to the largest draws; its shape k says which moments have a Monte-Carlo error.

That holds of a tail that has such a shape. A mode of a few percent of the draws, far away, makes a tail of two parts
with nothing between: the fit then says k = 2 of draws whose every part is light. So the longest tail is taken that such
a distribution fits (Bader, Yan and Zhang 2018, doi 10.1214/17-AOAS1092), as long as it is made of enough visits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from il6infer.draws import effective_draws
from il6infer.problems.families import FAMILIES

SHARE, ROOTS = 0.2, 3.0
"""A tail has at most the one share of the draws, and the other times the root of the effective draws."""

_LEAST = 5
"""Draws below which no tail is fitted."""

MISFIT = 1.0
"""Anderson-Darling statistic above which a tail is none of a generalised Pareto distribution: one of a hundred that are
has more, for shapes from -0.3 to 2.5 and 20 to 190 draws."""

VISITS, SHORTER = 20.0, 0.7
"""Independent draws that a shorter tail must be worth, lest an arm that one chain got stuck in excuses itself, and how
much shorter it is than the one before."""

FARTHEST, FALL = 20, 2.0
"""Draws that tell whether the likelihood cuts a tail, and by how much it must be lower at these than at all: it is 3.7
where it is normal, and the 20 are the farthest of 4,000."""


def tail_shape(draws: np.ndarray, effective: float) -> float:
    """Pareto k of the heavier tail.

    Parameters
    ----------
    draws
        (chains, draws), or the draws of one chain, of one quantity.
    effective
        How many independent draws they are worth; larger tails are looked at where they are worth less.

    Returns
    -------
    float
        Moments of order below 1/k are finite; NaN where the draws are too few, or constant. Where no tail has the shape
        of a generalised Pareto distribution, that of the longest one.
    """
    drawn = np.atleast_2d(draws)
    size = drawn.size
    share = min(max(effective, 1.0) / max(size, 1), 1.0)
    length = int(min(SHARE * size, ROOTS * math.sqrt(size / share)))
    if length < _LEAST or drawn.min() == drawn.max():
        return math.nan
    return max(_right_shape(drawn, length), _right_shape(-drawn, length))


def _right_shape(drawn: np.ndarray, length: int) -> float:
    """Pareto k of the longest tail, from `length` draws on, that has one; where it is less than that of the first."""
    values = np.sort(drawn, axis=None)
    longest, misfit = _pareto_shape(values[-length:] - values[-length - 1])
    shape = longest
    while misfit > MISFIT:
        length = int(SHORTER * length)
        cut = values[-length - 1]
        if length < VISITS or effective_draws((drawn > cut).astype(float)) * length / drawn.size < VISITS:
            return longest
        shape, misfit = _pareto_shape(values[-length:] - cut)
    return min(shape, longest)


def fall_of(likelihood: np.ndarray, draws: np.ndarray, about: Mapping[str, Any]) -> float:
    """How much lower the log-likelihood is far out on a side where the prior alone would leave no variance.

    Where it is no lower, that tail is the prior's, perhaps along a ridge that draws followed only so far: nothing that
    draws show of their standard deviation says that there is one.

    Parameters
    ----------
    likelihood, draws
        (draws,) log-likelihood of all measurements, and (chains, draws) values of a parameter.
    about
        ``prior`` (family and parameters), ``lower`` and ``upper`` of the parameter as a fit states them.

    Returns
    -------
    float
        Infinite where the prior has a variance, or a likelihood is none.
    """
    prior, open_ends = about.get("prior"), [about.get(end) is None for end in ("lower", "upper")]
    if not prior or math.isfinite(FAMILIES[prior[0]].scipy(*prior[1:]).var()) or not any(open_ends):
        return math.inf
    order = np.argsort(draws, axis=None)
    ends = [order[:FARTHEST], order[-FARTHEST:]]
    falls = [likelihood.mean() - likelihood[end].mean() for end, one in zip(ends, open_ends, strict=True) if one]
    return float(min(falls)) if np.isfinite(falls).all() else math.inf


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


def _pareto_shape(excesses: np.ndarray) -> tuple[float, float]:
    """Shape of a generalised Pareto distribution, and its Anderson-Darling misfit; excesses sorted upwards.

    Zhang & Stephens 2009, doi 10.1198/tech.2009.08017; the weak prior of the reference above is in the shape alone.
    """
    excesses = excesses[excesses > 0]
    n = len(excesses)
    if n < _LEAST:
        return math.nan, 0.0
    grid = 30 + int(math.sqrt(n))
    quarter = excesses[max(int(n / 4 + 0.5) - 1, 0)]
    theta = (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3 * quarter) + 1 / excesses[-1]
    shapes = np.mean(np.log1p(-theta[:, None] * excesses), axis=1)
    likelihood = n * (np.log(-theta / shapes) - shapes - 1)
    weights = np.exp(likelihood - likelihood.max())
    best = float(np.sum(theta * weights) / weights.sum())
    lines = np.log1p(-best * excesses)
    shape = float(np.mean(lines))
    above = -lines / shape  # logarithm of the share beyond each excess
    below = np.log(np.maximum(-np.expm1(above), np.finfo(float).tiny))
    misfit = -n - float(np.mean((2 * np.arange(1, n + 1) - 1) * (below + above[::-1])))
    return (n * shape + 5.0) / (n + 10.0), misfit
