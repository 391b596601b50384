"""Groups of batches with one noise parameter: marginal likelihood of all, and its slopes; compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from il6infer.inference.collapsed import (
    ABSOLUTE,
    BEGIN,
    END,
    FIRST,
    LAST,
    LOGARITHMIC,
    NOISE_FREE,
    NOISE_PRIOR,
    SCALED,
    SHIFTED,
    given_noises,
    residuals,
    tabulate,
)
from il6infer.inference.collapsed_nodes import BROAD, POINTS, climb, deepen, look, peak, scan, valley
from il6infer.inference.collapsed_noise import absolute_residuals, may_be_two, noise_peak, prior_apart, two_places
from il6infer.inference.collapsed_rules import place
from il6infer.inference.correlated import add_pairs, integrated, weights_of
from il6infer.inference.elementary import LANES, exp_of
from il6infer.inference.quadrature import INNER, stretched, stretched_twice
from il6infer.inference.rows import prior_at
from il6infer.kernel.cached_functions import cached


class Scratch(NamedTuple):
    """Memory for one group: b is a batch, k a node in r, q one in y, j a measurement."""

    scanned: np.ndarray
    """(b, points + 1, 4) r, mean, spread and height where r is looked for."""
    totals: np.ndarray
    """(b,) sum of weights."""
    peaks: np.ndarray
    """(b, 4) height, place, width and misfit."""
    nodes: np.ndarray
    """(b, k) r."""
    log_weights: np.ndarray
    """(b, k) of the rule."""
    counts: np.ndarray
    """(b,) how many nodes in r."""
    ys: np.ndarray
    """(2, q) y, and the logarithms of the rule's weights."""
    table: np.ndarray
    """(4, q) see `il6infer.inference.collapsed.tabulate`."""
    heights: np.ndarray
    """(q,) probability of y."""
    shares: np.ndarray
    """(b, k, q) probability of r at y."""
    means: np.ndarray
    """(b, k, q) mean of u at r and y."""
    squares: np.ndarray
    """(b, k, q) mean square of u."""
    logs: np.ndarray
    """(b k, j) ln(rho + x)."""
    highest: np.ndarray
    """(q,) of a batch: logarithm of its largest share."""
    wholes: np.ndarray
    """(b, q) logarithm of the integral over r."""
    own: np.ndarray
    """(2, j) slopes by the predictions and by the noise of a batch."""


_LEAST = 1e-13
"""A node with a smaller share of the integral has no part in the slopes."""

_ROUNDS = 10
"""In which noise and peaks are found by each other, at most; two do but for data of little noise."""

_NOTHING = -690.0
"""What is farther below the highest, as a logarithm, is zero."""

_LN_2, _LN_2PI = math.log(2.0), math.log(2.0 * math.pi)


