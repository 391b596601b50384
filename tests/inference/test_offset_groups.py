"""Random gels with scale, offset and one noise, all integrated out, against nested grids that close in on the mass.

The rule of the engine goes over the ratio of offset and scale, with the scale in closed form; the grids go over
the logarithms of noise, scale and offset, and know nothing of peaks, corners and walls.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from scipy.special import logsumexp

from il6infer.engine import compile
from il6infer.inference.nuisance import LEAST_MASS, find_nuisance
from il6infer.inference.predictive import residuals_of_offsets
from il6infer.problems.priors import distribution, draw, log_mass, support
from il6infer.problems.spec import Prior
from tests.inference.test_noise_alone import prior_about
from tests.inference.test_nuisance import gel, marginal, parameter

SIZE, SEEN, ROUNDS = 120, 30.0, 8
"""Nodes of a grid, e-foldings below the top that count, and how often a grid may close in."""

X, WEIGHTS = leggauss(SIZE)

LEAST = 0.05
"""Bounds leave noise of this share of what the data have.

Beyond, the rule is wrong here and there: off by 950 at a log-likelihood of -3.6 million where noise is held to a
thousandth (seed 2).
"""

REACH = 25.0
"""Grids begin within so many e-foldings of 1."""


def closed_in(ends, density, rows=1):
    """Logarithm of the integral of exp(density) from end to end, for each of `rows`.

    `density` is given (rows, nodes), and gives the same; `ends` are (rows, 2).
    """
    ends = np.broadcast_to(np.asarray(ends, dtype=float), (rows, 2))
    everything = np.arange(rows)
    for _ in range(ROUNDS):
        half = 0.5 * (ends[:, 1:] - ends[:, :1])
        nodes = ends[:, :1] + half * (1.0 + X)
        logs = density(nodes) + np.log(half * WEIGHTS)
        inside = logs > logs.max(axis=1, keepdims=True) - SEEN
        first, last = inside.argmax(axis=1), SIZE - 1 - inside[:, ::-1].argmax(axis=1)
        new = np.stack(
            [nodes[everything, np.maximum(first - 1, 0)], nodes[everything, np.minimum(last + 1, SIZE - 1)]], axis=1
        )
        new[first < 2, 0], new[last > SIZE - 3, 1] = ends[first < 2, 0], ends[last > SIZE - 3, 1]
        if (np.ptp(new, axis=1) > 0.7 * np.ptp(ends, axis=1)).all():
            break
        ends = new
    return logsumexp(logs, axis=1)


def log_prior(p, logs):
    """Log-density of ln(value)."""
    with np.errstate(divide="ignore"):
        return distribution(p.prior).logpdf(np.exp(logs)) + logs - log_mass(p)


def ends_of(p):
    low, high = support(p)
    return max(math.log(low) if low > 0.0 else -REACH, -REACH), min(math.log(high), REACH)


def by_grids(problem, x, c):
    """Marginal log-likelihood of all gels."""
    own = {p.id: p for p in problem.estimated}
    table = problem.measurements
    gels = [np.flatnonzero(table["batch"] == name) for name in dict.fromkeys(table["batch"])]
    measured = np.log(table["value"].to_numpy())

    def of_gel(number, rows, y):
        scale, offset = own[f"scale_{number}"], own[f"offset_{number}"]
        own_c = c[rows] * math.exp(y)

        def at_scales(u):  # (1, scales)
            def at_offsets(v):  # (scales, offsets)
                read = np.logaddexp(v[..., None], u[0][:, None, None] + np.log(x[rows]))
                away = (measured[rows] - read) / own_c
                return -0.5 * np.sum(away**2, axis=-1) + log_prior(offset, v)

            return closed_in(ends_of(offset), at_offsets, u.shape[1])[None, :] + log_prior(scale, u)

        fixed = np.sum(np.log(own_c) + measured[rows]) + 0.5 * len(rows) * math.log(2 * math.pi)
        return closed_in(ends_of(scale), at_scales)[0] - fixed

    def at_noises(y):  # (1, noises)
        gels_at = [sum(of_gel(n, rows, float(one)) for n, rows in enumerate(gels, start=1)) for one in y[0]]
        return np.array(gels_at)[None, :] + log_prior(own["sigma"], y)

    return float(closed_in(ends_of(own["sigma"]), at_noises)[0])


def random_prior(at, rng):
    """A prior of a scale or an offset near a value, and bounds that may cut it."""
    width = 10.0 ** rng.uniform(-0.7, 0.5)
    log = math.log(at) + rng.normal() * rng.choice([0.3, 1.0, 3.0])
    prior = [
        Prior("log-uniform", (math.exp(log - 4.0 * width), math.exp(log + 4.0 * width))),
        Prior("log-normal", (log, width)),
        Prior("uniform", (0.0, math.exp(log + 1.0))),
    ][rng.integers(3)]
    low, high = 0.0, math.inf
    if rng.random() < 0.3:
        low = at * math.exp(rng.normal(0.0, 1.5))
    if rng.random() < 0.3:
        high = max(low, 1e-3 * at) * math.exp(abs(rng.normal(0.5, 1.5)) + 0.05)
    return prior, low, high


def drawn(seed):
    """Random gels, what they are evaluated at; None where nothing is possible or integrated out."""
    rng = np.random.default_rng(seed)
    gels, size = int(rng.integers(1, 3)), int(rng.integers(4, 10))
    problem = gel("log-normal", size=size, gels=gels)
    x = np.exp(np.tile(-np.linspace(0.0, rng.uniform(0.3, 4.0), size), gels) + 0.2 * rng.normal(size=size * gels))
    c = np.exp(rng.choice([0.0, 0.3]) * rng.normal(size=size * gels))
    noise = 10.0 ** rng.uniform(-1.7, 0.0)
    kept = [p for p in problem.parameters if not p.id.startswith(("scale", "offset", "sigma"))]
    values = np.empty(size * gels)
    for number in range(1, gels + 1):
        scale, offset = np.exp(rng.normal(0.0, 1.0)), np.exp(rng.normal(-1.5, 1.5))
        rows = slice((number - 1) * size, number * size)
        values[rows] = (offset + scale * x[rows]) * np.exp(noise * c[rows] * rng.normal(size=size))
        kept += [parameter(f"scale_{number}", *random_prior(scale, rng))]
        kept += [parameter(f"offset_{number}", *random_prior(offset, rng))]
    kept.append(parameter("sigma", *random_prior(noise, rng) if rng.random() < 0.5 else (prior_about(noise, rng),)))
    problem = replace(problem, parameters=tuple(kept), measurements=problem.measurements.assign(value=values))
    names = {p.id for p in kept if p.id.startswith(("scale", "offset", "sigma"))}
    own = [p for p in kept if p.id in names]
    if not all(support(p)[0] < support(p)[1] and log_mass(p) > LEAST_MASS for p in own):
        return None
    if support(own[-1])[1] < LEAST * noise:
        return None
    return (problem, x, c) if set(find_nuisance(problem).parameters) == names else None


def compared(seeds):
    """(groups, 2) seed, and how far the log-likelihood is off."""
    rows = []
    for seed in seeds:
        found = drawn(seed)
        if found:
            exact = by_grids(*found)
            value, *_ = marginal(*found)
            rows.append((seed, abs(value - exact)))
            print(seed, value, exact, flush=True)
    return np.array(rows)


def test_a_random_gel_is_that_of_nested_grids():
    found = compared(range(1))

    assert len(found) == 1
    assert found[0, 1] < 2e-3


@pytest.mark.slow
def test_random_gels_are_those_of_nested_grids():
    found = compared(range(40))

    assert len(found) > 15
    assert np.quantile(found[:, 1], 0.5) < 1e-3
    assert found[:, 1].max() < 0.02, found[found[:, 1].argmax()]


def test_what_bounds_leave_next_to_nothing_of_is_sampled():
    """A bound 6 and 20 standard deviations below the middle of a prior: by 20 the integral was off by 1.09."""
    given = gel("log-normal")
    for deviations in (4.0, 6.0, 20.0):
        far = parameter("offset_1", Prior("log-normal", (0.0, 0.5)), 0.0, math.exp(-0.5 * deviations))
        problem = replace(given, parameters=tuple(far if p.id == "offset_1" else p for p in given.parameters))
        found = find_nuisance(problem)
        kept = deviations < 5.0
        assert set(found.parameters) == ({"scale_1", "offset_1", "sigma"} if kept else {"sigma"})
        assert found.sampled.get("offset_1") == (None if kept else "its bounds leave next to nothing of its prior")


def test_how_far_data_lie_from_the_model_is_told_where_an_offset_is_integrated_out():
    """The same noise for both gels: they are one group, which is called by its first offset."""
    problem = gel("log-normal", gels=2)
    engine, thetas = compile(problem), draw(problem.estimated, 5, np.random.default_rng(1))
    at = [engine.simulate(theta) for theta in thetas]
    off = [np.log(problem.measurements["value"].to_numpy() / one.prediction) / one.noise for one in at]
    told = residuals_of_offsets(problem, engine, find_nuisance(problem), thetas)

    assert told == {"offset_1": pytest.approx(np.median([np.sqrt(np.mean(z**2)) for z in off]))}
    without = gel("log-normal", formula="scale * A")
    assert residuals_of_offsets(without, engine, find_nuisance(without), thetas) == {}
