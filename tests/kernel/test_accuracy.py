"""The kernel against published and analytic solutions."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from il6infer.engine import compile
from il6infer.kernel.tableau import METHODS
from il6infer.network.network import TIME, symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Period
from il6infer.runs.outcome import Outcome
from tests.zoo.steps import Steps, rosenbrock, within
from tests.zoo.systems import CLASSICS, network, problem

k, x0, n = symbol("k"), symbol("x0"), symbol("n")
x, y, z = symbol("x"), symbol("y"), symbol("z")


@pytest.mark.parametrize("method", [pytest.param("rodas4", marks=pytest.mark.slow), "rodas5p"])
@pytest.mark.parametrize("name", sorted(CLASSICS))
def test_stiff_classic_reproduces_published_digits(name: str, method: str) -> None:
    net, end, published = CLASSICS[name]()
    engine = compile(problem(net, [end]), engine=method, rtol=1e-8, atol=1e-15 if name == "robertson" else 1e-11)
    result = engine.simulate(np.empty(0))
    assert result.ok
    np.testing.assert_allclose(result.prediction, published, rtol=2e-5)


@pytest.mark.parametrize("method", ["rodas4", "rodas5p"])
def test_error_falls_with_the_order_of_the_method(method: str) -> None:
    """Predator and prey: the error at the end is a power of the number of steps, and the power is the order."""
    net = network({"x": x - x * y, "y": x * y - y}, {"x": 2.0, "y": 0.5})
    exact = solve_ivp(
        lambda _, s: [s[0] - s[0] * s[1], s[0] * s[1] - s[1]], (0, 30), [2.0, 0.5], "DOP853", rtol=1e-13, atol=1e-14
    ).y[:, -1]
    steps, errors = [], []
    for tolerance in (1e-7, 1e-8, 1e-9, 1e-10):
        engine = compile(problem(net, [30.0]), engine=method, rtol=tolerance, atol=tolerance)
        result = engine.forward(np.empty(0), keep=True)
        steps.append(len(Steps.taken(engine.problem, METHODS[method], result.kept.tape).steps))
        errors.append(np.abs(result.prediction - exact).max())
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]

    assert -slope == pytest.approx(METHODS[method].order, abs=0.25)


def test_decay_chain_is_analytic() -> None:
    net = network({"x": -k * x, "y": k * x - 2 * k * y}, {"x": 1.0}, {"k": 0.3})
    times = np.array([0.0, 0.5, 1.0, 7.0, 30.0])
    engine = compile(problem(net, times, estimated={"k": 0.3}), rtol=1e-10, atol=1e-14)
    got = engine.simulate(np.array([0.3])).prediction.reshape(-1, 2)
    e = np.exp(-0.3 * times)
    np.testing.assert_allclose(got, np.column_stack([e, e - e**2]), rtol=1e-8, atol=1e-12)


def test_repeated_doses_sum() -> None:
    """Two doses of a drug that decays: the sum of two exponentials, exactly from each dose on."""
    net = network({"x": -k * x}, {}, {"k": 0.1})
    doses = Experiment("e", (Period(0.0, {"x": sp.Float(2)}), Period(10.0, {"x": x + 3})))
    times = np.array([0.0, 5.0, 10.0, 20.0])
    engine = compile(problem(net, times, [doses], {"k": 0.1}), rtol=1e-10, atol=1e-14)
    expected = 2 * np.exp(-0.1 * times) + 3 * np.exp(-0.1 * (times - 10)) * (times >= 10)
    np.testing.assert_allclose(engine.simulate(np.array([0.1])).prediction, expected, rtol=1e-8)


def test_pulse_from_negative_time_and_wash() -> None:
    net = network({"x": sp.Integer(0), "y": k * x}, {}, {"k": 0.5})
    pulse = Experiment("e", (Period(-30.0), Period(0.0, {"x": sp.Float(1)}), Period(4.0, {"x": sp.Float(0)})))
    got = compile(problem(net, [-30.0, 0.0, 2.0, 4.0, 9.0], [pulse], {"k": 0.5})).simulate(np.array([0.5]))
    np.testing.assert_allclose(got.prediction.reshape(-1, 2)[:, 1], [0, 0, 1, 2, 2], atol=1e-9)
    np.testing.assert_array_equal(got.prediction.reshape(-1, 2)[:, 0], [0, 1, 1, 0, 0])


def test_time_dependent_rate() -> None:
    net = network({"x": -k * TIME * x}, {"x": 1.0}, {"k": 0.2})
    times = np.array([1.0, 3.0])
    got = compile(problem(net, times, estimated={"k": 0.2}), rtol=1e-10, atol=1e-14).simulate(np.array([0.2]))
    np.testing.assert_allclose(got.prediction, np.exp(-0.1 * times**2), rtol=1e-8)


def test_steady_state_keeps_its_moiety() -> None:
    """x <-> y with a total of 3: the steady state is the conserved total split by the rates."""
    r = k * x - 2 * y
    net = network({"x": -r, "y": r}, {"x": x0}, {"k": 1.0, "x0": 3.0}, np.array([[-1.0], [1.0]]), [r])
    rest = Experiment("e", (Period(STEADY_STATE), Period(0.0)))
    engine = compile(problem(net, [0.0, np.inf], [rest], {"k": 1.0, "x0": 3.0}))
    got = engine.simulate(np.array([1.0, 3.0])).prediction.reshape(-1, 2)
    np.testing.assert_allclose(got, [[2.0, 1.0], [2.0, 1.0]], rtol=1e-12)


def test_no_steady_state_is_an_outcome_not_a_number() -> None:
    net = network({"x": k}, {}, {"k": 1.0})
    rest = Experiment("e", (Period(STEADY_STATE), Period(0.0)))
    result = compile(problem(net, [1.0], [rest], {"k": 1.0})).simulate(np.array([1.0]))
    assert Outcome(result.outcome[0]) is Outcome.NO_STEADY_STATE
    assert np.isposinf(result.prediction).all()


def test_explosion_is_an_outcome_not_a_number() -> None:
    net = network({"x": k * x**2}, {"x": 1.0}, {"k": 1.0})
    engine = compile(problem(net, [0.5, 2.0], estimated={"k": 1.0}))
    result = engine.simulate(np.array([1.0]))
    assert Outcome(result.outcome[0]) in {Outcome.STEP_TOO_SMALL, Outcome.NON_FINITE, Outcome.STEP_LIMIT}
    assert np.isposinf(result.prediction).all()
    assert (engine.log_likelihood(np.array([1.0])) == -np.inf).all()
    assert np.isnan(engine.pullback(np.array([1.0]), np.ones(2), np.zeros(2))).all()


def test_experiments_that_the_dynamics_cannot_tell_apart_share_a_run() -> None:
    net = network({"x": -k * x}, {}, {"k": 0.1})
    dose = {"x": sp.Float(2)}
    both = [Experiment("e1", (Period(0.0, dose),)), Experiment("e2", (Period(0.0, dose),))]
    engine = compile(problem(net, [1.0], both, {"k": 0.1}))
    assert engine.run_experiments == (("e1", "e2"),)


def test_same_input_gives_same_bits() -> None:
    net, end, _ = CLASSICS["hires"]()
    engine = compile(problem(net, np.linspace(1, end, 20)))
    first, second = (engine.simulate(np.empty(0)).prediction for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(("name", "order"), [("rodas4", 3), ("rodas5p", 4)])
def test_the_continuous_extension_has_its_order(name: str, order: int) -> None:
    """One step of y' = -y^2 + cos(t) from known values, each half as long as the one before."""
    method = METHODS[name]
    exact = solve_ivp(
        lambda t, y: -(y**2) + np.cos(t), (0.3, 0.8), [1.7], method="DOP853", rtol=1e-13, atol=1e-14, dense_output=True
    ).sol

    def errors(h: float) -> np.ndarray:
        y, t = np.array([1.7]), 0.3
        k = rosenbrock(
            method, lambda t, y: -(y**2) + np.cos(t), lambda t, y: -2 * y[None], lambda t, y: -np.sin([t]), t, h, y
        )
        x = np.linspace(0.1, 1.0, 10)
        return np.abs([within(method, y, k, part)[0] - exact(t + h * part)[0] for part in x])

    wide, narrow = errors(0.08), errors(0.04)
    inside = np.log2(wide[2:8].max() / narrow[2:8].max())

    assert inside == pytest.approx(order + 1, abs=0.4)
    assert narrow[-1] < narrow[2:8].max()  # the end of the step is of higher order


def test_measured_times_cost_no_steps() -> None:
    net = network({"x": -k * x}, {"x": sp.Integer(1)}, {"k": 0.8})
    few, many = (
        compile(problem(net, list(times), estimated={"k": 0.8}), rtol=1e-8, atol=1e-12)
        for times in ([5.0], np.linspace(0.0, 5.0, 501))
    )
    theta = np.array([0.8])
    rows = [len(engine.forward(theta, keep=True).kept.tape) for engine in (few, many)]
    prediction = many.simulate(theta).prediction

    assert rows[0] == rows[1]
    np.testing.assert_allclose(prediction, np.exp(-0.8 * np.linspace(0.0, 5.0, 501)), rtol=3e-8)
    weights = np.cos(np.arange(501.0))
    times = np.linspace(0.0, 5.0, 501)
    slope = -times * np.exp(-0.8 * times)
    assert many.pullback(theta, weights, np.zeros(501))[0] == pytest.approx(weights @ slope, rel=1e-6)
    np.testing.assert_allclose(many.jacobian(theta)[0][:, 0], slope, atol=1e-7)
