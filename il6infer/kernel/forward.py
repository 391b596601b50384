# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Runs over all conditions, and what the instruments read of them."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.kernel.clock import is_late
from il6infer.kernel.contracts import FALLEN, Kept, Simulated
from il6infer.kernel.doubts import goes_over, refuse
from il6infer.kernel.happenings import first_held, held_at_rest, react, set_modes
from il6infer.kernel.lanes import (
    GOES_ON,
    NON_FINITE,
    OK,
    STEP_LIMIT,
    TIME_LIMIT,
    attempt,
    first_step,
    judge,
    lane_states,
    propose,
    workspace,
)
from il6infer.kernel.locating import locate
from il6infer.kernel.model_functions import (
    EVENTS,
    KINK,
    LANES,
    LIMITED,
    NP,
    SWITCHES,
    N,
    address,
    dense,
    initial,
    jump,
    observe,
    quantities,
    step_limit,
)
from il6infer.kernel.steady import settle
from il6infer.kernel.switching import SAME_MOMENT, happen, overshoots, switching_space, turn, waits
from il6infer.kernel.tape import (
    accept,
    increments_at,
    lengthened,
    record,
    record_modes,
    record_since,
    record_switch,
    width,
)
from il6infer.kernel.truths import lacks_truth, undecided
from il6infer.kernel.vectors import OPTIONS, put, put_column, take_column
from il6infer.runs.jumps import ADD, SET

SHORTEST = 1e-10
"""Functions of time limit no step below this share of the time."""


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
def load(seg, tables, d, p):
    """Parameter vector of a segment."""
    for i in range(NP()):
        p[i] = d[tables.segment_values[seg, i]]


@njit(**OPTIONS)
def apply_jumps(seg, tables, y, d, before, out):
    """Change the state at the start of a segment; leaves the state before in `before`."""
    put(before, y)
    for n in range(tables.jump_ptr[seg], tables.jump_ptr[seg + 1]):
        state, kind, index = tables.jump_state[n], tables.jump_kind[n], tables.jump_index[n]
        if kind == SET:
            y[state] = d[index]
        elif kind == ADD:
            y[state] = before[state] + d[index]
        else:
            jump(index, before, d, out)
            y[state] = out[0]


@njit(**OPTIONS)
def equilibrate_all(tables, d, before, work):
    """Steady states (pre-equilibrations, N()) and their outcomes."""
    count = len(tables.equilibration_segment)
    steady, parameters = np.empty((count, N())), np.empty((count, NP()))
    outcome, out = np.zeros(count, dtype=np.int64), np.empty(2)
    for n in range(count):
        seg = tables.equilibration_segment[n]
        load(seg, tables, d, parameters[n])
        initial(parameters[n], steady[n])
        apply_jumps(seg, tables, steady[n], d, before[seg, : N()], out)
        if undecided(parameters[n]):
            outcome[n] = NON_FINITE
    settle(steady, parameters, np.zeros(count), False, tables.equilibration_laws, outcome, tables, work)
    return steady, outcome


@njit(**OPTIONS)
def arrive(lane, state, parameters, start, before, space):
    """Modes at the start of a segment, and located events that its jumps bring about; False where these never end."""
    if SWITCHES() > 0:
        set_modes(state, parameters, start)
    if EVENTS() == 0:
        return True
    held = np.empty(EVENTS())
    take_column(space.held, lane, held)
    put(before[N() :], held)
    count = react(state, parameters, start, held, space)
    put_column(space.held, lane, held)
    return count >= 0


@njit(**OPTIONS)
def enter(lane, first, run, at, tables, d, moving, before, states, work, space):
    """Go on with the segments of a run from `first`: jumps, and what is measured at once.

    Moves `at` of the lane. Returns the segment that is to be integrated, or -1 less the outcome where the run is over.
    """
    last, times, stop = tables.run_end[run], tables.times, tables.time_ptr[run + 1]
    y, p, t, h, _, end = moving
    state, parameters, out = np.empty(N()), np.empty(NP()), np.empty(2)
    for seg in range(first, last):
        load(seg, tables, d, parameters)
        take_column(y, lane, state)
        start = tables.segment_start[seg]
        while tables.segment_late[seg] == 1 and at[lane] < stop and times[at[lane]] == start:
            put(states[at[lane]], state)
            at[lane] += 1
        apply_jumps(seg, tables, state, d, before[seg, : N()], out)
        if undecided(parameters):
            return -1 - NON_FINITE
        if not arrive(lane, state, parameters, start, before[seg], space):
            return -1 - STEP_LIMIT
        put_column(p, lane, parameters)
        put_column(y, lane, state)
        finish = tables.segment_start[seg + 1] if seg + 1 < last else np.inf
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
def interpolate(tables, run, seg, at, taken, start, until, moving, k, fraction, inside, states):
    """States at the measured times in the steps taken, up to `until`; what is measured at a jump is left to `enter`."""
    y, _, _, _, step, end = moving
    times, some = tables.times, True
    while some:
        some = False
        for lane in range(LANES()):
            r, fraction[lane] = run[lane], -1.0
            if taken[lane] and at[lane] < tables.time_ptr[r + 1]:
                time = times[at[lane]]
                jumps = time == end[lane] and seg[lane] + 1 < tables.run_end[r]
                if time <= until[lane] and not jumps:
                    fraction[lane], some = (time - start[lane]) / step[lane], True
        if some:
            dense(y, k, fraction, inside)
            for lane in range(LANES()):
                if fraction[lane] >= 0.0:
                    take_column(inside, lane, states[at[lane]])
                    at[lane] += 1


