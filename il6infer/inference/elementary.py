"""Logarithm, exponential, normal tail without branches and calls: LLVM makes loops of them go several lanes at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from scipy.special import erfcx

from il6infer.kernel.intrinsics import intrinsic

LANES = {"nogil": True, "error_model": "numpy"}
"""How functions of such loops are compiled: to the letter. Were sums taken in any order, or products fused where LLVM
likes, digits would depend on what is inlined where: the run that compiles had others than those that read its code.
"""


@intrinsic
def _fma(context: Any, x: Any, y: Any, z: Any) -> tuple:
    """X * y + z, rounded once."""

    def generate(target: Any, builder: Any, signature: Any, arguments: list) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


@intrinsic
def _bits(context: Any, value: Any) -> tuple:
    """Bits of a double."""

    def generate(target: Any, builder: Any, signature: Any, arguments: list) -> Any:
        return builder.bitcast(arguments[0], target.get_value_type(types.uint64))

    return types.uint64(types.float64), generate


@intrinsic
def _double(context: Any, bits: Any) -> tuple:
    """Double of bits."""

    def generate(target: Any, builder: Any, signature: Any, arguments: list) -> Any:
        return builder.bitcast(arguments[0], target.get_value_type(types.float64))

    return types.float64(types.uint64), generate


_ROOT = np.uint64(0x3FE6A09E00000000)
_SHIFT = np.uint64(0x3FF0000000000000 - 0x3FE6A09E00000000)
_FRACTION, _EXPONENT = np.uint64(0x000FFFFFFFFFFFFF), np.uint64(52)
_WHOLE, _WHOLE_BITS = 4503599627370496.0, np.uint64(0x4330000000000000)
"""2**52: a double of these bits and a small number in its fraction is their sum."""

_ORDER = 24


def _scaled_tail() -> np.ndarray:
    """Coefficients, the highest first, of ln(erfcx(z) / t) in 2 t - 1 with t = 2 / (2 + z): exact to 1e-14."""
    chebyshev = np.polynomial.chebyshev
    s = chebyshev.chebpts1(_ORDER + 1)
    t = 0.5 * (s + 1.0)
    series = chebyshev.chebfit(s, np.log(erfcx(2.0 / t - 2.0) / t), _ORDER)  # as many points as terms: interpolation
    return np.ascontiguousarray(chebyshev.cheb2poly(series)[::-1])


_TAIL = _scaled_tail()

_LN_2_HIGH, _LN_2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_PER_LN_2, _ROUND = 1.4426950408889634, 6755399441055744.0


@njit(**LANES)
def log_of(x):  # noqa: ANN001, ANN201
    """Natural logarithm of a normal number above zero; exact to 1e-15 of it, or of 1 where it is smaller than that."""
    shifted = _bits(x) + _SHIFT
    power = _double((shifted >> _EXPONENT) | _WHOLE_BITS) - (_WHOLE + 1023.0)
    fraction = _double((shifted & _FRACTION) + _ROOT) - 1.0
    s = fraction / (2.0 + fraction)
    z = s * s
    # 2 artanh(s) = ln((1 + s) / (1 - s)), |s| < 0.172.
    series = 1.0 / 19.0
    series = _fma(z, series, 1.0 / 17.0)
    series = _fma(z, series, 1.0 / 15.0)
    series = _fma(z, series, 1.0 / 13.0)
    series = _fma(z, series, 1.0 / 11.0)
    series = _fma(z, series, 1.0 / 9.0)
    series = _fma(z, series, 1.0 / 7.0)
    series = _fma(z, series, 1.0 / 5.0)
    series = _fma(z, series, 1.0 / 3.0)
    return _fma(power, _LN_2_HIGH, _fma(power, _LN_2_LOW, _fma(2.0 * s * z, series, 2.0 * s)))


@njit(**LANES)
def exp_of(x):  # noqa: ANN001, ANN201
    """Exponential of a number below 700, exact to 1e-15 of it; below -700 that of -700."""
    x = max(x, -700.0)
    # Adding and taking away 1.5 * 2**52 rounds.
    bits = _bits(_fma(x, _PER_LN_2, _ROUND))
    power = _double(bits) - _ROUND
    r = _fma(power, -_LN_2_LOW, _fma(power, -_LN_2_HIGH, x))
    series = 1.0 / 6227020800.0
    series = _fma(r, series, 1.0 / 479001600.0)
    series = _fma(r, series, 1.0 / 39916800.0)
    series = _fma(r, series, 1.0 / 3628800.0)
    series = _fma(r, series, 1.0 / 362880.0)
    series = _fma(r, series, 1.0 / 40320.0)
    series = _fma(r, series, 1.0 / 5040.0)
    series = _fma(r, series, 1.0 / 720.0)
    series = _fma(r, series, 1.0 / 120.0)
    series = _fma(r, series, 1.0 / 24.0)
    series = _fma(r, series, 1.0 / 6.0)
    series = _fma(r, series, 0.5)
    return (1.0 + _fma(r * r, series, r)) * _double(((bits & np.uint64(0xFFF)) + np.uint64(1023)) << _EXPONENT)


@njit(**LANES)
def log_tail_of(x):  # noqa: ANN001, ANN201
    """Logarithm of the mass of a standard normal distribution above x, which is not below zero; exact to 1e-14."""
    z = x * 0.7071067811865476
    t = 2.0 / (2.0 + z)
    s = 2.0 * t - 1.0
    series = _TAIL[0]
    for i in range(1, _ORDER + 1):
        series = _fma(series, s, _TAIL[i])
    return _fma(-z, z, log_of(0.5 * t) + series)
