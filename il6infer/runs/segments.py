"""An experiment followed through its periods: segments without interruption, and the jumps between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from il6infer._errors import UserError
from il6infer.network.graphs import replaced, symbols_of
from il6infer.network.network import TIME, symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Parameter, Period, Problem
from il6infer.runs.jumps import ADD, EVALUATE, SET
from il6infer.runs.schedule import Schedule

MOST_AT_ONCE = 100
"""Times that scheduled events may bring about each other at one moment."""


def theta(name: str) -> sp.Symbol:
    """Symbol of a problem parameter, apart from that of the network parameter which may have its name."""
    return sp.Symbol(f"theta.{name}", real=True)


class Quantities:
    """The vector of quantities: estimated parameters first, then constants and expressions as they are met."""

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        self.estimated = [theta(p.id) for p in parameters if p.estimate]
        self.fixed = {theta(p.id): sp.Float(p.nominal) for p in parameters if not p.estimate}
        self.entries: list[sp.Expr] = list(self.estimated)
        self._index = {expression: i for i, expression in enumerate(self.entries)}

    def add(self, expression: sp.Expr) -> int:
        """Index of an expression of `theta` symbols, which is added when it is new."""
        expression = sp.sympify(expression).xreplace(self.fixed)
        if not symbols_of(expression):
            expression = _number(expression)
        if expression not in self._index:
            self._index[expression] = len(self.entries)
            self.entries.append(expression)
        return self._index[expression]


def _number(expression: sp.Expr) -> sp.Expr:
    """Value of a constant; NaN where it is no real number, such as a negative number to a broken power."""
    if expression.is_infinite and not expression.is_extended_real:
        return sp.oo  # zero to a negative power
    return sp.Float(float(expression)) if expression.is_extended_real is not False else sp.nan


@dataclass(frozen=True)
class Segment:
    """A stretch of one run without interruption.

    Attributes
    ----------
    start
        Time at which it starts; after the jumps.
    steady
        Simulate to steady state instead of to the next segment.
    values
        Quantity index of each network parameter, in the network's order.
    jumps
        (state index, kind, index): `SET` the state to a quantity, `ADD` a quantity to it, or set it to the
        `EVALUATE`-d expression of that index in `Plan.expressions`.
    late
        Whether what is measured at `start` is measured before the jumps, as of an event at ``time > start``.
    """

    start: float
    steady: bool
    values: tuple[int, ...]
    jumps: tuple[tuple[int, int, int], ...]
    late: bool = False


class Unroller:
    """Follows one experiment through its periods and keeps the symbolic value of each network parameter."""

    def __init__(self, problem: Problem, quantities: Quantities) -> None:
        self.network = problem.network
        self.quantities = quantities
        self.problem_symbols = {symbol(p.id): theta(p.id) for p in problem.parameters}
        self.states = {symbol(s): i for i, s in enumerate(self.network.states)}
        # In formulas, a parameter that events change is a state, and what the problem says of it is where that starts.
        self._in_formulas = {own: value for own, value in self.problem_symbols.items() if own not in self.states}
        self.expressions: list[sp.Expr] = []
        self.named = self.network.named
        self.defaults: dict[sp.Symbol, sp.Expr] = {}
        for name, default in zip(self.network.parameters, self.network.defaults, strict=True):
            own = symbol(name)
            start = self.problem_symbols.get(default, default) if default in self.states else default
            self.defaults[own] = self.problem_symbols.get(own, start)

    def resolve(self, values: Mapping[sp.Symbol, sp.Expr], expression: sp.Expr) -> sp.Expr:
        """Replace network parameters by their current values until only `theta` symbols and states are left.

        What compares numbers that are not real, as k < sqrt(k - 5) where k is 1, is no number.
        """
        for _ in range(len(values) + 1):
            pending = {s for s in symbols_of(expression) if s in values}
            if not pending:
                return replaced(expression, self._in_formulas)
            try:
                expression = replaced(expression, {s: values[s] for s in pending})
            except TypeError:
                return sp.nan
        raise UserError(f"the values of {', '.join(sorted(map(str, pending)))} depend on each other in a circle")

    def segments(self, experiment: Experiment) -> list[Segment]:
        """Segments of one experiment: its periods, cut further by what is scheduled."""
        where = f"experiment '{experiment.id}'"
        values = dict(self.defaults)
        result: list[Segment] = []
        periods = list(experiment.periods) or [Period(0.0)]
        if periods[-1].time == STEADY_STATE:
            periods.append(Period(0.0))
        if self.network.start_time:
            values[symbol(self.network.start_time)] = sp.Float(max(periods[0].time, 0.0))
        schedule = Schedule(self.network, lambda e, known: self._known(e, known, where))
        for position, period in enumerate(periods):
            steady = period.time == STEADY_STATE
            time = 0.0 if steady else period.time
            before = dict(values)
            jumps = self._apply(period.changes, values, where, time)
            if position == 0:
                jumps += self._assign(period.changes, before, values, time)
                # Initial assignments are no rules: what changes later moves none of them.
                values = {own: self.resolve(values, value) for own, value in values.items()}
            if position == 0:
                self._refuse_missing(jumps, where)
            if steady:
                schedule.set_modes(0.0, values)
                result.append(self._segment(period.time, True, values, jumps, where))
            else:
                end = periods[position + 1].time if position + 1 < len(periods) else np.inf
                result += self._followed(schedule, values, (period.time, end), jumps, where)
        return result

    def _refuse_missing(self, jumps: tuple[tuple[int, int, int], ...], where: str) -> None:
        given = {state for state, kind, _ in jumps if kind == SET}
        for i, (name, value) in enumerate(zip(self.network.states, self.network.initial, strict=True)):
            if value is sp.nan and i not in given:
                raise UserError(f"{where}: '{name}' has no initial value. Give it one in the model or in a condition.")

    def _followed(
        self, schedule: Schedule, values: dict, period: tuple[float, float], jumps: tuple, where: str
    ) -> list[Segment]:
        """Segments of one period: first with its own jumps, then as events happen and rates switch."""
        (now, end), segments, begins = period, [], True
        while now < end:
            after = schedule.between(now, values)
            if schedule.set_modes(after, values) or begins:
                segments.append(self._segment(now, False, values, jumps, where))
            for late in (False, True):
                for _ in range(MOST_AT_ONCE):
                    at = after if late else now
                    if not (fired := schedule.fired(at, values)):
                        break
                    jumps = self._apply(schedule.changes(fired, now, at, values), values, where, now)
                    after = schedule.between(now, values)
                    schedule.set_modes(after, values)
                    segments.append(self._segment(now, False, values, jumps, where, late))
                else:
                    raise UserError(f"{where}: event '{fired[0].id}' brings about itself without end at {now:g}.")
            now, jumps, begins = schedule.following(now, values), (), False
        return segments

    def _apply(
        self, changes: Mapping[str, sp.Expr], values: dict, where: str, time: float
    ) -> tuple[tuple[int, int, int], ...]:
        before = dict(values)
        jumps = []
        for target, expression in changes.items():
            own = symbol(target)
            value = self._value(expression, before, time)
            if own in self.states:
                jumps.append(self._jump(own, value))
            elif own in values:
                if symbols_of(value) & set(self.states):
                    raise UserError(f"{where}: parameter '{target}' is set from a state; only states can be.")
                values[own] = value
            else:
                raise UserError(f"{where}: '{target}' is neither a state nor a parameter of model '{self.network.id}'.")
        return tuple(jumps)

    def _value(self, expression: sp.Expr, values: Mapping[sp.Symbol, sp.Expr], time: float) -> sp.Expr:
        return self.resolve(values, replaced(expression, self.network.expand).xreplace({TIME: sp.Float(time)}))

    def _assign(
        self, changes: Mapping[str, sp.Expr], before: dict, values: dict, time: float
    ) -> tuple[tuple[int, int, int], ...]:
        """Make initial assignments that name a changed state again, after the changes of the first period.

        Those that name changed parameters only need nothing: they are evaluated with the first segment's values.
        """
        given = {symbol(name): e for name, e in (self.network.assignments or {}).items() if name not in changes}
        given = {own: e for own, e in given.items() if own not in self.problem_symbols}
        moved = {symbol(name) for name in changes} & self.states.keys()
        starts = {symbol(s): e for s, e in zip(self.network.states, self.network.initial, strict=True)}
        known = {**values, **starts}
        known |= {own: self.resolve(known, self._value(changes[str(own)], before, time)) for own in moved}
        following: list[sp.Symbol] = []
        while more := [s for s, e in given.items() if s not in moved and symbols_of(e) & moved]:
            moved |= {*more}
            following += more
        known |= {own: given[own] for own in following}
        jumps = []
        for own in following:
            value = self.resolve(known, given[own])
            if own in self.states:
                jumps.append((self.states[own], SET, self.quantities.add(value)))
            else:
                values[own] = value
        return tuple(jumps)

    def _jump(self, own: sp.Symbol, value: sp.Expr) -> tuple[int, int, int]:
        state, states = self.states[own], set(self.states)
        if not symbols_of(value) & states:
            return state, SET, self.quantities.add(value)
        if not (value - own).free_symbols & states:
            return state, ADD, self.quantities.add(value - own)
        value = replaced(value, self.quantities.fixed)
        if value not in self.expressions:
            self.expressions.append(value)
        return state, EVALUATE, self.expressions.index(value)

    def _segment(
        self, start: float, steady: bool, values: dict, jumps: tuple, where: str, late: bool = False
    ) -> Segment:
        indices = []
        for name in self.network.parameters:
            if values[symbol(name)] is sp.nan and symbol(name) in self.named and name not in self.network.computed:
                remedy = "Give it one in the model, in a condition or in the parameter table."
                raise UserError(f"{where}: '{name}' has no value. {remedy}")
            value = self.resolve(values, self.network.computed.get(name, values[symbol(name)]))
            stray = symbols_of(value) - set(self.problem_symbols.values())
            if stray:
                raise UserError(f"{where}: no value for {', '.join(sorted(map(str, stray)))}, which '{name}' needs.")
            indices.append(self.quantities.add(value))
        return Segment(float(start), steady, tuple(indices), jumps, late)

    def _known(self, expression: sp.Basic, values: dict, where: str) -> sp.Basic:
        def number(e: sp.Basic) -> sp.Basic:
            return self.resolve(values, e).xreplace(self.quantities.fixed)

        value, named = number(expression), sorted(symbols_of(expression) & values.keys(), key=str)
        given = {s: number(s) for s in named}
        if symbols_of(value) or sp.nan in given.values():
            raise UserError(f"{where}: '{expression}' decides what happens when, and has no value before a simulation.")
        if not (value.is_Boolean or value.is_extended_real):
            at = " and ".join(f"{s} = {float(g):g}" for s, g in given.items())
            what = f"'{expression}' decides what happens when, and is no real number where {at}."
            raise UserError(f"{where}: {what} Correct the formula in the model, or the values in the tables.")
        return value
