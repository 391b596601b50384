"""Where integrands over an offset and the noise are: peaks, walls and two places at once, against product rules."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from il6infer.inference.nuisance import find_nuisance
from il6infer.network.network import symbol
from il6infer.problems.priors import log_density, log_mass, support
from il6infer.problems.spec import Prior
from tests.inference.test_nuisance import drawn, gel, marginal, nodes, parameter

NARROW = {
    "an offset as the data have it": (Prior("log-normal", (-1.2, 1.8)), Prior("gamma", (0.8, 0.014))),
    "an offset as a narrow prior has it": (Prior("log-normal", (-3.0, 0.01)), Prior("log-normal", (0.0, 0.3))),
    "an offset at a bound far below the data": (Prior("log-uniform", (1e-6, 1e-3)), Prior("log-normal", (-2.0, 0.1))),
}


@pytest.mark.parametrize("where", NARROW)
@pytest.mark.parametrize("signal", [1e-9, 1e-2])
def test_a_peak_at_the_end_of_where_it_is_looked_for_is_resolved(where, signal):
    offset, noise = NARROW[where]
    problem = gel(formula="A + offset")
    problem = replace(
        problem,
        parameters=(*(p for p in problem.parameters if not p.id.startswith(("scale", "offset", "sigma"))),
                    parameter("offset_1", offset), parameter("sigma", noise)),
        observables=(replace(problem.observables[0], placeholders=("offset",)),),
        measurements=problem.measurements.assign(observable_parameters=[(symbol("offset_1"),)] * 9),
    )  # fmt: skip
    x, c, measured = signal * np.exp(-np.linspace(0.0, 3.0, 9)), np.linspace(0.8, 1.2, 9), problem.measurements["value"]
    p = {q.id: q for q in problem.estimated}
    low, high = (min(max(math.log(max(end, 1e-300)), -20.0), 5.0) for end in support(p["offset_1"]))
    (v, wv), (y, wy) = nodes(low, high, 400), nodes(-6.0, 5.0, 60)
    square = np.sum(((np.log(measured.to_numpy()) - np.log(np.exp(v)[:, None] + x)) / c) ** 2, axis=1)
    each = -0.5 * square[:, None] * np.exp(-2.0 * y) - 9 * y
    each += np.array([log_density(p["offset_1"], math.exp(t)) + t for t in v])[:, None] + np.log(wv)[:, None]
    each += np.array([log_density(p["sigma"], math.exp(t)) + t for t in y]) + np.log(wy)
    exact = np.logaddexp.reduce(each.ravel()) - np.log(c).sum() - np.log(measured).sum() - 4.5 * math.log(2.0 * math.pi)

    assert set(find_nuisance(problem).parameters) == {"offset_1", "sigma"}
    assert marginal(problem, x, c)[0] == pytest.approx(exact, abs=2e-3)


CONTRADICTED = {
    "small noise, an unlikely scale": (Prior("log-normal", (-3.0, 0.6)), Prior("gamma", (2.7, 0.12))),
    "large noise, a likely scale": (Prior("log-normal", (-3.0, 0.2)), Prior("gamma", (2.7, 1.0))),
    "either may be": (Prior("log-normal", (-3.0, 0.39)), Prior("log-normal", (-0.6, 2.0))),
}


@pytest.mark.parametrize("where", CONTRADICTED)
def test_a_scale_that_the_data_contradict_is_unlikely_or_the_noise_is_large(where):
    scale, noise = CONTRADICTED[where]
    problem = gel(formula="scale * A")
    problem = replace(
        problem,
        parameters=(*(p for p in problem.parameters if not p.id.startswith(("scale", "offset", "sigma"))),
                    parameter("scale_1", scale), parameter("sigma", noise)),
        observables=(replace(problem.observables[0], placeholders=("scale",)),),
        measurements=problem.measurements.assign(observable_parameters=[(symbol("scale_1"),)] * 9),
    )  # fmt: skip
    measured, c = problem.measurements["value"].to_numpy(), np.ones(9)
    x = measured * np.exp(0.1 * np.random.default_rng(2).normal(size=9))
    (u, wu), (y, wy) = nodes(-6.0, 3.0, 300), nodes(-7.0, 5.0, 60)
    p = {q.id: q for q in problem.estimated}
    square = np.sum((np.log(measured / x) - u[:, None]) ** 2, axis=1)
    each = -0.5 * square[:, None] * np.exp(-2.0 * y) - 9 * y + np.log(wy)
    each += np.array([log_density(p["scale_1"], math.exp(t)) + t for t in u])[:, None] + np.log(wu)[:, None]
    each += np.array([log_density(p["sigma"], math.exp(t)) + t for t in y])
    exact = np.logaddexp.reduce(each.ravel()) - np.log(measured).sum() - 4.5 * math.log(2.0 * math.pi)
    found, slopes, _ = marginal(problem, x, c)
    step = 1e-4 * np.eye(9)[3]
    above, below = (marginal(problem, x * np.exp(sign * step), c)[0] for sign in (1.0, -1.0))

    assert found == pytest.approx(exact, abs=2e-3)
    assert x[3] * slopes[3] == pytest.approx((above - below) / 2e-4, abs=0.02)


def test_data_may_want_a_ratio_far_beyond_a_bound_of_the_offset():
    """An offset of 0.64 at most, of data that scatter far more than their noise says: the bound is all but overrun."""
    problem = gel(formula="scale * A + offset", noise="0.02", size=6)
    problem = replace(
        problem,
        parameters=(*(p for p in problem.parameters if not p.id.startswith(("scale", "offset", "sigma"))),
                    parameter("scale_1", Prior("log-normal", (-0.94, 1.78))),
                    parameter("offset_1", Prior("log-normal", (-0.6, 1.3)), 0.3, 0.64)),
        measurements=problem.measurements.assign(value=np.exp([1.53, 1.32, -0.75, -0.34, 1.13, 0.54])),
    )  # fmt: skip
    x, c = 1e-9 * np.array([2.44, 0.496, 1.03, 3.5, 3.05, 3.03]), np.array([1.74, 2.63, 2.82, 1.8, 1.85, 2.48]) / 100.0
    (u, wu), (v, wv) = nodes(10.0, 25.0, 600), nodes(math.log(0.3), math.log(0.64), 30)
    p, measured = {q.id: q for q in problem.estimated}, problem.measurements["value"].to_numpy()
    each = np.array([log_density(p["scale_1"], math.exp(t)) + t for t in u])[:, None] + np.log(wu)[:, None]
    each = each + np.array([log_density(p["offset_1"], math.exp(t)) + t for t in v]) + np.log(wv)
    for j in range(6):
        each -= 0.5 * ((math.log(measured[j]) - np.log(np.exp(v) + np.exp(u)[:, None] * x[j])) / c[j]) ** 2
    exact = np.logaddexp.reduce(each.ravel()) - np.log(c * measured).sum() - 3.0 * math.log(2.0 * math.pi)

    assert set(find_nuisance(problem).parameters) == {"scale_1", "offset_1"}
    assert marginal(problem, x, c)[0] == pytest.approx(exact, abs=0.01)


def test_noise_of_gels_of_which_one_contradicts_its_priors_is_looked_for_where_it_is():
    """Both rules were 3.3 off alike here: all places of the noise, far and wide, give the height that is integrated."""
    problem, x = drawn(3)
    found = marginal(problem, x, np.ones(len(x)))[0]
    parts = [
        marginal(replace(problem, parameters=tuple(
            replace(p, lower=low, upper=high) if p.id == "sigma" else p for p in problem.parameters
        )), x, np.ones(len(x)))[0] + log_mass(replace(sigma, lower=low, upper=high)) - log_mass(sigma)
        for sigma in (next(p for p in problem.parameters if p.id == "sigma"),)
        for low, high in ((0.0, 0.15), (0.15, 0.5), (0.5, math.inf))
    ]  # fmt: skip

    assert found == pytest.approx(np.logaddexp.reduce(parts), abs=5e-3)


@pytest.mark.parametrize("lowest", [3.05, 3.27, 3.6])
def test_a_corner_between_bounds_that_the_data_contradict_is_climbed_to(lowest):
    problem = gel(noise="b")
    bounded = (
        parameter("scale_1", Prior("uniform", (lowest, 300.0)), lowest, 300.0),
        parameter("offset_1", Prior("log-uniform", (0.48, 0.51)), 0.48, 0.51),
    )
    x, c = 3.7 * np.exp(-0.2 * np.arange(9)), np.full(9, 0.02)
    values = (2.9 * x + 0.5) * np.exp(0.02 * np.cos(np.arange(9)))
    problem = replace(
        problem,
        parameters=(*(p for p in problem.parameters if not p.id.startswith(("scale", "offset", "sigma"))), *bounded),
        measurements=problem.measurements.assign(value=values),
    )
    # The integrand falls by hundreds of log units for a tenth of either logarithm.
    ends = [tuple(map(math.log, support(q))) for q in bounded]
    (u, wu), (v, wv) = nodes(ends[0][0], ends[0][0] + 0.3, 60), nodes(*ends[1], 60)
    predicted = np.exp(v)[:, None] + np.exp(u)[:, None, None] * x
    square = np.sum(((np.log(values) - np.log(predicted)) / 0.02) ** 2, axis=-1)
    prior = [
        np.array([log_density(q, math.exp(t)) + t for t in points]) for q, points in zip(bounded, (u, v), strict=True)
    ]
    each = -0.5 * square + (prior[0] + np.log(wu))[:, None] + prior[1] + np.log(wv)
    exact = np.logaddexp.reduce(each.ravel()) - 9 * (math.log(0.02) + 0.5 * math.log(2 * math.pi))
    exact -= np.log(values).sum()

    assert set(find_nuisance(problem).parameters) == {"scale_1", "offset_1"}
    assert marginal(problem, x, c)[0] == pytest.approx(exact, abs=5e-3)
