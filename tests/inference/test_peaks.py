"""Where integrands over an offset and the noise are: peaks, walls and two places at once, against product rules."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from il6infer.inference.nuisance import find_nuisance
from il6infer.network.network import symbol
from il6infer.problems.priors import log_density, support
from il6infer.problems.spec import Prior
from tests.inference.test_nuisance import gel, marginal, nodes, parameter

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
