"""Integrals that have no closed form: Gauss-Legendre rules, and the normal distribution between two walls."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

INNER = {"nogil": True, "error_model": "numpy"}
"""How functions are compiled that others call."""

FAR = 6.5
"""Standard deviations beyond which a wall takes less than 1e-10 of a normal distribution."""

_TAIL = 5.0
"""Standard deviations beyond which the tail of a normal distribution is computed as a continued fraction."""

_LN_ROOT = 0.5 * math.log(2.0 * math.pi)


def legendre(count: int) -> np.ndarray:
    """Nodes on (0, 1) and weights (2, count) of a Gauss-Legendre rule.

    Read-only, as compiled functions take what is global to them: what is handed a rule would be compiled twice, else.
    """
    nodes, weights = np.polynomial.legendre.leggauss(count)
    rule = np.ascontiguousarray([0.5 * (1.0 + nodes), 0.5 * weights])
    rule.setflags(write=False)
    return rule


@njit(**INNER)
def log_tail(x):  # noqa: ANN001, ANN201
    """Logarithm of the mass of a standard normal distribution above x."""
    if x < _TAIL:
        return math.log(0.5 * math.erfc(x / math.sqrt(2.0)))
    # Laplace's continued fraction of Mills' ratio, from its 40th term.
    ratio = x
    for term in range(40, 0, -1):
        ratio = x + term / ratio
    return -0.5 * x * x - _LN_ROOT - math.log(ratio)


@njit(**INNER)
def log_mass_between(low, high):  # noqa: ANN001, ANN201
    """Logarithm of the mass of a standard normal distribution between two points, also far out in a tail."""
    if low < -FAR and high > FAR:
        return 0.0
    if high < 0.0:
        low, high = -high, -low
    if low > 0.0:
        larger = log_tail(low)
        smaller = log_tail(high) if high < np.inf else -np.inf
        return larger + math.log1p(-math.exp(smaller - larger))
    return math.log1p(-0.5 * math.erfc(high / math.sqrt(2.0)) - 0.5 * math.erfc(-low / math.sqrt(2.0)))


@njit(**INNER)
def out_of_reach(far, near):  # noqa: ANN001, ANN201
    """Whether a wall takes nothing of what another one, `near`, leaves of a standard normal distribution.

    That is where the density is 1e-9 of what it is at its highest, which may be at the near wall.
    """
    near = max(near, 0.0)
    return far > 0.0 and far * far - near * near > FAR * FAR


@njit(**INNER)
def between(mean, precision, low, high):  # noqa: ANN001, ANN201
    """Cut a normal distribution by two walls: logarithm of the mass it has there, mean and mean square inside.

    Parameters
    ----------
    mean, precision
        Before it is cut.
    low, high
        Walls; may be infinite.
    """
    root = math.sqrt(precision)
    a, b = (low - mean) * root, (high - mean) * root
    if a < -FAR and b > FAR:
        return 0.0, mean, mean * mean + 1.0 / precision
    if out_of_reach(b, a) or out_of_reach(-a, -b):
        # One wall is all that there is, as seen from it.
        near, side = (a, 1.0) if out_of_reach(b, a) else (-b, -1.0)
        mass = log_tail(near)
        hazard = math.exp(-0.5 * near * near - _LN_ROOT - mass)
        inside = min(max(mean + side * hazard / root, low), high)
        return mass, inside, inside * inside + max(1.0 + (near - hazard) * hazard, 0.0) / precision
    mass = log_mass_between(a, b)
    at_low = math.exp(-0.5 * a * a - _LN_ROOT - mass) if a > -40.0 else 0.0
    at_high = math.exp(-0.5 * b * b - _LN_ROOT - mass) if b < 40.0 else 0.0
    shift = at_low - at_high
    spread = 1.0 + (a * at_low if at_low > 0.0 else 0.0) - (b * at_high if at_high > 0.0 else 0.0) - shift * shift
    inside = min(max(mean + shift / root, low), high)
    return mass, inside, inside * inside + max(spread, 0.0) / precision


@njit(**INNER)
def stretched(nodes, log_weights, first, rule, low, high, centre, width):  # noqa: ANN001, ANN201
    """Put a rule on [low, high], dense within `width` of `centre` and ever wider away from it; returns its end.

    The nodes are those of a Gauss-Legendre rule in t, where x = centre + width sinh(t): a peak and a plateau of many
    times its width are both resolved.

    Parameters
    ----------
    nodes, log_weights
        Filled from `first` on.
    rule
        Of `legendre`.
    """
    start, stop = math.asinh((low - centre) / width), math.asinh((high - centre) / width)
    for i in range(rule.shape[1]):
        t = start + (stop - start) * rule[0, i]
        nodes[first + i] = min(max(centre + width * math.sinh(t), low), high)
        log_weights[first + i] = math.log(rule[1, i] * (stop - start) * width * math.cosh(t))
    return first + rule.shape[1]


@njit(**INNER)
def stretched_twice(nodes, log_weights, rule, low, high, centre, width, other, its_width):  # noqa: ANN001, ANN201
    """Put a rule on [low, high], dense about two centres and ever wider away from both; returns its end.

    As `stretched`, with nodes in t = asinh((x - centre) / width) + asinh((x - other) / its_width).

    Parameters
    ----------
    nodes, log_weights
        Filled from 0 on.
    rule
        Of `legendre`.
    """
    start = math.asinh((low - centre) / width) + math.asinh((low - other) / its_width)
    stop = math.asinh((high - centre) / width) + math.asinh((high - other) / its_width)
    below = low
    for i in range(rule.shape[1]):
        t, above = start + (stop - start) * rule[0, i], high
        for _ in range(60):  # t rises with x
            middle = 0.5 * (below + above)
            found = math.asinh((middle - centre) / width) + math.asinh((middle - other) / its_width)
            below, above = (middle, above) if found < t else (below, middle)
        x = 0.5 * (below + above)
        slope = 1.0 / math.hypot(width, x - centre) + 1.0 / math.hypot(its_width, x - other)
        nodes[i] = x
        log_weights[i] = math.log(rule[1, i] * (stop - start) / slope)
    return rule.shape[1]
