"""What the parts of the kernel hand to each other, by name: named tuples of arrays, which numba passes at no cost.

`Tables` describes a problem, `Kept` is what a simulation keeps for its derivatives, `Simulated` its result. Their numba
types stand below (`TABLES`, `KEPT`, `SIMULATED`): a new field needs a line in both, and no position anywhere.

``n`` is the number of states, ``lanes`` the number of runs that go together (see `il6infer.kernel.lanes`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import types


class Tables(NamedTuple):
    """What a kernel reads of a problem: its runs, segments, jumps and measurements, as flat arrays.

    A quantity is a number that a run needs: a parameter, a constant, or an expression of parameters; tables hold
    places in the vector of quantities, in the order of `il6infer.runs.plan.Plan.quantities`. Segments of all runs
    stand one after the other, those of pre-equilibrations last.
    """

    constants: np.ndarray
    """(quantities,) value of those that depend on no estimated parameter; 0 for the others."""
    segment_start: np.ndarray
    """(segments,) time [model unit]."""
    segment_late: np.ndarray
    """(segments,) 1 where what is measured at the start is measured before its jumps."""
    segment_values: np.ndarray
    """(segments, NP) quantity of each varying parameter."""
    jump_ptr: np.ndarray
    """(segments + 1,) where each segment's jumps begin."""
    jump_state: np.ndarray
    """(jumps,) state that changes at the start of the segment."""
    jump_kind: np.ndarray
    """(jumps,) `SET`, `ADD` or `EVALUATE` of `il6infer.runs.jumps`."""
    jump_index: np.ndarray
    """(jumps,) quantity to set or add; for `EVALUATE`, which function of the state (``jump``)."""
    run_equilibration: np.ndarray
    """(runs,) pre-equilibration that the run starts from, or -1."""
    run_begin: np.ndarray
    """(runs,) first segment of the run."""
    run_end: np.ndarray
    """(runs,) one after its last."""
    equilibration_segment: np.ndarray
    """(pre-equilibrations,) segment that is simulated to its steady state."""
    equilibration_laws: np.ndarray
    """(pre-equilibrations,) set of conservation laws."""
    run_laws: np.ndarray
    """(runs,) the same of the steady state at the end of the run, where that is measured."""
    law_ptr: np.ndarray
    """(sets + 1,) where the laws of each set begin."""
    laws: np.ndarray
    """(laws, n) sums of states that stay constant."""
    law_equation: np.ndarray
    """(laws,) state whose steady-state equation the law replaces."""
    time_ptr: np.ndarray
    """(runs + 1,) where each run's measured times begin."""
    times: np.ndarray
    """(times,) measured times [model unit], ascending within a run; infinity is the steady state."""
    measured_run: np.ndarray
    """(measurements,) run."""
    measured_at: np.ndarray
    """(measurements,) index into `times`."""
    measured_observable: np.ndarray
    """(measurements,) which function of the state (``observe``)."""
    input_ptr: np.ndarray
    """(measurements + 1,) where the inputs of each measurement's observable begin."""
    input_index: np.ndarray
    """(inputs,) quantity."""
    rtol: float
    """Relative tolerance."""
    atol: np.ndarray
    """(n,) absolute tolerance of each state."""
    max_steps: int
    """Steps that one run may attempt."""
    max_seconds: float
    """Wall time of a call [s], after which what is not simulated fails."""


class Kept(NamedTuple):
    """What a simulation keeps for its derivatives."""

    outcome: np.ndarray
    """(runs,) `il6infer.runs.outcome.Outcome` of each."""
    states: np.ndarray
    """(times, n) at the measured times."""
    tape: np.ndarray
    """(attempts, width) see `il6infer.kernel.tape`; one row where nothing was to be kept."""
    before_jumps: np.ndarray
    """(segments, n + EVENTS) state before the jumps of each segment, and which triggers of events held then."""
    steady_states: np.ndarray
    """(pre-equilibrations, n)."""


class Simulated(NamedTuple):
    """Result of a simulation."""

    prediction: np.ndarray
    """(measurements,) infinite where the run failed."""
    noise: np.ndarray
    """(measurements,) standard deviation or scale; 1 where the run failed."""
    kept: Kept


class Lanes(NamedTuple):
    """Where the lanes are; a column a lane."""

    y: np.ndarray
    """(n, lanes) states."""
    p: np.ndarray
    """(NP, lanes) varying parameters."""
    t: np.ndarray
    """(lanes,) time."""
    proposed: np.ndarray
    """(lanes,) step that the error allows."""
    step: np.ndarray
    """(lanes,) step attempted."""
    end: np.ndarray
    """(lanes,) end of the segment."""


class Workspace(NamedTuple):
    """Scratch memory of a step of all lanes; a column a lane."""

    factors: np.ndarray
    """(NNZ, lanes) M = I / (h gamma) - J, then its LU factors."""
    minus_jacobian: np.ndarray
    """(NNZ, lanes) entries that are never written are zero."""
    inverse_diagonal: np.ndarray
    """(n, lanes) of the factors."""
    increments: np.ndarray
    """(STAGES n, lanes) K, where no tape keeps it."""
    stage: np.ndarray
    """(n, lanes) state of a stage; after a step, the new state."""
    rates: np.ndarray
    """(n, lanes)."""
    drift: np.ndarray
    """(n, lanes) df/dt."""
    stage_time: np.ndarray
    """(lanes,)."""
    inverse_step: np.ndarray
    """(lanes,) 1 / h."""
    errors: np.ndarray
    """(3, lanes) see `ERROR`, `FACTOR` and `FALLEN`."""
    passed: np.ndarray
    """(lanes,) time that passes in the step."""
    strain: np.ndarray
    """(lanes,) above 0 where a state is held back by a slope that is not there, see `il6infer.kernel.doubts`."""
    at_zero: np.ndarray
    """(n, lanes) rates where a state is put to 0."""
    divided: np.ndarray
    """(DENOMINATORS, lanes) what rates divide by, at the start of a step."""
    divided_after: np.ndarray
    """(DENOMINATORS, lanes) at its end."""
    rtol: np.ndarray
    """(lanes,)."""
    atol: np.ndarray
    """(n, lanes) absolute tolerance of each state."""
    deadline: float
    """Time of `clock.now` at which the call is late."""
    coarsest_atol: np.ndarray
    """(n,) of the tables; in a search for a steady state, that of a state may be below."""


