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

from il6infer.inference.quadrature import FAR, INNER, between, legendre, stretched

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

POINTS, _ABOVE, _SPACING = 22, 4.0, 1.0
"""Where r is looked for first: so many points, from so far above the largest ln(x) downwards, so far apart."""

_NEGLIGIBLE = 30.0
"""What is smaller than another by this factor's exponential is left out of a sum with that."""

BROAD = 0.7
"""Width of the shoulder of a plateau, and of the widest peak."""

_REACH = 6.0
"""Half the width of the strip in which a bound is resolved, in widths of its step."""

_STILL, _BROADEST = 1e-3, 2.0
"""A mean that moves less with r meets no bound; the width of a step is at most the other."""

_WIDE = 200.0
"""How far from its peak an integrand over r is followed where there is no bound."""

_DROP = 20.0
"""What is smaller than the peak by this factor's exponential counts for nothing."""

_LN_2PI = math.log(2.0 * math.pi)


@njit(**INNER)
def residuals(batch, values, x, weights, r, logs):  # noqa: ANN001, ANN201
    """Measured minus predicted of a batch at scale 1: mean and sum of squares about it, weighted; fills `logs`.

    `logs` (measurements of the batch,) get ln(rho + x), or x itself for noise that is not logarithmic. The sum is
    infinite where a prediction is not above zero.
    """
    begin, end = int(batch[BEGIN]), int(batch[END])
    rho = math.exp(r) if batch[SHIFTED] != 0.0 else 0.0
    total, mean = 0.0, 0.0
    for j in range(begin, end):
        if batch[LOGARITHMIC] != 0.0:
            z = rho + x[j]
            if not z > 0.0:
                return 0.0, np.inf
            logs[j - begin] = math.log(z)
        else:
            logs[j - begin] = x[j]
        mean += weights[j] * (values[j] - logs[j - begin])
        total += weights[j]
    mean /= total
    spread = 0.0
    for j in range(begin, end):
        distance = values[j] - logs[j - begin] - mean
        spread += weights[j] * distance * distance
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


@njit(**INNER)
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
    for q in range(levels):
        precision, inverse = total * table[0, q], 1.0 / table[1, q]
        centre = (precision * mean + b) * inverse
        left = 0.5 * ((b * b + precision * mean * (2.0 * b - c * mean)) * inverse - spread * table[0, q])
        found[q], means[q], squares[q] = a + left + table[3, q], centre, centre * centre + inverse
        if found[q] < best[q] - _NEGLIGIBLE or not low < high:
            found[q] = -np.inf
            continue
        if (centre - low) * table[2, q] > FAR and (high - centre) * table[2, q] > FAR:
            best[q] = max(best[q], found[q])
            continue
        mass, means[q], squares[q] = between(centre, table[1, q], low, high)
        found[q] += mass
        best[q] = max(best[q], found[q])


@njit(**INNER)
def _crossing(batch, values, x, weights, logs, total, sigma, scanned, of_offset, upper):  # noqa: ANN001, ANN202
    """Find r at which the mean of u, or of u + r (`of_offset`), is at a bound, by Newton's method.

    Returns r, and the width of the step that the bound makes there; 0 where there is none. As r grows u falls and u + r
    rises, so each bound is met once at most.
    """
    edge = batch[(OFFSET_PRIOR if of_offset else SCALE_PRIOR) + (4 if upper else 3)]
    from_below, nearest = of_offset != upper, -1
    for i in range(POINTS):
        # From the last scanned point inside.
        at = POINTS - 1 - i if from_below else i
        if nearest < 0 and scanned[at, 2] < np.inf:
            centre = conditional(batch, scanned[at, 0], scanned[at, 1], total, sigma)[0]
            centre += scanned[at, 0] if of_offset else 0.0
            if (centre <= edge) if upper else (centre >= edge):
                nearest = at
    if nearest < 0 or not -np.inf < edge < np.inf:
        return 0.0, 0.0
    r = scanned[nearest, 0]
    for _ in range(12):
        mean, spread = residuals(batch, values, x, weights, r, logs)
        if not spread < np.inf:
            break
        slope, rho = 0.0, math.exp(r)
        for j in range(int(batch[BEGIN]), int(batch[END])):
            slope -= weights[j] * rho / (rho + x[j])
        centre, both, _, _, _ = conditional(batch, r, mean, total, sigma)
        slope = (slope / (sigma * sigma) - batch[OFFSET_PRIOR + 2]) / both
        if of_offset:
            centre, slope = centre + r, slope + 1.0
        if abs(slope) < _STILL:
            break
        width = min(1.0 / (math.sqrt(both) * abs(slope)), _BROADEST)
        step = (edge - centre) / slope
        r += min(max(step, -8.0), 8.0)
        if abs(step) < 0.01 * width:
            return r, width
    return 0.0, 0.0


