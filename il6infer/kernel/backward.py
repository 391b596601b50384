# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Pullback of `forward.simulate`: its attempts again, the last first, all lanes at once."""

from __future__ import annotations

import numpy as np
from numba import njit

from il6infer.kernel.forward import all_quantities, apply_jumps, load, most_inputs
from il6infer.kernel.happenings import set_modes
from il6infer.kernel.lanes import (
    OK,
    adjoint_workspace,
    step_adjoint,
    workspace,
)
from il6infer.kernel.model_functions import (
    EVENTS,
    LANES,
    MODE,
    NP,
    SWITCHES,
    N,
    dense,
    dense_vjp,
    initial_vjp,
    jump_vjp,
    observe_vjp,
    quantities_vjp,
    stepped_vjp,
)
from il6infer.kernel.moment import held_before, moment_adjoint, turn_back
from il6infer.kernel.steady import laws_of, steady_adjoint
from il6infer.kernel.switching import switching_space
from il6infer.kernel.tape import (
    FRACTION,
    MODES,
    SINCE,
    UNTIL,
    increments_at,
    runs_of_segments,
    segment_at,
    states_at,
    step_of,
    switch_at,
    switch_number,
    take_modes,
    time_of,
)
from il6infer.kernel.vectors import OPTIONS, accumulate, clear, put, put_column, take_column
from il6infer.runs.jumps import ADD, EVALUATE
from il6infer.runs.outcome import Outcome

RESCUED = int(Outcome.RESCUED)


@njit(**OPTIONS)
def jumps_adjoint(seg, tables, before, d, lam, gd):
    """Adjoint of `apply_jumps`."""
    after = np.empty(N())
    put(after, lam)
    for n in range(tables.jump_ptr[seg], tables.jump_ptr[seg + 1]):
        if tables.jump_kind[n] != ADD:
            lam[tables.jump_state[n]] -= after[tables.jump_state[n]]
    for n in range(tables.jump_ptr[seg], tables.jump_ptr[seg + 1]):
        state, index = tables.jump_state[n], tables.jump_index[n]
        if tables.jump_kind[n] == EVALUATE:
            jump_vjp(index, before, d, after[state], lam, gd)
        else:
            gd[index] += after[state]


@njit(**OPTIONS)
def add_by_segment(seg, tables, gp, gd):
    """Add derivatives by the parameters of a segment to those by all quantities."""
    for i in range(NP()):
        gd[tables.segment_values[seg, i]] += gp[i]


@njit(**OPTIONS)
def begin(r, lane, tables, d, states, ybar, seg, at, lam, gp, p, gd, work):
    """Adjoint of the end of a run, in a lane: its steady state, where measured. Sets `seg`, `at`, `lam`, `gp`, `p`."""
    last, times = tables.run_end[r] - 1, tables.times
    own, parameters, by_parameters = np.zeros(N()), np.empty(NP()), np.zeros(NP())
    seg[lane], at[lane] = last, tables.time_ptr[r + 1] - 1
    load(last, tables, d, parameters)
    if at[lane] >= tables.time_ptr[r] and times[at[lane]] == np.inf:
        accumulate(own, ybar[at[lane]])
        if SWITCHES() > 0:
            set_modes(states[at[lane]], parameters, np.inf)
        laws, equations = laws_of(tables, tables.run_laws[r])
        steady_adjoint(states[at[lane]], parameters, laws, equations, own, by_parameters, work)
        at[lane] -= 1
    put_column(lam, lane, own)
    put_column(gp, lane, by_parameters)
    put_column(p, lane, parameters)


@njit(**OPTIONS)
def measured_at_start(r, lane, seg, tables, ybar, at, own):
    """Adjoint of the state that is measured at the start of a segment."""
    while at[lane] >= tables.time_ptr[r] and tables.times[at[lane]] == tables.segment_start[seg]:
        accumulate(own, ybar[at[lane]])
        at[lane] -= 1


