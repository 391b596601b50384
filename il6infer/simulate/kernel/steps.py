# ruff: noqa: ANN001, ANN202, SIM110  (numba infers the types, and wants plain loops)
"""Rosenbrock steps of any model, and their exact discrete adjoint.

A tape row is [t, h, segment, y (N), K (STAGES * N)] of one accepted step. Steps land on the ends of segments only: at
measured times in between, the method's continuous extension gives the state, as y plus a combination of the K.
What this package compiles with numba is compiled by `il6infer.simulate.kernel.link`, and never called from Python.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.simulate.kernel.parts import (
    ALPHA,
    DENSE,
    DIAGONAL,
    GAMMA,
    NNZ,
    ORDER,
    STAGES,
    TIME_DEPENDENT,
    A,
    C,
    D,
    N,
    curvature_vjp,
    drift,
    drift_vjp,
    gather,
    lu,
    minus_jacobian,
    rhs,
    rhs_vjp,
    solve,
    solve_t,
)  # fmt: skip
from il6infer.simulate.outcome import Outcome

OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}

OK, STEP_LIMIT, STEP_TOO_SMALL = int(Outcome.OK), int(Outcome.STEP_LIMIT), int(Outcome.STEP_TOO_SMALL)
NON_FINITE = int(Outcome.NON_FINITE)
HEAD = 3  # numbers of a tape row before y


@njit(**OPTIONS)
def width():
    """Length of a tape row."""
    return HEAD + N() + STAGES() * N()


# Explicit loops where array expressions would do: numba compiles each array expression anew, at 0.2 s apiece.
@njit(**OPTIONS)
def put(target, source):
    """Copy a vector."""
    for i in range(len(target)):
        target[i] = source[i]


@njit(**OPTIONS)
def accumulate(target, source):
    """Add a vector."""
    for i in range(len(target)):
        target[i] += source[i]


@njit(**OPTIONS)
def clear(target):
    """Set a vector to zero."""
    for i in range(len(target)):
        target[i] = 0.0


@njit(**OPTIONS)
def workspace():
    """Scratch arrays of one call: M, -J, 1/diagonal, K, stage state, stage right-hand side, drift."""
    n = N()
    return np.empty(NNZ()), np.empty(NNZ()), np.empty(n), np.empty((STAGES(), n)), np.empty(n), np.empty(n), np.empty(n)


@njit(**OPTIONS)
def factorise(h, mj, m, dg):
    """LU factors of M = I / (h gamma) - J."""
    for i in range(NNZ()):
        m[i] = mj[i]
    scale = 1.0 / (h * GAMMA())
    for i in range(N()):
        m[DIAGONAL(i)] += scale
    lu(m, dg)


@njit(**OPTIONS)
def attempt(y, t, h, p, work):
    """Stages of one step from y; leaves K and the new state in `work`, and the error in K's last row."""
    m, mj, dg, k, w, b, ft = work
    factorise(h, mj, m, dg)
    for s in range(STAGES()):
        for i in range(N()):
            w[i] = y[i]
        for j in range(s):
            a = A(s, j)
            if a != 0.0:
                for i in range(N()):
                    w[i] += a * k[j, i]
        rhs(w, p, t + ALPHA(s) * h, b)
        for j in range(s):
            c = C(s, j) / h
            for i in range(N()):
                b[i] += c * k[j, i]
        if TIME_DEPENDENT():
            for i in range(N()):
                b[i] += h * D(s) * ft[i]
        solve(m, dg, b)
        for i in range(N()):
            k[s, i] = b[i]
    for i in range(N()):
        w[i] += k[STAGES() - 1, i]


@njit(**OPTIONS)
def error_norm(y, work, rtol, atol):
    """Root mean square of the error over the tolerance, each state against its own size."""
    k, w = work[3], work[4]
    total = 0.0
    for i in range(N()):
        e = k[STAGES() - 1, i] / (atol + rtol * max(abs(y[i]), abs(w[i])))
        total += e * e
    return math.sqrt(total / N())


@njit(**OPTIONS)
def first_step(y, t, p, rtol, atol, work):
    """Step size that moves no state by more than a hundredth of its size."""
    b = work[5]
    rhs(y, p, t, b)
    size, speed = 0.0, 0.0
    for i in range(N()):
        scale = atol + rtol * abs(y[i])
        size += (y[i] / scale) ** 2
        speed += (b[i] / scale) ** 2
    if speed > 0.0 and size > 0.0 and math.isfinite(size / speed):
        return max(0.01 * math.sqrt(size / speed), 1e-8)
    return 1e-3


