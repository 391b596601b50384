"""libsbml formula trees to symbolic expressions; text is never evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import libsbml
import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean, BooleanAtom, BooleanFunction

from il6infer._errors import UserError
from il6infer.network.network import TIME, symbol

_UNARY: dict[int, Callable[[sp.Expr], sp.Expr]] = {
    libsbml.AST_FUNCTION_ABS: sp.Abs,
    libsbml.AST_FUNCTION_ARCCOS: sp.acos,
    libsbml.AST_FUNCTION_ARCCOSH: sp.acosh,
    libsbml.AST_FUNCTION_ARCSIN: sp.asin,
    libsbml.AST_FUNCTION_ARCSINH: sp.asinh,
    libsbml.AST_FUNCTION_ARCTAN: sp.atan,
    libsbml.AST_FUNCTION_ARCTANH: sp.atanh,
    libsbml.AST_FUNCTION_CEILING: sp.ceiling,
    libsbml.AST_FUNCTION_COS: sp.cos,
    libsbml.AST_FUNCTION_COSH: sp.cosh,
    libsbml.AST_FUNCTION_COT: lambda x: sp.cos(x) / sp.sin(x),
    libsbml.AST_FUNCTION_CSC: lambda x: 1 / sp.sin(x),
    libsbml.AST_FUNCTION_EXP: sp.exp,
    libsbml.AST_FUNCTION_FACTORIAL: sp.factorial,
    libsbml.AST_FUNCTION_FLOOR: sp.floor,
    libsbml.AST_FUNCTION_LN: sp.log,
    libsbml.AST_FUNCTION_SEC: lambda x: 1 / sp.cos(x),
    libsbml.AST_FUNCTION_SIN: sp.sin,
    libsbml.AST_FUNCTION_SINH: sp.sinh,
    libsbml.AST_FUNCTION_TAN: sp.tan,
    libsbml.AST_FUNCTION_TANH: sp.tanh,
}
_RELATIONS = {
    libsbml.AST_RELATIONAL_EQ: sp.Eq,
    libsbml.AST_RELATIONAL_GEQ: sp.Ge,
    libsbml.AST_RELATIONAL_GT: sp.Gt,
    libsbml.AST_RELATIONAL_LEQ: sp.Le,
    libsbml.AST_RELATIONAL_LT: sp.Lt,
    libsbml.AST_RELATIONAL_NEQ: sp.Ne,
}
_NARY = {
    libsbml.AST_PLUS: sp.Add,
    libsbml.AST_TIMES: sp.Mul,
    libsbml.AST_FUNCTION_MIN: sp.Min,
    libsbml.AST_FUNCTION_MAX: sp.Max,
}
_LOGICAL = {
    libsbml.AST_LOGICAL_AND: sp.And,
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
        return self._numeric(node, where, local or {}, frozenset())

    def condition(self, node: libsbml.ASTNode | None, where: str) -> Boolean:
        """Translate the tree of a condition (an event's trigger)."""
        return self._boolean(node, where, {}, frozenset())

    def _numeric(self, node, where: str, local: Mapping[str, sp.Expr], open_calls: frozenset[str]) -> sp.Expr:
        result = self._translate(node, where, local, open_calls)
        if isinstance(result, _CONDITIONS):
            raise UserError(f"{where}: '{libsbml.formulaToL3String(node)}' is a condition where a number is expected.")
        return result

    def _boolean(self, node, where: str, local: Mapping[str, sp.Expr], open_calls: frozenset[str]) -> Boolean:
        result = self._translate(node, where, local, open_calls)
        if not isinstance(result, _CONDITIONS):
            raise UserError(f"{where}: '{libsbml.formulaToL3String(node)}' is a number where a condition is expected.")
        return result

    def _translate(self, node, where: str, local: Mapping[str, sp.Expr], open_calls: frozenset[str]) -> sp.Basic:
        if node is None:
            raise UserError(f"{where}: the formula is missing.")
        kind = node.getType()
        if kind in _NUMBERS:
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
        arguments = [self._numeric(child, where, local, open_calls) for child in children]
        if kind in _NARY:
            return _NARY[kind](*arguments)
        if kind in _UNARY:
            return _UNARY[kind](*arguments)
        if kind in _RELATIONS:
            return sp.And(*[_RELATIONS[kind](a, b) for a, b in zip(arguments, arguments[1:], strict=False)])
        result = _arithmetic(kind, arguments)
        if result is None:
            raise UserError(f"{where}: '{libsbml.formulaToL3String(node)}' is not supported in a formula.")
        return result

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
        return self._translate(body, f"{where}, function definition '{name}'", local, open_calls | {name})

    def _piecewise(self, children: list, where: str, local: Mapping, open_calls: frozenset[str]) -> sp.Expr:
        pieces = [
            (self._numeric(value, where, local, open_calls), self._boolean(condition, where, local, open_calls))
            for value, condition in zip(children[0::2], children[1::2], strict=False)
        ]
        otherwise = self._numeric(children[-1], where, local, open_calls) if len(children) % 2 else sp.nan
        return sp.Piecewise(*pieces, (otherwise, sp.true))


def _arithmetic(kind: int, arguments: list[sp.Expr]) -> sp.Expr | None:
    """Difference, quotient, power, root or logarithm; None for anything else."""
    if kind == libsbml.AST_MINUS:
        return -arguments[0] if len(arguments) == 1 else arguments[0] - arguments[1]
    if kind == libsbml.AST_DIVIDE:
        return arguments[0] / arguments[1]
    if kind in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER):
        return arguments[0] ** arguments[1]
    if kind == libsbml.AST_FUNCTION_ROOT:
        degree, base = arguments if len(arguments) == 2 else (sp.Integer(2), arguments[0])
        return base ** (1 / degree)
    if kind == libsbml.AST_FUNCTION_LOG:
        base, value = arguments if len(arguments) == 2 else (sp.Integer(10), arguments[0])
        return sp.log(value) / sp.log(base)
    return None
