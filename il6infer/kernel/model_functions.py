"""What the integrator needs of a model: functions and constants that it calls by name, and that are linked to it later.

Numba compiles the integrator once a machine, with these as external symbols. `il6infer.kernel.link` joins the
result to each model's own code and optimises only then, so that sizes are known and small functions are inlined, as if
both had been compiled together.

In calls from the integrator no two vectors overlap: their LLVM code relies on it. A vector may be given by its address:
a view of an array would cost more than many of these functions do.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import Parameter, Signature
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from il6infer.kernel.intrinsics import intrinsic

_KINDS = {"v": "vector", "n": "number", "i": "index"}

FUNCTIONS: dict[str, tuple[str, ...]] = {
    name: tuple(_KINDS[kind] for kind in kinds)
    for name, kinds in {
        "minus_jacobian": "vvnv",  # y, p, t, entries out
        "lu": "vv",  # entries, out: factors and 1 / diagonal
        "initial": "vv",  # p, y out
        "initial_vjp": "vvv",  # p, g, adds to gp
        "quantities": "vv",  # theta, d out
        "quantities_vjp": "vvv",  # theta, gd, adds to gtheta
        "jump": "ivvv",  # which, y, d, out
        "jump_vjp": "ivvnvv",  # which, y, d, g, adds to gy and gd
        "observe": "ivnvv",  # which, y, t, q, out: prediction and noise
        "observe_vjp": "ivnvnnvv",  # which, y, t, q, their adjoints, adds to gy and gq
        "parameter_entries": "vvnv",  # y, p, t, out
        "curvature_entries": "vvnvv",  # y, p, t, k, out
        "drift_entries": "vvnv",  # y, p, t, out
        # Rows of a tangent; see `il6infer.kernel.sensitivity`.
        "sum_rows": "vniiivi",  # row out, scale, begin, end, places of values, values, addresses of rows: see `rows`
        # See `il6infer.kernel.switching`.
        "switch_vjp": "ivvnnvvv",  # which, y, p, t, g, adds to gy, gp and gt
        "trigger": "vv",  # p, out: 1 where an event's trigger holds
        "truths": "vv",  # p, out: of each condition whether it is true, and whether it is false
        "event": "ivvvnv",  # which, y (values), y (now), p, t, y out
        "event_vjp": "ivvvnvvvvv",  # which, y, y, p, t, g, adds to gy, gy, gp and gt
        "step_limit": "vvnv",  # y, p, t, out
    }.items()
}
"""Function of a model -> kinds of its arguments."""

LANE_FUNCTIONS: dict[str, tuple[str, ...]] = {
    name: tuple(_KINDS[kind] for kind in kinds)
    for name, kinds in {
        "rhs": "vvnv",  # y, p, t, out
        "minus_jacobian": "vvnv",  # y, p, t, entries out
        "drift": "vvnv",  # y, p, t, out
        "denominators": "vvnv",  # y, p, t, out: never zero where no state is negative
        "lu": "vv",  # entries, out: factors and 1 / diagonal
        "solve": "vvv",  # factors, 1 / diagonal, b in and out
        "solve_t": "vvv",
        "rhs_vjp": "vvnvvv",  # y, p, t, v, adds to gy and gp
        "gather": "vvv",  # v, k, adds to the coefficients of `curvature_vjp`
        "curvature_vjp": "vvnvvv",  # y, p, t, coefficients, adds to gy and gp
        "drift_vjp": "vvnvvv",  # y, p, t, v, adds to gy and gp
        "switch_functions": "vvnv",  # y, p, t, out: above zero where a condition holds
        # Of the method, see `il6infer.kernel.method`.
        "shifted": "vnv",  # -J, 1 / h, out: M
        "stage": "ivvv",  # which, y, K, out: its state
        "rate": "ivnv",  # which, K, 1 / h, adds to the right-hand side
        "drifted": "invv",  # which, h, df/dt, adds to the right-hand side
        "kept": "vv",  # f, out: the same
        "strained": "vvvvnnvnvv",  # K, f, f of the second stage, df/dt, h, 1 / h, y, rtol, atol, out
        "stepped": "vv",  # K, adds to the last stage's state
        "error": "vvvnvv",  # y, K, new state, rtol, atol of each state, out: error over tolerance, next factor
        "dense": "vvnv",  # y, K, fraction of the step, out: state there
        "dense_vjp": "nvvv",  # fraction, adjoint of the state there, adds to the adjoints of K and of y
        "stepped_vjp": "vv",  # adjoint of the new state, out: adjoints of K
        "stage_vjp": "ivvnvv",  # which, v, adjoint of its state, 1 / h, adds to the adjoints of K and of y
    }.items()
}
"""The same for several runs at once: a vector is a matrix (length, runs), a number a vector (runs,)."""


def symbol_of(name: str, *, together: bool = False) -> str:
    """Symbol under which a model's function or constant is linked; `together`: for several runs."""
    return f"il6infer.{'lanes' if together else 'model'}.{name}"


