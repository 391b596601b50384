"""Calls of compiled kernels without their code, so that callers need not compile them again.

Numba links a callee's code into each caller and optimises it anew: for a kernel of some thousand lines that costs
20 s for each new model around it, on every run. Here the kernel comes from its own cache on disk, and the caller holds
a symbol that is resolved when the caller is loaded, or gets the kernel's address as an argument; so the caller can be
cached too, in the second case for all kernels at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite.binding import add_symbol
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

VECTOR = types.float64[::1]
_MATRIX = types.float64[:, ::1]


def _read_only(dtype: types.Type, dimensions: int) -> types.Array:
    # Numba types constant arrays as read-only; one type for all callers means one compilation.
    return types.Array(dtype, dimensions, "C", readonly=True)


_VECTOR, _LIST, _ROWS = (_read_only(t, n) for t, n in ((types.float64, 1), (types.int64, 1), (types.int64, 2)))

TABLES = (_VECTOR, _VECTOR, _ROWS, _LIST, _ROWS, _LIST, _ROWS, _LIST, _LIST, _VECTOR, _ROWS, _LIST, _LIST, _VECTOR)
"""Types of the tables that a kernel reads; see `il6infer.engine.rosenbrock`."""

PREDICTED = (VECTOR, VECTOR)
"""Types of what a kernel's ``simulate`` returns first: prediction, noise."""

KEPT = (types.int64[::1], _MATRIX, _MATRIX, _MATRIX, _MATRIX)
"""Types of what it returns then, and ``pullback`` takes: outcome, states, tape, states before jumps, rest."""

SIMULATE, SIMULATED = (VECTOR, types.Tuple(TABLES), types.boolean), types.Tuple((*PREDICTED, *KEPT))
PULLBACK = (VECTOR, types.Tuple(TABLES), *KEPT, VECTOR, VECTOR)
"""Types of the arguments of both, and what the first returns; the second returns a `VECTOR`."""

JACOBIAN, JACOBIANS = (VECTOR, types.Tuple(TABLES), *KEPT), types.Tuple((_MATRIX, _MATRIX))
"""Types of the arguments of ``jacobian``, and what it returns."""


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


@njit(cache=True, nogil=True)
def simulate_at(address, theta, tables, keep):  # noqa: ANN001, ANN201
    """Call a kernel's ``simulate``; see `forward`."""
    return _simulate(address, (theta, tables, keep))


@njit(cache=True, nogil=True)
def pullback_at(address, theta, tables, outcome, states, tape, before, rest, value_bar, noise_bar):  # noqa: ANN001, ANN201
    """Call a kernel's ``pullback``; see `backward`."""
    kept = (outcome, states, tape, before, rest)
    return _pullback(address, (theta, tables, *kept, value_bar, noise_bar))


@njit(cache=True, nogil=True)
def jacobian_at(address, theta, tables, outcome, states, tape, before, rest):  # noqa: ANN001, ANN201
    """Call a kernel's ``jacobian``; see `sensitivity`."""
    return _jacobian(address, (theta, tables, outcome, states, tape, before, rest))
