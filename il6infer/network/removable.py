"""Quotients of two that vanish together, such as u / (exp(u) - 1): a series where both are small.

There the quotient is a number and so are its slopes, but floating point has 0 / 0 at zero, and beside it a difference
of numbers that are nearly the same: of the slope half the digits are gone where u is 1e-4. Rates of ion channels
(Goldman-Hodgkin-Katz, Hodgkin-Huxley), (1 - exp(-k t)) / k, the Bateman function of two equal rates and the logarithmic
mean are such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import chain, combinations, permutations, product

import sympy as sp

from il6infer.network.graphs import exponential, of_kinds, remade, symbols_of
from il6infer.network.poles import is_short, where_small, without_poles
from il6infer.network.primitives import BySeries

_EXPONENTIAL, _LOGARITHM = sp.Integer(1), sp.Integer(25)
"""Square of what a series is in, times this, is held against `NEAR`."""

_ONE = sp.Integer(1)


def _series(coefficients: list[sp.Rational], x: sp.Expr) -> sp.Expr:
    """Sum of c_k x**k, nested."""
    first, *others = reversed(coefficients)
    return reduce(lambda sum_, c: c + x * sum_, others, first)


def _of_exponential(d: sp.Expr) -> sp.Expr:
    """(exp(d) - 1) / d."""
    return _series([1 / sp.factorial(k + 1) for k in range(12)], d)


def _of_sinh(d: sp.Expr) -> sp.Expr:
    return _series([1 / sp.factorial(2 * k + 1) for k in range(6)], d**2)


def _hyperbolic_cosine(d: sp.Expr) -> sp.Expr:
    """Give cosh(d), that does not overflow where it is not asked for: one engine computes both sides of a condition."""
    return _series([1 / sp.factorial(2 * k) for k in range(7)], d**2)


def _of_sine(d: sp.Expr) -> sp.Expr:
    return _series([(-1) ** k / sp.factorial(2 * k + 1) for k in range(6)], d**2)


def _of_arctanh(d: sp.Expr) -> sp.Expr:
    return _series([sp.Rational(1, 2 * k + 1) for k in range(7)], d**2)


def _of_arctan(d: sp.Expr) -> sp.Expr:
    return _series([sp.Rational((-1) ** k, 2 * k + 1) for k in range(7)], d**2)


def _of_arcsine(d: sp.Expr, sign: int = 1) -> sp.Expr:
    return _series([sign**k * sp.binomial(2 * k, k) / (4**k * sp.Integer(2 * k + 1)) for k in range(7)], d**2)


_ODD: dict[type, tuple[Callable[[sp.Expr], sp.Expr], int, sp.Expr]] = {
    sp.sinh: (_of_sinh, 1, _EXPONENTIAL),
    sp.csch: (_of_sinh, -1, _EXPONENTIAL),
    sp.tanh: (lambda d: _of_sinh(d) / _hyperbolic_cosine(d), 1, _EXPONENTIAL),
    sp.coth: (lambda d: _of_sinh(d) / _hyperbolic_cosine(d), -1, _EXPONENTIAL),
    sp.sin: (_of_sine, 1, _EXPONENTIAL),
    sp.csc: (_of_sine, -1, _EXPONENTIAL),
    sp.tan: (lambda d: _of_sine(d) / sp.cos(d), 1, _EXPONENTIAL),
    sp.cot: (lambda d: _of_sine(d) / sp.cos(d), -1, _EXPONENTIAL),
    sp.asinh: (lambda d: _of_arcsine(d, -1), 1, _LOGARITHM),
    sp.atanh: (_of_arctanh, 1, _LOGARITHM),
    sp.asin: (_of_arcsine, 1, _LOGARITHM),
    sp.atan: (_of_arctan, 1, _LOGARITHM),
}
"""Function -> what it is over its argument, the power of that, and how far its series stands."""


_KINDS = (sp.Pow, sp.exp, sp.log, sp.cos, sp.cosh, *_ODD)


@dataclass(frozen=True)
class _View:
    """A factor written as ``part ** power * regular``, where `regular` does not vanish with `part`.

    Attributes
    ----------
    part
        What it vanishes with.
    power
        Whole.
    regular
        With series of what is small where `part` is.
    sizes
        Squares; the series stand where all are below `NEAR`.
    """

    part: sp.Expr
    power: int
    regular: sp.Expr = _ONE
    sizes: tuple[sp.Expr, ...] = ()


@dataclass(frozen=True)
class _Vanishing:
    """What is ``d ** order * over(d)``, and vanishes with d.

    Attributes
    ----------
    d
        What it vanishes with.
    over
        d -> what does not vanish, by a series.
    size
        d -> see `_View`.
    order
        Whole.
    """

    d: sp.Expr
    over: Callable[[sp.Expr], sp.Expr]
    size: Callable[[sp.Expr], sp.Expr]
    order: int = 1


def removable(expression: sp.Expr) -> sp.Expr:
    """Write quotients that are 0 / 0 by their series where they nearly are; all else is left as it is.

    Parameters
    ----------
    expression
        With sympy's functions. What has been written so is left.
    """
    return _removable(expression, {}) if any(map(_may_vanish, of_kinds([expression], *_KINDS))) else expression


def _may_vanish(e: sp.Basic) -> bool:
    return not e.is_Pow or not e.exp.is_Integer or (e.exp.is_negative and e.base.is_Add)


def _removable(e: sp.Basic, known: dict[sp.Basic, sp.Basic]) -> sp.Basic:
    if e.is_Atom or isinstance(e, BySeries):
        return e
    if e not in known:
        arguments = [_removable(argument, known) for argument in e.args]
        own = remade(e, arguments)
        written = _by_series(own) if own.is_Mul else own
        known[e] = without_poles(own) if written is own and (own.is_Mul or own.is_Add) else written
    return known[e]


def _by_series(whole: sp.Expr) -> sp.Expr:
    factors = [*whole.args]
    views = [[*_views(factor)] for factor in factors]
    for place, n in permutations(range(len(factors)), 2):
        if not views[place]:
            continue
        # Views of the one against views of the other need one look.
        found = _together(views[place], [*_plain_view(factors[n]), *(views[n] if n > place else ())])
        if found is not None:
            rest = [factor for m, factor in enumerate(factors) if m not in (place, n)]
            near, sizes = found
            left = sp.Mul(near, *rest)
            # What is left may vanish with another, as of u**2 / (sin(u) * tan(u)).
            return where_small(_by_series(left) if left.is_Mul else left, _largest(sizes), whole)
    return _without_common_factor(whole)


def _together(views: list[_View], others: list[_View]) -> tuple[sp.Expr, list[sp.Expr]] | None:
    """Product of two factors that vanish with the same, one of them below the line, and the sizes of its series."""
    for one, other in product(views, others):
        if one.power * other.power < 0 and (ratio := _ratio(other.part, one.part)) is not None:
            near = one.regular * other.regular * ratio**other.power * one.part ** (one.power + other.power)
            return near, [*one.sizes, *other.sizes]
    return None


def _largest(sizes: list[sp.Expr]) -> list[sp.Expr]:
    """Leave out those of which a multiple stands there."""
    kept: list[sp.Expr] = []
    for size in sizes:
        for n, own in enumerate(kept):
            ratio = _ratio(size, own)
            if ratio is not None and ratio > 0:
                kept[n] = size if ratio > 1 else own
                break
        else:
            kept.append(size)
    return kept


def _plain_view(factor: sp.Expr) -> Iterator[_View]:
    base, power = factor.as_base_exp()
    if not (power.is_Integer and symbols_of(base)):
        return
    yield _View(base, int(power))
    if _is_difference(base):
        parts = sp.Mul.make_args(sp.factor(base))
        for part in parts if len(parts) > 1 else ():
            yield _View(part, int(power), (base / part).cancel() ** power)


def _views(factor: sp.Expr) -> list[_View]:
    """Ways to write a factor that holds a function; those that need the fewest series first."""
    base, power = (factor, _ONE) if isinstance(factor, sp.exp) else factor.as_base_exp()
    found = _vanishing(base) if power.is_Integer and symbols_of(base) else None
    if found is None:
        return []
    order = found.order * int(power)
    parts = _factors(found.d)
    direct, by_inner = [], []
    for m, part in enumerate(parts):
        cofactor = sp.Mul(*parts[:m], *parts[m + 1 :])
        direct.append(_View(part, order, found.over(found.d) ** power * cofactor**order, (found.size(found.d),)))
        inner = _vanishing(part)
        if inner is not None and inner.order == 1:
            own = (cofactor * inner.over(inner.d)) ** order
            sizes = (inner.size(inner.d), found.size(found.d))
            by_inner.append(_View(inner.d, order, found.over(found.d) ** power * own, sizes))
    return direct + by_inner


def _vanishing(base: sp.Expr) -> _Vanishing | None:
    if type(base) in _ODD:
        over, order, scale = _ODD[type(base)]
        return _Vanishing(base.args[0], lambda d: over(d) ** order, lambda d: scale * d**2, order)
    if isinstance(base, sp.log):
        return _of_logarithm(_ONE, *_over(base.args[0]))
    if not base.is_Add or len(base.args) != 2:
        return None
    first, second = base.args
    return _two_logarithms(first, second) or _of_cosine(first, second) or _two_exponentials(first, second)


def _of_logarithm(coefficient: sp.Expr, a: sp.Expr, b: sp.Expr) -> _Vanishing:
    """log(a / b) = 2 artanh((a - b) / (a + b))."""
    double = 2 * coefficient / (a + b)
    return _Vanishing(a - b, lambda d: double * _of_arctanh(d / (a + b)), lambda d: _LOGARITHM * (d / (a + b)) ** 2)


def _two_logarithms(first: sp.Expr, second: sp.Expr) -> _Vanishing | None:
    logs = [[f for f in sp.Mul.make_args(term) if isinstance(f, sp.log)] for term in (first, second)]
    if [len(own) for own in logs] != [1, 1]:
        return None
    (a,), (b,) = logs
    coefficient = first / a
    if coefficient + second / b != 0:
        return None
    return _of_logarithm(coefficient, *_over(a.args[0] / b.args[0]))


def _of_cosine(first: sp.Expr, second: sp.Expr) -> _Vanishing | None:
    for one, other in ((first, second), (second, first)):
        for factor in sp.Mul.make_args(other):
            if isinstance(factor, (sp.cos, sp.cosh)) and one + other / factor == 0:
                return _one_less(one, factor)
    return None


def _one_less(c: sp.Expr, cosine: sp.Expr) -> _Vanishing:
    """By half the angle: c - c cos(w) = c w**2 / 2 (sin(w / 2) / (w / 2))**2; cosh alike."""
    over, sign = (_of_sine, 1) if isinstance(cosine, sp.cos) else (_of_sinh, -1)
    return _Vanishing(cosine.args[0], lambda w: sign * c / 2 * over(w / 2) ** 2, lambda w: w**2 / 4, 2)


def _two_exponentials(first: sp.Expr, second: sp.Expr) -> _Vanishing | None:
    (first, a), (second, b) = map(_exponential, (first, second))
    ratio = _ratio(first, second)
    if a == b or ratio is None or not ratio < 0:
        return None
    # sympy takes numbers out of exponents.
    d = a - b + (sp.log(-ratio) if ratio != -1 else 0)
    whole = -second * exponential(b)
    return _Vanishing(d, lambda d: whole * _of_exponential(d), lambda d: d**2)


def _exponential(term: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Coefficient and exponent of a term; a power counts where its exponent is no whole number."""
    coefficient, exponents = [], []
    for factor in sp.Mul.make_args(term):
        if isinstance(factor, sp.exp):
            exponents.append(factor.args[0])
        elif factor.is_Pow and not factor.exp.is_Integer and symbols_of(factor):
            exponents.append(factor.exp * sp.log(factor.base))
        else:
            coefficient.append(factor)
    return sp.Mul(*coefficient), sp.Add(*exponents)


