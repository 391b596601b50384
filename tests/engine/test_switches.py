"""Switches and events that a simulation has to find: values and gradients, against closed forms and other solvers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from il6infer._errors import UserError
from il6infer.engine import Engine, Outcome, compile
from il6infer.network.network import TIME, Event, Network, symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Period, Problem
from il6infer.runs.modes import with_modes
from tests.zoo.systems import network, problem

x, y, n, u = (symbol(name) for name in "xynu")
a, b, c, d, high, low, thr, start = (symbol(name) for name in ("a", "b", "c", "d", "high", "low", "thr", "start"))
TIGHT = {"rtol": 1e-10, "atol": 1e-12}


def _central(engine: Engine, theta: np.ndarray, weights: np.ndarray, share: float = 1e-5) -> np.ndarray:
    found = []
    for step in np.diag(share * theta):
        ends = [engine.simulate(theta + sign * step) for sign in (1, -1)]
        assert all(end.ok for end in ends)
        found.append(weights @ (ends[0].prediction - ends[1].prediction) / (2 * step.sum()))
    return np.array(found)


def _check_gradient(engine: Engine, theta: np.ndarray, weights: np.ndarray, share: float = 1e-5) -> np.ndarray:
    """Adjoint and forward sensitivities against each other and against central differences."""
    gradient = engine.pullback(theta, weights, 0 * weights)
    expected = _central(engine, theta, weights, share)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_allclose(weights @ engine.jacobian(theta)[0], gradient, rtol=1e-6, atol=1e-9)
    return gradient


# A hysteresis that charges to `high`, discharges to `low` and counts; an input whose time is estimated; a rate under
# two conditions. Everything switches at states or estimated times, in each run at other moments.
MIXED = replace(
    network(
        {
            "x": sp.Piecewise((a, u > 0.5), (-b * x, True)) + sp.Piecewise((c, start <= TIME), (0, True)),
            "y": sp.Piecewise((d * x, sp.And(x > thr, n < 2.5)), (-b * y, True)),
            "u": sp.Integer(0),
        },
        {"x": 0.3, "y": 0.0, "u": 1.0},
        {"a": 0.5, "b": 0.31, "c": 0.11, "d": 0.7, "high": 2.0, "low": 0.6, "thr": 1.1, "start": 5.3, "n": 0.0},
    ),
    events=(
        Event("full", x >= high, {"u": sp.Integer(0), "n": n + 1}),
        Event("empty", x <= low, {"u": sp.Integer(1), "x": x + d / 10}),
        Event("dose", start + 3 <= TIME, {"y": y + c * x}),
    ),
)
ESTIMATED = {"a": 0.5, "b": 0.31, "c": 0.11, "d": 0.7, "high": 2.0, "low": 0.6, "thr": 1.1, "start": 5.3}
TIMES = [0.7, 3.1, 6.2, 9.9, 14.5, 21.0]


def _mixed(numbers: list[int]) -> Problem:
    doses = [Experiment(f"e{i}", (Period(0.0, {"x": sp.Float(0.1 + 0.23 * i)}),)) for i in numbers]
    later = [
        Experiment(f"l{i}", (Period(0.0), Period(4.0 + i, {"x": sp.Float(2.5), "u": sp.Integer(1)}))) for i in numbers
    ]
    return problem(MIXED, TIMES, [*doses, *later], ESTIMATED, ["x", "y", "n"])


@pytest.fixture(scope="module")
def mixed() -> Engine:
    return compile(_mixed([0, 1, 2]), engine="rodas5p", **TIGHT)


def _around(seed: int) -> np.ndarray:
    return np.array([*ESTIMATED.values()]) * np.exp(0.1 * np.random.default_rng(seed).normal(size=len(ESTIMATED)))


@pytest.mark.parametrize("seed", range(6))
def test_gradient_across_switches_and_events_equals_central_differences(mixed: Engine, seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=mixed.sizes[2])
    found = mixed.simulate(_around(seed))
    assert found.ok
    assert np.ptp(found.prediction[2::3]) >= 1  # it switched
    _check_gradient(mixed, _around(seed), weights)


def test_both_engines_agree_across_switches_and_events(mixed: Engine) -> None:
    other = compile(_mixed([0, 1, 2]), engine="diffsol", **TIGHT)
    for seed in range(3):
        theta = _around(seed)
        np.testing.assert_allclose(
            mixed.simulate(theta).prediction, other.simulate(theta).prediction, rtol=1e-6, atol=1e-7
        )
        np.testing.assert_allclose(mixed.jacobian(theta)[0], other.jacobian(theta)[0], rtol=1e-4, atol=1e-4)


def test_a_run_with_switches_has_the_same_bits_whatever_goes_beside_it(mixed: Engine) -> None:
    """Alone in its lane, and among runs that switch at other moments."""
    size, theta = 3 * len(TIMES), _around(3)
    together = mixed.simulate(theta).prediction.reshape(-1, size)
    other = compile(_mixed([2, 0, 1]), engine="rodas5p", **TIGHT).simulate(theta).prediction.reshape(-1, size)
    np.testing.assert_array_equal(together[[2, 0, 1, 5, 3, 4]], other)


def test_scipy_with_events_agrees(mixed: Engine) -> None:
    """First run of `MIXED` by solve_ivp: restarted at each event by hand, rates written out again."""
    theta = _around(1)
    p = dict(zip(ESTIMATED, theta, strict=True))

    def rates(t: float, v: np.ndarray, on: float, charged: bool, filling: bool) -> list[float]:
        drive = p["a"] if on else -p["b"] * v[0]
        return [drive + (p["c"] if charged else 0.0), p["d"] * v[0] if filling else -p["b"] * v[1]]

    t, v, on, count, dosed, read = 0.0, np.array([0.1, 0.0]), 1.0, 0, False, {}
    held = {"full": True, "empty": True}
    for _ in range(200):
        # Triggers that turned true since the last stop.
        now = {"full": v[0] >= p["high"] - 1e-9, "empty": v[0] <= p["low"] + 1e-9}
        if now["full"] and not held["full"]:
            on, count = 0.0, count + 1
        if now["empty"] and not held["empty"]:
            on, v = 1.0, v + [p["d"] / 10, 0.0]
        held = {"full": v[0] >= p["high"] - 1e-9, "empty": v[0] <= p["low"] + 1e-9}
        charged = t >= p["start"] - 1e-9
        filling = v[0] > p["thr"] and count < 2.5
        zeros = [lambda t, v: v[0] - p["high"], lambda t, v: v[0] - p["low"], lambda t, v: v[0] - p["thr"]]
        for zero in zeros:
            zero.terminal = True
        stops = sorted(s for s in (p["start"], p["start"] + 3, TIMES[-1]) if s > t + 1e-9)
        # A small step first, so that no solver finds the event again that it starts from.
        away = solve_ivp(rates, (t, t + 1e-7), v, args=(on, charged, filling), rtol=1e-12, atol=1e-14)
        found = solve_ivp(
            lambda t, v, r=(on, charged, filling): rates(t, v, *r), (t + 1e-7, stops[0]), away.y[:, -1],
            events=zeros, rtol=1e-11, atol=1e-13, dense_output=True, method="LSODA",
        )  # fmt: skip
        read |= {at: (*found.sol(at), count) for at in TIMES if t < at <= found.t[-1] + 1e-12}
        t, v = found.t[-1], found.y[:, -1].copy()
        crossed = [i for i, times in enumerate(found.t_events) if len(times)]
        side = np.sign(rates(t, v, on, charged, filling)[0]) * 1e-12
        v[0] += side if crossed else 0.0
        if not dosed and abs(t - p["start"] - 3) < 1e-9:
            dosed, v = True, v + [0.0, p["c"] * v[0]]
        if t >= TIMES[-1]:
            break
    expected = np.array([read[at] for at in TIMES])
    np.testing.assert_allclose(mixed.simulate(theta).prediction[: 3 * len(TIMES)].reshape(-1, 3), expected, rtol=1e-5)


def _of(net: Network, times: list[float], estimated: dict[str, float], **how: object) -> Engine:
    return compile(problem(net, times, estimated=estimated), **{"engine": "rodas5p", **TIGHT, **how})


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
def test_a_run_along_a_switch_is_refused_by_its_outcome(engine: str) -> None:
    """A thermostat without hysteresis: both sides push back to x = 1."""
    net = network({"x": sp.Piecewise((-a, x > 1), (a, True))}, {}, {"a": 1.0})
    assert _of(net, [0.5, 3.0], {"a": 1.0}, engine=engine).simulate(np.ones(1)).outcome[0] == Outcome.SLIDING


@pytest.mark.slow
def test_a_switch_that_is_only_touched_or_that_a_step_would_pass_twice() -> None:
    """The height of a throw, x = a t - t^2 / 2, is above `thr` for a moment, or not quite: y is how long."""
    v, above = symbol("v"), sp.Piecewise((1, x > thr), (0, True))
    net = network({"x": v, "v": sp.Integer(-1), "y": above}, {"v": a}, {"thr": 1, "a": 2})
    engine = _of(net, [4.0], {"a": 2.0, "thr": 1.0})
    for share in (1.0 - 1e-3, 1.0 - 1e-6, 1.0 + 1e-6):
        theta = np.array([2.0, share * 2.0])
        above = 2 * np.sqrt(max(4.0 - 2 * theta[1], 0.0))
        assert engine.simulate(theta).prediction[2] == pytest.approx(above, rel=1e-5, abs=1e-9)
    _check_gradient(engine, np.array([2.0, 1.99]), np.array([0.0, 0.0, 1.0]), 1e-6)


def test_a_switch_exactly_at_the_start_at_a_measurement_and_at_a_period() -> None:
    """x' = 1 from 0; the rate of y is 2 above 1, else 0; at 1 there is a measurement, and at 2 a period begins."""
    net = network({"x": sp.Integer(1), "y": sp.Piecewise((a, x > thr), (0, True))}, {}, {"thr": 1.0, "a": 2.0})
    steps = Experiment("e", (Period(0.0), Period(2.0, {"x": sp.Integer(0)})))
    asked = problem(net, [0.0, 1.0, 1.5, 2.0, 3.0, 3.5], [steps], {"a": 2.0, "thr": 1.0}, ["y"])
    engine = compile(asked, engine="rodas5p", **TIGHT)
    np.testing.assert_allclose(engine.simulate(np.array([2.0, 1.0])).prediction, [0, 0, 1, 2, 2, 3], atol=1e-9)
    np.testing.assert_allclose(engine.simulate(np.array([2.0, 2.0])).prediction, [0, 0, 0, 0, 0, 0], atol=1e-9)
    started = np.array([2.0, 1e-9])
    np.testing.assert_allclose(engine.simulate(started).prediction, [0, 2, 3, 4, 6, 7], atol=1e-7)


