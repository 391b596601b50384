"""Numba functions that are compiled once a machine, in the cache of `il6infer.kernel.cache`.

Numba's own cache looks at the file of a function alone (code that it calls from another module may change), does not
see a damaged entry, and refuses to import a function where it can write nowhere.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core.caching import NullCache
from numba.core.ccallback import CFunc
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.core.typing.templates import Signature

from il6infer.kernel import cache


class _Cache(NullCache):
    """Numba's interface to the cache, for one function."""

    def __init__(self, function: Callable) -> None:
        self._name = f"{function.__name__}.{cache.digest_of(function.__module__)}"

    def _entry(self, signature: Any) -> str:
        return f"{self._name}.{hashlib.sha256(str(signature).encode()).hexdigest()[:16]}.numba"

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        """Compiled code for a signature, or None."""
        target_context.refresh()
        data = cache.read(self._entry(sig))
        return None if data is None else CompileResult._rebuild(target_context, *pickle.loads(data))

    def save_overload(self, sig: Any, cres: CompileResult) -> None:
        """Keep compiled code."""
        cache.write(self._entry(sig), dumps(cres._reduce()))


def cached(function: Callable) -> Any:
    """Compile a function that releases the interpreter's lock, once a machine for each signature."""
    return _with_cache(njit(nogil=True)(function), function)


def c_function(signature: Signature, **options: Any) -> Callable[[Callable], CFunc]:
    """Compile a function to a C function of a signature, once a machine; `options` are those of `numba.cfunc`."""

    def decorate(function: Callable) -> CFunc:
        compiled = CFunc(function, (signature.args, signature.return_type), locals={}, options=options)
        _with_cache(compiled, function).compile()
        return compiled

    return decorate


def address_of(compiled: CFunc) -> int:
    """Address of a C function."""
    if compiled.address is None:
        raise ValueError("a C function without an address: it is not compiled")
    return compiled.address


def _with_cache(compiled: Any, function: Callable) -> Any:
    compiled._cache = _Cache(function)
    return compiled
