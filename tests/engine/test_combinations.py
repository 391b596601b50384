"""Rests, periods, events, switches, measurements at infinity and limits in place of values, all in one problem.

Random problems, each against its own rates integrated by SciPy from one switch or event to the next: predictions,
log-likelihood, and its gradient against central differences of that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp
from scipy.stats import laplace, norm

from il6infer.engine import Outcome, compile
from il6infer.engine.likelihood import slopes
from il6infer.network.network import TIME, Event, symbol
from il6infer.problems.noise import CENSORED
from il6infer.problems.spec import STEADY_STATE, Experiment, Observable, Period, Problem
from tests.zoo.systems import network, problem

STATES = ("x", "y")
AWAY = 1e-7
"""Time after a switch or an event at which it is asked what holds then."""


@dataclass
class Case:
    """A problem, and where its reference has to stop."""

    rng: np.random.Generator
    values: dict[str, float] = field(default_factory=dict)
    estimated: dict[str, float] = field(default_factory=dict)
    moments: list[sp.Expr] = field(default_factory=list)
    thresholds: list[sp.Expr] = field(default_factory=list)

    def parameter(self, name: str, around: float) -> sp.Symbol:
        """Parameter with a value near `around`, estimated more often than not."""
        self.values[name] = float(around * np.exp(0.3 * self.rng.normal()))
        if self.rng.random() < 0.7:
            self.estimated[name] = self.values[name]
        return symbol(name)

    def moment(self, name: str) -> sp.Expr:
        """Time at which something happens: 5, or a parameter."""
        found = sp.Integer(5) if self.rng.random() < 0.3 else self.parameter(name, 3.0)
        self.moments.append(found)
        return found

    def threshold(self, name: str, state: str) -> sp.Rel:
        """Condition that a state is above a parameter."""
        level = self.parameter(name, 0.7)
        self.thresholds.append(symbol(state) - level)
        return symbol(state) > level


def _factor(case: Case, i: int) -> sp.Expr:
    """What a rate is multiplied by: switched by time, by a state, by both, with a kink, or smooth."""
    kind = case.rng.integers(6)
    if kind == 0:
        return sp.Piecewise((3, case.moment(f"t{i}") <= TIME), (1, True))
    if kind == 1:
        begin, length = case.moment(f"t{i}"), case.parameter(f"w{i}", 2.0)
        case.moments.append(begin + length)
        return sp.Piecewise((sp.Rational(1, 5), sp.And(begin < TIME, begin + length > TIME)), (1, True))
    if kind == 2:
        return sp.Piecewise((1, case.threshold(f"h{i}", "x")), (sp.Rational(3, 10), True)) if i else sp.Integer(1)
    if kind == 3:
        above = case.threshold(f"h{i}", "y")
        return 1 + sp.Max(0, above.lhs - above.rhs) / (1 + symbol("y"))
    if kind == 4 and i:
        both = sp.And(case.moment(f"t{i}") <= TIME, case.threshold(f"h{i}", "x"))
        return sp.Piecewise((2, both), (sp.Rational(1, 2), True))
    return 1 / (1 + symbol("y") / case.parameter(f"I{i}", 1.0))


def _event(case: Case, i: int) -> Event:
    target, other = (str(name) for name in case.rng.choice(STATES, 2))
    what: sp.Expr = [symbol(target) + case.parameter(f"u{i}", 1.0), 0.3 * symbol(target) + 0.2 * symbol(other)][
        case.rng.integers(2)
    ]
    kind = case.rng.integers(5)
    if kind == 0:
        return Event(f"e{i}", case.moment(f"te{i}") <= TIME, {target: what})
    if kind == 1:
        return Event(f"e{i}", case.moment(f"te{i}") < TIME, {"mod": symbol("mod") / 2})
    if kind == 2:  # it takes away what triggers it
        return Event(f"e{i}", case.threshold(f"he{i}", target), {target: 0.4 * symbol(target)})
    if kind == 3:
        return Event(f"e{i}", case.threshold(f"he{i}", other), {"mod": symbol("mod") / 2})
    both = sp.And(case.moment(f"te{i}") <= TIME, case.threshold(f"he{i}", other))
    return Event(f"e{i}", both, {target: what})


def _changes(case: Case) -> dict[str, sp.Expr]:
    x, y, dose = symbol("x"), symbol("y"), symbol("dose")
    options = [
        {"inp": sp.Float(case.rng.choice([0.5, 2.0, 3.0]))}, {"inp": dose}, {"x": x + dose / 2},
        {"y": 0.3 * x + 0.1 * y}, {"x": sp.Float(1.5), "b0": sp.Float(0.6)},
    ]  # fmt: skip
    return options[case.rng.integers(len(options))]


def make(seed: int) -> tuple[Case, Problem]:
    """Two states in a cascade, up to two events, two experiments of one to three periods, with and without a rest."""
    case = Case(np.random.default_rng(seed))
    x, y = map(symbol, STATES)
    case.values |= {"inp": 1.0, "mod": 1.0}
    rates = {
        "x": case.parameter("b0", 1.0) * symbol("inp") * _factor(case, 0) - case.parameter("d0", 0.7) * x,
        "y": case.parameter("b1", 1.0) * symbol("mod") * x / (case.parameter("K", 1.0) + x) * _factor(case, 1)
        - case.parameter("d1", 0.7) * y,
    }
    events = tuple(_event(case, i) for i in range(case.rng.integers(3)))
    for name, value in (("dose", 0.8), ("x0", 0.4), ("scale", 1.3), ("sigma", 0.3)):
        case.values[name] = case.estimated[name] = value
    case.estimated.pop("b0", None)  # a condition sets it
    net = network(rates, {"x": symbol("x0"), "y": 0.2}, case.values)
    experiments = []
    for rested in (False, True):
        periods = [Period(STEADY_STATE, {"inp": sp.Float(0.7)})] if rested else []
        later = {round(float(t), 3) for t in case.rng.uniform(1, 9, case.rng.integers(3))}
        periods += [Period(t, _changes(case)) for t in sorted({0.0, *later, *([5.0] * (case.rng.random() < 0.3))})]
        experiments.append(Experiment("rested" if rested else "fresh", tuple(periods)))
    times = [0.0, 5.0, *np.round(case.rng.uniform(0.5, 10, 3), 3), *([math.inf] * (case.rng.random() < 0.4))]
    asked = problem(replace(net, events=events), times, experiments, case.estimated)
    kind = str(case.rng.choice(["normal", "log-normal", "laplace", "log-laplace"]))
    read = {"o_x": symbol("scale") * x + 0.05, "o_y": x + y + 0.02}
    noise = symbol("sigma") if kind.startswith("log") else symbol("sigma") * (1 + x)
    table = asked.measurements.assign(
        value=np.exp(0.5 * case.rng.normal(size=len(asked.measurements))),
        censored=case.rng.choice([*CENSORED], len(asked.measurements), p=[0.6, 0.25, 0.15]),
    )
    observables = tuple(Observable(name, formula, noise, kind) for name, formula in read.items())
    return case, replace(asked, observables=observables).with_measurements(table)


class Reference:
    """The runs of a problem, by SciPy: from each switch or event to the next."""

    def __init__(self, case: Case, asked: Problem, values: Mapping[str, float]) -> None:
        names = [*STATES, "time", *case.values]
        self.events, self.start_values = asked.network.events, {**case.values, **values}

        def function(expression: sp.Basic) -> Callable[[np.ndarray, float], float]:
            call = sp.lambdify([symbol(n) if n != "time" else TIME for n in names], expression, modules="math")
            return lambda state, time: call(*state, time, *self.values.values())

        self.function = function
        self.rates = [function(rate) for rate in asked.network.rhs]
        self.triggers = [function(event.trigger) for event in self.events]
        self.zeros = [function(expression) for expression in case.thresholds]
        self.moments = [function(expression) for expression in case.moments]
        self.initial = [function(expression) for expression in asked.network.initial]

    def run(self, experiment: Experiment, times: list[float]) -> dict[float, np.ndarray]:
        """States at the times of an experiment."""
        self.values, self.clock = dict(self.start_values), True
        periods, nothing = list(experiment.periods), np.zeros(len(STATES))
        self._change(nothing, 0.0, {k: v for k, v in periods[0].changes.items() if k not in STATES})
        state = np.array([f(nothing, 0.0) for f in self.initial])
        state = self._change(state, 0.0, {k: v for k, v in periods[0].changes.items() if k in STATES})
        self.held = self._holding(state, 0.0)
        if periods.pop(0).time == STEADY_STATE:
            self.clock = False
            state = self._rest(0.0, state)
            self.held = self._holding(state, 0.0)
            self.clock, first = True, periods.pop(0)
            state = self._happen(self._change(state, 0.0, first.changes), 0.0)
        changes, found, time = {p.time: p.changes for p in periods}, {}, 0.0
        known = {f(nothing, 0.0) for f in self.moments}
        for stop in sorted({*times, *changes, *known} - {math.inf}):
            if stop > time:
                state, time = self._until(state, time, stop), stop
            state = self._happen(self._change(state, stop, changes.get(stop, {})), stop)
            found[stop] = state
        if math.inf in times:
            found[math.inf] = self._rest(time, state)
        return found

    def _holding(self, state: np.ndarray, time: float) -> list[bool]:
        return [bool(f(state, time)) for f in self.triggers]

    def _change(self, state: np.ndarray, time: float, changes: Mapping[str, sp.Expr]) -> np.ndarray:
        new = {name: float(self.function(sp.sympify(value))(state, time)) for name, value in changes.items()}
        self.values |= {name: value for name, value in new.items() if name not in STATES}
        return np.array([new.get(name, value) for name, value in zip(STATES, state, strict=True)])

    def _happen(self, state: np.ndarray, time: float) -> np.ndarray:
        """Events whose triggers have turned true, and those that they trigger."""
        for _ in range(9):
            holding = self._holding(state, time)
            turned = [i for i, (now, before) in enumerate(zip(holding, self.held, strict=True)) if now and not before]
            self.held = holding
            if not turned:
                return state
            if len(turned) > 1:
                pytest.skip("events of one moment without priorities")
            state = self._change(state, time, self.events[turned[0]].changes)
        raise RuntimeError("events without end")

    def _slope(self, time: float, state: np.ndarray) -> np.ndarray:
        return np.array([f(np.maximum(state, 0.0), time if self.clock else 0.0) for f in self.rates])

    def _until(self, state: np.ndarray, time: float, stop: float) -> np.ndarray:
        zeros = [lambda t, y, f=f: f(y, t) for f in self.zeros]
        for zero in zeros:
            zero.terminal = True
        before = np.nextafter(stop, 0.0)
        for _ in range(200):
            near = min(AWAY, (stop - time) / 2)
            state = state + near * self._slope(time + near / 2, state + near / 2 * self._slope(time + near / 4, state))
            time += near
            state = self._happen(state, time if self.clock else 0.0)
            found = solve_ivp(
                lambda t, y: self._slope(min(t, before), y), (time, stop), state, "LSODA", events=zeros,
                rtol=1e-10, atol=1e-12, max_step=(stop - time) / 20,
            )  # fmt: skip
            state, time = found.y[:, -1], found.t[-1]
            if found.status == 0:
                return state
        raise RuntimeError("switches without end")

    def _rest(self, time: float, state: np.ndarray) -> np.ndarray:
        for _ in range(40):
            before, state, time = state, self._until(state, time, time + 100.0), time + 100.0
            if np.allclose(state, before, rtol=1e-10, atol=1e-12):
                return state
        raise RuntimeError("no rest")


def expected(case: Case, asked: Problem, values: Mapping[str, float]) -> tuple[np.ndarray, float]:
    """Predictions and log-likelihood."""
    reference, table = Reference(case, asked, values), asked.measurements
    times = sorted(set(table["time"]))
    runs = {e.id: reference.run(e, times) for e in asked.experiments}
    reference.values = reference.start_values
    formulas = {o.id: [reference.function(e) for e in (o.formula, o.noise)] for o in asked.observables}
    predictions, total = [], 0.0
    for row, kind in zip(table.itertuples(), asked.noise_kinds, strict=True):
        median, scale = (f(runs[row.experiment][row.time], 0.0) for f in formulas[row.observable])
        family, logarithmic = (laplace if "laplace" in kind else norm), kind.startswith("log-")
        line = math.log if logarithmic else float
        about = family(line(median), scale)
        predictions.append(median)
        if row.censored:
            total += about.logcdf(line(row.value)) if row.censored == "below" else about.logsf(line(row.value))
        else:
            total += about.logpdf(line(row.value)) - (math.log(row.value) if logarithmic else 0.0)
    return np.array(predictions), float(total)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_all_at_once_is_what_a_hand_written_integration_gives(seed: int) -> None:
    case, asked = make(seed)
    engine, theta = compile(asked, rtol=1e-8, atol=1e-10), np.array([*case.estimated.values()])
    found = engine.simulate(theta)
    if not found.ok:
        failed = {Outcome(o) for o in found.outcome if not Outcome(o).ok}
        assert failed <= {Outcome.SLIDING, Outcome.NO_STEADY_STATE, Outcome.STEP_LIMIT}
        with pytest.raises(RuntimeError, match="without end|no rest"):
            expected(case, asked, {})
        return
    predictions, total = expected(case, asked, {})
    np.testing.assert_allclose(found.prediction, predictions, rtol=1e-5, atol=1e-6)
    assert engine.log_likelihood(theta).sum() == pytest.approx(total, rel=1e-5)

    gradient = engine.pullback(theta, *slopes(asked, found.prediction, found.noise))
    for name, value, slope in zip(case.estimated, theta, gradient, strict=True):
        ends = [expected(case, asked, {name: value * (1 + sign * 1e-4)})[1] for sign in (1, -1)]
        assert slope == pytest.approx((ends[0] - ends[1]) / (2e-4 * value), rel=1e-3, abs=1e-3), name