def entry_symbol(entry: str) -> str:
    """Symbol of an entry of the integrator (``simulate``, ``pullback``, ``jacobian``) in its bitcode."""
    return f"il6infer.{entry}"


def declared_types(kinds: Sequence[str], *, together: bool) -> list[ir.Type]:
    """Types of a function's arguments in LLVM, whatever the number of runs."""
    number = ir.DoubleType().as_pointer() if together else ir.DoubleType()
    return [{"vector": ir.DoubleType().as_pointer(), "number": number, "index": ir.IntType(64)}[kind] for kind in kinds]


def _function(name: str, *, together: bool = False) -> Any:
    kinds = (LANE_FUNCTIONS if together else FUNCTIONS)[name]

    def generate(target: Any, builder: Any, signature: Any, values: list) -> Any:
        declared = ir.FunctionType(ir.VoidType(), declared_types(kinds, together=together))
        function = cgutils.get_or_insert_function(builder.module, declared, symbol_of(name, together=together))
        function.attributes.add("nounwind")
        given = [
            _pointer(target, builder, have, value)
            if isinstance(kind_in_llvm, ir.PointerType)
            else target.cast(builder, value, have, types.float64 if kind == "number" else types.int64)
            for kind, kind_in_llvm, have, value in zip(kinds, declared.args, signature.args, values, strict=True)
        ]
        builder.call(function, given)
        return target.get_dummy_value()

    return _intrinsic(name, len(kinds), types.void, generate)


def _pointer(target: Any, builder: Any, have: types.Type, value: Any) -> Any:
    """Pointer to the first number of an array, or to what stands at an address."""
    if isinstance(have, types.Array):
        return target.make_array(have)(target, builder, value).data
    return builder.inttoptr(value, ir.DoubleType().as_pointer())


@intrinsic
def address(context: Any, array: types.Array) -> tuple:
    """Address of an array's first number, as an integer; the array must outlive its use."""

    def generate(target: Any, builder: Any, signature: Any, values: list) -> Any:
        return builder.ptrtoint(_pointer(target, builder, signature.args[0], values[0]), ir.IntType(64))

    return types.int64(array), generate


def _constant(name: str, indices: int, returned: types.Type) -> Any:
    kind = ir.DoubleType() if returned is types.float64 else ir.IntType(64)

    def generate(target: Any, builder: Any, signature: Any, values: list) -> Any:
        declared = ir.FunctionType(kind, [ir.IntType(64)] * indices)
        function = cgutils.get_or_insert_function(builder.module, declared, symbol_of(name))
        for attribute in ("nounwind", "readnone"):
            function.attributes.add(attribute)
        given = [
            target.cast(builder, value, have, types.int64) for value, have in zip(values, signature.args, strict=True)
        ]
        return builder.call(function, given)

    return _intrinsic(name, indices, returned, generate)


def _intrinsic(name: str, arguments: int, returned: types.Type, generate: Any) -> Any:
    def define(context: Any, *given: types.Type) -> tuple:
        return returned(*given), generate

    # Numba asks for the names of the arguments, of which there are as many as the part has.
    names = ["context", *(f"a{i}" for i in range(arguments))]
    define.__signature__ = Signature([Parameter(n, Parameter.POSITIONAL_OR_KEYWORD) for n in names])
    define.__name__ = name
    return intrinsic(define)


