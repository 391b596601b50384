# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Forward sensitivities: the tangent of the steps on the tape, for all parameters at once.

A tangent is a matrix (rows, P): derivatives by the estimated parameters, contiguous along them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from il6infer.kernel.dense import dense_solve
from il6infer.kernel.forward import all_quantities, load, most_inputs
from il6infer.kernel.happenings import set_modes
from il6infer.kernel.model_functions import (
    ACTIVE,
    ACTIVE_COUNT,
    ALPHA,
    BACKWARD,
    BACKWARD_COUNT,
    COLUMN,
    DENSE,
    DIAGONAL,
    ENTRY_COLUMN,
    ENTRY_ROW,
    ENTRY_START,
    EVENTS,
    FORWARD,
    FORWARD_COUNT,
    GAMMA,
    MOIETY,
    MOIETY_COUNT,
    NNZ,
    NP,
    PIVOT,
    ROW,
    STAGES,
    SWITCHES,
    TIME_DEPENDENT,
    A,
    C,
    D,
    N,
    add_all,
    add_row,
    address,
    curvature_entries,
    drift_entries,
    initial_vjp,
    jump_vjp,
    lu_of_one,
    minus_jacobian_of_one,
    observe_vjp,
    parameter_entries,
    quantities_vjp,
    scale_row,
    set_all,
)  # fmt: skip
from il6infer.kernel.steady import steady_system
from il6infer.kernel.switch_tangent import add_scaled, arrive_tangent, switch_tangent
from il6infer.kernel.switching import (
    switching_space,
)
from il6infer.kernel.tape import (
    BYTES,
    FRACTION,
    UNTIL,
    segment_at,
    steps_of_runs,
    switch_at,
    switch_number,
    take_modes,
    take_step,
    time_of,
)
from il6infer.kernel.vectors import OPTIONS, accumulate, clear, clear_all, put
from il6infer.runs.jumps import ADD, SET
from il6infer.runs.outcome import Outcome

OK = int(Outcome.OK)

PARAMETER, CURVATURE, DRIFT = range(3)
"""Derivatives whose entries `ENTRY_ROW` and `ENTRY_COLUMN` place, one after the other."""


@njit(**OPTIONS)
def weight(s, theta):
    """Share of K of a stage in the state at the fraction `theta` of a step."""
    inner = DENSE(1, s) + theta * (DENSE(2, s) + theta * DENSE(3, s))
    return theta * (DENSE(0, s) + (1.0 - theta) * inner)


@njit(**OPTIONS)
def row_at(tangent, row, width):
    """Address of a row of a tangent, which is given by its own: a view of an array would cost more than a row does."""
    return tangent + BYTES * width * row


@njit(**OPTIONS)
def solve_all(m, dg, b, width):
    """Solve M X = B in place, with the factors of `lu`, for the columns of a tangent at an address."""
    for n in range(FORWARD_COUNT()):
        add_row(row_at(b, FORWARD(n, 0), width), -m[FORWARD(n, 2)], row_at(b, FORWARD(n, 1), width))
    for n in range(BACKWARD_COUNT()):
        i, j = BACKWARD(n, 0), BACKWARD(n, 1)
        if j >= 0:
            add_row(row_at(b, i, width), -m[BACKWARD(n, 2)], row_at(b, j, width))
        else:
            scale_row(row_at(b, i, width), dg[i])


@njit(**OPTIONS)
def apply_entries(which, values, s, dp, out, width):
    """Add a sparse matrix over (states, active parameters) times the tangents of both; tangents by their addresses."""
    start = ENTRY_START(which)
    for n in range(ENTRY_START(which + 1) - start):
        if values[n] != 0.0:
            row, column = ENTRY_ROW(start + n), ENTRY_COLUMN(start + n)
            source = row_at(s, column, width) if column < N() else row_at(dp, column - N(), width)
            add_row(row_at(out, row, width), values[n], source)


