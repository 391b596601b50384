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
    DENSE,
    DIAGONAL,
    ENTRY_COLUMN,
    ENTRY_ROW,
    ENTRY_START,
    EVENTS,
    GAMMA,
    NNZ,
    NP,
    RESTS,
    STAGES,
    SUM_COUNT,
    SUM_OF,
    SUM_ROW,
    SUM_SOURCE,
    SUM_START,
    SUM_VALUE,
    SWITCHES,
    TIME_DEPENDENT,
    A,
    C,
    D,
    N,
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
    sum_rows,
)  # fmt: skip
from il6infer.kernel.moment import held_before
from il6infer.kernel.moment_tangent import add_scaled, arrive_tangent, moment_tangent
from il6infer.kernel.steady import laws_of, steady_system
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

STATES, FORWARD, BACKWARD = range(3)
"""Sums of a step, see `il6infer.kernel.tangent`: a stage's state; its right-hand side, over L; that over U."""


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
def apply_entries(which, values, s, dp, out):
    """Add a sparse matrix over (states, active parameters) times the tangents of both."""
    start = ENTRY_START(which)
    for n in range(ENTRY_START(which + 1) - start):
        if values[n] != 0.0:
            row, column = ENTRY_ROW(start + n), ENTRY_COLUMN(start + n)
            add_scaled(out[row], values[n], s[column] if column < N() else dp[column - N()])


@njit(**OPTIONS)
def lists_of_sums(s, dp, tw, b, td, tk):
    """Give for each term of the sums which value it has, and the address of its row."""
    which, sources = np.empty(SUM_COUNT(), dtype=np.int64), np.empty(SUM_COUNT(), dtype=np.int64)
    of = np.array([address(s), address(dp), address(tw), address(b), address(td), address(tk)])
    for n in range(SUM_COUNT()):
        which[n], sources[n] = SUM_VALUE(n), row_at(of[SUM_OF(n)], SUM_SOURCE(n), s.shape[1])
    return which, sources


@njit(**OPTIONS)
def sum_all(program, out, scale, values, lists):
    """Write the rows of `out` that a program sums, each times its `scale`."""
    which, sources = lists
    for n in range(program * N(), (program + 1) * N()):
        row = SUM_ROW(n)
        target = row_at(address(out), row, out.shape[1])
        sum_rows(target, scale[row], SUM_START(n), SUM_START(n + 1), address(which), values, address(sources))


@njit(**OPTIONS)
def step_tangent(t, h, y, increments, p, s, dp, work, tk, tw, b, td, values, lists):
    """Tangents `tk` (STAGES N, P) of the increments of one accepted step, from `s` at its start.

    `values` are 1, the weights of the increments in a stage's state and in its right-hand side, that of the drift, J,
    the factors of M, and the derivatives of the rates by parameters and of J K.
    """
    m, mj, dg, w, ones = work
    rates = 1 + STAGES()
    drift, jacobian = rates + STAGES(), rates + STAGES() + 1
    factors, derivatives = jacobian + NNZ(), jacobian + 2 * NNZ()
    by_parameters = address(values) + BYTES * derivatives
    curvature = by_parameters + BYTES * ENTRY_START(1)
    minus_jacobian_of_one(y, p, t, mj)
    put(m, mj)
    for i in range(N()):
        m[DIAGONAL(i)] += 1.0 / (h * GAMMA())
    lu_of_one(m, dg)
    for n in range(NNZ()):
        values[factors + n] = -m[n]
    if TIME_DEPENDENT():
        clear_all(td)
        by_time = np.empty(ENTRY_START(3) - ENTRY_START(2))
        drift_entries(y, p, t, by_time)
        apply_entries(DRIFT, by_time, s, dp, td)
    for stage in range(STAGES()):
        put(w, y)
        for j in range(STAGES()):
            a = A(stage, j) if j < stage else 0.0
            values[1 + j], values[rates + j] = a, C(stage, j) / h if j < stage else 0.0
            if a != 0.0:
                for i in range(N()):
                    w[i] += a * increments[j * N() + i]
        values[drift] = h * D(stage) if TIME_DEPENDENT() else 0.0
        sum_all(STATES, tw, ones, values, lists)
        at = t + ALPHA(stage) * h
        minus_jacobian_of_one(w, p, at, mj)
        for n in range(NNZ()):
            values[jacobian + n] = -mj[n]
        parameter_entries(w, p, at, by_parameters)
        curvature_entries(y, p, t, increments[stage * N() : (stage + 1) * N()], curvature)
        sum_all(FORWARD, b, ones, values, lists)
        sum_all(BACKWARD, b, dg, values, lists)
        for i in range(N()):
            put(tk[stage * N() + i], b[i])


