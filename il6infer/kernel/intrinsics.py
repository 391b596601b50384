"""Functions for compiled code whose instructions are emitted by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import extending


def intrinsic(define: Callable[..., tuple]) -> Callable[..., Any]:
    """Make such a function of (typing context, types of the arguments) -> signature and what emits the code.

    It is numba's; what calls it gives the arguments without the context, which numba's annotation does not say.
    """
    return extending.intrinsic(define)
