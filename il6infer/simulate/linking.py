"""Calls of a compiled kernel by its symbol, so that its callers need not compile it again.

Numba links a callee's code into each caller and optimises it anew: for a kernel of some thousand lines that costs
20 s for each new model around it, on every run. Here the kernel comes from its own cache on disk, and the caller holds
a symbol that is resolved when the caller is loaded; so the caller can be cached too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite.binding import add_symbol
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def by_symbol(symbol: str, kernel: Any, signature: Sequence[types.Type]) -> tuple[Callable, types.Type]:
    """Make a compiled function callable from others without its code.

    Parameters
    ----------
    symbol
        Its name in this process; where callers are cached on disk, one that stands for its content.
    kernel
        A numba dispatcher. It must live as long as its callers.
    signature
        Numba types of its arguments.

    Returns
    -------
    Callable
        For use inside compiled functions: takes the kernel's arguments as one tuple.
    numba.types.Type
        What it returns.
    """
    signature = tuple(signature)
    kernel.compile(signature)
    compiled = kernel.overloads[signature]
    returned = compiled.signature.return_type
    add_symbol(symbol, compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))

    @intrinsic
    def call(context: Any, arguments: Any) -> tuple | None:
        if tuple(types.unliteral(argument) for argument in arguments) != signature:
            return None

        def generate(target: Any, builder: Any, _: Any, values: list) -> Any:
            convention = target.call_conv
            declared = convention.get_function_type(returned, signature)
            function = cgutils.get_or_insert_function(builder.module, declared, symbol)
            unpacked = [
                target.cast(builder, value, given, wanted)
                for value, given, wanted in zip(
                    cgutils.unpack_tuple(builder, values[0]), arguments, signature, strict=True
                )
            ]
            status, result = convention.call_function(builder, function, returned, signature, unpacked)
            with cgutils.if_unlikely(builder, status.is_error):
                convention.return_status_propagate(builder, status)
            return result

        return returned(arguments), generate

    return call, returned
