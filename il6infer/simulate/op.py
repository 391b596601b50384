"""The engine as PyTensor operations: predictions with a pullback, compiled into the caller's numba function.

`Simulate` gives values only. Its pullback asks for `SimulateTaped`, which records the accepted steps, and `Pullback`,
which replays them backwards; a graph rewrite then makes `Simulate` a view of the taped run, so that a value and its
gradient share one forward pass.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytensor.tensor as pt
from numba import njit, typeof, types
from pytensor.compile.mode import optdb
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.graph.rewriting.db import EquilibriumDB
from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key

from il6infer.simulate.engine import RosenbrockEngine
from il6infer.simulate.linking import by_symbol


class _EngineOp(Op):
    """Base: one engine's operation, equal to another's when the engines' code and tables are."""

    __props__ = ("digest",)

    def __init__(self, engine: RosenbrockEngine) -> None:
        self.engine = engine
        self.digest = engine.digest


class Simulate(_EngineOp):
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
        prediction, noise, *_ = self.engine.kernel.simulate(np.ascontiguousarray(inputs[0]), self.engine.tables, False)
        output_storage[0][0], output_storage[1][0] = prediction, noise

    def L_op(self, inputs: list, outputs: list, output_gradients: list) -> list:  # noqa: N802 (PyTensor's name)
        """Gradient by the discrete adjoint."""
        [theta] = inputs
        bars = [
            pt.zeros_like(output) if isinstance(bar.type, DisconnectedType) else bar
            for output, bar in zip(outputs, output_gradients, strict=True)
        ]
        _, _, *tape = SimulateTaped(self.engine)(theta)
        return [Pullback(self.engine)(theta, *tape, *bars)]


class SimulateTaped(_EngineOp):
    """theta -> prediction, noise, and what the adjoint needs: outcome, states, tape, pointers, jumps, rest."""

    def make_node(self, theta: Variable) -> Apply:
        """Node for a vector of parameters on the linear scale."""
        outputs = [pt.dvector(), pt.dvector(), pt.lvector(), pt.dmatrix(), pt.dmatrix(), pt.lvector(), pt.dmatrix()]
        return Apply(self, [pt.as_tensor(theta, dtype="float64")], [*outputs, pt.dmatrix()])

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        """Evaluate outside of numba."""
        values = self.engine.kernel.simulate(np.ascontiguousarray(inputs[0]), self.engine.tables, True)
        for storage, value in zip(output_storage, values, strict=True):
            storage[0] = value


class Pullback(_EngineOp):
    """Theta, outputs of `SimulateTaped` but the first two, prediction_bar, noise_bar -> theta_bar."""

    def make_node(self, theta: Variable, *inputs: Variable) -> Apply:
        """Node for one backward pass."""
        return Apply(self, [theta, *map(pt.as_tensor, inputs)], [pt.dvector()])

    def infer_shape(self, fgraph: object, node: Apply, shapes: list) -> list:
        """Shape of theta."""
        return [shapes[0]]

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        """Evaluate outside of numba."""
        theta, *rest = (np.ascontiguousarray(value) for value in inputs)
        output_storage[0][0] = self.engine.kernel.pullback(theta, self.engine.tables, *rest)


@node_rewriter([Simulate])
def share_forward_pass(fgraph: object, node: Apply) -> list | None:
    """Take prediction and noise from the taped run of the same parameters where there is one."""
    for client, _ in fgraph.clients[node.inputs[0]]:
        if isinstance(client.op, SimulateTaped) and client.op.digest == node.op.digest:
            return client.outputs[:2]
    return None


# After canonicalisation and merging, so that both nodes see the same theta; "numba" and "fast_run" modes include it.
_database = EquilibriumDB()
_database.register("share_forward_pass", share_forward_pass, "fast_run", "fast_compile", "numba")
optdb.register("il6infer_share_forward_pass", _database, "fast_run", "fast_compile", "numba", position=2.9)


VECTOR = types.float64[::1]

CALL_VERSION = 1
"""Part of PyTensor's key of cached functions; to be raised when the functions below change."""


def _linked(engine: RosenbrockEngine) -> tuple[Callable, Callable]:
    """`simulate` and `pullback` of an engine's kernel, callable from compiled functions."""
    tables, name = typeof(engine.tables), engine.kernel.__name__
    forward, (_, _, *kept) = by_symbol(f"{name}.simulate", engine.kernel.simulate, (VECTOR, tables, types.boolean))
    backward, _ = by_symbol(f"{name}.pullback", engine.kernel.pullback, (VECTOR, tables, *kept, VECTOR, VECTOR))
    return forward, backward


@register_funcify_default_op_cache_key(Simulate)
def _numba_simulate(op: Simulate, node: Apply | None = None, **_: object) -> tuple[Callable, int]:
    kernel, tables = _linked(op.engine)[0], op.engine.tables

    @njit
    def simulate(theta: np.ndarray) -> tuple:
        prediction, noise, _, _, _, _, _, _ = kernel((np.ascontiguousarray(theta), tables, False))
        return prediction, noise

    return simulate, CALL_VERSION


@register_funcify_default_op_cache_key(SimulateTaped)
def _numba_simulate_taped(op: SimulateTaped, node: Apply | None = None, **_: object) -> tuple[Callable, int]:
    kernel, tables = _linked(op.engine)[0], op.engine.tables

    @njit
    def simulate_taped(theta: np.ndarray) -> tuple:
        return kernel((np.ascontiguousarray(theta), tables, True))

    return simulate_taped, CALL_VERSION


@register_funcify_default_op_cache_key(Pullback)
def _numba_pullback(op: Pullback, node: Apply | None = None, **_: object) -> tuple[Callable, int]:
    kernel, tables = _linked(op.engine)[1], op.engine.tables

    @njit
    def pullback(theta, outcome, states, tape, pointers, before, rest, prediction_bar, noise_bar):  # noqa: ANN001, ANN202
        bars = np.ascontiguousarray(prediction_bar), np.ascontiguousarray(noise_bar)
        return kernel((np.ascontiguousarray(theta), tables, outcome, states, tape, pointers, before, rest, *bars))

    return pullback, CALL_VERSION


def simulate(engine: RosenbrockEngine, theta: Variable) -> tuple[Variable, Variable]:
    """Prediction and noise (measurements,) as differentiable tensors.

    Parameters
    ----------
    theta
        Vector of the engine's parameters, in the order of ``engine.parameters``, on the linear scale. Where a
        simulation fails the prediction is +inf, so that every log-density of the measurements is -inf.
    """
    prediction, noise = Simulate(engine)(theta)
    return prediction, noise
