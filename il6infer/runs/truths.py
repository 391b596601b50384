"""Conditions that may be neither true nor false, as x < sqrt(k - 5) where k is 1: what hangs on them has no value."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from il6infer.network.answers import may_be_no_number
from il6infer.network.graphs import symbols_of
from il6infer.network.network import Network, symbol
from il6infer.runs.modes import located, located_events


def doubtful_conditions(network: Network, rates: Iterable[sp.Expr]) -> list[tuple[Boolean, Boolean]]:
    """Give the conditions that count and may be no truth, each as it stands and as its contrary.

    Those of rates and of triggers; not those within a piece of another condition, which may not be chosen. A later one
    counts where those before it are false.

    Parameters
    ----------
    network
        With modes: one that is no number is neither above a half nor below.
    rates
        And what else is asked at all times.
    """
    doubtful = {symbol(mode.parameter) for mode in located(network) if may_be_no_number(mode.located_function)}
    found: dict[Boolean, None] = {event.trigger: None for event in located_events(network)}
    seen: set[int] = set()
    waiting: list[sp.Basic] = [*rates]
    while waiting:
        e = waiting.pop()
        if id(e) in seen:
            continue
        seen.add(id(e))
        if not isinstance(e, sp.Piecewise):
            waiting += e.args
            continue
        so_far: Boolean = sp.false
        for _, condition in e.args:
            so_far = sp.Or(so_far, condition)
            found[so_far] = None
    return [
        (c, sp.to_nnf(sp.Not(c), simplify=False))
        for c in found
        if c not in (sp.true, sp.false)
        and (symbols_of(c) & doubtful or any(may_be_no_number(e) for r in c.atoms(Relational) for e in r.args))
    ]
