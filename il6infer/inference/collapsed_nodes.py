"""Where the integrand of a batch is: its peak over r, or the shoulder of its plateau; compiled."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.inference.collapsed import (
    BEGIN,
    END,
    OFFSET_PRIOR,
    SCALE_PRIOR,
    SCALED,
    SHIFTED,
    given_noise,
    residuals,
)
from il6infer.inference.quadrature import INNER

POINTS, _ABOVE, _SPACING = 22, 4.0, 1.0
"""Where r is looked for first: so many points, from so far above the largest ln(x) downwards, so far apart."""

_OUTSIDE = 5
"""Of them so many on either side lead to where the priors want r, where that is farther out."""

BROAD = 0.7
"""Width of the shoulder of a plateau, and of the widest peak."""

_SECTIONS = 20
"""Golden sections of the valley of the misfit: to a ten-thousandth of what scanned points are apart."""

_CLIMBS = 40
"""Steps to a peak, at most; most take three or four. A corner between two bounds may be a thousandth as wide as the
distance of scanned points, at the end of a steep slope."""


@njit(**INNER)
def bounds(batch):  # noqa: ANN001, ANN202
    """Give the ends of r: the offset's where there is no scale, else those that any scale leaves."""
    low, high = batch[OFFSET_PRIOR + 3], batch[OFFSET_PRIOR + 4]
    if batch[SCALED] != 0.0:
        low, high = low - batch[SCALE_PRIOR + 4], high - batch[SCALE_PRIOR + 3]
    return low, high


@njit(**INNER)
def _likely(batch, prior, at):  # noqa: ANN001, ANN202
    """Where a prior (its first column) has the logarithm of a parameter; near `at` where it is flat."""
    low, high = batch[prior + 3], batch[prior + 4]
    slope, bend = batch[prior + 1], batch[prior + 2]
    best = slope / bend if bend > 0.0 else at if slope == 0.0 else np.inf
    inwards = min(0.25 * (high - low), 0.5)
    return min(max(best, low + inwards), high - inwards)


@njit(**INNER)
def _wanted(batch, level, top):  # noqa: ANN001, ANN202
    """Give the farthest r, down and up, that the priors want beside the one that the predictions do.

    Far above the predictions the offset alone is measured, far below them the scale alone, `level` and `level` less
    `top` being the means of their logarithms; the priors say the other one.
    """
    offset = _likely(batch, OFFSET_PRIOR, level)
    if batch[SCALED] == 0.0:
        return min(offset, level), max(offset, level)
    scale = _likely(batch, SCALE_PRIOR, level - top)
    return offset - max(level - top, scale), max(offset, level) - scale


@njit(**INNER)
def _scanned(i, top, bottom, lowest, highest):  # noqa: ANN001, ANN202
    """Give the i-th place, from above, at which r is looked for."""
    above = _OUTSIDE if highest > top else 0
    below = _OUTSIDE if lowest < bottom else 0
    if i < above:
        return highest - (highest - top) * i / _OUTSIDE
    if i >= POINTS - below:
        return lowest + (bottom - lowest) * (POINTS - 1 - i) / _OUTSIDE
    return top - (top - bottom) * (i - above) / (POINTS - 1 - above - below)


@njit(**INNER)
def scan(batch, values, x, weights, logs, scanned):  # noqa: ANN001, ANN201
    """Look at a batch from afar: fills `scanned` with r, mean and spread; returns the sum of weights.

    It has (points + 1, 4) numbers; the last row is that of `deepen`.
    """
    begin, end = int(batch[BEGIN]), int(batch[END])
    total, largest, level = 0.0, 0.0, 0.0
    for j in range(begin, end):
        total += weights.own[j]
        largest = max(largest, x[j])
        level += weights.own[j] * values[j]
    level /= total
    top, bottom, lowest, highest, low, high = 0.0, 0.0, 0.0, 0.0, -np.inf, np.inf
    if batch[SHIFTED] != 0.0:
        low, high = bounds(batch)
        # Where nothing is predicted, only the offset is measured.
        shown = math.log(largest) if largest > 0.0 else level
        lowest, highest = _wanted(batch, level, shown)
        top = min(max(shown + _ABOVE, low), high)
        bottom = min(max(top - (POINTS - 1) * _SPACING, low), high)
        lowest, highest = min(max(lowest, low), bottom), max(min(highest, high), top)
    for i in range(POINTS):
        scanned[i, 0] = min(max(_scanned(i, top, bottom, lowest, highest), low), high)  # rounding may lead beyond
        if i == 0 or batch[SHIFTED] != 0.0:
            scanned[i, 1], scanned[i, 2] = residuals(batch, values, x, weights, scanned[i, 0], logs)
        else:
            scanned[i, 1], scanned[i, 2] = scanned[0, 1], scanned[0, 2]
    scanned[POINTS, 0], scanned[POINTS, 1], scanned[POINTS, 2] = np.inf, 0.0, np.inf
    return total


