"""A problem's runs, segments, jumps and measurements as the flat arrays that a kernel reads."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from il6infer.kernel.contracts import Tables
from il6infer.kernel.layout import layout
from il6infer.problems.spec import Problem
from il6infer.runs.laws import Laws
from il6infer.runs.plan import Plan


def tables_of(
    problem: Problem, plan: Plan, laws: Laws, rtol: float, atol: np.ndarray, max_steps: int, max_seconds: float
) -> Tables:
    """Turn a problem's plan into tables.

    Parameters
    ----------
    problem
        As the kernel simulates it.
    plan
        Of that problem.
    laws
        What its steady states conserve.
    rtol, atol
        Tolerances, the second (states,) of each state.
    max_steps, max_seconds
        Budget of a run, and of a call [s].
    """
    varying = layout(problem, plan).varying
    segments, equilibration, begin, end, equilibrations = [], [], [], [], {}
    for run, own in zip(plan.runs, laws.before, strict=True):
        if run[0].steady:
            key = (tuple(run[0].values[i] for i in varying), run[0].jumps)
            equilibration.append(equilibrations.setdefault(key, (len(equilibrations), run[0], own))[0])
        else:
            equilibration.append(-1)
        body = [s for s in run if not s.steady]
        begin.append(len(segments))
        segments += body
        end.append(len(segments))
    first_equilibration = len(segments)
    segments += [segment for _, segment, _ in equilibrations.values()]
    jumps = [jump for segment in segments for jump in segment.jumps]
    time_ptr = _starts([len(t) for t in plan.run_times])
    measured_run, measured_at, measured_observable = plan.measured.T
    return Tables(
        constants=_numbers([0.0 if e.free_symbols else float(e) for e in plan.quantities]),
        segment_start=_numbers([s.start for s in segments]),
        segment_late=_integers([s.late for s in segments]),
        segment_values=_integers([[s.values[i] for i in varying] for s in segments], (len(segments), len(varying))),
        jump_ptr=_starts([len(s.jumps) for s in segments]),
        jump_state=_integers([state for state, _, _ in jumps]),
        jump_kind=_integers([kind for _, kind, _ in jumps]),
        jump_index=_integers([index for _, _, index in jumps]),
        run_equilibration=_integers(equilibration),
        run_begin=_integers(begin),
        run_end=_integers(end),
        equilibration_segment=_integers(range(first_equilibration, len(segments))),
        equilibration_laws=_integers([own for _, _, own in equilibrations.values()]),
        run_laws=_integers(laws.after),
        law_ptr=_starts([len(own) for own in laws.sets]),
        laws=fixed(np.concatenate(laws.sets)),
        law_equation=_integers([i for own in laws.equations for i in own]),
        time_ptr=time_ptr,
        times=_numbers(np.concatenate([*plan.run_times, np.empty(0)])),
        measured_run=_integers(measured_run),
        measured_at=_integers(measured_at + time_ptr[measured_run]),
        measured_observable=_integers(measured_observable),
        input_ptr=_starts([len(i) for i in plan.measured_inputs]),
        input_index=_integers([k for inputs in plan.measured_inputs for k in inputs]),
        rtol=float(rtol),
        atol=_numbers(atol),
        max_steps=int(max_steps),
        max_seconds=float(max_seconds),
    )


def _integers(values: Iterable, shape: tuple[int, ...] = (-1,)) -> np.ndarray:
    return fixed(np.array([*values], dtype=np.int64).reshape(shape))


def _numbers(values: Iterable[float]) -> np.ndarray:
    return fixed(np.array([*values], dtype=float))


def _starts(lengths: list[int]) -> np.ndarray:
    """Where each of several lists begins that stand one after the other; then the end of the last."""
    return fixed(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def fixed(array: np.ndarray) -> np.ndarray:
    """Give an array that nobody changes any more."""
    # numba types constant arrays as read-only; the same type here means one compilation serves both callers.
    array.flags.writeable = False
    return array
