"""Steps of rates (floor, ceiling, quotient, rem) as counters: states that an event sets where a step is reached.

floor(u) of a state or the time is a whole number n, until u reaches n + 1 or falls below n. As an event, that moment is
located like any other, and derivatives have its share: a dose that comes again and again, written as
``piecewise(rate, time - tau floor(time / tau) < d, 0)``, has the right gradient by tau. A sign is a condition.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from il6infer.network.graphs import all_replaced, of_kinds, replaced, symbols_of
from il6infer.network.network import TIME, Event, Network, symbol
from il6infer.runs.conditions import smooth_condition


def with_counters(network: Network) -> Network:
    """Network with the same solutions, in whose rates and triggers no step of a state or the time stands.

    Nor do conditions of numbers that step or bend, see `il6infer.runs.conditions`.
    """
    network = _rewritten(network, {e: _sign(e.args[0]) for e in _found(network, sp.sign)})
    varying = {TIME, *map(symbol, network.states)}
    split = {e: smooth_condition(e, varying) for e in _found(network, Relational)}
    network = _rewritten(network, {e: smooth for e, smooth in split.items() if smooth != e})
    while steps := _innermost(network):
        arguments = dict.fromkeys(step.args[0] if isinstance(step, sp.floor) else -step.args[0] for step in steps)
        taken = {*network.parameters, *network.states, *network.derived}
        counters: dict[sp.Expr, sp.Symbol] = {}
        for u in arguments:
            counters[u] = symbol(free_name(f"steps_{len(taken)}", taken))
            taken.add(str(counters[u]))
        network = _counted(network, counters)
    return network


def _found(network: Network, *functions: type) -> set[sp.Basic]:
    """Find functions of states and time in rates and triggers."""
    varying = {TIME, *map(symbol, network.states)}
    expressions: Iterable[sp.Basic] = (*network.rhs, *network.fluxes, *(e.trigger for e in network.events))
    return {e for e in of_kinds(map(sp.sympify, expressions), *functions) if symbols_of(e) & varying}


def _rewritten(network: Network, written: dict[sp.Basic, sp.Basic]) -> Network:
    if not written:
        return network
    while inner := [e for e in written.values() if of_kinds([e], *{type(f) for f in written}) & written.keys()]:
        written = {f: replaced(e, written) if e in inner else e for f, e in written.items()}
    return replace(
        network,
        rhs=all_replaced(network.rhs, written),
        fluxes=all_replaced(network.fluxes, written),
        events=tuple(replace(e, trigger=replaced(e.trigger, written)) for e in network.events),
    )


def _sign(u: sp.Expr) -> sp.Basic:
    return sp.Piecewise((1, sp.Gt(u, 0)), (-1, sp.Lt(u, 0)), (0, True))


def _innermost(network: Network) -> list[sp.Basic]:
    """Find the steps whose arguments hold no step."""
    steps = _found(network, sp.floor, sp.ceiling)
    return sorted((s for s in steps if not steps & of_kinds(s.args, sp.floor, sp.ceiling)), key=str)


def free_name(name: str, taken: set[str]) -> str:
    """Name that none of those taken is."""
    while name in taken:
        name += "_"
    return name


def _counted(network: Network, counters: dict[sp.Expr, sp.Symbol]) -> Network:
    written = {sp.floor(u): n for u, n in counters.items()} | {sp.ceiling(-u): -n for u, n in counters.items()}
    network = _rewritten(network, written)
    size = len(counters)
    return replace(
        network,
        states=(*network.states, *map(str, counters.values())),
        initial=(*network.initial, *[sp.Integer(0)] * size),
        rhs=(*network.rhs, *[sp.Integer(0)] * size),
        stoichiometry=np.vstack([network.stoichiometry, np.zeros((size, len(network.fluxes)))]),
        events=(*(_step(u, n) for u, n in counters.items()), *network.events),
    )


def _step(u: sp.Expr, n: sp.Symbol) -> Event:
    """Event up and down, at the start (where the counter is 0) and after changes that move u far, too.

    It is one event, for where n has just followed u, rounding decides on which side of it u is. For the same reason
    the new n is at least one step away.
    """
    up, down = sp.Max(n + 1, sp.floor(u)), sp.Min(n - 1, sp.floor(u))
    after = sp.Piecewise((up, sp.Ge(u, n + sp.Rational(1, 2))), (down, True))
    return Event(str(n), sp.Or(sp.Ge(u, n + 1), sp.Lt(u, n)), {str(n): after}, initial_value=False)