@njit(**INNER)
def _bounds(batch):  # noqa: ANN001, ANN202
    """Give the ends of r: the offset's where there is no scale, else those that any scale leaves."""
    low, high = batch[OFFSET_PRIOR + 3], batch[OFFSET_PRIOR + 4]
    if batch[SCALED] != 0.0:
        low, high = low - batch[SCALE_PRIOR + 4], high - batch[SCALE_PRIOR + 3]
    return low, high


@njit(**INNER)
def scan(batch, values, x, weights, logs, scanned):  # noqa: ANN001, ANN201
    """Look at a batch from afar: fills `scanned` (points, 4) with r, mean and spread; returns the sum of weights."""
    begin, end = int(batch[BEGIN]), int(batch[END])
    total, largest, level = 0.0, 0.0, 0.0
    for j in range(begin, end):
        total += weights[j]
        largest = max(largest, x[j])
        level += values[j] / (end - begin)
    top, bottom = 0.0, 0.0
    if batch[SHIFTED] != 0.0:
        low, high = _bounds(batch)
        # Where nothing is predicted, only the offset is measured.
        top = (math.log(largest) if largest > 0.0 else level) + _ABOVE
        top = min(max(top, low), high)
        bottom = min(max(top - (POINTS - 1) * _SPACING, low), high)
    for i in range(POINTS):
        r = top - (top - bottom) * i / (POINTS - 1)
        scanned[i, 0] = r
        if i == 0 or batch[SHIFTED] != 0.0:
            scanned[i, 1], scanned[i, 2] = residuals(batch, values, x, weights, r, logs)
        else:
            scanned[i, 1], scanned[i, 2] = scanned[0, 1], scanned[0, 2]
    return total


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
    low, high = _bounds(batch)
    for _ in range(6):
        below = _height(batch, values, x, weights, logs, total, sigma, max(r - step, low))
        above = _height(batch, values, x, weights, logs, total, sigma, min(r + step, high))
        bend = (2.0 * top - below - above) / (step * step)
        if not (bend > 1e-3 and bend < np.inf):
            step *= 0.5
            continue
        move = min(max(0.5 * (above - below) / (step * bend), -2.0 * step), 2.0 * step)
        move = min(max(move, low - r), high - r)
        mean, spread = residuals(batch, values, x, weights, r + move, logs)
        found = given_noise(batch, r + move, mean, spread, total, sigma)[0]
        if found > top:
            r, top = r + move, found
            misfit = _misfit(batch, mean, spread, total, sigma, r)
        finer = 1.0 / math.sqrt(bend)
        settled = abs(move) < 0.3 * finer and finer > 0.5 * step
        step = min(step, finer)
        if settled:
            break
    return top, r, min(max(step, 1e-4), BROAD), misfit


@njit(**INNER)
def _height(batch, values, x, weights, logs, total, sigma, r):  # noqa: ANN001, ANN202
    mean, spread = residuals(batch, values, x, weights, r, logs)
    return given_noise(batch, r, mean, spread, total, sigma)[0]


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
        if scanned[first, 3] > top - 1.0:
            while 0 <= first < POINTS and scanned[first, 3] > top - 1.0:
                first += way
            return top, scanned[min(max(first, 0), POINTS - 1), 0], BROAD, misfit
    step = 0.5 * (scanned[0, 0] - scanned[1, 0])
    return climb(batch, values, x, weights, logs, total, sigma, scanned[best, 0], step)


