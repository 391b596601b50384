"""Laws that are written by the reciprocal of a state, 1 / (1 + K/x), by the state itself: x / (x + K).

Where the state is zero its reciprocal is infinite, and the law has a value there, but none of its slopes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import sympy as sp

from il6infer.network.denominators import is_positive
from il6infer.network.graphs import holds, made, rewritten, symbols_of
from il6infer.network.primitives import AbsoluteValue, AtLeast, Larger

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
    steepest = _steepest(found, states)
    if not steepest or not all(_is_left_where(one, terms, states) for one in steepest):
        return e
    symbolic = [factor for factor in steepest if not factor.args[1].is_number]
    if symbolic and any(not p.exp.is_number for term in terms for p in term.atoms(sp.Pow) - {*steepest[:1]}):
        return e  # a product of two powers may overflow, where their ratio does not
    total = sp.Add(*[_times(term, steepest) for term in terms])
    over = sp.Mul(*map(_inverse, steepest))
    if len(steepest) > 1:
        # Where two states are zero, so may both products be; if no term is below zero the sum is infinite there.
        zero = sp.Integer(0)
        both = AtLeast(zero, AbsoluteValue(total))
        known = [_coefficient(term, states) for term in terms]
        signs = [c for c in known if c is not None and not c.is_positive]
        total += both * AtLeast(-reduce(lambda a, b: Larger(a, b), [-c for c in signs]), zero) if signs else both
    return made(sp.Mul, made(sp.Pow, over, -e.exp), made(sp.Pow, total, e.exp))


def _steepest(found: Iterable[sp.Expr], states: set[sp.Symbol]) -> list[sp.Expr]:
    """Give the steepest reciprocal of each state, if there are any, and they can be compared."""
    own: dict[sp.Basic, list[sp.Expr]] = {}
    for factor in sorted(found, key=sp.default_sort_key):
        (state,) = symbols_of(factor) & states
        own.setdefault(state, []).append(factor)
    if any(len(same) > 1 and not all(factor.exp.is_Integer for factor in same) for same in own.values()):
        return []
    steepest = [min(same, key=lambda factor: factor.exp) if len(same) > 1 else same[0] for same in own.values()]
    high = sum(abs(factor.exp) for factor in steepest if factor.exp.is_number)
    return steepest if len(steepest) == 1 or high <= _HIGHEST else []


def _is_left_where(one: sp.Expr, terms: Iterable[sp.Expr], states: set[sp.Symbol]) -> bool:
    """Whether what is left to divide by where the state of a reciprocal is zero is above zero."""
    leading = sp.Add(*[_without(term, one) for term in terms if one in sp.Mul.make_args(term)])
    rest = [_coefficient(term, states) for term in sp.Add.make_args(leading)]
    return None not in rest and is_positive(sp.Add(*rest), states)


def _coefficient(term: sp.Expr, states: set[sp.Symbol]) -> sp.Expr | None:
    """Give a term of a sum without the reciprocals of states; None where other functions of states are in it."""
    rest = sp.Mul(*[f for f in sp.Mul.make_args(term) if not _is_reciprocal(f, states)])
    return None if symbols_of(rest) & states else rest


def _inverse(factor: sp.Expr) -> sp.Expr:
    base, exponent = factor.args
    falls = exponent.could_extract_minus_sign()
    return made(sp.Pow, base, -exponent) if falls else made(sp.Pow, 1 / base, exponent)


def _times(term: sp.Expr, steepest: Iterable[sp.Expr]) -> sp.Expr:
    """Multiply a term by the inverse of each reciprocal."""
    for one in steepest:
        term = _without(term, one) if one in sp.Mul.make_args(term) else sp.Mul(term, _inverse(one))
    return term


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
