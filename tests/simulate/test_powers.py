"""Powers where a concentration reaches zero: an infinite rate is an outcome, never a number."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from il6infer.models.network import symbol
from il6infer.simulate import Outcome, compile
from tests.zoo.systems import network, problem

x, y, n, k = symbol("x"), symbol("y"), symbol("n"), symbol("k")


def test_zero_to_a_negative_power_is_no_number() -> None:
    net = network({"x": sp.Integer(0), "y": x**-n}, {"x": k}, {"n": 0.5, "k": 1.0})
    engine = compile(problem(net, [2.0], estimated={"n": 0.5, "k": 1.0}))
    good, infinite = engine.simulate(np.array([0.5, 4.0])), engine.simulate(np.array([0.5, 0.0]))
    np.testing.assert_allclose(good.prediction, [4.0, 1.0])  # y = t / sqrt(4)
    assert [Outcome(o) for o in infinite.outcome] == [Outcome.NON_FINITE]
    assert np.isneginf(engine.log_likelihood(np.array([0.5, 0.0]))).all()
    assert engine.failures()["non_finite"] == 2


def test_an_inhibition_by_a_negative_power_keeps_its_limit_and_its_gradient() -> None:
    """1 / (1 + x^-n) is 0 where x is 0, and so is its slope in n."""
    net = network({"x": sp.Integer(0), "y": 1 / (1 + x**-n) + k}, {}, {"n": 2.5, "k": 0.5})
    engine = compile(problem(net, [2.0], estimated={"n": 2.5, "k": 0.5}))
    theta = np.array([2.5, 0.5])
    np.testing.assert_allclose(engine.simulate(theta).prediction, [0.0, 1.0], atol=1e-12)
    gradient = engine.pullback(theta, np.array([0.0, 1.0]), np.zeros(2))
    assert gradient == pytest.approx([0.0, 2.0], abs=1e-12)