@njit(**INNER)
def prepare(group, batches, values, x, noise, weights, rules, scratch):  # noqa: ANN001, ANN201
    """Place all nodes of a group: in r, for each of its batches, and in y = ln(sigma).

    Returns how many of the latter there are, 0 where the group is impossible.
    """
    scanned, totals, peaks, logs = scratch.scanned, scratch.totals, scratch.peaks, scratch.logs[0]
    nodes, log_weights, counts, ys = scratch.nodes, scratch.log_weights, scratch.counts, scratch.ys
    first, last = int(group[FIRST]), int(group[LAST])
    absolute, freedom, spread = group[ABSOLUTE] != 0.0, 0, 0.0
    for b in range(first, last):
        batch = batches[b]
        freedom += int(batch[END] - batch[BEGIN] - batch[SCALED])
        if absolute:
            spread += absolute_residuals(batch, values, x, noise)
            counts[b - first], nodes[b - first, 0], log_weights[b - first, 0] = 1, 0.0, 0.0
            continue
        totals[b - first] = scan(batch, values, x, weights, logs, scanned[b - first])
    power = 1.0 if absolute else 2.0
    sigma, count = 1.0, 1
    ys[0, 0], ys[1, 0] = 0.0, 0.0
    for round_ in range(1 if absolute else _ROUNDS):
        # The noise says how wide a peak is, and the peaks what is left for the noise.
        if not absolute:
            spread = 0.0
            for b in range(last - first):
                batch = batches[first + b]
                if round_ > 0 and peaks[b, 2] < BROAD:
                    found = climb(batch, values, x, weights, logs, totals[b], sigma, peaks[b, 1], peaks[b, 2])
                    best = look(batch, totals[b], sigma, scanned[b])
                    if scanned[b, best, 3] > found[0]:  # at another noise the peak is elsewhere
                        found = peak(batch, values, x, weights, logs, totals[b], sigma, scanned[b])
                else:
                    found = peak(batch, values, x, weights, logs, totals[b], sigma, scanned[b])
                peaks[b, 0], peaks[b, 1], peaks[b, 2], peaks[b, 3] = found
                if not peaks[b, 0] > -np.inf:
                    return 0
                spread += peaks[b, 3]
        if not spread < np.inf:
            return 0
        if group[NOISE_FREE] == 0.0:
            break
        centre, width, start, stop = noise_peak(max(freedom, 1), spread, power, group[NOISE_PRIOR:])
        before, sigma = sigma, math.exp(centre)
        if round_ > 0 and abs(math.log(sigma / before)) < 0.2:
            break
    if group[NOISE_FREE] != 0.0:
        other, its_width = 0.0, 0.0
        apart = False
        for b in range(0 if absolute else last - first):
            if batches[first + b, SHIFTED] != 0.0:
                best = valley(batches[first + b], totals[b], scanned[b])
                low, high = scanned[b, min(best + 1, POINTS - 1), 0], scanned[b, max(best - 1, 0), 0]
                apart = apart or not low <= peaks[b, 1] <= high
        if not absolute and (apart or may_be_two(batches, scanned, totals, peaks, first, last - first, sigma)):
            for b in range(last - first):
                if batches[first + b, SHIFTED] != 0.0:
                    deepen(batches[first + b], values, x, weights, logs, totals[b], scanned[b])
            measured = float(batches[last - 1, END] - batches[first, BEGIN])
            centre, width, start, stop, other, its_width = two_places(
                batches, totals, scanned, first, last - first, measured, max(freedom, 1), centre, width, start, stop,
                group[NOISE_PRIOR:],
            )  # fmt: skip
        else:
            centre, width, start, stop, other, its_width = prior_apart(
                max(freedom, 1), spread, power, group[NOISE_PRIOR:], centre, width, start, stop
            )
        if not absolute:
            least = min(centre, other) if its_width > 0.0 else centre
            if abs(least - math.log(sigma)) > 0.2:
                # Nodes in r are around the narrower peak: tails of their rule are wide enough for the broad one.
                sigma, spread = math.exp(least), 0.0
                for b in range(last - first):
                    found = peak(batches[first + b], values, x, weights, logs, totals[b], sigma, scanned[b])
                    if scanned[b, POINTS, 2] < np.inf:
                        deep = climb(
                            batches[first + b], values, x, weights, logs, totals[b], sigma, scanned[b, POINTS, 0], 0.05
                        )
                        found = deep if deep[0] > found[0] else found
                    peaks[b, 0], peaks[b, 1], peaks[b, 2], peaks[b, 3] = found
                    spread += found[3]
        if its_width > 0.0:
            count = stretched_twice(ys[0], ys[1], rules[2], start, stop, centre, width, other, its_width)
        else:
            count = stretched(ys[0], ys[1], 0, rules[2], start, stop, centre, width)
    if not absolute:
        for b in range(last - first):
            counts[b] = place(
                batches[first + b], values, x, weights, logs, totals[b], sigma, scanned[b], peaks[b], spread,
                freedom * group[NOISE_FREE], rules, nodes[b], log_weights[b],
            )  # fmt: skip
    return count


@njit(**INNER)
def gather(members, prediction, noise, x, c):  # noqa: ANN001, ANN201
    """Predictions and noise of the members, into `x` and `c`; returns whether all can be."""
    for i in range(len(members)):
        x[i], c[i] = prediction[members[i]], noise[members[i]]
        if not (math.isfinite(x[i]) and c[i] > 0.0):
            return False
    return True


@njit(**INNER)
def space(groups, batches, rules):  # noqa: ANN001, ANN201
    """Scratch memory for the largest group, see `Scratch`."""
    most, widest = 1, 1
    for g in range(len(groups)):
        most = max(most, int(groups[g, LAST] - groups[g, FIRST]))
    for b in range(len(batches)):
        widest = max(widest, int(batches[b, END] - batches[b, BEGIN]))
    deep, levels = 2 * rules[0].shape[1] + rules[1].shape[1], rules[2].shape[1]
    shape = (most, deep, levels)
    return Scratch(
        np.zeros((most, POINTS + 1, 4)), np.empty(most), np.empty((most, 4)), np.empty((most, deep)),
        np.empty((most, deep)), np.zeros(most, dtype=np.int64), np.empty((2, levels)), np.empty((4, levels)),
        np.empty(levels), np.empty(shape), np.empty(shape), np.empty(shape), np.empty((most * deep, widest)),
        np.empty(levels), np.empty((most, levels)), np.empty((2, widest)),
    )  # fmt: skip


