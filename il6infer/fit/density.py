"""The log-density that NUTS climbs, compiled once and callable from any thread."""

from __future__ import annotations

import ctypes

import numpy as np
import nutpie
import pymc as pm
import pytensor
import pytensor.tensor as pt
from nutpie.compile_pymc import CompiledPyMCModel
from pytensor.compile.mode import Mode

# nutpie's C signature: dimension, point, gradient (out), log-density (out), user data -> 0, or a code of failure.
_SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)


class Density:
    """Log-density and gradient in unconstrained coordinates.

    The very function that nutpie samples from: compiling it takes seconds, and the optimiser shares it. Calls
    release the interpreter's lock.

    Attributes
    ----------
    compiled
        For `nutpie.sample`.
    dimensions
        Length of an unconstrained point: the model's free variables in order.
    """

    def __init__(self, model: pm.Model) -> None:
        self.compiled: CompiledPyMCModel = nutpie.compile_pymc_model(model, backend="numba")
        self.dimensions = self.compiled.n_dim
        self._function = _SIGNATURE(self.compiled.compiled_logp_func.address)
        values = pt.dvector("values")
        forward = []
        for i, variable in enumerate(model.free_RVs):
            transform = model.rvs_to_transforms[variable]
            forward.append(values[i] if transform is None else transform.forward(values[i], *variable.owner.inputs))
        # Evaluated a few times only: the Python linker needs no compilation.
        self._forward = pytensor.function([values], pt.stack(forward), mode=Mode("py", None), on_unused_input="ignore")

    def __call__(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """Log-density and gradient (dimensions,) at an unconstrained point; -inf and zeros where it has none."""
        point = np.ascontiguousarray(point, dtype=float)
        if point.shape != (self.dimensions,):
            raise ValueError(f"point has shape {point.shape}, expected ({self.dimensions},)")
        gradient, value = np.zeros_like(point), np.zeros(1)
        data = self.compiled.user_data.ctypes.data
        code = self._function(self.dimensions, point.ctypes.data, gradient.ctypes.data, value.ctypes.data, data)
        return (float(value[0]), gradient) if code == 0 else (-np.inf, np.zeros_like(point))

    def unconstrained(self, values: np.ndarray) -> np.ndarray:
        """Unconstrained point of parameter values (dimensions,) on the linear scale."""
        return np.asarray(self._forward(np.asarray(values, dtype=float)), dtype=float)
