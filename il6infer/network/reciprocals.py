"""Laws that are written by the reciprocal of a state, 1 / (1 + K/x), by the state itself: x / (x + K).

Where the state is zero its reciprocal is infinite, and the law has a value there, but none of its slopes.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from il6infer.network.denominators import is_positive
from il6infer.network.graphs import holds, made, rewritten, symbols_of

_HIGHEST = 8
"""Exponent beyond which a power in place of its reciprocal may be no number in floating point."""


def by_states(expression: sp.Expr, states: Iterable[sp.Symbol]) -> sp.Expr:
    """Write what is divided by without the reciprocal of a state, where that alone makes it infinite.

    Parameters
    ----------
    expression
        Rate or read-out.
    states
        Symbols of the states.
    """
    states = set(states)
    return rewritten(expression, lambda e: _cleared(e, states)) if holds(expression, sp.Pow) else expression


def _cleared(e: sp.Basic, states: set[sp.Symbol]) -> sp.Basic:
    if not (e.is_Pow and e.base.is_Add and e.exp.is_number and e.exp.is_negative):
        return e
    terms = e.base.args
    found = {factor for term in terms for factor in sp.Mul.make_args(term) if _is_reciprocal(factor, states)}
    if len({symbols_of(factor) & states for factor in found}) != 1:
        return e
    if len(found) > 1 and not all(factor.exp.is_Integer for factor in found):
        return e
    steepest = min(found, key=lambda factor: factor.exp) if len(found) > 1 else found.pop()
    steep = [term for term in terms if steepest in sp.Mul.make_args(term)]
    leading = sp.Add(*[_without(term, steepest) for term in steep])
    # Where the state is zero this is all that is left to divide by.
    if symbols_of(leading) & states or not is_positive(leading, states):
        return e
    base, exponent = steepest.args
    if not exponent.is_number and any(not p.exp.is_number for term in terms for p in term.atoms(sp.Pow) - {steepest}):
        return e  # a product of two powers may overflow, where their ratio does not
    falls = exponent.could_extract_minus_sign()
    over = made(sp.Pow, base, -exponent) if falls else made(sp.Pow, 1 / base, exponent)
    total = sp.Add(leading, *[sp.Mul(term, over) for term in terms if term not in steep])
    return made(sp.Mul, made(sp.Pow, over, -e.exp), made(sp.Pow, total, e.exp))


def _is_reciprocal(e: sp.Expr, states: set[sp.Symbol]) -> bool:
    """Whether it is x**-m, (x/K)**-n or (K/x)**n, with a whole number m and any other n."""
    if not e.is_Pow or symbols_of(e.exp) & states:
        return False
    moving = [factor for factor in sp.Mul.make_args(e.base) if symbols_of(factor) & states]
    if len(moving) != 1:
        return False
    state, power = moving[0].as_base_exp()
    falls = power == (1 if e.exp.could_extract_minus_sign() else -1)
    return state in states and falls and (not e.exp.is_Integer or -_HIGHEST <= e.exp < 0)


def _without(term: sp.Expr, factor: sp.Expr) -> sp.Expr:
    return sp.Mul(*[f for f in sp.Mul.make_args(term) if f != factor])