@njit(**LANES)
def _weigh_batch(shares, count, levels, highest, wholes):  # noqa: ANN001, ANN202
    """Make probabilities of the logarithms of shares (nodes, levels); `wholes` (levels,) gets those of their sums."""
    for q in range(levels):
        highest[q], wholes[q] = shares[0, q], 0.0
    for k in range(1, count):
        for q in range(levels):
            highest[q] = max(highest[q], shares[k, q])
    for k in range(count):
        for q in range(levels):
            away = shares[k, q] - highest[q]
            shares[k, q] = exp_of(away) if away > _NOTHING else 0.0
            wholes[q] += shares[k, q]
    for k in range(count):
        for q in range(levels):
            shares[k, q] = shares[k, q] / wholes[q] if wholes[q] > 0.0 else 0.0
    for q in range(levels):
        wholes[q] = highest[q] + math.log(wholes[q]) if wholes[q] > 0.0 else -np.inf


@njit(**INNER)
def weigh(group, batches, values, x, c, weights, rules, scratch):  # noqa: ANN001, ANN201
    """Weigh the nodes of a group: fills `scratch`; returns how many nodes in y there are, and the log-likelihood."""
    first, many = int(group[FIRST]), int(group[LAST] - group[FIRST])
    levels = prepare(group, batches, values, x, c, weights, rules, scratch)
    if levels == 0:
        return 0, -np.inf
    absolute, shares, deep = group[ABSOLUTE] != 0.0, scratch.shares, scratch.nodes.shape[1]
    best = scratch.heights
    total, count = 0.0, 0.0
    for b in range(many):
        batch = batches[first + b]
        begin, end = int(batch[BEGIN]), int(batch[END])
        count += end - begin
        for j in range(begin, end):
            total -= math.log(c[j]) + (_LN_2 if absolute else 0.5 * _LN_2PI)
            if batch[LOGARITHMIC] != 0.0:
                total -= values[j]
        spread = absolute_residuals(batch, values, x, c) if absolute else 0.0
        if not absolute:
            tabulate(batch, scratch.totals[b], scratch.ys[0], levels, scratch.table)
        best[:] = -np.inf
        # From between the walls outwards.
        for k in range(scratch.counts[b] - 1, -1, -1):
            mean = 0.0
            if not absolute:
                row = scratch.logs[b * deep + k]
                mean, spread = residuals(batch, values, x, weights, scratch.nodes[b, k], row)
            if absolute:
                for q in range(levels):
                    shares[b, k, q] = -spread * math.exp(-scratch.ys[0, q])
                    scratch.means[b, k, q], scratch.squares[b, k, q] = 0.0, 0.0
            elif spread < np.inf:
                given_noises(
                    batch, scratch.nodes[b, k], mean, spread, scratch.totals[b], scratch.table, levels,
                    scratch.log_weights[b, k], best, shares[b, k], scratch.means[b, k], scratch.squares[b, k],
                )  # fmt: skip
            else:
                shares[b, k, :] = -np.inf
                scratch.means[b, k, :], scratch.squares[b, k, :] = 0.0, 0.0
        _weigh_batch(shares[b], scratch.counts[b], levels, scratch.highest, scratch.wholes[b])
    heights, top = scratch.heights, -np.inf
    for q in range(levels):
        y = scratch.ys[0, q]
        heights[q] = scratch.ys[1, q] - count * y
        if group[NOISE_FREE] != 0.0:
            heights[q] += prior_at(math.exp(y), group[NOISE_PRIOR:])[0] + y
        for b in range(many):
            heights[q] += scratch.wholes[b, q]
        top = max(top, heights[q])
    if not top > -np.inf:
        return 0, -np.inf
    whole = 0.0
    for q in range(levels):
        heights[q] = math.exp(heights[q] - top)
        whole += heights[q]
    for q in range(levels):
        heights[q] /= whole
    return levels, total + top + math.log(whole)


@njit(**LANES)
def _moments(heights, shares, means, squares, inverse, levels):  # noqa: ANN001, ANN202
    """Share of a node in r, and moments of u there over the noise: of order 0, 1, 2, each times `inverse`."""
    share, zeroth, once, twice = 0.0, 0.0, 0.0, 0.0
    for q in range(levels):
        own = heights[q] * shares[q]
        share += own
        own *= inverse[q]
        zeroth += own
        once += own * means[q]
        twice += own * squares[q]
    return share, zeroth, once, twice


@njit(**LANES)
def _add_slopes(batch, values, x, c, weights, rho, logs, zeroth, once, twice, own):  # noqa: ANN001, ANN202
    """Add what one node in r has to do with the slopes of its batch."""
    begin = int(batch[BEGIN])
    logarithmic = 1.0 if batch[LOGARITHMIC] != 0.0 else 0.0
    for j in range(int(batch[END]) - begin):
        i = begin + j
        away = values[i] - logs[j]
        own[0, j] += weights.own[i] * (away * zeroth - once) / (1.0 + logarithmic * (rho + x[i] - 1.0))
        own[1, j] += weights.own[i] * (away * away * zeroth - 2.0 * away * once + twice) / c[i]


