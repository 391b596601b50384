# ruff: noqa: F821, SIM110  (numba wants plain loops; rhs, lu, N ... come from the generated source before this text)
"""Model-independent half of the kernel: Rosenbrock steps, steady states, runs, and their exact discrete adjoint.

This file is not imported. `il6infer.simulate.engine` writes it behind the model's generated source into one module, so
that numba compiles both together and caches the machine code on disk.

A tape row is [t, h, time index or -1, segment, y (N), K (STAGES * N)] of one accepted step.
"""

W = 4 + N + STAGES * N
NEGLIGIBLE = 1e-20  # rates per time below this are rounding (Newton leaves absent species at 1e-35, not at 0)


# Explicit loops where array expressions would do: numba compiles each array expression anew, at 0.2 s apiece.
@njit(**INNER)
def put(target, source):
    """Copy a vector."""
    for i in range(len(target)):
        target[i] = source[i]


@njit(**INNER)
def accumulate(target, source):
    """Add a vector."""
    for i in range(len(target)):
        target[i] += source[i]


@njit(**INNER)
def clear(target):
    """Set a vector to zero."""
    for i in range(len(target)):
        target[i] = 0.0


@njit(**INNER)
def workspace():
    """Scratch arrays of one call: M, -J, 1/diagonal, K, stage state, stage right-hand side, drift."""
    return np.empty(NNZ), np.empty(NNZ), np.empty(N), np.empty((STAGES, N)), np.empty(N), np.empty(N), np.empty(N)


@njit(**INNER)
def factorise(h, mj, m, dg):
    """LU factors of M = I / (h gamma) - J."""
    for i in range(NNZ):
        m[i] = mj[i]
    scale = 1.0 / (h * GAMMA)
    for i in range(N):
        m[DIAGONAL[i]] += scale
    lu(m, dg)


@njit(**INNER)
def attempt(y, t, h, p, work):
    """Stages of one step from y; leaves K and the new state in `work`, and the error in K's last row."""
    m, mj, dg, k, w, b, ft = work
    factorise(h, mj, m, dg)
    for s in range(STAGES):
        for i in range(N):
            w[i] = y[i]
        for j in range(s):
            a = A[s, j]
            if a != 0.0:
                for i in range(N):
                    w[i] += a * k[j, i]
        rhs(w, p, t + ALPHA[s] * h, b)
        for j in range(s):
            c = C[s, j] / h
            for i in range(N):
                b[i] += c * k[j, i]
        if TIME_DEPENDENT:
            for i in range(N):
                b[i] += h * D[s] * ft[i]
        solve(m, dg, b)
        for i in range(N):
            k[s, i] = b[i]
    for i in range(N):
        w[i] += k[STAGES - 1, i]


@njit(**INNER)
def error_norm(y, work, rtol, atol):
    """Root mean square of the error over the tolerance, each state against its own size."""
    k, w = work[3], work[4]
    total = 0.0
    for i in range(N):
        e = k[STAGES - 1, i] / (atol + rtol * max(abs(y[i]), abs(w[i])))
        total += e * e
    return math.sqrt(total / N)


@njit(**INNER)
def first_step(y, t, p, rtol, atol, work):
    """Step size that moves no state by more than a hundredth of its size."""
    b = work[5]
    rhs(y, p, t, b)
    size, speed = 0.0, 0.0
    for i in range(N):
        scale = atol + rtol * abs(y[i])
        size += (y[i] / scale) ** 2
        speed += (b[i] / scale) ** 2
    if speed > 0.0 and size > 0.0 and math.isfinite(size / speed):
        return max(0.01 * math.sqrt(size / speed), 1e-8)
    return 1e-3


@njit(**INNER)
def advance(y, t, end, h, p, rtol, atol, budget, work, tape, count, keep, landing, segment):
    """Integrate y from t to exactly `end`; returns outcome, next step size, steps left, tape, rows on the tape."""
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
            if TIME_DEPENDENT:
                drift(y, p, t, ft)
            fresh = False
        attempt(y, t, step, p, work)
        e = error_norm(y, work, rtol, atol)
        if e < 1.0:
            if keep:
                if count == len(tape):
                    longer = np.empty((2 * count, W))
                    for i in range(count):
                        put(longer[i], tape[i])
                    tape = longer
                row = tape[count]
                row[0], row[1], row[2], row[3] = t, step, landing if lands else -1, segment
                for i in range(N):
                    row[4 + i] = y[i]
                for s in range(STAGES):
                    for i in range(N):
                        row[4 + N + s * N + i] = k[s, i]
                count += 1
            t = end if lands else t + step
            fresh = True
            for i in range(N):
                y[i] = w[i]
            grown = step * min(6.0, 0.9 * max(e, 1e-10) ** (-1.0 / ORDER))
            h = max(h, grown) if lands else grown
        else:
            finite = math.isfinite(e)
            h = step * (max(0.2, 0.9 * e ** (-1.0 / ORDER)) if finite else 0.2)
            if h < 1e-13 * max(abs(t), 1.0):
                return STEP_TOO_SMALL if finite else NON_FINITE, h, budget, tape, count
    return OK, h, budget, tape, count


@njit(**INNER)
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


@njit(**INNER)
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


@njit(**INNER)
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


@njit(**INNER)
def steady_matrix(y, p, mj, a):
    """Jacobian of the steady-state equations: J, with one row a moiety replaced by its conservation law.

    A state whose column of J is zero (a receptor that waits for a ligand which is absent) is a moiety of its own
    there: nothing depends on it, and it keeps the value that it had. Its row becomes that of the identity.
    """
    clear(mj)
    minus_jacobian(y, p, 0.0, mj)
    for i in range(N):
        clear(a[i])
    for s in range(NNZ):
        a[ROWS[s], COLUMNS[s]] = -mj[s]
    for j in range(N):
        waits = True
        for i in range(N):
            waits = waits and abs(a[i, j]) < NEGLIGIBLE
        if waits:
            for i in range(N):
                a[j, i] = 0.0
            a[j, j] = 1.0
    for c in range(len(PIVOTS)):
        put(a[PIVOTS[c]], MOIETIES[c])


