"""Sums whose poles cancel, such as coth(u) - 1/u or (exp(u) - 1 - u) / u**2: their Taylor series where u is small.

The coefficients are Cauchy's integrals on the unit circle by the trapezoidal rule, where no digits are lost (Lyness and
Moler 1967, doi 10.1137/0704019); those of negative powers tell whether there is a pole. What is left alone: sums that
depend on more than one such u.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import islice

import numpy as np
import sympy as sp
from sympy.core.function import Application

from il6infer.network.primitives import BySeries, Larger

NEAR = sp.Rational(10_001, 1_000_000)
"""Square of u up to which series stand."""

_FUNCTIONS = (
    sp.exp,
    sp.sin,
    sp.cos,
    sp.tan,
    sp.cot,
    sp.sec,
    sp.csc,
    sp.sinh,
    sp.cosh,
    sp.tanh,
    sp.coth,
    sp.sech,
    sp.csch,
)

_ANALYTIC = (*_FUNCTIONS, sp.log, sp.asin, sp.acos, sp.atan, sp.asinh, sp.acosh, sp.atanh)
"""Functions that have values on a circle in the complex plane."""

_LONGEST = 200
"""Parts of an expression that is looked at. Formulas of the field have fewer; a choice of two forms, one in another,
doubles a long one over and over."""

_POINTS, _TERMS, _ROUNDING = 256, 14, 1e-13
_Z = sp.Dummy("z", real=True)

_NUMPY: list = [
    {"cot": lambda z: 1 / np.tan(z), "sec": lambda z: 1 / np.cos(z), "csc": lambda z: 1 / np.sin(z)},
    {"coth": lambda z: 1 / np.tanh(z), "sech": lambda z: 1 / np.cosh(z), "csch": lambda z: 1 / np.sinh(z)},
    "numpy",
]


def where_small(near: sp.Expr, sizes: Iterable[sp.Expr], far: sp.Expr) -> sp.Expr:
    """Choose a series where it stands, and else what it stands for.

    Parameters
    ----------
    near
        Series.
    sizes
        Squares; it stands where all of them are below `NEAR`.
    far
        The formula itself.
    """
    return BySeries(NEAR - reduce(lambda a, b: Larger(a, b), sizes, sp.Integer(0)), near, far)


def is_short(e: sp.Basic) -> bool:
    """Whether an expression has few parts; looks at no more of a long one."""
    return next(islice(sp.preorder_traversal(e), _LONGEST, None), None) is None


def without_poles(e: sp.Expr) -> sp.Expr:
    """Write a sum, or what one is multiplied by, by its series where its poles cancel; else give it back.

    Parameters
    ----------
    e
        With sympy's functions.
    """
    for u, symbol in _candidates(e) if is_short(e) else ():
        factor = u / symbol
        own = sp.factor_terms(e.xreplace({symbol: _Z / factor}))
        outside, g = own.as_independent(_Z, as_Add=False)
        if g.free_symbols == {_Z} and (coefficients := _taylor(g)) is not None:
            series = sp.Integer(0)
            for c in reversed(coefficients):
                series = c + u * series
            return where_small(outside * series, [u**2], e)
    return e


def _candidates(e: sp.Expr) -> Iterator[tuple[sp.Expr, sp.Symbol]]:
    """Arguments of functions, and symbols that these are proportional to and that the expression divides by."""
    sums = [e] if e.is_Add else [factor for factor in e.args if factor.is_Add]
    divided = {p.base for p in e.atoms(sp.Pow) if p.base.is_Symbol and p.exp.is_Integer and p.exp.is_negative}
    if not divided or not any(own.has(*_FUNCTIONS) for own in sums):
        return
    for function in sorted(e.atoms(*_FUNCTIONS), key=sp.default_sort_key):
        u = function.args[0]
        for symbol in sorted(divided & u.free_symbols, key=str):
            if symbol not in (u / symbol).free_symbols:
                yield u, symbol


def _taylor(g: sp.Expr) -> list[sp.Expr] | None:
    """Coefficients at 0; None where it has a pole there, or needs no series."""
    if g.subs(_Z, 0).is_finite:
        return None
    # A series inside stands for what it is chosen beside.
    g = g.replace(BySeries, lambda test, near, far: far)
    if not all(isinstance(function, _ANALYTIC) for function in g.atoms(Application)):
        return None
    circle = np.exp(2j * np.pi * np.arange(_POINTS) / _POINTS)
    with np.errstate(all="ignore"):
        values = sp.lambdify(_Z, g, _NUMPY)(circle)
    if not np.isfinite(values).all():
        return None
    found = np.fft.fft(values).real / _POINTS
    negligible = _ROUNDING * np.abs(values).max()
    small = found[:_TERMS] * float(sp.sqrt(NEAR)) ** np.arange(_TERMS)
    if (np.abs(found[_POINTS // 2 :]) > negligible).any() or np.abs(small[-2:]).max() > 1e-3 * negligible:
        return None
    return [sp.Float(c) if abs(c) > negligible else sp.Integer(0) for c in found[:_TERMS].tolist()]
