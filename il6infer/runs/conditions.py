"""Conditions written as conditions of smooth functions, which a run does not step over.

|time - T| < w holds between two kinks of no function but its own: at the ends of a step it may hold at neither, and
its function looks linear at both. So a condition of kinks, powers and products is written as one of their parts:

    |u| < a              u < a and -u < a
    max(u, v) > a        u > a or v > a
    u**2 < a             |u| < sqrt(a), where a is above zero
    u v > 0              both above zero, or both below
    piecewise(...) > a   that of each branch
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import sympy as sp
from sympy.core.relational import Ge, Gt, Le, Lt, Relational

from il6infer.network.graphs import absolute, of_kinds, replaced, symbols_of

MOST_BRANCHES = 64
"""Combinations of branches for which a condition of them is written out."""


def smooth_condition(condition: sp.Basic, varying: Iterable[sp.Symbol]) -> sp.Basic:
    """Write a condition of kinks, even powers, products and branches as one of their parts.

    Parameters
    ----------
    condition
        Relation; as it is where it has too many branches.
    varying
        States and time: what is of parameters alone stays.
    """
    if not isinstance(condition, Gt | Ge | Lt | Le):
        return condition
    return _Splitting(set(varying)).of(condition)


class _TooMany(Exception):
    """More branches than are written out."""


class _Splitting:
    """One condition, in which parts of some symbols are split.

    Parameters
    ----------
    varying
        The symbols.
    """

    def __init__(self, varying: set[sp.Symbol]) -> None:
        self._varying, self._left = varying, MOST_BRANCHES

    def of(self, condition: Relational) -> sp.Basic:
        """Split a condition."""
        inner = self._found(condition.args, Relational)
        if inner:
            condition = replaced(condition, {e: smooth_condition(e, self._varying) for e in inner})
        compare = Gt if isinstance(condition, Gt | Lt) else Ge
        number = condition.gts - condition.lts
        try:
            split = self._above(number, compare)
        except _TooMany:
            return condition
        return condition if split == compare(number, 0) else split

    def _found(self, expressions: Iterable[sp.Basic], *kinds: type) -> list[sp.Basic]:
        found = (e for e in of_kinds(expressions, *kinds) if symbols_of(e) & self._varying)
        return sorted(found, key=sp.default_sort_key)

    def _above(self, number: sp.Expr, compare: type[Relational]) -> sp.Basic:
        """Where ``compare(number, 0)``, by its parts."""
        if not symbols_of(number) & self._varying:
            return compare(number, 0)
        for rule in (self._by_kink, self._by_branches, self._by_power, self._by_factors):
            split = rule(number, lambda part: self._above(part, compare), compare)
            if split is not None:
                return split
        self._left -= 1
        if self._left < 0:
            raise _TooMany
        return compare(number, 0)

    def _by_kink(
        self, number: sp.Expr, above: Callable[[sp.Expr], sp.Basic], compare: type[Relational]
    ) -> sp.Basic | None:
        """Of the first absolute value, minimum or maximum that stands in the sum itself, or else in a part of it."""
        for term in sp.Add.make_args(number):
            factor, kink = term.as_coeff_Mul()
            if isinstance(kink, sp.Abs | sp.Max | sp.Min) and symbols_of(kink) & self._varying:
                rest = number - term
                values = (kink.args[0], -kink.args[0]) if isinstance(kink, sp.Abs) else kink.args
                either = (factor > 0) != isinstance(kink, sp.Min)
                return (sp.Or if either else sp.And)(*[above(rest + factor * value) for value in values])
        kinks = self._found([number], sp.Abs, sp.Max, sp.Min)
        if not kinks:
            return None
        kink = kinks[0]
        return _chosen([(test, above(replaced(number, {kink: value}))) for value, test in self._branches(kink)])

    def _branches(self, kink: sp.Expr) -> list[tuple[sp.Expr, sp.Basic]]:
        """Values of a kink, each with its condition; the first that holds counts."""
        if isinstance(kink, sp.Abs):
            return [(kink.args[0], self._above(kink.args[0], Ge)), (-kink.args[0], sp.true)]
        sign, values = 1 if isinstance(kink, sp.Max) else -1, kink.args
        tests = [[self._above(sign * (a - b), Ge) for b in values[n + 1 :]] for n, a in enumerate(values)]
        return [(value, sp.And(*test)) for value, test in zip(values, tests, strict=True)]

    def _by_branches(self, number: sp.Expr, above: Callable[[sp.Expr], sp.Basic], _: object) -> sp.Basic | None:
        choices = of_kinds([number], sp.Piecewise)
        if not choices or math.prod(len(e.args) for e in choices) > MOST_BRANCHES:
            return None
        folded = sp.piecewise_fold(number)
        if not isinstance(folded, sp.Piecewise):
            return None
        return _chosen([(when, above(value)) for value, when in folded.args])

    def _by_power(
        self, number: sp.Expr, above: Callable[[sp.Expr], sp.Basic], compare: type[Relational]
    ) -> sp.Basic | None:
        """Of ``rest + factor * base**n`` with an even n."""
        rest, whole = number.as_independent(*self._varying, as_Add=True)
        factor, power = whole.as_independent(*self._varying, as_Add=False)
        if not (power.is_Pow and power.exp.is_Integer and power.exp > 0 and power.exp % 2 == 0):
            return None
        below = absolute(factor) ** (1 / power.exp) * absolute(power.base) - absolute(rest) ** (1 / power.exp)
        outside, inside = sp.And(factor > 0, rest < 0), sp.And(factor < 0, rest > 0)
        # Elsewhere both terms have one sign, and so has their sum wherever the state is.
        neither = sp.And(sp.Not(outside), sp.Not(inside))
        return sp.Or(
            *(
                sp.And(where, condition())
                for where, condition in (
                    (outside, lambda: above(below)),
                    (inside, lambda: above(-below)),
                    (neither, lambda: compare(number, 0)),
                )
                if where != sp.false
            )
        )

    def _by_factors(
        self, number: sp.Expr, above: Callable[[sp.Expr], sp.Basic], compare: type[Relational]
    ) -> sp.Basic | None:
        """Of a product of odd powers."""
        constant, product = number.as_independent(*self._varying, as_Add=False)
        factors = [f.as_base_exp() for f in sp.Mul.make_args(product)]
        if len(factors) < 2 or not all(n.is_Integer and n % 2 == 1 for _, n in factors):
            return None
        bases = [base for base, _ in factors] + ([constant] if constant != 1 else [])
        first, others = bases[0], sp.Mul(*bases[1:])
        return sp.Or(sp.And(above(first), above(others)), sp.And(above(-first), above(-others)))


def _chosen(conditions: Sequence[tuple[sp.Basic, sp.Basic]]) -> sp.Basic:
    """Condition of the first branch whose own holds."""
    of_each, earlier = [], []
    for test, holding in conditions:
        of_each.append(sp.And(*earlier, test, holding))
        earlier.append(sp.Not(test))
    return sp.Or(*of_each)
