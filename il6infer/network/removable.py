"""Quotients of two that vanish together, such as u / (exp(u) - 1): a series where both are small.

There the quotient is a number and so are its slopes, but floating point has 0 / 0 at zero, and beside it a difference
of numbers that are nearly the same: of the slope half the digits are gone where u is 1e-4. Rates of ion channels
(Goldman-Hodgkin-Katz, Hodgkin-Huxley), (1 - exp(-k t)) / k and the Bateman function of two equal rates are such.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from itertools import chain

import sympy as sp

_EXPONENTIAL, _LOGARITHM = sp.Rational(250_001, 1_000_000), sp.Rational(10_001, 1_000_000)
"""Squares of the arguments up to which series stand; no number that anybody would write, so that they are known."""

_ONE = sp.Integer(1)


def _series(coefficients: list[sp.Rational], x: sp.Expr) -> sp.Expr:
    """Sum of c_k x**k, nested."""
    first, *others = reversed(coefficients)
    return reduce(lambda sum_, c: c + x * sum_, others, first)


def _of_exponential(d: sp.Expr) -> sp.Expr:
    """(exp(d) - 1) / d."""
    return _series([1 / sp.factorial(k + 1) for k in range(15)], d)


def _of_sinh(d: sp.Expr) -> sp.Expr:
    return _series([1 / sp.factorial(2 * k + 1) for k in range(8)], d**2)


def _hyperbolic_cosine(d: sp.Expr) -> sp.Expr:
    """Give cosh(d), that does not overflow where it is not asked for: one engine computes both sides of a condition."""
    return _series([1 / sp.factorial(2 * k) for k in range(9)], d**2)


def _of_sine(d: sp.Expr) -> sp.Expr:
    return _series([(-1) ** k / sp.factorial(2 * k + 1) for k in range(8)], d**2)


def _of_logarithm(d: sp.Expr) -> sp.Expr:
    """log(1 + d) / d."""
    return _series([sp.Rational((-1) ** k, k + 1) for k in range(18)], d)


_ODD: dict[type, tuple[Callable[[sp.Expr], sp.Expr], int]] = {
    sp.sinh: (_of_sinh, 1),
    sp.csch: (_of_sinh, -1),
    sp.tanh: (lambda d: _of_sinh(d) / _hyperbolic_cosine(d), 1),
    sp.coth: (lambda d: _of_sinh(d) / _hyperbolic_cosine(d), -1),
    sp.sin: (_of_sine, 1),
    sp.csc: (_of_sine, -1),
    sp.tan: (lambda d: _of_sine(d) / sp.cos(d), 1),
    sp.cot: (lambda d: _of_sine(d) / sp.cos(d), -1),
}
"""Function -> what it is over its argument, and the power of that."""


@dataclass(frozen=True)
class _Vanishing:
    """A factor ``(d * over * other) ** power``, that vanishes with d.

    Attributes
    ----------
    d
        What it vanishes with.
    over
        Its series, over d.
    power
        Whole.
    square
        Up to which d**2 the series stands.
    other
        What of it does not vanish.
    """

    d: sp.Expr
    over: sp.Expr
    power: int
    square: sp.Rational
    other: sp.Expr = _ONE


def removable(expression: sp.Expr) -> sp.Expr:
    """Write quotients that are 0 / 0 by their series where they nearly are; all else is left as it is.

    Parameters
    ----------
    expression
        With sympy's functions. What has been written so is left.
    """
    kinds = (sp.exp, sp.log, *_ODD)
    return _removable(expression, {}) if expression.has(*kinds) else expression


def _removable(e: sp.Basic, known: dict[sp.Basic, sp.Basic]) -> sp.Basic:
    if e.is_Atom or _is_written(e):
        return e
    if e not in known:
        arguments = [_removable(argument, known) for argument in e.args]
        own = e if arguments == list(e.args) else e.func(*arguments)
        known[e] = _by_series(own) if own.is_Mul else own
    return known[e]


def _is_written(e: sp.Basic) -> bool:
    if not isinstance(e, sp.Piecewise):
        return False
    condition = e.args[0][1]
    return isinstance(condition, sp.StrictLessThan) and condition.rhs in (_EXPONENTIAL, _LOGARITHM)


def _by_series(product: sp.Expr) -> sp.Expr:
    factors = list(product.args)
    for place, factor in enumerate(factors):
        found = _vanishing(factor)
        if found is None:
            continue
        others = [*factors[:place], *factors[place + 1 :]]
        parts = _factors(found.d)
        for n, other in enumerate(others):
            rest = [*others[:n], *others[n + 1 :]]
            partner = _vanishing(other)
            if partner is not None and found.power * partner.power < 0:
                ratio = _ratio(partner.d, found.d)
                if ratio is not None:
                    both = (found.other * found.over) ** found.power * (partner.other * partner.over) ** partner.power
                    near = both * ratio**partner.power * found.d ** (found.power + partner.power)
                    # Both series must stand, that of what grows faster with d no further than its own.
                    reach = sp.Max(1, ratio**2 * found.square / partner.square)
                    return _where(found, reach, sp.Mul(near, *rest), product)
                continue
            base, power = other.as_base_exp()
            if not (power.is_Integer and power * found.power < 0):
                continue
            for m, part in enumerate(parts):
                ratio = _ratio(base, part)
                if ratio is not None:
                    cofactor = sp.Mul(*parts[:m], *parts[m + 1 :])
                    near = (found.other * found.over * cofactor) ** found.power * ratio**power
                    return _where(found, _ONE, sp.Mul(near, part ** (found.power + power), *rest), product)
    return product


def _where(found: _Vanishing, reach: sp.Expr, near: sp.Expr, far: sp.Expr) -> sp.Expr:
    return sp.Piecewise((near, sp.StrictLessThan(reach * found.d**2, found.square)), (far, True))


def _vanishing(factor: sp.Expr) -> _Vanishing | None:
    base, power = (factor, _ONE) if isinstance(factor, sp.exp) else factor.as_base_exp()
    if not power.is_Integer or not base.free_symbols:
        return None
    if type(base) in _ODD:
        over, own = _ODD[type(base)]
        return _Vanishing(base.args[0], over(base.args[0]), own * int(power), _EXPONENTIAL)
    if isinstance(base, sp.log):
        d = base.args[0] - 1
        return _Vanishing(d, _of_logarithm(d), int(power), _LOGARITHM)
    if not base.is_Add or len(base.args) != 2:
        return None
    (first, a), (second, b) = map(_exponential, base.args)
    ratio = _ratio(first, second)
    if a == b or ratio is None or not ratio < 0:
        return None
    # sympy takes numbers out of exponents.
    d = a - b + (sp.log(-ratio) if ratio != -1 else 0)
    return _Vanishing(d, _of_exponential(d), int(power), _EXPONENTIAL, -second * sp.exp(b))


def _exponential(term: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Coefficient and exponent of a term."""
    factors = sp.Mul.make_args(term)
    exponents = [f.args[0] for f in factors if isinstance(f, sp.exp)]
    return sp.Mul(*[f for f in factors if not isinstance(f, sp.exp)]), sp.Add(*exponents)


def _factors(d: sp.Expr) -> list[sp.Expr]:
    """Factors of what vanishes."""
    parts = sp.Mul.make_args(d)
    return [*chain.from_iterable(sp.Mul.make_args(sp.factor_terms(p)) if p.is_Add else (p,) for p in parts)]


def _ratio(a: sp.Expr, b: sp.Expr) -> sp.Expr | None:
    """Divide, where that gives a number."""
    if a == b:
        return _ONE
    left, right = a.as_coefficients_dict(), b.as_coefficients_dict()
    if left.keys() != right.keys() or not left:
        return None
    ratios = [left[key] / right[key] for key in left]
    same = all(abs(float(r / ratios[0]) - 1) < 1e-12 for r in ratios)
    return ratios[0] if same else None
