"""Networks in DiffSL, the language of diffsol."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.c import C99CodePrinter

from il6infer._errors import UserError
from il6infer.network.network import TIME, symbol
from il6infer.problems.spec import Problem

_FUNCTIONS = {
    sp.exp: "exp", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.sinh: "sinh", sp.cosh: "cosh", sp.tanh: "tanh",
    sp.asinh: "arcsinh", sp.acosh: "arccosh", sp.Abs: "abs", sp.Min: "min", sp.Max: "max",
}  # fmt: skip
"""What DiffSL both evaluates and differentiates; with its tan, differentiation ends the whole process."""

_WRITTEN_OUT = (sp.Piecewise, sp.tan)
_INSTEAD = "Use engine rosenbrock."
_PRODUCT = 4
"""Largest whole exponent that is written as a product."""


class _Printer(C99CodePrinter):
    """Expressions in DiffSL, which is nearly C."""

    def _print(self, expr: sp.Basic, **kwargs: Any) -> str:
        # The parent class has printers of its own for many functions, with the names that C has for them.
        if isinstance(expr, (sp.Function, sp.Min, sp.Max, sp.Mod)) and not isinstance(expr, _WRITTEN_OUT):
            return self._print_Function(expr)
        if expr in (sp.nan, sp.zoo, sp.oo, -sp.oo):
            raise UserError(f"engine diffsol cannot do the value {expr}. {_INSTEAD}")
        return super()._print(expr, **kwargs)

    def _print_Pow(self, e: sp.Expr) -> str:
        base, exponent = e.args
        if exponent.is_Integer and exponent < 0:
            return f"(1.0/({self._print(base**-exponent)}))"
        if exponent.is_Integer:
            return self._whole_power(self._print(base), int(exponent))
        # A concentration may be a little below 0, within the tolerance; the derivative by the exponent needs log.
        return f"pow(max({self._print(base)}, 1e-30), {self._print(exponent)})"

    def _whole_power(self, base: str, exponent: int) -> str:
        """Power of a base that may be negative, for which `pow` is not defined."""
        if exponent <= _PRODUCT:
            return f"({' * '.join([f'({base})'] * exponent)})"
        even = f"pow(max(abs({base}), 1e-30), {exponent - exponent % 2})"
        return f"(({base}) * {even})" if exponent % 2 else even

    def _print_Function(self, e: sp.Expr) -> str:
        if e.func not in _FUNCTIONS:
            known = ", ".join(sorted(f.__name__.lower() for f in (*_FUNCTIONS, *_WRITTEN_OUT)))
            raise UserError(
                f"engine diffsol cannot do the function {e.func.__name__}, in {e}; it has {known}. {_INSTEAD}"
            )
        name, arguments = _FUNCTIONS[e.func], [self._print(a) for a in e.args]
        if e.func not in (sp.Min, sp.Max):
            return f"{name}({', '.join(arguments)})"
        text = arguments[-1]
        for argument in reversed(arguments[:-1]):
            text = f"{name}({argument}, {text})"
        return text

    def _print_tan(self, e: sp.Expr) -> str:
        return f"(sin({self._print(e.args[0])})/cos({self._print(e.args[0])}))"

    def _print_Rational(self, e: sp.Rational) -> str:
        return repr(float(e))

    def _print_Exp1(self, e: sp.Expr) -> str:
        return repr(float(e))

    _print_Pi = _print_Exp1

    def _print_Piecewise(self, e: sp.Piecewise) -> str:
        text = self._print(e.args[-1][0])
        for value, condition in reversed(e.args[:-1]):
            if not isinstance(condition, (sp.Gt, sp.Ge, sp.Lt, sp.Le)):
                raise UserError(f"engine diffsol cannot do the condition {condition}. {_INSTEAD}")
            switch = f"heaviside({self._print(condition.gts - condition.lts)})"
            text = f"({switch} * ({self._print(value)}) + (1.0 - {switch}) * ({text}))"
        return text


def source(problem: Problem) -> str:
    """Source: inputs are the network's parameters, the state at the start, and the time there."""
    network = problem.network
    if not network.states:
        return ""
    names = {symbol(s): f"v{i}s" for i, s in enumerate(network.states)}
    names |= {symbol(p): f"v{i}p" for i, p in enumerate(network.parameters)}
    renamed = {old: sp.Symbol(new, real=True) for old, new in names.items()}
    renamed[TIME] = sp.Symbol("t", real=True) + sp.Symbol("t0q", real=True)
    printer: Any = _Printer()
    inputs = [f"v{i}p = 1" for i in range(len(network.parameters))]
    inputs += [f"v{i}i = 0" for i in range(len(network.states))] + ["t0q = 0"]
    start = [f"v{i}s = v{i}i" for i in range(len(network.states))]
    rates = [printer.doprint(sp.sympify(e).xreplace(renamed)) for e in network.rhs]
    return f"in_i {{ {', '.join(inputs)} }}\nu_i {{ {', '.join(start)} }}\nF_i {{ {', '.join(rates)} }}\n"
