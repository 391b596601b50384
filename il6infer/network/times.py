"""Relations in time: those whose times are known before a simulation are scheduled, all others are located by it."""

from __future__ import annotations

import sympy as sp
from sympy.core.relational import Ge, Gt, Le, Lt, Relational

from il6infer.network.network import TIME


def crossing_time(relation: Relational) -> sp.Expr | None:
    """Time at which the sides of a relation are equal: an expression without time; None where it is not linear in time.

    A relation whose sides differ by a constant slope times (time - T) changes its truth at T only.
    """
    difference = sp.expand(relation.lhs - relation.rhs)
    slope = difference.coeff(TIME, 1)
    rest = sp.expand(difference - slope * TIME)
    if slope == 0 or TIME in (slope.free_symbols | rest.free_symbols):
        return None
    return sp.expand(-rest / slope)


def one_sided(relation: Relational) -> tuple[sp.Expr, bool, bool] | None:
    """Write an inequality as a function, whether it holds where that is zero, and whether its negation is meant.

    The relation is ``function > 0`` (or ``>= 0`` where it holds at zero), or the negation of that; relations that
    change at the same place, such as ``x < 1`` and ``1 <= x``, have the same function. None for ``==`` and ``!=``.
    """
    if not isinstance(relation, Gt | Ge | Lt | Le):
        return None
    function = relation.lhs - relation.rhs
    at_zero, negated = isinstance(relation, Ge | Lt), isinstance(relation, Lt | Le)
    factor, rest = sp.sympify(function).as_coeff_Mul()
    if (factor < 0) != rest.could_extract_minus_sign():
        at_zero, negated = not at_zero, not negated
    return (-rest if rest.could_extract_minus_sign() else rest), at_zero, negated