def _factors(d: sp.Expr) -> list[sp.Expr]:
    """Factors of what vanishes."""
    parts = sp.Mul.make_args(d)
    return [*chain.from_iterable(sp.Mul.make_args(sp.factor_terms(p)) if _is_short_sum(p) else (p,) for p in parts)]


def _is_short_sum(e: sp.Expr) -> bool:
    """Whether sympy can be asked for factors of a sum: of a long one it looks at all that is written out."""
    return e.is_Add and is_short(e)


def _over(e: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Numerator and denominator."""
    return e.as_numer_denom() if is_short(e) else (e, _ONE)


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


def _without_common_factor(whole: sp.Expr) -> sp.Expr:
    """Cancel what two differences of powers have in common, as in (x**3 - y**3) / (x - y)."""
    factored = sp.Mul(*[_factored(factor) for factor in whole.args])
    if factored != whole:
        return factored
    for one, other in combinations(whole.args, 2):
        (a, m), (b, n) = one.as_base_exp(), other.as_base_exp()
        if m.is_Integer and n.is_Integer and m * n < 0 and _is_difference(a) and _is_difference(b):
            common = sp.gcd(a, b)
            if symbols_of(common):
                rest = [factor for factor in whole.args if factor not in (one, other)]
                return sp.Mul(sp.cancel(a / common) ** m, sp.cancel(b / common) ** n, common ** (m + n), *rest)
    return whole


def _factored(factor: sp.Expr) -> sp.Expr:
    """Take out the symbols that all terms of a sum have: in u / (a u - u), u is below and above the line."""
    base, power = factor.as_base_exp()
    if not (power.is_Integer and _is_short_sum(base)):
        return factor
    taken, rest = sp.factor_terms(base).as_independent(sp.Add, as_Add=False)
    return taken**power * rest**power if taken.free_symbols else factor


def _is_difference(e: sp.Expr) -> bool:
    return _is_short_sum(e) and {*e.as_coefficients_dict().values()} == {1, -1} and e.is_polynomial(*symbols_of(e))