@njit(**OPTIONS)
def state_inside(theta, out, work, values, lists):
    """Write the tangent of the state at the fraction `theta` of a step, which may be that at its start."""
    for stage in range(STAGES()):
        values[1 + stage] = weight(stage, theta)
    sum_all(STATES, out, work[-1], values, lists)


@njit(**OPTIONS)
def steady_tangent(y, p, laws, equations, s, dp, work, fp):
    """Tangent of `steady`, whose laws are as in `steady_system`.

    `s` of the state that it came from becomes that of the steady state `y`.
    """
    if RESTS() == 0:
        return
    _, mj, _, b, _ = work
    a, order, x = np.empty((N(), N())), np.empty(N(), dtype=np.int64), np.empty(N())
    minus_jacobian_of_one(y, p, 0.0, mj)
    waits = np.empty(N(), dtype=np.bool_)
    singular = not steady_system(mj, y, a, order, waits, laws, equations)
    right = np.zeros(s.shape)
    parameter_entries(y, p, 0.0, fp)
    apply_entries(PARAMETER, fp, s, dp, right)
    for i in range(N()):
        for q in range(s.shape[1]):
            right[i, q] = s[i, q] if waits[i] else -right[i, q]
    for c in range(len(laws)):
        clear(right[equations[c]])
        for i in range(N()):
            add_scaled(right[equations[c]], laws[c, i], s[i])
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
    # M, -J (whose entries that are never written are zero), 1 / diagonal, a state, ones.
    work = np.empty(NNZ()), np.zeros(NNZ()), np.empty(N()), np.empty(N()), np.ones(N())
    steps, step_ptr = steps_of_runs(tape, tables)
    p, dp, y, k = np.empty(NP()), np.zeros((ACTIVE_COUNT(), size)), np.empty(N()), np.empty(STAGES() * N())
    s, resting = np.zeros((N(), size)), np.zeros((len(steady), N(), size))
    space, flipped, held = switching_space(), np.empty(NP()), np.empty(EVENTS())
    tk, tw, td = np.zeros((STAGES() * N(), size)), np.zeros((N(), size)), np.zeros((N(), size))
    b, fp = np.zeros((N(), size)), np.empty(ENTRY_START(1))
    values = np.ones(2 + 2 * STAGES() + 2 * NNZ() + ENTRY_START(2))
    lists = lists_of_sums(s, dp, tw, b, td, tk)
    for n in range(len(steady)):
        seg = tables.equilibration_segment[n]
        load(seg, tables, d, p)
        load_tangent(seg, tables, dd, dp)
        initial_tangent(p, dp, resting[n])
        jumps_tangent(seg, tables, before[seg, : N()], d, dd, resting[n])
        if SWITCHES() > 0:
            set_modes(steady[n], p, 0.0)
        laws, equations = laws_of(tables, tables.equilibration_laws[n])
        steady_tangent(steady[n], p, laws, equations, resting[n], dp, work, fp)
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
            if SWITCHES() > 0 and outcome[r] == OK:
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
                step_tangent(t, h, y, k, p, s, dp, work, tk, tw, b, td, values, lists)
                while at < time_ptr[r + 1] and times[at] < end and times[at] <= after:
                    state_inside((times[at] - t) / h, tw, work, values, lists)
                    measure(at, order, first, tables, d, dd, states[at], tw, prediction, noise)
                    at += 1
                state_inside(fraction, s, work, values, lists)
                if SWITCHES() > 0 and which >= 0:
                    for stage in range(STAGES()):
                        for i in range(N()):
                            y[i] += weight(stage, fraction) * k[stage * N() + i]
                    put(flipped, p)
                    take_modes(tape, row, column, flipped, True)
                    if outcome[r] == OK:
                        held_before(p, held)
                        moment_tangent(which, y, p, flipped, held, t + fraction * h, s, dp, space)
                    while at < time_ptr[r + 1] and times[at] < end and times[at] <= t + fraction * h:
                        measure(at, order, first, tables, d, dd, states[at], s, prediction, noise)
                        at += 1
        if at < time_ptr[r + 1] and outcome[r] == OK:
            if SWITCHES() > 0:
                set_modes(states[at], p, np.inf)
            laws, equations = laws_of(tables, tables.run_laws[r])
            steady_tangent(states[at], p, laws, equations, s, dp, work, fp)
            measure(at, order, first, tables, d, dd, states[at], s, prediction, noise)
        if outcome[r] != OK:
            for position in range(first[time_ptr[r]], first[time_ptr[r + 1]]):
                for q in range(size):
                    prediction[order[position], q] = noise[order[position], q] = np.nan
    return prediction, noise
