# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Runs over all conditions, and what the instruments read of them."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.kernel.lanes import (
    GOES_ON,
    OK,
    STEP_LIMIT,
    attempt,
    first_step,
    judge,
    lane_states,
    propose,
    workspace,
)
from il6infer.kernel.parts import LANES, NP, N, address, dense, initial, jump, observe, quantities
from il6infer.kernel.steady import settle
from il6infer.kernel.tape import increments_at, lengthened, record, width
from il6infer.kernel.vectors import OPTIONS, put, put_column, take_column


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
def rest_of_all(tables, d, before, work):
    """States of rest (pre-equilibrations, N()) and their outcomes."""
    seg_values, jump_ptr, jumps, pre_segments, tolerances = tables[2], tables[3], tables[4], tables[7], tables[13]
    rest, parameters = np.empty((len(pre_segments), N())), np.empty((len(pre_segments), NP()))
    outcome, out = np.zeros(len(pre_segments), dtype=np.int64), np.empty(2)
    for n in range(len(pre_segments)):
        seg = pre_segments[n]
        load(seg, seg_values, d, parameters[n])
        initial(parameters[n], rest[n])
        apply_jumps(seg, jump_ptr, jumps, rest[n], d, before[seg], out)
    settle(rest, parameters, outcome, int(tolerances[2]), work)
    return rest, outcome


@njit(**OPTIONS)
def enter(lane, first, run, at, tables, d, moving, before, states, work):
    """Go on with the segments of a run from `first`: jumps, and what is measured at once.

    Moves `at` of the lane. Returns the segment that is to be integrated, or -1 where the run is over.
    """
    seg_start, seg_values, jump_ptr, jumps, run_segments = tables[1], tables[2], tables[3], tables[4], tables[6]
    last, times, stop = run_segments[run, 1], tables[9], tables[8][run + 1]
    y, p, t, h, _, end = moving
    state, parameters, out = np.empty(N()), np.empty(NP()), np.empty(2)
    for seg in range(first, last):
        load(seg, seg_values, d, parameters)
        put_column(p, lane, parameters)
        take_column(y, lane, state)
        apply_jumps(seg, jump_ptr, jumps, state, d, before[seg], out)
        put_column(y, lane, state)
        start = seg_start[seg]
        finish = seg_start[seg + 1] if seg + 1 < last else np.inf
        # What is measured when the next segment begins is measured after its jumps.
        while at[lane] < stop and times[at[lane]] == start < finish:
            put(states[at[lane]], state)
            at[lane] += 1
        goal = finish
        if finish == np.inf:
            # Nobody looks beyond the last measured time.
            goal = start
            for i in range(at[lane], stop):
                if times[i] < np.inf:
                    goal = times[i]
        if goal > start:
            t[lane], end[lane] = start, goal
            h[lane] = first_step(lane, y, p, t, work)
            return seg
    if at[lane] < stop:
        take_column(y, lane, states[at[lane]])  # measured at rest, which is looked for later
    return -1


@njit(**OPTIONS)
def interpolate(tables, run, seg, at, taken, start, moving, k, fraction, inside, states):
    """States at the measured times inside the steps that were taken; what is measured at a jump is left to `enter`."""
    run_segments, time_ptr, times = tables[6], tables[8], tables[9]
    y, _, t, _, step, end = moving
    some = True
    while some:
        some = False
        for lane in range(LANES()):
            r, fraction[lane] = run[lane], -1.0
            if taken[lane] and at[lane] < time_ptr[r + 1]:
                time = times[at[lane]]
                jumps = time == end[lane] and seg[lane] + 1 < run_segments[r, 1]
                if time <= t[lane] and not jumps:
                    fraction[lane], some = (time - start[lane]) / step[lane], True
        if some:
            dense(y, k, fraction, inside)
            for lane in range(LANES()):
                if fraction[lane] >= 0.0:
                    take_column(inside, lane, states[at[lane]])
                    at[lane] += 1


