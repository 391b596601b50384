"""The nodes of a batch: rules around its peak over r, and around what its bounds cut off; compiled."""

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
    conditional,
    given_noise,
    residuals,
)
from il6infer.inference.collapsed_nodes import POINTS, bounds
from il6infer.inference.quadrature import INNER, stretched, stretched_twice

_REACH = 6.0
"""Half the width of the strip in which a bound is resolved, in widths of its step."""

_STILL, _BROADEST = 1e-3, 2.0
"""A mean that moves less with r meets no bound; the width of a step is at most the other."""

_WIDE = 200.0
"""How far from its peak an integrand over r is followed at most."""

_NOISES, _LARGER = 6, 2.0
"""Noises that are tried where the noise is integrated out, and the factor from one to the next."""

_DROP = 20.0
"""What is smaller than the peak by this factor's exponential counts for nothing."""


@njit(**INNER)
def _between_walls(batch, r, mean, total, sigma, of_offset):  # noqa: ANN001, ANN202
    """Mean of u, or of u + r (`of_offset`), where the bounds of the other one leave it.

    Returns it, how far these have moved it, and the precision of u.
    """
    centre, both, _, _, _ = conditional(batch, r, mean, total, sigma)
    other = SCALE_PRIOR if of_offset else OFFSET_PRIOR
    shift = 0.0 if of_offset else r
    kept = min(max(centre, batch[other + 3] - shift), batch[other + 4] - shift)
    return kept + (r if of_offset else 0.0), abs(kept - centre), both


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
            centre, _, _ = _between_walls(batch, scanned[at, 0], scanned[at, 1], total, sigma, of_offset)
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
            slope -= weights.own[j] * rho / (rho + x[j])
        centre, moved, both = _between_walls(batch, r, mean, total, sigma, of_offset)
        slope = (slope / (sigma * sigma) - batch[OFFSET_PRIOR + 2]) / both
        if of_offset:
            slope += 1.0
        if moved > 0.0:  # along a bound of the other one
            slope = 1.0 if of_offset else -1.0
        if abs(slope) < _STILL:
            break
        width = min(1.0 / (max(math.sqrt(both), both * moved) * abs(slope)), _BROADEST)
        step = (edge - centre) / slope
        r += min(max(step, -8.0), 8.0)
        if abs(step) < 0.01 * width:
            return r, width
    return 0.0, 0.0


@njit(**INNER)
def _walled(batch, total, sigma, scanned, i):  # noqa: ANN001, ANN202
    """Whether it is a bound, and not the measurements, that makes the integrand small at a scanned point."""
    if not scanned[i, 2] < np.inf:
        return False
    found, _, _, mass = given_noise(batch, scanned[i, 0], scanned[i, 1], scanned[i, 2], total, sigma)
    return mass < -1e-9


@njit(**INNER)
def _counts(batch, r, mean, spread, total, sigma, others, freedom, top):  # noqa: ANN001, ANN202
    """Whether the integrand over r is not negligible there, at the noise that suits it best.

    A larger noise makes light of a misfit: the tails are those of a Student distribution, as far as the priors let
    them. `others` is the misfit of the other batches of the group, and `freedom` its degrees of freedom; 0: the noise
    is given.
    """
    if not spread < np.inf:
        return False
    larger, count = sigma, freedom + batch[SCALED]
    for _ in range(_NOISES if freedom > 0.0 else 1):
        found = given_noise(batch, r, mean, spread, total, larger)[0]
        if freedom > 0.0:
            found -= 0.5 * others / (larger * larger) + count * math.log(larger / sigma)
        if found >= top - _DROP:
            return True
        larger *= _LARGER
    return False


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
    centre, width, misfit = found[1], found[2], found[3]
    others = whole - misfit
    top = found[0] - 0.5 * others / (sigma * sigma) if freedom > 0.0 else found[0]
    low, high = bounds(batch)
    low, high = max(low, centre - _WIDE), min(high, centre + _WIDE)
    # Points beyond which there is nothing.
    first, last = 0, POINTS - 1
    while first < POINTS - 1 and scanned[first, 0] > centre:
        r, mean, spread = scanned[first, 0], scanned[first, 1], scanned[first, 2]
        if _counts(batch, r, mean, spread, total, sigma, others, freedom, top):
            break
        first += 1
    while last > 0 and scanned[last, 0] < centre:
        r, mean, spread = scanned[last, 0], scanned[last, 1], scanned[last, 2]
        if _counts(batch, r, mean, spread, total, sigma, others, freedom, top):
            break
        last -= 1
    start, stop = scanned[min(last + 1, POINTS - 1), 0], scanned[max(first - 1, 0), 0]
    # A prior without bounds ends a plateau beyond what was scanned: it is followed there, in ever longer steps.
    for way in (-1.0, 1.0):
        if (last < POINTS - 1) if way < 0.0 else (first > 0):
            continue
        r, step = (min(start, centre), 1.0) if way < 0.0 else (max(stop, centre), 1.0)
        while low < r < high:
            r, step = min(max(r + way * step, low), high), 1.5 * step
            mean, spread = residuals(batch, values, x, weights, r, logs)
            if not _counts(batch, r, mean, spread, total, sigma, others, freedom, top):
                break
        if way < 0.0:
            start = r
        else:
            stop = r
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
    # Data may want r far beyond a bound all the same: then the bound is a part of the slope that leads there.
    for upper in (False, True):
        at, wide = (high, high_width) if upper else (low, low_width)
        if wide == 0.0 or not (centre - at if upper else at - centre) > 0.5 * _REACH * wide:
            continue
        mean, spread = residuals(batch, values, x, weights, at, logs)
        if given_noise(batch, at, mean, spread, total, sigma)[0] > found[0] - _DROP:
            continue
        width = min(width, wide)
        if upper:
            high, high_width = stop, 0.0
        else:
            low, low_width = start, 0.0
    edge_rule, core_rule, count = rules[0], rules[1], 0
    low_end, high_end = low + _REACH * low_width, high - _REACH * high_width
    if not low_end + 0.1 * width < high_end:
        middle, at, wide = min(max(centre, start), stop), low, low_width
        if wide == 0.0 or (high_width > 0.0 and abs(high - middle) < abs(low - middle)):
            at, wide = high, high_width
        if wide > 0.0 and abs(at - middle) > wide:  # a corner on the slope of a broader peak
            return stretched_twice(
                nodes, log_weights, core_rule, start, stop, middle, width, min(max(at, start), stop), wide
            )
        if low_width > 0.0:
            width = min(width, low_width)
        if high_width > 0.0:
            width = min(width, high_width)
        return stretched(nodes, log_weights, 0, core_rule, start, stop, middle, width)
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