@njit(**INNER)
def valley(batch, total, scanned):  # noqa: ANN001, ANN201
    """Give the scanned point at which the measurements alone, whatever the priors, are missed least."""
    best, least = 0, np.inf
    for i in range(POINTS):
        left = scanned[i, 2] + (total * scanned[i, 1] ** 2 if batch[SCALED] == 0.0 else 0.0)
        if left < least:
            best, least = i, left
    return best


@njit(**INNER)
def deepen(batch, values, x, weights, logs, total, scanned):  # noqa: ANN001, ANN201
    """Find where the measurements alone are missed least, by golden sections: one more point in `scanned`.

    Data that are met far better than scanned points lie near to it want a noise that these do not show.
    """
    best = valley(batch, total, scanned)
    inner = 0.5 * (math.sqrt(5.0) - 1.0)
    high, low = scanned[max(best - 1, 0), 0], scanned[min(best + 1, POINTS - 1), 0]
    at, left, found = np.empty(2), np.empty(2), np.empty((2, 2))
    at[0], at[1] = high - inner * (high - low), low + inner * (high - low)
    new = -1
    for _ in range(_SECTIONS):
        for i in range(2):
            if new in (-1, i):
                found[i, 0], found[i, 1] = residuals(batch, values, x, weights, at[i], logs)
                left[i] = found[i, 1] + (total * found[i, 0] ** 2 if batch[SCALED] == 0.0 else 0.0)
        if left[0] < left[1]:
            high, at[1], left[1], new = at[1], at[0], left[0], 0
            found[1] = found[0]
            at[0] = high - inner * (high - low)
        else:
            low, at[0], left[0], new = at[0], at[1], left[1], 1
            found[0] = found[1]
            at[1] = low + inner * (high - low)
    kept = 1 - new
    if left[kept] < np.inf:
        scanned[POINTS, 0], scanned[POINTS, 1], scanned[POINTS, 2] = at[kept], found[kept, 0], found[kept, 1]


@njit(**INNER)
def look(batch, total, sigma, scanned):  # noqa: ANN001, ANN201
    """Heights of the integrand at the scanned points, at one noise, into their last column; returns the highest."""
    best = 0
    for i in range(POINTS):
        scanned[i, 3] = -np.inf
        if scanned[i, 2] < np.inf:
            scanned[i, 3] = given_noise(batch, scanned[i, 0], scanned[i, 1], scanned[i, 2], total, sigma)[0]
        if scanned[i, 3] > scanned[best, 3]:
            best = i
    return best


@njit(**INNER)
def _misfit(batch, mean, spread, total, sigma, r):  # noqa: ANN001, ANN202
    """Sum of squared residuals where u is what its prior and its bounds make it."""
    return spread + total * (mean - given_noise(batch, r, mean, spread, total, sigma)[1]) ** 2


