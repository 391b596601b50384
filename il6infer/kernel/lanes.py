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

from il6infer.kernel.parts import (
    ALPHA,
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
)  # fmt: skip
from il6infer.kernel.tape import BYTES, increments_at
from il6infer.kernel.vectors import OPTIONS, clear_all
from il6infer.runs.outcome import Outcome

OK, STEP_LIMIT, STEP_TOO_SMALL = int(Outcome.OK), int(Outcome.STEP_LIMIT), int(Outcome.STEP_TOO_SMALL)
NON_FINITE = int(Outcome.NON_FINITE)
GOES_ON = -1
"""A step was taken or refused, and the run goes on."""

SMALLEST = 1e-13
"""Steps below this share of the time are none."""


@njit(**OPTIONS)
def lane_states():
    """Where the lanes are: states, parameters, time, step proposed, step attempted, end of the segment."""
    lanes = LANES()
    return (
        np.zeros((N(), lanes)), np.zeros((NP(), lanes)), np.zeros(lanes), np.ones(lanes), np.ones(lanes),
        np.zeros(lanes),
    )  # fmt: skip


@njit(**OPTIONS)
def workspace(rtol, atol):
    """Scratch matrices of the lanes: M, -J, 1/diagonal, K, w, b, drift; then time, 1/h, errors, rtol, atol."""
    n, lanes = N(), LANES()
    matrices = (
        np.empty((NNZ(), lanes)), np.zeros((NNZ(), lanes)), np.empty((n, lanes)), np.empty((STAGES() * n, lanes)),
        np.empty((n, lanes)), np.empty((n, lanes)), np.empty((n, lanes)),
    )  # fmt: skip
    return matrices, (
        np.empty(lanes), np.empty(lanes), np.empty((2, lanes)), np.full(lanes, rtol), np.full(lanes, atol),
    )  # fmt: skip


@njit(**OPTIONS)
def factorise(y, p, t, work):
    """LU factors of M = I / (h gamma) - J, for the 1/h in `work`."""
    (m, mj, dg, _, _, _, _), (_, inverse, _, _, _) = work
    minus_jacobian(y, p, t, mj)
    shifted(mj, inverse, m)
    lu(m, dg)


@njit(**OPTIONS)
def attempt(y, p, t, h, k, work):
    """Stages of one step from y; leaves K at the address `k`, the new state and the errors in `work`."""
    (m, mj, dg, _, w, _, ft), (at, inverse, e, rtol, atol) = work
    for lane in range(LANES()):
        inverse[lane] = 1.0 / h[lane]
    factorise(y, p, t, work)
    if TIME_DEPENDENT():
        drift(y, p, t, ft)
    size = BYTES * N() * LANES()
    for s in range(STAGES()):
        stage(s, y, k, w)
        for lane in range(LANES()):
            at[lane] = t[lane] + ALPHA(s) * h[lane]
        out = k + s * size
        rhs(w, p, at, out)
        rate(s, k, inverse, out)
        if TIME_DEPENDENT():
            drifted(s, h, ft, out)
        solve(m, dg, out)
    stepped(k, w)
    error(y, k, w, rtol, atol, e)


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
def judge(lane, t, h, step, end, errors):
    """Take or refuse the step that was attempted: moves `t` and `h` of the lane.

    Returns `GOES_ON` or the outcome, and whether the step was taken; a run that took a step to the end has t = end.
    """
    was, factor = t[lane], errors[1, lane]
    if errors[0, lane] < 1.0:
        grown = step[lane] * min(6.0, factor)
        if lands(was, h[lane], end[lane]):
            t[lane], h[lane] = end[lane], max(h[lane], grown)
        else:
            t[lane], h[lane] = was + step[lane], grown
        return GOES_ON, True
    finite = math.isfinite(errors[0, lane])
    h[lane] = step[lane] * (max(0.2, factor) if finite else 0.2)
    if h[lane] < SMALLEST * max(abs(was), 1.0):
        return (STEP_TOO_SMALL if finite else NON_FINITE), False
    return GOES_ON, False


@njit(**OPTIONS)
def first_step(lane, y, p, t, work):
    """Step size that moves no state of a lane by more than a hundredth of its size."""
    b, (_, _, _, rtol, atol) = work[0][5], work[1]
    rhs(y, p, t, b)
    size, speed = 0.0, 0.0
    for i in range(N()):
        scale = atol[0] + rtol[0] * abs(y[i, lane])
        size += (y[i, lane] / scale) ** 2
        speed += (b[i, lane] / scale) ** 2
    if speed > 0.0 and size > 0.0 and math.isfinite(size / speed):
        return max(0.01 * math.sqrt(size / speed), 1e-8)
    return 1e-3


@njit(**OPTIONS)
def adjoint_workspace():
    """Adjoints of K, adjoint of a stage's state, coefficients of the curvature, weights of the drift."""
    n, lanes = N(), LANES()
    return np.empty((STAGES() * n, lanes)), np.empty((n, lanes)), np.empty((NC(), lanes)), np.empty((n, lanes))


@njit(**OPTIONS)
def step_adjoint(tape, row, p, lam, gp, work, scratch):
    """Adjoint of an attempt: lam at its end becomes lam at its start; adds to gp.

    `scratch` holds the adjoints of K by `stepped_vjp` and the measurements in the step.
    """
    (m, _, dg, _, w, _, _), (at, inverse, _, _, _) = work
    kb, wb, c, fb = scratch
    lanes, size = LANES(), BYTES * N() * LANES()
    k = increments_at(tape, row)
    y, h, t = k - size, k - size - 2 * BYTES * lanes, k - size - 3 * BYTES * lanes
    for lane in range(lanes):
        inverse[lane] = 1.0 / tape[row, lanes + lane]
    factorise(y, p, t, work)
    clear_all(c)
    if TIME_DEPENDENT():
        clear_all(fb)
    for s in range(STAGES() - 1, -1, -1):
        v = address(kb) + s * size
        solve_t(m, dg, v)
        stage(s, y, k, w)
        for lane in range(lanes):
            at[lane] = tape[row, lane] + ALPHA(s) * tape[row, lanes + lane]
        clear_all(wb)
        rhs_vjp(w, p, at, v, wb, gp)
        gather(v, k + s * size, c)
        stage_vjp(s, v, wb, inverse, kb, lam)
        if TIME_DEPENDENT():
            drifted(s, h, v, fb)
    curvature_vjp(y, p, t, c, lam, gp)
    if TIME_DEPENDENT():
        drift_vjp(y, p, t, fb, lam, gp)
