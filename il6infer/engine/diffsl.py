"""Networks in DiffSL, the language of diffsol."""

from __future__ import annotations

import math
from functools import reduce
from itertools import count
from typing import Any

import sympy as sp
from sympy.printing.c import C99CodePrinter

from il6infer._errors import UserError
from il6infer.network.functions import PRIMITIVES, plain
from il6infer.network.graphs import replaced, rewritten, shared, symbols_of
from il6infer.network.network import TIME, symbol
from il6infer.network.primitives import INTERNAL, Chosen
from il6infer.problems.spec import Problem
from il6infer.runs.modes import HOLDS, located

_PRODUCT = 4
"""Largest whole exponent that is written as a product."""

_NEGATIVE = "1e-6"
"""A base that is negative by less counts as 0 for a broken exponent, see `il6infer.network.functions.Power`."""


class NotInDiffSL(UserError):
    """A formula that DiffSL cannot say; the remedy depends on who asked."""


class _Printer(C99CodePrinter):
    """Plain expressions in DiffSL, which is nearly C."""

    def _print(self, expr: sp.Basic, **kwargs: Any) -> str:
        # The parent class has printers of its own for many functions, with the names that C has for them.
        if isinstance(expr, Chosen):
            return self._print_chosen(expr)
        if isinstance(expr, sp.Function) and not isinstance(expr, (sp.Piecewise, *INTERNAL)):
            return self._print_Function(expr)
        if expr in (sp.nan, sp.zoo, sp.oo, -sp.oo):
            raise NotInDiffSL(f"engine diffsol cannot do the value {expr}.")
        return super()._print(expr, **kwargs)

    def _print_Pow(self, e: sp.Expr) -> str:
        base, exponent = e.args
        if exponent.is_Integer and exponent < 0:
            return f"(1.0/({self._print(base**-exponent)}))"
        if exponent.is_Integer:
            return self._whole_power(self._print(base), int(exponent))
        return f"pow({self._print(base)}, {self._print(exponent)})"

    def _print_Power(self, e: sp.Expr) -> str:
        x, n = e.args
        base, exponent = self._print(x), self._print(n)
        # The derivative by the exponent needs the logarithm of the base, so the base is never 0.
        size = base if n.is_number and not n.is_Integer else f"abs({base})"
        return self._signed_power(x, n, f"pow(max({size}, 1e-30), {exponent})")

    def _signed_power(self, x: sp.Expr, n: sp.Expr, value: str) -> str:
        """Power of a number of any sign, from that of its size."""
        base, exponent = map(self._print, (x, n))
        whole = "0.0"
        if n.is_Integer:
            value, whole = value if n % 2 == 0 else f"(2.0 * heaviside({base}) - 1.0) * {value}", "1.0"
        elif not n.is_number:
            angle, positive = f"({math.pi!r} * ({exponent}))", f"heaviside({base})"
            sign = f"({positive} + (1.0 - {positive}) * cos({angle}))"
            value, whole = f"{sign} * {value}", f"heaviside(1e-9 - abs(sin({angle})))"
        # 0 * log(0) is NaN: a negative base with a broken exponent has no power.
        return f"({value} + 0.0 * log(heaviside(({base}) + {_NEGATIVE}) + {whole}))"

    def _print_Largest(self, e: sp.Expr) -> str:
        first, *others = map(self._print, e.args)
        return reduce(lambda a, b: f"max({a}, {b})", others, first)

    def _print_LogSize(self, e: sp.Expr) -> str:
        return f"log(max(abs({self._print(e.args[0])}), 1e-30))"

    def _print_RelativeExp(self, e: sp.Expr) -> str:
        return f"exp(({self._print(e.args[0])}) - ({self._print(e.args[1])}))"

    def _print_RelativePower(self, e: sp.Expr) -> str:
        # log(max(|x|, 1e-30)) has a slope in DiffSL, where all is differentiated, and so has the largest term.
        base, exponent, size, w = e.args
        return self._signed_power(base, exponent, f"exp({self._print(exponent * size + w)})")

    def _whole_power(self, base: str, exponent: int) -> str:
        """Power of a base that may be negative, for which `pow` is not defined."""
        if exponent <= _PRODUCT:
            return f"({' * '.join([f'({base})'] * exponent)})"
        even = f"pow(max(abs({base}), 1e-30), {exponent - exponent % 2})"
        return f"(({base}) * {even})" if exponent % 2 else even

    def _print_Function(self, e: sp.Expr) -> str:
        row = PRIMITIVES[e.func]
        if not row.diffsl:
            raise NotInDiffSL(f"engine diffsol cannot do the function {row.name}.")
        return f"{row.diffsl}({', '.join(map(self._print, e.args))})"

    def _print_Rational(self, e: sp.Rational) -> str:
        return repr(float(e))

    _print_Float = _print_Rational

    def _print_Exp1(self, e: sp.Expr) -> str:
        return repr(float(e))

    _print_Pi = _print_Exp1

    def _print_Piecewise(self, e: sp.Piecewise) -> str:
        text = self._print(e.args[-1][0])
        for value, condition in reversed(e.args[:-1]):
            own = self._print(value)
            # With a complement of a complement, LLVM ends the whole process now and then.
            if _is_complement(condition):
                condition, own, text = sp.Not(condition), text, own
            switch = self._print(condition)
            text = f"({switch} * ({own}) + (1.0 - {switch}) * ({text}))"
        return text

    def _print_chosen(self, e: Chosen) -> str:
        """DiffSL's heaviside is 1 at 0; see `_print_Piecewise` for why its complement is left out."""
        minus_test, form, other = map(self._print, (-e.args[0], *e.args[1:]))
        switch = f"heaviside({minus_test})"
        return f"({switch} * ({other}) + (1.0 - {switch}) * ({form}))"

    def _print_Relational(self, e: sp.Basic) -> str:
        """1 where it holds and 0 elsewhere; DiffSL's heaviside is 1 at 0."""
        if _is_mode(e):
            return self._print(e.lhs) if isinstance(e, sp.Gt) else f"(1.0 - {self._print(e.lhs)})"
        at_least, at_most = (f"heaviside({self._print(d)})" for d in (e.lhs - e.rhs, e.rhs - e.lhs))
        if isinstance(e, (sp.Eq, sp.Ne)):
            equal = f"({at_least} * {at_most})"
            return equal if isinstance(e, sp.Eq) else f"(1.0 - {equal})"
        return {sp.Ge: at_least, sp.Le: at_most, sp.Gt: f"(1.0 - {at_most})", sp.Lt: f"(1.0 - {at_least})"}[e.func]

    def _print_Larger(self, e: sp.Expr) -> str:
        return f"max({', '.join(map(self._print, e.args))})"

    def _print_AtLeast(self, e: sp.Expr) -> str:
        return f"heaviside({self._print(e.args[0] - e.args[1])})"

    def _print_ITE(self, e: sp.Basic) -> str:
        test, yes, no = map(self._print, e.args)
        return f"({test} * {yes} + (1.0 - {test}) * {no})"

    def _print_And(self, e: sp.Basic) -> str:
        return f"({' * '.join(map(self._print, e.args))})"

    def _print_Or(self, e: sp.Basic) -> str:
        return f"(1.0 - {' * '.join(f'(1.0 - {self._print(a)})' for a in e.args)})"

    def _print_Not(self, e: sp.Basic) -> str:
        return f"(1.0 - {self._print(e.args[0])})"

    def _print_BooleanTrue(self, e: sp.Basic) -> str:
        return "1.0"

    def _print_BooleanFalse(self, e: sp.Basic) -> str:
        return "0.0"


