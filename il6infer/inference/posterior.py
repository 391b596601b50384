"""Compiled log-density of any problem: prior, Jacobian of the coordinates, likelihood. Numba sees it once a machine.

Everything particular to a problem is data, and its kernel an address; so this is compiled for the first fit on a
machine and comes from the disk for every later one, whatever the model.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, from_dtype, njit, types
from numba.core import cgutils

from il6infer.kernel.cached_functions import c_function
from il6infer.kernel.calls import call_at, unpacked
from il6infer.kernel.contracts import PULLBACK, SIMULATE, SIMULATED, TABLES_SIZE, VECTOR
from il6infer.kernel.intrinsics import intrinsic
from il6infer.problems.families import FAMILIES
from il6infer.problems.noise import ERRORS

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
        ("blocks", np.int64),  # number of blocks of runs, see `il6infer.engine.blocks`
        ("block_tables", np.int64),  # as `tables`, of one block after the other
        ("block_measured", _TABLE),  # as `measured`, of one block after the other
        ("frame", _TABLE),  # origin, then the rows of the matrix
        ("priors", _TABLE),  # a row a parameter, see `LOGARITHMIC` to `CONSTANT`
        ("measured", _TABLE),  # a row a measurement, see `ERROR` to `SIDE`
    ]
)
"""What describes a problem to the log-density, as one record; addresses are of memory that the caller keeps."""

DOUBLES, DESCRIPTIONS = types.CPointer(types.float64), types.CPointer(from_dtype(DESCRIPTION))

LOGARITHMIC, LOW, HIGH, LOWER, UPPER, BEND, FAMILY, FIRST, SECOND, CONSTANT = range(10)
"""Columns of the table of priors: `Coordinate`, then position in `FAMILIES` and parameters."""

ERROR, IN_LOGARITHMS, VALUE, SIDE = range(4)
"""Columns of the table of measurements: position in `ERRORS`, whether logarithms count, measured value or limit, and of
`il6infer.problems.noise.CENSORED` where it lies of that."""

_INNER = {"nogil": True, "error_model": "numpy"}


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


def _chosen(number: int, function: Any, others: Any) -> Any:
    """Of a table of functions the one with a number: a compiled function of the number and its arguments."""
    compiled = njit(**_INNER)(function)
    if others is None:
        return njit(**_INNER)(lambda kind, *arguments: compiled(*arguments))
    return njit(**_INNER)(lambda kind, *arguments: compiled(*arguments) if kind == number else others(kind, *arguments))


_density: Any = None
_loss: Any = None
_log_mass: Any = None
for _number, _family in reversed([*enumerate(FAMILIES.values())]):
    _density = _chosen(_number, _family.density, _density)
for _number, _error in reversed([*enumerate(ERRORS.values())]):
    _loss = _chosen(_number, _error.loss, _loss)
    _log_mass = _chosen(_number, _error.log_mass, _log_mass)
_CONSTANTS = np.array([error.constant for error in ERRORS.values()])


@njit(**_INNER)
def value_at(x, row):  # noqa: ANN001, ANN202
    """Value of a coordinate, its derivative, the logarithm of that, and the derivative of the logarithm."""
    lower, upper, bend = row[LOWER], row[UPPER], row[BEND]
    line, step, log_step, by_log_step = x, 1.0, 0.0, 0.0
    if x < lower + bend:
        u = 1.0 - (x - lower) / bend
        distance = math.exp(-u * (1.0 + 0.5 * u))
        line, step = lower + bend * distance, distance * (1.0 + u)
        log_step, by_log_step = math.log1p(u) - u * (1.0 + 0.5 * u), (1.0 + u - 1.0 / (1.0 + u)) / bend
    elif x > upper - bend:
        u = 1.0 - (upper - x) / bend
        distance = math.exp(-u * (1.0 + 0.5 * u))
        line, step = upper - bend * distance, distance * (1.0 + u)
        log_step, by_log_step = math.log1p(u) - u * (1.0 + 0.5 * u), (1.0 / (1.0 + u) - 1.0 - u) / bend
    value = line
    if row[LOGARITHMIC] != 0.0:
        value = math.exp(line)
        log_step, by_log_step, step = line + log_step, step + by_log_step, value * step
    return min(max(value, row[LOW]), row[HIGH]), step, log_step, by_log_step


@njit(**_INNER)
def prior_at(v, row):  # noqa: ANN001, ANN202
    """Logarithm of the prior's density at a value, and its derivative."""
    found, slope = _density(int(row[FAMILY]), v, row[FIRST], row[SECOND])
    return found + row[CONSTANT], slope


