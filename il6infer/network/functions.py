"""The functions that formulas may use, in one table, and the plain form in which they are compiled and differentiated.

An expression of a network holds sympy's own functions. `plain` turns it into what every back end has: arithmetic, the
primitives of the table (those with a name in generated code), `primitives.INTERNAL`, and piecewise with conditions of
relations.
The derivatives of a plain expression are plain: a piecewise is differentiated branch by branch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import sympy as sp

from il6infer.network.graphs import absolute, exponential, made, remade
from il6infer.network.magnitudes import relative
from il6infer.network.primitives import AbsoluteValue, AtLeast, Floor, Larger, Power

LARGEST_FACTORIAL = 170
"""Beyond it, a factorial is more than a double holds."""

_SHIFT = 9
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


class Root(sp.Function):
    """Root of a degree (first) that is odd, of a number (second) that may be negative."""

    nargs = 2


@dataclass(frozen=True)
class FormulaFunction:
    """One row of the table.

    Attributes
    ----------
    name
        As SBML's text formulas have it; libsbml's ``AST_FUNCTION_`` and this is the kind of its node.
    arguments
        Least and greatest number of arguments; None: any number.
    make
        Value as an expression of sympy.
    classes
        What sympy makes of it, for expressions that others read (PEtab's).
    plain
        Arguments -> the same in plain form; None where the function is a primitive.
    code
        Name of a primitive in generated code, which is that of Python's ``math``, and of numpy's function.
    llvm
        Symbol of a primitive for one double: LLVM's own, or that of the C library.
    diffsl
        Name of a primitive in DiffSL; empty where `written_out` says how it is computed there.
    written_out
        Argument -> the same of what DiffSL has; None where it has nothing.
    """

    name: str
    arguments: tuple[int, int | None]
    make: Callable[..., sp.Expr]
    classes: tuple[type, ...] = ()
    plain: Callable[..., sp.Expr] | None = None
    code: tuple[str, str] = ("", "")
    llvm: str = ""
    diffsl: str = ""
    written_out: Callable[[sp.Expr], sp.Expr] | None = None


def _arctan(x: sp.Expr) -> sp.Expr:
    """Arc tangent of roots and products: three half angles, then a series (error below 1e-15)."""
    for _ in range(3):
        x = x / (1 + sp.sqrt(1 + x**2))
    square = x**2
    return 8 * x * reduce(lambda sum_, n: 1 / sp.Integer(2 * n + 1) - square * sum_, range(10, -1, -1), sp.Integer(0))


def _arcsin(x: sp.Expr) -> sp.Expr:
    return 2 * _arctan(x / (1 + sp.sqrt(1 - x**2)))


def _primitive(name: str, function: type, code: str, numpy: str, llvm: str, diffsl: str = "", **more: Callable):
    return FormulaFunction(name, (1, 1), function, (function,), None, (code, numpy), llvm, diffsl, **more)


def _whole(name: str, make: Callable[..., sp.Expr], *classes: type, plain: Callable[..., sp.Expr]) -> FormulaFunction:
    return FormulaFunction(name, (1, 1), make, classes, plain)


def _side(x: sp.Expr) -> sp.Expr:
    """1 from 0 on, -1 below."""
    return 2 * AtLeast(x, sp.Integer(0)) - 1


def _sign(x: sp.Expr) -> sp.Expr:
    return AtLeast(x, sp.Integer(0)) - AtLeast(-x, sp.Integer(0))


def _arccot(x: sp.Expr) -> sp.Expr:
    """Odd, as arctan(1/x), and pi/2 at 0; by half the angle, so that its slope at 0 is finite."""
    size = AbsoluteValue(x)
    return 2 * _side(x) * sp.atan(1 / (size + Power(1 + x**2, sp.Rational(1, 2))))


def _factorial(x: sp.Expr) -> sp.Expr:
    """Gamma(x + 1) by Stirling's series of a shifted argument (relative error below 1e-12); NaN below -1."""
    z = x + _SHIFT
    series = sum((c / z ** (2 * n + 1) for n, c in enumerate(_STIRLING)), sp.Integer(0))
    logarithm = (z - sp.Rational(1, 2)) * sp.log(z) - z + series - sp.log(sp.Mul(*[x + n for n in range(1, _SHIFT)]))
    # A negative number has no square root.
    defined = Power(AtLeast(x, sp.Integer(-1)) - sp.Rational(1, 2), sp.Rational(1, 2)) * math.sqrt(2)
    return defined * math.sqrt(2 * math.pi) * sp.exp(logarithm)


def _make_factorial(x: sp.Expr) -> sp.Expr:
    if not x.is_number:
        return sp.factorial(x)
    if x > LARGEST_FACTORIAL:
        return sp.oo
    return sp.nan if x < 0 else sp.factorial(x) if x == int(x) else sp.gamma(x + 1)


def _root(degree: sp.Expr, base: sp.Expr) -> sp.Expr:
    odd = degree.is_number and degree == int(degree) and int(degree) % 2
    return Root(sp.Integer(int(degree)), base) if odd and int(degree) != 1 else base ** (1 / degree)


def _root_plain(degree: sp.Expr, base: sp.Expr) -> sp.Expr:
    return _side(base) * Power(AbsoluteValue(base), 1 / degree)


def _larger(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return Larger(a, b)


def _whole_quotient(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    return sp.sign(a / b) * sp.floor(sp.Abs(a / b))


FUNCTIONS: tuple[FormulaFunction, ...] = (
    FormulaFunction("exp", (1, 1), exponential, (sp.exp,), None, ("exp", "exp"), "llvm.exp.f64", "exp"),
    _primitive("ln", sp.log, "log", "log", "llvm.log.f64", "log"),
    _primitive("sin", sp.sin, "sin", "sin", "llvm.sin.f64", "sin"),
    _primitive("cos", sp.cos, "cos", "cos", "llvm.cos.f64", "cos"),
    # With DiffSL's own tan, differentiation ends the whole process.
    _primitive("tan", sp.tan, "tan", "tan", "tan", written_out=lambda x: sp.sin(x) / sp.cos(x)),
    _primitive("arcsin", sp.asin, "asin", "arcsin", "asin", written_out=_arcsin),
    _primitive("arccos", sp.acos, "acos", "arccos", "acos", written_out=lambda x: sp.pi / 2 - _arcsin(x)),
    _primitive("arctan", sp.atan, "atan", "arctan", "atan", written_out=_arctan),
    _primitive("sinh", sp.sinh, "sinh", "sinh", "sinh", "sinh"),
    _primitive("cosh", sp.cosh, "cosh", "cosh", "cosh", "cosh"),
    _primitive("tanh", sp.tanh, "tanh", "tanh", "tanh", "tanh"),
    _primitive("arcsinh", sp.asinh, "asinh", "arcsinh", "asinh", "arcsinh"),
    _primitive("arccosh", sp.acosh, "acosh", "arccosh", "acosh", "arccosh"),
    _primitive("arctanh", sp.atanh, "atanh", "arctanh", "atanh", written_out=lambda x: sp.log((1 + x) / (1 - x)) / 2),
    FormulaFunction("floor", (1, 1), sp.floor, (sp.floor, Floor), Floor, ("floor", "floor"), "llvm.floor.f64"),
    _whole("ceiling", sp.ceiling, sp.ceiling, plain=lambda x: -Floor(-x)),
    FormulaFunction(
        "abs", (1, 1), absolute, (sp.Abs, AbsoluteValue), AbsoluteValue, ("abs", "abs"), "llvm.fabs.f64", "abs"
    ),
    _whole("sign", sp.sign, sp.sign, plain=_sign),
    _whole("factorial", _make_factorial, sp.factorial, plain=_factorial),
    _whole("sec", lambda x: 1 / sp.cos(x), sp.sec, plain=lambda x: 1 / sp.cos(x)),
    _whole("csc", lambda x: 1 / sp.sin(x), sp.csc, plain=lambda x: 1 / sp.sin(x)),
    _whole("cot", lambda x: sp.cos(x) / sp.sin(x), sp.cot, plain=lambda x: sp.cos(x) / sp.sin(x)),
    _whole("sech", lambda x: 1 / sp.cosh(x), sp.sech, plain=lambda x: 1 / sp.cosh(x)),
    _whole("csch", lambda x: 1 / sp.sinh(x), sp.csch, plain=lambda x: 1 / sp.sinh(x)),
    _whole("coth", lambda x: 1 / sp.tanh(x), sp.coth, plain=lambda x: 1 / sp.tanh(x)),
    _whole("arcsec", lambda x: sp.acos(1 / x), sp.asec, plain=lambda x: sp.acos(1 / x)),
    _whole("arccsc", lambda x: sp.asin(1 / x), sp.acsc, plain=lambda x: sp.asin(1 / x)),
    _whole("arccot", sp.acot, sp.acot, plain=_arccot),
    _whole("arcsech", lambda x: sp.acosh(1 / x), sp.asech, plain=lambda x: sp.acosh(1 / x)),
    _whole("arccsch", lambda x: sp.asinh(1 / x), sp.acsch, plain=lambda x: sp.asinh(1 / x)),
    _whole("arccoth", lambda x: sp.atanh(1 / x), sp.acoth, plain=lambda x: sp.atanh(1 / x)),
    FormulaFunction("max", (1, None), sp.Max, (sp.Max,), lambda *args: reduce(_larger, args)),
    FormulaFunction("min", (1, None), sp.Min, (sp.Min,), lambda *args: -reduce(_larger, [-a for a in args])),
    FormulaFunction("root", (1, 2), lambda a, b=None: sp.sqrt(a) if b is None else _root(a, b), (Root,), _root_plain),
    FormulaFunction("log", (1, 2), lambda a, b=None: sp.log(a) / sp.log(10) if b is None else sp.log(b) / sp.log(a)),
    FormulaFunction("power", (2, 2), lambda base, exponent: power(base, exponent)),
    FormulaFunction("quotient", (2, 2), _whole_quotient),
    FormulaFunction("rem", (2, 2), lambda a, b: a - b * _whole_quotient(a, b)),
)
"""Every function of a formula. Powers and logarithms of any base are expressions of the others."""

BY_NAME = {row.name: row for row in FUNCTIONS}
OF_CLASS = {function: row for row in FUNCTIONS for function in row.classes}
PRIMITIVES = {function: row for row in FUNCTIONS if row.llvm for function in row.classes}
"""Class of sympy -> the row of what has a name in generated code."""


def power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """Raise to a power; numbers as doubles, so that no tower of powers is ever worked out."""
    if base.is_number and exponent.is_number and not (abs(exponent) <= 64 and abs(base) <= 1e6):
        try:
            return sp.Float(math.pow(base, exponent))
        except OverflowError:
            return sp.oo
        except (ValueError, TypeError):
            return sp.nan
    return made(sp.Pow, base, exponent)


def applied(row: FormulaFunction, arguments: list[sp.Expr]) -> sp.Expr:
    """Value of a function.

    Raises
    ------
    ValueError
        If it takes another number of arguments, or is no real number whatever the symbols in these are.
    """
    least, most = row.arguments
    if len(arguments) < least or (most is not None and len(arguments) > most):
        count = f"{least} or more" if most is None else str(least) if least == most else f"{least} or {most}"
        plural = "" if count == "1" else "s"
        raise ValueError(f"{row.name} takes {count} argument{plural}, {len(arguments)} are given.")
    try:
        return refuse_unreal(row.make(*arguments))
    except TypeError:  # sympy's own, where it compares complex numbers
        raise ValueError(f"{row.name} of {', '.join(map(str, arguments))} is no real number.") from None


def refuse_unreal(value: sp.Expr) -> sp.Expr:
    """Refuse what is no real number whatever its symbols are, such as log(-1) or A/0.

    Raises
    ------
    ValueError
        Naming it.
    """
    if value.has(sp.zoo) or (value.is_number and value.is_extended_real is False):
        raise ValueError(
            "a part of the formula is no real number: it divides by 0, or takes a root or logarithm of "
            "a negative number."
        )
    return value


def quotient(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """Divide; raises as `refuse_unreal` does where the second is 0."""
    return refuse_unreal(sp.zoo if b.is_zero else a / b)


def plain(expression: sp.Basic) -> sp.Basic:
    """Write an expression in what every back end has; what is no real number becomes NaN.

    Ratios of exponentials do not overflow, see `il6infer.network.magnitudes`.
    """
    return _plain(relative(sp.sympify(expression)), {})


def _plain(e: sp.Basic, known: dict[sp.Basic, sp.Basic]) -> sp.Basic:
    if e.is_Atom:
        return sp.oo if e is sp.zoo else sp.nan if e is sp.I else e
    if e not in known:
        arguments = [_plain(argument, known) for argument in e.args]
        row = OF_CLASS.get(e.func)
        if e.is_Pow:
            known[e] = _plain_power(e, *arguments)
        elif row is not None and row.plain is not None:
            known[e] = row.plain(*arguments)
        elif isinstance(e, sp.Piecewise) and e.args[-1][1] != sp.true:
            known[e] = sp.Piecewise(*arguments, (sp.nan, True))
        elif isinstance(e, sp.Xor):
            known[e] = reduce(lambda a, b: sp.Or(sp.And(a, sp.Not(b)), sp.And(sp.Not(a), b)), arguments)
        else:
            known[e] = remade(e, arguments)
    return known[e]


def _plain_power(e: sp.Pow, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    if exponent.is_Float and exponent == int(exponent) and abs(exponent) <= 64:
        exponent = sp.Integer(int(exponent))
    if exponent.is_Integer or (base.is_number and base.is_positive):
        return e if (base, exponent) == e.args else base**exponent
    return Power(base, exponent)