@njit(**OPTIONS)
def integrate(tables, d, rest, outcome, before, states, work, keep):
    """All runs up to their last finite measured time; returns the tape and the number of its rows."""
    seg_values, run_pre, run_segments, time_ptr = tables[2], tables[5], tables[6], tables[8]
    lanes, max_steps = LANES(), int(tables[13][2])
    moving = lane_states()
    y, p, t, h, step, end = moving
    run, seg = np.full(lanes, -1), np.full(lanes, -1)
    at, budget = np.zeros(lanes, dtype=np.int64), np.zeros(lanes, dtype=np.int64)
    tape, rows, waiting = np.empty((32 * len(run_pre) // lanes + 64 if keep else 1, width())), 0, 0
    state, parameters = np.empty(N()), np.empty(NP())
    start, fraction, inside = np.empty(lanes), np.zeros(lanes), np.empty((N(), lanes))
    taken, found = np.zeros(lanes, dtype=np.bool_), np.zeros(lanes, dtype=np.int64)
    while True:
        active = 0
        for lane in range(lanes):
            while run[lane] < 0 and waiting < len(run_pre):
                r = waiting
                waiting += 1
                if outcome[r] != OK:
                    continue
                if run_pre[r] >= 0:
                    put_column(y, lane, rest[run_pre[r]])
                else:
                    load(run_segments[r, 0], seg_values, d, parameters)
                    initial(parameters, state)
                    put_column(y, lane, state)
                at[lane], budget[lane] = time_ptr[r], max_steps
                seg[lane] = enter(lane, run_segments[r, 0], r, at, tables, d, moving, before, states, work)
                if seg[lane] >= 0:
                    run[lane] = r
            if run[lane] >= 0:
                active += 1
                step[lane] = propose(t[lane], h[lane], end[lane])
        if active == 0:
            return tape, rows
        k, w, errors = address(work[0][3]), work[0][4], work[1][2]
        if keep:
            if rows == len(tape):
                tape = lengthened(tape)
            record(tape, rows, y, t, step)
            k = increments_at(tape, rows)
        attempt(y, p, t, step, k, work)
        some = False
        for lane in range(lanes):
            start[lane], taken[lane], found[lane] = t[lane], False, GOES_ON
            if run[lane] >= 0:
                found[lane], taken[lane] = judge(lane, t, h, step, end, errors)
                budget[lane] -= 1
                some = some or taken[lane]
        interpolate(tables, run, seg, at, taken, start, moving, k, fraction, inside, states)
        for lane in range(lanes):
            r = run[lane]
            if r < 0:
                continue
            if taken[lane]:
                if keep:
                    tape[rows, 2 * lanes + lane] = seg[lane]
                take_column(w, lane, state)
                put_column(y, lane, state)
                if t[lane] == end[lane]:
                    seg[lane] = enter(lane, seg[lane] + 1, r, at, tables, d, moving, before, states, work)
                    if seg[lane] < 0:
                        found[lane] = OK
            if found[lane] == GOES_ON and budget[lane] == 0:
                found[lane] = STEP_LIMIT
            if found[lane] != GOES_ON:
                outcome[r], run[lane] = found[lane], -1
        rows += some


@njit(**OPTIONS)
def settle_ends(tables, d, outcome, states, work):
    """Steady states of the runs that are measured at rest."""
    seg_values, run_segments, time_ptr, times = tables[2], tables[6], tables[8], tables[9]
    count = 0
    for r in range(len(outcome)):
        count += time_ptr[r + 1] > time_ptr[r] and times[time_ptr[r + 1] - 1] == np.inf
    if count == 0:
        return
    ends, parameters = np.empty((count, N())), np.empty((count, NP()))
    found, runs = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    count = 0
    for r in range(len(outcome)):
        if time_ptr[r + 1] > time_ptr[r] and times[time_ptr[r + 1] - 1] == np.inf:
            runs[count], found[count] = r, outcome[r]
            put(ends[count], states[time_ptr[r + 1] - 1])
            load(run_segments[r, 1] - 1, seg_values, d, parameters[count])
            count += 1
    settle(ends, parameters, found, int(tables[13][2]), work)
    for n in range(count):
        outcome[runs[n]] = found[n]
        put(states[time_ptr[runs[n] + 1] - 1], ends[n])


@njit(**OPTIONS)
def simulate(theta, tables, keep):
    """All runs and measurements.

    Returns prediction (M,), noise (M,), outcome (runs,), states (times, N()), tape (attempts, `width`), state before
    the jumps of each segment, steady state of each pre-equilibration.
    """
    constants, seg_start, run_pre, times = tables[0], tables[1], tables[5], tables[9]
    measured, input_ptr, input_index, tolerances = tables[10], tables[11], tables[12], tables[13]
    d, work = all_quantities(theta, constants), workspace(tolerances[0], tolerances[1])
    states, before = np.empty((len(times), N())), np.empty((len(seg_start), N()))
    rest, rested = rest_of_all(tables, d, before, work)
    outcome = np.zeros(len(run_pre), dtype=np.int64)
    for r in range(len(run_pre)):
        if run_pre[r] >= 0:
            outcome[r] = rested[run_pre[r]]
    tape, rows = integrate(tables, d, rest, outcome, before, states, work, keep)
    settle_ends(tables, d, outcome, states, work)
    prediction, noise = np.empty(len(measured)), np.empty(len(measured))
    q, out = np.empty(most_inputs(input_ptr)), np.empty(2)
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
    return prediction, noise, outcome, states, tape[:rows], before, rest
