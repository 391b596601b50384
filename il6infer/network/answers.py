"""Choices between values whose condition may be neither true nor false, as x < sqrt(k - 5) where k is 1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from il6infer.network.functions import plain
from il6infer.network.graphs import of_kinds, remade, replaced
from il6infer.network.primitives import AtLeast, Chosen, Larger

_ALWAYS_NUMBERS = sp.exp, sp.sin, sp.cos, sp.tanh, sp.atan, sp.Abs, sp.Max, sp.Min, sp.sign, sp.floor, sp.ceiling

ROUNDED = 1e-6
"""A state is below zero by rounding by less than this, as `il6infer.network.primitives.Power` has it."""


def answered(e: Any, states: Iterable[sp.Symbol] = (), known: dict[int, tuple] | None = None) -> Any:
    """Write each choice that may have no answer so that it is NaN there; the same object where there is no such choice.

    Parameters
    ----------
    e
        Expression.
    states
        Those that may be below zero by rounding: conditions take their logarithms there for those of 0.
    known
        What has been written already.
    """
    known = {} if known is None else known
    if not e.args:
        return e
    if id(e) not in known:
        found = remade(e, [answered(argument, states, known) for argument in e.args])
        if isinstance(found, sp.Piecewise) and any(
            may_be_no_number(side) for _, c in found.args for r in c.atoms(Relational) for side in r.args
        ):
            chain: sp.Expr = sp.nan
            logarithms = {sp.log(y): Chosen(y + ROUNDED, sp.log(Larger(y, sp.Integer(0))), sp.nan) for y in states}
            for value, condition in reversed([(v, replaced(c, logarithms)) for v, c in found.args]):
                chain = Chosen(_known(condition, True), value, Chosen(_known(condition, False), chain, sp.nan))
            found = chain
        known[id(e)] = e, found  # with the expression, for as long as which no other has its id
    return known[id(e)][1]


def _known(condition: Boolean, wanted: bool) -> sp.Expr:
    """1 where a condition is known to be true (`wanted`) or false, else 0 or NaN."""
    if condition in (sp.true, sp.false):
        return sp.Integer(bool(condition) == wanted)
    condition = sp.to_nnf(condition, simplify=False)
    if isinstance(condition, sp.And | sp.Or):
        every, (first, *others) = isinstance(condition, sp.And) == wanted, [_known(c, wanted) for c in condition.args]
        for other in others:
            first = Chosen(first, other, 0) if every else Chosen(first, 1, other)
        return first
    a, b = condition.args
    one = {
        sp.Ge: lambda: AtLeast(a, b),
        sp.Le: lambda: AtLeast(b, a),
        sp.Gt: lambda: 1 - AtLeast(b, a),
        sp.Lt: lambda: 1 - AtLeast(a, b),
        sp.Eq: lambda: AtLeast(a, b) * AtLeast(b, a),
        sp.Ne: lambda: 1 - AtLeast(a, b) * AtLeast(b, a),
    }[condition.func]()
    return one if wanted else 1 - one


def may_be_no_number(e: sp.Expr) -> bool:
    """Tell whether an expression has a logarithm, a root, a quotient or the like.

    Parameters
    ----------
    e
        One side of a relation.
    """
    return any(
        not (part.exp.is_Integer and part.exp > 0)
        if isinstance(part, sp.Pow)
        else isinstance(part, sp.Function) and not isinstance(part, _ALWAYS_NUMBERS)
        for part in of_kinds([plain(e)], sp.Pow, sp.Function)
    )
