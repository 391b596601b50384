"""Conditions of rates and triggers as modes: parameters that are 1 or 0 for as long as a condition does not change.

Within a segment, and between two switches that the simulation locates, the right-hand side is then smooth, which is
what integrators, their error estimates and their derivatives rely on. Modes whose times are known (``time >= 10``) are
scheduled: their values are those of the segment. All others (states, estimated times) are located by the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from il6infer._errors import UserError
from il6infer.network.graphs import all_replaced, of_kinds, replaced, symbols_of
from il6infer.network.network import TIME, Event, Mode, Network, symbol
from il6infer.network.reciprocals import by_states
from il6infer.network.times import crossing_time, one_sided
from il6infer.problems.spec import Problem
from il6infer.runs.answers import with_answers
from il6infer.runs.counters import free_name, with_counters
from il6infer.runs.kinks import smooth_branches

HOLDS = sp.Rational(1, 2)
"""A mode above this holds."""


def with_modes(problem: Problem) -> Problem:
    """Problem with the same solutions, in whose rates conditions on time and states are modes.

    What an event changes whose trigger must be located becomes a state.

    Raises
    ------
    UserError
        Naming an event whose trigger or priority is not supported.
    """
    network = problem.network
    if network.modes:
        return problem
    problem = with_answers(_by_states(problem))
    problem = replace(problem, network=_with_changed_states(problem, with_counters(problem.network)))
    network = problem.network
    known = _KnownBefore(problem)
    given, kinks = smooth_branches([*network.rhs, *network.fluxes], {TIME, *known.states})
    searched = _searched(network, known)
    conditions = _relations([*given, *(e.trigger for e in searched)])
    kinks -= set(_relations(e.trigger for e in searched))
    found_with = set(_relations(e.trigger for e in searched if known.schedules_all(e.trigger)))
    triggering = set(_relations(e.trigger for e in searched))
    jumps: set[str] = set()
    found: dict[Relational, Mode] = {}
    same: dict[tuple[sp.Expr, bool], Mode] = {}
    taken = {*network.parameters, *network.states, *network.derived}
    holding: dict[sp.Basic, sp.Basic] = {}
    for relation in conditions:
        if not known.varies(relation) and (relation not in triggering or known(symbols_of(relation))):
            continue
        if known.schedules(relation) and relation not in found_with:
            mode = Mode(free_name(f"scheduled_{len(found)}", taken), relation)
            holding[relation] = sp.Gt(symbol(mode.parameter), HOLDS)
        else:
            sides = one_sided(relation)
            if sides is None:
                _refuse_equal(relation, searched)
                continue  # a state that equals something does so for no time at all
            function, at_zero, negated = sides
            mode = same.get((function, at_zero))
            if mode is None:
                condition = sp.Ge(function, 0) if at_zero else sp.Gt(function, 0)
                mode = Mode(free_name(f"located_{len(found)}", taken), condition, function, at_zero)
                same[function, at_zero] = mode
            holds = sp.Gt(symbol(mode.parameter), HOLDS)
            holding[relation] = sp.Not(holds) if negated else holds
            if relation not in kinks:
                jumps.add(mode.parameter)
        taken.add(mode.parameter)
        found[relation] = mode
    unique = dict.fromkeys(sorted(found.values(), key=lambda m: m.located))
    modes = tuple(replace(m, kink=m.located and m.parameter not in jumps) for m in unique)
    size, changed = len(network.rhs), all_replaced(given, holding)
    return replace(
        problem,
        network=replace(
            network,
            parameters=(*network.parameters, *(m.parameter for m in modes)),
            defaults=(*network.defaults, *(sp.Integer(0) for _ in modes)),
            rhs=changed[:size],
            fluxes=changed[size:],
            events=tuple(
                replace(e, trigger=replaced(e.trigger, holding)) if e in searched else e for e in network.events
            ),
            modes=modes,
        ),
    )


def _by_states(problem: Problem) -> Problem:
    """Problem in whose laws no reciprocal of a state stands that is infinite where the law is not."""
    network, states = problem.network, [*map(symbol, problem.network.states)]
    return replace(
        problem,
        network=replace(
            network,
            rhs=tuple(by_states(e, states) for e in network.rhs),
            fluxes=tuple(by_states(e, states) for e in network.fluxes),
            derived={name: by_states(e, states) for name, e in network.derived.items()},
        ),
        observables=tuple(replace(o, formula=by_states(o.formula, states)) for o in problem.observables),
    )


def located(network: Network) -> tuple[Mode, ...]:
    """Modes that the engine locates, in order of their parameters."""
    return tuple(mode for mode in network.modes if mode.located)


def located_events(network: Network) -> tuple[Event, ...]:
    """Events that the engine locates, those of highest priority first."""
    names = {symbol(mode.parameter) for mode in located(network)}
    chosen = [e for e in network.events if symbols_of(e.trigger) & names]
    return tuple(sorted(chosen, key=lambda e: -float(e.priority or 0)))


def scheduled_events(network: Network) -> tuple[Event, ...]:
    """Events whose times are known before a simulation."""
    chosen = located_events(network)
    return tuple(e for e in network.events if e not in chosen)


class _KnownBefore:
    """Which expressions have a number for a value before anything is simulated, whatever is estimated."""

    def __init__(self, problem: Problem) -> None:
        network = problem.network
        self.states = {symbol(s) for s in network.states}
        own = {p.id: p.estimate for p in problem.parameters}
        self._sources: dict[sp.Symbol, list[sp.Expr]] = {}
        for name, default in zip(network.parameters, network.defaults, strict=True):
            self._sources[symbol(name)] = [] if name in own else [default]
        changes = [period.changes for e in problem.experiments for period in e.periods]
        changes += [{**e.changes, **{name: e.changes[v] for name, v in e.dilution.items()}} for e in network.events]
        for target, expression in (pair for change in changes for pair in change.items()):
            self._sources.setdefault(symbol(target), []).append(replaced(expression, network.expand))
        self._uncertain = {symbol(name) for name, estimate in own.items() if estimate} | self.states

    def __call__(self, symbols: Iterable[sp.Symbol]) -> bool:
        waiting, seen = [*symbols], set()
        while waiting:
            if (one := waiting.pop()) in self._uncertain:
                return False
            if one not in seen:
                seen.add(one)
                waiting += [s for e in self._sources.get(one, []) for s in symbols_of(e)]
        return True

    def varies(self, relation: Relational) -> bool:
        return bool(symbols_of(relation) & {TIME, *self.states})

    def schedules(self, relation: Relational) -> bool:
        return crossing_time(relation) is not None and self(symbols_of(relation) - {TIME})

    def schedules_all(self, condition: Boolean) -> bool:
        return all(self.schedules(r) if self.varies(r) else self(symbols_of(r)) for r in condition.atoms(Relational))


def _searched(network: Network, known: _KnownBefore) -> list[Event]:
    """Events whose times a simulation has to find: all that have priorities, if it has to find any of these."""
    searched = [e for e in network.events if not known.schedules_all(e.trigger)]
    ranked = any(e.priority is not None for e in searched)
    return [e for e in network.events if e in searched or (ranked and e.priority is not None)]


def _relations(expressions: Iterable[sp.Basic]) -> list[Relational]:
    return sorted(of_kinds(map(sp.sympify, expressions), Relational), key=str)


def _refuse_equal(relation: Relational, events: Iterable[Event]) -> None:
    for event in events:
        if event.trigger.has(relation):
            raise UserError(
                f"event '{event.id}': the trigger '{event.trigger}' asks whether a state equals something, which it "
                "does for no time at all; this is not supported. Use an inequality."
            )


def _with_changed_states(problem: Problem, network: Network) -> Network:
    """Make states of the parameters that located events change; repeated, for such a state may stand in a trigger."""
    while True:
        known = _KnownBefore(replace(problem, network=network))
        moved: dict[str, None] = {}
        for event in _searched(network, known):
            if event.priority is not None and not event.priority.is_number:
                raise UserError(
                    f"event '{event.id}': its priority '{event.priority}' is no number; this is not supported where "
                    "the time of the event has to be found by simulation."
                )
            changed = (*event.changes, *event.dilution)
            moved |= {name: None for name in changed if name in network.parameters}
        if not moved:
            return network
        network = _as_states(network, tuple(moved), {p.id for p in problem.parameters})


def _as_states(network: Network, names: tuple[str, ...], given: set[str]) -> Network:
    taken = {*network.parameters, *network.states, *network.derived}
    start = {name: free_name(f"{name}_at_start", taken) for name in names}
    defaults = dict(zip(network.parameters, network.defaults, strict=True))
    at_start = {symbol(name): symbol(start[name]) for name in names}
    kept = {name: replaced(e, at_start) for name, e in defaults.items() if name not in names}
    # A parameter of the problem that has the name sets the start.
    kept |= {start[name]: symbol(name) if name in given else replaced(defaults[name], at_start) for name in names}
    return replace(
        network,
        states=(*network.states, *names),
        parameters=tuple(kept),
        defaults=tuple(kept.values()),
        initial=(*all_replaced(network.initial, at_start), *at_start.values()),
        rhs=(*network.rhs, *(sp.Integer(0) for _ in names)),
        stoichiometry=np.vstack([network.stoichiometry, np.zeros((len(names), len(network.fluxes)))]),
    )