@njit(**INNER)
def _add_course_slopes(batch, values, x, c, weights, rho, logs, zeroth, once, twice, own):  # noqa: ANN001, ANN202
    """As `_add_slopes`, where errors hang together along courses; of these only the slopes by predictions."""
    begin, count = int(batch[BEGIN]), int(batch[END] - batch[BEGIN])
    add_pairs(begin, count, values, logs, weights, zeroth, once, twice)
    for j in range(count):
        i = begin + j
        away, start = values[i] - logs[j], weights.first[i]
        pull = weights.own[i] * away if start < 0 else 0.0
        for k in range(weights.lanes[i]):
            pull += weights.cross[i, k] * (values[start + k] - logs[start + k - begin])
        inner = rho + x[i] if batch[LOGARITHMIC] != 0.0 else 1.0
        own[0, j] += (pull * zeroth - weights.own[i] * once) / inner
        if start < 0:
            own[1, j] += weights.own[i] * (away * away * zeroth - 2.0 * away * once + twice) / c[i]


@njit(**INNER)
def _slopes(group, batches, members, values, x, c, weights, scratch, levels, by_value, by_noise):  # noqa: ANN001, ANN202
    """Slopes of a group that `weigh` has seen."""
    absolute, deep, first = group[ABSOLUTE] != 0.0, scratch.nodes.shape[1], int(group[FIRST])
    inverse, own = np.exp(-(1.0 if absolute else 2.0) * scratch.ys[0]), scratch.own
    for b in range(int(group[LAST]) - first):
        batch = batches[first + b]
        begin, end = int(batch[BEGIN]), int(batch[END])
        own[:] = 0.0
        for k in range(scratch.counts[b]):
            share, zeroth, once, twice = _moments(
                scratch.heights, scratch.shares[b, k], scratch.means[b, k], scratch.squares[b, k], inverse, levels
            )
            if share < _LEAST:
                continue
            if not absolute:
                rho = math.exp(scratch.nodes[b, k]) if batch[SHIFTED] != 0.0 else 0.0
                logs = scratch.logs[b * deep + k]
                if len(weights.cross) > 0:
                    _add_course_slopes(batch, values, x, c, weights, rho, logs, zeroth, once, twice, own)
                else:
                    _add_slopes(batch, values, x, c, weights, rho, logs, zeroth, once, twice, own)
                continue
            for j in range(begin, end):
                away = values[j] - (math.log(x[j]) if batch[LOGARITHMIC] != 0.0 else x[j])
                inner = x[j] if batch[LOGARITHMIC] != 0.0 else 1.0
                own[0, j - begin] += np.sign(away) * zeroth / (c[j] * inner)
                own[1, j - begin] += abs(away) * zeroth / (c[j] * c[j])
        for j in range(begin, end):
            by_value[members[j]], by_noise[members[j]] = own[0, j - begin], own[1, j - begin] - 1.0 / c[j]


@njit(**INNER)
def collapsed(groups, batches, members, values, courses, lanes, prediction, noise, by_value, by_noise, rules):  # noqa: ANN001, ANN201
    """Logarithm of the marginal likelihood of all groups; fills its slopes by predictions and noise.

    Parameters
    ----------
    groups, batches
        See `il6infer.inference.collapsed`.
    members, values
        (members,) rows of the measurements of one batch after the other; their values, as their noise takes them.
    courses, lanes
        See `il6infer.inference.correlated`.
    prediction, noise
        (measurements,) at scale 1, offset 0, noise 1.
    by_value, by_noise
        (measurements,) filled at `members`; those of carriers are added to.
    """
    x, c = np.empty(len(members)), np.empty(len(members))
    if not gather(members, prediction, noise, x, c):
        return -np.inf
    weights, total = weights_of(courses, lanes, prediction, noise, c)
    scratch = space(groups, batches, rules)
    for g in range(len(groups)):
        levels, found = weigh(groups[g], batches, values, x, c, weights, rules, scratch)
        if levels == 0:
            return -np.inf
        total += found
        _slopes(groups[g], batches, members, values, x, c, weights, scratch, levels, by_value, by_noise)
    integrated(courses, lanes, members, c, weights, prediction, noise, by_value, by_noise)
    return total


@cached
def collapsed_at(groups, batches, members, values, courses, lanes, prediction, noise, by_value, by_noise, rules):  # noqa: ANN001, ANN201
    """Call `collapsed` from Python."""
    return collapsed(groups, batches, members, values, courses, lanes, prediction, noise, by_value, by_noise, rules)
