"""What happens with time, where a run starts from rest or is measured there: against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.network.network import TIME, Event, Network, symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Period
from il6infer.runs.outcome import Outcome
from tests.zoo.systems import network, problem

x, k, s, when = symbol("x"), symbol("k"), symbol("s"), symbol("when")
BEFORE = [Experiment("e", (Period(STEADY_STATE, {"k": sp.Integer(1)}), Period(0.0, {"k": sp.Float(0.5)})))]
"""Rest at k = 1, then k = 1/2."""
INPUT = {"s": 1.0, "when": 5.0}
TIGHT = {"rtol": 1e-10, "atol": 1e-12}
ENGINES = ["rodas5p", "diffsol"]


def _net(rate: sp.Expr, *events: Event) -> Network:
    return replace(network({"x": rate}, {"x": 0.3}, {"k": 1.0, **INPUT}), events=events)


STEP = sp.Piecewise((3 * s, when < TIME), (s, True))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "estimated",
    [
        pytest.param({"s": 1.0}, marks=pytest.mark.slow, id="known time"),
        pytest.param({"s": 1.0, "when": 5.0}, id="estimated time"),
    ],
)
def test_at_rest_before_an_experiment_no_switch_in_time_has_come(engine: str, estimated: dict[str, float]) -> None:
    """x' = s - k x, from rest at s / k = 1 with k = 1/2 then, and 3 s from `when` on."""
    compiled = compile(problem(_net(STEP - k * x), [0.0, 4.0, 7.0], BEFORE, estimated), engine=engine, **TIGHT)
    theta = np.array([*estimated.values()])
    at_switch = 2 - np.exp(-2.5)
    exact = [1.0, 2 - np.exp(-2), 6 + (at_switch - 6) * np.exp(-1)]
    np.testing.assert_allclose(compiled.simulate(theta).prediction, exact, rtol=1e-7)
    by_time = (0.5 * (at_switch - 6) + 0.5 * np.exp(-2.5)) * np.exp(-1)
    expected = [[p, *[0.0] * (len(estimated) - 1)] for p in exact]
    if "when" in estimated:
        expected[2][1] = by_time
    np.testing.assert_allclose(compiled.jacobian(theta)[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("estimated", [{"s": 1.0}, {"s": 1.0, "when": 5.0}], ids=["known time", "estimated time"])
def test_at_rest_before_an_experiment_no_event_in_time_has_happened(engine: str, estimated: dict[str, float]) -> None:
    event = Event("dose", sp.Gt(TIME, when), {"x": x + 5})
    compiled = compile(problem(_net(s - k * x, event), [0.0, 7.0], BEFORE, estimated), engine=engine, **TIGHT)
    found = compiled.simulate(np.array([*estimated.values()]))
    exact = [1.0, 2 - np.exp(-3.5) + 5 * np.exp(-1)]
    np.testing.assert_allclose(found.prediction, exact, rtol=1e-7)
    assert [Outcome(o) for o in found.outcome] == [Outcome.OK]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("start", [0.3, pytest.param(1.0, marks=pytest.mark.slow)])  # one of the two is at rest
def test_before_an_experiment_time_stands_still_at_zero(engine: str, start: float) -> None:
    """x' = s cos(t) - k x rests at s / k where t is 0, wherever it begins; a pulse to come is not seen."""
    net = replace(_net(s * sp.cos(TIME) + s * sp.exp(-((TIME - 30) ** 2)) - k * x), initial=(sp.Float(start),))
    compiled = compile(problem(net, [0.0, 2.0], BEFORE, {"s": 1.0}), engine=engine, **TIGHT)
    one = np.ones(1)
    later = (0.5 * np.cos(2) + np.sin(2)) / 1.25 + (1 - 0.5 / 1.25) * np.exp(-1)
    np.testing.assert_allclose(compiled.simulate(one).prediction, [1.0, later], rtol=1e-7)
    np.testing.assert_allclose(compiled.jacobian(one)[0], [[1.0], [later]], rtol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("times", [[np.inf], [0.0, np.inf], [2.0, np.inf], [7.0, np.inf]])
@pytest.mark.parametrize("at", [5.0, pytest.param(3e4, marks=pytest.mark.slow)])
def test_rest_is_waited_for_until_the_last_switch_in_time(engine: str, times: list[float], at: float) -> None:
    """At 1 the rate is zero at once; the input that trebles at an estimated time is yet to come."""
    net = replace(_net(STEP - k * x), initial=(sp.Integer(1),))
    compiled = compile(problem(net, times, estimated={"s": 1.0, "when": at}), engine=engine, **TIGHT)
    theta = np.array([1.0, at])
    assert compiled.simulate(theta).prediction[-1] == pytest.approx(3.0, rel=1e-8)
    np.testing.assert_allclose(compiled.jacobian(theta)[0][-1], [3.0, 0.0], atol=1e-6)
    last = np.eye(len(times))[-1]
    np.testing.assert_allclose(compiled.pullback(theta, last, 0 * last), [3.0, 0.0], atol=1e-6)


@pytest.mark.parametrize("times", [[np.inf], [0.0, np.inf], [7.0, np.inf]])
@pytest.mark.parametrize("trigger", [sp.Gt(TIME, when), sp.Gt(x, 2)], ids=["time", "state"])
def test_events_on_the_way_to_rest_happen(trigger: sp.Rel, times: list[float]) -> None:
    """x' = 3 s - k x; the event sets s, which becomes a state, to 1/2."""
    event = Event("less", trigger, {"s": sp.Rational(1, 2)})
    asked = problem(_net(3 * s - k * x, event), times, estimated={"k": 1.0, "when": 5.0}, observed=["x"])
    found = compile(asked, **TIGHT).simulate(np.array([1.0, 5.0]))
    assert found.prediction[-1] == pytest.approx(1.5, rel=1e-7)
    assert Outcome(found.outcome[0]) in (Outcome.OK, Outcome.RESCUED)


def test_what_is_set_back_again_and_again_does_not_rest() -> None:
    """x grows by 1 and is set back at 1: after any whole time it is 0, which the second engine took for rest."""
    event = Event("back", sp.Gt(x, 1), {"x": sp.Integer(0)})
    found = compile(problem(_net(s, event), [0.0], BEFORE, {"s": 1.0})).simulate(np.ones(1))
    assert (Outcome(found.outcome[0]), found.prediction[0]) == (Outcome.NO_STEADY_STATE, np.inf)


@pytest.mark.parametrize(
    ("rate", "what"),
    [
        (sp.cos(TIME) - x, "the rate of change of 'x'"),
        (sp.exp(-TIME) - x, "the rate of change of 'x'"),
        (sp.Piecewise((s, sp.sin(TIME * s) > 0), (0, True)) - x, "the condition 'sin(s*time) > 0'"),
    ],
)
def test_rest_of_what_moves_with_time_is_refused_by_name(rate: sp.Expr, what: str) -> None:
    """Of these some come to rest in the limit, and no equation of rest says where."""
    with pytest.raises(UserError) as error:
        compile(problem(_net(rate), [0.0, np.inf], estimated={"s": 1.0}))
    assert str(error.value) == (
        "problem 'zoo': 1 fault\n"
        f"  - measurement 2: time inf asks for a steady state, and {what} depends on time. "
        "Measure at a time that is late enough."
    )
