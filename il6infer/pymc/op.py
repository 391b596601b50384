"""The engine as PyTensor operations: predictions with a pullback, compiled into the caller's numba function.

`Simulate` gives values only. Its pullback asks for `SimulateTaped`, which records the accepted steps, and `Pullback`,
which replays them backwards; a graph rewrite then makes `Simulate` a view of the taped run, so that a value and its
gradient share one forward pass.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numba import njit
from pytensor.compile.mode import optdb
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.op import Op
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.graph.rewriting.db import EquilibriumDB
from pytensor.link.numba.dispatch.basic import (
    generate_fallback_impl,
    numba_funcify,
    register_funcify_default_op_cache_key,
)
from pytensor.tensor import TensorVariable

from il6infer.engine import Engine, RosenbrockEngine
from il6infer.kernel.calls import by_symbol
from il6infer.kernel.contracts import KEPT, PULLBACK, SIMULATE, SIMULATED, VECTOR, Kept


class _EngineOp(Op):
    """Base: one engine's operation, equal to another's when the engines' code and tables are."""

    __props__ = ("digest",)

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.digest = engine.digest


class _KernelOp(_EngineOp):
    """Base of what compiled code calls by address."""

    def __init__(self, engine: RosenbrockEngine) -> None:
        super().__init__(engine)
        self.engine: RosenbrockEngine = engine


def _outputs(op: Op, *inputs: Variable) -> list[Any]:
    """List the outputs of an operation: tensors, though PyTensor annotates them as any variables."""
    found = op(*inputs, return_list=True)
    return found if isinstance(found, list) else [found]


def _connected(outputs: list, gradients: list) -> list:
    """Gradients of all outputs; zeros where nothing depends on one."""
    return [
        pt.zeros_like(output) if isinstance(bar.type, DisconnectedType) else bar
        for output, bar in zip(outputs, gradients, strict=True)
    ]


class Simulate(_KernelOp):
    """theta (parameters,) -> prediction, noise (measurements,)."""

    def make_node(self, theta: Variable) -> Apply:
        """Node for a vector of parameters on the linear scale."""
        return Apply(self, [pt.as_tensor(theta, dtype="float64")], [pt.dvector(), pt.dvector()])

    def infer_shape(self, fgraph: object, node: Apply, shapes: list) -> list:
        """Both outputs have one entry a measurement."""
        size = (pt.constant(len(self.engine.problem.measurements)),)
        return [size, size]

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        """Evaluate outside of numba."""
        found = self.engine.forward(inputs[0], keep=False)
        output_storage[0][0], output_storage[1][0] = found.prediction, found.noise

    def L_op(self, inputs: list, outputs: list, output_gradients: list) -> list:  # noqa: N802 (PyTensor's name)
        """Gradient by the discrete adjoint."""
        [theta] = inputs
        _, _, *tape = _outputs(SimulateTaped(self.engine), theta)
        return [Pullback(self.engine)(theta, *tape, *_connected(outputs, output_gradients))]


class SimulateTaped(_KernelOp):
    """theta -> prediction, noise, and what the adjoint needs: the fields of `Kept`."""

    def make_node(self, theta: Variable) -> Apply:
        """Node for a vector of parameters on the linear scale."""
        kinds = [VECTOR, VECTOR, *KEPT]
        outputs = [pt.TensorType(str(kind.dtype), (None,) * kind.ndim)() for kind in kinds]
        return Apply(self, [pt.as_tensor(theta, dtype="float64")], outputs)

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        """Evaluate outside of numba."""
        prediction, noise, kept = self.engine.forward(inputs[0], keep=True)
        for storage, value in zip(output_storage, (prediction, noise, *kept), strict=True):
            storage[0] = value


class Pullback(_KernelOp):
    """Theta, outputs of `SimulateTaped` but the first two, prediction_bar, noise_bar -> theta_bar."""

    def make_node(self, theta: Variable, *inputs: Variable) -> Apply:
        """Node for one backward pass."""
        return Apply(self, [theta, *map(pt.as_tensor, inputs)], [pt.dvector()])

    def infer_shape(self, fgraph: object, node: Apply, shapes: list) -> list:
        """Shape of theta."""
        return [shapes[0]]

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        """Evaluate outside of numba."""
        theta, *kept, prediction_bar, noise_bar = inputs
        output_storage[0][0] = self.engine.backward(theta, Kept(*kept), prediction_bar, noise_bar)


@node_rewriter([Simulate])
def share_forward_pass(fgraph: FunctionGraph, node: Apply) -> list | None:
    """Take prediction and noise from the taped run of the same parameters where there is one."""
    for client, _ in fgraph.clients[node.inputs[0]]:
        if isinstance(client.op, SimulateTaped) and client.op.digest == node.op.digest:
            return client.outputs[:2]
    return None


# After canonicalisation and merging, so that both nodes see the same theta; "numba" and "fast_run" modes include it.
_database = EquilibriumDB()
_database.register("share_forward_pass", share_forward_pass, "fast_run", "fast_compile", "numba")
optdb.register("il6infer_share_forward_pass", _database, "fast_run", "fast_compile", "numba", position=2.9)


