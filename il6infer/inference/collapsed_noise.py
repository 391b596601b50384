"""The noise of a group of batches, which is integrated out last: where it is; compiled."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.inference.collapsed import (
    BEGIN,
    END,
    LOGARITHMIC,
    OFFSET_PRIOR,
    SCALE_PRIOR,
    SCALED,
    SHIFTED,
    given_noise,
    given_noises,
    tabulate,
)
from il6infer.inference.quadrature import INNER
from il6infer.inference.rows import FAMILY, FIRST, HIGH, LOW, SECOND, prior_at
from il6infer.problems.families import FAMILIES

_DROP, _FARTHEST = 28.0, 60.0
"""Integrands over ln(sigma) are followed until they have fallen by this factor's exponential, and no farther."""

PLACES, _NARROW = 33, 7
"""Of ln(sigma), where it is looked for when there may be two; and how often what is around each of them is halved."""

_FAR_FROM_PRIOR, _MORE = 3.0, 1.5
"""There may be where what is found is so unlikely before, or misses the data by so much more than it must."""

_HALVINGS, _NEAR, _FOUND = 60, 1e-4, 1e-8
"""Steps to the noise's peak, at most; of differences of its slope; and how near is there."""

_NORMAL, _LAPLACE, _CAUCHY = (list(FAMILIES).index(name) for name in ("normal", "laplace", "cauchy"))
_ASIDE, _HALF = 6.0, 12
"""How far beyond prior and data peaks are looked for, and by how many places to each side of a prior's own peak."""

_AS_HIGH = 8.0
"""A place that is lower by this factor's exponential counts for nothing."""


@njit(**INNER)
def _noise_slope(y, freedom, spread, power, row):  # noqa: ANN001, ANN202
    """Slope by y = ln(sigma) of the integrand when all else is at its best."""
    sigma = math.exp(y)
    return -freedom + spread * math.exp(-power * y) + prior_at(sigma, row)[1] * sigma + 1.0


@njit(**INNER)
def _noise_height(y, freedom, spread, power, row):  # noqa: ANN001, ANN202
    return -freedom * y - spread * math.exp(-power * y) / power + prior_at(math.exp(y), row)[0] + y


@njit(**INNER)
def noise_peak(freedom, spread, power, row):  # noqa: ANN001, ANN201
    """Centre, width and ends of the integrand over y = ln(sigma).

    Parameters
    ----------
    freedom
        Measurements less scales.
    spread
        Least sum of squared (power 2) or absolute (power 1) residuals.
    row
        Of the noise's prior.
    """
    guess = math.log(max(spread, 1e-300) / freedom) / power
    low = math.log(row[LOW]) if row[LOW] > 0.0 else -np.inf
    high = math.log(row[HIGH]) if row[HIGH] < np.inf else np.inf
    low, high = max(low, min(guess, high) - _FARTHEST), min(high, max(guess, low) + _FARTHEST)
    centre = _noise_root(low, high, min(max(guess, low), high), freedom, spread, power, row)
    width = _width(centre, 1e-3, freedom, spread, power, row)
    top = _noise_height(centre, freedom, spread, power, row)
    start = _fallen(centre, -width, low, top, freedom, spread, power, row)
    stop = _fallen(centre, width, high, top, freedom, spread, power, row)
    return centre, width, start, stop


@njit(**INNER)
def _noise_root(first, last, y, freedom, spread, power, row):  # noqa: ANN001, ANN202
    """Where the slope passes zero downwards between two places, from y: Newton's method, halving where it leads out."""
    for _ in range(_HALVINGS):
        slope = _noise_slope(y, freedom, spread, power, row)
        first, last = (y, last) if slope > 0.0 else (first, y)
        if not last - first > _FOUND:
            break
        bend = (slope - _noise_slope(y + _NEAR, freedom, spread, power, row)) / _NEAR
        moved = y + slope / bend if bend > 0.0 else np.inf
        before, y = y, moved if first < moved < last else 0.5 * (first + last)
        if abs(y - before) < _FOUND:
            break
    return y


@njit(**INNER)
def _width(centre, step, freedom, spread, power, row):  # noqa: ANN001, ANN202
    """Width of a peak of the integrand over ln(sigma), by differences of the slope over a step."""
    bend = _noise_slope(centre - step, freedom, spread, power, row)
    bend = (bend - _noise_slope(centre + step, freedom, spread, power, row)) / (2.0 * step)
    # At a bound it is the slope that says how fast the integrand falls.
    bend = max(bend, 0.0) + _noise_slope(centre, freedom, spread, power, row) ** 2
    return min(1.0 / math.sqrt(max(bend, 1e-2)), 2.0)