@njit(**INNER)
def is_identity_row(a, j):
    """Whether row j stands for a state that waits, and not for an equation."""
    for i in range(N):
        if a[j, i] != (1.0 if i == j else 0.0):
            return False
    return True


@njit(**INNER)
def newton(y, start, p, totals, work, atol):
    """Newton on the steady-state equations from y; True, with y replaced, when it converges close by.

    `start` is where the integration towards y began.
    """
    mj, b = work[1], work[5]
    a, order, x, dx = np.empty((N, N)), np.empty(N, dtype=np.int64), np.empty(N), np.empty(N)
    put(x, y)
    for _ in range(12):
        rhs(x, p, 0.0, b)
        steady_matrix(x, p, mj, a)
        for j in range(N):
            if is_identity_row(a, j):
                if abs(x[j] - start[j]) > 1e-12 * abs(start[j]) + 1e-6 * atol:
                    return False
                b[j] = 0.0
        for c in range(len(PIVOTS)):
            r = -totals[c]
            for i in range(N):
                r += MOIETIES[c, i] * x[i]
            b[PIVOTS[c]] = r
        if not dense_lu(a, order):
            return False
        dense_solve(a, order, b, dx)
        moved = 0.0
        for i in range(N):
            x[i] -= dx[i]
            moved = max(moved, abs(dx[i]) / (abs(x[i]) + atol))
        if not math.isfinite(moved):
            return False
        if moved < 1e-12:
            break
    if moved > 1e-9:
        return False
    for i in range(N):
        if x[i] < -atol or abs(x[i] - y[i]) > 0.1 * (abs(x[i]) + abs(y[i])) + 1e3 * atol:
            return False
    put(y, x)
    return True


@njit(**INNER)
def steady(y, p, rtol, atol, budget, work, tape):
    """Replace y by the steady state that it runs into; integrates ever longer, then Newton. Returns the outcome."""
    totals, start = np.zeros(len(PIVOTS)), np.empty(N)
    put(start, y)
    for c in range(len(PIVOTS)):
        for i in range(N):
            totals[c] += MOIETIES[c, i] * y[i]
    t, end = 0.0, 1e2
    h = first_step(y, t, p, rtol, atol, work)
    while end < 1e9:
        outcome, h, budget, tape, _ = advance(y, t, end, h, p, rtol, atol, budget, work, tape, 0, False, -1, -1)
        if outcome != OK:
            return outcome
        if newton(y, start, p, totals, work, atol):
            return OK
        t, end = end, end * 10.0
    return NO_STEADY_STATE


@njit(**INNER)
def steady_adjoint(y, p, lam, gp, work):
    """Adjoint of `steady`: adds to gp, replaces lam by the adjoint of the state that the steady state came from."""
    mj, b = work[1], work[5]
    a, order, mu = np.empty((N, N)), np.empty(N, dtype=np.int64), np.empty(N)
    steady_matrix(y, p, mj, a)
    if not dense_lu(a, order):
        for i in range(N):
            lam[i] = np.nan
        return
    dense_solve_t(a, order, lam, mu)
    clear(lam)
    steady_matrix(y, p, mj, a)
    for j in range(N):
        if is_identity_row(a, j):
            lam[j] = mu[j]
            mu[j] = 0.0
    for c in range(len(PIVOTS)):
        for i in range(N):
            lam[i] += mu[PIVOTS[c]] * MOIETIES[c, i]
        mu[PIVOTS[c]] = 0.0
    for i in range(N):
        mu[i] = -mu[i]
    clear(b)
    rhs_vjp(y, p, 0.0, mu, b, gp)


@njit(**INNER)
def step_adjoint(row, p, lam, gp, work, kb, v, wb, cc):
    """Adjoint of one accepted step: lam at its end becomes lam at its start; adds to gp."""
    m, mj, dg, _, w, b, _ = work
    t, h, y = row[0], row[1], row[4 : 4 + N]
    clear(mj)
    minus_jacobian(y, p, t, mj)
    factorise(h, mj, m, dg)
    for j in range(STAGES - 1):
        a = A[STAGES - 1, j]
        for i in range(N):
            kb[j, i] = a * lam[i]
    for i in range(N):
        kb[STAGES - 1, i] = lam[i]
        b[i] = 0.0
    clear(cc)
    for s in range(STAGES - 1, -1, -1):
        for i in range(N):
            v[i] = kb[s, i]
            w[i] = y[i]
            wb[i] = 0.0
        solve_t(m, dg, v)
        for j in range(s):
            a = A[s, j]
            if a != 0.0:
                start = 4 + N + j * N
                for i in range(N):
                    w[i] += a * row[start + i]
        rhs_vjp(w, p, t + ALPHA[s] * h, v, wb, gp)
        gather(v, row[4 + N + s * N : 4 + 2 * N + s * N], cc)
        for i in range(N):
            lam[i] += wb[i]
        for j in range(s):
            a, c = A[s, j], C[s, j] / h
            for i in range(N):
                kb[j, i] += c * v[i] + a * wb[i]
        if TIME_DEPENDENT:
            for i in range(N):
                b[i] += h * D[s] * v[i]
    curvature_vjp(y, p, t, cc, lam, gp)
    if TIME_DEPENDENT:
        drift_vjp(y, p, t, b, lam, gp)