@pytest.mark.parametrize(("strict", "at_five"), [(False, 7.0), (True, 5.0)])
@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
def test_what_is_measured_at_the_moment_of_an_event(engine: str, strict: bool, at_five: float) -> None:
    """x' = 1 from 0, plus 2 as it reaches `thr`: at that moment ``>=`` is measured after, ``>`` before."""
    net = network({"x": sp.Integer(1)}, {}, {"thr": 5.0})
    net = replace(net, events=(Event("E", x > thr if strict else x >= thr, {"x": x + 2}),))
    found = _of(net, [4.0, 5.0, 6.0], {"thr": 5.0}, engine=engine)
    np.testing.assert_allclose(found.simulate(np.array([5.0])).prediction, [4.0, at_five, 8.0], rtol=1e-9)


def test_events_of_one_moment_that_a_state_triggers() -> None:
    """As x reaches 2: `last` uses the values of before; `first` has priority; `undone` is not persistent."""
    net = replace(
        network({"x": a, "y": sp.Integer(0), "u": sp.Integer(0)}, {"y": 3.0}, {"a": 1.0}),
        events=(
            Event("last", x >= 2, {"u": y + x}, priority=sp.Integer(1)),
            Event("first", x >= 2, {"y": 10 * y, "x": sp.Integer(1)}, priority=sp.Integer(2)),
            Event("undone", x >= 2, {"y": sp.Integer(-1)}, priority=sp.Integer(0), persistent=False),
        ),
    )
    found = _of(net, [1.5, 2.5], {"a": 1.0})
    np.testing.assert_allclose(found.simulate(np.ones(1)).prediction, [1.5, 3, 0, 1.5, 30, 5], rtol=1e-9)
    # x(2.5) = 1 + a (2.5 - 2 / a)
    assert found.pullback(np.ones(1), np.array([0, 0, 0, 1.0, 0, 0]), np.zeros(6)) == pytest.approx([2.5])