@njit(**INNER)
def _fallen(at, step, end, top, freedom, spread, power, row):  # noqa: ANN001, ANN202
    """Where the integrand has fallen far enough below its top, in ever longer steps; not beyond an end."""
    way = 1.0 if step > 0.0 else -1.0
    while way * (end - at) > 0.0 and _noise_height(at, freedom, spread, power, row) > top - _DROP:
        at, step = min(at + step, end) if way > 0.0 else max(at + step, end), 1.5 * step
    return at


@njit(**INNER)
def prior_apart(freedom, spread, power, row, centre, width, start, stop):  # noqa: ANN001, ANN201
    """Look whether the noise is both where its prior and where the data have it: two peaks, as `two_places` gives them.

    The integrand has one peak where the prior is log-concave in ln(sigma). A normal, Laplace or Cauchy one is not: far
    below its middle its density hardly changes any more, so that little noise there is the data's affair alone.

    Parameters
    ----------
    freedom, spread, power, row
        As `noise_peak`.
    centre, width, start, stop
        Of `noise_peak`.
    """
    family, middle = int(row[FAMILY]), row[FIRST]
    if family not in (_NORMAL, _LAPLACE, _CAUCHY) or not middle > 0.0 or not spread > 0.0:
        return centre, width, start, stop, 0.0, 0.0
    guess, at, own = math.log(spread / freedom) / power, math.log(middle), row[SECOND] / middle
    low = math.log(row[LOW]) if row[LOW] > 0.0 else -np.inf
    high = math.log(row[HIGH]) if row[HIGH] < np.inf else np.inf
    low, high = max(low, min(guess, at, high) - _FARTHEST), min(high, max(guess, at, low) + _FARTHEST)
    begin, end = max(low, min(guess, at) - _ASIDE), min(high, max(guess, at) + _ASIDE)
    ys, found, many = np.empty(PLACES + 2 * _HALF + 1), np.zeros((2, 3)), 0
    for i in range(PLACES):
        ys[i] = begin + (end - begin) * i / (PLACES - 1)
    for i in range(-_HALF, _HALF + 1):  # the prior's own peak may be narrow
        away = 0.0 if i == 0 else math.copysign(2.0 ** (abs(i) - 4), i)
        ys[PLACES + _HALF + i] = min(max(at + own * away, begin), end)
    ys.sort()
    for i in range(len(ys) - 1):
        first, last = ys[i], ys[i + 1]
        rises = _noise_slope(first, freedom, spread, power, row) > 0.0
        falls = not _noise_slope(last, freedom, spread, power, row) > 0.0
        if not last > first or not ((rises or first == low) and (falls or last == high)):
            continue
        for _ in range(50):
            y = 0.5 * (first + last)
            first, last = (y, last) if _noise_slope(y, freedom, spread, power, row) > 0.0 else (first, y)
        y = 0.5 * (first + last)
        its = _width(y, min(1e-3, 0.1 * own), freedom, spread, power, row)
        mass = _noise_height(y, freedom, spread, power, row) + math.log(its)
        place = many if many < 2 else int(np.argmin(found[:, 2]))
        if many < 2 or mass > found[place, 2]:
            found[place, 0], found[place, 1], found[place, 2] = y, its, mass
        many += 1
    if many == 0:
        return centre, width, start, stop, 0.0, 0.0
    best = 1 if many > 1 and found[1, 2] > found[0, 2] else 0
    other = best if many == 1 or found[1 - best, 2] < found[best, 2] - _AS_HIGH else 1 - best
    y, its = found[best, 0], found[best, 1]
    top = _noise_height(y, freedom, spread, power, row)
    start = _fallen(min(y, found[other, 0]), -its, low, top, freedom, spread, power, row)
    stop = _fallen(max(y, found[other, 0]), its, high, top, freedom, spread, power, row)
    return y, its, start, stop, found[other, 0], found[other, 1] if other != best else 0.0


