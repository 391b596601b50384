"""Rates that step with the time or a state (floor, ceiling, sign): values and gradients across each step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import compile
from il6infer.network.network import TIME, Event, symbol
from il6infer.runs.counters import with_counters
from tests.zoo.systems import network, problem

c, tau = symbol("c"), symbol("tau")
WIDTH, TAU, TIMES = 0.01, 0.73, np.array([0.5, 2.19 + 0.005, 3.5])


def _pulse(condition) -> sp.Basic:
    return sp.Piecewise((1, condition), (0, True))


def _steps(t: np.ndarray, tau: float) -> np.ndarray:
    """Integral of floor(t / tau)."""
    n = np.floor(t / tau)
    return tau * n * (n - 1) / 2 + n * (t - n * tau)


def _pulses(t: np.ndarray, tau: float) -> np.ndarray:
    n = np.floor(t / tau)
    return n * WIDTH + np.minimum(t - n * tau, WIDTH)


RATES = {
    "doses_by_time": (_pulse(TIME - sp.floor(TIME / tau) * tau < WIDTH), _pulses),
    "doses_by_clock": (_pulse(c - sp.floor(c / tau) * tau < WIDTH), _pulses),
    "floor": (sp.floor(TIME / tau), _steps),
    # At the start, time / tau is just at a step.
    "ceiling": (sp.ceiling(TIME / tau), lambda t, tau: _steps(t, tau) + t),
    "falls": (sp.floor(1 - c / tau), lambda t, tau: -_steps(t, tau)),
    "nested": (sp.floor(sp.floor(c / tau) / 2), lambda t, tau: _steps(t, 2 * tau)),
    "sign": (sp.sign(c - tau), lambda t, tau: np.abs(t - tau) - tau),
    # By the event below, which adds what c is at tau.
    "dosed": (sp.Integer(1), lambda t, tau: t + tau * (t > tau)),
    "sign_in_condition": (_pulse(sp.sign(c - tau) > 0), lambda t, tau: np.maximum(t - tau, 0.0)),
}
BOTH = _pulse(c > tau) + _pulse(c < 9) > sp.Float(1.5)


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
def test_values_and_gradients_across_steps(engine: str) -> None:
    net = network({"c": sp.Integer(1)} | {name: rate for name, (rate, _) in RATES.items()}, {}, {"tau": TAU})
    net = replace(net, events=(Event("dose", BOTH, {"dosed": symbol("dosed") + c}),))
    asked = problem(net, [*TIMES], estimated={"tau": TAU}, observed=[*RATES])
    compiled = compile(asked, engine=engine, rtol=1e-8, atol=1e-10, lower_atol=False)
    theta, found = np.array([TAU]), compiled.simulate(np.array([TAU])).prediction
    rows, _ = compiled.jacobian(theta)

    for n, (name, (_, exact)) in enumerate(RATES.items()):
        own = slice(n, None, len(RATES))
        np.testing.assert_allclose(found[own], exact(TIMES, TAU), rtol=1e-6, atol=1e-8, err_msg=name)
        slopes = (exact(TIMES, TAU + 1e-5) - exact(TIMES, TAU - 1e-5)) / 2e-5
        np.testing.assert_allclose(rows[own, 0], slopes, rtol=1e-5, atol=1e-7, err_msg=name)
    weights = np.linspace(-1.0, 2.0, len(found))
    np.testing.assert_allclose(compiled.pullback(theta, weights, 0 * weights), weights @ rows, rtol=1e-8)


def test_a_function_that_touches_its_zero_does_not_cross_it() -> None:
    """|u| comes down to the step at 0 where the sign turns: diffsol took that for a step down, and gave -0.56, ok."""
    u = (5 * symbol("s") * c - 2) / sp.Float(0.7)
    net = network({"c": sp.Integer(1), "y": sp.floor(sp.Abs(u)) * sp.sign(u)}, {"c": 0.2}, {"s": 1.0})
    found = compile(problem(net, [0.7], estimated={"s": 1.0}, observed=["y"]), engine="diffsol", rtol=1e-9, atol=1e-11)

    # -1 until u is -1, then 0, 1, 2 and 3 from u = 1, 2 and 3 on
    assert found.simulate(np.ones(1)).prediction == pytest.approx([0.6], abs=1e-7)


def test_a_condition_of_numbers_that_step_is_one_of_their_conditions() -> None:
    either = sp.Piecewise((c, TIME > 1), (2 * c, True)) > tau
    events = Event("both", BOTH, {}), Event("either", either, {})

    found = with_counters(replace(network({"c": sp.Integer(1)}, {}), events=events))

    assert [e.trigger for e in found.events] == [
        sp.And(c > tau, c < 9),
        sp.Or(sp.And(TIME > 1, c - tau > 0), sp.And(TIME <= 1, 2 * c - tau > 0)),
    ]


def test_one_counter_serves_all_steps_of_an_argument_and_takes_no_name_of_the_model() -> None:
    rates = {"x": sp.floor(c), "y": sp.ceiling(-c) + sp.sign(c), "c": sp.Integer(1), "steps_4": sp.Integer(0)}

    counted = with_counters(network(rates, {}))

    assert counted.states == (*rates, "steps_4_")
    assert [e.id for e in counted.events] == ["steps_4_"]
    assert not any(e.has(sp.floor, sp.ceiling, sp.sign) for e in (*counted.rhs, *counted.fluxes))