def test_events_that_follow_each_other_without_end_are_an_outcome() -> None:
    net = network({"x": sp.Integer(1), "y": sp.Integer(0)}, {}, {"a": 1.0})
    up, down = Event("up", sp.And(x > 1, y < a), {"y": a}), Event("down", sp.And(x > 1, y >= a), {"y": sp.Integer(0)})
    found = _of(replace(net, events=(up, down)), [2.0], {"a": 1.0}).simulate(np.ones(1))
    assert found.outcome[0] == Outcome.STEP_LIMIT


def test_a_run_without_end_is_not_stepped_over_by_the_second_engine() -> None:
    """What falls and is lifted by 1e-9 whenever it is at 0 takes 1e9 events; diffsol saw none, and gave -1."""
    net = network({"x": -a}, {"x": 1.0}, {"a": 1.0})
    up = Event("up", x <= 0, {"x": sp.Float(1e-9)})
    found = compile(problem(replace(net, events=(up,)), [2.0], estimated={"a": 1.0})).simulate(np.ones(1))
    assert (Outcome(found.outcome[0]), found.prediction[0]) == (Outcome.STEP_LIMIT, np.inf)


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
@pytest.mark.parametrize("begin", [0.0, pytest.param(10.0, marks=pytest.mark.slow)])
def test_a_fast_state_is_not_at_its_threshold_before_it_is_there(engine: str, begin: float) -> None:
    """x turns into y at rate a once u is on, and what is left of x below 1e-8 is lost: y ends at x0 = c.

    At 1e9 the second engine took x for being at 1e-8 from the start, for it is there within 1e-8 of time, and gave 0.
    """
    net = network({"x": -a * u * x, "y": a * u * x}, {"x": c}, {"a": 1.0, "c": 3.0, "u": 0.0})
    net = replace(net, events=(Event("gone", x < 1e-8, {"x": sp.Integer(0)}),))
    on = Experiment(
        "e", (Period(0.0), Period(begin, {"u": sp.Integer(1)})) if begin else (Period(0.0, {"u": sp.S(1)}),)
    )
    compiled = compile(problem(net, [begin + 1.0], [on], {"a": 1.0, "c": 3.0}, ["x", "y"]), engine=engine)
    for rate in (1e2, 1e4, 1e6, 1e8, 1e9, 1e10):
        theta = np.array([rate, 3.0])
        found = compiled.simulate(theta)
        if engine == "diffsol" and not found.ok:
            continue  # it may fail, with an outcome; a number is right
        np.testing.assert_allclose(found.prediction, [0.0, 3.0], rtol=1e-5, atol=1e-5)
        gradient = compiled.pullback(theta, np.ones(2), np.zeros(2)) * theta
        np.testing.assert_allclose(gradient, [0.0, 3.0], rtol=1e-4, atol=1e-4)


