"""The log-density that NUTS climbs, compiled once and callable from any thread."""

from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numba import carray, cfunc, njit, types
from nutpie.compile_pymc import CompiledPyMCModel
from pymc.pytensorf import compile as compile_pymc
from pytensor.compile.mode import Mode

from il6infer.simulate.linking import by_symbol

DOUBLES = types.CPointer(types.float64)

# nutpie's C functions. Log-density: dimension, point, gradient (out), log-density (out), frame -> 0 or a code of
# failure. Expansion, which says what to store of a point: dimension, length, point, stored (out), frame -> 0.
_DENSITY = types.int64(types.uint64, DOUBLES, DOUBLES, DOUBLES, DOUBLES)
_EXPANSION = types.int64(types.uint64, types.uint64, DOUBLES, DOUBLES, DOUBLES)
_CALL = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)

_FAILED, _BAD_GRADIENT, _BAD_VALUE = 1, 3, 4  # positive: nutpie takes the point for a divergence and goes on

_number = itertools.count()


@dataclass(frozen=True)
class Frame:
    """Coordinates z in which the posterior is nearly a standard normal: x = origin + matrix @ z.

    Attributes
    ----------
    origin
        (dimensions,), unconstrained.
    matrix
        (dimensions, dimensions).
    """

    origin: np.ndarray
    matrix: np.ndarray

    def points(self, coordinates: np.ndarray) -> np.ndarray:
        """Unconstrained points (..., dimensions) of coordinates of that shape."""
        return self.origin + coordinates @ self.matrix.T


