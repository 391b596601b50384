"""Powers and functions of parameters alone, such as K**h in a Hill term: computed once a run, not in each stage.

Each becomes a parameter of its own, whose value in a segment is that of its expression there; so its derivatives by the
parameters in it are taken once a gradient, with those of all other quantities.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp
from sympy.core.relational import Relational

from il6infer.network.functions import PRIMITIVES
from il6infer.network.graphs import all_replaced, of_kinds, remade, replaced, symbols_of
from il6infer.network.magnitudes import relative
from il6infer.network.network import Network, symbol
from il6infer.network.primitives import Chosen, Largest, LogSize, RelativeExp, RelativePower
from il6infer.problems.spec import Problem
from il6infer.runs.modes import HOLDS

_RELATIVE = (Largest, LogSize, RelativeExp, RelativePower)


def precompute(network: Network) -> Network:
    """Give the network with the same solutions, whose rates hold no power or function of parameters alone."""
    known = {symbol(name) for name in network.parameters} - {symbol(m.parameter) for m in network.modes}
    taken = {*network.parameters, *network.states, *network.derived}
    found: dict[sp.Expr, sp.Symbol] = {}

    def costly(e: sp.Basic) -> bool:
        costs = (e.is_Pow and not e.exp.is_Integer) or e.func in PRIMITIVES or isinstance(e, _RELATIVE)
        return costs and bool(symbols_of(e)) and symbols_of(e) <= known | {*found.values()}

    def name_of(e: sp.Expr) -> sp.Symbol:
        if e not in found:
            found[e] = symbol(
                next(n for i in range(len(taken) + 1) if (n := f"precomputed_{len(found) + i}") not in taken)
            )
            taken.add(str(found[e]))
        return found[e]

    known_forms: dict[sp.Basic, sp.Basic] = {}

    def without_costly(e: sp.Basic) -> sp.Basic:
        # A branch that is not taken may have no value; its parts stay where they are.
        if e.is_Atom or isinstance(e, sp.Piecewise | Chosen):
            return e
        if e not in known_forms:
            arguments = [without_costly(argument) for argument in e.args]
            own = remade(e, arguments)
            known_forms[e] = name_of(own) if costly(own) else own
        return known_forms[e]

    # First, for what is taken out of a ratio may overflow.
    size, relative_rates = len(network.rhs), [*map(relative, (*network.rhs, *network.fluxes))]
    rhs, fluxes = (tuple(map(without_costly, own)) for own in (relative_rates[:size], relative_rates[size:]))
    computed: dict[str, sp.Expr] = {}
    for e, name in found.items():
        computed[str(name)] = replaced(e, {symbol(n): inner for n, inner in computed.items()})
    return replace(
        network,
        parameters=(*network.parameters, *computed),
        defaults=(*network.defaults, *computed.values()),
        rhs=rhs,
        fluxes=fluxes,
        computed=computed,
    )


def decided(problem: Problem) -> Problem:
    """Give the problem with the same solutions, in whose rates conditions of parameters alone are parameters.

    Each is 1 or 0, worked out before a run: what is known then is nothing that a solver should look at.
    """
    network = problem.network
    known = {symbol(name) for name in network.parameters} - {symbol(m.parameter) for m in network.modes}
    expressions = [*network.rhs, *network.fluxes]
    relations = of_kinds(expressions, Relational)
    taken = {*network.parameters, *network.states, *network.derived}
    found: dict[sp.Basic, sp.Symbol] = {}
    for relation in sorted(relations, key=str):
        if symbols_of(relation) and symbols_of(relation) <= known:
            found[relation] = symbol(
                next(n for i in range(len(taken) + 1) if (n := f"decided_{len(found) + i}") not in taken)
            )
            taken.add(str(found[relation]))
    holds = {relation: sp.Gt(name, HOLDS) for relation, name in found.items()}
    values = {str(name): sp.Piecewise((1, relation), (0, True)) for relation, name in found.items()}
    size = len(network.rhs)
    changed = all_replaced(expressions, holds)
    network = replace(
        network,
        parameters=(*network.parameters, *values),
        defaults=(*network.defaults, *values.values()),
        rhs=changed[:size],
        fluxes=changed[size:],
        computed={**network.computed, **values},
    )
    return replace(problem, network=network)