@njit(**OPTIONS)
def step_tangent(t, h, y, increments, p, s, dp, work, tk, tw, fp, cu, td):
    """Tangents `tk` (STAGES N, P) of the increments of one accepted step, from `s` at its start."""
    m, mj, dg, w = work
    width, from_s, from_dp, from_td = s.shape[1], address(s), address(dp), address(td)
    minus_jacobian_of_one(y, p, t, mj)
    put(m, mj)
    for i in range(N()):
        m[DIAGONAL(i)] += 1.0 / (h * GAMMA())
    lu_of_one(m, dg)
    if TIME_DEPENDENT():
        clear_all(td)
        drift_entries(y, p, t, cu)
        apply_entries(DRIFT, cu, from_s, from_dp, from_td, width)
    clear_all(tk)
    for stage in range(STAGES()):
        out, k = row_at(address(tk), stage * N(), width), increments[stage * N() : (stage + 1) * N()]
        put(w, y)
        set_all(tw, 1.0, s)
        for j in range(stage):
            a, before = A(stage, j), row_at(address(tk), j * N(), width)
            if a != 0.0:
                for i in range(N()):
                    w[i] += a * increments[j * N() + i]
                add_all(tw, a, before)
            add_all(out, C(stage, j) / h, before)
        minus_jacobian_of_one(w, p, t + ALPHA(stage) * h, mj)
        for n in range(NNZ()):
            if mj[n] != 0.0:
                add_row(row_at(out, ROW(n), width), -mj[n], row_at(address(tw), COLUMN(n), width))
        parameter_entries(w, p, t + ALPHA(stage) * h, fp)
        apply_entries(PARAMETER, fp, from_s, from_dp, out, width)
        curvature_entries(y, p, t, k, cu)
        apply_entries(CURVATURE, cu, from_s, from_dp, out, width)
        if TIME_DEPENDENT():
            add_all(out, h * D(stage), from_td)
        solve_all(m, dg, out, width)


@njit(**OPTIONS)
def add_increments(s, tk, theta):
    """Move the tangent from the start of a step to the fraction `theta` of it."""
    for stage in range(STAGES()):
        add_all(s, weight(stage, theta), row_at(address(tk), stage * N(), s.shape[1]))


@njit(**OPTIONS)
def steady_tangent(y, p, s, dp, work, fp):
    """Tangent of `steady`: `s` of the state that it came from becomes that of the steady state `y`."""
    _, mj, _, b = work
    a, order, x = np.empty((N(), N())), np.empty(N(), dtype=np.int64), np.empty(N())
    minus_jacobian_of_one(y, p, 0.0, mj)
    waits = np.empty(N(), dtype=np.bool_)
    singular = not steady_system(mj, y, a, order, waits)
    right = np.zeros(s.shape)
    parameter_entries(y, p, 0.0, fp)
    apply_entries(PARAMETER, fp, address(s), address(dp), address(right), s.shape[1])
    for i in range(N()):
        for q in range(s.shape[1]):
            right[i, q] = s[i, q] if waits[i] else -right[i, q]
    for c in range(MOIETY_COUNT()):
        clear(right[PIVOT(c)])
        for i in range(N()):
            add_scaled(right[PIVOT(c)], MOIETY(c, i), s[i])
    for q in range(s.shape[1]):
        for i in range(N()):
            b[i] = np.nan if singular else right[i, q]
        dense_solve(a, order, b, x)
        for i in range(N()):
            s[i, q] = np.nan if singular else x[i]


@njit(**OPTIONS)
def load_tangent(seg, tables, dd, dp):
    """Tangent of the active parameters of a segment."""
    for i in range(ACTIVE_COUNT()):
        put(dp[i], dd[tables.segment_values[seg, ACTIVE(i)]])


@njit(**OPTIONS)
def initial_tangent(p, dp, s):
    """Tangent of `initial`."""
    g, gp = np.zeros(N()), np.empty(NP())
    for i in range(N()):
        g[i] = 1.0
        clear(gp)
        clear(s[i])
        initial_vjp(p, g, gp)
        for a in range(ACTIVE_COUNT()):
            add_scaled(s[i], gp[ACTIVE(a)], dp[a])
        g[i] = 0.0


