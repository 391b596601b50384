"""Compiled log-density of any problem: prior, Jacobian of the coordinates, likelihood. Numba sees it once a machine.

Everything particular to a problem is data, and its kernel an address; so this is compiled for the first fit on a
machine and comes from the disk for every later one, whatever the model.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, from_dtype, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from il6infer.fit.coordinates import Map
from il6infer.kernel.calls import call_at, unpacked
from il6infer.kernel.contracts import PULLBACK, SIMULATE, SIMULATED, VECTOR
from il6infer.problem.priors import FAMILIES

FAILED, BAD_GRADIENT, BAD_VALUE = 1, 3, 4
"""Codes that nutpie takes for a divergence (they are positive), and goes on."""

_TABLE = [("address", np.int64), ("rows", np.int64), ("columns", np.int64)]

DESCRIPTION = np.dtype(
    [
        ("dimension", np.int64),  # of the posterior
        ("forward", np.int64),  # address of the kernel's ``simulate``
        ("backward", np.int64),  # of its ``pullback``
        ("rescue", np.int64),  # of both functions of `il6infer.engine.fallback`
        ("rescue_gradient", np.int64),
        ("likelihood", np.int64),  # of the likelihood by another engine; 0: by the kernel
        ("tables", np.int64),  # of what the kernel reads, see `il6infer.kernel.calls.packed`
        ("frame", _TABLE),  # origin, then the rows of the matrix
        ("priors", _TABLE),  # a row a parameter, see `MAP` to `CONSTANT`
        ("measured", _TABLE),  # a row a measurement, see `KIND` and `VALUE`
    ]
)
"""What describes a problem to the log-density, as one record; addresses are of memory that the caller keeps."""

DOUBLES, DESCRIPTIONS = types.CPointer(types.float64), types.CPointer(from_dtype(DESCRIPTION))

NORMAL, LOG_NORMAL, UNIFORM, LOG_UNIFORM, LAPLACE, LOG_LAPLACE, CAUCHY, GAMMA, EXPONENTIAL, CHISQUARE, RAYLEIGH = range(
    len(FAMILIES)
)
IDENTITY, ABOVE, BELOW, BETWEEN = (int(m) for m in (Map.IDENTITY, Map.ABOVE, Map.BELOW, Map.BETWEEN))
MAP, LOW, HIGH, FAMILY, FIRST, SECOND, CONSTANT = range(7)
"""Columns of the table of priors."""

KIND, VALUE = range(2)
"""Columns of the table of measurements: position in `NOISES`, measured value."""

NOISES = ("normal", "log-normal", "laplace", "log-laplace")

_INNER = {"nogil": True, "error_model": "numpy"}
_ROOT = 0.5 * math.log(2 * math.pi)


@intrinsic
def _pointer(context: Any, address: Any, like: Any) -> tuple:
    """Pointer to doubles (like=0.0) or integers (like=0) at an address."""
    kind = types.CPointer(types.unliteral(like))

    def generate(target: Any, builder: Any, signature: Any, arguments: list) -> Any:
        return builder.inttoptr(arguments[0], target.get_value_type(kind))

    return kind(types.int64, like), generate


@njit(**_INNER)
def _table(description):  # noqa: ANN001, ANN202
    return carray(_pointer(description.address, 0.0), (description.rows, description.columns))


@njit(**_INNER)
def value_at(x, row):  # noqa: ANN001, ANN202
    """Value of a coordinate, its derivative, the logarithm of that, and the derivative of the logarithm."""
    kind, low, high = int(row[MAP]), row[LOW], row[HIGH]
    if kind == IDENTITY:
        return x, 1.0, 0.0, 0.0
    if kind == ABOVE:
        e = math.exp(x)
        return low + e, e, x, 1.0
    if kind == BELOW:
        e = math.exp(x)
        return high - e, -e, x, 1.0
    if x >= 0:
        e = math.exp(-x)
        share, rest = 1.0 / (1.0 + e), e / (1.0 + e)
    else:
        e = math.exp(x)
        share, rest = e / (1.0 + e), 1.0 / (1.0 + e)
    softened = -abs(x) - 2.0 * math.log1p(math.exp(-abs(x)))  # log(share * rest)
    if kind == BETWEEN:
        return low + (high - low) * share, (high - low) * share * rest, math.log(high - low) + softened, rest - share
    decades = math.log(high / low)
    value, inner = low * math.exp(decades * share), decades * share * rest
    return value, value * inner, math.log(value) + math.log(decades) + softened, inner + rest - share


@njit(**_INNER)
def prior_at(v, row):  # noqa: ANN001, ANN202
    """Logarithm of the prior's density at a value, and its derivative."""
    kind, a, b = int(row[FAMILY]), row[FIRST], row[SECOND]
    if kind == NORMAL:
        z = (v - a) / b
        found, slope = -0.5 * z * z, -z / b
    elif kind == LOG_NORMAL:
        z = (math.log(v) - a) / b
        found, slope = -0.5 * z * z - math.log(v), -(z / b + 1.0) / v
    elif kind == UNIFORM:
        found, slope = 0.0, 0.0
    elif kind == LOG_UNIFORM:
        found, slope = -math.log(v), -1.0 / v
    elif kind == LAPLACE:
        found, slope = -abs(v - a) / b, -np.sign(v - a) / b
    elif kind == LOG_LAPLACE:
        z = math.log(v) - a
        found, slope = -abs(z) / b - math.log(v), -(np.sign(z) / b + 1.0) / v
    elif kind == CAUCHY:
        z = (v - a) / b
        found, slope = -math.log1p(z * z), -2.0 * z / (b * (1.0 + z * z))
    elif kind == GAMMA:
        found, slope = (a - 1.0) * math.log(v) - v / b, (a - 1.0) / v - 1.0 / b
    elif kind == EXPONENTIAL:
        found, slope = -v / a, -1.0 / a
    elif kind == CHISQUARE:
        found, slope = (0.5 * a - 1.0) * math.log(v) - 0.5 * v, (0.5 * a - 1.0) / v - 0.5
    else:
        found, slope = math.log(v) - 0.5 * (v / a) ** 2, 1.0 / v - v / (a * a)
    return found + row[CONSTANT], slope