@njit(**_INNER)
def likelihood_at(prediction, noise, measured, by_value, by_noise):  # noqa: ANN001, ANN202
    """Logarithm of the likelihood; fills its derivatives by each prediction and each noise.

    The same as `il6infer.problems.noise`, without arrays in between.

    Parameters
    ----------
    prediction, noise
        (measurements,) as the engine gives them.
    measured
        (measurements, columns) see `ERROR`, `VALUE` and `IN_LOGARITHMS`.
    by_value, by_noise
        (measurements,) written: derivatives by prediction and noise.
    """
    total = 0.0
    for n in range(len(prediction)):
        kind, value, median, scale = int(measured[n, ERROR]), measured[n, VALUE], prediction[n], noise[n]
        inner, side = 1.0, measured[n, SIDE]
        if side != 0.0 and not math.isfinite(median):
            return -np.inf
        if measured[n, IN_LOGARITHMS] != 0.0:
            if side < 0.0 and median <= 0.0:
                by_value[n], by_noise[n] = 0.0, 0.0  # surely below its limit
                continue
            if not median > 0.0:
                return -np.inf
            if side == 0.0:
                total -= math.log(value)
            inner, value, median = median, math.log(value), math.log(median)
        z = (value - median) / scale
        if side != 0.0:
            mass, slope = _log_mass(kind, -side * z)
            total += mass
            slope *= side
            by_value[n], by_noise[n] = slope / (scale * inner), slope * z / scale
            continue
        loss, slope = _loss(kind, z)
        total -= loss + math.log(scale) + _CONSTANTS[kind]
        by_value[n], by_noise[n] = slope / (scale * inner), (slope * z - 1.0) / scale
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
def _likelihood_in_blocks(theta, data, slope):  # noqa: ANN001, ANN202
    """Sum of the log-likelihoods of all blocks, and whether every run was simulated; fills the gradient."""
    total, first, measured = 0.0, 0, _table(data.block_measured)
    slope[:] = 0.0
    for block in range(data.blocks):
        tables = unpacked(data.block_tables + block * TABLES_SIZE)
        prediction, noise, kept = _forward(data.forward, (theta, tables, True))
        if kept.outcome.any():
            return 0.0, False
        by_value, by_noise = np.empty(len(prediction)), np.empty(len(prediction))
        found = likelihood_at(prediction, noise, measured[first : first + len(prediction)], by_value, by_noise)
        if not math.isfinite(found):
            return found, True
        total += found
        first += len(prediction)
        slope += _backward(data.backward, (theta, tables, kept, by_value, by_noise))
    return total, True


@njit(**_INNER)
def _likelihood(theta, data, slope):  # noqa: ANN001, ANN202
    """Log-likelihood at a vector of parameters; fills its gradient where it is finite."""
    if data.likelihood != 0:
        return _call_c(data.likelihood, (_pointer(theta.ctypes.data, 0.0), _pointer(slope.ctypes.data, 0.0), 0.0))
    if data.blocks > 1:
        found, whole = _likelihood_in_blocks(theta, data, slope)
        if whole:
            return found
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


@c_function(types.int64(types.uint64, DOUBLES, DOUBLES, DOUBLES, DESCRIPTIONS), error_model="numpy")
def log_density(dimension, z_, gradient_, value_, data_):  # noqa: ANN001, ANN202
    """Nutpie's C function: dimension, coordinates z, gradient (out), log-density (out), problem -> 0 or a code.

    Parameters
    ----------
    dimension
        Of the posterior.
    z_
        (dimension,) coordinates in the frame of the chain.
    gradient_
        (dimension,) written: by the coordinates.
    value_
        (1,) written.
    data_
        (1,) `DESCRIPTION` of problem, frame and engine.
    """
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


@c_function(types.int64(types.uint64, types.uint64, DOUBLES, DOUBLES, DESCRIPTIONS))
def expansion(dimension, length, z_, stored_, data_):  # noqa: ANN001, ANN202
    """Nutpie's C function that says what to store of a point: the coordinates themselves.

    Parameters
    ----------
    dimension, length
        Of the point, and of what is stored: equal.
    z_
        (dimension,) coordinates.
    stored_
        (length,) written.
    data_
        Not used.
    """
    z, stored = carray(z_, (dimension,)), carray(stored_, (dimension,))
    for i in range(dimension):
        stored[i] = z[i]
    return 0