@njit(**OPTIONS)
def arrive_adjoint(seg, tables, before, d, own, by_parameters, space):
    """Adjoint of the located events and switches at the start of a segment, after its jumps."""
    parameters, state, held, after = np.empty(NP()), np.empty(N()), np.empty(EVENTS()), np.empty(NP())
    scratch, out, start = np.empty(N()), np.empty(2), tables.segment_start[seg]
    load(seg, tables, d, parameters)
    put(state, before[: N()])
    put(held, before[N() :])
    apply_jumps(seg, tables, state, d, scratch, out)
    set_modes(state, parameters, start)
    put(after, parameters)
    turn_back(state, parameters, start)
    moment_adjoint(-1, state, parameters, after, held, start, own, by_parameters, space)


@njit(**OPTIONS)
def leave(r, lane, until, tables, d, before, ybar, seg, at, lam, gp, p, gd, space):
    """Adjoint of the starts of a run's segments, the last first, down to the start of the one after `until`."""
    own, parameters, by_parameters = np.empty(N()), np.empty(NP()), np.empty(NP())
    while seg[lane] > until:
        take_column(lam, lane, own)
        take_column(gp, lane, by_parameters)
        if tables.segment_late[seg[lane]] == 0:
            measured_at_start(r, lane, seg[lane], tables, ybar, at, own)
        if SWITCHES() > 0:
            arrive_adjoint(seg[lane], tables, before[seg[lane]], d, own, by_parameters, space)
        add_by_segment(seg[lane], tables, by_parameters, gd)
        jumps_adjoint(seg[lane], tables, before[seg[lane], : N()], d, own, gd)
        if tables.segment_late[seg[lane]] == 1:
            measured_at_start(r, lane, seg[lane], tables, ybar, at, own)
        clear(by_parameters)
        put_column(lam, lane, own)
        put_column(gp, lane, by_parameters)
        seg[lane] -= 1
        if seg[lane] >= tables.run_begin[r]:
            load(seg[lane], tables, d, parameters)
            put_column(p, lane, parameters)


@njit(**OPTIONS)
def finish(r, lane, tables, d, before, ybar, seg, at, lam, gp, p, gd, steady_bar, space):
    """Adjoint of what a run starts with, after that of its segments."""
    first = tables.run_begin[r]
    leave(r, lane, first - 1, tables, d, before, ybar, seg, at, lam, gp, p, gd, space)
    own = np.empty(N())
    take_column(lam, lane, own)
    if tables.run_equilibration[r] >= 0:
        accumulate(steady_bar[tables.run_equilibration[r]], own)
    else:
        parameters, by_parameters = np.empty(NP()), np.zeros(NP())
        load(first, tables, d, parameters)
        initial_vjp(parameters, own, by_parameters)
        add_by_segment(first, tables, by_parameters, gd)


@njit(**OPTIONS)
def measured_adjoint(tape, row, tables, run, at, idle, ybar, fraction, inside, lam, kb):
    """Adjoint of the states at the measured times inside the steps of an attempt."""
    times, some, lanes = tables.times, True, LANES()
    while some:
        some = False
        for lane in range(lanes):
            fraction[lane] = -1.0
            if idle[lane] or at[lane] < tables.time_ptr[run[lane]]:
                continue
            after = times[at[lane]] - time_of(tape, row, lane)
            if SWITCHES() > 0 and times[at[lane]] <= switch_number(tape, row, lane, SINCE):
                continue
            if after > 0.0:
                fraction[lane], some = after / step_of(tape, row, lane), True
        if some:
            for lane in range(lanes):
                if fraction[lane] >= 0.0:
                    put_column(inside, lane, ybar[at[lane]])
                    at[lane] -= 1
                else:
                    fraction[lane] = 0.0
                    for i in range(N()):
                        inside[i, lane] = 0.0
            dense_vjp(fraction, inside, kb, lam)