CALL_VERSION = 5
"""Part of PyTensor's key of cached functions; to be raised when the functions below change."""


def _linked(engine: RosenbrockEngine) -> tuple[Callable, Callable, Any, Any]:
    """`simulate` and `pullback` of an engine's kernel and its fallback's two, callable from compiled functions."""
    kernel, sizes = engine.kernel, engine.sizes
    forward = by_symbol(f"il6infer.{kernel.digest}.simulate", kernel.address("simulate"), SIMULATE, SIMULATED)
    backward = by_symbol(f"il6infer.{kernel.digest}.pullback", kernel.address("pullback"), PULLBACK, VECTOR)
    return forward, backward, *engine.fallback.link(f"il6infer.{engine.digest}", sizes)


@register_funcify_default_op_cache_key(Simulate)
def _numba_simulate(op: Simulate, node: Apply | None = None, **context: object) -> tuple[Callable, int]:
    kernel, _, rescue, _ = _linked(op.engine)
    tables = op.engine.tables

    @njit
    def simulate(theta: np.ndarray) -> tuple:
        point = np.ascontiguousarray(theta)
        prediction, noise, kept = kernel((point, tables, False))
        outcome = kept.outcome
        if outcome.any():
            rescue(point.ctypes, outcome.ctypes, prediction.ctypes, noise.ctypes)
        return prediction, noise

    return simulate, CALL_VERSION


@register_funcify_default_op_cache_key(SimulateTaped)
def _numba_simulate_taped(op: SimulateTaped, node: Apply | None = None, **context: object) -> tuple[Callable, int]:
    kernel, _, rescue, _ = _linked(op.engine)
    tables = op.engine.tables

    @njit
    def simulate_taped(theta: np.ndarray) -> tuple:
        point = np.ascontiguousarray(theta)
        prediction, noise, kept = kernel((point, tables, True))
        outcome, states, tape, before_jumps, steady_states = kept
        if outcome.any():
            rescue(point.ctypes, outcome.ctypes, prediction.ctypes, noise.ctypes)
        return prediction, noise, outcome, states, tape, before_jumps, steady_states

    return simulate_taped, CALL_VERSION


@register_funcify_default_op_cache_key(Pullback)
def _numba_pullback(op: Pullback, node: Apply | None = None, **context: object) -> tuple[Callable, int]:
    _, kernel, _, rescue = _linked(op.engine)
    tables = op.engine.tables

    @njit
    def pullback(theta, outcome, states, tape, before_jumps, steady_states, prediction_bar, noise_bar):  # noqa: ANN001, ANN202
        point, kept = np.ascontiguousarray(theta), Kept(outcome, states, tape, before_jumps, steady_states)
        by_value, by_noise = np.ascontiguousarray(prediction_bar), np.ascontiguousarray(noise_bar)
        gradient = kernel((point, tables, kept, by_value, by_noise))
        if outcome.any():
            rescue(point.ctypes, outcome.ctypes, by_value.ctypes, by_noise.ctypes, gradient.ctypes)
        return gradient

    return pullback, CALL_VERSION


class Ask(_EngineOp):
    """theta -> prediction, noise, by an engine that compiled code cannot call."""

    def make_node(self, theta: Variable) -> Apply:
        """Node for a vector of parameters on the linear scale."""
        return Apply(self, [pt.as_tensor(theta, dtype="float64")], [pt.dvector(), pt.dvector()])

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        """Evaluate."""
        simulation = self.engine.simulate(inputs[0])
        output_storage[0][0], output_storage[1][0] = simulation.prediction, simulation.noise

    def L_op(self, inputs: list, outputs: list, output_gradients: list) -> list:  # noqa: N802 (PyTensor's name)
        """Gradient by the engine's own pullback."""
        return [AskPullback(self.engine)(*inputs, *_connected(outputs, output_gradients))]


class AskPullback(_EngineOp):
    """Theta, prediction_bar, noise_bar -> theta_bar."""

    def make_node(self, *inputs: Variable) -> Apply:
        """Node for one gradient."""
        return Apply(self, [pt.as_tensor(i, dtype="float64") for i in inputs], [pt.dvector()])

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        """Evaluate."""
        output_storage[0][0] = self.engine.pullback(*inputs)


@numba_funcify.register(Ask)
@numba_funcify.register(AskPullback)
def _numba_ask(op: _EngineOp, node: Apply, storage_map: object = None, **context: object) -> Callable:
    with warnings.catch_warnings():
        # That it takes the interpreter's lock is known: the engine is chosen for its independence, not for speed.
        warnings.filterwarnings("ignore", "Numba will use object mode", UserWarning)
        return generate_fallback_impl(op, node, storage_map)


def simulate(engine: Engine, theta: Variable) -> tuple[TensorVariable, TensorVariable]:
    """Prediction and noise (measurements,) as differentiable tensors.

    Parameters
    ----------
    theta
        Vector of the engine's parameters, in the order of ``engine.parameters``, on the linear scale. Where a
        simulation fails the prediction is +inf, so that every log-density of the measurements is -inf.
    """
    op = Simulate(engine) if isinstance(engine, RosenbrockEngine) else Ask(engine)
    prediction, noise = _outputs(op, theta)
    return prediction, noise
