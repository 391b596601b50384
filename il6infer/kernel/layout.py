"""Which of a network's parameters a model's compiled functions see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp
from sympy.core.relational import Relational

from il6infer.network.graphs import of_kinds, replaced, symbols_of
from il6infer.network.network import symbol
from il6infer.problems.spec import Problem
from il6infer.runs.modes import located, located_events
from il6infer.runs.plan import Plan


@dataclass(frozen=True)
class Layout:
    """Which network parameters the kernel sees as its vector ``p``, and which of them need a gradient.

    Attributes
    ----------
    varying
        Indices into the network's parameters; all others are constants written into the code.
    active
        Positions in `varying` whose quantity depends on an estimated parameter in some run.
    constants
        Symbol -> value written into the code.
    """

    varying: tuple[int, ...]
    active: tuple[int, ...]
    constants: dict[sp.Symbol, sp.Expr]


def layout(problem: Problem, plan: Plan) -> Layout:
    """Split the network's parameters into those that vary over runs or estimates, and constants."""
    network = problem.network
    modes, events = located(network), located_events(network)
    named = [
        *network.rhs,
        *network.fluxes,
        *network.initial,
        *(mode.function for mode in modes),
        *(e.trigger for e in events),
    ]
    named += [replaced(value, network.expand) for e in events for value in e.changes.values()]
    used = set().union(*[symbols_of(e) for e in named], *[map(symbol, e.dilution.values()) for e in events])
    switched = {mode.parameter for mode in modes}
    varying, active, constants = [], [], {}
    for i, name in enumerate(network.parameters):
        if name in switched:
            varying.append(i)
            continue
        if symbol(name) not in used:
            continue
        indices = {segment.values[i] for run in plan.runs for segment in run}
        expressions = [plan.quantities[k] for k in indices]
        # What is no number (a power of parameters may be none) is left to the run, which then fails.
        if len(indices) == 1 and not symbols_of(expressions[0]) and math.isfinite(expressions[0]):
            constants[symbol(name)] = expressions[0]
        else:
            if any(symbols_of(e) for e in expressions):
                active.append(i)
            varying.append(i)
    left = _incomparable(named, constants)
    constants = {own: value for own, value in constants.items() if own not in left}
    varying = [i for i, name in enumerate(network.parameters) if i in varying or symbol(name) in left]
    return Layout(tuple(varying), tuple(varying.index(i) for i in active), constants)


def _incomparable(expressions: list[sp.Basic], constants: Mapping[sp.Symbol, sp.Expr]) -> set[sp.Symbol]:
    """Constants that a condition compares where it is no real number, as k < sqrt(k - 5): left to the run, too."""
    found: set[sp.Symbol] = set()
    for relation in of_kinds(expressions, Relational):
        try:
            replaced(relation, constants)
        except TypeError:
            found |= symbols_of(relation)
    return found
