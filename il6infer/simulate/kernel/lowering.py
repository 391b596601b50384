"""Straight-line Python to LLVM, for the functions of one model: numba's front end takes 5 ms a line, this 0.05.

The language is what `il6infer.simulate.codegen` writes and no more: assignments to local variables and to elements of
vectors at fixed places, arithmetic, functions of `math`, conditional expressions, and ``if k == 3:`` on an integer
argument. Whatever else there is raises an error; nothing is guessed.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence

from llvmlite import ir

from il6infer.simulate.kernel.parts import FUNCTIONS, symbol_of

DOUBLE, INTEGER, BIT = ir.DoubleType(), ir.IntType(64), ir.IntType(1)
KINDS = {"vector": DOUBLE.as_pointer(), "number": DOUBLE, "index": INTEGER}

# What numba's fastmath={"contract", "reassoc", "nsz", "arcp"} allows; NaN and infinity keep their meaning.
_FLAGS = ("contract", "reassoc", "nsz", "arcp")
_NAMES = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
_ORDERED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=="}
_OPERATIONS = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_INTRINSICS = {"exp", "log", "sin", "cos", "sqrt", "floor", "ceil", "abs", "copysign"}
_LIBRARY = {"tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "log10", "log2", "log1p"}
_LIBRARY |= {"expm1", "erf", "erfc", "atan2", "hypot"}
_RENAMED = {"abs": "fabs", "gamma": "tgamma"}
_LARGEST_POWER = 64


def module_of(source: str, constants: Mapping[str, object]) -> ir.Module:
    """Translate the functions of a model, and make its constants functions that an optimiser sees through.

    Parameters
    ----------
    source
        Definitions whose names are those of `il6infer.simulate.kernel.parts.FUNCTIONS`.
    constants
        Name -> integer, number, or list (of lists of one length) of either.

    Raises
    ------
    NotImplementedError
        If the source says what the language above does not have.
    """
    module = ir.Module("model")
    for definition in ast.parse(source).body:
        _Function(module, definition).translate()
    for name, value in constants.items():
        _constant(module, name, value)
    return module


def _constant(module: ir.Module, name: str, value: object) -> None:
    """Define a function without arguments, or of one or two indices, that returns a constant or an entry of it."""
    entries, widths = value, []
    while isinstance(entries, list):
        widths.append(len(entries))
        entries = entries[0] if entries else 0
    kind = DOUBLE if isinstance(entries, float) else INTEGER
    function = ir.Function(module, ir.FunctionType(kind, [INTEGER] * len(widths)), symbol_of(name))
    function.attributes.add("alwaysinline")
    builder = ir.IRBuilder(function.append_basic_block())
    if not widths:
        builder.ret(kind(entries))
        return
    flat = value if len(widths) == 1 else [entry for row in value for entry in row]
    data = ir.GlobalVariable(module, ir.ArrayType(kind, max(len(flat), 1)), f"{symbol_of(name)}.data")
    data.initializer = ir.Constant(data.value_type, [kind(entry) for entry in flat] or [kind(0)])
    data.global_constant, data.linkage = True, "internal"
    place = function.args[0]
    if len(widths) == 2:
        place = builder.add(builder.mul(place, INTEGER(widths[1])), function.args[1])
    builder.ret(builder.load(builder.gep(data, [INTEGER(0), place], inbounds=True)))


class _Function:
    """One definition on its way to LLVM."""

    def __init__(self, module: ir.Module, definition: ast.stmt) -> None:
        if not isinstance(definition, ast.FunctionDef):
            raise NotImplementedError(f"not a function: {ast.unparse(definition)}")
        kinds = FUNCTIONS[definition.name]
        self._module, self._definition = module, definition
        types = [KINDS[kind] for kind in kinds]
        self._function = ir.Function(module, ir.FunctionType(ir.VoidType(), types), symbol_of(definition.name))
        self._function.attributes.add("nounwind")
        self._vectors: dict[str, ir.Value] = {}
        self._indices: dict[str, ir.Value] = {}
        self._values: dict[str, ir.Value] = {}
        homes = {"vector": self._vectors, "index": self._indices, "number": self._values}
        for argument, value, kind in zip(definition.args.args, self._function.args, kinds, strict=True):
            homes[kind][argument.arg] = value
            if kind == "vector":
                value.add_attribute("noalias")  # no caller in this package passes one vector twice
        self._builder = ir.IRBuilder(self._function.append_basic_block())

    def translate(self) -> None:
        self._statements(self._definition.body)
        self._builder.ret_void()

    def _statements(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.Assign(targets=[target], value=value):
                    self._store(target, self._number(value))
                case ast.AugAssign(target=target, op=operator, value=value):
                    old = self._number(target)
                    self._store(target, self._apply(operator, old, self._number(value)))
                case ast.If(test=test, body=inner, orelse=[]):
                    self._case(test, inner)
                case ast.Pass():
                    pass
                case _:
                    raise NotImplementedError(f"statement: {ast.unparse(statement)}")

    def _case(self, test: ast.expr, body: Sequence[ast.stmt]) -> None:
        match test:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq()], comparators=[ast.Constant(value=int(number))]):
                chosen = self._builder.icmp_signed("==", self._indices[name], INTEGER(number))
            case _:
                raise NotImplementedError(f"condition: {ast.unparse(test)}")
        outside = dict(self._values)
        with self._builder.if_then(chosen):
            self._statements(body)
        self._values = outside

    def _store(self, target: ast.expr, value: ir.Value) -> None:
        match target:
            case ast.Name(id=name):
                self._values[name] = value
            case ast.Subscript():
                self._builder.store(value, self._element(target))
            case _:
                raise NotImplementedError(f"target: {ast.unparse(target)}")

    def _element(self, node: ast.Subscript) -> ir.Value:
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int(place))) if name in self._vectors:
                return self._builder.gep(self._vectors[name], [INTEGER(place)], inbounds=True)
        raise NotImplementedError(f"element: {ast.unparse(node)}")

    def _number(self, node: ast.expr) -> ir.Value:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as value):
                return DOUBLE(float(value))
            case ast.Name(id=name):
                if name in self._values:
                    return self._values[name]
                if name in _NAMES:
                    return DOUBLE(_NAMES[name])
            case ast.Subscript():
                return self._builder.load(self._element(node))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._builder.fneg(self._number(operand), flags=_FLAGS)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._number(operand)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self._power(left, right)
            case ast.BinOp(left=left, op=operator, right=right):
                return self._apply(operator, self._number(left), self._number(right))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._builder.select(self._condition(test), self._number(body), self._number(orelse))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, [self._number(argument) for argument in arguments])
        raise NotImplementedError(f"expression: {ast.unparse(node)}")

    def _condition(self, node: ast.expr) -> ir.Value:
        match node:
            case ast.Constant(value=bool(value)):
                return BIT(int(value))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._builder.not_(self._condition(operand))
            case ast.BoolOp(op=operator, values=values):
                combine = self._builder.and_ if isinstance(operator, ast.And) else self._builder.or_
                found, *others = [self._condition(value) for value in values]
                for other in others:
                    found = combine(found, other)
                return found
            case ast.Compare(left=left, ops=operators, comparators=comparators):
                numbers = [self._number(side) for side in (left, *comparators)]
                pairs = zip(operators, numbers, numbers[1:], strict=False)
                found, *others = [self._compare(*pair) for pair in pairs]
                for other in others:
                    found = self._builder.and_(found, other)
                return found
        raise NotImplementedError(f"condition: {ast.unparse(node)}")

    def _compare(self, operator: ast.cmpop, left: ir.Value, right: ir.Value) -> ir.Value:
        if isinstance(operator, ast.NotEq):
            return self._builder.fcmp_unordered("!=", left, right)
        return self._builder.fcmp_ordered(_ORDERED[type(operator)], left, right)

    def _apply(self, operator: ast.operator, left: ir.Value, right: ir.Value) -> ir.Value:
        if type(operator) not in _OPERATIONS:
            raise NotImplementedError(f"operator {type(operator).__name__}")
        return getattr(self._builder, _OPERATIONS[type(operator)])(left, right, flags=_FLAGS)

    def _power(self, left: ast.expr, right: ast.expr) -> ir.Value:
        """Raise to a power; a whole exponent becomes multiplications, as in numba."""
        base, sign = self._number(left), 1
        exponent = right
        if isinstance(exponent, ast.UnaryOp) and isinstance(exponent.op, ast.USub):
            exponent, sign = exponent.operand, -1
        match exponent:
            case ast.Constant(value=int(n)) if not isinstance(n, bool) and n <= _LARGEST_POWER:
                product = DOUBLE(1.0) if n == 0 else None
                while n:
                    if n & 1:
                        product = base if product is None else self._builder.fmul(product, base, flags=_FLAGS)
                    n >>= 1
                    if n:
                        base = self._builder.fmul(base, base, flags=_FLAGS)
                return product if sign > 0 else self._builder.fdiv(DOUBLE(1.0), product, flags=_FLAGS)
        return self._library("llvm.pow.f64", base, self._number(right))

    def _call(self, name: str, values: list[ir.Value]) -> ir.Value:
        if name == "power":
            return self._guarded_power(*values)
        if name == "power_in_slope":
            return self._guarded_power(*values, in_slope=True)
        if name == "logarithm":
            [x] = values
            tiny = DOUBLE(1e-300)
            return self._library("llvm.log.f64", self._where(">", x, tiny, x, tiny))
        if name in ("min", "max"):
            found, *others = values
            for other in others:
                found = self._where("<" if name == "min" else ">", other, found, other, found)
            return found
        if name in _INTRINSICS:
            return self._library(f"llvm.{_RENAMED.get(name, name)}.f64", *values)
        if name in _LIBRARY | set(_RENAMED):
            return self._library(_RENAMED.get(name, name), *values)
        raise NotImplementedError(f"function {name}")

    def _guarded_power(self, x: ir.Value, n: ir.Value, *, in_slope: bool = False) -> ir.Value:
        """See `il6infer.simulate.printer.Power`; a base a little below 0 counts as 0, one further below gives NaN."""
        zero, one, nan, infinite = DOUBLE(0.0), DOUBLE(1.0), DOUBLE(math.nan), DOUBLE(math.inf)
        at_zero = self._where("<", n, zero, zero if in_slope else infinite, self._where("==", n, zero, one, zero))
        # A number that is NaN is not above the limit.
        below = self._where(">=", x, DOUBLE(-1e-6), at_zero, nan)
        return self._where(">", x, zero, self._library("llvm.pow.f64", x, n), below)

    def _where(self, relation: str, a: ir.Value, b: ir.Value, yes: ir.Value, no: ir.Value) -> ir.Value:
        return self._builder.select(self._builder.fcmp_ordered(relation, a, b), yes, no)

    def _library(self, name: str, *values: ir.Value) -> ir.Value:
        function = self._module.globals.get(name)
        if function is None:
            function = ir.Function(self._module, ir.FunctionType(DOUBLE, [DOUBLE] * len(values)), name)
        return self._builder.call(function, values, fastmath=_FLAGS)