rhs, minus_jacobian, drift, lu, solve, solve_t, rhs_vjp, gather, curvature_vjp, drift_vjp = (
    _function(name, together=True)
    for name in (
        "rhs",
        "minus_jacobian",
        "drift",
        "lu",
        "solve",
        "solve_t",
        "rhs_vjp",
        "gather",
        "curvature_vjp",
        "drift_vjp",
    )
)
shifted, stage, rate, drifted, stepped, error, dense = (
    _function(name, together=True) for name in ("shifted", "stage", "rate", "drifted", "stepped", "error", "dense")
)
kept, strained, denominators = (_function(name, together=True) for name in ("kept", "strained", "denominators"))
stepped_vjp, stage_vjp, dense_vjp = (
    _function(name, together=True) for name in ("stepped_vjp", "stage_vjp", "dense_vjp")
)
initial, initial_vjp, quantities, quantities_vjp = map(
    _function, ("initial", "initial_vjp", "quantities", "quantities_vjp")
)
jump, jump_vjp, observe, observe_vjp = map(_function, ("jump", "jump_vjp", "observe", "observe_vjp"))
minus_jacobian_of_one, lu_of_one = _function("minus_jacobian"), _function("lu")
parameter_entries, curvature_entries, drift_entries = map(
    _function, ("parameter_entries", "curvature_entries", "drift_entries")
)
sum_rows = _function("sum_rows")
switch_functions = _function("switch_functions", together=True)
switch_vjp, trigger, truths, event, event_vjp, step_limit = map(
    _function, ("switch_vjp", "trigger", "truths", "event", "event_vjp", "step_limit")
)

LANES = _constant("LANES", 0, types.int64)  # runs that go together

# Whether any run begins or ends at rest: a kernel without has no code for it.
RESTS = _constant("RESTS", 0, types.int64)

# Sizes: states, varying parameters, coefficients of the curvature, entries of the factors, active parameters.
N, NP, NC, NNZ = (_constant(name, 0, types.int64) for name in ("N", "NP", "NC", "NNZ"))
ACTIVE_COUNT = _constant("ACTIVE_COUNT", 0, types.int64)
TIME_DEPENDENT = _constant("TIME_DEPENDENT", 0, types.int64)

# What rates divide by, see `il6infer.network.denominators`.
DENOMINATORS = _constant("DENOMINATORS", 0, types.int64)

# The method, see `il6infer.kernel.tableau`.
STAGES = _constant("STAGES", 0, types.int64)
GAMMA = _constant("GAMMA", 0, types.float64)
A, C = _constant("A", 2, types.float64), _constant("C", 2, types.float64)
ALPHA, D = _constant("ALPHA", 1, types.float64), _constant("D", 1, types.float64)
DENSE = _constant("DENSE", 2, types.float64)

# Places: of the diagonal among the entries, of each entry in the matrix.
DIAGONAL, ROW, COLUMN = (_constant(name, 1, types.int64) for name in ("DIAGONAL", "ROW", "COLUMN"))

# Forward sensitivities: sums of rows (which value, whose row, which row of it), and the sparse derivatives of three
# vectors. A program has one sum a state, in its own order.
ACTIVE = _constant("ACTIVE", 1, types.int64)
SUM_START, SUM_ROW, SUM_VALUE, SUM_OF, SUM_SOURCE = (
    _constant(name, 1, types.int64) for name in ("SUM_START", "SUM_ROW", "SUM_VALUE", "SUM_OF", "SUM_SOURCE")
)
SUM_COUNT = _constant("SUM_COUNT", 0, types.int64)
ENTRY_START = _constant("ENTRY_START", 1, types.int64)
ENTRY_ROW, ENTRY_COLUMN = _constant("ENTRY_ROW", 1, types.int64), _constant("ENTRY_COLUMN", 1, types.int64)

# Switches and events that are located: places of the modes in p, whether a condition holds at zero, whether
# rates only bend there, whether it (or all that a trigger asks) depends on no state; states that an event changes,
# whether it happens even if its trigger turns false before its turn, whether it uses the values of when
# its trigger turned true, what the trigger counts as before the start; whether `step_limit` limits steps; conditions
# that may be neither true nor false.
SWITCHES, EVENTS, LIMITED = (_constant(name, 0, types.int64) for name in ("SWITCHES", "EVENTS", "LIMITED"))
CONDITIONS = _constant("CONDITIONS", 0, types.int64)
MODE, AT_ZERO, KINK = (_constant(name, 1, types.int64) for name in ("MODE", "AT_ZERO", "KINK"))
OF_TIME, EVENT_OF_TIME = (_constant(name, 1, types.int64) for name in ("OF_TIME", "EVENT_OF_TIME"))
ASSIGNED = _constant("ASSIGNED", 2, types.int64)
PERSISTENT, TRIGGER_VALUES = _constant("PERSISTENT", 1, types.int64), _constant("TRIGGER_VALUES", 1, types.int64)
INITIALLY = _constant("INITIALLY", 1, types.float64)
