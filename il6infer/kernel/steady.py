# ruff: noqa: ANN001, ANN202, SIM110  (see vectors.py)
"""Steady states by integration and Newton, and their adjoint by the implicit function theorem.

A steady state is a root of the right-hand side that the run reaches and that is stable. A run that starts exactly at a
root stays there, whether it is stable or not: no state of it ever moves.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.kernel.clock import is_late
from il6infer.kernel.contracts import FALLEN
from il6infer.kernel.dense import dense_lu, dense_solve, dense_solve_t
from il6infer.kernel.doubts import goes_over, refuse
from il6infer.kernel.happenings import set_modes
from il6infer.kernel.lanes import (
    GOES_ON,
    NON_FINITE,
    OK,
    TIME_LIMIT,
    attempt,
    first_step,
    judge,
    lane_states,
    propose,
)
from il6infer.kernel.locating import locate
from il6infer.kernel.model_functions import (
    COLUMN,
    LANES,
    MODE,
    NNZ,
    NP,
    RESTS,
    ROW,
    SWITCHES,
    N,
    address,
    minus_jacobian,
    rhs,
    rhs_vjp,
)
from il6infer.kernel.stability import stable_root
from il6infer.kernel.switching import (
    begins_with_event,
    cross,
    overshoots,
    switching_space,
)
from il6infer.kernel.truths import lacks_truth
from il6infer.kernel.vectors import OPTIONS, clear, clear_all, put, put_column, spread, take_column
from il6infer.runs.outcome import Outcome

NO_STEADY_STATE = int(Outcome.NO_STEADY_STATE)

LAST_END, FAR_AWAY = 1e15, 1e100
"""Time and size of a state at which there is no steady state."""

UNDECIDED = 0.01
"""Tolerances to an unstable root within which it is the solver's error that decides where the run goes."""

SMALLEST_NUMBER = 1e-280

NEGLIGIBLE = 1e-20  # rates per time below this are rounding (Newton leaves absent species at 1e-35, not at 0)

ROUNDING = 1e-15  # of a pivot, relative to the largest entry


@njit(**OPTIONS)
def laws_of(tables, number):
    """Conservation laws (laws, N()) of a set, and which equation each replaces."""
    first, last = tables.law_ptr[number], tables.law_ptr[number + 1]
    return tables.laws[first:last], tables.law_equation[first:last]


@njit(**OPTIONS)
def steady_system(mj, y, a, order, waits, laws, equations):
    """Factorise the Jacobian of the steady-state equations at y: J, with one row a law replaced by the law.

    `mj` has the entries of -J. A state keeps the value that it had (`waits`, its row is that of the identity) where

    - its column is zero (a receptor that waits for an absent ligand): nothing depends on it;
    - its row is zero (a protein whose rates are knocked out): nothing changes it;
    - it is absent, and the equations are dependent without it (a ligand that a knock-out leaves without a sink, so that
      it and its complex add up to a constant, which is zero).

    Returns whether there are factors.
    """
    absent = np.empty(N(), dtype=np.bool_)
    for j in range(N()):
        waits[j] = False
    for _ in range(N()):
        clear_all(a)
        for s in range(NNZ()):
            a[ROW(s), COLUMN(s)] = -mj[s]
        for j in range(N()):
            column, row = 0.0, 0.0
            for i in range(N()):
                column, row = max(column, abs(a[i, j])), max(row, abs(a[j, i]))
            waits[j] = waits[j] or not (column >= NEGLIGIBLE and row >= NEGLIGIBLE)
        for c in range(len(laws)):
            waits[equations[c]] = False
            for i in range(N()):
                a[equations[c], i] = laws[c, i]
        for j in range(N()):
            if waits[j]:
                for i in range(N()):
                    a[j, i] = 1.0 if i == j else 0.0
        largest = 0.0
        for i in range(N()):
            for j in range(N()):
                largest = max(largest, abs(a[i, j]))
        for j in range(N()):
            absent[j] = abs(y[j]) < NEGLIGIBLE
        missing = dense_lu(a, order, absent, ROUNDING * largest)
        if missing < 0:
            return True
        if waits[missing] or not absent[missing]:
            return False
        waits[missing] = True
    return False


