# ruff: noqa: ANN001, ANN202, SIM110  (see steps.py)
"""Steady states by integration and Newton, and their adjoint by the implicit function theorem."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.simulate.kernel.parts import (
    COLUMN,
    MOIETY,
    MOIETY_COUNT,
    NNZ,
    PIVOT,
    ROW,
    N,
    minus_jacobian,
    rhs,
    rhs_vjp,
)
from il6infer.simulate.kernel.steps import OK, OPTIONS, advance, clear, first_step, put
from il6infer.simulate.outcome import Outcome

NO_STEADY_STATE = int(Outcome.NO_STEADY_STATE)

NEGLIGIBLE = 1e-20  # rates per time below this are rounding (Newton leaves absent species at 1e-35, not at 0)


@njit(**OPTIONS)
def dense_lu(a, order):
    """LU factors of a small dense matrix in place, with row pivoting; False when it is singular."""
    n = len(a)
    for i in range(n):
        order[i] = i
    for c in range(n):
        best = c
        for r in range(c + 1, n):
            if abs(a[r, c]) > abs(a[best, c]):
                best = r
        if not abs(a[best, c]) > 1e-300:
            return False
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
    return True


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
def steady_matrix(y, p, mj, a):
    """Jacobian of the steady-state equations: J, with one row a moiety replaced by its conservation law.

    A state whose column of J is zero (a receptor that waits for a ligand which is absent) is a moiety of its own
    there: nothing depends on it, and it keeps the value that it had. Its row becomes that of the identity.
    """
    clear(mj)
    minus_jacobian(y, p, 0.0, mj)
    for i in range(N()):
        clear(a[i])
    for s in range(NNZ()):
        a[ROW(s), COLUMN(s)] = -mj[s]
    for j in range(N()):
        waits = True
        for i in range(N()):
            waits = waits and abs(a[i, j]) < NEGLIGIBLE
        if waits:
            for i in range(N()):
                a[j, i] = 0.0
            a[j, j] = 1.0
    for c in range(MOIETY_COUNT()):
        for i in range(N()):
            a[PIVOT(c), i] = MOIETY(c, i)


@njit(**OPTIONS)
def is_identity_row(a, j):
    """Whether row j stands for a state that waits, and not for an equation."""
    for i in range(N()):
        if a[j, i] != (1.0 if i == j else 0.0):
            return False
    return True


@njit(**OPTIONS)
def newton(y, start, p, totals, work, atol):
    """Newton on the steady-state equations from y; True, with y replaced, when it converges close by.

    `start` is where the integration towards y began.
    """
    mj, b = work[1], work[5]
    a, order, x, dx = np.empty((N(), N())), np.empty(N(), dtype=np.int64), np.empty(N()), np.empty(N())
    put(x, y)
    for _ in range(12):
        rhs(x, p, 0.0, b)
        steady_matrix(x, p, mj, a)
        for j in range(N()):
            if is_identity_row(a, j):
                if abs(x[j] - start[j]) > 1e-12 * abs(start[j]) + 1e-6 * atol:
                    return False
                b[j] = 0.0
        for c in range(MOIETY_COUNT()):
            r = -totals[c]
            for i in range(N()):
                r += MOIETY(c, i) * x[i]
            b[PIVOT(c)] = r
        if not dense_lu(a, order):
            return False
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
        if x[i] < -atol or abs(x[i] - y[i]) > 0.1 * (abs(x[i]) + abs(y[i])) + 1e3 * atol:
            return False
    put(y, x)
    return True


@njit(**OPTIONS)
def steady(y, p, rtol, atol, budget, work, tape):
    """Replace y by the steady state that it runs into; integrates ever longer, then Newton. Returns the outcome."""
    totals, start = np.zeros(MOIETY_COUNT()), np.empty(N())
    put(start, y)
    for c in range(MOIETY_COUNT()):
        for i in range(N()):
            totals[c] += MOIETY(c, i) * y[i]
    t, end = 0.0, 1e2
    h = first_step(y, t, p, rtol, atol, work)
    while end < 1e9:
        outcome, h, budget, tape, _ = advance(
            y, t, end, h, p, rtol, atol, budget, work, tape, 0, False, -1, start, 0, 0, tape
        )
        if outcome != OK:
            return outcome
        if newton(y, start, p, totals, work, atol):
            return OK
        t, end = end, end * 10.0
    return NO_STEADY_STATE


@njit(**OPTIONS)
def steady_adjoint(y, p, lam, gp, work):
    """Adjoint of `steady`: adds to gp, replaces lam by the adjoint of the state that the steady state came from."""
    mj, b = work[1], work[5]
    a, order, mu = np.empty((N(), N())), np.empty(N(), dtype=np.int64), np.empty(N())
    steady_matrix(y, p, mj, a)
    if not dense_lu(a, order):
        for i in range(N()):
            lam[i] = np.nan
        return
    dense_solve_t(a, order, lam, mu)
    clear(lam)
    steady_matrix(y, p, mj, a)
    for j in range(N()):
        if is_identity_row(a, j):
            lam[j] = mu[j]
            mu[j] = 0.0
    for c in range(MOIETY_COUNT()):
        for i in range(N()):
            lam[i] += mu[PIVOT(c)] * MOIETY(c, i)
        mu[PIVOT(c)] = 0.0
    for i in range(N()):
        mu[i] = -mu[i]
    clear(b)
    rhs_vjp(y, p, 0.0, mu, b, gp)
