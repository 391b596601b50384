# ruff: noqa: ANN001, ANN202, SIM110  (see vectors.py)
"""Steady states by integration and Newton, and their adjoint by the implicit function theorem."""

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
)
from il6infer.kernel.model_functions import (
    COLUMN,
    LANES,
    MOIETY,
    MOIETY_COUNT,
    NNZ,
    NP,
    PIVOT,
    ROW,
    N,
    address,
    minus_jacobian,
    rhs,
    rhs_vjp,
)
from il6infer.kernel.vectors import OPTIONS, clear, clear_all, put, put_column, spread, take_column
from il6infer.runs.outcome import Outcome

NO_STEADY_STATE = int(Outcome.NO_STEADY_STATE)

FIRST_END, LAST_END = 1e2, 1e9  # an integration to each power of ten in between, until Newton finds rest nearby

NEGLIGIBLE = 1e-20  # rates per time below this are rounding (Newton leaves absent species at 1e-35, not at 0)

ROUNDING = 1e-15  # of a pivot, relative to the largest entry


@njit(**OPTIONS)
def dense_lu(a, order, absent, least):
    """LU factors of a small dense matrix in place, with row pivoting; rows of absent states for columns of such.

    Returns -1, or the first column whose pivot is not above `least` (if absent) or nothing.
    """
    n = len(a)
    for i in range(n):
        order[i] = i
    for c in range(n):
        best, size = c, -1.0
        for r in range(c, n):
            if (absent[order[r]] or not absent[c]) and abs(a[r, c]) > size:
                best, size = r, abs(a[r, c])
        if not size > (least if absent[c] else 1e-300):
            return c
        if best != c:
            for j in range(n):
                a[c, j], a[best, j] = a[best, j], a[c, j]
            order[c], order[best] = order[best], order[c]
        for r in range(c + 1, n):
            a[r, c] /= a[c, c]
            f = a[r, c]
            if f != 0.0:
                for j in range(c + 1, n):
                    a[r, j] -= f * a[c, j]
    return -1


@njit(**OPTIONS)
def dense_solve(a, order, b, x):
    """Solve A x = b with the factors of `dense_lu`."""
    n = len(a)
    for i in range(n):
        s = b[order[i]]
        for j in range(i):
            s -= a[i, j] * x[j]
        x[i] = s
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            x[i] -= a[i, j] * x[j]
        x[i] /= a[i, i]


@njit(**OPTIONS)
def dense_solve_t(a, order, b, x):
    """Solve A^T x = b with the factors of `dense_lu`."""
    n = len(a)
    z = np.empty(n)
    for i in range(n):
        s = b[i]
        for j in range(i):
            s -= a[j, i] * z[j]
        z[i] = s / a[i, i]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            z[i] -= a[j, i] * z[j]
    for i in range(n):
        x[order[i]] = z[i]