class Switching(NamedTuple):
    """Scratch memory of switches, see `il6infer.kernel.switching`; a column a lane, empty where there are none."""

    fraction: np.ndarray
    """(lanes,) place in a step that is looked at."""
    inside: np.ndarray
    """(n, lanes) state there."""
    time: np.ndarray
    """(lanes,) time there."""
    clock: np.ndarray
    """(lanes,) 1, or 0 where time stands still at 0: before an experiment."""
    functions: np.ndarray
    """(SWITCHES, lanes) switching functions there."""
    samples: np.ndarray
    """(samples, SWITCHES, lanes) at the places of a step that are looked at."""
    low: np.ndarray
    """(lanes,) last fraction of a step known to be before a switch."""
    high: np.ndarray
    """(lanes,) first fraction known to be after it; above 1 where there is none."""
    which: np.ndarray
    """(lanes,) switch that was located, or -1."""
    until: np.ndarray
    """(lanes,) time up to which the step says what is measured."""
    since: np.ndarray
    """(lanes,) the same of the last switch of the run, or -infinity."""
    held: np.ndarray
    """(EVENTS, lanes) which triggers held."""
    fired: np.ndarray
    """(EVENTS, lanes) time at which each event last happened, or -infinity."""
    gap: np.ndarray
    """(EVENTS, lanes) time between the last two, or infinity."""
    faster: np.ndarray
    """(EVENTS, lanes) how many times on end each has come sooner than the time before."""
    order: np.ndarray
    """(events at one moment, 2) event, and which of `before` its values come from."""
    before: np.ndarray
    """(events at one moment + 1, n) state before each."""


class AdjointWorkspace(NamedTuple):
    """Scratch memory of the adjoint of a step; a column a lane."""

    increments_bar: np.ndarray
    """(STAGES n, lanes) adjoints of K."""
    stage_bar: np.ndarray
    """(n, lanes) adjoint of a stage's state."""
    coefficients: np.ndarray
    """(NC, lanes) of the curvature, see `il6infer.kernel.equations`."""
    drift_bar: np.ndarray
    """(n, lanes) weights of the drift."""


ERROR, FACTOR, FALLEN = range(3)
"""Rows of `Workspace.errors`: error over tolerance, factor of the next step."""

VECTOR, MATRIX = types.float64[::1], types.float64[:, ::1]


def _read_only(dtype: types.Type, dimensions: int) -> types.Array:
    # Numba types constant arrays as read-only; one type for all callers means one compilation.
    return types.Array(dtype, dimensions, "C", readonly=True)


_NUMBERS, _INDICES = _read_only(types.float64, 1), _read_only(types.int64, 1)


def _type(kind: Callable[..., tuple], **fields: types.Type) -> Any:
    """Numba type of a class of named tuples, from the types of its fields; iterates over these."""
    return types.BaseTuple.from_types(tuple(kind(**fields)), kind)


TABLES = _type(
    Tables,
    constants=_NUMBERS,
    segment_start=_NUMBERS,
    segment_late=_INDICES,
    segment_values=_read_only(types.int64, 2),
    jump_ptr=_INDICES,
    jump_state=_INDICES,
    jump_kind=_INDICES,
    jump_index=_INDICES,
    run_equilibration=_INDICES,
    run_begin=_INDICES,
    run_end=_INDICES,
    equilibration_segment=_INDICES,
    equilibration_laws=_INDICES,
    run_laws=_INDICES,
    law_ptr=_INDICES,
    laws=_read_only(types.float64, 2),
    law_equation=_INDICES,
    time_ptr=_INDICES,
    times=_NUMBERS,
    measured_run=_INDICES,
    measured_at=_INDICES,
    measured_observable=_INDICES,
    input_ptr=_INDICES,
    input_index=_INDICES,
    rtol=types.float64,
    atol=_NUMBERS,
    max_steps=types.int64,
    max_seconds=types.float64,
)
TABLES_SIZE = 3 * 8 * len(Tables._fields)
"""Bytes of the description of tables by `il6infer.kernel.calls.packed`."""

KEPT = _type(
    Kept, outcome=types.int64[::1], states=MATRIX, tape=MATRIX, before_jumps=MATRIX, steady_states=MATRIX
)  # fmt: skip
SIMULATED = _type(Simulated, prediction=VECTOR, noise=VECTOR, kept=KEPT)

SIMULATE = (VECTOR, TABLES, types.boolean)
"""Types of the arguments of ``simulate``: theta, tables, whether to keep the tape. It returns `SIMULATED`."""

PULLBACK = (VECTOR, TABLES, KEPT, VECTOR, VECTOR)
"""Types of the arguments of ``pullback``, the last the adjoints of prediction and noise. It returns a `VECTOR`."""

JACOBIAN, JACOBIANS = (VECTOR, TABLES, KEPT), types.UniTuple(MATRIX, 2)
"""Types of the arguments of ``jacobian``, and what it returns."""
