"""Calls of compiled kernels without their code, so that callers need not compile them again.

Numba links a callee's code into each caller and optimises it anew: for a kernel of some thousand lines that costs
20 s for each new model around it, on every run. Here the kernel comes from its own cache on disk, and the caller holds
a symbol that is resolved when the caller is loaded, or gets the kernel's address as an argument; so the caller can be
cached too, in the second case for all kernels at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from llvmlite.binding import add_symbol
from numba import types
from numba.core import cgutils
from numba.np.arrayobj import populate_array

from il6infer.kernel.cached_functions import cached
from il6infer.kernel.contracts import (
    JACOBIAN,
    JACOBIANS,
    PULLBACK,
    SIMULATE,
    SIMULATED,
    TABLES,
    VECTOR,
    Tables,
)
from il6infer.kernel.intrinsics import intrinsic


def call_at(signature: Sequence[types.Type], returned: types.Type) -> Callable:
    """Make a caller, for use inside compiled functions, of any kernel with a signature.

    Returns
    -------
    Callable
        Takes an address and the kernel's arguments as one tuple.
    """
    signature = tuple(signature)

    @intrinsic
    def call(context: Any, address: Any, arguments: Any) -> tuple:
        def generate(target: Any, builder: Any, given: Any, values: list) -> Any:
            declared = target.call_conv.get_function_type(returned, signature)
            function = builder.inttoptr(values[0], declared.as_pointer())
            return _called(target, builder, function, signature, returned, given.args[1], values[1])

        return returned(types.int64, arguments), generate

    return call


def _called(target: Any, builder: Any, function: Any, signature: tuple, returned: Any, given: Any, values: Any) -> Any:
    """Emit the call: arguments cast from the types given, errors passed on."""
    unpacked = [
        target.cast(builder, value, have, wanted)
        for value, have, wanted in zip(cgutils.unpack_tuple(builder, values), given, signature, strict=True)
    ]
    status, result = target.call_conv.call_function(builder, function, returned, signature, unpacked)
    with cgutils.if_unlikely(builder, status.is_error):
        target.call_conv.return_status_propagate(builder, status)
    return result


def by_symbol(symbol: str, address: int, signature: Sequence[types.Type], returned: types.Type) -> Callable:
    """Make one kernel callable from compiled functions that may be cached.

    Parameters
    ----------
    symbol
        Its name in this process; where callers are cached on disk, one that stands for its content.
    address
        Of the kernel, see `Kernel.address`.
    signature, returned
        Numba types of its arguments and of what it returns.

    Returns
    -------
    Callable
        For use inside compiled functions: takes the kernel's arguments as one tuple.
    """
    signature = tuple(signature)
    add_symbol(symbol, address)

    @intrinsic
    def call(context: Any, arguments: Any) -> tuple:
        def generate(target: Any, builder: Any, given: Any, values: list) -> Any:
            declared = target.call_conv.get_function_type(returned, signature)
            function = cgutils.get_or_insert_function(builder.module, declared, symbol)
            return _called(target, builder, function, signature, returned, given.args[0], values[0])

        return returned(arguments), generate

    return call


_simulate, _pullback = call_at(SIMULATE, SIMULATED), call_at(PULLBACK, VECTOR)
_jacobian = call_at(JACOBIAN, JACOBIANS)


def packed(tables: Tables) -> np.ndarray:
    """Describe tables by integers, for `unpacked`: address and two lengths of an array, a number as it is.

    Returns
    -------
    np.ndarray
        (fields, 3). The arrays must outlive its use.
    """
    rows = np.zeros((len(tables), 3), dtype=np.int64)
    for row, field in zip(rows, tables, strict=True):
        if isinstance(field, np.ndarray):
            row[: 1 + field.ndim] = field.ctypes.data, *field.shape
        elif isinstance(field, float):
            row[:1].view(np.float64)[0] = field
        else:
            row[0] = field
    return rows


@intrinsic
def unpacked(context: Any, address: types.Integer) -> tuple:
    """Tables that `packed` has described, at the address of its result."""

    def generate(target: Any, builder: Any, signature: Any, values: list) -> Any:
        rows = builder.inttoptr(values[0], ir.IntType(64).as_pointer())

        def integer(field: int, column: int) -> Any:
            return builder.load(builder.gep(rows, [ir.IntType(64)(3 * field + column)]))

        fields = []
        for number, kind in enumerate(TABLES):
            if isinstance(kind, types.Array):
                fields.append(_array(target, builder, kind, [integer(number, i) for i in range(1 + kind.ndim)]))
            elif kind is types.float64:
                fields.append(builder.bitcast(integer(number, 0), ir.DoubleType()))
            else:
                fields.append(integer(number, 0))
        return target.make_tuple(builder, TABLES, fields)

    return TABLES(types.int64), generate


def _array(target: Any, builder: Any, kind: types.Array, numbers: Sequence[Any]) -> Any:
    """Emit an array on memory that somebody else owns: address, then its lengths."""
    array, size = target.make_array(kind)(target, builder), ir.IntType(64)(8)
    address, *shape = numbers
    strides = [builder.mul(size, shape[1]), size] if len(shape) == 2 else [size]
    populate_array(
        array,
        data=builder.inttoptr(address, array.data.type),
        shape=cgutils.pack_array(builder, shape),
        strides=cgutils.pack_array(builder, strides),
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()


class Described:
    """Tables as compiled code reads them at an address; numba would take them apart anew at each call from Python.

    Attributes
    ----------
    tables
        What is described; kept as long as this is.
    address
        Of the description.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables, self._rows = tables, packed(tables)
        self.address = int(self._rows.ctypes.data)


@cached
def simulate_at(address, theta, tables, keep):  # noqa: ANN001, ANN201
    """Call a kernel's ``simulate``; see `forward`. `tables` is the address of their description."""
    return _simulate(address, (theta, unpacked(tables), keep))


@cached
def pullback_at(address, theta, tables, kept, prediction_bar, noise_bar):  # noqa: ANN001, ANN201
    """Call a kernel's ``pullback``; see `backward`. `tables` is the address of their description."""
    return _pullback(address, (theta, unpacked(tables), kept, prediction_bar, noise_bar))


@cached
def gradient_at(simulate, pullback, theta, tables, prediction_bar, noise_bar):  # noqa: ANN001, ANN201
    """Call ``simulate`` and ``pullback`` at their addresses: whether every run came to its end, and then the gradient.

    One call from Python, which never sees the tape: handing it over and back takes 3 % of a small gradient.

    Parameters
    ----------
    simulate, pullback
        Addresses of the two entries of one kernel.
    theta
        (parameters,), on the linear scale.
    tables
        Address of the description of the tables.
    prediction_bar, noise_bar
        (measurements,) weights.
    """
    found = _simulate(simulate, (theta, unpacked(tables), True))
    for r in range(len(found.kept.outcome)):
        if found.kept.outcome[r] != 0:
            return False, np.empty(0)
    return True, _pullback(pullback, (theta, unpacked(tables), found.kept, prediction_bar, noise_bar))


@cached
def jacobian_at(address, theta, tables, kept):  # noqa: ANN001, ANN201
    """Call a kernel's ``jacobian``; see `sensitivity`. `tables` is the address of their description."""
    return _jacobian(address, (theta, unpacked(tables), kept))