@njit(**OPTIONS)
def switches_adjoint(tape, row, tables, run, at, idle, ybar, fraction, inside, lam, gp, p, space):
    """Adjoint of the switches at the ends of an attempt's steps, down to the states there, which it leaves in `inside`.

    Those lanes have no other end of the step: their `lam` is 0. Returns whether there are any.
    """
    lanes, some = LANES(), False
    for lane in range(lanes):
        fraction[lane] = 0.0
        if not idle[lane]:
            for j in range(SWITCHES()):
                p[MODE(j), lane] = switch_number(tape, row, lane, MODES + j)
            if switch_at(tape, row, lane) >= 0:
                fraction[lane], some = switch_number(tape, row, lane, FRACTION), True
    if not some:
        return False
    dense(states_at(tape, row), increments_at(tape, row), fraction, inside)
    own, state, by_parameters = np.empty(N()), np.empty(N()), np.empty(NP())
    parameters, after, held = np.empty(NP()), np.empty(NP()), np.empty(EVENTS())
    for lane in range(lanes):
        which = -1 if idle[lane] else switch_at(tape, row, lane)
        if which < 0:
            for i in range(N()):
                inside[i, lane] = 0.0
            continue
        take_column(inside, lane, state)
        take_column(lam, lane, own)
        take_column(gp, lane, by_parameters)
        take_column(p, lane, parameters)
        put(after, parameters)
        take_modes(tape, row, lane, after, True)
        first, until = tables.time_ptr[run[lane]], switch_number(tape, row, lane, UNTIL)
        while at[lane] >= first and tables.times[at[lane]] > until:
            accumulate(own, ybar[at[lane]])
            at[lane] -= 1
        time = time_of(tape, row, lane) + fraction[lane] * step_of(tape, row, lane)
        held_before(parameters, held)
        moment_adjoint(which, state, parameters, after, held, time, own, by_parameters, space)
        put_column(inside, lane, own)
        put_column(gp, lane, by_parameters)
        for i in range(N()):
            lam[i, lane] = 0.0
    return True


@njit(**OPTIONS)
def runs_adjoint(tables, d, kept, ybar, gd, steady_bar, work):
    """Adjoint of all runs: adds to `gd` and to the adjoints of the steady states."""
    outcome, states, tape, before, _ = kept
    lanes, run_of = LANES(), runs_of_segments(tables)
    lam, gp, p = np.zeros((N(), lanes)), np.zeros((NP(), lanes)), np.ones((NP(), lanes))
    run, seg, at = np.full(lanes, -1), np.full(lanes, -1), np.zeros(lanes, dtype=np.int64)
    # Adjoints of a lane that refused the step: they pass by it.
    aside, aside_gp, idle = np.empty((lanes, N())), np.empty((lanes, NP())), np.zeros(lanes, dtype=np.bool_)
    fraction, inside = np.zeros(lanes), np.empty((N(), lanes))
    done, scratch, space = np.zeros(len(outcome), dtype=np.bool_), adjoint_workspace(), switching_space()
    switched = False
    for row in range(len(tape) - 1, -1, -1):
        for lane in range(lanes):
            s = segment_at(tape, row, lane)
            r = run_of[s] if s >= 0 else -1
            idle[lane] = r < 0 or outcome[r] != OK
            if idle[lane]:
                take_column(lam, lane, aside[lane])
                take_column(gp, lane, aside_gp[lane])
                for i in range(N()):
                    lam[i, lane] = 0.0
                continue
            if run[lane] != r:
                if run[lane] >= 0:
                    finish(run[lane], lane, tables, d, before, ybar, seg, at, lam, gp, p, gd, steady_bar, space)
                run[lane], done[r] = r, True
                begin(r, lane, tables, d, states, ybar, seg, at, lam, gp, p, gd, work)
            if seg[lane] > s:
                leave(r, lane, s, tables, d, before, ybar, seg, at, lam, gp, p, gd, space)
        if SWITCHES() > 0:
            switched = switches_adjoint(tape, row, tables, run, at, idle, ybar, fraction, inside, lam, gp, p, space)
        stepped_vjp(lam, scratch.increments_bar)
        if SWITCHES() > 0 and switched:
            dense_vjp(fraction, inside, scratch.increments_bar, lam)
        measured_adjoint(tape, row, tables, run, at, idle, ybar, fraction, inside, lam, scratch.increments_bar)
        step_adjoint(tape, row, p, lam, gp, work, scratch)
        for lane in range(lanes):
            if idle[lane]:
                put_column(lam, lane, aside[lane])
                put_column(gp, lane, aside_gp[lane])
    for lane in range(lanes):
        if run[lane] >= 0:
            finish(run[lane], lane, tables, d, before, ybar, seg, at, lam, gp, p, gd, steady_bar, space)
    for r in range(len(outcome)):
        if outcome[r] == OK and not done[r]:
            begin(r, 0, tables, d, states, ybar, seg, at, lam, gp, p, gd, work)
            finish(r, 0, tables, d, before, ybar, seg, at, lam, gp, p, gd, steady_bar, space)


