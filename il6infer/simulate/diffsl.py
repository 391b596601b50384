"""Networks in DiffSL, the language of diffsol."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.c import C99CodePrinter

from il6infer._errors import UserError
from il6infer.models.network import TIME, symbol
from il6infer.problem.spec import Problem


class _Printer(C99CodePrinter):
    """Expressions in DiffSL, which is nearly C."""

    def _print_Pow(self, e: sp.Expr) -> str:
        base, exponent = e.args
        if exponent.is_Integer and 1 < abs(int(exponent)) <= 4:
            product = " * ".join([f"({self._print(base)})"] * abs(int(exponent)))
            return f"({product})" if exponent > 0 else f"(1.0/({product}))"
        if exponent == -1:
            return f"(1.0/({self._print(base)}))"
        # A concentration may be a little below 0, within the tolerance; the derivative by the exponent needs log.
        return f"pow(max({self._print(base)}, 1e-30), {self._print(exponent)})"

    def _print_Rational(self, e: sp.Rational) -> str:
        return repr(float(e))

    def _print_Exp1(self, e: sp.Expr) -> str:
        return repr(float(e))

    _print_Pi = _print_Exp1

    def _print_Piecewise(self, e: sp.Piecewise) -> str:
        text = self._print(e.args[-1][0])
        for value, condition in reversed(e.args[:-1]):
            if not isinstance(condition, (sp.Gt, sp.Ge, sp.Lt, sp.Le)):
                raise UserError(f"engine diffsol cannot do the condition {condition}. Use engine rosenbrock.")
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
