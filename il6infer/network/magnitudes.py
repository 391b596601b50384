"""Ratios of exponentials and high powers that do not overflow, though their parts do.

exp(u) / (1 + exp(u)) is a number for every u, but exp(u) is none in floating point from 710 on, and the square of the
sum, which stands in its slope, from 355 on. So a sum in a ratio is divided by its largest term:

    sum_k c_k exp(u_k) = exp(m) sum_k c_k exp(u_k - m),    m = max_k u_k

and exp(m) is gathered with the other exponentials of the product, where it cancels. The whole does not depend on m, so
the slope of m counts as 0 (`primitives.Largest`), and all derivatives are made of the same bounded terms. Powers x**n
with an exponent that is no small number count as exp(n log x), hyperbolic functions as their exponentials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from il6infer.network.conjugates import conjugated
from il6infer.network.graphs import exponential, holds, is_ordinary, parts, remade, rewritten, symbols_of
from il6infer.network.primitives import AbsoluteValue, Largest, LogSize, RelativeExp, RelativePower
from il6infer.network.removable import removable

_HIGH = 20
"""Exponent, of either sign, up to which a power does not overflow: concentrations are below 1e15."""

_HYPERBOLIC = (sp.cosh, sp.sinh, sp.sech, sp.csch)
_ZERO, _ONE = sp.Integer(0), sp.Integer(1)


@dataclass(frozen=True)
class _Product:
    """An expression as ``part * base**exponent * exp(size)``.

    Attributes
    ----------
    part
        What is no exponential.
    size
        Exponent of what is one.
    power
        Base and exponent of a power that may overflow.
    summed
        Whether a sum was divided by its largest term.
    cancels
        Whether what it was divided by may cancel: only then is it worth it.
    """

    part: sp.Expr
    size: sp.Expr = _ZERO
    power: tuple[sp.Expr, sp.Expr] | None = None
    summed: bool = False
    cancels: bool = False

    @property
    def plain(self) -> bool:
        """Whether it has no exponential."""
        return self.size == 0 and self.power is None and not self.summed

    @property
    def whole_size(self) -> sp.Expr:
        """Logarithm of its size, but for its part."""
        return self.size if self.power is None else self.size + self.power[1] * LogSize(self.power[0])

    def over(self, largest: sp.Expr) -> sp.Expr:
        """Divide by exp(largest)."""
        terms = sp.Add.make_args(self.size)
        own = sp.Add(*[t for t in terms if not holds(t, Largest)])
        less = largest - sp.Add(*[t for t in terms if holds(t, Largest)])
        if self.power is not None:
            base, exponent = self.power
            return self.part * RelativePower(base, exponent, LogSize(base), own - less)
        return self.part if own == less else self.part * RelativeExp(own, less)


def relative(expression: sp.Basic) -> sp.Basic:
    """Write ratios of sums of exponentials relative to the largest terms of these; all else is left as it is.

    Where such a ratio is 0 / 0, a series takes its place, see `il6infer.network.removable`; for roots of quadratic
    equations see `il6infer.network.conjugates`.

    Parameters
    ----------
    expression
        With sympy's functions. What has been written so is left.
    """
    expression = removable(conjugated(expression))
    return _relative(expression, {}) if any(map(_grows, parts([expression]))) else expression


def _grows(e: sp.Basic) -> bool:
    """Whether it is an exponential, or a power that counts as one."""
    if isinstance(e, (sp.exp, *_HYPERBOLIC)):
        return bool(symbols_of(e))
    if not e.is_Pow:
        return False
    base, exponent = e.args
    if exponent.is_number:
        return bool(symbols_of(base)) and bool(exponent.is_real) and abs(float(exponent)) > _HIGH
    return not base.is_number or bool(base.is_positive)


def _relative(e: sp.Basic, known: dict[sp.Basic, sp.Basic]) -> sp.Basic:
    if e.is_Atom:
        return e
    if e not in known:
        product = _product(e, known) if e.is_Mul or e.is_Pow or isinstance(e, _HYPERBOLIC) else None
        if product is not None and product.cancels:
            known[e] = product.over(_ZERO)
        elif isinstance(e, sp.log) and (product := _product(e.args[0], known)).summed:
            # No term is larger than 1, and one is 1: its logarithm is that of a number of the size of its part.
            known[e] = sp.log(product.part) + product.whole_size
        else:
            arguments = [_relative(argument, known) for argument in e.args]
            known[e] = remade(e, arguments)
    return known[e]


def _product(e: sp.Expr, known: dict[sp.Basic, sp.Basic]) -> _Product:
    if isinstance(e, sp.exp):
        return _Product(_ONE, _relative(e.args[0], known)) if symbols_of(e) else _Product(e)
    if e.is_Float and e.is_finite and not e.is_zero and not is_ordinary(e):
        # such as 1e-9 to the 50th
        return _Product(sp.sign(e), sp.log(abs(e)))
    if isinstance(e, _HYPERBOLIC):
        return _hyperbolic(type(e), _relative(e.args[0], known))
    if isinstance(e, sp.Abs | AbsoluteValue):
        inner = _product(e.args[0], known)
        if inner.summed and inner.power is None:
            return replace(inner, part=e.func(inner.part))
    if e.is_Mul:
        return _times([_product(factor, known) for factor in e.args])
    if e.is_Add and not holds(e, RelativeExp, RelativePower):
        terms = [_product(term, known) for term in e.args]
        if any(not term.plain for term in terms):
            sizes = sorted({term.whole_size for term in terms}, key=sp.default_sort_key)
            largest = Largest(*sizes) if len(sizes) > 1 else sizes[0]
            return _Product(sp.Add(*[term.over(largest) for term in terms]), largest, summed=True)
    elif e.is_Pow:
        base, exponent = e.args
        inner = _product(base, known)
        exponent = _relative(exponent, known)
        if base.is_number and base.is_positive and not exponent.is_number:
            return _Product(_ONE, exponent * sp.log(base))
        if not inner.plain and inner.power is None:
            cancels = inner.cancels or inner.summed and not (exponent.is_Integer and exponent > 0)
            return _Product(inner.part**exponent, inner.size * exponent, None, inner.summed, cancels)
        if _grows(e):
            return _Product(_ONE, _ZERO, (_relative(base, known), exponent))
    return _Product(_relative(e, known) if not (e.is_Mul or e.is_Pow) else _inside(e, known))


def _inside(e: sp.Expr, known: dict[sp.Basic, sp.Basic]) -> sp.Expr:
    arguments = [_relative(argument, known) for argument in e.args]
    return remade(e, arguments)


def _times(factors: list[_Product]) -> _Product:
    powers = [factor.power for factor in factors if factor.power is not None]
    parts = [factor.part for factor in factors] + [base**exponent for base, exponent in powers[1:]]
    size = sp.Add(*[factor.size for factor in factors])
    summed = any(factor.summed for factor in factors)
    cancels = any(factor.cancels for factor in factors) or summed and sum(not f.plain for f in factors) > 1
    return _Product(sp.Mul(*parts), size, powers[0] if powers else None, summed, cancels)


def _hyperbolic(function: type, u: sp.Expr) -> _Product:
    """Through cosh(u) = (exp(u) + exp(-u)) / 2; the hyperbolic sine keeps its digits near 0 by the tangent."""
    largest = Largest(*sorted({u, -u}, key=sp.default_sort_key))
    cosine = (RelativeExp(u, largest) + RelativeExp(-u, largest)) / 2
    part = cosine if function in (sp.cosh, sp.sech) else sp.tanh(u) * cosine
    if function in (sp.sech, sp.csch):
        return _Product(1 / part, -largest, summed=True, cancels=True)
    return _Product(part, largest, summed=True)


def written_out(expression: sp.Expr) -> sp.Expr:
    """Give what `relative` was given: the whole does not depend on the largest terms, so all of them count as 1.

    Parameters
    ----------
    expression
        Of a network.
    """
    if not holds(expression, RelativeExp, RelativePower, Largest):
        return expression
    return rewritten(expression, _written_out)


def _written_out(e: sp.Basic) -> sp.Basic:
    if isinstance(e, Largest):
        return _ZERO
    if isinstance(e, RelativeExp):
        return exponential(e.args[0] - e.args[1])
    if isinstance(e, RelativePower):
        base, exponent, _, size = e.args
        return base**exponent * exponential(size)
    return e
