"""Kinks of rates (abs, max, min) and jumps at poles as conditions, so that each step sees one smooth branch.

A step over a kink may have a value within any tolerance and a derivative that is far off: where only its last stages
are on the other side, the value errs by how far they are, and the derivative by their weights times the step. A
function that is bounded where what it is of has a pole jumps there: tanh(1/u) from -1 to 1, and arccot(u), which is
arctan(1/u).
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp
from sympy.core.relational import Relational

from il6infer.network.graphs import all_replaced, holds, of_kinds, remade, replaced, rewritten, symbols_of
from il6infer.network.primitives import AbsoluteValue, BySeries
from il6infer.network.removable import removable
from il6infer.runs.conditions import smooth_condition


def smooth_branches(
    expressions: Iterable[sp.Expr], varying: Iterable[sp.Symbol]
) -> tuple[list[sp.Expr], set[Relational]]:
    """Expressions with piecewise in the place of functions with a kink, and the conditions at which they only bend.

    Parameters
    ----------
    expressions
        Right-hand sides, one for each state.
    varying
        States and time: functions of parameters alone stay as they are.
    """
    varying = set(varying)
    jumps = _all_rewritten(map(sp.sympify, expressions), varying, {sp.acot: _arccot})
    jumps = [_at_poles(e, varying) if holds(e, *_BOUNDED) else e for e in jumps]
    smooth = _all_rewritten(jumps, varying, {sp.Abs: _size, sp.Max: _largest, sp.Min: _smallest})
    tests = of_kinds(smooth, Relational) - of_kinds(jumps, Relational)
    smooth = list(all_replaced(smooth, {test: smooth_condition(test, varying) for test in tests}))
    return smooth, of_kinds(smooth, Relational) - of_kinds(jumps, Relational)


_BOUNDED = (sp.exp, sp.tanh, sp.coth, sp.atan)
"""Functions with a limit where their argument is infinite."""


def _at_poles(whole: sp.Expr, varying: set[sp.Symbol]) -> sp.Expr:
    """Write odd poles within bounded functions by their size and side; those that series take away are none."""
    known: dict[int, tuple[sp.Basic, set[sp.Pow]]] = {}

    def odd_poles(e: sp.Basic) -> set[sp.Pow]:
        if id(e) not in known:
            # With the expression, for as long as which no other has its id.
            known[id(e)] = e, found_in(e)
        return known[id(e)][1]

    def found_in(e: sp.Basic) -> set[sp.Pow]:
        if isinstance(e, BySeries):
            _, near, far = e.args
            bases = {p.base for p in odd_poles(near)}
            return odd_poles(near) | {p for p in odd_poles(far) if p.base in bases}
        own = {e} if e.is_Pow and e.exp.is_Integer and e.exp < 0 and e.exp % 2 == 1 else set()
        own = {p for p in own if symbols_of(p.base) & varying and not isinstance(p.base, AbsoluteValue)}
        return own.union(*map(odd_poles, e.args))

    def sides(e: sp.Basic) -> sp.Basic:
        if not isinstance(e, _BOUNDED):
            return e
        return replaced(e, {p: _side(p.base) * AbsoluteValue(p.base) ** p.exp for p in odd_poles(e)})

    written = removable(whole)
    bounded = of_kinds([written], *_BOUNDED)
    return rewritten(written, sides) if any(map(odd_poles, bounded)) else whole


def _side(base: sp.Expr) -> sp.Expr:
    return sp.Piecewise((1, sp.Ge(base, 0)), (-1, True))


def _all_rewritten(expressions: Iterable[sp.Basic], varying: set[sp.Symbol], rules: dict) -> list[sp.Basic]:
    known: dict[sp.Basic, sp.Basic] = {}
    return [_rewritten(e, varying, rules, known) if holds(e, *rules) else e for e in expressions]


def _rewritten(e: sp.Basic, varying: set[sp.Symbol], rules: dict, known: dict[sp.Basic, sp.Basic]) -> sp.Basic:
    # What a condition or a step depends on is looked at where it is, by value: a kink of it is none of the rates.
    if e.is_Atom or isinstance(e, Relational | sp.floor | sp.ceiling | sp.sign):
        return e
    if e not in known:
        arguments = [_rewritten(argument, varying, rules, known) for argument in e.args]
        if e.func in rules and symbols_of(e) & varying:
            known[e] = rules[e.func](e.args, arguments)
        else:
            known[e] = remade(e, arguments)
    return known[e]


# Conditions are of the arguments as they were, branches of the arguments rewritten.
def _size(given: tuple[sp.Expr, ...], branches: list[sp.Expr]) -> sp.Expr:
    return sp.Piecewise((branches[0], sp.Ge(given[0], 0)), (-branches[0], True))


def _largest(given: tuple[sp.Expr, ...], branches: list[sp.Expr]) -> sp.Expr:
    return _first(given, branches, sp.Ge)


def _smallest(given: tuple[sp.Expr, ...], branches: list[sp.Expr]) -> sp.Expr:
    return _first(given, branches, sp.Le)


def _first(given: tuple[sp.Expr, ...], branches: list[sp.Expr], compare: type[Relational]) -> sp.Expr:
    tests = [sp.And(*[compare(a, b) for b in given[n + 1 :]]) for n, a in enumerate(given)]
    return sp.Piecewise(*zip(branches, tests, strict=True))


def _arccot(given: tuple[sp.Expr, ...], branches: list[sp.Expr]) -> sp.Expr:
    """By half the angle, as `network.functions` has it, without its kink."""
    x = branches[0]
    above, below = (2 * sp.atan(1 / (size + sp.sqrt(1 + x**2))) for size in (x, -x))
    return sp.Piecewise((above, sp.Ge(given[0], 0)), (-below, True))