@njit(**OPTIONS)
def rates_at(lane, x, p, work, b, mj):
    """Right-hand side `b` and entries `mj` of -J of a lane at the state x."""
    spread(work.stage, x)
    clear(work.stage_time)
    rhs(work.stage, p, work.stage_time, work.rates)
    minus_jacobian(work.stage, p, work.stage_time, work.minus_jacobian)
    take_column(work.rates, lane, b)
    take_column(work.minus_jacobian, lane, mj)


@njit(**OPTIONS)
def newton(lane, y, start, p, totals, laws, equations, work, x, waits):
    """Newton on the steady-state equations from the state of a lane; True, with the root in x, when it converges.

    `start` is where the integration towards y began; `laws`, `equations` and `waits` are as in `steady_system`,
    `totals` (laws,) what the laws keep.
    """
    atol = work.coarsest_atol
    b, mj, dx = np.empty(N()), np.empty(NNZ()), np.empty(N())
    a, order = np.empty((N(), N())), np.empty(N(), dtype=np.int64)
    take_column(y, lane, x)
    for _ in range(12):
        rates_at(lane, x, p, work, b, mj)
        if not steady_system(mj, x, a, order, waits, laws, equations):
            return False
        for j in range(N()):
            if waits[j]:
                if abs(x[j] - start[j]) > 1e-12 * abs(start[j]) + 1e-6 * atol[j]:
                    return False
                b[j] = 0.0
        for c in range(len(laws)):
            r = -totals[c]
            for i in range(N()):
                r += laws[c, i] * x[i]
            b[equations[c]] = r
        dense_solve(a, order, b, dx)
        moved, rounded = 0.0, True
        for i in range(N()):
            x[i] -= dx[i]
            size = abs(x[i])
            moved = max(moved, abs(dx[i]) / (size + atol[i]))
            # Where the equations are nearly dependent, rounding keeps Newton from more; at a root of several, halves.
            rounded = rounded and abs(dx[i]) < min(1e-4, 0.1 * work.rtol[lane]) * size + 1e-9 * atol[i]
        if not math.isfinite(moved):
            return False
        if moved < 1e-12:
            break
    return moved <= 1e-9 or rounded


@njit(**OPTIONS)
def look_for_rest(lane, y, start, p, totals, laws, equations, work, x):
    """Judge a lane that stands still: OK, with the steady state in x, or NO_STEADY_STATE, or GOES_ON.

    The run has reached a root of the right-hand side when it is there within the solver's tolerances. At a stable one
    it ends. At an unstable one (a saddle, the centre of an undamped oscillation) it would take rounding to go on.
    """
    waits = np.empty(N(), dtype=np.bool_)
    if not newton(lane, y, start, p, totals, laws, equations, work, x, waits):
        return GOES_ON
    rtol, atol = work.rtol, work.atol
    distance = 0.0
    for i in range(N()):
        distance = max(distance, abs(x[i] - y[i, lane]) / (atol[i, lane] + rtol[lane] * abs(x[i])))
    if distance > 1.0:
        return GOES_ON
    b, mj, moves = np.empty(N()), np.empty(NNZ()), np.empty(N(), dtype=np.bool_)
    rates_at(lane, x, p, work, b, mj)
    for i in range(N()):
        # A state that never moved, as one at zero that only makes more of itself, stays whatever its eigenvalue.
        moves[i] = not waits[i] and y[i, lane] != start[i]
    if stable_root(mj, moves, NEGLIGIBLE, laws):
        return OK
    return NO_STEADY_STATE if distance < UNDECIDED else GOES_ON


@njit(**OPTIONS)
def lasts(lane, x, p):
    """Whether no condition of a lane at rest is another at a later time, such as that of a switch yet to come."""
    now, later = np.empty(NP()), np.empty(NP())
    take_column(p, lane, now)
    put(later, now)
    set_modes(x, later, np.inf)
    for j in range(SWITCHES()):
        if now[MODE(j)] != later[MODE(j)]:
            return False
    return True


