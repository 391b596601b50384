"""Vectors of expressions as numpy functions, with their Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp


class Function:
    """Vector of expressions as a function of a vector, with its Jacobian."""

    def __init__(self, arguments: Sequence[sp.Symbol], expressions: Sequence[sp.Expr]) -> None:
        self._arguments, self._expressions = list(arguments), [sp.sympify(e) for e in expressions]
        self._value = _numeric(self._arguments, self._expressions)
        self._slopes: Callable | None = None

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """(expressions,)."""
        with np.errstate(all="ignore"):
            return np.array(self._value(*values), dtype=float).reshape(len(self._expressions))

    def jacobian(self, values: np.ndarray) -> np.ndarray:
        """(expressions, arguments)."""
        if self._slopes is None:
            self._slopes = _numeric(self._arguments, [e.diff(a) for e in self._expressions for a in self._arguments])
        with np.errstate(all="ignore"):
            flat = np.array(self._slopes(*values), dtype=float)
        return flat.reshape(len(self._expressions), len(self._arguments))


def _numeric(arguments: list[sp.Symbol], expressions: list[sp.Expr]) -> Callable:
    names = [sp.Symbol(f"a{i}_", real=True) for i in range(len(arguments))]
    renamed = [e.xreplace(dict(zip(arguments, names, strict=True))) for e in expressions]
    return sp.lambdify(names, renamed, modules="numpy", cse=True)
