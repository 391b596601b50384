"""Conditions of every form in rates, initial values and read-outs: value and gradient in both engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import Outcome, compile
from il6infer.network.network import TIME, symbol
from il6infer.problems.spec import Observable
from tests.zoo.systems import network, problem

a, b, k = symbol("a"), symbol("b"), symbol("k")
CONDITIONS: dict[str, sp.Basic] = {
    "above": a > 1, "at_least": a >= 1, "below": a < 1, "at_most": a <= 1, "equal": sp.Eq(b, 2),
    "not_equal": sp.Ne(b, 2),
    "and": sp.And(a > 1, b > 1), "or": sp.Or(a > 5, b > 1), "not": sp.Not(sp.And(a > 5, b > 1)),
    "xor": sp.Xor(a > 1, b > 1), "xor_of_three": sp.Xor(a > 1, b > 1, k > 0), "true": sp.true, "false": sp.false,
    "of_parameters": k > 0.5, "of_time": TIME < 100, "deep": sp.Or(sp.And(a > 1, sp.Not(b > 3)), sp.Xor(a < 0, k > 1)),
    "of_a_piecewise": sp.Gt(sp.Piecewise((a, b > 1), (k, True)), 1),
    "if_then_else": sp.ITE(a > 1, b > 3, b > 1), "of_functions": sp.Abs(a - 3) > sp.Max(b, k),
}  # fmt: skip
SIGNS: dict[str, Callable[[float, float, float], bool]] = {
    "above": lambda a, b, k: a > 1, "at_least": lambda a, b, k: a >= 1, "below": lambda a, b, k: a < 1,
    "at_most": lambda a, b, k: a <= 1, "equal": lambda a, b, k: b == 2, "not_equal": lambda a, b, k: b != 2,
    "and": lambda a, b, k: a > 1 and b > 1, "or": lambda a, b, k: a > 5 or b > 1,
    "not": lambda a, b, k: not (a > 5 and b > 1), "xor": lambda a, b, k: (a > 1) != (b > 1),
    "xor_of_three": lambda a, b, k: (a > 1) ^ (b > 1) ^ (k > 0), "true": lambda a, b, k: True,
    "false": lambda a, b, k: False, "of_parameters": lambda a, b, k: k > 0.5, "of_time": lambda a, b, k: True,
    "deep": lambda a, b, k: (a > 1 and b <= 3) or ((a < 0) != (k > 1)),
    "of_a_piecewise": lambda a, b, k: (a if b > 1 else k) > 1,
    "if_then_else": lambda a, b, k: b > 3 if a > 1 else b > 1, "of_functions": lambda a, b, k: abs(a - 3) > max(b, k),
}  # fmt: skip


@pytest.fixture(scope="module", params=["rodas5p", "diffsol"])
def engine(request: pytest.FixtureRequest):
    """States a and b stay; y' = k a where the condition holds, else k^2 b; each condition stands twice, once nested."""
    rates: dict[str, sp.Expr] = {"a": sp.Integer(0), "b": sp.Integer(0)}
    for name, condition in CONDITIONS.items():
        inner = sp.Piecewise((a, condition), (b, True))
        rates[f"y_{name}"] = sp.Piecewise((k * a, condition), (k**2 * inner, True))
    net = network(rates, {"a": symbol("a0"), "b": symbol("b0")}, {"k": 0.7, "a0": 1.5, "b0": 2.0})
    asked = problem(
        net, [0.5], estimated={"k": 0.7, "a0": 1.5, "b0": 2.0}, observed=[f"y_{name}" for name in CONDITIONS]
    )
    return compile(asked, engine=request.param, rtol=1e-9, atol=1e-11, lower_atol=False)


@pytest.mark.parametrize(
    "theta", [(0.7, 1.5, 2.0), (0.3, 0.5, 0.4), (1.3, -1.2, 4.0), (0.7, 1.5, 0.5), (0.4, 6.0, 2.5)]
)
def test_a_condition_chooses_its_branch(engine, theta) -> None:
    k, a, b = theta
    holds = [SIGNS[name](a, b, k) for name in CONDITIONS]
    expected = [0.5 * (k * a if yes else k**2 * b) for yes in holds]
    slopes = [0.5 * np.array([a, k, 0] if yes else [2 * k * b, 0, k**2]) for yes in holds]

    at = np.array(theta)
    np.testing.assert_allclose(engine.simulate(at).prediction, expected, rtol=1e-7, atol=1e-9)
    rows, _ = engine.jacobian(at)
    np.testing.assert_allclose(rows, slopes, rtol=1e-5, atol=1e-7)
    for n in range(len(CONDITIONS)):
        adjoint = engine.pullback(at, np.eye(len(CONDITIONS))[n], np.zeros(len(CONDITIONS)))
        np.testing.assert_allclose(adjoint, slopes[n], rtol=1e-5, atol=1e-7, err_msg=[*CONDITIONS][n])


@pytest.mark.parametrize("name", ["rodas5p", "diffsol"])
def test_conditions_in_read_outs_noise_and_initial_values(name: str) -> None:
    start = sp.Piecewise((k**2, k > 1), (k, True))
    net = network({"a": -a}, {"a": start}, {"k": 0.5})
    asked = problem(net, [1.0], estimated={"k": 0.5})
    formula = sp.Piecewise((a, sp.And(a > 0.3, TIME >= 1)), (2 * a, True))
    noise = sp.Piecewise((0.1 + a, a > 0.3), (sp.Float(0.5), True))
    asked = replace(asked, observables=(Observable("o_a", formula, noise),))
    engine = compile(asked, engine=name, rtol=1e-9, atol=1e-11)
    decay = np.exp(-1)
    for value, right, noise_right, slope, noise_slope in (
        (0.5, 2 * 0.5 * decay, 0.5, 2 * decay, 0.0), (2.0, 4 * decay, 0.1 + 4 * decay, 4 * decay, 4 * decay),
    ):  # fmt: skip
        at = np.array([value])
        found = engine.simulate(at)
        np.testing.assert_allclose([found.prediction[0], found.noise[0]], [right, noise_right], rtol=1e-7)
        np.testing.assert_allclose(engine.pullback(at, np.ones(1), np.zeros(1)), [slope], rtol=1e-6)
        np.testing.assert_allclose(engine.pullback(at, np.zeros(1), np.ones(1)), [noise_slope], rtol=1e-6, atol=1e-9)


def test_a_branch_that_is_not_taken_may_have_no_value() -> None:
    """Neither a logarithm of a state nor a root of parameters, computed once a run, spoils the branch that is taken."""
    rate = sp.Piecewise((sp.log(b - 5) + sp.sqrt(k - 2), b > 5), (-k * a, True))
    net = network({"a": rate, "b": sp.Integer(0)}, {"a": 1.0, "b": 1.0}, {"k": 0.5})
    engine = compile(problem(net, [1.0], estimated={"k": 0.5}, observed=["a"]), rtol=1e-9, atol=1e-11)
    at = np.array([0.5])
    found = engine.simulate(at)
    assert [Outcome(o) for o in found.outcome] == [Outcome.OK]
    np.testing.assert_allclose(found.prediction, [np.exp(-0.5)], rtol=1e-7)
    np.testing.assert_allclose(engine.pullback(at, np.ones(1), np.zeros(1)), [-np.exp(-0.5)], rtol=1e-6)