@njit(**OPTIONS)
def steady_system(mj, y, a, order, waits):
    """Factorise the Jacobian of the steady-state equations at y: J, with one row a moiety replaced by its law.

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
        for c in range(MOIETY_COUNT()):
            waits[PIVOT(c)] = False
            for i in range(N()):
                a[PIVOT(c), i] = MOIETY(c, i)
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
def newton(lane, y, start, p, totals, work):
    """Newton on the steady-state equations from the state of a lane; True, with y replaced, when it converges close by.

    `start` is where the integration towards y began.
    """
    atol = work.atol[lane]
    b, mj = np.empty(N()), np.empty(NNZ())
    a, order, x, dx = np.empty((N(), N())), np.empty(N(), dtype=np.int64), np.empty(N()), np.empty(N())
    waits = np.empty(N(), dtype=np.bool_)
    take_column(y, lane, x)
    for _ in range(12):
        rates_at(lane, x, p, work, b, mj)
        if not steady_system(mj, x, a, order, waits):
            return False
        for j in range(N()):
            if waits[j]:
                if abs(x[j] - start[j]) > 1e-12 * abs(start[j]) + 1e-6 * atol:
                    return False
                b[j] = 0.0
        for c in range(MOIETY_COUNT()):
            r = -totals[c]
            for i in range(N()):
                r += MOIETY(c, i) * x[i]
            b[PIVOT(c)] = r
        dense_solve(a, order, b, dx)
        moved = 0.0
        for i in range(N()):
            x[i] -= dx[i]
            moved = max(moved, abs(dx[i]) / (abs(x[i]) + atol))
        if not math.isfinite(moved):
            return False
        if moved < 1e-12:
            break
    if moved > 1e-9:
        return False
    for i in range(N()):
        if x[i] < -atol or abs(x[i] - y[i, lane]) > 0.1 * (abs(x[i]) + abs(y[i, lane])) + 1e3 * atol:
            return False
    put_column(y, lane, x)
    return True


@njit(**OPTIONS)
def settle(states, parameters, outcome, max_steps, work):
    """Replace each state by the steady state that it runs into: integrates ever longer, then Newton.

    Parameters
    ----------
    states : (jobs, N())
    parameters : (jobs, NP())
    outcome : (jobs,)
        Jobs whose outcome is not OK are left as they are.
    """
    moving = lane_states()
    y, p, t, h, step, end = moving
    job, budget, found = np.full(LANES(), -1), np.zeros(LANES(), dtype=np.int64), np.zeros(LANES(), dtype=np.int64)
    totals, starts = np.zeros((LANES(), MOIETY_COUNT())), np.empty((LANES(), N()))
    waiting, x = 0, np.empty(N())
    while True:
        active = 0
        for lane in range(LANES()):
            while job[lane] < 0 and waiting < len(states):
                if outcome[waiting] == OK:
                    job[lane], budget[lane] = waiting, max_steps
                    put(starts[lane], states[waiting])
                    put_column(y, lane, states[waiting])
                    put_column(p, lane, parameters[waiting])
                    for c in range(MOIETY_COUNT()):
                        totals[lane, c] = 0.0
                        for i in range(N()):
                            totals[lane, c] += MOIETY(c, i) * states[waiting, i]
                    t[lane], end[lane] = 0.0, FIRST_END
                    h[lane] = first_step(lane, y, p, t, work)
                waiting += 1
            if job[lane] >= 0:
                active += 1
                step[lane] = propose(t[lane], h[lane], end[lane])
        if active == 0:
            return
        attempt(y, p, t, step, address(work.increments), work)
        for lane in range(LANES()):
            if job[lane] >= 0:
                found[lane], taken = judge(lane, moving, work.errors)
                budget[lane] -= 1
                if taken:
                    take_column(work.stage, lane, x)
                    put_column(y, lane, x)
        # Newton uses the scratch matrices of all lanes: only now, when no lane needs them any more.
        for lane in range(LANES()):
            if job[lane] < 0:
                continue
            if found[lane] == GOES_ON and t[lane] == end[lane]:
                if newton(lane, y, starts[lane], p, totals[lane], work):
                    take_column(y, lane, states[job[lane]])
                    found[lane] = OK
                else:
                    end[lane] *= 10.0
                    if end[lane] >= LAST_END:
                        found[lane] = NO_STEADY_STATE
            if found[lane] == GOES_ON and budget[lane] == 0:
                found[lane] = STEP_LIMIT
            if found[lane] != GOES_ON:
                outcome[job[lane]] = found[lane]
                job[lane] = -1


@njit(**OPTIONS)
def steady_adjoint(y, p, lam, gp, work):
    """Adjoint of a steady state y: adds to gp, replaces lam by the adjoint of the state that it came from."""
    at, gw = work.stage_time, work.rates
    v, lane_p, lane_gp = np.empty((N(), LANES())), np.empty((NP(), LANES())), np.empty((NP(), LANES()))
    a, order, mu, mj = np.empty((N(), N())), np.empty(N(), dtype=np.int64), np.empty(N()), np.empty(NNZ())
    spread(lane_p, p)
    rates_at(0, y, lane_p, work, mu, mj)
    waits = np.empty(N(), dtype=np.bool_)
    if not steady_system(mj, y, a, order, waits):
        for i in range(N()):
            lam[i] = np.nan
        return
    dense_solve_t(a, order, lam, mu)
    clear(lam)
    for j in range(N()):
        if waits[j]:
            lam[j] = mu[j]
            mu[j] = 0.0
    for c in range(MOIETY_COUNT()):
        for i in range(N()):
            lam[i] += mu[PIVOT(c)] * MOIETY(c, i)
        mu[PIVOT(c)] = 0.0
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