class Density:
    """Log-density and gradient in unconstrained coordinates.

    The very function that nutpie samples from, so that the optimiser and the sampler share one compilation; calls
    release the interpreter's lock. Compiled functions are kept on disk by PyTensor, and the kernel by the engine.

    Attributes
    ----------
    dimensions
        Length of an unconstrained point: the model's free variables, each a scalar, in order.
    names
        Of the free variables.
    """

    def __init__(self, model: pm.Model) -> None:
        self.names = [variable.name for variable in model.free_RVs]
        self.dimensions = len(self.names)
        self._density, self._expansion = _c_functions(_compiled(model), self.dimensions)
        self._function = _CALL(self._density.address)
        self._plain = _packed(Frame(np.zeros(self.dimensions), np.eye(self.dimensions)))
        self._forward, self._backward = _transforms(model)

    def __call__(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-density and gradient (dimensions,) at an unconstrained point; -inf and zeros where it has none."""
        point = np.ascontiguousarray(point, dtype=float)
        if point.shape != (self.dimensions,):
            raise ValueError(f"point has shape {point.shape}, expected ({self.dimensions},)")
        gradient, value = np.zeros_like(point), np.zeros(1)
        arrays = (point.ctypes.data, gradient.ctypes.data, value.ctypes.data, self._plain.ctypes.data)
        code = self._function(self.dimensions, *arrays)
        return (float(value[0]), gradient) if code == 0 else (-np.inf, np.zeros_like(point))

    def unconstrained(self, values: np.ndarray) -> np.ndarray:
        """Unconstrained points (..., dimensions) of parameter values on the linear scale."""
        return _columnwise(self._forward, values)

    def constrained(self, points: np.ndarray) -> np.ndarray:
        """Parameter values on the linear scale of unconstrained points (..., dimensions)."""
        return _columnwise(self._backward, points)

    def seen_from(self, frame: Frame, start: np.ndarray) -> CompiledPyMCModel:
        """For `nutpie.sample`: the log-density over the coordinates of a frame; a chain begins at `start`.

        The trace holds coordinates, one variable for each name.
        """
        size = self.dimensions
        return CompiledPyMCModel(
            dims={},
            compiled_logp_func=self._density,
            compiled_expand_func=self._expansion,
            initial_point_func=_Start(start),
            shared_data={},
            user_data=_packed(frame),
            n_expanded=size,
            shape_info=(self.names, [slice(i, i + 1) for i in range(size)], [()] * size),
            logp_func=None,
            expand_func=None,
            _n_dim=size,
            _shapes=dict.fromkeys(self.names, ()),
            _coords={"unconstrained_parameter": pd.Index(self.names)},
        )


@dataclass(frozen=True)
class _Start:
    """Initial point for nutpie, which passes a seed."""

    point: np.ndarray

    def __call__(self, seed: int) -> np.ndarray:
        return self.point.copy()


def _packed(frame: Frame) -> np.ndarray:
    """Frame as the compiled functions read it: the origin, then the rows of the matrix."""
    return np.concatenate([frame.origin, frame.matrix.ravel()])


def _compiled(model: pm.Model) -> Any:
    """Numba dispatcher: point (dimensions,) -> log-density (), gradient (dimensions,)."""
    values = [model.rvs_to_values[variable] for variable in model.free_RVs]
    rewrites = ["canonicalize", "stabilize"] + ([] if model.check_bounds else ["local_remove_check_parameter"])
    density = pytensor.graph.rewrite_graph(model.logp(), include=rewrites)
    gradient = pt.stack(pytensor.gradient.grad(density, values))
    point = pt.TensorType("float64", shape=(len(values),))("point")
    outputs = pytensor.clone_replace([density, gradient], {value: point[i] for i, value in enumerate(values)})
    with model:
        function = compile_pymc((point,), outputs, mode="NUMBA").vm.jit_fn
    return njit(lambda x: function(x))  # its own arguments are a tuple of any length


def _c_functions(inner: Any, size: int) -> tuple[Any, Any]:
    """C functions of the density and of what is stored, over the coordinates of a frame."""
    call, _ = by_symbol(f"il6infer.density.{next(_number)}", inner, (types.float64[::1],))

    @cfunc(_DENSITY)
    def density(dimension, z_, gradient_, value_, frame_):  # noqa: ANN001, ANN202
        z, slope, value = carray(z_, (size,)), carray(gradient_, (size,)), carray(value_, (1,))
        frame = carray(frame_, (size + size * size,))
        x = frame[:size].copy()
        for i in range(size):
            for j in range(size):
                x[i] += frame[size + i * size + j] * z[j]
        try:
            found, gradient = call((x,))
        except Exception:  # noqa: BLE001 (numba knows no other)
            return _FAILED
        value[0] = found.item()
        for j in range(size):
            slope[j] = 0.0
            for i in range(size):
                slope[j] += frame[size + i * size + j] * gradient[i]
            if not np.isfinite(slope[j]):
                return _BAD_GRADIENT
        return 0 if np.isfinite(value[0]) else _BAD_VALUE

    @cfunc(_EXPANSION)
    def expansion(dimension, length, z_, stored_, frame_):  # noqa: ANN001, ANN202
        z, stored = carray(z_, (size,)), carray(stored_, (size,))
        for i in range(size):
            stored[i] = z[i]
        return 0

    # The C functions hold the address of the inner one, which must live as long.
    density.inner = inner
    return density, expansion


def _transforms(model: pm.Model) -> tuple[Any, Any]:
    """Functions from the columns of values to those of unconstrained points, and back."""
    inputs = [pt.dvector(variable.name) for variable in model.free_RVs]
    forward, backward = [], []
    for column, variable in zip(inputs, model.free_RVs, strict=True):
        transform = model.rvs_to_transforms[variable]
        arguments = variable.owner.inputs
        forward.append(column if transform is None else transform.forward(column, *arguments))
        backward.append(column if transform is None else transform.backward(column, *arguments))
    # Evaluated a few times only: the Python linker needs no compilation.
    mode = Mode("py", None)
    return pytensor.function(inputs, forward, mode=mode), pytensor.function(inputs, backward, mode=mode)


def _columnwise(function: Any, rows: np.ndarray) -> np.ndarray:
    rows = np.asarray(rows, dtype=float)
    columns = function(*rows.reshape(-1, rows.shape[-1]).T)
    return np.stack(columns, axis=-1).reshape(rows.shape)
