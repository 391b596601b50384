"""The second engine: agreement with the kernel, its failures, and its use where the kernel fails."""

from __future__ import annotations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import sympy as sp

from il6infer.engine import DiffsolEngine, Outcome, RosenbrockEngine, compile
from il6infer.network.network import symbol
from il6infer.problems.spec import Problem
from il6infer.pymc.op import simulate
from tests.kernel.test_gradient import CASES
from tests.zoo.systems import network, problem

x, k = symbol("x"), symbol("k")


def _nominal(prob: Problem) -> np.ndarray:
    return np.array([p.nominal for p in prob.estimated])


def _blow_up() -> Problem:
    """x' = k x^2 from 1 is infinite at time 1/k."""
    return problem(network({"x": k * x**2}, {"x": 1.0}, {"k": 0.5}), [0.5, 1.0], estimated={"k": 0.5})


@pytest.mark.parametrize(
    "case", [case if case == "jumps" else pytest.param(case, marks=pytest.mark.slow) for case in sorted(CASES)]
)
def test_both_engines_agree_on_values_and_derivatives(case: str) -> None:
    prob = CASES[case]
    kernel, second = (compile(prob, engine=e, rtol=1e-9, atol=1e-11) for e in ("rodas5p", "diffsol"))
    theta = _nominal(prob)
    a, b = kernel.simulate(theta), second.simulate(theta)
    assert a.ok
    assert b.ok
    np.testing.assert_allclose(a.prediction, b.prediction, rtol=1e-6, atol=1e-8)
    for ours, theirs in zip(kernel.jacobian(theta), second.jacobian(theta), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    weights = np.random.default_rng(1).normal(size=(2, len(a.prediction)))
    np.testing.assert_allclose(kernel.pullback(theta, *weights), second.pullback(theta, *weights), rtol=1e-4, atol=1e-6)
    for ours, theirs in zip(kernel.states(theta), second.states(theta), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8)


def test_a_failure_is_an_outcome() -> None:
    engine = compile(_blow_up(), engine="diffsol")
    simulation = engine.simulate(np.array([3.0]))
    assert [Outcome(o) for o in simulation.outcome] == [Outcome.STEP_TOO_SMALL]
    assert np.isposinf(simulation.prediction).all()
    assert np.isnan(engine.pullback(np.array([3.0]), np.ones(2), np.zeros(2))).all()
    assert np.isneginf(engine.log_likelihood(np.array([3.0]))).all()
    assert engine.failures() == {"step_too_small": 3}


def test_piecewise_rates_switch() -> None:
    switched = network({"x": sp.Piecewise((-k * x, sp.Gt(x, 0.5)), (0, True))}, {"x": 1.0}, {"k": 1.0})
    times = [0.5, 3.0]
    got = compile(problem(switched, times, estimated={"k": 1.0}), engine="diffsol").simulate(np.array([1.0]))
    np.testing.assert_allclose(got.prediction, [np.exp(-0.5), 0.5], rtol=1e-3)


def test_diffsol_takes_over_the_runs_that_the_kernel_cannot_do() -> None:
    prob = CASES["jumps"]
    theta, tolerances = _nominal(prob), {"rtol": 1e-9, "atol": 1e-11}
    whole = RosenbrockEngine(prob, **tolerances)
    short = RosenbrockEngine(prob, **tolerances, max_steps=20, fallback=True)
    a, b = whole.simulate(theta), short.simulate(theta)
    assert [Outcome(o) for o in b.outcome] == [Outcome.RESCUED]
    assert b.ok
    np.testing.assert_allclose(b.prediction, a.prediction, rtol=1e-6)
    weights = np.random.default_rng(1).normal(size=(2, len(a.prediction)))
    np.testing.assert_allclose(short.pullback(theta, *weights), whole.pullback(theta, *weights), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(short.jacobian(theta)[0], whole.jacobian(theta)[0], rtol=1e-4, atol=1e-6)
    assert short.failures() == {"step_limit": 3, "rescued": 3}


def test_without_it_a_failed_run_stays_failed_and_is_counted() -> None:
    engine = RosenbrockEngine(CASES["jumps"], max_steps=20)
    simulation = engine.simulate(_nominal(CASES["jumps"]))
    assert [Outcome(o) for o in simulation.outcome] == [Outcome.STEP_LIMIT]
    assert not simulation.ok
    assert engine.failures() == {"step_limit": 1}


def test_what_no_engine_can_simulate_is_not_rescued() -> None:
    engine = compile(_blow_up())
    assert not engine.simulate(np.array([3.0])).ok
    assert set(engine.failures()) < {"step_too_small", "non_finite", "step_limit"}


@pytest.mark.parametrize("kind", ["rescued", "diffsol"])
def test_compiled_graphs_reach_both(kind: str) -> None:
    prob = CASES["jumps"]
    theta, whole = _nominal(prob), RosenbrockEngine(prob, rtol=1e-9, atol=1e-11)
    engine = (
        RosenbrockEngine(prob, rtol=1e-9, atol=1e-11, max_steps=20, fallback=True)
        if kind == "rescued"
        else DiffsolEngine(prob, rtol=1e-9, atol=1e-11)
    )
    point = pt.dvector()
    total = sum(part.sum() for part in simulate(engine, point))
    value, gradient = pytensor.function([point], [total, pytensor.grad(total, point)], mode="NUMBA")(theta)
    exact, ones = whole.simulate(theta), np.ones(len(prob.measurements))
    np.testing.assert_allclose(value, exact.prediction.sum() + exact.noise.sum(), rtol=1e-6)
    np.testing.assert_allclose(gradient, whole.pullback(theta, ones, ones), rtol=1e-4, atol=1e-6)
    if kind == "rescued":
        assert engine.failures()["rescued"] >= 1
