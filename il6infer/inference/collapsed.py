"""Marginal likelihood of measurements whose scales, offsets and noise are integrated out, and its slopes; compiled.

For log-normal noise a batch is ``ln y_j = u + ln(rho + x_j) + c_j sigma e_j``, with u = ln(scale), rho = offset/scale,
e_j standard normal. Given r = ln(rho) and sigma it is normal in u: with a prior that is log-quadratic in u, the
integral between the bounds is a difference of normal distribution functions. What is left are an integral over r (of
each batch) and one over ln(sigma) (of all batches of a group together); both are Gauss-Legendre rules around the mode.
The slopes are means over the nuisance parameters' conditional distribution (Fisher's identity), by the same rules.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.inference.elementary import LANES, exp_of, log_of, log_tail_of
from il6infer.inference.quadrature import FAR, INNER, between, legendre, out_of_reach

FIRST, LAST, NOISE_FREE, ABSOLUTE, NOISE_PRIOR = range(5)
"""Columns of a group: its batches; whether the noise is integrated out; whether its loss is that of Laplace;
then the row of the noise's prior, see `il6infer.inference.posterior`."""

BEGIN, END, LOGARITHMIC, SCALED, SHIFTED, SCALE_PRIOR = range(6)
OFFSET_PRIOR = SCALE_PRIOR + 5
"""Columns of a batch: its measurements; whether logarithms count; whether there are scale and offset to integrate
out; then of each the coefficients of `il6infer.inference.nuisance.log_quadratic` and the logarithms of its bounds."""

_EDGE, _CORE, _NOISE = (12, 48), (40, 120), (22, 60)

RULES = tuple(tuple(map(legendre, counts)) for counts in zip(_EDGE, _CORE, _NOISE, strict=True))
"""At a wall, between walls, and for the noise: as sampled, and to see what that leaves out."""

_NEGLIGIBLE = 30.0
"""What is smaller than another by this factor's exponential is left out of a sum with that."""

_LEAST_NORMAL = 2.3e-308
"""A double that is smaller has no logarithm in `il6infer.inference.elementary`, and counts as zero."""

_LN_2PI = math.log(2.0 * math.pi)
_LN_ROOT = 0.5 * _LN_2PI


@njit(**INNER)
def _spread_along_courses(begin, count, values, logs, weights, mean):  # noqa: ANN001, ANN202
    """Sum of squares about the mean where errors hang together along courses, see `residuals`."""
    spread = 0.0
    for j in range(count):
        i, distance = begin + j, values[begin + j] - logs[j] - mean
        start = weights.first[i]
        if start < 0:
            spread += weights.own[i] * distance * distance
        for k in range(weights.lanes[i]):
            spread += weights.cross[i, k] * distance * (values[start + k] - logs[start + k - begin] - mean)
    return spread


@njit(**LANES)
def residuals(batch, values, x, weights, r, logs):  # noqa: ANN001, ANN201
    """Measured minus predicted of a batch at scale 1: mean and sum of squares about it, weighted; fills `logs`.

    `logs` (measurements of the batch,) get ln(rho + x), or x itself for noise that is not logarithmic. The sum is
    infinite where a prediction is not above zero. `weights` are those of `il6infer.inference.correlated`.
    """
    begin, count = int(batch[BEGIN]), int(batch[END] - batch[BEGIN])
    rho = math.exp(r) if batch[SHIFTED] != 0.0 else 0.0
    if batch[LOGARITHMIC] != 0.0:
        outside = 0.0
        for j in range(count):
            z = rho + x[begin + j]
            outside += 0.0 if z > _LEAST_NORMAL else 1.0
            logs[j] = log_of(z)
        if outside > 0.0:
            return 0.0, np.inf
    else:
        for j in range(count):
            logs[j] = x[begin + j]
    total, mean = 0.0, 0.0
    for j in range(count):
        mean += weights.own[begin + j] * (values[begin + j] - logs[j])
        total += weights.own[begin + j]
    mean /= total
    if len(weights.cross) > 0:
        return mean, _spread_along_courses(begin, count, values, logs, weights, mean)
    spread = 0.0
    for j in range(count):
        distance = values[begin + j] - logs[j] - mean
        spread += weights.own[begin + j] * distance * distance
    return mean, spread


@njit(**INNER)
def conditional(batch, r, mean, total, sigma):  # noqa: ANN001, ANN201
    """Distribution of u at given r and noise: centre and precision of a normal one, its two walls, and a constant.

    The constant holds what both priors and the completed square leave over. Without a scale u is 0, and the precision
    that of the measurements alone.
    """
    a, b, c, low, high = 0.0, 0.0, 0.0, -np.inf, np.inf
    if batch[SHIFTED] != 0.0:
        a, b, c = batch[OFFSET_PRIOR], batch[OFFSET_PRIOR + 1], batch[OFFSET_PRIOR + 2]
        a, b = a + (b - 0.5 * c * r) * r, b - c * r
        low, high = batch[OFFSET_PRIOR + 3] - r, batch[OFFSET_PRIOR + 4] - r
    precision = total / (sigma * sigma)
    if batch[SCALED] == 0.0:
        return 0.0, precision, low, high, a - 0.5 * precision * mean * mean
    a, b, c = a + batch[SCALE_PRIOR], b + batch[SCALE_PRIOR + 1], c + batch[SCALE_PRIOR + 2]
    low, high = max(low, batch[SCALE_PRIOR + 3]), min(high, batch[SCALE_PRIOR + 4])
    both = precision + c
    left = a + 0.5 * (b * b + precision * mean * (2.0 * b - c * mean)) / both
    return (precision * mean + b) / both, both, low, high, left + 0.5 * (_LN_2PI - math.log(both))