@njit(**OPTIONS)
def weight(stage, theta):
    """Share of K of a stage in the state at the fraction `theta` of a step."""
    inner = DENSE(1, stage) + theta * (DENSE(2, stage) + theta * DENSE(3, stage))
    return theta * (DENSE(0, stage) + (1.0 - theta) * inner)


@njit(**OPTIONS)
def interpolate(y, k, theta, out):
    """State at the fraction `theta` of the step from y."""
    for i in range(N()):
        out[i] = y[i]
    for s in range(STAGES()):
        share = weight(s, theta)
        for i in range(N()):
            out[i] += share * k[s, i]


@njit(**OPTIONS)
def advance(y, t, end, h, p, rtol, atol, budget, work, tape, count, keep, segment, times, at, until, states):
    """Integrate y from t to exactly `end`; writes the states at times[at:until], all of them in between.

    Returns outcome, next step size, steps left, tape, rows on the tape.
    """
    m, mj, dg, k, w, b, ft = work
    fresh = True
    while t < end:
        left = end - t
        lands = h >= left * (1.0 - 1e-10)
        step = left if lands else (0.5 * left if h > 0.5 * left else h)
        if budget == 0:
            return STEP_LIMIT, h, budget, tape, count
        budget -= 1
        if fresh:
            clear(mj)
            minus_jacobian(y, p, t, mj)
            if TIME_DEPENDENT():
                drift(y, p, t, ft)
            fresh = False
        attempt(y, t, step, p, work)
        e = error_norm(y, work, rtol, atol)
        if e < 1.0:
            if keep:
                if count == len(tape):
                    longer = np.empty((2 * count, width()))
                    for i in range(count):
                        put(longer[i], tape[i])
                    tape = longer
                row = tape[count]
                row[0], row[1], row[2] = t, step, segment
                for i in range(N()):
                    row[HEAD + i] = y[i]
                for s in range(STAGES()):
                    for i in range(N()):
                        row[HEAD + N() + s * N() + i] = k[s, i]
                count += 1
            after = end if lands else t + step
            while at < until and times[at] <= after:
                interpolate(y, k, (times[at] - t) / step, states[at])
                at += 1
            t = after
            fresh = True
            for i in range(N()):
                y[i] = w[i]
            grown = step * min(6.0, 0.9 * max(e, 1e-10) ** (-1.0 / ORDER()))
            h = max(h, grown) if lands else grown
        else:
            finite = math.isfinite(e)
            h = step * (max(0.2, 0.9 * e ** (-1.0 / ORDER())) if finite else 0.2)
            if h < 1e-13 * max(abs(t), 1.0):
                return STEP_TOO_SMALL if finite else NON_FINITE, h, budget, tape, count
    return OK, h, budget, tape, count


@njit(**OPTIONS)
def step_adjoint(row, p, lam, gp, work, kb, v, wb, cc, times, at, until, ybar):
    """Adjoint of one accepted step: lam at its end becomes lam at its start; adds to gp.

    `ybar` has the adjoints of the states at times[at:until], which lie in the step.
    """
    m, mj, dg, _, w, b, _ = work
    t, h, y = row[0], row[1], row[HEAD : HEAD + N()]
    clear(mj)
    minus_jacobian(y, p, t, mj)
    factorise(h, mj, m, dg)
    for j in range(STAGES() - 1):
        a = A(STAGES() - 1, j)
        for i in range(N()):
            kb[j, i] = a * lam[i]
    for i in range(N()):
        kb[STAGES() - 1, i] = lam[i]
        b[i] = 0.0
    for n in range(at, until):
        for s in range(STAGES()):
            share = weight(s, (times[n] - t) / h)
            for i in range(N()):
                kb[s, i] += share * ybar[n, i]
        accumulate(lam, ybar[n])
    clear(cc)
    for s in range(STAGES() - 1, -1, -1):
        for i in range(N()):
            v[i] = kb[s, i]
            w[i] = y[i]
            wb[i] = 0.0
        solve_t(m, dg, v)
        for j in range(s):
            a = A(s, j)
            if a != 0.0:
                start = HEAD + N() + j * N()
                for i in range(N()):
                    w[i] += a * row[start + i]
        rhs_vjp(w, p, t + ALPHA(s) * h, v, wb, gp)
        gather(v, row[HEAD + N() + s * N() : HEAD + 2 * N() + s * N()], cc)
        for i in range(N()):
            lam[i] += wb[i]
        for j in range(s):
            a, c = A(s, j), C(s, j) / h
            for i in range(N()):
                kb[j, i] += c * v[i] + a * wb[i]
        if TIME_DEPENDENT():
            for i in range(N()):
                b[i] += h * D(s) * v[i]
    curvature_vjp(y, p, t, cc, lam, gp)
    if TIME_DEPENDENT():
        drift_vjp(y, p, t, b, lam, gp)
