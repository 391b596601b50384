"""What falls on one moment is the same whether a time is known before the simulation or estimated and found by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import compile
from il6infer.network.network import TIME, Event, symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Parameter, Period, Prior, Problem
from tests.zoo.systems import network, problem

x, y, te, k = (symbol(name) for name in ("x", "y", "te", "k"))
AT, AFTER = te <= TIME, te < TIME
TIGHT = {"rtol": 1e-10, "atol": 1e-12}
ENGINES = ("rodas5p", "diffsol")
RATE = sp.Piecewise((1, AT), (0, True))


@dataclass(frozen=True)
class Tie:
    """x' = 0 and y' = `rate` from x = 1 and y = 0, with te = 5 and k = 2; what else falls on 5, and what follows."""

    expected: Sequence[Sequence[float]]
    """x and y at 4, 5 and 7 (at the `times`)."""
    events: tuple[Event, ...] = ()
    later: tuple[Period, ...] = ()
    first: Period = Period(0.0)
    times: Sequence[float] = (4.0, 5.0, 7.0)
    rate: sp.Expr = sp.Integer(0)
    at: float = 5.0

    def problem(self, estimated: bool) -> Problem:
        net = replace(
            network({"x": sp.Integer(0), "y": self.rate}, {"x": 1.0}, {"te": self.at, "k": 2.0}), events=self.events
        )
        steps = [Experiment("e", (self.first, *self.later))]
        asked = problem(net, self.times, steps)
        return replace(asked, parameters=(_parameter("te", self.at),)) if estimated else asked


def _parameter(name: str, value: float) -> Parameter:
    return Parameter(name, -np.inf, np.inf, value, True, Prior("normal", (value, 1.0)))


def _double(trigger: sp.Basic, **how: object) -> Event:
    return Event("double", trigger, {"x": 2 * x}, **how)


PLUS = Period(5.0, {"x": x + 1})
ONE, TWO = sp.Integer(1), sp.Integer(2)
TIES = {
    "an event and a period": Tie([[1, 0], [4, 0], [4, 0]], (_double(AT),), (PLUS,)),
    "a strict event and a period": Tie([[1, 0], [2, 0], [4, 0]], (_double(AFTER),), (PLUS,)),
    "an event with the value of a period": Tie(
        [[1, 0], [3, 0], [3, 0]], (Event("E", AT, {"x": k * x}),), (Period(5.0, {"k": sp.Integer(3)}),)
    ),
    "an event and a period that set the same": Tie(
        [[1, 0], [7, 0], [7, 0]], (Event("E", AT, {"x": sp.Integer(7)}),), (Period(5.0, {"x": sp.Integer(8)}),)
    ),
    "an event that a period forestalls": Tie(
        [[1, 0], [1, 0], [1, 0]], (_double(sp.And(AT, k > 1)),), (Period(5.0, {"k": sp.Integer(0)}),)
    ),
    "an event that a period makes possible": Tie(
        [[1, 0], [2, 0], [2, 0]], (_double(sp.And(AT, k > 3)),), (Period(5.0, {"k": sp.Integer(4)}),)
    ),
    "an event, a period and a later one": Tie(
        [[1, 0], [4, 0], [5, 0]], (_double(AT),), (PLUS, Period(6.0, {"x": x + 1}))
    ),
    "an event and a period, at the last time": Tie([[1, 0], [4, 0]], (_double(AT),), (PLUS,), times=(4.0, 5.0)),
    "an event and the last time": Tie([[1, 0], [2, 0]], (_double(AT),), times=(4.0, 5.0)),
    "a strict event and the last time": Tie([[1, 0], [1, 0]], (_double(AFTER),), times=(4.0, 5.0)),
    "an event and a measurement": Tie([[1, 0], [2, 0], [2, 0]], (_double(AT),)),
    "a strict event and a measurement": Tie([[1, 0], [1, 0], [2, 0]], (_double(AFTER),)),
    "a switch and a period": Tie([[1, 0], [2, 0], [2, 4]], (), (PLUS,), rate=RATE * x),
    "a switch and a period that sets its state": Tie(
        [[1, 0], [1, 3], [1, 5]], (), (Period(5.0, {"y": sp.Integer(3)}),), rate=RATE
    ),
    "a switch and the last time": Tie([[1, 0], [1, 0]], (), times=(4.0, 5.0), rate=RATE),
    "a switch, an event and a period": Tie([[1, 0], [4, 0], [4, 8]], (_double(AT),), (PLUS,), rate=RATE * x),
    "a switch at a known time and an event": Tie(
        [[1, 0], [2, 0], [2, 4]], (_double(AT),), rate=sp.Piecewise((x, TIME >= 5), (0, True))
    ),
    "two doses": Tie([[1, 0], [4, 0], [4, 0]], (Event("A", AT, {"x": x + 1}, use_trigger_values=False),
                                                Event("B", TIME >= 5, {"x": x + 2}, use_trigger_values=False))),
    "a dose with priority": Tie(
        [[1, 0], [6, 0], [6, 0]],
        (_double(AT, priority=ONE, use_trigger_values=False),
         Event("B", TIME >= 5, {"x": x + 2}, priority=TWO, use_trigger_values=False)),
    ),
    "a dose that waits": Tie(
        [[1, 0], [4, 0], [4, 0]],
        (_double(AT, priority=TWO, use_trigger_values=False),
         Event("B", TIME >= 5, {"x": x + 2}, priority=ONE, use_trigger_values=False)),
    ),
    "a dose with priority that undoes the other": Tie(
        [[1, 0], [3, 0], [3, 0]],
        (_double(sp.And(AT, k > 1), priority=ONE, persistent=False),
         Event("B", TIME >= 5, {"x": x + 2, "k": sp.Integer(0)}, priority=TWO)),
    ),
    "doses of one estimated time": Tie(
        [[1, 0], [6, 0], [6, 0]],
        (_double(AT, priority=ONE, use_trigger_values=False),
         Event("B", te + 3 <= TIME + 3, {"x": x + 2}, priority=TWO, use_trigger_values=False)),
    ),
    "an event whose time ends at a period": Tie(
        [[2, 0], [3, 0], [3, 0]], (_double(te > TIME, initial_value=False),), (PLUS,)
    ),
    "an event at the start": Tie(
        [[2, 0], [2, 0], [2, 0]], (_double(AT, initial_value=False),), at=0.0, times=(0.0, 5.0, 7.0)
    ),
    "an event that was true at the start": Tie(
        [[1, 0]] * 3, (_double(AT, initial_value=True),), at=0.0, times=(0.0, 5.0, 7.0)
    ),
    "a strict event at the start": Tie([[1, 0], [2, 0], [2, 0]], (_double(AFTER),), at=0.0, times=(0.0, 5.0, 7.0)),
    "an event at a later start": Tie(
        [[4, 0], [4, 0]], (_double(AT, initial_value=False),), first=Period(5.0, {"x": x + 1}), times=(5.0, 7.0)
    ),
    "an event at 0 after rest": Tie(
        [[4, 0], [4, 0]], (_double(AT, initial_value=False),), (Period(0.0, {"x": x + 1}),), Period(STEADY_STATE),
        (0.0, 7.0), at=0.0,
    ),
    "an event before 0 after rest": Tie(
        [[4, 0], [4, 0]], (_double(AT, initial_value=False),), (Period(0.0, {"x": x + 1}),), Period(STEADY_STATE),
        (0.0, 7.0), at=-1.0,
    ),
    "a switch at 0 after rest": Tie(
        [[1, 0], [1, 7]], (), (Period(0.0, {"k": sp.Integer(0)}),), Period(STEADY_STATE), (0.0, 7.0),
        RATE * (2 - k) / 2 - k * y, at=0.0,
    ),
}  # fmt: skip


QUICK = (
    "a switch, an event and a period", "a dose with priority that undoes the other", "an event at 0 after rest",
)  # fmt: skip
"""Of the table and of the one below; all others, and all with the second engine, are slow together."""


def _marks(name: str, engine: str, estimated: bool = True) -> list[pytest.MarkDecorator]:
    return [] if estimated and engine == "rodas5p" and name in QUICK else [pytest.mark.slow]


@pytest.mark.parametrize(
    ("name", "estimated", "engine"),
    [
        pytest.param(name, estimated, engine, marks=_marks(name, engine, estimated))
        for name in sorted(TIES)
        for estimated in (False, True)
        for engine in ENGINES
    ],
)
def test_a_tie_is_the_same_at_a_known_and_at_an_estimated_time(name: str, estimated: bool, engine: str) -> None:
    tie = TIES[name]
    compiled = compile(tie.problem(estimated), engine=engine, **TIGHT)
    found = compiled.simulate(np.array([tie.at] if estimated else []))
    assert found.ok
    np.testing.assert_allclose(found.prediction.reshape(-1, 2), tie.expected, rtol=1e-7, atol=1e-9)


t1, t2, thr = symbol("t1"), symbol("t2"), symbol("thr")
SLOPES = {
    # y' = [t >= t1] + 2 [t >= t2]: each has its own share.
    "two switches": (
        network({"y": sp.Piecewise((1, t1 <= TIME), (0, True)) + sp.Piecewise((2, t2 <= TIME), (0, True))}, {}),
        (), (), {"t1": 5.0, "t2": 5.0}, [7.0], [6.0], [[-1.0, -2.0]],
    ),
    # x' = -x / 2 from 1, with doses of 1 at t1 and of k at t2.
    "two doses": (
        network({"x": -x / 2}, {"x": 1.0}),
        (Event("A", t1 <= TIME, {"x": x + 1}), Event("B", t2 <= TIME, {"x": x + k}, use_trigger_values=False)), (),
        {"t1": 5.0, "t2": 5.0, "k": 2.0}, [7.0], [np.exp(-3.5) + 3 * np.exp(-1)],
        [[np.exp(-1) / 2, np.exp(-1), np.exp(-1)]],
    ),
    # x' = 1, the event doubles it at te = 5, after the period that adds 1: of a later te, 2 (te + 1) + 7 - te.
    "an event and a period": (
        network({"x": sp.Integer(1)}, {}), (Event("E", AT, {"x": 2 * x}),), (Period(5.0, {"x": x + 1}),),
        {"te": 5.0}, [7.0], [14.0], [[1.0]],
    ),
    # y' = k x from te on; the period at 5 sets x to 3: of a later te, 3 k (7 - te).
    "a switch and a period": (
        network({"x": sp.Integer(0), "y": sp.Piecewise((k * x, AT), (0, True))}, {"x": 1.0}), (),
        (Period(5.0, {"x": sp.Integer(3)}),), {"te": 5.0, "k": 2.0}, [7.0], [3.0, 12.0], [[0.0, 0.0], [-6.0, 6.0]],
    ),
    # x' = 1 reaches thr as time reaches te; y' = [x > thr] + 2 [t >= te].
    "a state and a time": (
        network({"x": sp.Integer(1),
                 "y": sp.Piecewise((1, x > thr), (0, True)) + sp.Piecewise((2, AT), (0, True))}, {}), (), (),
        {"thr": 5.0, "te": 5.0}, [7.0], [7.0, 6.0], [[0.0, 0.0], [-1.0, -2.0]],
    ),
    # The switch comes with the start: of a later te, k (7 - te).
    "a switch and the start": (
        network({"y": sp.Piecewise((k, AT), (0, True))}, {}), (), (), {"te": 0.0, "k": 2.0}, [7.0], [14.0],
        [[-2.0, 7.0]],
    ),
}  # fmt: skip
"""Network, events, later periods, estimated parameters, times; predictions and their slopes."""


@pytest.mark.parametrize(
    ("name", "engine"),
    [pytest.param(name, engine, marks=_marks(name, engine)) for name in sorted(SLOPES) for engine in ENGINES],
)
def test_what_falls_on_one_moment_has_its_own_share_in_the_gradient(name: str, engine: str) -> None:
    net, events, later, given, times, values, slopes = SLOPES[name]
    net = replace(net, events=events, parameters=tuple(given), defaults=tuple(sp.Float(v) for v in given.values()))
    asked = problem(net, times, [Experiment("e", (Period(0.0), *later))])
    asked = replace(asked, parameters=tuple(_parameter(*pair) for pair in given.items()))
    compiled, theta = compile(asked, engine=engine, **TIGHT), np.array([*given.values()])
    np.testing.assert_allclose(compiled.simulate(theta).prediction, values, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(compiled.jacobian(theta)[0], slopes, rtol=1e-6, atol=1e-7)
    for row, slope in zip(np.eye(len(values)), slopes, strict=True):
        np.testing.assert_allclose(compiled.pullback(theta, row, 0 * row), slope, rtol=1e-6, atol=1e-7)
