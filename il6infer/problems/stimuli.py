"""Stimuli that act on nothing: what an experiment adds and none of its measured read-outs depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import sympy as sp

from il6infer.network.network import Network, symbol
from il6infer.problems.spec import Experiment, Problem


def idle_stimuli(problem: Problem) -> dict[str, tuple[str, ...]]:
    """Find what experiments give, and the model lets act on nothing that is measured.

    A parameter that an experiment gives the value of another says whose cells these are, and is no stimulus. By the
    structure of the equations, without what is absent from an experiment: Hyper-IL-6 that only sgp130Fc binds
    acts on nothing where there is none, and so does what is given after the last measurement. A rate that happens to be
    zero at some parameters counts as an action. A parameter that acts in one experiment is none in any: receptors that
    some cells lack do nothing in those left at rest, which is no news.

    Returns
    -------
    dict
        Target of a change that is not zero -> experiments in which it acts on nothing.
    """
    table, known = problem.measurements, {o.id: o for o in problem.observables}
    reached: dict[tuple, set[str]] = {}
    idle: dict[str, list[str]] = {}
    acting: set[str] = set()
    for experiment in problem.experiments:
        rows = table[table["experiment"] == experiment.id]
        last = rows["time"].max()
        seen_of = replace(experiment, periods=tuple(p for p in experiment.periods if p.time <= last))
        given, early = _given(problem.network, experiment), _given(problem.network, seen_of)
        if rows.empty or not given:
            continue
        absent, seen = absent_states(problem.network, seen_of), tuple(sorted(set(rows["observable"])))
        if (key := (absent, seen)) not in reached:
            read = [e for name in seen for e in (known[name].formula, known[name].noise)]
            reached[key] = _upstream(problem.network, read, absent)
        overrides = {s.name for row in rows["observable_parameters"] for e in row for s in e.free_symbols}
        changes = [change for period in seen_of.periods for change in period.changes.items()]
        sources = {s.name for target, value in changes if target in reached[key] for s in value.free_symbols}
        for target in given:
            if target not in early or target not in reached[key] | overrides | sources:
                idle.setdefault(target, []).append(experiment.id)
            else:
                acting.add(target)
    told = [target for target in idle if target in problem.network.states or target not in acting]
    return {target: tuple(idle[target]) for target in told}


def _given(network: Network, experiment: Experiment) -> dict[str, None]:
    """Targets that are given something, in their order."""
    changes = [change for period in experiment.periods for change in period.changes.items()]
    return {
        target: None
        for target, value in changes
        if not value.is_zero and (target in network.states or not value.free_symbols)
    }


def absent_states(network: Network, experiment: Experiment, lacking: frozenset[str] = frozenset()) -> frozenset[str]:
    """States that are zero from the start to the end of an experiment.

    Parameters
    ----------
    lacking
        Parameters that are zero in it.
    """
    given = {target for period in experiment.periods for target, value in period.changes.items() if not value.is_zero}
    given |= {target for event in network.events for target in event.changes}
    rates = {s: without(rate, lacking) for s, rate in zip(network.states, network.rhs, strict=True)}
    absent = {s for s, initial in zip(network.states, network.initial, strict=True) if initial.is_zero} - given
    while made := {state for state in absent if not without(rates[state], absent).is_zero}:
        absent -= made
    return frozenset(absent)


def without(expression: sp.Expr, absent: Iterable[str]) -> sp.Expr:
    """Expression where what is absent (states, parameters) is zero; unchanged where it has no value there."""
    zeros = {symbol(name): sp.Integer(0) for name in absent}
    try:
        return expression.xreplace(zeros) if zeros.keys() & expression.free_symbols else expression
    except TypeError:  # SymPy compares an infinite value in a condition
        return expression


def _upstream(network: Network, read: Iterable[sp.Expr], absent: frozenset[str]) -> set[str]:
    """Names of all that the expressions depend on, directly or through the course of states."""
    sources: dict[str, list[sp.Expr]] = {}

    def note(values: Mapping[str, sp.Expr]) -> None:
        for name, value in values.items():
            sources.setdefault(name, []).append(value)

    note(dict(zip(network.states, network.rhs, strict=True)))
    note(dict(zip(network.states, network.initial, strict=True)))
    note(dict(zip(network.parameters, network.defaults, strict=True)))
    note(network.computed)
    for event in network.events:
        diluted = {target: symbol(compartment) for target, compartment in event.dilution.items()}
        for target, value in [*event.changes.items(), *diluted.items()]:
            sources.setdefault(target, []).extend((value, event.trigger))
    found: set[str] = set()
    waiting = {s.name for e in read for s in without(e.xreplace(network.expand), absent).free_symbols}
    while waiting:
        name = waiting.pop()
        found.add(name)
        for expression in sources.get(name, ()):
            waiting |= {s.name for s in without(expression.xreplace(network.expand), absent).free_symbols} - found
    return found
