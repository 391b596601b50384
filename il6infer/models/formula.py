"""libsbml formula trees to symbolic expressions; text is never evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import libsbml
import sympy as sp

from il6infer._errors import UserError
from il6infer.models.network import TIME, symbol

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
    libsbml.AST_FUNCTION_EXP: sp.exp,
    libsbml.AST_FUNCTION_FLOOR: sp.floor,
    libsbml.AST_FUNCTION_LN: sp.log,
    libsbml.AST_FUNCTION_SIN: sp.sin,
    libsbml.AST_FUNCTION_SINH: sp.sinh,
    libsbml.AST_FUNCTION_TAN: sp.tan,
    libsbml.AST_FUNCTION_TANH: sp.tanh,
    libsbml.AST_LOGICAL_NOT: sp.Not,
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
    libsbml.AST_LOGICAL_AND: sp.And,
    libsbml.AST_LOGICAL_OR: sp.Or,
    libsbml.AST_LOGICAL_XOR: sp.Xor,
    libsbml.AST_FUNCTION_MIN: sp.Min,
    libsbml.AST_FUNCTION_MAX: sp.Max,
}
_CONSTANTS = {
    libsbml.AST_CONSTANT_E: sp.E,
    libsbml.AST_CONSTANT_PI: sp.pi,
    libsbml.AST_CONSTANT_TRUE: sp.true,
    libsbml.AST_CONSTANT_FALSE: sp.false,
    libsbml.AST_NAME_AVOGADRO: sp.Float(6.02214179e23),
}
_NUMBERS = (libsbml.AST_INTEGER, libsbml.AST_REAL, libsbml.AST_REAL_E, libsbml.AST_RATIONAL)


class Translator:
    """Turns formula trees into expressions, with function definitions inlined.

    Parameters
    ----------
    functions
        Id -> (argument names, tree of the body) of each function definition.
    """

    def __init__(self, functions: Mapping[str, tuple[tuple[str, ...], libsbml.ASTNode]] | None = None) -> None:
        self.functions = dict(functions or {})

    def __call__(self, node: libsbml.ASTNode, where: str, local: Mapping[str, sp.Expr] | None = None) -> sp.Expr:
        """Translate one tree.

        Parameters
        ----------
        where
            What the formula belongs to, for messages: e.g. ``"reaction 'J1'"``.
        local
            Names that mean something else here: local parameters, function arguments.

        Raises
        ------
        UserError
            Naming the construct that is not supported.
        """
        kind = node.getType()
        if kind in _NUMBERS:
            return sp.Integer(node.getInteger()) if kind == libsbml.AST_INTEGER else sp.Float(node.getValue())
        if kind == libsbml.AST_NAME:
            return (local or {}).get(node.getName(), symbol(node.getName()))
        if kind == libsbml.AST_NAME_TIME:
            return TIME
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        arguments = [self(node.getChild(i), where, local) for i in range(node.getNumChildren())]
        if kind in _NARY:
            return _NARY[kind](*arguments)
        if kind in _UNARY:
            return _UNARY[kind](*arguments)
        if kind in _RELATIONS and len(arguments) == 2:
            return _RELATIONS[kind](*arguments)
        if kind == libsbml.AST_FUNCTION:
            return self._call(node.getName(), arguments, where)
        return self._other(node, kind, arguments, where)

    def _call(self, name: str, arguments: list[sp.Expr], where: str) -> sp.Expr:
        if name not in self.functions:
            raise UserError(f"{where}: unknown function '{name}'.")
        parameters, body = self.functions[name]
        if len(parameters) != len(arguments):
            raise UserError(f"{where}: function '{name}' takes {len(parameters)} arguments, {len(arguments)} are given.")
        return self(body, f"function definition '{name}'", dict(zip(parameters, arguments, strict=True)))

    def _other(self, node: libsbml.ASTNode, kind: int, arguments: list[sp.Expr], where: str) -> sp.Expr:
        if kind == libsbml.AST_MINUS:
            return -arguments[0] if len(arguments) == 1 else arguments[0] - arguments[1]
        if kind == libsbml.AST_DIVIDE:
            return arguments[0] / arguments[1]
        if kind in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER):
            base, exponent = arguments
            whole = exponent.is_Float and float(exponent).is_integer()
            return base ** (sp.Integer(int(exponent)) if whole else exponent)
        if kind == libsbml.AST_FUNCTION_ROOT:
            degree, base = arguments if len(arguments) == 2 else (sp.Integer(2), arguments[0])
            return base ** (1 / degree)
        if kind == libsbml.AST_FUNCTION_LOG:
            base, value = arguments if len(arguments) == 2 else (sp.Integer(10), arguments[0])
            return sp.log(value) / sp.log(base)
        if kind == libsbml.AST_FUNCTION_PIECEWISE:
            pairs = list(zip(arguments[0::2], arguments[1::2], strict=False))
            if len(arguments) % 2:
                pairs.append((arguments[-1], sp.true))
            else:
                pairs.append((sp.nan, sp.true))
            return sp.Piecewise(*pairs)
        name = libsbml.formulaToL3String(node)
        raise UserError(f"{where}: '{name}' is not supported in a formula.")
