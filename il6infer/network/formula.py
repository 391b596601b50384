"""libsbml formula trees to symbolic expressions; text is never evaluated."""

from __future__ import annotations

from collections.abc import Mapping

import libsbml
import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean, BooleanAtom, BooleanFunction

from il6infer._errors import UserError
from il6infer._numbers import VANISHES
from il6infer.network.functions import BY_NAME, FUNCTIONS, applied, quotient
from il6infer.network.network import TIME, symbol

_RELATIONS = {
    libsbml.AST_RELATIONAL_EQ: sp.Eq,
    libsbml.AST_RELATIONAL_GEQ: sp.Ge,
    libsbml.AST_RELATIONAL_GT: sp.Gt,
    libsbml.AST_RELATIONAL_LEQ: sp.Le,
    libsbml.AST_RELATIONAL_LT: sp.Lt,
    libsbml.AST_RELATIONAL_NEQ: sp.Ne,
}
_SUMS = {libsbml.AST_PLUS: sp.Add, libsbml.AST_TIMES: sp.Mul}
_FUNCTIONS = {kind: row for row in FUNCTIONS if (kind := getattr(libsbml, f"AST_FUNCTION_{row.name.upper()}", None))}
_FUNCTIONS |= {libsbml.AST_POWER: BY_NAME["power"]}
_LOGICAL = {
    libsbml.AST_LOGICAL_AND: sp.And,
    libsbml.AST_LOGICAL_IMPLIES: lambda a, b: sp.Or(sp.Not(a), b),
    libsbml.AST_LOGICAL_NOT: sp.Not,
    libsbml.AST_LOGICAL_OR: sp.Or,
    libsbml.AST_LOGICAL_XOR: sp.Xor,
}
_CONSTANTS = {
    libsbml.AST_CONSTANT_E: sp.E,
    libsbml.AST_CONSTANT_PI: sp.pi,
    libsbml.AST_CONSTANT_TRUE: sp.true,
    libsbml.AST_CONSTANT_FALSE: sp.false,
    # The value that SBML Level 3 fixes (CODATA 2006), not today's.
    libsbml.AST_NAME_AVOGADRO: sp.Float(6.02214179e23),
}
# Not `Boolean`: that of sympy includes every symbol.
_CONDITIONS = (Relational, BooleanAtom, BooleanFunction)
_NUMBERS = (libsbml.AST_INTEGER, libsbml.AST_REAL, libsbml.AST_REAL_E, libsbml.AST_RATIONAL)


def number(value: float) -> sp.Expr:
    """Make a number; a whole one an integer, so that powers and products stay simple."""
    return sp.Integer(int(value)) if float(value).is_integer() and abs(value) < 1e15 else sp.Float(value)


MAX_DEPTH = 100
"""Levels of one formula; sums and products of any number of terms count as one."""

MAX_SIZE = 10_000
"""Terms and functions of one formula with its function definitions written out."""


