"""A problem turned into runs: which distinct simulations serve which measurements, as flat tables.

Every number that a run needs (parameter values, doses, scale factors) is a *quantity*: an estimated parameter, a
constant, or an expression of estimated parameters. Runs and measurements hold indices into the vector of quantities,
so experiments that the dynamics cannot tell apart share one simulation, and gradients are scattered back by index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from il6infer._errors import Fault, UserError, raise_faults
from il6infer.models.network import TIME, Network, symbol
from il6infer.problem.spec import STEADY_STATE, Experiment, Parameter, Period, Problem

SET, ADD, EVALUATE = 0, 1, 2


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
        if not expression.free_symbols:
            expression = sp.Float(float(expression))
        if expression not in self._index:
            self._index[expression] = len(self.entries)
            self.entries.append(expression)
        return self._index[expression]


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
    """

    start: float
    steady: bool
    values: tuple[int, ...]
    jumps: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Plan:
    """All runs and measurements of a problem.

    Attributes
    ----------
    quantities
        Expression of each quantity.
    runs
        Segments of each distinct run, in order of time.
    run_times
        Times [model unit] at which each run is read, ascending.
    measured
        (measurements, 3): run, index into the run's times, observable.
    inputs
        Per observable, the symbols (neither states nor time) of its formula and noise.
    measured_inputs
        Per measurement, the quantity index of each of its observable's inputs.
    experiments
        Experiment id -> run.
    expressions
        New values of states that depend on states: expressions of states and estimated parameters.
    """

    quantities: tuple[sp.Expr, ...]
    runs: tuple[tuple[Segment, ...], ...]
    run_times: tuple[np.ndarray, ...]
    measured: np.ndarray
    inputs: tuple[tuple[sp.Symbol, ...], ...]
    measured_inputs: tuple[tuple[int, ...], ...]
    experiments: Mapping[str, int]
    expressions: tuple[sp.Expr, ...]


class _Unroller:
    """Follows one experiment through its periods and keeps the symbolic value of each network parameter."""

    def __init__(self, problem: Problem, quantities: Quantities) -> None:
        self.network = problem.network
        self.quantities = quantities
        self.problem_symbols = {symbol(p.id): theta(p.id) for p in problem.parameters}
        self.states = {symbol(s): i for i, s in enumerate(self.network.states)}
        self.expressions: list[sp.Expr] = []
        self.defaults: dict[sp.Symbol, sp.Expr] = {}
        for name, default in zip(self.network.parameters, self.network.defaults, strict=True):
            own = symbol(name)
            self.defaults[own] = self.problem_symbols.get(own, default)

    def resolve(self, values: Mapping[sp.Symbol, sp.Expr], expression: sp.Expr) -> sp.Expr:
        """Replace network parameters by their current values until only `theta` symbols and states are left."""
        for _ in range(len(values) + 1):
            pending = {s for s in expression.free_symbols if s in values}
            if not pending:
                return expression.xreplace(self.problem_symbols)
            expression = expression.xreplace({s: values[s] for s in pending})
        raise UserError(f"the values of {', '.join(sorted(map(str, pending)))} depend on each other in a circle")

    def segments(self, experiment: Experiment) -> list[Segment]:
        """Segments of one experiment: its periods, cut further by timed events and breakpoints."""
        where = f"experiment '{experiment.id}'"
        values = dict(self.defaults)
        result: list[Segment] = []
        periods = list(experiment.periods) or [Period(0.0)]
        if periods[-1].time == STEADY_STATE:
            periods.append(Period(0.0))
        for position, period in enumerate(periods):
            steady = period.time == STEADY_STATE
            jumps = self._apply(period.changes, values, where, 0.0 if steady else period.time)
            result.append(self._segment(period.time, steady, values, jumps, where))
            if steady:
                continue
            end = periods[position + 1].time if position + 1 < len(periods) else np.inf
            first = not any(p.time != STEADY_STATE for p in periods[:position])
            for time, changes in self._interruptions(values, period.time, end, first, where):
                jumps = self._apply(changes, values, where, time)
                result.append(self._segment(time, False, values, jumps, where))
        return result

    def _apply(
        self, changes: Mapping[str, sp.Expr], values: dict, where: str, time: float
    ) -> tuple[tuple[int, int, int], ...]:
        before = dict(values)
        jumps = []
        for target, expression in changes.items():
            own = symbol(target)
            expression = expression.xreplace(self.network.expand).xreplace({TIME: sp.Float(time)})
            value = self.resolve(before, expression)
            if own in self.states:
                jumps.append(self._jump(own, value))
            elif own in values:
                if value.free_symbols & set(self.states):
                    raise UserError(f"{where}: parameter '{target}' is set from a state; only states can be.")
                values[own] = value
            else:
                raise UserError(f"{where}: '{target}' is neither a state nor a parameter of model '{self.network.id}'.")
        return tuple(jumps)

    def _jump(self, own: sp.Symbol, value: sp.Expr) -> tuple[int, int, int]:
        state, states = self.states[own], set(self.states)
        if not value.free_symbols & states:
            return state, SET, self.quantities.add(value)
        if not (value - own).free_symbols & states:
            return state, ADD, self.quantities.add(value - own)
        value = value.xreplace(self.quantities.fixed)
        if value not in self.expressions:
            self.expressions.append(value)
        return state, EVALUATE, self.expressions.index(value)

    def _segment(self, start: float, steady: bool, values: dict, jumps: tuple, where: str) -> Segment:
        indices = []
        for name in self.network.parameters:
            value = self.resolve(values, values[symbol(name)])
            stray = value.free_symbols - set(self.problem_symbols.values())
            if stray:
                raise UserError(f"{where}: no value for {', '.join(sorted(map(str, stray)))}, which '{name}' needs.")
            indices.append(self.quantities.add(value))
        return Segment(float(start), steady, tuple(indices), jumps)

    def _interruptions(self, values: dict, start: float, end: float, first: bool, where: str) -> list:
        found = []
        marks = [(e.time, e.changes, f"event '{e.id}'") for e in self.network.events]
        marks += [(time, {}, "a breakpoint") for time in self.network.breakpoints]
        for when, changes, what in marks:
            time = self.resolve(values, when)
            if time.free_symbols - set(self.quantities.fixed):
                raise UserError(
                    f"{where}: the time of {what} depends on an estimated parameter; this is not supported."
                )
            time = float(time.xreplace(self.quantities.fixed))
            # An event at the start of a later period comes after that period's own changes.
            at_start = changes and time == start and (time > 0 or not first)
            if start < time < end or at_start:
                found.append((time, changes))
        merged: dict[float, dict] = {}
        for time, changes in sorted(found, key=lambda pair: pair[0]):
            merged.setdefault(time, {}).update(changes)
        return list(merged.items())


