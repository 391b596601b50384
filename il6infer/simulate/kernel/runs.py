# ruff: noqa: ANN001, ANN202  (see steps.py)
"""Runs over all conditions: forward pass, measurements, and the pullback of both."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.simulate.kernel.parts import (
    NC,
    NP,
    STAGES,
    N,
    initial,
    initial_vjp,
    jump,
    jump_vjp,
    observe,
    observe_vjp,
    quantities,
    quantities_vjp,
)  # fmt: skip
from il6infer.simulate.kernel.steady import steady, steady_adjoint
from il6infer.simulate.kernel.steps import (
    OK,
    OPTIONS,
    accumulate,
    advance,
    clear,
    first_step,
    put,
    step_adjoint,
    width,
    workspace,
)  # fmt: skip
from il6infer.simulate.outcome import Outcome

RESCUED = int(Outcome.RESCUED)


@njit(**OPTIONS)
def all_quantities(theta, constants):
    """Estimated parameters, constants and expressions of them in one vector."""
    d = np.empty(len(constants))
    put(d, constants)
    for i in range(len(theta)):
        d[i] = theta[i]
    quantities(theta, d)
    return d


@njit(**OPTIONS)
def most_inputs(input_ptr):
    """Length of the longest list of inputs of a measurement; at least 1."""
    most = 1
    for n in range(len(input_ptr) - 1):
        most = max(most, input_ptr[n + 1] - input_ptr[n])
    return most


@njit(**OPTIONS)
def load(seg, seg_values, d, p):
    """Parameter vector of a segment."""
    for i in range(NP()):
        p[i] = d[seg_values[seg, i]]


@njit(**OPTIONS)
def apply_jumps(seg, jump_ptr, jumps, y, d, before, out):
    """Change the state at the start of a segment; leaves the state before in `before`."""
    put(before, y)
    for n in range(jump_ptr[seg], jump_ptr[seg + 1]):
        state, kind, index = jumps[n, 0], jumps[n, 1], jumps[n, 2]
        if kind == 0:
            y[state] = d[index]
        elif kind == 1:
            y[state] = before[state] + d[index]
        else:
            jump(index, before, d, out)
            y[state] = out[0]


@njit(**OPTIONS)
def jumps_adjoint(seg, jump_ptr, jumps, before, d, lam, gd):
    """Adjoint of `apply_jumps`."""
    after = np.empty(N())
    put(after, lam)
    for n in range(jump_ptr[seg], jump_ptr[seg + 1]):
        state, kind, index = jumps[n, 0], jumps[n, 1], jumps[n, 2]
        if kind != 1:
            lam[state] -= after[state]
    for n in range(jump_ptr[seg], jump_ptr[seg + 1]):
        state, kind, index = jumps[n, 0], jumps[n, 1], jumps[n, 2]
        if kind == 2:
            jump_vjp(index, before, d, after[state], lam, gd)
        else:
            gd[index] += after[state]


@njit(**OPTIONS)
def simulate(theta, tables, keep):
    """All runs and measurements.

    Returns prediction (M,), noise (M,), outcome (runs,), states (times, N()), tape, tape pointers, state before the
    jumps of each segment, steady state of each pre-equilibration.
    """
    (
        constants, seg_start, seg_values, jump_ptr, jumps, run_pre, run_segments, pre_segments, time_ptr, times,
        measured, input_ptr, input_index, tolerances,
    ) = tables  # fmt: skip
    rtol, atol, max_steps = tolerances[0], tolerances[1], int(tolerances[2])
    d = all_quantities(theta, constants)
    runs, count = len(run_pre), 0
    states, outcome = np.empty((len(times), N())), np.zeros(runs, dtype=np.int64)
    before = np.empty((len(seg_start), N()))
    tape, tape_ptr = np.empty((64 * runs + 64 if keep else 1, width())), np.zeros(runs + 1, dtype=np.int64)
    rest, rest_outcome = np.empty((len(pre_segments), N())), np.zeros(len(pre_segments), dtype=np.int64)
    work, p, y, out = workspace(), np.empty(NP()), np.empty(N()), np.empty(2)
    for n in range(len(pre_segments)):
        seg = pre_segments[n]
        load(seg, seg_values, d, p)
        initial(p, y)
        apply_jumps(seg, jump_ptr, jumps, y, d, before[seg], out)
        rest_outcome[n] = steady(y, p, rtol, atol, max_steps, work, tape)
        put(rest[n], y)
    for r in range(runs):
        first, last = run_segments[r, 0], run_segments[r, 1]
        tape_ptr[r] = count
        if run_pre[r] >= 0:
            outcome[r] = rest_outcome[run_pre[r]]
            put(y, rest[run_pre[r]])
        else:
            load(first, seg_values, d, p)
            initial(p, y)
        budget, at = max_steps, time_ptr[r]
        for seg in range(first, last):
            if outcome[r] != 0:
                break
            load(seg, seg_values, d, p)
            apply_jumps(seg, jump_ptr, jumps, y, d, before[seg], out)
            t = seg_start[seg]
            end = seg_start[seg + 1] if seg + 1 < last else np.inf
            # What is measured when the next segment begins is measured after its jumps.
            while at < time_ptr[r + 1] and times[at] == t < end:
                put(states[at], y)
                at += 1
            until = at
            while until < time_ptr[r + 1] and times[until] < end:
                until += 1
            # Nobody looks beyond the last measured time.
            goal = end if end < np.inf else (times[until - 1] if until > at else t)
            if goal > t:
                h = first_step(y, t, p, rtol, atol, work)
                outcome[r], h, budget, tape, count = advance(
                    y, t, goal, h, p, rtol, atol, budget, work, tape, count, keep, seg, times, at, until, states
                )
                at = until
            if end == np.inf and outcome[r] == 0 and at < time_ptr[r + 1]:
                outcome[r] = steady(y, p, rtol, atol, max_steps, work, tape)
                put(states[at], y)
    tape_ptr[runs] = count
    prediction, noise = np.empty(len(measured)), np.empty(len(measured))
    q = np.empty(most_inputs(input_ptr))
    for n in range(len(measured)):
        run, at, o = measured[n, 0], measured[n, 1], measured[n, 2]
        if outcome[run] != 0:
            prediction[n], noise[n] = np.inf, 1.0
            continue
        for i in range(input_ptr[n + 1] - input_ptr[n]):
            q[i] = d[input_index[input_ptr[n] + i]]
        observe(o, states[at], times[at], q, out)
        # An instrument that reads no number, or has no spread, makes its measurement impossible.
        possible = math.isfinite(out[0]) and out[1] > 0.0
        prediction[n], noise[n] = (out[0], out[1]) if possible else (np.inf, 1.0)
    return prediction, noise, outcome, states, tape[:count], tape_ptr, before, rest


@njit(**OPTIONS)
def run_adjoint(r, theta, d, tables, states, ybar, tape, tape_ptr, before, gd, work, rest_bar):
    """Adjoint of one run: adds to gd and to the adjoint of its resting state."""
    (
        constants, seg_start, seg_values, jump_ptr, jumps, run_pre, run_segments, pre_segments, time_ptr, times,
        measured, input_ptr, input_index, tolerances,
    ) = tables  # fmt: skip
    first, last = run_segments[r, 0], run_segments[r, 1]
    lam, p, gp = np.zeros(N()), np.empty(NP()), np.zeros(NP())
    kb, v, wb, cc = np.empty((STAGES(), N())), np.empty(N()), np.empty(N()), np.empty(NC())
    at, row = time_ptr[r + 1] - 1, tape_ptr[r + 1] - 1
    if at >= time_ptr[r] and times[at] == np.inf:
        load(last - 1, seg_values, d, p)
        accumulate(lam, ybar[at])
        steady_adjoint(states[at], p, lam, gp, work)
        for i in range(NP()):
            gd[seg_values[last - 1, i]] += gp[i]
        at -= 1
    for seg in range(last - 1, first - 1, -1):
        load(seg, seg_values, d, p)
        clear(gp)
        while row >= tape_ptr[r] and tape[row, 2] == seg:
            until = at + 1
            while at >= time_ptr[r] and times[at] > tape[row, 0]:
                at -= 1
            step_adjoint(tape[row], p, lam, gp, work, kb, v, wb, cc, times, at + 1, until, ybar)
            row -= 1
        while at >= time_ptr[r] and times[at] == seg_start[seg]:
            accumulate(lam, ybar[at])
            at -= 1
        for i in range(NP()):
            gd[seg_values[seg, i]] += gp[i]
        jumps_adjoint(seg, jump_ptr, jumps, before[seg], d, lam, gd)
    if run_pre[r] >= 0:
        accumulate(rest_bar[run_pre[r]], lam)
    else:
        load(first, seg_values, d, p)
        clear(gp)
        initial_vjp(p, lam, gp)
        for i in range(NP()):
            gd[seg_values[first, i]] += gp[i]


@njit(**OPTIONS)
def pullback(theta, tables, outcome, states, tape, tape_ptr, before, rest, prediction_bar, noise_bar):
    """Gradient of sum(prediction_bar * prediction + noise_bar * noise); NaN where a run failed.

    Runs that another engine has rescued are left out: their share is that engine's to add.
    """
    (
        constants, seg_start, seg_values, jump_ptr, jumps, run_pre, run_segments, pre_segments, time_ptr, times,
        measured, input_ptr, input_index, tolerances,
    ) = tables  # fmt: skip
    gradient = np.zeros(len(theta))
    for r in range(len(outcome)):
        if outcome[r] != OK and outcome[r] != RESCUED:
            for i in range(len(theta)):
                gradient[i] = np.nan
            return gradient
    d = all_quantities(theta, constants)
    gd, ybar, rest_bar = np.zeros(len(d)), np.zeros((len(times), N())), np.zeros((len(pre_segments), N()))
    work, p, gp = workspace(), np.empty(NP()), np.empty(NP())
    q, gq = np.empty(most_inputs(input_ptr)), np.empty(most_inputs(input_ptr))
    for n in range(len(measured)):
        at, o = measured[n, 1], measured[n, 2]
        if outcome[measured[n, 0]] != OK:
            continue
        size = input_ptr[n + 1] - input_ptr[n]
        for i in range(size):
            q[i] = d[input_index[input_ptr[n] + i]]
            gq[i] = 0.0
        observe_vjp(o, states[at], times[at], q, prediction_bar[n], noise_bar[n], ybar[at], gq)
        for i in range(size):
            gd[input_index[input_ptr[n] + i]] += gq[i]
    for r in range(len(run_pre)):
        if outcome[r] == OK:
            run_adjoint(r, theta, d, tables, states, ybar, tape, tape_ptr, before, gd, work, rest_bar)
    for n in range(len(pre_segments)):
        needed = False
        for r in range(len(run_pre)):
            needed = needed or (run_pre[r] == n and outcome[r] == OK)
        if not needed:
            continue
        seg = pre_segments[n]
        load(seg, seg_values, d, p)
        clear(gp)
        steady_adjoint(rest[n], p, rest_bar[n], gp, work)
        jumps_adjoint(seg, jump_ptr, jumps, before[seg], d, rest_bar[n], gd)
        initial_vjp(p, rest_bar[n], gp)
        for i in range(NP()):
            gd[seg_values[seg, i]] += gp[i]
    quantities_vjp(theta, gd, gradient)
    for i in range(len(theta)):
        gradient[i] += gd[i]
    return gradient