@njit(**_INNER)
def likelihood_at(prediction, noise, measured, by_value, by_noise):  # noqa: ANN001, ANN202
    """Logarithm of the likelihood; fills its derivatives by each prediction and each noise.

    The same as `il6infer.engine.likelihood`, without arrays in between.
    """
    total = 0.0
    for n in range(len(prediction)):
        kind, value, median, scale = int(measured[n, KIND]), measured[n, VALUE], prediction[n], noise[n]
        inner = 1.0
        if kind % 2 == 1:
            if not median > 0.0:
                return -np.inf
            total -= math.log(value)
            inner, value, median = median, math.log(value), math.log(median)
        z = (value - median) / scale
        if kind < 2:
            total -= 0.5 * z * z + math.log(scale) + _ROOT
            by_value[n], by_noise[n] = z / (scale * inner), (z * z - 1.0) / scale
        else:
            total -= abs(z) + math.log(2.0 * scale)
            by_value[n], by_noise[n] = np.sign(z) / (scale * inner), (abs(z) - 1.0) / scale
    return total


_forward = call_at(SIMULATE, SIMULATED)
_backward = call_at(PULLBACK, VECTOR)


@intrinsic
def _call_c(context: Any, address: Any, arguments: Any) -> tuple:
    """Call a C function of pointers at an address: returns nothing or, where the last argument is 0.0, a double."""
    kinds = tuple(arguments)
    gives = kinds[-1] is types.float64

    def generate(target: Any, builder: Any, signature: Any, values: list) -> Any:
        unpacked = cgutils.unpack_tuple(builder, values[1])[: len(kinds) - gives]
        returned = ir.DoubleType() if gives else ir.VoidType()
        kind = ir.FunctionType(returned, [value.type for value in unpacked])
        result = builder.call(builder.inttoptr(values[0], kind.as_pointer()), unpacked)
        return result if gives else target.get_constant(types.float64, 0.0)

    return types.float64(types.int64, arguments), generate