def _is_complement(condition: sp.Basic) -> bool:
    """Whether DiffSL has it only as 1 minus another."""
    if isinstance(condition, sp.Rel) and _is_mode(condition):
        return not isinstance(condition, sp.Gt)
    return isinstance(condition, sp.Gt | sp.Lt | sp.Ne | sp.Not)


def _is_mode(relation: sp.Rel) -> bool:
    """Whether it is that of a mode, which is 1 or 0 itself."""
    return relation.lhs.is_Symbol and relation.rhs == HOLDS


_WRITTEN_OUT = {function: row.written_out for function, row in PRIMITIVES.items() if row.written_out is not None}


def _written_out(expression: sp.Expr) -> sp.Expr:
    """Replace what DiffSL has not by what it has."""
    return rewritten(expression, lambda e: plain(_WRITTEN_OUT[e.func](*e.args)) if e.func in _WRITTEN_OUT else e)


def source(problem: Problem) -> str:
    """Source: inputs are the network's parameters, the state at the start, and the time there."""
    network = problem.network
    if not network.states:
        return ""
    names = {symbol(s): f"v{i}s" for i, s in enumerate(network.states)}
    names |= {symbol(p): f"v{i}p" for i, p in enumerate(network.parameters)}
    renamed = {old: sp.Symbol(new, real=True) for old, new in names.items()}
    renamed[TIME] = sp.Symbol("t", real=True) + sp.Symbol("t0q", real=True)
    printer: Any = _Printer({"math_macros": {}})
    inputs = [f"v{i}p = 1" for i in range(len(network.parameters))]
    inputs += [f"v{i}i = 0" for i in range(len(network.states))] + ["t0q = 0"]
    start = [f"v{i}s = v{i}i" for i in range(len(network.states))]
    # What stands still at zero would stop the solver in each step; so does a state that events alone change.
    moving = {TIME} | {symbol(s) for s, rate in zip(network.states, network.rhs, strict=True) if rate != 0}
    searched = [mode.located_function for mode in located(network)]
    given = [*network.rhs, *(g for g in searched if symbols_of(g) & moving)]
    expressions = [_written_out(plain(replaced(sp.sympify(e), renamed))) for e in given]
    parts, printed = shared(expressions, (sp.Symbol(f"w{i}w", real=True) for i in count()), order="none")
    between = [f"{name} {{ {printer.doprint(e)} }}\n" for name, e in parts]
    rates, stops = (list(map(printer.doprint, own)) for own in (printed[: len(start)], printed[len(start) :]))
    return (
        f"in_i {{ {', '.join(inputs)} }}\nu_i {{ {', '.join(start)} }}\n{''.join(between)}"
        f"F_i {{ {', '.join(rates)} }}\n"
    ) + (f"stop_i {{ {', '.join(stops)} }}\n" if stops else "")