def _key(segments: list[Segment], used: list[int]) -> tuple:
    return tuple((s.start, s.steady, tuple(s.values[i] for i in used), s.jumps) for s in segments)


def make_plan(problem: Problem) -> Plan:
    """Work out the distinct runs of a problem and how measurements read them.

    Raises
    ------
    UserError
        Naming each measurement that refers to an unknown observable or experiment, or that starts before its
        experiment does.
    """
    network: Network = problem.network
    quantities = Quantities(problem.parameters)
    unroller = _Unroller(problem, quantities)
    used = [
        i
        for i, name in enumerate(network.parameters)
        if symbol(name) in set().union(*[e.free_symbols for e in (*network.rhs, *network.initial)], set())
    ]
    experiments = {e.id: e for e in problem.experiments}
    observables = {o.id: i for i, o in enumerate(problem.observables)}
    formulas = [(o.formula.xreplace(network.expand), o.noise.xreplace(network.expand)) for o in problem.observables]
    hidden = {TIME, *unroller.states}
    inputs = tuple(tuple(sorted((f.free_symbols | n.free_symbols) - hidden, key=str)) for f, n in formulas)
    runs: list[list[Segment]] = []
    run_of: dict[tuple, int] = {}
    experiment_run: dict[str, int] = {}
    segments_of: dict[str, list[Segment]] = {}
    faults, rows = [], []
    for row in problem.measurements.itertuples():
        where = f"measurement {row.Index + 1}"
        if row.observable not in observables:
            faults.append(Fault(where, f"unknown observable '{row.observable}'."))
            continue
        if row.experiment not in experiment_run:
            experiment = experiments.get(row.experiment) or (Experiment("", ()) if row.experiment == "" else None)
            if experiment is None:
                faults.append(Fault(where, f"unknown experiment '{row.experiment}'."))
                continue
            segments = unroller.segments(experiment)
            key = _key(segments, used)
            if key not in run_of:
                run_of[key] = len(runs)
                runs.append(segments)
            experiment_run[row.experiment], segments_of[row.experiment] = run_of[key], segments
        start = next(s.start for s in runs[experiment_run[row.experiment]] if not s.steady)
        if row.time < start or np.isnan(row.time):
            faults.append(Fault(where, f"time {row.time:g} is before the experiment starts, at {start:g}."))
            continue
        rows.append((row, experiment_run[row.experiment], observables[row.observable]))
    raise_faults(faults, f"problem '{problem.id}'")

    times = [np.unique([row.time for row, r, _ in rows if r == run]) for run in range(len(runs))]
    measured = np.empty((len(rows), 3), dtype=np.int64)
    measured_inputs = []
    for m, (row, run, o) in enumerate(rows):
        measured[m] = run, int(np.searchsorted(times[run], row.time)), o
        observable = problem.observables[o]
        given = dict(zip(map(symbol, observable.placeholders), row.observable_parameters, strict=True))
        given |= dict(zip(map(symbol, observable.noise_placeholders), row.noise_parameters, strict=True))
        segment = [s for s in segments_of[row.experiment] if not s.steady and s.start <= row.time][-1]
        values = dict(zip(map(symbol, network.parameters), segment.values, strict=True))
        measured_inputs.append(
            tuple(
                values[s]
                if s in values
                else quantities.add(sp.sympify(given.get(s, s)).xreplace(unroller.problem_symbols))
                for s in inputs[o]
            )
        )
    return Plan(
        quantities=tuple(quantities.entries),
        runs=tuple(tuple(run) for run in runs),
        run_times=tuple(times),
        measured=measured,
        inputs=inputs,
        measured_inputs=tuple(measured_inputs),
        experiments=experiment_run,
        expressions=tuple(unroller.expressions),
    )