@njit(**_INNER)
def _likelihood(theta, data, slope):  # noqa: ANN001, ANN202
    """Log-likelihood at a vector of parameters; fills its gradient where it is finite."""
    if data.likelihood != 0:
        return _call_c(data.likelihood, (_pointer(theta.ctypes.data, 0.0), _pointer(slope.ctypes.data, 0.0), 0.0))
    tables = unpacked(data.tables)
    prediction, noise, kept = _forward(data.forward, (theta, tables, True))
    outcome = kept.outcome
    if outcome.any():
        _call_c(
            data.rescue,
            (
                _pointer(theta.ctypes.data, 0.0), _pointer(outcome.ctypes.data, 0),
                _pointer(prediction.ctypes.data, 0.0), _pointer(noise.ctypes.data, 0.0),
            ),
        )  # fmt: skip
    by_value, by_noise = np.empty(len(prediction)), np.empty(len(prediction))
    found = likelihood_at(prediction, noise, _table(data.measured), by_value, by_noise)
    if not math.isfinite(found):
        return found
    slope[:] = _backward(data.backward, (theta, tables, kept, by_value, by_noise))
    if outcome.any():
        _call_c(
            data.rescue_gradient,
            (
                _pointer(theta.ctypes.data, 0.0), _pointer(outcome.ctypes.data, 0),
                _pointer(by_value.ctypes.data, 0.0), _pointer(by_noise.ctypes.data, 0.0),
                _pointer(slope.ctypes.data, 0.0),
            ),
        )  # fmt: skip
    return found


@cfunc(types.int64(types.uint64, DOUBLES, DOUBLES, DOUBLES, DESCRIPTIONS), cache=True, error_model="numpy")
def log_density(dimension, z_, gradient_, value_, data_):  # noqa: ANN001, ANN202
    """Nutpie's C function: dimension, coordinates z, gradient (out), log-density (out), problem -> 0 or a code."""
    data = carray(data_, (1,))[0]
    size = data.dimension
    z, gradient, value = carray(z_, (size,)), carray(gradient_, (size,)), carray(value_, (1,))
    frame, priors = _table(data.frame), _table(data.priors)
    theta, slope, step, by_x = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    total = 0.0
    for i in range(size):
        x = frame[0, i]
        for j in range(size):
            x += frame[1 + i, j] * z[j]
        theta[i], step[i], bend, by_bend = value_at(x, priors[i])
        prior, by_value = prior_at(theta[i], priors[i])
        total += prior + bend
        by_x[i] = by_value * step[i] + by_bend
    if not math.isfinite(total):
        return BAD_VALUE
    try:
        total += _likelihood(theta, data, slope)
    except Exception:  # noqa: BLE001 (numba knows no other)
        # Nothing may be thrown across nutpie's C interface; it counts the point as a divergence, which the verdict
        # limits. A failed simulation does not come this way: it is an outcome, with a count of its own.
        return FAILED
    if not math.isfinite(total):
        return BAD_VALUE
    value[0] = total
    for i in range(size):
        by_x[i] += slope[i] * step[i]
    for j in range(size):
        gradient[j] = 0.0
        for i in range(size):
            gradient[j] += frame[1 + i, j] * by_x[i]
        if not math.isfinite(gradient[j]):
            return BAD_GRADIENT
    return 0


@cfunc(types.int64(types.uint64, types.uint64, DOUBLES, DOUBLES, DESCRIPTIONS), cache=True)
def expansion(dimension, length, z_, stored_, data_):  # noqa: ANN001, ANN202
    """Nutpie's C function that says what to store of a point: the coordinates themselves."""
    z, stored = carray(z_, (dimension,)), carray(stored_, (dimension,))
    for i in range(dimension):
        stored[i] = z[i]
    return 0
