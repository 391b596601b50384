"""Straight-line Python to LLVM, for the functions of one model: numba's front end takes 5 ms a line, this 0.05.

The language is what `il6infer.kernel.equations` and `il6infer.kernel.method` write and no more: assignments to local
variables and to elements of vectors, arithmetic, functions of `math`, conditional expressions, ``if k == 3:`` on an
integer argument, and ``for i in range(23):`` over elements ``y[i]`` and ``k[46 + i]``; places that are read from a
constant list, ``i = ROW[n]``, and loops between two of these, ``for n in range(BEGIN[i], END[i]):``; calls of parts of
a function, ``rhs__0(y, p, t, out)``, which are not inlined. Whatever else there is raises an error; nothing is guessed.

What the integrator calls for several runs at once (`model_functions.LANES`) is made of instructions that work on one
number of each run, so that a processor with wide registers does them together.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Mapping, Sequence
from typing import Any

from llvmlite import ir

from il6infer.kernel.arithmetic import DOUBLE, INTEGER, Arithmetic
from il6infer.kernel.model_functions import FUNCTIONS, LANE_FUNCTIONS, declared_types, symbol_of
from il6infer.kernel.rows import define_sum_rows


def module_of(source: str, constants: Mapping[str, Any], wanted: Container[str] | None = None) -> ir.Module:
    """Translate the functions of a model, and make its constants functions that an optimiser sees through.

    Parameters
    ----------
    source
        Definitions whose names are those of `il6infer.kernel.model_functions.FUNCTIONS` and `LANE_FUNCTIONS`.
    constants
        Name -> integer, number, or list (of lists of one length) of either. ``LANES`` is the number of runs that go
        together, 1 without it.
    wanted
        Symbols of the functions to translate; None: all.

    Raises
    ------
    NotImplementedError
        If the source says what the language above does not have.
    """
    module = ir.Module("model")
    for name, value in constants.items():
        _constant(module, name, value)
    for definition in ast.parse(source).body:
        if not isinstance(definition, ast.FunctionDef):
            raise NotImplementedError(f"not a function: {ast.unparse(definition)}")
        for functions, lanes in ((FUNCTIONS, None), (LANE_FUNCTIONS, int(constants.get("LANES", 1)))):
            name = definition.name.split("__")[0]
            symbol = symbol_of(name, together=lanes is not None)
            if name in functions and (wanted is None or symbol in wanted):
                symbol = symbol_of(definition.name, together=lanes is not None)
                _Function(module, definition, symbol, functions[name], lanes).translate()
    symbol = symbol_of("sum_rows")
    if "WIDTH" in constants and (wanted is None or symbol in wanted):
        kind = ir.FunctionType(ir.VoidType(), declared_types(FUNCTIONS["sum_rows"], together=False))
        define_sum_rows(ir.Function(module, kind, symbol), int(constants["WIDTH"]))
    return module


def _constant(module: ir.Module, name: str, value: Any) -> None:
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


class _Function(Arithmetic):
    """One definition on its way to LLVM, for one run (`lanes` is None) or several."""

    def __init__(
        self, module: ir.Module, definition: ast.FunctionDef, symbol: str, kinds: Sequence[str], lanes: int | None
    ) -> None:
        signature = ir.FunctionType(ir.VoidType(), declared_types(kinds, together=lanes is not None))
        self._function = ir.Function(module, signature, symbol)
        self._function.attributes.add("nounwind")
        if "__" in definition.name:
            self._function.attributes.add("noinline")
            self._function.linkage = "internal"
        self._definition, self._together = definition, lanes is not None
        super().__init__(module, ir.IRBuilder(self._function.append_basic_block()), lanes or 1)
        for argument, value, kind in zip(definition.args.args, self._function.args, kinds, strict=True):
            if kind == "index":
                self._indices[argument.arg] = value
            elif not isinstance(value.type, ir.PointerType):
                self._values[argument.arg] = value
            else:
                value.add_attribute("noalias")  # no caller in this package passes one vector twice
                place = self._builder.bitcast(value, self._type.as_pointer())
                if kind == "vector":
                    self._vectors[argument.arg] = place
                else:
                    self._values[argument.arg] = self._load(place)

    def translate(self) -> None:
        self._statements(self._definition.body)
        self._builder.ret_void()

    def _statements(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if self._is_condition(value):
                    self._values[name] = self._condition(value)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript(value=ast.Name(id=own)) as value) if (
                    self._is_table(own)
                ):
                    self._indices[name] = self._place(value)
                case ast.Assign(targets=[target], value=value):
                    self._store(target, self._number(value))
                case ast.AugAssign(target=target, op=operator, value=value):
                    old = self._number(target)
                    self._store(target, self._apply(operator, old, self._number(value)))
                case ast.If(test=test, body=inner, orelse=[]):
                    self._case(test, inner)
                case ast.For(
                    target=ast.Name(id=name),
                    iter=ast.Call(func=ast.Name(id="range"), args=ends, keywords=[]),
                    body=inner,
                    orelse=[],
                ):
                    begin, end = (INTEGER(0), *map(self._place, ends))[-2:]
                    self._loop(name, begin, end, inner)
                case ast.Expr(value=ast.Call(func=ast.Name(id=name), keywords=[])) if "__" in name:
                    part = self._module.globals[symbol_of(name, together=self._together)]
                    self._builder.call(part, self._function.args)
                case ast.Pass():
                    pass
                case _:
                    raise NotImplementedError(f"statement: {ast.unparse(statement)}")

    def _case(self, test: ast.expr, body: Sequence[ast.stmt]) -> None:
        match test:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq()], comparators=[ast.Constant(value=int(number))]) if (
                name in self._indices
            ):
                chosen = self._builder.icmp_signed("==", self._indices[name], INTEGER(number))
            case _:
                raise NotImplementedError(f"condition: {ast.unparse(test)}")
        outside = dict(self._values)
        with self._builder.if_then(chosen):
            self._statements(body)
        self._values = outside

    def _loop(self, name: str, begin: ir.Value, end: ir.Value, body: Sequence[ast.stmt]) -> None:
        """Repeat; local variables that the body sets are its own."""
        before = self._builder.block
        inside, after = self._function.append_basic_block(), self._function.append_basic_block()
        self._builder.cbranch(self._builder.icmp_signed("<", begin, end), inside, after)
        self._builder.position_at_end(inside)
        place = self._builder.phi(INTEGER)
        place.add_incoming(begin, before)
        outside, indices = dict(self._values), dict(self._indices)
        self._indices[name] = place
        self._statements(body)
        self._values, self._indices = outside, indices
        following = self._builder.add(place, INTEGER(1))
        place.add_incoming(following, self._builder.block)
        self._builder.cbranch(self._builder.icmp_signed("<", following, end), inside, after)
        self._builder.position_at_end(after)

    def _store(self, target: ast.expr, value: ir.Value) -> None:
        match target:
            case ast.Name(id=name):
                self._values[name] = value
            case ast.Subscript():
                self._builder.store(value, self._element(target), align=8)
            case _:
                raise NotImplementedError(f"target: {ast.unparse(target)}")
