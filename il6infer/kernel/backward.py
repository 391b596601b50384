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
from il6infer.kernel.parts import (
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
from il6infer.kernel.tape import runs_of_segments, segment_at
from il6infer.kernel.vectors import OPTIONS, accumulate, clear, put, put_column, take_column
from il6infer.runs.outcome import Outcome

RESCUED = int(Outcome.RESCUED)


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
def add_by_segment(seg, seg_values, gp, gd):
    """Add derivatives by the parameters of a segment to those by all quantities."""
    for i in range(NP()):
        gd[seg_values[seg, i]] += gp[i]


@njit(**OPTIONS)
def begin(r, lane, tables, d, states, ybar, seg, at, lam, gp, p, gd, work):
    """Adjoint of the end of a run, in a lane: rest, where it is measured. Sets `seg`, `at`, `lam`, `gp`, `p`."""
    seg_values, last, time_ptr, times = tables[2], tables[6][r, 1] - 1, tables[8], tables[9]
    own, parameters, by_parameters = np.zeros(N()), np.empty(NP()), np.zeros(NP())
    seg[lane], at[lane] = last, time_ptr[r + 1] - 1
    load(last, seg_values, d, parameters)
    if at[lane] >= time_ptr[r] and times[at[lane]] == np.inf:
        accumulate(own, ybar[at[lane]])
        steady_adjoint(states[at[lane]], parameters, own, by_parameters, work)
        at[lane] -= 1
    put_column(lam, lane, own)
    put_column(gp, lane, by_parameters)
    put_column(p, lane, parameters)


@njit(**OPTIONS)
def leave(r, lane, until, tables, d, before, ybar, seg, at, lam, gp, p, gd):
    """Adjoint of the starts of a run's segments, the last first, down to the start of the one after `until`."""
    seg_start, seg_values, jump_ptr, jumps = tables[1], tables[2], tables[3], tables[4]
    time_ptr, times = tables[8], tables[9]
    own, parameters, by_parameters = np.empty(N()), np.empty(NP()), np.empty(NP())
    while seg[lane] > until:
        take_column(lam, lane, own)
        take_column(gp, lane, by_parameters)
        while at[lane] >= time_ptr[r] and times[at[lane]] == seg_start[seg[lane]]:
            accumulate(own, ybar[at[lane]])
            at[lane] -= 1
        add_by_segment(seg[lane], seg_values, by_parameters, gd)
        jumps_adjoint(seg[lane], jump_ptr, jumps, before[seg[lane]], d, own, gd)
        clear(by_parameters)
        put_column(lam, lane, own)
        put_column(gp, lane, by_parameters)
        seg[lane] -= 1
        if seg[lane] >= tables[6][r, 0]:
            load(seg[lane], seg_values, d, parameters)
            put_column(p, lane, parameters)


@njit(**OPTIONS)
def finish(r, lane, tables, d, before, ybar, seg, at, lam, gp, p, gd, rest_bar):
    """Adjoint of what a run starts with, after that of its segments."""
    seg_values, run_pre, first = tables[2], tables[5], tables[6][r, 0]
    leave(r, lane, first - 1, tables, d, before, ybar, seg, at, lam, gp, p, gd)
    own = np.empty(N())
    take_column(lam, lane, own)
    if run_pre[r] >= 0:
        accumulate(rest_bar[run_pre[r]], own)
    else:
        parameters, by_parameters = np.empty(NP()), np.zeros(NP())
        load(first, seg_values, d, parameters)
        initial_vjp(parameters, own, by_parameters)
        add_by_segment(first, seg_values, by_parameters, gd)


@njit(**OPTIONS)
def measured_adjoint(tape, row, tables, run, at, idle, ybar, fraction, inside, lam, kb):
    """Adjoint of the states at the measured times inside the steps of an attempt."""
    time_ptr, times, lanes = tables[8], tables[9], LANES()
    some = True
    while some:
        some = False
        for lane in range(lanes):
            fraction[lane] = -1.0
            if not idle[lane] and at[lane] >= time_ptr[run[lane]] and times[at[lane]] > tape[row, lane]:
                fraction[lane], some = (times[at[lane]] - tape[row, lane]) / tape[row, lanes + lane], True
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
def runs_adjoint(tables, d, outcome, states, tape, before, ybar, gd, rest_bar, work):
    """Adjoint of all runs: adds to `gd` and to the adjoints of the states of rest."""
    run_segments, lanes = tables[6], LANES()
    run_of = runs_of_segments(run_segments, len(tables[1]))
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
                    finish(run[lane], lane, tables, d, before, ybar, seg, at, lam, gp, p, gd, rest_bar)
                run[lane], done[r] = r, True
                begin(r, lane, tables, d, states, ybar, seg, at, lam, gp, p, gd, work)
            if seg[lane] > s:
                leave(r, lane, s, tables, d, before, ybar, seg, at, lam, gp, p, gd)
        stepped_vjp(lam, scratch[0])
        measured_adjoint(tape, row, tables, run, at, idle, ybar, fraction, inside, lam, scratch[0])
        step_adjoint(tape, row, p, lam, gp, work, scratch)
        for lane in range(lanes):
            if idle[lane]:
                put_column(lam, lane, aside[lane])
                put_column(gp, lane, aside_gp[lane])
    for lane in range(lanes):
        if run[lane] >= 0:
            finish(run[lane], lane, tables, d, before, ybar, seg, at, lam, gp, p, gd, rest_bar)
    for r in range(len(outcome)):
        if outcome[r] == OK and not done[r]:
            begin(r, 0, tables, d, states, ybar, seg, at, lam, gp, p, gd, work)
            finish(r, 0, tables, d, before, ybar, seg, at, lam, gp, p, gd, rest_bar)


@njit(**OPTIONS)
def pullback(theta, tables, outcome, states, tape, before, rest, prediction_bar, noise_bar):
    """Gradient of sum(prediction_bar * prediction + noise_bar * noise); NaN where a run failed.

    Runs that another engine has rescued are left out: their share is that engine's to add.
    """
    constants, seg_values, jump_ptr, jumps, run_pre = tables[0], tables[2], tables[3], tables[4], tables[5]
    pre_segments, times, measured, input_ptr, input_index = tables[7], tables[9], tables[10], tables[11], tables[12]
    gradient = np.zeros(len(theta))
    for r in range(len(outcome)):
        if outcome[r] != OK and outcome[r] != RESCUED:
            for i in range(len(theta)):
                gradient[i] = np.nan
            return gradient
    d, work = all_quantities(theta, constants), workspace(tables[13][0], tables[13][1])
    gd, ybar, rest_bar = np.zeros(len(d)), np.zeros((len(times), N())), np.zeros((len(pre_segments), N()))
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
    runs_adjoint(tables, d, outcome, states, tape, before, ybar, gd, rest_bar, work)
    parameters, by_parameters = np.empty(NP()), np.empty(NP())
    for n in range(len(pre_segments)):
        needed = False
        for r in range(len(run_pre)):
            needed = needed or (run_pre[r] == n and outcome[r] == OK)
        if not needed:
            continue
        seg = pre_segments[n]
        load(seg, seg_values, d, parameters)
        clear(by_parameters)
        steady_adjoint(rest[n], parameters, rest_bar[n], by_parameters, work)
        jumps_adjoint(seg, jump_ptr, jumps, before[seg], d, rest_bar[n], gd)
        initial_vjp(parameters, rest_bar[n], by_parameters)
        add_by_segment(seg, seg_values, by_parameters, gd)
    quantities_vjp(theta, gd, gradient)
    for i in range(len(theta)):
        gradient[i] += gd[i]
    return gradient