@njit(**INNER)
def absolute_residuals(batch, values, x, noise):  # noqa: ANN001, ANN201
    """Sum of absolute residuals of a batch of Laplace noise."""
    total = 0.0
    for j in range(int(batch[BEGIN]), int(batch[END])):
        predicted = x[j]
        if batch[LOGARITHMIC] != 0.0:
            if not predicted > 0.0:
                return np.inf
            predicted = math.log(predicted)
        total += abs(values[j] - predicted) / noise[j]
    return total


@njit(**INNER)
def _unlikely(batch, prior, value):  # noqa: ANN001, ANN202
    """How much lower a log-normal prior (its first column) is at the logarithm of a value than at its highest."""
    slope, bend = batch[prior + 1], batch[prior + 2]
    return 0.5 * (slope - bend * value) ** 2 / bend if bend > 0.0 else 0.0


@njit(**INNER)
def may_be_two(batches, scanned, totals, peaks, first, many, sigma):  # noqa: ANN001, ANN201
    """Whether the priors of a scale or an offset want another place than the data, so that the noise may have two.

    Parameters
    ----------
    batches
        See `il6infer.inference.collapsed`; those of the group are `many` from `first` on.
    scanned, totals, peaks
        Of `Scratch` in `il6infer.inference.collapsed_groups`.
    first, many
        Batches.
    sigma
        Noise at which the peaks were found.
    """
    found, least = 0.0, 0.0
    for b in range(many):
        batch, best, nearest = batches[first + b], np.inf, 0
        for i in range(scanned.shape[1] if batch[SHIFTED] != 0.0 else 1):
            left = scanned[b, i, 2]
            left += totals[b] * scanned[b, i, 1] ** 2 if batch[SCALED] == 0.0 else 0.0
            best = min(best, left)
            if abs(scanned[b, i, 0] - peaks[b, 1]) < abs(scanned[b, nearest, 0] - peaks[b, 1]):
                nearest = i
        found += peaks[b, 3]
        least += best
        mean = scanned[b, nearest, 1]
        u = given_noise(batch, scanned[b, nearest, 0], mean, scanned[b, nearest, 2], totals[b], sigma)[1]
        if batch[SCALED] != 0.0 and _unlikely(batch, SCALE_PRIOR, u) > _FAR_FROM_PRIOR:
            return True
        if batch[SHIFTED] != 0.0 and _unlikely(batch, OFFSET_PRIOR, u + peaks[b, 1]) > _FAR_FROM_PRIOR:
            return True
    return found > _MORE * least


@njit(**INNER)
def _at_noises(batches, totals, scanned, first, many, count, row, ys, heights, misfits):  # noqa: ANN001, ANN202
    """Integrand over y = ln(sigma), with r of each batch where it is highest of the scanned points; and the misfit."""
    levels = len(ys)
    table, found, means, squares = np.empty((4, levels)), np.empty(levels), np.empty(levels), np.empty(levels)
    best, left = np.empty((2, levels)), np.empty(levels)
    for n in range(levels):
        heights[n], misfits[n] = prior_at(math.exp(ys[n]), row)[0] + ys[n] - count * ys[n], 0.0
    for b in range(many):
        batch = batches[first + b]
        tabulate(batch, totals[b], ys, levels, table)
        best[:], left[:] = -np.inf, np.inf
        for i in range(scanned.shape[1]):
            r, mean, spread = scanned[b, i, 0], scanned[b, i, 1], scanned[b, i, 2]
            if not spread < np.inf:
                continue
            given_noises(batch, r, mean, spread, totals[b], table, levels, 0.0, best[1], found, means, squares)
            for n in range(levels):
                if found[n] > best[0, n]:
                    best[0, n], left[n] = found[n], spread + totals[b] * (mean - means[n]) ** 2
        for n in range(levels):
            heights[n] += best[0, n]
            misfits[n] += left[n]


@njit(**INNER)
def _highest(batches, totals, scanned, first, many, count, row, low, high):  # noqa: ANN001, ANN202
    """Narrow a peak of `_at_noises` between two places down: its height, place and width."""
    ys, heights, misfits = np.empty(5), np.empty(5), np.empty(5)
    for round_ in range(_NARROW + 1):
        if round_ == _NARROW:  # the bend at the end
            low, high = 0.5 * (low + high) - 0.05, 0.5 * (low + high) + 0.05
        for i in range(5):
            ys[i] = low + (high - low) * i / 4
        _at_noises(batches, totals, scanned, first, many, count, row, ys, heights, misfits)
        best = int(np.argmax(heights))
        if round_ < _NARROW:
            low, high = ys[max(best - 1, 0)], ys[min(best + 1, 4)]
    bend = (2.0 * heights[2] - heights[0] - heights[4]) / 0.05**2
    return heights[2], ys[2], min(1.0 / math.sqrt(max(bend, 0.25)), 2.0) if bend < np.inf else 0.05


