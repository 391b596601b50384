"""Roots of quadratic equations, p + sqrt(p**2 + q): where p is negative and q small, what is left is q / (sqrt - p).

The subtraction keeps none of the digits of a small difference: free ligand beside much receptor (tight binding, by
Morrison's equation or that of target-mediated disposition) and its logarithm would be rounding.
"""

from __future__ import annotations

import sympy as sp

from il6infer.network.graphs import absolute, of_kinds, remade, symbols_of
from il6infer.network.poles import is_short
from il6infer.network.primitives import ByConjugate, Chosen

_HALF = sp.Rational(1, 2)


def conjugated(expression: sp.Expr) -> sp.Expr:
    """Write roots of quadratic equations so that they keep their digits; all else is left as it is.

    Parameters
    ----------
    expression
        With sympy's functions. What has been written so is left.
    """
    roots = (p for p in of_kinds([expression], sp.Pow) if p.exp == _HALF and p.base.is_Add)
    return _conjugated(expression, {}) if any(roots) else expression


def _conjugated(e: sp.Basic, known: dict[sp.Basic, sp.Basic]) -> sp.Basic:
    if e.is_Atom or isinstance(e, ByConjugate):
        return e
    if e not in known:
        arguments = [_conjugated(argument, known) for argument in e.args]
        own = remade(e, arguments)
        known[e] = _small_root(own) if own.is_Add else _multiplied(own) if own.is_Mul else own
    return known[e]


def _multiplied(product: sp.Expr) -> sp.Expr:
    """Take into the choice what the product divides by: the small root may have it as a factor."""
    chosen = next((factor for factor in product.args if isinstance(factor, ByConjugate)), None)
    if chosen is None or not is_short(product):  # what is multiplied stands in both branches
        return product
    rest = sp.Mul(*[factor for factor in product.args if factor != chosen])
    return chosen.of_forms(lambda form: form * rest)


def _parts(total: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr, sp.Expr] | None:
    """Give p, c, s and q of p + c sqrt(s) with q = c**2 s - p**2, where q is one term; None of any other sum."""
    if not is_short(total) or total.has(sp.Piecewise, Chosen):
        return None
    roots = [
        (term, coefficient, factors[0])
        for term in total.args
        for coefficient, factors in [term.as_coeff_mul()]
        if len(factors) == 1 and factors[0].is_Pow and factors[0].exp == _HALF and factors[0].base.is_Add
    ]
    if len(roots) != 1:
        return None
    term, coefficient, root = roots[0]
    p = total - term
    if not symbols_of(p):
        return None
    q = sp.expand(coefficient**2 * root.base - p**2)
    return (p, coefficient, root.base, q) if q != 0 and not q.is_Add else None


def _small_root(total: sp.Expr) -> sp.Expr:
    found = _parts(total)
    if found is None:
        return total
    p, c, s, q = found
    sign = sp.sign(c)
    # The size of p, for one engine computes both sides.
    small = sign * q / (absolute(p) + absolute(c) * sp.sqrt(s))
    return ByConjugate(-sign * p, small, total)