@njit(**INNER)
def climb(batch, values, x, weights, logs, total, sigma, r, step):  # noqa: ANN001, ANN201
    """Find the peak of the integrand over r near r, at one noise: height, place, width, and misfit there."""
    mean, spread = residuals(batch, values, x, weights, r, logs)
    top = given_noise(batch, r, mean, spread, total, sigma)[0]
    misfit = _misfit(batch, mean, spread, total, sigma, r)
    low, high = bounds(batch)
    for _ in range(_CLIMBS):
        below = _height(batch, values, x, weights, logs, total, sigma, max(r - step, low))
        above = _height(batch, values, x, weights, logs, total, sigma, min(r + step, high))
        bend = (2.0 * top - below - above) / (step * step)
        if not (bend > 1e-3 and bend < np.inf):
            if not max(below, above) > top:
                if min(below, above) > -np.inf:
                    step = BROAD  # nothing bends there
                    break
                step *= 0.5
                continue
            # A slope that does not bend down yet: the peak lies farther up.
            bend, move, far = 0.0, step if above > below else -step, True
        else:
            move = 0.5 * (above - below) / (step * bend)
            far = abs(move) > 2.0 * step
            move = min(max(move, -2.0 * step), 2.0 * step)
        move = min(max(move, low - r), high - r)
        mean, spread = residuals(batch, values, x, weights, r + move, logs)
        found = given_noise(batch, r + move, mean, spread, total, sigma)[0]
        higher = found > top
        if higher:
            r, top = min(max(r + move, low), high), found
            misfit = _misfit(batch, mean, spread, total, sigma, r)
        if bend == 0.0 or far and higher:  # a slope is climbed in steps that stay as long as they are
            continue
        finer = 1.0 / math.sqrt(bend)
        settled = abs(move) < 0.3 * finer and finer > 0.5 * step
        step = min(step, finer)
        if settled:
            break
        if not higher:
            step *= 0.5
    return top, r, min(max(step, 1e-4), BROAD), misfit


@njit(**INNER)
def _height(batch, values, x, weights, logs, total, sigma, r):  # noqa: ANN001, ANN202
    mean, spread = residuals(batch, values, x, weights, r, logs)
    return given_noise(batch, r, mean, spread, total, sigma)[0]


@njit(**INNER)
def _level(batch, values, x, weights, logs, total, sigma, r, way, enough):  # noqa: ANN001, ANN202
    """Whether the integrand is high not only at an end of what was scanned but to both sides of it: a plateau.

    Where the priors want r, which is where an end may be, there may as well be a peak, narrower than scanned points
    are apart; and at a bound of r a slope.
    """
    low, high = bounds(batch)
    for place in (r, r - way * _SPACING, r + way * _SPACING):
        near = min(max(place, low), high)
        if not _height(batch, values, x, weights, logs, total, sigma, near) > enough:
            return False
    return True


@njit(**INNER)
def peak(batch, values, x, weights, logs, total, sigma, scanned):  # noqa: ANN001, ANN201
    """Find where in r the integrand is, at one noise: height, place, width, and misfit there.

    Where it is a plateau the place is the shoulder of that.
    """
    best = look(batch, total, sigma, scanned)
    top = scanned[best, 3]
    misfit = _misfit(batch, scanned[best, 1], scanned[best, 2], total, sigma, scanned[best, 0])
    if batch[SHIFTED] == 0.0 or not top > -np.inf:
        return top, 0.0, 1.0, misfit
    for first, way in ((POINTS - 1, -1), (0, 1)):
        if not _level(batch, values, x, weights, logs, total, sigma, scanned[first, 0], way, top - 1.0):
            continue
        while 0 <= first < POINTS and scanned[first, 3] > top - 1.0:
            first += way
        if not 0 <= first < POINTS:
            return top, scanned[first - way, 0], BROAD, misfit
        inside, outside = scanned[first, 0], scanned[first - way, 0]
        while abs(outside - inside) > _SPACING:
            r = 0.5 * (inside + outside)
            high = _height(batch, values, x, weights, logs, total, sigma, r) > top - 1.0
            inside, outside = (inside, r) if high else (r, outside)
        return top, inside, BROAD, misfit
    step = 0.5 * (scanned[max(best - 1, 0), 0] - scanned[min(best + 1, POINTS - 1), 0])
    step *= 0.5 if 0 < best < POINTS - 1 else 1.0
    return climb(batch, values, x, weights, logs, total, sigma, scanned[best, 0], step)