@njit(**OPTIONS)
def measure_after(lane, run, seg, at, tables, moving, states):
    """State after an event at the times measured at its moment; what is measured at a jump is left to `enter`."""
    time, end, last = moving.t[lane], moving.end[lane], seg + 1 == tables.run_end[run]
    latest = time + SAME_MOMENT * max(abs(time), 1.0)
    while at[lane] < tables.time_ptr[run + 1]:
        measured = tables.times[at[lane]]
        if measured > latest or measured > end or (measured == end and not last):
            break
        take_column(moving.y, lane, states[at[lane]])
        at[lane] += 1


@njit(**OPTIONS)
def integrate(tables, d, steady, outcome, before, states, work, keep):
    """All runs up to their last finite measured time; returns the tape and the number of its rows."""
    lanes, runs, moving = LANES(), len(tables.run_begin), lane_states()
    y, p, t, h, step, end = moving
    run, seg = np.full(lanes, -1), np.full(lanes, -1)
    at, budget = np.zeros(lanes, dtype=np.int64), np.zeros(lanes, dtype=np.int64)
    # Memory is not touched before it is written: too many rows cost nothing, and too few a copy.
    tape, rows, waiting = np.empty((96 * runs // lanes + 32 if keep else 1, width())), 0, 0
    state, parameters = np.empty(N()), np.empty(NP())
    start, fraction, inside, limit = np.empty(lanes), np.zeros(lanes), np.empty((N(), lanes)), np.empty(1)
    space, modes = switching_space(), np.empty((lanes, NP() if SWITCHES() > 0 else 0))
    taken, found = np.zeros(lanes, dtype=np.bool_), np.zeros(lanes, dtype=np.int64)
    attempts = 0
    while True:
        active = 0
        for lane in range(lanes):
            while run[lane] < 0 and waiting < runs:
                r = waiting
                waiting += 1
                if outcome[r] != OK:
                    continue
                if tables.run_equilibration[r] >= 0:
                    put_column(y, lane, steady[tables.run_equilibration[r]])
                else:
                    load(tables.run_begin[r], tables, d, parameters)
                    initial(parameters, state)
                    put_column(y, lane, state)
                at[lane], budget[lane], space.since[lane] = tables.time_ptr[r], tables.max_steps, -np.inf
                if EVENTS() > 0:
                    if tables.run_equilibration[r] >= 0:
                        load(tables.equilibration_segment[tables.run_equilibration[r]], tables, d, parameters)
                        take_column(y, lane, state)
                        held_at_rest(lane, state, parameters, space)
                    else:
                        first_held(lane, space)
                seg[lane] = enter(lane, tables.run_begin[r], r, at, tables, d, moving, before, states, work, space)
                if seg[lane] >= 0:
                    run[lane] = r
                else:
                    outcome[r] = -1 - seg[lane]
            if run[lane] >= 0:
                active += 1
                if LIMITED():
                    take_column(y, lane, state)
                    take_column(p, lane, parameters)
                    step_limit(state, parameters, t[lane], limit)
                    h[lane] = min(h[lane], max(limit[0], SHORTEST * max(abs(t[lane]), 1.0)))
                step[lane] = propose(t[lane], h[lane], end[lane])
        if active == 0:
            return tape, rows
        k = address(work.increments)
        if keep:
            if rows == len(tape):
                tape = lengthened(tape)
            record(tape, rows, y, t, step)
            k = increments_at(tape, rows)
            if SWITCHES() > 0:
                for lane in range(lanes):
                    record_switch(tape, rows, lane, 1.0, 0.0, -1)
                    record_modes(tape, rows, lane, p, False)
                    record_since(tape, rows, lane, space.since[lane])
        attempt(y, p, t, step, k, True, work)
        attempts += 1
        late, some = is_late(attempts, work.deadline), False
        for lane in range(lanes):
            start[lane], taken[lane], found[lane] = t[lane], False, GOES_ON
            if run[lane] >= 0:
                fallen = work.errors[FALLEN, lane] < 0.0
                if work.strain[lane] > 0.0 or fallen and goes_over(lane, moving, t, True, work):
                    refuse(lane, work.errors)
                found[lane], taken[lane] = judge(lane, moving, work.errors)
                budget[lane] -= 1
                some = some or taken[lane]
        until = t
        if SWITCHES() > 0:
            until, located = space.until, locate(y, p, start, step, k, taken, space)
            for lane in range(lanes):
                space.which[lane], until[lane] = -1, t[lane]
                ends = run[lane] >= 0 and seg[lane] + 1 == tables.run_end[run[lane]]
                found_one = located and space.high[lane] <= 1.0
                if found_one and overshoots(lane, moving, start, k, space, work):
                    taken[lane] = False
                elif taken[lane] and lacks_truth(lane, moving, start, k, space, work):
                    found[lane] = NON_FINITE
                elif found_one and (ends or not waits(lane, moving, start, k, space)):
                    take_column(p, lane, modes[lane])
                    turn(lane, moving, start, k, space, tape, rows, keep)
        interpolate(tables, run, seg, at, taken, start, until, moving, k, fraction, inside, states)
        for lane in range(lanes):
            r = run[lane]
            if r < 0:
                continue
            if taken[lane]:
                if keep:
                    accept(tape, rows, lane, seg[lane])
                if SWITCHES() > 0 and space.which[lane] >= 0:
                    found[lane] = happen(lane, moving, start, k, space, modes[lane])
                    if found[lane] == GOES_ON:
                        measure_after(lane, r, seg[lane], at, tables, moving, states)
                        if KINK(space.which[lane]) == 0:
                            h[lane] = first_step(lane, y, p, t, work)
                else:
                    take_column(work.stage, lane, state)
                    put_column(y, lane, state)
                if found[lane] == GOES_ON and t[lane] == end[lane]:
                    seg[lane] = enter(lane, seg[lane] + 1, r, at, tables, d, moving, before, states, work, space)
                    if seg[lane] < 0:
                        found[lane] = -1 - seg[lane]
            if found[lane] == GOES_ON and budget[lane] == 0:
                found[lane] = STEP_LIMIT
            if found[lane] == GOES_ON and late:
                found[lane] = TIME_LIMIT
            if found[lane] != GOES_ON:
                outcome[r], run[lane] = found[lane], -1
        rows += some


@njit(**OPTIONS)
def settle_ends(tables, d, outcome, states, work):
    """Steady states of the runs that are measured at rest."""
    time_ptr, times, count = tables.time_ptr, tables.times, 0
    for r in range(len(outcome)):
        count += time_ptr[r + 1] > time_ptr[r] and times[time_ptr[r + 1] - 1] == np.inf
    if count == 0:
        return
    ends, parameters, begins = np.empty((count, N())), np.empty((count, NP())), np.empty(count)
    found, runs, kept = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    count = 0
    for r in range(len(outcome)):
        if time_ptr[r + 1] > time_ptr[r] and times[time_ptr[r + 1] - 1] == np.inf:
            runs[count], found[count], kept[count] = r, outcome[r], tables.run_laws[r]
            put(ends[count], states[time_ptr[r + 1] - 1])
            load(tables.run_end[r] - 1, tables, d, parameters[count])
            begins[count] = tables.segment_start[tables.run_end[r] - 1]
            if time_ptr[r + 1] - 1 > time_ptr[r]:
                begins[count] = max(begins[count], times[time_ptr[r + 1] - 2])
            count += 1
    settle(ends, parameters, begins, True, kept, found, tables, work)
    for n in range(count):
        outcome[runs[n]] = found[n]
        put(states[time_ptr[runs[n] + 1] - 1], ends[n])


@njit(**OPTIONS)
def simulate(theta, tables, keep):
    """Simulate all runs and measurements; see `Simulated`. `keep`: record the tape, which the adjoint needs."""
    d, work, runs = all_quantities(theta, tables.constants), workspace(tables), len(tables.run_begin)
    states, before = np.empty((len(tables.times), N())), np.empty((len(tables.segment_start), N() + EVENTS()))
    steady, equilibrated = equilibrate_all(tables, d, before, work)
    outcome = np.zeros(runs, dtype=np.int64)
    for r in range(runs):
        if tables.run_equilibration[r] >= 0:
            outcome[r] = equilibrated[tables.run_equilibration[r]]
    tape, rows = integrate(tables, d, steady, outcome, before, states, work, keep)
    settle_ends(tables, d, outcome, states, work)
    prediction, noise = np.empty(len(tables.measured_run)), np.empty(len(tables.measured_run))
    q, out = np.empty(most_inputs(tables.input_ptr)), np.empty(2)
    for n in range(len(tables.measured_run)):
        at, first = tables.measured_at[n], tables.input_ptr[n]
        if outcome[tables.measured_run[n]] != OK:
            prediction[n], noise[n] = np.inf, 1.0
            continue
        for i in range(tables.input_ptr[n + 1] - first):
            q[i] = d[tables.input_index[first + i]]
        observe(tables.measured_observable[n], states[at], tables.times[at], q, out)
        # An instrument that reads no number, or has no spread, makes its measurement impossible.
        possible = math.isfinite(out[0]) and out[1] > 0.0
        prediction[n], noise[n] = (out[0], out[1]) if possible else (np.inf, 1.0)
    return Simulated(prediction, noise, Kept(outcome, states, tape[:rows], before, steady))
