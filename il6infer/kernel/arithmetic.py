"""Expressions of straight-line Python to LLVM: one number, or one of each of several runs; see `lowering`."""

from __future__ import annotations

import ast
import math

from llvmlite import ir

from il6infer.kernel.model_functions import symbol_of
from il6infer.kernel.vector_math import WIDTH, vector_symbol
from il6infer.network.functions import PRIMITIVES
from il6infer.network.primitives import LOG_OF_ZERO

DOUBLE, INTEGER, BIT, LANE = ir.DoubleType(), ir.IntType(64), ir.IntType(1), ir.IntType(32)

# What numba's fastmath={"contract", "reassoc", "nsz", "arcp"} allows; NaN and infinity keep their meaning.
_FLAGS = ("contract", "reassoc", "nsz", "arcp")
_NAMES = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
_ORDERED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=="}
_OPERATIONS = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_FUNCTIONS = {row.code[0]: row.llvm for row in PRIMITIVES.values()}
_FUNCTIONS |= {"sqrt": "llvm.sqrt.f64", "abs": "llvm.fabs.f64", "copysign": "llvm.copysign.f64"}
"""Those of formulas, and those of the method's own code."""
_LARGEST_POWER = 64
_NEGATIVE = 1e-6
"""A base that is negative by less counts as 0 for a broken exponent."""
_WIDE = {f"llvm.{name}.f64" for name in ("sqrt", "fabs", "floor", "ceil", "copysign")}
"""What processors do for several numbers at once; the rest is called for one after the other."""


