"""Draws of what was integrated out, from its distribution given the rest and the measurements."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numba import njit
from scipy.stats import truncnorm

from il6infer.engine import Engine
from il6infer.inference.collapsed import RULES, conditional, given_noise, residuals
from il6infer.inference.collapsed_groups import (
    ABSOLUTE,
    FIRST,
    LAST,
    NOISE_FREE,
    NOISE_PRIOR,
    gather,
    space,
    weigh,
)
from il6infer.inference.collapsed_noise import absolute_residuals
from il6infer.inference.collapsed_tables import reference, tables_of
from il6infer.inference.correlated import weights_of
from il6infer.inference.nuisance import Nuisance
from il6infer.inference.progress import nothing_done
from il6infer.inference.quadrature import INNER
from il6infer.inference.rows import HIGH, LOW, prior_at
from il6infer.inference.side_by_side import side_by_side
from il6infer.kernel.cached_functions import cached
from il6infer.problems.priors import draw
from il6infer.problems.spec import Problem

_SWEEPS, _OUT = 4, 100
"""Sweeps of slice sampling, and steps that a slice may be widened by: far more than a slice is wide."""

_WIDE, _LEAST = 2.0, 1e-9
"""Step by which a slice is widened, in standard deviations, and the least of these."""


@njit(**INNER)
def _chosen(weights, count):  # noqa: ANN001, ANN202
    """Index drawn with probabilities proportional to weights."""
    total = 0.0
    for i in range(count):
        total += weights[i]
    left = np.random.random() * total  # noqa: NPY002 (numba's own generator, seeded for each draw)
    for i in range(count):
        left -= weights[i]
        if left <= 0.0:
            return i
    return count - 1


@njit(**INNER)
def _height(which, at, group, batches, values, x, weights, logs, scratch, rs, y, known):  # noqa: ANN001, ANN202
    """Log-density, but for a constant, of r of one batch (`which`), or of y = ln(sigma) (-1), given the others.

    What y does not change is `known`, see `_know`.
    """
    first = int(group[FIRST])
    if which >= 0:
        mean, spread = residuals(batches[first + which], values, x, weights, at, logs)
        if not spread < np.inf:
            return -np.inf
        return given_noise(batches[first + which], at, mean, spread, scratch.totals[which], math.exp(y))[0]
    sigma, row = math.exp(at), group[NOISE_PRIOR:]
    if not row[LOW] <= sigma <= row[HIGH]:
        return -np.inf
    total = prior_at(sigma, row)[0] + at
    for b in range(int(group[LAST]) - first):
        batch = batches[first + b]
        total -= (batch[1] - batch[0]) * at
        if group[ABSOLUTE] != 0.0:
            total -= known[b, 1] / sigma
        else:
            total += given_noise(batch, rs[b], known[b, 0], known[b, 1], scratch.totals[b], sigma)[0]
    return total


@njit(**INNER)
def _know(group, batches, values, x, weights, logs, rs, known):  # noqa: ANN001, ANN202
    """Fill `known` (batches of the group, 2): mean and sum of squares of residuals at r, or 0 and the absolute sum."""
    first = int(group[FIRST])
    for b in range(int(group[LAST]) - first):
        if group[ABSOLUTE] != 0.0:
            known[b, 0] = 0.0
            known[b, 1] = absolute_residuals(batches[first + b], values, x, 1.0 / np.sqrt(weights.own))
        else:
            known[b, 0], known[b, 1] = residuals(batches[first + b], values, x, weights, rs[b], logs)


@njit(**INNER)
def _slice(which, at, width, group, batches, values, x, weights, logs, scratch, rs, y, known):  # noqa: ANN001, ANN202
    """Move by one step of slice sampling (Neal 2003, doi 10.1214/aos/1056562461), stepping out."""
    top = _height(which, at, group, batches, values, x, weights, logs, scratch, rs, y, known)
    level = top + math.log(np.random.random())  # noqa: NPY002
    low = at - width * np.random.random()  # noqa: NPY002
    high = low + width
    for end in range(2):
        for _ in range(_OUT):
            edge = low if end == 0 else high
            if not _height(which, edge, group, batches, values, x, weights, logs, scratch, rs, y, known) > level:
                break
            if end == 0:
                low -= width
            else:
                high += width
    while high - low > 1e-12:
        found = low + (high - low) * np.random.random()  # noqa: NPY002
        if _height(which, found, group, batches, values, x, weights, logs, scratch, rs, y, known) > level:
            return found
        if found < at:
            low = found
        else:
            high = found
    return at


@njit(**INNER)
def _widths(scratch, levels, many, widths):  # noqa: ANN001, ANN202
    """Fill the standard deviation of r of each batch (batches of the group,) over all nodes; give that of y.

    A width that depended on the node which a draw begins at would leave another distribution than the right one.
    """
    ys, heights = scratch.ys[0], scratch.heights
    of_y = _deviation(ys, heights, levels)
    for b in range(many):
        total, mean, square = 0.0, 0.0, 0.0
        for part in range(2):
            for q in range(levels):
                for k in range(scratch.counts[b]):
                    share = heights[q] * scratch.shares[b, k, q]
                    if part == 0:
                        total += share
                        mean += share * scratch.nodes[b, k]
                    else:
                        square += share * (scratch.nodes[b, k] - mean) ** 2
            if part == 0:
                mean /= total
        widths[b] = max(math.sqrt(square / total), _LEAST)
    return of_y


@njit(**INNER)
def _deviation(at, weights, count):  # noqa: ANN001, ANN202
    """Give the standard deviation of places by their weights."""
    total, mean, square = 0.0, 0.0, 0.0
    for i in range(count):
        total += weights[i]
        mean += weights[i] * at[i]
    mean /= total
    for i in range(count):
        square += weights[i] * (at[i] - mean) ** 2
    return max(math.sqrt(square / total), _LEAST)


@cached
def draw_back(groups, batches, members, values, courses, lanes, prediction, noise, rules, seed, noises, ratios, inner):  # noqa: ANN001, ANN201
    """One draw of every noise and every r, and the distribution of every u given these.

    Parameters
    ----------
    noises
        (groups,) filled with the noise; 1 where that is not integrated out.
    ratios
        (batches,) filled with r.
    inner
        (batches, 4) filled with mean, precision and walls of u.

    Returns
    -------
    bool
        Whether there is one.
    """
    np.random.seed(seed)  # noqa: NPY002
    x, c = np.empty(len(members)), np.empty(len(members))
    if not gather(members, prediction, noise, x, c):
        return False
    weights, _ = weights_of(courses, lanes, prediction, noise, c)
    scratch = space(groups, batches, rules)
    logs = scratch.logs[0]
    for g in range(len(groups)):
        group, first, many = groups[g], int(groups[g, FIRST]), int(groups[g, LAST] - groups[g, FIRST])
        levels, _ = weigh(group, batches, values, x, c, weights, rules, scratch)
        if levels == 0:
            return False
        q = _chosen(scratch.heights, levels)
        rs, widths, known = np.empty(many), np.empty(many), np.empty((many, 2))
        y, y_width = scratch.ys[0, q], _WIDE * _widths(scratch, levels, many, widths)
        for b in range(many):
            rs[b] = scratch.nodes[b, _chosen(scratch.shares[b, :, q], scratch.counts[b])]
        # From a node into the continuum around it.
        for _ in range(_SWEEPS):
            for b in range(many):
                if batches[first + b, 4] != 0.0:
                    rs[b] = _slice(
                        b, rs[b], _WIDE * widths[b], group, batches, values, x, weights, logs, scratch, rs, y, known
                    )
            if group[NOISE_FREE] != 0.0:
                _know(group, batches, values, x, weights, logs, rs, known)
                y = _slice(-1, y, y_width, group, batches, values, x, weights, logs, scratch, rs, y, known)
        noises[g] = math.exp(y)
        for b in range(many):
            ratios[first + b] = rs[b]
            if group[ABSOLUTE] == 0.0:
                mean, _ = residuals(batches[first + b], values, x, weights, rs[b], logs)
                found = conditional(batches[first + b], rs[b], mean, scratch.totals[b], noises[g])
                inner[first + b, 0], inner[first + b, 1], inner[first + b, 2], inner[first + b, 3], _ = found
    return True


def restore(
    problem: Problem,
    engine: Engine,
    nuisance: Nuisance,
    sampled: np.ndarray,
    seed: np.random.SeedSequence,
    threads: int = 1,
    done: Callable[[], None] = nothing_done,
) -> np.ndarray:
    """All estimated parameters (draws, parameters) from draws of those that were sampled.

    Parameters
    ----------
    sampled
        (draws, parameters not integrated out), on the linear scale.
    seed
        Each draw has a generator of its own, so the number of threads changes nothing.
    done
        Called after each draw.

    Returns
    -------
    np.ndarray
        (draws, parameters); NaN where the measurements are impossible.
    """
    template, tables = reference(problem, nuisance), tables_of(problem, nuisance)
    thetas = np.tile(template, (len(sampled), 1))
    thetas[:, np.isnan(template)] = sampled
    unseen = np.isin([p.id for p in problem.estimated], nuisance.unseen)
    rng = np.random.default_rng(seed)
    thetas[:, unseen] = draw([p for p, own in zip(problem.estimated, unseen, strict=True) if own], len(thetas), rng)
    if not nuisance.groups:
        return thetas
    seeds = seed.generate_state(len(sampled))
    size = (len(sampled), len(tables.batches))
    noises, ratios, inner = np.empty((len(sampled), len(tables.groups))), np.empty(size), np.ones((*size, 4))

    def one(row: int) -> bool:
        found = engine.simulate(thetas[row])
        out = noises[row], ratios[row], inner[row]
        return draw_back(*tables, found.prediction, found.noise, RULES[0], int(seeds[row]), *out)

    possible = np.array(side_by_side(one, range(len(sampled)), threads, done), dtype=bool)
    mean, root = inner[..., 0], np.sqrt(inner[..., 1])
    low, high = (inner[..., 2] - mean) * root, (inner[..., 3] - mean) * root
    scaled = tables.batches[:, 3] != 0.0
    logs = np.zeros(size)
    if scaled.any():
        level = rng.uniform(size=size)[:, scaled]
        logs[:, scaled] = mean[:, scaled] + truncnorm.ppf(level, low[:, scaled], high[:, scaled]) / root[:, scaled]
    return _filled(problem, nuisance, thetas, noises, logs, ratios, possible)


def _filled(
    problem: Problem, nuisance: Nuisance, thetas: np.ndarray, noises: np.ndarray, logs: np.ndarray, ratios: np.ndarray,
    possible: Sequence[bool] | np.ndarray,
) -> np.ndarray:  # fmt: skip
    places = {p.id: i for i, p in enumerate(problem.estimated)}
    batches = [batch for group in nuisance.groups for batch in group.batches]
    for g, group in enumerate(nuisance.groups):
        if group.noise:
            thetas[:, places[group.noise]] = noises[:, g]
    for b, batch in enumerate(batches):
        if batch.scale:
            thetas[:, places[batch.scale]] = np.exp(logs[:, b])
        if batch.offset:
            thetas[:, places[batch.offset]] = np.exp(logs[:, b] + ratios[:, b])
    thetas[~np.asarray(possible)] = np.nan
    return thetas