@njit(**INNER)
def _walled(batch, total, sigma, scanned, i):  # noqa: ANN001, ANN202
    """Whether it is a bound, and not the measurements, that makes the integrand small at a scanned point."""
    if not scanned[i, 2] < np.inf:
        return False
    found, _, _, mass = given_noise(batch, scanned[i, 0], scanned[i, 1], scanned[i, 2], total, sigma)
    return mass < -1e-9


@njit(**INNER)
def place(
    batch,
    values,
    x,
    weights,
    logs,
    total,
    sigma,
    scanned,
    found,
    whole,
    freedom,
    rules,
    nodes,
    log_weights,  # noqa: ANN001
):  # noqa: ANN201
    """Place the nodes in r around a `peak`, which is `found`; returns how many there are.

    `whole` is the misfit of all batches of the group, and `freedom` its degrees of freedom where its noise is
    integrated out, else 0.
    """
    if batch[SHIFTED] == 0.0:
        nodes[0], log_weights[0] = 0.0, 0.0
        return 1
    top, centre, width, misfit = found[0], found[1], found[2], found[3]
    look(batch, total, sigma, scanned)
    for i in range(POINTS):
        drop = top - scanned[i, 3]
        if freedom > 0.0 and scanned[i, 2] < np.inf:
            # A larger noise makes light of a misfit: the tails are those of a Student distribution.
            own = _misfit(batch, scanned[i, 1], scanned[i, 2], total, sigma, scanned[i, 0])
            drop = min(drop, 0.5 * freedom * math.log(max(whole - misfit + own, 1e-300) / max(whole, 1e-300)))
        scanned[i, 3] = drop
    low, high = _bounds(batch)
    low, high = max(low, centre - _WIDE), min(high, centre + _WIDE)
    # Points beyond which there is nothing.
    first, last = 0, POINTS - 1
    while first < POINTS - 1 and scanned[first, 3] > _DROP and scanned[first, 0] > centre:
        first += 1
    while last > 0 and scanned[last, 3] > _DROP and scanned[last, 0] < centre:
        last -= 1
    start = scanned[last + 1, 0] if last < POINTS - 1 else low
    stop = scanned[first - 1, 0] if first > 0 else high
    low, high, low_width, high_width = start, stop, 0.0, 0.0
    if batch[SCALED] != 0.0:
        # Bounds that the scale, or the offset with it, meets as r goes down or up.
        goes_down = last == POINTS - 1 or _walled(batch, total, sigma, scanned, last + 1)
        goes_up = first == 0 or _walled(batch, total, sigma, scanned, first - 1)
        for side in range(4):
            of_offset, upper = side % 2 == 1, side >= 2
            from_below = of_offset != upper
            if not (goes_down if from_below else goes_up):
                continue
            r, step = _crossing(batch, values, x, weights, logs, total, sigma, scanned, of_offset, upper)
            if step > 0.0 and from_below and r > low:
                low, low_width = r, step
            if step > 0.0 and not from_below and r < high:
                high, high_width = r, step
    edge_rule, core_rule, count = rules[0], rules[1], 0
    low_end, high_end = low + _REACH * low_width, high - _REACH * high_width
    if not low_end + 0.1 * width < high_end:
        if low_width > 0.0:
            width = min(width, low_width)
        if high_width > 0.0:
            width = min(width, high_width)
        return stretched(nodes, log_weights, 0, core_rule, start, stop, min(max(centre, start), stop), width)
    for upper in (False, True):
        at, wide = (high, high_width) if upper else (low, low_width)
        if wide == 0.0:
            continue
        inside = high_end if upper else low_end
        begin, end = (inside, min(at + _REACH * wide, stop)) if upper else (max(at - _REACH * wide, start), inside)
        for i in range(edge_rule.shape[1]):
            nodes[count] = begin + (end - begin) * edge_rule[0, i]
            log_weights[count] = math.log(max(edge_rule[1, i] * (end - begin), 1e-300))
            count += 1
    return stretched(
        nodes, log_weights, count, core_rule, low_end, high_end, min(max(centre, low_end), high_end), width
    )