class Arithmetic:
    """Values of expressions.

    Parameters
    ----------
    builder
        Where the instructions go.
    lanes
        Numbers that a value is of: one, or one of each run.
    """

    def __init__(self, module: ir.Module, builder: ir.IRBuilder, lanes: int) -> None:
        self._module, self._builder, self._lanes = module, builder, lanes
        self._type = ir.VectorType(DOUBLE, lanes) if lanes > 1 else DOUBLE
        self._bits = ir.VectorType(BIT, lanes) if lanes > 1 else BIT
        self._vectors: dict[str, ir.Value] = {}
        self._indices: dict[str, ir.Value] = {}
        self._values: dict[str, ir.Value] = {}

    def _load(self, place: ir.Value) -> ir.Value:
        return self._builder.load(place, align=8)  # an array of numpy promises no more

    def _constant(self, value: float) -> ir.Constant:
        return ir.Constant(self._type, value if self._lanes == 1 else [value] * self._lanes)

    def _element(self, node: ast.Subscript) -> ir.Value:
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=place) if name in self._vectors:
                match place:
                    case ast.Constant(value=int(number)):
                        return self._builder.gep(self._vectors[name], [INTEGER(number)], inbounds=True)
                    case ast.Name(id=index) if index in self._indices:
                        return self._builder.gep(self._vectors[name], [self._indices[index]], inbounds=True)
                    case ast.BinOp(left=ast.Constant(value=int(number)), op=ast.Add(), right=ast.Name(id=index)) if (
                        index in self._indices
                    ):
                        at = self._builder.add(INTEGER(number), self._indices[index])
                        return self._builder.gep(self._vectors[name], [at], inbounds=True)
        raise NotImplementedError(f"element: {ast.unparse(node)}")

    def _is_table(self, name: str, kind: ir.Type = INTEGER) -> bool:
        """Whether a name is that of a constant list of the module, of places or (`DOUBLE`) of numbers."""
        data = self._module.globals.get(f"{symbol_of(name)}.data")
        return data is not None and data.value_type.element == kind

    def _entry(self, name: str, index: str) -> ir.Value:
        """Entry of a constant list."""
        data = self._module.globals[f"{symbol_of(name)}.data"]
        return self._builder.load(self._builder.gep(data, [INTEGER(0), self._indices[index]], inbounds=True))

    def _same(self, value: ir.Value) -> ir.Value:
        """One number for each run."""
        if self._lanes == 1:
            return value
        first = self._builder.insert_element(ir.Constant(self._type, ir.Undefined), value, LANE(0))
        places = ir.Constant(ir.VectorType(LANE, self._lanes), [0] * self._lanes)
        return self._builder.shuffle_vector(first, ir.Constant(self._type, ir.Undefined), places)

    def _place(self, node: ast.expr) -> ir.Value:
        """Integer: one that is written, an index, or an entry of a constant list at an index."""
        match node:
            case ast.Constant(value=int(number)):
                return INTEGER(number)
            case ast.Name(id=index) if index in self._indices:
                return self._indices[index]
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Name(id=index)) if (
                index in self._indices and self._is_table(name)
            ):
                return self._entry(name, index)
        raise NotImplementedError(f"place: {ast.unparse(node)}")

    def _number(self, node: ast.expr) -> ir.Value:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as value):
                return self._constant(float(value))
            case ast.Name(id=name):
                if name in self._values:
                    return self._values[name]
                if name in _NAMES:
                    return self._constant(_NAMES[name])
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Name(id=index)) if (
                index in self._indices and self._is_table(name, DOUBLE)
            ):
                return self._same(self._entry(name, index))
            case ast.Subscript():
                return self._load(self._element(node))
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

    def _is_condition(self, node: ast.expr) -> bool:
        match node:
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                return True
            case ast.Constant(value=bool()):
                return True
            case ast.Name(id=name):
                return name in self._values and self._values[name].type == self._bits
            case ast.IfExp(body=body):
                return self._is_condition(body)
        return False

    def _condition(self, node: ast.expr) -> ir.Value:
        match node:
            case ast.Name(id=name) if self._is_condition(node):
                return self._values[name]
            case ast.Constant(value=bool(value)):
                return ir.Constant(self._bits, int(value) if self._lanes == 1 else [int(value)] * self._lanes)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._builder.select(*map(self._condition, (test, body, orelse)))
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
                product = self._constant(1.0) if n == 0 else None
                while n:
                    if n & 1:
                        product = base if product is None else self._builder.fmul(product, base, flags=_FLAGS)
                    n >>= 1
                    if n:
                        base = self._builder.fmul(base, base, flags=_FLAGS)
                return product if sign > 0 else self._builder.fdiv(self._constant(1.0), product, flags=_FLAGS)
        return self._library("llvm.pow.f64", base, self._number(right))

    def _positive_power(self, x: ir.Value, n: ir.Value) -> ir.Value:
        """Raise a positive number; several of them by exp and log, a quarter of the time of the wide pow."""
        if self._lanes % WIDTH or not vector_symbol("log", 1):
            return self._library("llvm.pow.f64", x, n)
        product = self._builder.fmul(n, self._library("llvm.log.f64", x), flags=_FLAGS)
        return self._library("llvm.exp.f64", product)

    def _call(self, name: str, values: list[ir.Value]) -> ir.Value:
        if name == "power":
            return self._guarded_power(*values)
        if name == "power_in_slope":
            return self._guarded_power(*values, in_slope=True)
        if name == "power_by_exponent":
            return self._guarded_power(*values, in_slope=True, at_both_zero=math.nan)
        if name == "logarithm":
            return self._logarithm(*values)
        if name == "larger":
            a, b = values
            return self._compared(a, b, a, b)
        if name == "at_least":
            a, b = values
            return self._compared(a, b, self._constant(1.0), self._constant(0.0))
        if name == "relative_exp":
            u, m = values
            found = self._library("llvm.exp.f64", self._builder.fsub(u, m, flags=_FLAGS))
            return self._where("==", u, m, self._constant(1.0), found)
        if name.startswith("relative_power"):
            by_exponent = name.endswith("by_exponent")
            return self._relative_power(*values, in_slope=name != "relative_power", by_exponent=by_exponent)
        if name == "log_size":
            size = self._library("llvm.fabs.f64", *values)
            found = self._library("llvm.log.f64", self._positive(size))
            return self._where("==", size, self._constant(0.0), self._constant(LOG_OF_ZERO), found)
        if name in ("min", "max", "largest"):
            found, *others = values
            for other in others:
                found = self._where("<" if name == "min" else ">", other, found, other, found)
            return found
        if name in _FUNCTIONS:
            return self._library(_FUNCTIONS[name], *values)
        raise NotImplementedError(f"function {name}")

    def _guarded_power(
        self, x: ir.Value, n: ir.Value, *, in_slope: bool = False, at_both_zero: float = 1.0
    ) -> ir.Value:
        """See `il6infer.network.primitives.Power`."""
        zero, both = self._constant(0.0), self._constant(at_both_zero)
        infinite = zero if in_slope else self._constant(math.inf)
        value = self._positive_power(self._positive(self._library("llvm.fabs.f64", x)), n)
        return self._signed_power(x, n, value, infinite, both)

    def _relative_power(
        self, x: ir.Value, n: ir.Value, size: ir.Value, w: ir.Value, *, in_slope: bool, by_exponent: bool
    ) -> ir.Value:
        """See `il6infer.network.primitives.RelativePower`."""
        exponent = self._builder.fadd(self._builder.fmul(n, size, flags=_FLAGS), w, flags=_FLAGS)
        value = self._library("llvm.exp.f64", exponent)
        infinite = self._constant(0.0) if in_slope else value
        return self._signed_power(x, n, value, infinite, self._constant(math.nan) if by_exponent else value)

    def _signed_power(self, x: ir.Value, n: ir.Value, value: ir.Value, infinite: ir.Value, both: ir.Value) -> ir.Value:
        """Power of a number of any sign: `value` is that of its size, `infinite` and `both` those of 0."""
        zero, nan = self._constant(0.0), self._constant(math.nan)
        positive = self._where(">", n, zero, zero, nan)
        at_zero = self._where("<", n, zero, infinite, self._where("==", n, zero, both, positive))
        half = self._builder.fmul(n, self._constant(0.5), flags=_FLAGS)
        even = self._where("==", self._library("llvm.floor.f64", half), half, value, self._builder.fneg(value))
        broken = self._where(">=", x, self._constant(-_NEGATIVE), at_zero, nan)
        negative = self._where("==", self._library("llvm.floor.f64", n), n, even, broken)
        # A number that is NaN is neither positive, nor negative, nor zero.
        below = self._where("<", x, zero, negative, self._where("==", x, zero, at_zero, nan))
        return self._where(">", x, zero, value, below)

    def _logarithm(self, x: ir.Value) -> ir.Value:
        """See `il6infer.network.primitives.Logarithm`."""
        found = self._library("llvm.log.f64", self._positive(x))
        return self._where(">=", x, self._constant(-_NEGATIVE), found, self._constant(math.nan))

    def _compared(self, a: ir.Value, b: ir.Value, yes: ir.Value, no: ir.Value) -> ir.Value:
        """Choose `yes` where a >= b, `no` where a < b, and NaN where one of both is."""
        smaller = self._where("<", a, b, no, self._constant(math.nan))
        return self._where(">=", a, b, yes, smaller)

    def _positive(self, x: ir.Value) -> ir.Value:
        """X or, where it is not positive, 1: the wide log is slow where its result is not finite."""
        return self._where(">", x, self._constant(0.0), x, self._constant(1.0))

    def _where(self, relation: str, a: ir.Value, b: ir.Value, yes: ir.Value, no: ir.Value) -> ir.Value:
        return self._builder.select(self._builder.fcmp_ordered(relation, a, b), yes, no)

    def _library(self, name: str, *values: ir.Value) -> ir.Value:
        if self._lanes == 1:
            return self._builder.call(self._declared(name, DOUBLE, len(values)), values, fastmath=_FLAGS)
        if name in _WIDE:
            wide = self._declared(name.replace(".f64", f".v{self._lanes}f64"), self._type, len(values))
            return self._builder.call(wide, values, fastmath=_FLAGS)
        symbol = vector_symbol(name.removeprefix("llvm.").removesuffix(".f64"), len(values))
        if symbol and self._lanes % WIDTH == 0:
            function, width = self._declared(symbol, ir.VectorType(DOUBLE, WIDTH), len(values)), WIDTH
        else:
            function, width = self._declared(name, DOUBLE, len(values)), 1
        found = ir.Constant(self._type, ir.Undefined)
        for first in range(0, self._lanes, width):
            own = [self._some(value, first, width) for value in values]
            found = self._with(found, self._builder.call(function, own, fastmath=_FLAGS), first, width)
        return found

    def _some(self, value: ir.Value, first: int, width: int) -> ir.Value:
        """Neighbouring numbers of several."""
        if width == 1:
            return self._builder.extract_element(value, LANE(first))
        places = ir.Constant(ir.VectorType(LANE, width), list(range(first, first + width)))
        return self._builder.shuffle_vector(value, ir.Constant(self._type, ir.Undefined), places)

    def _with(self, all_: ir.Value, some: ir.Value, first: int, width: int) -> ir.Value:
        """Replace neighbouring numbers."""
        if width == 1:
            return self._builder.insert_element(all_, some, LANE(first))
        for place in range(width):
            number = self._builder.extract_element(some, LANE(place))
            all_ = self._builder.insert_element(all_, number, LANE(first + place))
        return all_

    def _declared(self, name: str, kind: ir.Type, count: int) -> ir.Function:
        if name in self._module.globals:
            return self._module.globals[name]
        function = ir.Function(self._module, ir.FunctionType(kind, [kind] * count), name)
        if not name.startswith("llvm."):
            for attribute in ("nounwind", "readnone"):  # so that equal calls are made once
                function.attributes.add(attribute)
        return function