class Translator:
    """Turns formula trees into expressions, with function definitions inlined.

    Parameters
    ----------
    known
        Ids that a formula may use.
    functions
        Id -> (argument names, tree of the body) of each function definition.
    """

    def __init__(
        self, known: set[str], functions: Mapping[str, tuple[tuple[str, ...], libsbml.ASTNode]] | None = None
    ) -> None:
        self.known = frozenset(known)
        self.functions = dict(functions or {})

    def __call__(self, node: libsbml.ASTNode | None, where: str, local: Mapping[str, sp.Expr] | None = None) -> sp.Expr:
        """Translate the tree of a quantity.

        Parameters
        ----------
        where
            What the formula belongs to, for messages: e.g. ``"reaction 'J1'"``.
        local
            Names that mean something else here: local parameters.

        Raises
        ------
        UserError
            Naming the construct that is not supported.
        """
        _refuse_depth(node, where)
        return self._numeric(node, where, local or {}, frozenset())

    def condition(self, node: libsbml.ASTNode | None, where: str) -> Boolean:
        """Translate the tree of a condition (an event's trigger)."""
        _refuse_depth(node, where)
        return self._boolean(node, where, {}, frozenset())

    def _numeric(self, node, where: str, local: Mapping[str, sp.Expr], open_calls: frozenset[str]) -> sp.Expr:
        """Translate to a number; a condition counts as 1 where it holds and as 0 elsewhere (SBML Level 3 Version 2)."""
        return as_number(self._translate(node, where, local, open_calls))

    def _boolean(self, node, where: str, local: Mapping[str, sp.Expr], open_calls: frozenset[str]) -> Boolean:
        """Translate to a condition; a number counts as true where it is not 0."""
        return as_condition(self._translate(node, where, local, open_calls))

    def _translate(self, node, where: str, local: Mapping[str, sp.Expr], open_calls: frozenset[str]) -> sp.Basic:
        if node is None or (node.getType() == libsbml.AST_UNKNOWN and not node.getNumChildren()):
            raise UserError(f"{where}: the formula is missing.")
        kind = node.getType()
        if kind in _NUMBERS:
            if kind == libsbml.AST_REAL_E and node.getMantissa() and not node.getValue():
                raise UserError(f"{where}: {node.getMantissa():g}e{node.getExponent()} {VANISHES}.")
            return number(node.getInteger() if kind == libsbml.AST_INTEGER else node.getValue())
        if kind == libsbml.AST_NAME:
            return self._name(node.getName(), where, local)
        if kind == libsbml.AST_NAME_TIME:
            return TIME
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        children = [node.getChild(i) for i in range(node.getNumChildren())]
        if kind in _LOGICAL:
            return _LOGICAL[kind](*[self._boolean(child, where, local, open_calls) for child in children])
        if kind == libsbml.AST_FUNCTION_PIECEWISE:
            return self._piecewise(children, where, local, open_calls)
        if kind == libsbml.AST_FUNCTION:
            arguments = [self._translate(child, where, local, open_calls) for child in children]
            return self._call(node.getName(), arguments, where, open_calls)
        if kind in (libsbml.AST_FUNCTION_RATE_OF, libsbml.AST_FUNCTION_DELAY) or kind not in _KNOWN:
            raise UserError(f"{where}: '{libsbml.formulaToL3String(node)}' is not supported in a formula.")
        if kind in _SUMS:
            terms = [self._numeric(child, where, local, open_calls) for child in _terms(node)]
            return _SUMS[kind](*terms)
        if kind in _RELATIONS:
            return _relation(kind, [self._translate(child, where, local, open_calls) for child in children])
        arguments = [self._numeric(child, where, local, open_calls) for child in children]
        if kind == libsbml.AST_MINUS:
            return -arguments[0] if len(arguments) == 1 else arguments[0] - arguments[1]
        try:
            return quotient(*arguments) if kind == libsbml.AST_DIVIDE else applied(_FUNCTIONS[kind], arguments)
        except ValueError as error:
            raise UserError(f"{where}, '{libsbml.formulaToL3String(node)}': {error}") from None

    def _name(self, name: str, where: str, local: Mapping[str, sp.Expr]) -> sp.Basic:
        if name in local:
            return local[name]
        if name not in self.known:
            raise UserError(f"{where}: '{name}' is not defined in the model.")
        return symbol(name)

    def _call(self, name: str, arguments: list, where: str, open_calls: frozenset[str]) -> sp.Basic:
        if name not in self.functions:
            raise UserError(f"{where}: function '{name}' is not defined in the model.")
        if name in open_calls:
            raise UserError(f"{where}: function definition '{name}' calls itself.")
        parameters, body = self.functions[name]
        if len(parameters) != len(arguments):
            raise UserError(
                f"{where}: function '{name}' takes {len(parameters)} arguments, {len(arguments)} are given."
            )
        local = dict(zip(parameters, arguments, strict=True))
        _refuse_depth(body, f"{where}, function definition '{name}'")
        result = self._translate(body, f"{where}, function definition '{name}'", local, open_calls | {name})
        _refuse_size(result, where)
        return result

    def _piecewise(self, children: list, where: str, local: Mapping, open_calls: frozenset[str]) -> sp.Basic:
        values = [self._translate(child, where, local, open_calls) for child in children[0::2]]
        conditions = [self._boolean(child, where, local, open_calls) for child in children[1::2]]
        if len(values) == len(conditions):
            values.append(sp.nan)
        if values and all(isinstance(value, _CONDITIONS) for value in values):
            found = values[-1]
            for value, condition in zip(reversed(values[:-1]), reversed(conditions), strict=True):
                found = sp.Or(sp.And(condition, value), sp.And(sp.Not(condition), found))
            return found
        numbers = [as_number(value) for value in values]
        return sp.Piecewise(*zip(numbers, [*conditions, sp.true], strict=True))


_KNOWN = {*_FUNCTIONS, *_SUMS, *_RELATIONS, libsbml.AST_MINUS, libsbml.AST_DIVIDE}


def as_number(value: sp.Basic) -> sp.Expr:
    """Make a condition 1 where it holds and 0 elsewhere; a number stays."""
    return sp.Piecewise((1, value), (0, True)) if isinstance(value, _CONDITIONS) else value


def as_condition(value: sp.Basic) -> Boolean:
    """Make a number true where it is not 0; a condition stays."""
    return value if isinstance(value, _CONDITIONS) else sp.Ne(value, 0)


def _terms(node: libsbml.ASTNode) -> list[libsbml.ASTNode]:
    """Operands of a sum or product, whose first operand may be another one, and so on for long."""
    kind, found = node.getType(), []
    while node.getType() == kind and node.getNumChildren():
        found += [node.getChild(i) for i in range(node.getNumChildren() - 1, 0, -1)]
        node = node.getChild(0)
    return [*([] if node.getType() == kind else [node]), *reversed(found)]


def _refuse_depth(node: libsbml.ASTNode | None, where: str) -> None:
    waiting = [(node, 1)] if node is not None else []
    while waiting:
        one, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise UserError(
                f"{where}: a formula nested more than {MAX_DEPTH} levels deep. Split it into assignment rules."
            )
        children = [one.getChild(i) for i in range(one.getNumChildren())]
        waiting += [(c, depth) for c in _terms(one)] if one.getType() in _SUMS else [(c, depth + 1) for c in children]


def _refuse_size(expression: sp.Basic, where: str) -> None:
    known: dict[sp.Basic, int] = {}

    def size(e: sp.Basic) -> int:
        if e not in known:
            known[e] = 1 + sum(map(size, e.args))
        return known[e]

    if size(expression) > MAX_SIZE:
        raise UserError(
            f"{where}: with its function definitions written out, the formula has more than {MAX_SIZE} terms."
        )


def _relation(kind: int, sides: list[sp.Basic]) -> Boolean:
    """Compare neighbours; two conditions are equal where both hold or none does."""
    if kind in (libsbml.AST_RELATIONAL_EQ, libsbml.AST_RELATIONAL_NEQ) and all(
        isinstance(side, _CONDITIONS) for side in sides
    ):
        differ = [sp.Xor(a, b) for a, b in zip(sides, sides[1:], strict=False)]
        return sp.And(*(differ if kind == libsbml.AST_RELATIONAL_NEQ else map(sp.Not, differ)))
    numbers = [as_number(side) for side in sides]
    return sp.And(*[_RELATIONS[kind](a, b) for a, b in zip(numbers, numbers[1:], strict=False)])
