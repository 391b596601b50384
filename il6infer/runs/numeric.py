"""Vectors of expressions as numpy functions, with their Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp
from sympy.printing.numpy import NumPyPrinter

from il6infer.network.derivatives import derivative
from il6infer.network.functions import PRIMITIVES, plain
from il6infer.network.graphs import all_replaced, shared
from il6infer.network.primitives import INTERNAL, LOG_OF_ZERO, Chosen


def _power(x: float, n: float, *, in_slope: bool = False) -> float:
    """See `il6infer.network.functions.Power`."""
    if x > 0 or (x < 0 and n == np.floor(n)):
        return np.power(x, n)
    if np.isnan(n) or not x >= -1e-6:
        return np.nan
    return 1.0 if n == 0 else 0.0 if n > 0 or in_slope else np.inf


def _power_in_slope(x: float, n: float) -> float:
    return _power(x, n, in_slope=True)


def _power_by_exponent(x: float, n: float) -> float:
    return np.nan if x == 0 and n == 0 else _power(x, n, in_slope=True)


def _logarithm(x: float) -> float:
    return np.log(x) if x > 0 else 0.0 if x >= -1e-6 else np.nan


def _at_least(a: float, b: float) -> float:
    return 1.0 if a >= b else 0.0 if a < b else np.nan


def _log_size(x: float) -> float:
    return LOG_OF_ZERO if x == 0 else np.log(np.abs(x))


def _relative_exp(u: float, m: float) -> float:
    return 1.0 if u == m else np.exp(u - m)


def _relative_power(x: float, n: float, size: float, w: float, *, in_slope: bool = False) -> float:
    """See `il6infer.network.primitives.RelativePower`."""
    if x > 0 or n == 0 or (x < 0 and n == np.floor(n)):
        return (-1.0 if x < 0 and n % 2 else 1.0) * np.exp(n * size + w)
    if np.isnan(n) or not x >= -1e-6:
        return np.nan
    return 0.0 if n > 0 or in_slope else np.exp(n * size + w)


def _relative_power_in_slope(x: float, n: float, size: float, w: float) -> float:
    return _relative_power(x, n, size, w, in_slope=True)


def _relative_power_by_exponent(x: float, n: float, size: float, w: float) -> float:
    return np.nan if x == 0 and n == 0 else _relative_power(x, n, size, w, in_slope=True)


def _dividing(function: Callable[..., float]) -> Callable[..., np.float64]:
    """Give a function whose results divide by zero; Python's own numbers do not."""
    return lambda *values: np.float64(function(*values))


_OWN = {
    "power": _power,
    "power_in_slope": _power_in_slope,
    "power_by_exponent": _power_by_exponent,
    "logarithm": _logarithm,
    "at_least": _at_least,
    "largest": max,
    "log_size": _log_size,
    "relative_exp": _relative_exp,
    "relative_power": _relative_power,
    "relative_power_in_slope": _relative_power_in_slope,
    "relative_power_by_exponent": _relative_power_by_exponent,
}
_NAMES = {row.code[1]: getattr(np, row.code[1]) for row in PRIMITIVES.values()} | {"larger": np.maximum}
_NAMES |= {name: _dividing(function) for name, function in _OWN.items()}
_PRINTED = INTERNAL | {function: row.code[1] for function, row in PRIMITIVES.items()}


class Function:
    """Vector of expressions as a function of a vector, with its Jacobian."""

    def __init__(self, arguments: Sequence[sp.Symbol], expressions: Sequence[sp.Expr]) -> None:
        self._arguments, self._expressions = list(arguments), [plain(e) for e in expressions]
        self._value = _numeric(self._arguments, self._expressions)
        self._slopes: Callable | None = None

    def __call__(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        """(expressions,)."""
        with np.errstate(all="ignore"):
            return np.array(self._value(*_numbers(values)), dtype=float).reshape(len(self._expressions))

    def jacobian(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        """(expressions, arguments)."""
        if self._slopes is None:
            self._slopes = _numeric(
                self._arguments, [derivative(e, a) for e in self._expressions for a in self._arguments]
            )
        with np.errstate(all="ignore"):
            flat = np.array(self._slopes(*_numbers(values)), dtype=float)
        return flat.reshape(len(self._expressions), len(self._arguments))


def _numbers(values: Sequence[float] | np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=float)


class _Printer(NumPyPrinter):
    def _print_Function(self, e: sp.Expr) -> str:
        if isinstance(e, Chosen):
            test, form, other = map(self._print, e.args)
            return f"(({form}) if ({test}) > 0 else ({other}))"
        return f"{_PRINTED[e.func]}({', '.join(map(self._print, e.args))})"

    def _print_ITE(self, e: sp.Basic) -> str:
        test, yes, no = map(self._print, e.args)
        return f"(({yes}) if ({test}) else ({no}))"

    def _print_Piecewise(self, e: sp.Piecewise) -> str:
        """Of numbers: numpy's own `select` computes every branch, and warns where one has no value."""
        text = "nan"
        for value, condition in reversed(e.args):
            text = f"(({self._print(value)}) if ({self._print(condition)}) else ({text}))"
        return text


def _numeric(arguments: list[sp.Symbol], expressions: list[sp.Expr]) -> Callable:
    names = [sp.Symbol(f"a{i}_", real=True) for i in range(len(arguments))]
    renamed = all_replaced(expressions, dict(zip(arguments, names, strict=True)))
    printer = _Printer({"fully_qualified_modules": False, "user_functions": {name: name for name in _NAMES}})
    return sp.lambdify(names, renamed, modules=[_NAMES, "numpy"], printer=printer, cse=_shared)


def _shared(expressions: Sequence[sp.Expr], **_: object) -> tuple[list, list]:
    return shared(expressions, sp.numbered_symbols("s_"))