@njit(**INNER)
def two_places(batches, totals, scanned, first, many, count, freedom, centre, width, start, stop, row):  # noqa: ANN001, ANN201
    """Look whether the noise may be in another place, too, where scales or offsets are as their priors have them.

    Data that contradict a prior are explained by a large noise, or by a small one and an unlikely scale.

    Parameters
    ----------
    batches
        See `il6infer.inference.collapsed`; those of the group are `many` from `first` on.
    scanned, totals
        Of `Scratch` in `il6infer.inference.collapsed_groups`.
    first, many
        Batches.
    count, freedom
        Measurements, and these less scales.
    centre, width, start, stop
        Of `noise_peak`.
    row
        Of the noise's prior.

    Returns
    -------
    tuple
        Centre, width, start and stop of the highest place, as given where there cannot be two; centre and width of a
        second one, whose width is 0 where there is none. A single place may be a broad one: a smaller noise than that
        at the peak goes with other scales.
    """
    low = math.log(row[LOW]) if row[LOW] > 0.0 else -np.inf
    high = math.log(row[HIGH]) if row[HIGH] < np.inf else np.inf
    # Where the noise is next to nothing the data alone count, and where it is huge the priors alone.
    ys, heights, misfits = np.empty(PLACES), np.empty(PLACES), np.empty(PLACES)
    ys[0], ys[1] = centre - 12.0, centre + 12.0
    _at_noises(batches, totals, scanned, first, many, count, row, ys[:2], heights, misfits)
    least, most = misfits[0], misfits[1]
    if not most > _MORE * least:
        return centre, width, start, stop, 0.0, 0.0
    begin = max(min(0.5 * math.log(max(least, 1e-300) / freedom) - 1.0, start), low, centre - _FARTHEST)
    end = min(max(0.5 * math.log(max(most, 1e-300) / freedom) + 1.0, stop), high, centre + _FARTHEST)
    step = (end - begin) / (PLACES - 1)
    for i in range(PLACES):
        ys[i] = begin + i * step
    _at_noises(batches, totals, scanned, first, many, count, row, ys, heights, misfits)
    best, second = -1, -1
    for i in range(PLACES):
        if (
            heights[i] >= heights[max(i - 1, 0)]
            and heights[i] > heights[min(i + 1, PLACES - 1)]
            or (i == PLACES - 1 and heights[i] >= heights[i - 1])
        ):
            if best < 0 or heights[i] > heights[best]:
                best, second = i, best
            elif second < 0 or heights[i] > heights[second]:
                second = i
    if best < 0:
        return centre, width, start, stop, 0.0, 0.0
    if second >= 0 and not heights[second] > heights[best] - _AS_HIGH:
        second = -1
    found = np.zeros((2, 3))
    for n in range(2 if second >= 0 else 1):
        at = ys[best if n == 0 else second]
        found[n] = _highest(
            batches, totals, scanned, first, many, count, row, max(at - step, begin), min(at + step, end)
        )
    one = 1 if second >= 0 and found[1, 0] > found[0, 0] else 0
    top = found[one, 0]
    if not top > -np.inf:
        return centre, width, start, stop, 0.0, 0.0
    first_high, last_high = PLACES - 1, 0
    for i in range(PLACES):
        if heights[i] > top - _DROP:
            first_high, last_high = min(first_high, i), max(last_high, i)
    start = max(begin + (first_high - 1) * step, low) if first_high > 0 else begin
    stop = min(begin + (last_high + 1) * step, high) if last_high < PLACES - 1 else end
    for way in (-1.0, 1.0):
        y, far = (start, step) if way < 0.0 else (stop, step)
        while low < y < high and abs(y - found[one, 1]) < _FARTHEST:
            ys[0] = y
            _at_noises(batches, totals, scanned, first, many, count, row, ys[:1], heights, misfits)
            if not heights[0] > top - _DROP:
                break
            y, far = min(max(y + way * far, low), high), 1.5 * far
        if way < 0.0:
            start = y
        else:
            stop = y
    return found[one, 1], found[one, 2], start, stop, found[1 - one, 1], found[1 - one, 2]