def test_a_switch_on_the_way_to_a_steady_state() -> None:
    """x' = a - b x below 1, a - 2 b x above: from 0 it rests at a / (2 b) = 1.5; then the input stops."""
    net = network({"x": c - sp.Piecewise((2 * b * x, x > thr), (b * x, True))}, {}, {"b": 0.5, "c": 1.5, "thr": 1.0})
    steps = Experiment("e", (Period(STEADY_STATE), Period(0.0, {"c": sp.Integer(0)})))
    asked = problem(net, [0.0, 0.2, 3.0], [steps], {"b": 0.5, "thr": 1.0})
    for engine in ("rodas5p", "diffsol"):
        compiled = compile(asked, engine=engine, **TIGHT)
        found = compiled.simulate(np.array([0.5, 1.0])).prediction
        late = np.exp(-0.5 * (3.0 - np.log(1.5)))
        np.testing.assert_allclose(found, [1.5, 1.5 * np.exp(-0.2), late], rtol=1e-6)
    _check_gradient(compile(asked, engine="rodas5p", **TIGHT), np.array([0.5, 1.0]), np.ones(3))


LOGISTIC = 1 / (1 + sp.exp(-(TIME - start) / a))
PULSES = {
    "gaussian": (sp.exp(-(((TIME - start) / a) ** 2) / 2), np.sqrt(2 * np.pi)),
    "expanded gaussian": (sp.exp(-sp.expand((TIME - start) ** 2) / (2 * a**2)), np.sqrt(2 * np.pi)),
    "triangle": (sp.Max(0, 1 - sp.Abs(TIME - start) / a), 1.0),
    "bump of a logistic": (4 * LOGISTIC * (1 - LOGISTIC), 4.0),
    "gaussian of a clock": (sp.exp(-(((x - start) / a) ** 2) / 2), np.sqrt(2 * np.pi)),
    "lorentzian": (1 / (1 + ((TIME - start) / a) ** 2), np.pi),
    "condition that is not linear": (sp.Piecewise((1, (TIME - start) ** 2 < a**2), (0, True)), 2.0),
}