@njit(**OPTIONS)
def set_out(lane, state, begin, y, p, t, h, end, work):
    """Begin the integration of a lane to its steady state.

    A state that starts small is followed relative to where it starts: growth from 1e-9 is growth at any tolerance.
    """
    rtol, atol, coarsest = work.rtol, work.atol, work.coarsest_atol
    put_column(y, lane, state)
    for i in range(N()):
        own = rtol[lane] * abs(state[i])
        atol[i, lane] = min(coarsest[i], own) if own > SMALLEST_NUMBER else coarsest[i]
    t[lane], end[lane] = begin, begin + LAST_END
    h[lane] = first_step(lane, y, p, t, work)


@njit(**OPTIONS)
def movement(lane, y, x, work):
    """How far a step from y to x moved a lane, over the tolerances; infinite where it ran away."""
    rtol, atol = work.rtol, work.atol
    moved, largest = 0.0, 0.0
    for i in range(N()):
        largest = max(largest, abs(x[i]))
        moved = max(moved, abs(x[i] - y[i, lane]) / (atol[i, lane] + rtol[lane] * abs(x[i])))
    return moved if largest < FAR_AWAY else np.inf


@njit(**OPTIONS)
def settle(states, parameters, begins, passes, kept, outcome, tables, work):
    """Replace each state by the steady state that it runs into: integrates until it stands still, then Newton.

    Rates are those at time 0: before an experiment time stands still there, and where it passes (what is measured at
    time inf) no rate depends on it, other than by switches (`il6infer.runs.rest`).

    Parameters
    ----------
    states : (jobs, N())
    parameters : (jobs, NP())
    begins : (jobs,)
        Time at which each begins.
    passes
        Whether time passes.
    kept : (jobs,)
        Set of conservation laws of each.
    outcome : (jobs,)
        Jobs whose outcome is not OK are left as they are.
    tables
        With the laws, and the steps of each job.
    """
    if RESTS() == 0:
        return
    moving = lane_states()
    y, p, t, h, step, end = moving
    job, budget, found = np.full(LANES(), -1), np.zeros(LANES(), dtype=np.int64), np.zeros(LANES(), dtype=np.int64)
    totals, starts, due = np.zeros((LANES(), N())), np.empty((LANES(), N())), np.zeros(LANES())
    still, waiting, attempts, x = np.zeros(LANES(), dtype=np.bool_), 0, 0, np.empty(N())
    space, start, took = switching_space(), np.empty(LANES()), np.zeros(LANES(), dtype=np.bool_)
    stands = np.zeros(LANES())
    for lane in range(LANES()):
        space.clock[lane] = 1.0 if passes else 0.0
    while True:
        active = 0
        for lane in range(LANES()):
            while job[lane] < 0 and waiting < len(states):
                if outcome[waiting] == OK:
                    job[lane], budget[lane], due[lane] = waiting, tables.max_steps, 0.0
                    if SWITCHES() > 0 and begins_with_event(
                        lane, states[waiting], parameters[waiting], begins[waiting], passes, space
                    ):
                        outcome[waiting], job[lane] = NO_STEADY_STATE, -1
                        waiting += 1
                        continue
                    put(starts[lane], states[waiting])
                    put_column(p, lane, parameters[waiting])
                    laws, equations = laws_of(tables, kept[waiting])
                    for c in range(len(laws)):
                        totals[lane, c] = 0.0
                        for i in range(N()):
                            totals[lane, c] += laws[c, i] * states[waiting, i]
                    set_out(lane, states[waiting], begins[waiting], y, p, t, h, end, work)
                waiting += 1
            if job[lane] >= 0:
                active += 1
                step[lane] = propose(t[lane], h[lane], end[lane])
        if active == 0:
            break
        attempt(y, p, stands, step, address(work.increments), False, work)
        attempts += 1
        late = is_late(attempts, work.deadline)
        for lane in range(LANES()):
            still[lane], took[lane] = False, False
            if job[lane] >= 0:
                start[lane] = t[lane]
                fallen = work.errors[FALLEN, lane] < 0.0
                if work.strain[lane] > 0.0 or fallen and goes_over(lane, moving, stands, False, work):
                    refuse(lane, work.errors)
                found[lane], taken = judge(lane, moving, work.errors)
                took[lane] = taken
                budget[lane] -= 1
        located = SWITCHES() > 0 and locate(y, p, start, step, address(work.increments), took, space)
        for lane in range(LANES()):
            here = located and space.high[lane] <= 1.0
            took[lane] = took[lane] and not (
                here and overshoots(lane, moving, start, address(work.increments), space, work)
            )
            if took[lane]:
                if lacks_truth(lane, moving, start, address(work.increments), space, work):
                    found[lane] = NON_FINITE
                elif here:
                    if cross(lane, moving, start, address(work.increments), space):
                        found[lane] = NO_STEADY_STATE
                else:
                    take_column(work.stage, lane, x)
                    moved = movement(lane, y, x, work)
                    still[lane] = moved < 1.0 and t[lane] >= due[lane]
                    put_column(y, lane, x)
                    if moved == np.inf or t[lane] == end[lane] and not still[lane]:
                        found[lane] = NO_STEADY_STATE
        # Newton uses the scratch matrices of all lanes: only now, when no lane needs them any more.
        for lane in range(LANES()):
            if job[lane] < 0:
                continue
            if found[lane] == GOES_ON and still[lane]:
                laws, equations = laws_of(tables, kept[job[lane]])
                found[lane] = look_for_rest(lane, y, starts[lane], p, totals[lane], laws, equations, work, x)
                due[lane] = 2.0 * t[lane]
                if SWITCHES() > 0 and passes and found[lane] == OK and not lasts(lane, x, p):
                    found[lane] = GOES_ON
                if found[lane] == OK:
                    put(states[job[lane]], x)
                elif found[lane] == GOES_ON and t[lane] == end[lane]:
                    found[lane] = NO_STEADY_STATE
            if found[lane] == GOES_ON and budget[lane] <= 0:
                found[lane] = NO_STEADY_STATE
            if found[lane] == GOES_ON and late:
                found[lane] = TIME_LIMIT
            if found[lane] != GOES_ON:
                outcome[job[lane]] = found[lane]
                job[lane] = -1
    for lane in range(LANES()):
        for i in range(N()):
            work.atol[i, lane] = work.coarsest_atol[i]


