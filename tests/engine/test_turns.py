"""Conditions that hold for a moment only, within a step, and events at the very time of a measurement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import RosenbrockEngine, compile
from il6infer.network.network import TIME, Event, symbol
from tests.zoo.systems import network, problem

x, v, y, n, w, h, a, k = (symbol(name) for name in "xvynwhak")
TIMES = [3.0, 10.0, 30.0, 60.0]


@pytest.fixture(scope="module")
def swing() -> RosenbrockEngine:
    """x = sin(w t + 0.1): y grows while x is above h, and n counts how often it comes there."""
    net = network(
        {"x": w * v, "v": -w * x, "n": sp.Integer(0), "y": sp.Piecewise((a, x > h), (0, True))},
        {"x": float(np.sin(0.1)), "v": float(np.cos(0.1))},
        {"w": 1.0, "h": 0.99, "a": 1.0},
    )
    net = replace(net, events=(Event("up", x > h, {"n": n + 1}),))
    asked = problem(net, TIMES, estimated={"w": 1.0, "h": 0.99, "a": 1.0}, observed=("n", "y"))
    return RosenbrockEngine(asked, rtol=1e-9, atol=1e-11, lower_atol=False)


@pytest.mark.parametrize("depth", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7])
@pytest.mark.parametrize("speed", [0.83, 1.0, 1.37])
def test_a_condition_that_holds_for_a_small_part_of_a_step_is_seen(
    swing: RosenbrockEngine, depth: float, speed: float
) -> None:
    """Steps are a third of a swing; at the least depth x is above h for 1e-4 of one."""
    tops = (speed * np.array(TIMES) + 0.1 - np.pi / 2) // (2 * np.pi) + 1
    length = 2 * np.arccos(1 - depth) / speed
    n, y = swing.simulate(np.array([speed, 1 - depth, 1.0])).prediction.reshape(-1, 2).T
    np.testing.assert_array_equal(n, tops)
    np.testing.assert_allclose(y, tops * length, rtol=1e-4 if depth > 1e-7 else 1e-3)


def test_the_gradient_of_a_condition_that_holds_for_a_moment(swing: RosenbrockEngine) -> None:
    """By the height h: each of 10 tops of depth d is 2 arccos(1 - d) long."""
    depth, weights = 1e-4, np.array([0.0] * 7 + [1.0])
    gradient = swing.pullback(np.array([1.0, 1 - depth, 1.0]), weights, 0 * weights)
    assert gradient[1] == pytest.approx(-10 * 2 / np.sqrt(1 - (1 - depth) ** 2), rel=1e-3)
    assert gradient[2] == pytest.approx(10 * 2 * np.arccos(1 - depth), rel=1e-4)


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
@pytest.mark.parametrize("trigger", [x > 5, x >= 5, x > 5 * h, x >= 5 * h, 5 * h < TIME, 5 * h <= TIME])
@pytest.mark.slow
def test_what_is_measured_at_the_moment_of_an_event_is_all_before_or_all_after(trigger: sp.Rel, engine: str) -> None:
    """A strict trigger holds after the moment alone: value, adjoint and tangent are those before the dose."""
    net = network({"x": k, "y": -sp.Float(0.1) * y}, {"y": 1.0}, {"k": 1.0, "h": 1.0})
    net = replace(net, events=(Event("dose", trigger, {"y": y + 2}),))
    for times in ([5.0], [4.0, 5.0, 6.0], [5.0, 6.0], [1.0, 2.0, 5.0]):
        asked = problem(net, times, estimated={"k": 1.0, "h": 1.0}, observed=("y",))
        for rtol in (1e-6, 1e-10):
            compiled = compile(asked, engine=engine, rtol=rtol, atol=rtol / 100, lower_atol=False)
            at, theta = times.index(5.0), np.ones(2)
            weights = np.eye(len(times))[at]
            found = compiled.simulate(theta).prediction[at]
            # Of the dose at 5 h/k, which is left over as exp(0.1 (5 h/k - 5)).
            after = np.array([-1.0 if x in trigger.free_symbols else 0.0, 1.0 if h in trigger.free_symbols else 0.0])
            late = isinstance(trigger, sp.StrictGreaterThan | sp.StrictLessThan)
            assert found == pytest.approx(np.exp(-0.5) + 2 * (not late), rel=1e-4)
            for gradient in (compiled.pullback(theta, weights, 0 * weights), compiled.jacobian(theta)[0][at]):
                np.testing.assert_allclose(gradient, 0 * after if late else after, atol=1e-4)