# The kernel meets the shapes of test_pulses.py there, at many more widths.
ELSEWHERE = ("bump of a logistic", "gaussian", "lorentzian", "triangle")


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        pytest.param(name, engine, marks=pytest.mark.slow if engine == "rodas5p" and name in ELSEWHERE else [])
        for name in sorted(PULSES) for engine in ("rodas5p", "diffsol")
    ],
)  # fmt: skip
def test_a_pulse_from_rest_is_not_stepped_over(name: str, engine: str) -> None:
    """The area of a pulse of any shape and width, whose place and width are estimated."""
    pulse, area = PULSES[name]
    net = network({"y": pulse, "x": sp.Integer(1)}, {}, {"start": 480.0, "a": 1.0})
    asked = problem(net, [1000.0], estimated={"start": 480.0, "a": 1.0}, observed=["y"])
    compiled = compile(asked, engine=engine)
    tail = 4e-3 if name == "lorentzian" else 1e-4
    for place, width in ((480.0, 1.0), (300.3, 0.01), (700.1, 20.0)):
        found = compiled.simulate(np.array([place, width])).prediction[0]
        assert found == pytest.approx(area * width, rel=tail if width < 5 else 0.05)


def test_networks_without_conditions_are_left_as_they_are() -> None:
    asked = problem(network({"x": -a * x}, {"x": 1.0}, {"a": 1.0}), [1.0], estimated={"a": 1.0})
    left = with_modes(asked).network
    assert (left.rhs, left.modes) == (asked.network.rhs, ())


def test_a_trigger_that_asks_whether_a_state_equals_something_is_refused() -> None:
    net = replace(network({"x": a}, {}, {"a": 1.0}), events=(Event("E", sp.Eq(x, 2), {"x": sp.Integer(0)}),))
    with pytest.raises(UserError) as error:
        compile(problem(net, [1.0], estimated={"a": 1.0}))
    assert str(error.value) == (
        "event 'E': the trigger 'Eq(x, 2)' asks whether a state equals something, which it does for no time at all; "
        "this is not supported. Use an inequality."
    )
