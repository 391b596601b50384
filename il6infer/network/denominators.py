"""Denominators that are above zero wherever states and parameters are, such as K + x: no solution leads over zero."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from il6infer.network.graphs import of_kinds, symbols_of
from il6infer.network.poles import is_short
from il6infer.network.primitives import Power


def denominators(expressions: Iterable[sp.Expr], states: Iterable[sp.Symbol]) -> list[sp.Expr]:
    """List sums of positive terms that expressions divide by, and that depend on states.

    Parameters
    ----------
    expressions
        Plain, see `il6infer.network.functions.plain`.
    states
        Symbols of the states.
    """
    states = set(states)
    found: dict[sp.Expr, None] = {}
    for e in of_kinds(expressions, sp.Pow, Power):
        base, exponent = e.args
        if base.is_Add and exponent.is_number and exponent.is_negative and symbols_of(base) & states:
            if not is_positive(base, states) and is_short(base):
                # 1 + K/x, for what is infinite where a state is zero
                base = sp.together(base).as_numer_denom()[0]
            if base.is_Add and is_positive(base, states):
                found[base] = None
    return sorted(found, key=sp.default_sort_key)


def is_positive(e: sp.Expr, states: set[sp.Symbol]) -> bool:
    """Whether an expression of positive symbols is positive, and finite where a state is zero.

    Parameters
    ----------
    e
        Plain, or as a formula has it.
    states
        Symbols of the states.
    """
    if e.is_Symbol:
        return True
    if e.is_number:
        return bool(e.is_positive)
    if e.is_Add or e.is_Mul:
        return all(is_positive(a, states) for a in e.args)
    if isinstance(e, sp.Pow | Power):
        base, exponent = e.args
        grows = exponent.is_number and exponent.is_positive
        return is_positive(base, states) and bool(grows or not symbols_of(base) & states)
    return isinstance(e, sp.exp)
