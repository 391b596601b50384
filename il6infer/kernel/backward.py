# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Pullback of `forward.simulate`: its attempts again, the last first, all lanes at once."""

from __future__ import annotations

import numpy as np
from numba import njit

from il6infer.kernel.forward import all_quantities, load, most_inputs
from il6infer.kernel.lanes import (
    OK,
    adjoint_workspace,
    step_adjoint,
    workspace,
)
from il6infer.kernel.model_functions import (
    LANES,
    NP,
    N,
    dense_vjp,
    initial_vjp,
    jump_vjp,
    observe_vjp,
    quantities_vjp,
    stepped_vjp,
)
from il6infer.kernel.steady import steady_adjoint
from il6infer.kernel.tape import runs_of_segments, segment_at, step_of, time_of
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
        steady_adjoint(states[at[lane]], parameters, own, by_parameters, work)
        at[lane] -= 1
    put_column(lam, lane, own)
    put_column(gp, lane, by_parameters)
    put_column(p, lane, parameters)


@njit(**OPTIONS)
def leave(r, lane, until, tables, d, before, ybar, seg, at, lam, gp, p, gd):
    """Adjoint of the starts of a run's segments, the last first, down to the start of the one after `until`."""
    own, parameters, by_parameters = np.empty(N()), np.empty(NP()), np.empty(NP())
    while seg[lane] > until:
        take_column(lam, lane, own)
        take_column(gp, lane, by_parameters)
        while at[lane] >= tables.time_ptr[r] and tables.times[at[lane]] == tables.segment_start[seg[lane]]:
            accumulate(own, ybar[at[lane]])
            at[lane] -= 1
        add_by_segment(seg[lane], tables, by_parameters, gd)
        jumps_adjoint(seg[lane], tables, before[seg[lane]], d, own, gd)
        clear(by_parameters)
        put_column(lam, lane, own)
        put_column(gp, lane, by_parameters)
        seg[lane] -= 1
        if seg[lane] >= tables.run_begin[r]:
            load(seg[lane], tables, d, parameters)
            put_column(p, lane, parameters)


@njit(**OPTIONS)
def finish(r, lane, tables, d, before, ybar, seg, at, lam, gp, p, gd, steady_bar):
    """Adjoint of what a run starts with, after that of its segments."""
    first = tables.run_begin[r]
    leave(r, lane, first - 1, tables, d, before, ybar, seg, at, lam, gp, p, gd)
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
def runs_adjoint(tables, d, kept, ybar, gd, steady_bar, work):
    """Adjoint of all runs: adds to `gd` and to the adjoints of the steady states."""
    outcome, states, tape, before, _ = kept
    lanes, run_of = LANES(), runs_of_segments(tables)
    lam, gp, p = np.zeros((N(), lanes)), np.zeros((NP(), lanes)), np.ones((NP(), lanes))
    run, seg, at = np.full(lanes, -1), np.full(lanes, -1), np.zeros(lanes, dtype=np.int64)
    # Adjoints of a lane that refused the step: they pass by it.
    aside, aside_gp, idle = np.empty((lanes, N())), np.empty((lanes, NP())), np.zeros(lanes, dtype=np.bool_)
    fraction, inside = np.zeros(lanes), np.empty((N(), lanes))
    done, scratch = np.zeros(len(outcome), dtype=np.bool_), adjoint_workspace()
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
                    finish(run[lane], lane, tables, d, before, ybar, seg, at, lam, gp, p, gd, steady_bar)
                run[lane], done[r] = r, True
                begin(r, lane, tables, d, states, ybar, seg, at, lam, gp, p, gd, work)
            if seg[lane] > s:
                leave(r, lane, s, tables, d, before, ybar, seg, at, lam, gp, p, gd)
        stepped_vjp(lam, scratch.increments_bar)
        measured_adjoint(tape, row, tables, run, at, idle, ybar, fraction, inside, lam, scratch.increments_bar)
        step_adjoint(tape, row, p, lam, gp, work, scratch)
        for lane in range(lanes):
            if idle[lane]:
                put_column(lam, lane, aside[lane])
                put_column(gp, lane, aside_gp[lane])
    for lane in range(lanes):
        if run[lane] >= 0:
            finish(run[lane], lane, tables, d, before, ybar, seg, at, lam, gp, p, gd, steady_bar)
    for r in range(len(outcome)):
        if outcome[r] == OK and not done[r]:
            begin(r, 0, tables, d, states, ybar, seg, at, lam, gp, p, gd, work)
            finish(r, 0, tables, d, before, ybar, seg, at, lam, gp, p, gd, steady_bar)


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
        steady_adjoint(steady[n], parameters, steady_bar[n], by_parameters, work)
        jumps_adjoint(seg, tables, before[seg], d, steady_bar[n], gd)
        initial_vjp(parameters, steady_bar[n], by_parameters)
        add_by_segment(seg, tables, by_parameters, gd)
    quantities_vjp(theta, gd, gradient)
    for i in range(len(theta)):
        gradient[i] += gd[i]
    return gradient
