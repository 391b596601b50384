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

from il6infer.inference.collapsed import RULES
from il6infer.inference.collapsed_groups import collapsed
from il6infer.inference.correlated import correlated
from il6infer.inference.quadrature import INNER
from il6infer.inference.rows import CONSTANTS, log_mass_of, loss_of, prior_at, value_at
from il6infer.kernel.cached_functions import c_function
from il6infer.kernel.calls import call_at, unpacked
from il6infer.kernel.contracts import PULLBACK, SIMULATE, SIMULATED, TABLES_SIZE, VECTOR
from il6infer.kernel.intrinsics import intrinsic

FAILED, BAD_GRADIENT, BAD_VALUE = 1, 3, 4
"""Codes that nutpie takes for a divergence (they are positive), and goes on."""

LEVEL = 1e-200
"""Given for a slope that is exactly 0, as on a plateau: nutpie gives a chain up that it finds there when its metric
changes. It moves nothing: added to any momentum it leaves that as it is."""

_TABLE = [("address", np.int64), ("rows", np.int64), ("columns", np.int64)]

DESCRIPTION = np.dtype(
    [
        ("dimension", np.int64),  # of the posterior: parameters that are sampled
        ("forward", np.int64),  # address of the kernel's ``simulate``
        ("backward", np.int64),  # of its ``pullback``
        ("rescue", np.int64),  # of both functions of `il6infer.engine.fallback`
        ("rescue_gradient", np.int64),
        ("likelihood", np.int64),  # of the likelihood by another engine; 0: by the kernel
        ("value_only", np.int64),  # 1: no gradient is asked for
        ("tables", np.int64),  # of what the kernel reads, see `il6infer.kernel.calls.packed`
        ("blocks", np.int64),  # number of blocks of runs, see `il6infer.engine.blocks`
        ("block_tables", np.int64),  # as `tables`, of one block after the other
        ("block_measured", _TABLE),  # as `measured`, of one block after the other
        ("block_rows", np.int64),  # address of the first row of each block in it, and the end of the last
        ("threads", np.int64),  # that one gradient may use, where there are several blocks
        ("share", np.int64),  # address of `share_of_blocks`
        ("frame", _TABLE),  # origin, then the rows of the matrix
        ("priors", _TABLE),  # a row a sampled parameter, see `il6infer.inference.rows`
        ("measured", _TABLE),  # a row a measurement, see `ERROR` to `SIDE`
        ("template", _TABLE),  # one row: all estimated parameters, with what those integrated out are replaced by
        ("places", _TABLE),  # one row of integers: of the sampled parameters among all estimated ones
        ("groups", _TABLE),  # of what is integrated out, see `il6infer.inference.collapsed_tables`; maybe empty
        ("batches", _TABLE),
        ("members", _TABLE),  # one row of integers
        ("member_values", _TABLE),  # one row
        ("courses", _TABLE),  # whose errors hang together, see `il6infer.inference.correlated`; maybe empty
        ("lanes", _TABLE),
    ]
)
"""What describes a problem to the log-density, as one record; addresses are of memory that the caller keeps."""

DOUBLES, DESCRIPTIONS = types.CPointer(types.float64), types.CPointer(from_dtype(DESCRIPTION))

ERROR, IN_LOGARITHMS, VALUE, SIDE = range(4)
"""Columns of the table of measurements: position in `ERRORS` (-1 where parameters of its likelihood are integrated
out, or its error hangs together with others), whether logarithms count, measured value or limit, and of
`il6infer.problems.noise.CENSORED` where it lies of that."""

_RULES = RULES[0]


@intrinsic
def _pointer(context: Any, address: Any, like: Any) -> tuple:
    """Pointer to doubles (like=0.0) or integers (like=0) at an address."""
    kind = types.CPointer(types.unliteral(like))

    def generate(target: Any, builder: Any, signature: Any, arguments: list) -> Any:
        return builder.inttoptr(arguments[0], target.get_value_type(kind))

    return kind(types.int64, like), generate


@intrinsic
def _record(context: Any, address: Any) -> tuple:
    """Pointer to the description of a problem at an address."""

    def generate(target: Any, builder: Any, signature: Any, arguments: list) -> Any:
        return builder.inttoptr(arguments[0], target.get_value_type(DESCRIPTIONS))

    return DESCRIPTIONS(types.int64), generate


