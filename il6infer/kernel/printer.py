"""Symbolic expressions to straight-line Python, which `il6infer.kernel.lowering` compiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter

from il6infer.network.functions import PRIMITIVES
from il6infer.network.graphs import all_replaced, shared, symbols_of
from il6infer.network.primitives import INTERNAL, Chosen

PART = 100
"""Targets of a function beyond which it is made of parts: the cost of optimising code grows faster than its length."""

LONG = 64
"""Terms beyond which a sum is one of sums: a tree of its source has a level a term, and Python bears a thousand."""

NAMES = INTERNAL | {function: row.code[0] for function, row in PRIMITIVES.items()}
"""Function of a plain expression -> its name in the source."""


class _Printer(PythonCodePrinter):
    def __init__(self) -> None:
        super().__init__({"fully_qualified_modules": False, "standard": "python3", "order": "none"})

    def _print_Function(self, e: sp.Expr) -> str:
        if isinstance(e, Chosen):
            test, form, other = map(self._print, e.args)
            return f"(({form}) if ({test}) > 0.0 else ({other}))"
        if e.func not in NAMES:
            raise NotImplementedError(f"function {e.func.__name__}")
        return f"{NAMES[e.func]}({', '.join(map(self._print, e.args))})"

    def _print(self, expr: sp.Basic, **kwargs: Any) -> str:
        # The parent class has printers of its own for many functions, and for min and max.
        if isinstance(expr, sp.Function) and not isinstance(expr, sp.Piecewise):
            return self._print_Function(expr)
        return super()._print(expr, **kwargs)

    def _print_Add(self, expr: sp.Expr, order: str | None = None) -> str:
        # The parent class looks for the sign of each term, which takes longer than all else.
        terms = [self.parenthesize(term, PRECEDENCE["Add"]) for term in expr.args]
        while len(terms) > LONG:
            terms = [f"({' + '.join(terms[n : n + LONG])})" for n in range(0, len(terms), LONG)]
        return " + ".join(terms)

    def _print_Rational(self, e: sp.Rational) -> str:
        return repr(float(e))

    def _print_Float(self, e: sp.Float) -> str:
        return repr(float(e))

    def _print_Infinity(self, e: sp.Expr) -> str:
        return "inf"

    def _print_NegativeInfinity(self, e: sp.Expr) -> str:
        return "(-inf)"

    def _print_NaN(self, e: sp.Expr) -> str:
        return "nan"


def code(expression: sp.Expr) -> str:
    """Python source of one expression; names of functions are those of `math`."""
    return _Printer().doprint(expression)


def function(
    name: str,
    arguments: str,
    inputs: Mapping[sp.Symbol, str],
    targets: Sequence[tuple[str, sp.Expr]],
    prefix: str = "z",
) -> str:
    """Source of a compiled function that evaluates all `targets` with common subexpressions shared.

    Parameters
    ----------
    inputs
        Symbol -> source of its value, e.g. ``"y[3]"``; those not used are not read.
    targets
        (head, expression), e.g. ``("out[0] += ", x*y)``.
    """
    targets = [(head, expression) for head, expression in targets if "+=" not in head or expression != 0]
    if len(targets) <= PART:
        return definition(name, arguments, block(inputs, targets, prefix))
    bodies = [block(inputs, targets[n : n + PART], prefix, quickly=True) for n in range(0, len(targets), PART)]
    return in_parts(name, arguments, bodies)


def of_groups(name: str, arguments: str, groups: Sequence[Sequence[str]]) -> str:
    """Source of a function with groups of lines, none of which needs another.

    Parameters
    ----------
    name, arguments
        As they stand in the source.
    groups
        Lines of each.
    """
    if sum(map(len, groups)) <= 2 * PART:
        return definition(name, arguments, [line for group in groups for line in group])
    parts = [groups[n : n + PART] for n in range(0, len(groups), PART)]
    return in_parts(name, arguments, [[line for group in part for line in group] for part in parts])


def in_parts(name: str, arguments: str, bodies: Sequence[Sequence[str]]) -> str:
    """Source of a function that is made of others, which do one part each; nothing is inlined.

    Parameters
    ----------
    name, arguments
        As they stand in the source.
    bodies
        Lines of each part.
    """
    parts = [definition(f"{name}__{n}", arguments, body) for n, body in enumerate(bodies)]
    whole = definition(name, arguments, [f"{name}__{n}({arguments})" for n in range(len(bodies))])
    return "\n\n".join([*parts, whole])


def definition(name: str, arguments: str, body: Sequence[str]) -> str:
    """Source of a function with the lines of its body.

    Parameters
    ----------
    name, arguments
        As they stand in the source.
    body
        Lines; none for a function that does nothing.
    """
    return f"def {name}({arguments}):\n" + "\n".join("    " + line for line in body or ["pass"])


def cases(name: str, arguments: str, index: str, bodies: Sequence[Sequence[str]]) -> str:
    """Source of a function that runs the body whose place the argument `index` gives.

    Parameters
    ----------
    name, arguments
        As they stand in the source.
    index
        Argument that chooses.
    bodies
        Lines of each case.
    """
    lines = []
    for place, body in enumerate(bodies):
        lines.append(f"if {index} == {place}:")
        lines += ["    " + line for line in body or ["pass"]]
    return definition(name, arguments, lines)


def block(
    inputs: Mapping[sp.Symbol, str], targets: Sequence[tuple[str, sp.Expr]], prefix: str = "z", *, quickly: bool = False
) -> list[str]:
    """Lines of straight-line code for `targets`; user symbols are renamed, so no id can clash or inject.

    Parameters
    ----------
    inputs
        Symbol -> source that reads its value.
    targets
        (source up to the value, such as ``out[0] = `` or ``gy[1] += ``; expression).
    prefix
        Of the names of shared parts.
    quickly
        Share only subexpressions that are the same, not parts of sums and products.
    """
    targets = [(head, expression) for head, expression in targets if "+=" not in head or expression != 0]
    if not targets:
        return []
    used = set().union(*[symbols_of(expression) for _, expression in targets])
    local = {symbol: sp.Symbol(f"x{i}_", real=True) for i, symbol in enumerate(inputs) if symbol in used}
    unknown = used - set(local)
    if unknown:
        raise ValueError(f"symbols without a value in generated code: {sorted(map(str, unknown))}")
    renamed, names = all_replaced([e for _, e in targets], local), sp.numbered_symbols(f"{prefix}_")
    lines_of, reduced = shared(renamed, names, quickly=quickly)
    lines = [f"{local[symbol]} = {inputs[symbol]}" for symbol in inputs if symbol in local]
    lines += [f"{symbol} = {code(expression)}" for symbol, expression in lines_of]
    lines += [f"{head}{code(expression)}" for (head, _), expression in zip(targets, reduced, strict=True)]
    return lines
