"""The adjoint against central differences, on problems that exercise each of its parts."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import compile
from il6infer.kernel.tableau import METHODS
from il6infer.network.network import TIME, symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Period, Problem
from tests.zoo.steps import Steps
from tests.zoo.systems import network, problem

k, x0, h, dose = symbol("k"), symbol("x0"), symbol("h"), symbol("dose")
x, y, z = symbol("x"), symbol("y"), symbol("z")


def _cases() -> dict[str, Problem]:
    times = [0.0, 0.7, 3.0, 12.0]
    r = k * x - 2 * y
    exchange = network(
        {"x": -r, "y": r, "z": h * y - z},
        {"x": x0},
        {"k": 1.0, "x0": 3.0, "h": 0.4},
        np.array([[-1.0, 0, 0], [1.0, 0, 0], [0, 1.0, -1.0]]),
        [r, h * y, z],
    )
    hill = network({"x": -k * x, "y": x**h / (0.3**h + x**h) - 0.2 * y}, {"x": x0}, {"k": 0.5, "x0": 2.0, "h": 1.7})
    driven = network({"x": -k * TIME * x + h * sp.exp(-TIME) * y, "y": x - y**2}, {"x": 1.0}, {"k": 0.2, "h": 0.6})
    dosed = network({"x": -k * x * y, "y": k * x - h * y}, {"x": x0, "y": 0.1}, {"k": 0.5, "x0": 1.5, "h": 0.3})
    at_rest = Experiment("rest", (Period(STEADY_STATE, {"h": sp.Float(0.1)}), Period(0.0, {"h": h, "x": x + dose})))
    jumps = Experiment(
        "jumps", (Period(0.0), Period(1.0, {"x": x + dose, "y": y * x / 2 + dose}), Period(5.0, {"k": 2 * k, "x": h}))
    )
    return {
        "hill": problem(hill, times, estimated={"k": 0.5, "x0": 2.0, "h": 1.7}),
        "driven": problem(driven, times, estimated={"k": 0.2, "h": 0.6}),
        "steady": problem(
            exchange, [*times, np.inf], [at_rest], estimated={"k": 1.0, "x0": 3.0, "h": 0.4, "dose": 2.0}
        ),
        "jumps": problem(dosed, times, [jumps], estimated={"k": 0.5, "x0": 1.5, "h": 0.3, "dose": 0.8}),
    }


CASES = _cases()

# Code of the two methods differs in the coefficients: of the one that is not the default a case goes quickly.
BY_BOTH = [
    pytest.param(case, method, marks=pytest.mark.slow if method == "rodas4" and case != "jumps" else [])
    for case in sorted(CASES) for method in ("rodas4", "rodas5p")
]  # fmt: skip


@pytest.mark.parametrize(("case", "method"), BY_BOTH)
def test_adjoint_equals_central_differences(case: str, method: str) -> None:
    prob = CASES[case]
    engine = compile(prob, engine=method, rtol=1e-11, atol=1e-13)
    theta = np.array([p.nominal for p in prob.estimated])
    weights = np.random.default_rng(1).normal(size=len(prob.measurements))
    gradient = engine.pullback(theta, weights, np.zeros_like(weights))
    differences = np.empty_like(theta)
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = 1e-4 * theta[i]
        up, down = engine.simulate(theta + step), engine.simulate(theta - step)
        assert up.ok
        assert down.ok
        differences[i] = weights @ (up.prediction - down.prediction) / (2 * step[i])
    np.testing.assert_allclose(gradient, differences, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize(("case", "method"), [given for given in BY_BOTH if given.values[0] != "steady"])
def test_adjoint_is_exact_for_the_steps_taken(case: str, method: str) -> None:
    """At a loose tolerance too the gradient is that of the computed numbers, not of the true solution."""
    prob = CASES[case]
    engine = compile(prob, engine=method, rtol=1e-2, atol=1e-3)
    theta = np.array([p.nominal for p in prob.estimated])
    weights = np.random.default_rng(2).normal(size=len(prob.measurements))
    simulated = engine.forward(theta, keep=True)
    steps = Steps.taken(prob, METHODS[method], simulated.kept.tape)
    repeated = steps.prediction(theta)
    tiny = 1e-30
    exact = [weights @ steps.prediction(theta + 1j * tiny * unit).imag / tiny for unit in np.eye(len(theta))]
    tight = compile(prob, engine=method, rtol=1e-11, atol=1e-13)

    np.testing.assert_allclose(simulated.prediction, repeated.real, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(engine.pullback(theta, weights, 0 * weights), exact, rtol=1e-9)
    np.testing.assert_allclose(weights @ engine.jacobian(theta)[0], exact, rtol=1e-9)
    # The tolerance is loose enough for the gradient of the true solution to be another.
    assert np.abs(tight.pullback(theta, weights, 0 * weights) / exact - 1).max() > 1e-5


def test_hill_term_has_a_finite_gradient_where_the_state_is_zero() -> None:
    net = network({"x": k - x, "y": x**h / (1 + x**h) - y}, {}, {"k": 0.5, "h": 1.5})
    engine = compile(problem(net, [0.0, 0.1, 2.0], estimated={"k": 0.5, "h": 1.5}))
    theta = np.array([0.5, 1.5])
    differences = [
        (engine.simulate(theta + d).prediction - engine.simulate(theta - d).prediction).sum() / (2 * d.sum())
        for d in np.diag([1e-4, 1e-4])
    ]
    np.testing.assert_allclose(engine.pullback(theta, np.ones(6), np.zeros(6)), differences, rtol=1e-4)


@pytest.mark.parametrize("case", sorted(CASES))
def test_forward_sensitivities_equal_the_adjoint(case: str) -> None:
    prob = CASES[case]
    engine = compile(prob)
    theta = np.array([p.nominal for p in prob.estimated])
    prediction, noise = engine.jacobian(theta)
    rows = np.eye(len(prob.measurements))
    np.testing.assert_allclose(
        prediction, [engine.pullback(theta, row, 0 * row) for row in rows], rtol=1e-8, atol=1e-11
    )
    np.testing.assert_allclose(noise, [engine.pullback(theta, 0 * row, row) for row in rows], rtol=1e-8, atol=1e-11)
