# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Rosenbrock steps of several runs at once, and their exact discrete adjoint.

A run goes in a lane: a column of the matrices (length, lanes) that hold states, parameters and increments. All lanes
attempt a step at the same time, each with a step size of its own; a lane whose run is over takes the next. What a lane
computes depends on its own run alone, so a run has the same bits whatever goes beside it.

Steps land on the ends of segments only: at measured times in between, the method's continuous extension gives the
state, as y plus a combination of the increments K.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.kernel.clock import now
from il6infer.kernel.contracts import ERROR, FACTOR, AdjointWorkspace, Lanes, Workspace
from il6infer.kernel.model_functions import (
    ALPHA,
    DENOMINATORS,
    LANES,
    NC,
    NNZ,
    NP,
    STAGES,
    TIME_DEPENDENT,
    N,
    address,
    curvature_vjp,
    drift,
    drift_vjp,
    drifted,
    error,
    gather,
    kept,
    lu,
    minus_jacobian,
    rate,
    rhs,
    rhs_vjp,
    shifted,
    solve,
    solve_t,
    stage,
    stage_vjp,
    stepped,
    strained,
)  # fmt: skip
from il6infer.kernel.tape import BYTES, increments_at, states_at, step_of, steps_at, time_of, times_at
from il6infer.kernel.vectors import OPTIONS, clear_all, spread
from il6infer.runs.outcome import Outcome

OK, STEP_LIMIT, STEP_TOO_SMALL = int(Outcome.OK), int(Outcome.STEP_LIMIT), int(Outcome.STEP_TOO_SMALL)
NON_FINITE, TIME_LIMIT = int(Outcome.NON_FINITE), int(Outcome.TIME_LIMIT)
GOES_ON = -1
"""A step was taken or refused, and the run goes on."""

SMALLEST = 1e-13
"""Steps below this share of the time are none."""


@njit(**OPTIONS)
def lane_states():
    """Lanes without a run."""
    lanes = LANES()
    return Lanes(
        y=np.zeros((N(), lanes)),
        p=np.zeros((NP(), lanes)),
        t=np.zeros(lanes),
        proposed=np.ones(lanes),
        step=np.ones(lanes),
        end=np.zeros(lanes),
    )


@njit(**OPTIONS)
def workspace(tables):
    """Scratch memory of the lanes."""
    n, lanes = N(), LANES()
    atol = np.empty((n, lanes))
    spread(atol, tables.atol)
    return Workspace(
        factors=np.empty((NNZ(), lanes)),
        minus_jacobian=np.zeros((NNZ(), lanes)),
        inverse_diagonal=np.empty((n, lanes)),
        increments=np.empty((STAGES() * n, lanes)),
        stage=np.empty((n, lanes)),
        rates=np.empty((n, lanes)),
        drift=np.zeros((n, lanes)),
        stage_time=np.empty(lanes),
        inverse_step=np.empty(lanes),
        errors=np.empty((3, lanes)),
        passed=np.empty(lanes),
        strain=np.empty(lanes),
        at_zero=np.empty((n, lanes)),
        divided=np.empty((DENOMINATORS(), lanes)),
        divided_after=np.empty((DENOMINATORS(), lanes)),
        rtol=np.full(lanes, tables.rtol),
        atol=atol,
        deadline=now() + tables.max_seconds,
        coarsest_atol=tables.atol,
    )


@njit(**OPTIONS)
def factorise(y, p, t, work):
    """LU factors of M = I / (h gamma) - J, for the 1/h in `work`."""
    minus_jacobian(y, p, t, work.minus_jacobian)
    shifted(work.minus_jacobian, work.inverse_step, work.factors)
    lu(work.factors, work.inverse_diagonal)


@njit(**OPTIONS)
def attempt(y, p, t, h, k, passes, work):
    """Stages of one step from y; leaves K at the address `k`, the new state and the errors in `work`.

    `passes` is whether time passes in the step, or stands still at `t` (before an experiment).
    """
    for lane in range(LANES()):
        work.inverse_step[lane] = 1.0 / h[lane]
        work.passed[lane] = h[lane] if passes else 0.0
    factorise(y, p, t, work)
    if TIME_DEPENDENT() and passes:
        drift(y, p, t, work.drift)
    size = BYTES * N() * LANES()
    for s in range(STAGES()):
        stage(s, y, k, work.stage)
        for lane in range(LANES()):
            work.stage_time[lane] = t[lane] + ALPHA(s) * h[lane] if passes else t[lane]
        out = k + s * size
        if s == 0:
            rhs(work.stage, p, work.stage_time, work.rates)
            kept(work.rates, out)
        else:
            rhs(work.stage, p, work.stage_time, out)
        if s == 1:
            strained(
                k, work.rates, out, work.drift, work.passed, work.inverse_step, y, work.rtol, work.atol, work.strain
            )
        rate(s, k, work.inverse_step, out)
        if TIME_DEPENDENT() and passes:
            drifted(s, h, work.drift, out)
        solve(work.factors, work.inverse_diagonal, out)
    stepped(k, work.stage)
    error(y, k, work.stage, work.rtol, work.atol, work.errors)


