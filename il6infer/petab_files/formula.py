"""PEtab's formulas, in petab's own grammar, as expressions of the functions of `il6infer.network.functions`."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import sympy as sp
from antlr4 import CommonTokenStream, InputStream

from il6infer._numbers import VANISHES, vanishes
from il6infer.network.formula import as_condition, as_number
from il6infer.network.functions import BY_NAME, FormulaFunction, applied, quotient, refuse_unreal
from il6infer.petab_files.package import (
    MathErrorListener,
    MathVisitorSympy,
    PetabMathExprLexer,
)
from il6infer.petab_files.package import PetabMathExprParser as Grammar

MAX_DEPTH = 100
"""Levels of parentheses and function calls in one formula."""

_OWN: dict[str, FormulaFunction] = {
    "log": FormulaFunction("log", (1, 2), lambda x, base=None: _logarithm(x) / (sp.log(base) if base else 1)),
    "log2": FormulaFunction("log2", (1, 1), lambda x: _logarithm(x) / sp.log(2)),
    "log10": FormulaFunction("log10", (1, 1), lambda x: _logarithm(x) / sp.log(10)),
    "sqrt": FormulaFunction("sqrt", (1, 1), sp.sqrt),
    "pow": BY_NAME["power"],
}
"""Functions that PEtab names in its own way."""

_IN_SBML_ONLY = {"floor", "ceiling", "factorial", "root", "power", "quotient", "rem"}
_FUNCTIONS = {name: row for name, row in BY_NAME.items() if name not in _IN_SBML_ONLY} | _OWN
_RELATIONS: dict[str, Callable] = {"==": sp.Eq, "!=": sp.Ne, "<": sp.Lt, ">": sp.Gt, "<=": sp.Le, ">=": sp.Ge}


def parse(text: str) -> sp.Expr:
    """Read a formula; a condition is 1 where it holds and 0 elsewhere.

    Raises
    ------
    ValueError
        If it is no formula of PEtab, is nested too deeply, or a part of it is no real number whatever its symbols are.
    """
    if _depth(text) > MAX_DEPTH:
        raise ValueError(f"a formula nested more than {MAX_DEPTH} levels deep.")
    lexer = PetabMathExprLexer(InputStream(text))
    parser = Grammar(CommonTokenStream(lexer))
    for part in (lexer, parser):
        part.removeErrorListeners()
        part.addErrorListener(MathErrorListener())
    return as_number(_Visitor().visit(parser.petabExpression()))


def _depth(text: str) -> int:
    depth = most = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        most = max(most, depth)
    return most


def _logarithm(x: sp.Expr) -> sp.Expr:
    return -sp.oo if x.is_zero else sp.log(x)


class _Visitor(MathVisitorSympy):
    """Petab's visitor, with long sums and products read without recursion, and without towers of powers."""

    def visitNumber(self, ctx: Any) -> sp.Expr:  # noqa: N802
        if vanishes(ctx.getText()):
            raise ValueError(f"{ctx.getText()[:40]} {VANISHES}.")
        return super().visitNumber(ctx)

    def visitAddExpr(self, ctx: Any) -> sp.Expr:  # noqa: N802
        first, rest = self._chain(ctx, Grammar.AddExprContext)
        return refuse_unreal(sp.Add(first, *[-term if sign == "-" else term for sign, term in rest]))

    def visitMultExpr(self, ctx: Any) -> sp.Expr:  # noqa: N802
        first, rest = self._chain(ctx, Grammar.MultExprContext)
        return reduce(lambda a, b: quotient(a, b[1]) if b[0] == "/" else refuse_unreal(a * b[1]), rest, first)

    def visitPowerExpr(self, ctx: Any) -> sp.Expr:  # noqa: N802
        return applied(BY_NAME["power"], [self._number(ctx.getChild(0)), self._number(ctx.getChild(2))])

    def visitUnaryExpr(self, ctx: Any) -> sp.Expr:  # noqa: N802
        value = self._number(ctx.getChild(1))
        return -value if ctx.getChild(0).getText() == "-" else value

    def visitFunctionCall(self, ctx: Any) -> sp.Basic:  # noqa: N802
        name, arguments = ctx.getChild(0).getText(), self.visit(ctx.getChild(2))
        if name == "piecewise":
            return _piecewise(arguments)
        if name not in _FUNCTIONS:
            raise ValueError(f"unknown function '{name}'. Known: {', '.join(sorted({*_FUNCTIONS, 'piecewise'}))}.")
        return applied(_FUNCTIONS[name], [as_number(argument) for argument in arguments])

    def visitComparisonExpr(self, ctx: Any) -> sp.Basic:  # noqa: N802
        return _RELATIONS[ctx.getChild(1).getText()](self._number(ctx.getChild(0)), self._number(ctx.getChild(2)))

    def visitBooleanNotExpr(self, ctx: Any) -> sp.Basic:  # noqa: N802
        return sp.Not(as_condition(self.visit(ctx.getChild(1))))

    def visitBooleanAndOrExpr(self, ctx: Any) -> sp.Basic:  # noqa: N802
        both = [as_condition(self.visit(ctx.getChild(place))) for place in (0, 2)]
        return sp.And(*both) if ctx.BOOLEAN_AND() else sp.Or(*both)

    def _number(self, ctx: Any) -> sp.Expr:
        return as_number(self.visit(ctx))

    def _chain(self, ctx: Any, kind: type) -> tuple[sp.Expr, list[tuple[str, sp.Expr]]]:
        """First operand of a sum or product that leans to the left, and (sign, operand) of the others."""
        rest = []
        while isinstance(ctx, kind):
            rest.append((ctx.getChild(1).getText(), self._number(ctx.getChild(2))))
            ctx = ctx.getChild(0)
        return self._number(ctx), rest[::-1]


def _piecewise(arguments: list[sp.Basic]) -> sp.Basic:
    if len(arguments) % 2 == 0:
        raise ValueError("piecewise takes values and conditions in turn, and a last value: an odd number of arguments.")
    values = [as_number(value) for value in arguments[0::2]]
    conditions = [as_condition(condition) for condition in arguments[1::2]]
    return sp.Piecewise(*zip(values, [*conditions, sp.true], strict=True))