@njit(**INNER)
def given_noise(batch, r, mean, spread, total, sigma):  # noqa: ANN001, ANN201
    """Integrate a scale out at given r and noise: logarithm of the integral, mean and mean square of u, and the mass.

    The normalisation of the measurements is not in it. The mass is the logarithm of what the walls leave, which is.
    """
    centre, precision, low, high, left = conditional(batch, r, mean, total, sigma)
    left -= 0.5 * spread / (sigma * sigma)
    if batch[SCALED] == 0.0:
        mass = 0.0 if low <= 0.0 <= high else -np.inf
        return left + mass, 0.0, 0.0, mass
    if not low < high:
        return -np.inf, 0.0, 0.0, -np.inf
    mass, first, second = between(centre, precision, low, high)
    return left + mass, first, second, mass


@njit(**INNER)
def tabulate(batch, total, ys, levels, table):  # noqa: ANN001, ANN201
    """Fill `table` (4, levels) with what does not depend on r: 1 / sigma**2, precision of u, its root, a constant."""
    c = (batch[SCALE_PRIOR + 2] if batch[SCALED] != 0.0 else 0.0) + batch[OFFSET_PRIOR + 2]
    for q in range(levels):
        table[0, q] = math.exp(-2.0 * ys[q])
        table[1, q] = total * table[0, q] + c
        table[2, q] = math.sqrt(table[1, q])
        table[3, q] = 0.5 * (_LN_2PI - math.log(table[1, q]))


@njit(**LANES)
def given_noises(batch, r, mean, spread, total, table, levels, log_weight, best, found, means, squares):  # noqa: ANN001, ANN201
    """Do what `given_noise` does for the noises of a table at once; `log_weight` is added to what is `found`.

    `best` (levels,) is the highest that was found so far, and kept so; what is far below it is left out.
    """
    a, b, c, low, high = log_weight, 0.0, 0.0, -np.inf, np.inf
    if batch[SHIFTED] != 0.0:
        b, c = batch[OFFSET_PRIOR + 1], batch[OFFSET_PRIOR + 2]
        a, b = a + batch[OFFSET_PRIOR] + (b - 0.5 * c * r) * r, b - c * r
        low, high = batch[OFFSET_PRIOR + 3] - r, batch[OFFSET_PRIOR + 4] - r
    if batch[SCALED] == 0.0:
        for q in range(levels):
            found[q] = a - 0.5 * (spread + total * mean * mean) * table[0, q]
            if low > 0.0 or high < 0.0:
                found[q] = -np.inf
            means[q], squares[q] = 0.0, 0.0
        return
    a, b, c = a + batch[SCALE_PRIOR], b + batch[SCALE_PRIOR + 1], c + batch[SCALE_PRIOR + 2]
    low, high = max(low, batch[SCALE_PRIOR + 3]), min(high, batch[SCALE_PRIOR + 4])
    below, above = 0.0, 0.0
    for q in range(levels):
        precision, inverse = total * table[0, q], 1.0 / table[1, q]
        centre = (precision * mean + b) * inverse
        left = 0.5 * ((b * b + precision * mean * (2.0 * b - c * mean)) * inverse - spread * table[0, q])
        found[q], means[q], squares[q] = a + left + table[3, q], centre, centre * centre + inverse
        from_low, from_high = (centre - low) * table[2, q], (high - centre) * table[2, q]
        below += 0.0 if out_of_reach(from_low, -from_high) else 1.0
        above += 0.0 if out_of_reach(from_high, -from_low) else 1.0
    if not low < high:
        found[:levels] = -np.inf
    elif below > 0.0 and above > 0.0:
        _within_walls(table, levels, low, high, best, found, means, squares)
    elif below > 0.0:
        _beside_wall(table, levels, low, 1.0, found, means, squares)
    elif above > 0.0:
        _beside_wall(table, levels, high, -1.0, found, means, squares)
    for q in range(levels):
        best[q] = max(best[q], found[q])


@njit(**LANES)
def _beside_wall(table, levels, wall, side, found, means, squares):  # noqa: ANN001, ANN202
    """Cut by one wall what `given_noises` has found, below it (side 1) or above (-1); see `between`."""
    for q in range(levels):
        root, mean = table[2, q], means[q]
        near = side * (wall - mean) * root
        tail = log_tail_of(abs(near))
        inside = log_of(1.0 - exp_of(tail))
        mass = tail if near > 0.0 else inside
        hazard = exp_of(-0.5 * near * near - _LN_ROOT - mass)
        moved = side * max(side * (mean + side * hazard / root), side * wall)
        found[q] += mass
        means[q] = moved
        squares[q] = moved * moved + max(1.0 + (near - hazard) * hazard, 0.0) / table[1, q]


@njit(**INNER)
def _within_walls(table, levels, low, high, best, found, means, squares):  # noqa: ANN001, ANN202
    """Cut by two walls what `given_noises` has found."""
    for q in range(levels):
        if found[q] < best[q] - _NEGLIGIBLE or not low < high:
            found[q] = -np.inf
            continue
        if not ((means[q] - low) * table[2, q] > FAR and (high - means[q]) * table[2, q] > FAR):
            mass, means[q], squares[q] = between(means[q], table[1, q], low, high)
            found[q] += mass
        best[q] = max(best[q], found[q])