@njit(**OPTIONS)
def steady_adjoint(y, p, laws, equations, lam, gp, work):
    """Adjoint of a steady state y, whose laws are as in `steady_system`.

    Adds to gp, and replaces lam by the adjoint of the state that it came from.
    """
    if RESTS() == 0:
        return
    at, gw = work.stage_time, work.rates
    v, lane_p, lane_gp = np.empty((N(), LANES())), np.empty((NP(), LANES())), np.empty((NP(), LANES()))
    a, order, mu, mj = np.empty((N(), N())), np.empty(N(), dtype=np.int64), np.empty(N()), np.empty(NNZ())
    spread(lane_p, p)
    rates_at(0, y, lane_p, work, mu, mj)
    waits = np.empty(N(), dtype=np.bool_)
    if not steady_system(mj, y, a, order, waits, laws, equations):
        for i in range(N()):
            lam[i] = np.nan
        return
    dense_solve_t(a, order, lam, mu)
    clear(lam)
    for j in range(N()):
        if waits[j]:
            lam[j] = mu[j]
            mu[j] = 0.0
    for c in range(len(laws)):
        for i in range(N()):
            lam[i] += mu[equations[c]] * laws[c, i]
        mu[equations[c]] = 0.0
    for i in range(N()):
        mu[i] = -mu[i]
    spread(work.stage, y)
    spread(v, mu)
    clear(at)
    clear_all(gw)
    clear_all(lane_gp)
    rhs_vjp(work.stage, lane_p, at, v, gw, lane_gp)
    for i in range(NP()):
        gp[i] += lane_gp[i, 0]