@njit(**OPTIONS)
def propose(t, h, end):
    """Step to attempt from t, given the one that the error allows, so that steps land on `end`."""
    left = end - t
    if lands(t, h, end):
        return left
    return 0.5 * left if h > 0.5 * left else h


@njit(**OPTIONS)
def lands(t, h, end):
    """Whether a step of size h reaches the end."""
    return h >= (end - t) * (1.0 - 1e-10)


@njit(**OPTIONS)
def judge(lane, moving, errors):
    """Take or refuse the step that was attempted: moves the lane's time, and proposes its next step.

    Returns `GOES_ON` or the outcome, and whether the step was taken; a run that took a step to the end has t = end.
    """
    # One return: with several, numba counts references to `moving` and `errors` at each call, with locked instructions.
    _, _, t, h, step, end = moving
    was, factor, taken, outcome = t[lane], errors[FACTOR, lane], errors[ERROR, lane] < 1.0, GOES_ON
    if taken:
        grown = step[lane] * min(6.0, factor)
        if lands(was, h[lane], end[lane]):
            t[lane], h[lane] = end[lane], max(h[lane], grown)
        else:
            t[lane], h[lane] = was + step[lane], grown
    else:
        finite = math.isfinite(errors[ERROR, lane])
        h[lane] = step[lane] * (max(0.2, factor) if finite else 0.2)
        if h[lane] < SMALLEST * max(abs(was), 1.0):
            outcome = STEP_TOO_SMALL if finite else NON_FINITE
    return outcome, taken


@njit(**OPTIONS)
def first_step(lane, y, p, t, work):
    """Step size that moves no state of a lane by more than a hundredth of its size."""
    b = work.rates
    rhs(y, p, t, b)
    size, speed = 0.0, 0.0
    for i in range(N()):
        scale = work.atol[i, lane] + work.rtol[lane] * abs(y[i, lane])
        size += (y[i, lane] / scale) ** 2
        speed += (b[i, lane] / scale) ** 2
    if speed > 0.0 and size > 0.0 and math.isfinite(size / speed):
        return max(0.01 * math.sqrt(size / speed), 1e-8)
    return 1e-3


@njit(**OPTIONS)
def adjoint_workspace():
    """Scratch memory of the adjoint of the lanes."""
    n, lanes = N(), LANES()
    return AdjointWorkspace(
        increments_bar=np.empty((STAGES() * n, lanes)),
        stage_bar=np.empty((n, lanes)),
        coefficients=np.empty((NC(), lanes)),
        drift_bar=np.empty((n, lanes)),
    )


@njit(**OPTIONS)
def step_adjoint(tape, row, p, lam, gp, work, scratch):
    """Adjoint of an attempt: lam at its end becomes lam at its start; adds to gp.

    `scratch` holds the adjoints of K by `stepped_vjp` and the measurements in the step.
    """
    lanes, size = LANES(), BYTES * N() * LANES()
    t, h, y, k = times_at(tape, row), steps_at(tape, row), states_at(tape, row), increments_at(tape, row)
    for lane in range(lanes):
        work.inverse_step[lane] = 1.0 / step_of(tape, row, lane)
    factorise(y, p, t, work)
    clear_all(scratch.coefficients)
    if TIME_DEPENDENT():
        clear_all(scratch.drift_bar)
    for s in range(STAGES() - 1, -1, -1):
        v = address(scratch.increments_bar) + s * size
        solve_t(work.factors, work.inverse_diagonal, v)
        stage(s, y, k, work.stage)
        for lane in range(lanes):
            work.stage_time[lane] = time_of(tape, row, lane) + ALPHA(s) * step_of(tape, row, lane)
        clear_all(scratch.stage_bar)
        rhs_vjp(work.stage, p, work.stage_time, v, scratch.stage_bar, gp)
        gather(v, k + s * size, scratch.coefficients)
        stage_vjp(s, v, scratch.stage_bar, work.inverse_step, scratch.increments_bar, lam)
        if TIME_DEPENDENT():
            drifted(s, h, v, scratch.drift_bar)
    curvature_vjp(y, p, t, scratch.coefficients, lam, gp)
    if TIME_DEPENDENT():
        drift_vjp(y, p, t, scratch.drift_bar, lam, gp)