_create = types.ExternalFunction("pthread_create", types.int32(*[types.int64] * 4))
_join = types.ExternalFunction("pthread_join", types.int32(types.int64, types.int64))
"""Threads of the system (POSIX): place of the handle, attributes, function, argument; handle, place of the result."""


@njit(**INNER)
def _table(description):  # noqa: ANN001, ANN202
    return carray(_pointer(description.address, 0.0), (description.rows, description.columns))


@njit(**INNER)
def _integers(description):  # noqa: ANN001, ANN202
    return carray(_pointer(description.address, 0), (description.columns,))


@njit(**INNER)
def likelihood_at(prediction, noise, measured, by_value, by_noise):  # noqa: ANN001, ANN202
    """Logarithm of the likelihood; fills its derivatives by each prediction and each noise.

    The same as `il6infer.problems.noise`, without arrays in between. Measurements whose likelihood is that of a group
    count nothing here.

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
        if measured[n, ERROR] < 0.0:
            by_value[n], by_noise[n] = 0.0, 0.0
            continue
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
            mass, slope = log_mass_of(kind, -side * z)
            total += mass
            slope *= side
            by_value[n], by_noise[n] = slope / (scale * inner), slope * z / scale
            continue
        loss, slope = loss_of(kind, z)
        total -= loss + math.log(scale) + CONSTANTS[kind]
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


DATA, THETA, BEGIN, STRIDE, TOTALS, WHOLE, SLOPES, THREAD = range(8)
"""What a share of the blocks is told: addresses of problem and parameters, its first block and the distance to its
next, addresses of what it fills for each block; then the handle of its thread."""


@njit(**INNER)
def _share(told):  # noqa: ANN001, ANN202
    """Log-likelihoods and gradients of some of the blocks."""
    data = carray(_record(told[DATA]), (1,))[0]
    size, blocks, measured = data.template.columns, data.blocks, _table(data.block_measured)
    theta = carray(_pointer(told[THETA], 0.0), (size,))
    rows = carray(_pointer(data.block_rows, 0), (blocks + 1,))
    totals, whole = carray(_pointer(told[TOTALS], 0.0), (blocks,)), carray(_pointer(told[WHOLE], 0.0), (blocks,))
    slopes = carray(_pointer(told[SLOPES], 0.0), (blocks, size))
    for block in range(told[BEGIN], blocks, told[STRIDE]):
        whole[block] = 0.0
        try:
            tables = unpacked(data.block_tables + block * TABLES_SIZE)
            prediction, noise, kept = _forward(data.forward, (theta, tables, data.value_only == 0))
            if kept.outcome.any():
                continue
            by_value, by_noise = np.empty(len(prediction)), np.empty(len(prediction))
            totals[block] = likelihood_at(
                prediction, noise, measured[rows[block] : rows[block + 1]], by_value, by_noise
            )
            whole[block] = 1.0
            if data.value_only == 0 and math.isfinite(totals[block]):
                slopes[block] = _backward(data.backward, (theta, tables, kept, by_value, by_noise))
        except Exception:  # noqa: BLE001 (numba knows no other; nothing may be thrown across a thread's end)
            whole[block] = 0.0


@c_function(types.int64(types.CPointer(types.int64)), **INNER)
def share_of_blocks(told_):  # noqa: ANN001, ANN202
    """`_share` as a thread of the system runs it."""
    _share(carray(told_, (THREAD + 1,)))
    return 0


@njit(**INNER)
def _likelihood_in_blocks(theta, problem, slope):  # noqa: ANN001, ANN202
    """Sum of the log-likelihoods of all blocks, and whether every run was simulated; fills the gradient.

    The sums go in the order of the blocks, whatever thread has computed them: the bits are those of one thread.
    """
    data = problem[0]
    blocks, size, threads = data.blocks, len(theta), max(1, min(data.threads, data.blocks))
    totals, whole, slopes = np.empty(blocks), np.empty(blocks), np.empty((blocks, size))
    told, alone = np.empty((threads, THREAD + 1), dtype=np.int64), np.zeros(threads)
    for n in range(threads):
        told[n, DATA], told[n, THETA] = problem.ctypes.data, theta.ctypes.data
        told[n, BEGIN], told[n, STRIDE] = n, threads
        told[n, TOTALS], told[n, WHOLE], told[n, SLOPES] = totals.ctypes.data, whole.ctypes.data, slopes.ctypes.data
    for n in range(1, threads):
        own = told[n].ctypes.data
        alone[n] = _create(own + 8 * THREAD, 0, data.share, own)
    for n in range(threads):
        if alone[n] != 0.0 or n == 0:
            _share(told[n])
    for n in range(1, threads):
        if alone[n] == 0.0:
            _join(told[n, THREAD], 0)
    total = 0.0
    slope[:] = 0.0
    for block in range(blocks):
        if whole[block] == 0.0:
            return 0.0, False
        total += totals[block]
        if not math.isfinite(total):
            return total, True
        if data.value_only == 0:
            slope += slopes[block]
    return total, True


@njit(**INNER)
def _likelihood(theta, problem, slope):  # noqa: ANN001, ANN202
    """Log-likelihood at a vector of parameters; fills its gradient where it is finite and asked for."""
    data = problem[0]
    if data.likelihood != 0:
        wanted = slope.ctypes.data if data.value_only == 0 else 0
        return _call_c(data.likelihood, (_pointer(theta.ctypes.data, 0.0), _pointer(wanted, 0.0), 0.0))
    # A group may have measurements in all blocks, a course its carrier in another.
    if data.blocks > 1 and data.groups.rows == 0 and data.courses.rows == 0:
        found, whole = _likelihood_in_blocks(theta, problem, slope)
        if whole:
            return found
    tables = unpacked(data.tables)
    prediction, noise, kept = _forward(data.forward, (theta, tables, data.value_only == 0))
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
    measured, courses, lanes = _table(data.measured), _table(data.courses), _table(data.lanes)
    found = likelihood_at(prediction, noise, measured, by_value, by_noise)
    if data.courses.rows > 0:
        logs, values = measured[:, IN_LOGARITHMS], measured[:, VALUE]
        found += correlated(courses, lanes, logs, values, prediction, noise, by_value, by_noise)
    if data.groups.rows > 0:
        found += collapsed(
            _table(data.groups), _table(data.batches), _integers(data.members), _table(data.member_values)[0],
            courses, lanes, prediction, noise, by_value, by_noise, _RULES,
        )  # fmt: skip
    if data.value_only != 0 or not math.isfinite(found):
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
        (dimension,) written: by the coordinates; as it is where the problem asks for the value only.
    value_
        (1,) written.
    data_
        (1,) `DESCRIPTION` of problem, frame and engine.
    """
    problem = carray(data_, (1,))
    data = problem[0]
    size = data.dimension
    z, gradient, value = carray(z_, (size,)), carray(gradient_, (size,)), carray(value_, (1,))
    frame, priors = _table(data.frame), _table(data.priors)
    step, by_x = np.empty(size), np.empty(size)
    theta, places, total = _table(data.template)[0].copy(), _integers(data.places), 0.0
    slope = np.empty(len(theta))
    for i in range(size):
        x = frame[0, i]
        for j in range(size):
            x += frame[1 + i, j] * z[j]
        value_here, step[i], bend, by_bend = value_at(x, priors[i])
        theta[places[i]] = value_here
        prior, by_value = prior_at(value_here, priors[i])
        total += prior + bend
        by_x[i] = by_value * step[i] + by_bend
    if not math.isfinite(total):
        return BAD_VALUE
    try:
        total += _likelihood(theta, problem, slope)
    except Exception:  # noqa: BLE001 (numba knows no other)
        # Nothing may be thrown across nutpie's C interface; it counts the point as a divergence, which the verdict
        # limits. A failed simulation does not come this way: it is an outcome, with a count of its own.
        return FAILED
    if not math.isfinite(total):
        return BAD_VALUE
    value[0] = total
    if data.value_only != 0:
        return 0
    for i in range(size):
        by_x[i] += slope[places[i]] * step[i]
    for j in range(size):
        gradient[j] = 0.0
        for i in range(size):
            gradient[j] += frame[1 + i, j] * by_x[i]
        if not math.isfinite(gradient[j]):
            return BAD_GRADIENT
        if gradient[j] == 0.0:
            gradient[j] = LEVEL
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