@njit(**OPTIONS)
def jumps_tangent(seg, tables, before, d, dd, s):
    """Tangent of `apply_jumps`."""
    start, gy, gd = s.copy(), np.empty(N()), np.empty(len(d))
    for n in range(tables.jump_ptr[seg], tables.jump_ptr[seg + 1]):
        state, kind, index = tables.jump_state[n], tables.jump_kind[n], tables.jump_index[n]
        if kind == SET:
            put(s[state], dd[index])
        elif kind == ADD:
            put(s[state], start[state])
            accumulate(s[state], dd[index])
        else:
            clear(gy)
            clear(gd)
            jump_vjp(index, before, d, 1.0, gy, gd)
            clear(s[state])
            for i in range(N()):
                add_scaled(s[state], gy[i], start[i])
            for i in range(len(d)):
                if gd[i] != 0.0:
                    add_scaled(s[state], gd[i], dd[i])


@njit(**OPTIONS)
def measure(at, order, first, tables, d, dd, y, s, prediction, noise):
    """Write the rows of all measurements at one time of one run."""
    input_ptr, input_index = tables.input_ptr, tables.input_index
    gy, q, gq = np.empty(N()), np.empty(most_inputs(input_ptr)), np.empty(most_inputs(input_ptr))
    for position in range(first[at], first[at + 1]):
        n = order[position]
        size = input_ptr[n + 1] - input_ptr[n]
        for i in range(size):
            q[i] = d[input_index[input_ptr[n] + i]]
        for which in range(2):
            row = prediction[n] if which == 0 else noise[n]
            clear(gy)
            clear(gq)
            observe_vjp(tables.measured_observable[n], y, tables.times[at], q, 1.0 - which, 1.0 * which, gy, gq)
            for i in range(N()):
                if gy[i] != 0.0:
                    add_scaled(row, gy[i], s[i])
            for i in range(size):
                add_scaled(row, gq[i], dd[input_index[input_ptr[n] + i]])