@njit(**OPTIONS)
def pullback(theta, tables, kept, prediction_bar, noise_bar):
    """Gradient of sum(prediction_bar * prediction + noise_bar * noise); NaN where a run failed.

    Runs that another engine has rescued are left out: their share is that engine's to add.
    """
    outcome, states, before, steady = kept.outcome, kept.states, kept.before_jumps, kept.steady_states
    gradient = np.zeros(len(theta))
    for r in range(len(outcome)):
        if outcome[r] != OK and outcome[r] != RESCUED:
            for i in range(len(theta)):
                gradient[i] = np.nan
            return gradient
    d, work = all_quantities(theta, tables.constants), workspace(tables)
    gd, ybar, steady_bar = np.zeros(len(d)), np.zeros((len(tables.times), N())), np.zeros((len(steady), N()))
    q, gq = np.empty(most_inputs(tables.input_ptr)), np.empty(most_inputs(tables.input_ptr))
    for n in range(len(tables.measured_run)):
        at, first = tables.measured_at[n], tables.input_ptr[n]
        if outcome[tables.measured_run[n]] != OK:
            continue
        size = tables.input_ptr[n + 1] - first
        for i in range(size):
            q[i] = d[tables.input_index[first + i]]
            gq[i] = 0.0
        o, time = tables.measured_observable[n], tables.times[at]
        observe_vjp(o, states[at], time, q, prediction_bar[n], noise_bar[n], ybar[at], gq)
        for i in range(size):
            gd[tables.input_index[first + i]] += gq[i]
    runs_adjoint(tables, d, kept, ybar, gd, steady_bar, work)
    parameters, by_parameters = np.empty(NP()), np.empty(NP())
    for n in range(len(steady)):
        needed = False
        for r in range(len(outcome)):
            needed = needed or (tables.run_equilibration[r] == n and outcome[r] == OK)
        if not needed:
            continue
        seg = tables.equilibration_segment[n]
        load(seg, tables, d, parameters)
        clear(by_parameters)
        if SWITCHES() > 0:
            set_modes(steady[n], parameters, 0.0)
        laws, equations = laws_of(tables, tables.equilibration_laws[n])
        steady_adjoint(steady[n], parameters, laws, equations, steady_bar[n], by_parameters, work)
        jumps_adjoint(seg, tables, before[seg, : N()], d, steady_bar[n], gd)
        initial_vjp(parameters, steady_bar[n], by_parameters)
        add_by_segment(seg, tables, by_parameters, gd)
    quantities_vjp(theta, gd, gradient)
    for i in range(len(theta)):
        gradient[i] += gd[i]
    return gradient
