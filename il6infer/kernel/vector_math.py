"""Functions of four numbers at once from the C library, where it has them (glibc's libmvec on x86-64 with AVX2).

Their error is a few units in the last place: https://sourceware.org/glibc/wiki/libmvec
"""

from __future__ import annotations

import platform
from functools import cache

from llvmlite import binding

from il6infer.kernel.processor import processor

WIDTH = 4
"""Numbers at once."""

_LIBRARY = "libmvec.so.1"
_NAMES = ("exp", "log", "sin", "cos")
"""Those that every libmvec has."""


@cache
def library() -> str:
    """Name of the library, loaded for good; empty where there is none for this processor."""
    # Code for a processor without AVX2 would hand over its numbers in other registers than the library looks in.
    if platform.machine() != "x86_64" or "+avx2" not in processor()[1].split(","):
        return ""
    try:
        binding.load_library_permanently(_LIBRARY)
    except RuntimeError:
        return ""
    return _LIBRARY


def vector_symbol(name: str, arguments: int) -> str:
    """Symbol of a function of `math` for `WIDTH` numbers, by name; empty where there is none."""
    return f"_ZGVdN{WIDTH}{'v' * arguments}_{name}" if name in _NAMES and library() else ""