@njit(**OPTIONS)
def jacobian(theta, tables, kept):
    """Differentiate all predictions and noises (M, P), from what `simulate` kept; NaN where a run failed."""
    outcome, states, tape, before, steady = kept
    constants, times, time_ptr, count = tables.constants, tables.times, tables.time_ptr, len(tables.measured_run)
    size = len(theta)
    d, dd = all_quantities(theta, constants), np.zeros((len(constants), size))
    gd = np.zeros(len(constants))
    for k in range(len(constants)):
        if k < size:
            dd[k, k] = 1.0
        else:
            gd[k] = 1.0
            quantities_vjp(theta, gd, dd[k])
            gd[k] = 0.0
    first = np.zeros(len(times) + 1, dtype=np.int64)
    for n in range(count):
        first[tables.measured_at[n] + 1] += 1
    for at in range(len(times)):
        first[at + 1] += first[at]
    order, filled = np.empty(count, dtype=np.int64), first.copy()
    for n in range(count):
        order[filled[tables.measured_at[n]]] = n
        filled[tables.measured_at[n]] += 1
    prediction, noise = np.zeros((count, size)), np.zeros((count, size))
    # M, -J (whose entries that are never written are zero), 1 / diagonal, a state.
    work = np.empty(NNZ()), np.zeros(NNZ()), np.empty(N()), np.empty(N())
    steps, step_ptr = steps_of_runs(tape, tables)
    p, dp, y, k = np.empty(NP()), np.zeros((ACTIVE_COUNT(), size)), np.empty(N()), np.empty(STAGES() * N())
    s, resting = np.zeros((N(), size)), np.zeros((len(steady), N(), size))
    space, flipped = switching_space(), np.empty(NP())
    tk, tw, td = np.empty((STAGES() * N(), size)), np.empty((N(), size)), np.empty((N(), size))
    fp, cu = np.empty(ENTRY_START(1)), np.empty(ENTRY_START(3) - ENTRY_START(1))
    for n in range(len(steady)):
        seg = tables.equilibration_segment[n]
        load(seg, tables, d, p)
        load_tangent(seg, tables, dd, dp)
        initial_tangent(p, dp, resting[n])
        jumps_tangent(seg, tables, before[seg, : N()], d, dd, resting[n])
        if SWITCHES() > 0:
            set_modes(steady[n], p, 0.0)
        steady_tangent(steady[n], p, resting[n], dp, work, fp)
    for r in range(len(outcome)):
        begin, last = tables.run_begin[r], tables.run_end[r]
        step, at = step_ptr[r], time_ptr[r]
        load(begin, tables, d, p)
        load_tangent(begin, tables, dd, dp)
        if tables.run_equilibration[r] >= 0:
            s[:] = resting[tables.run_equilibration[r]]
        else:
            initial_tangent(p, dp, s)
        for seg in range(begin, last):
            load(seg, tables, d, p)
            load_tangent(seg, tables, dd, dp)
            while tables.segment_late[seg] == 1 and at < time_ptr[r + 1] and times[at] == tables.segment_start[seg]:
                measure(at, order, first, tables, d, dd, states[at], s, prediction, noise)
                at += 1
            jumps_tangent(seg, tables, before[seg, : N()], d, dd, s)
            if EVENTS() > 0 and outcome[r] == OK:
                arrive_tangent(seg, tables, before[seg], d, p, s, dp, space)
            end = tables.segment_start[seg + 1] if seg + 1 < last else np.inf
            while at < time_ptr[r + 1] and times[at] == tables.segment_start[seg] < end:
                measure(at, order, first, tables, d, dd, states[at], s, prediction, noise)
                at += 1
            while step < step_ptr[r + 1]:
                row, column, which, fraction = steps[step, 0], steps[step, 1], -1, 1.0
                t, h, own = take_step(tape, row, column, y, k)
                if own != seg:
                    break
                step += 1
                if SWITCHES() > 0:
                    take_modes(tape, row, column, p, False)
                    which, fraction = switch_at(tape, row, column), switch_number(tape, row, column, FRACTION)
                after = end
                if step < step_ptr[r + 1]:
                    following, lane = steps[step]
                    if segment_at(tape, following, lane) == seg:
                        after = time_of(tape, following, lane)
                if SWITCHES() > 0 and which >= 0:
                    after = switch_number(tape, row, column, UNTIL)
                step_tangent(t, h, y, k, p, s, dp, work, tk, tw, fp, cu, td)
                while at < time_ptr[r + 1] and times[at] < end and times[at] <= after:
                    tw[:] = s
                    add_increments(tw, tk, (times[at] - t) / h)
                    measure(at, order, first, tables, d, dd, states[at], tw, prediction, noise)
                    at += 1
                add_increments(s, tk, fraction)
                if SWITCHES() > 0 and which >= 0:
                    for stage in range(STAGES()):
                        for i in range(N()):
                            y[i] += weight(stage, fraction) * k[stage * N() + i]
                    put(flipped, p)
                    take_modes(tape, row, column, flipped, True)
                    if outcome[r] == OK:
                        switch_tangent(which, y, p, flipped, t + fraction * h, s, dp, space)
                    while at < time_ptr[r + 1] and times[at] < end and times[at] <= t + fraction * h:
                        measure(at, order, first, tables, d, dd, states[at], s, prediction, noise)
                        at += 1
        if at < time_ptr[r + 1] and outcome[r] == OK:
            if SWITCHES() > 0:
                set_modes(states[at], p, np.inf)
            steady_tangent(states[at], p, s, dp, work, fp)
            measure(at, order, first, tables, d, dd, states[at], s, prediction, noise)
        if outcome[r] != OK:
            for position in range(first[time_ptr[r]], first[time_ptr[r + 1]]):
                for q in range(size):
                    prediction[order[position], q] = noise[order[position], q] = np.nan
    return prediction, noise
