"""One row of a tangent as a sum of others, in LLVM: its numbers stay in registers until all terms are added."""

from __future__ import annotations

from collections.abc import Iterator

from llvmlite import ir

DOUBLE, INTEGER = ir.DoubleType(), ir.IntType(64)
_FLAGS = ("contract", "reassoc", "nsz", "arcp")
_BLOCK = 32
"""Numbers of a row that are summed at a time: eight registers of four."""


def define_sum_rows(function: ir.Function, width: int) -> None:
    """Write the body of ``sum_rows(out, scale, begin, end, which, values, sources)``.

    ``out = scale * sum(values[which[n]] * row at the address sources[n] for n from begin to end)``, of rows of `width`
    numbers; terms whose value is 0 are left out. A source may be ``out`` itself.

    Parameters
    ----------
    function
        Declared, without a body.
    width
        Length of a row.
    """
    out, scale, begin, end, which, values, sources = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    which = builder.inttoptr(which, INTEGER.as_pointer())
    sources = builder.inttoptr(sources, INTEGER.as_pointer())
    given = out, scale, begin, end, which, values, sources
    blocks = width // _BLOCK
    if blocks:
        with _loop(builder, INTEGER(0), INTEGER(blocks)) as block:
            _sum(builder, given, builder.mul(block, INTEGER(_BLOCK)), _BLOCK)
    if width % _BLOCK:
        _sum(builder, given, INTEGER(blocks * _BLOCK), width % _BLOCK)
    builder.ret_void()


def _pieces(width: int) -> Iterator[tuple[int, int]]:
    """Places and lengths of the vectors that a block is made of."""
    place = 0
    for length in (16, 8, 4, 2, 1):
        while width - place >= length:
            yield place, length
            place += length


def _sum(builder: ir.IRBuilder, given: tuple[ir.Value, ...], first: ir.Value, width: int) -> None:
    out, scale, begin, end, which, values, sources = given
    pieces = list(_pieces(width))
    kinds = [ir.VectorType(DOUBLE, length) for _, length in pieces]
    with builder.goto_entry_block():  # where an optimiser makes registers of them
        sums = [builder.alloca(kind) for kind in kinds]
    for kind, total in zip(kinds, sums, strict=True):
        builder.store(ir.Constant(kind, [0.0] * kind.count), total)
    with _loop(builder, begin, end) as n:
        factor = builder.load(
            builder.gep(values, [builder.load(builder.gep(which, [n], inbounds=True))], inbounds=True)
        )
        with builder.if_then(builder.fcmp_unordered("!=", factor, DOUBLE(0.0))):
            source = builder.inttoptr(builder.load(builder.gep(sources, [n], inbounds=True)), DOUBLE.as_pointer())
            for (place, _), kind, total in zip(pieces, kinds, sums, strict=True):
                row = _vector(builder, source, first, place, kind)
                term = builder.fmul(_splat(builder, factor, kind), builder.load(row, align=8), flags=_FLAGS)
                builder.store(builder.fadd(builder.load(total), term, flags=_FLAGS), total)
    for (place, _), kind, total in zip(pieces, kinds, sums, strict=True):
        scaled = builder.fmul(_splat(builder, scale, kind), builder.load(total), flags=_FLAGS)
        builder.store(scaled, _vector(builder, out, first, place, kind), align=8)


def _vector(builder: ir.IRBuilder, row: ir.Value, first: ir.Value, place: int, kind: ir.Type) -> ir.Value:
    at = builder.gep(row, [builder.add(first, INTEGER(place))], inbounds=True)
    return builder.bitcast(at, kind.as_pointer())


def _splat(builder: ir.IRBuilder, number: ir.Value, kind: ir.VectorType) -> ir.Value:
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), number, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
    return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)


class _loop:  # noqa: N801 (reads like the statement that it is)
    """Repeat what is built inside for whole numbers from one value up to another."""

    def __init__(self, builder: ir.IRBuilder, begin: ir.Value, end: ir.Value) -> None:
        self._builder, self._begin, self._end = builder, begin, end

    def __enter__(self) -> ir.Value:
        builder = self._builder
        before = builder.block
        self._inside = builder.append_basic_block()
        self._after = builder.append_basic_block()
        builder.cbranch(builder.icmp_signed("<", self._begin, self._end), self._inside, self._after)
        builder.position_at_end(self._inside)
        self._place = builder.phi(INTEGER)
        self._place.add_incoming(self._begin, before)
        return self._place

    def __exit__(self, *_: object) -> None:
        builder = self._builder
        following = builder.add(self._place, INTEGER(1))
        self._place.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, self._end), self._inside, self._after)
        builder.position_at_end(self._after)
