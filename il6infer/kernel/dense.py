# ruff: noqa: ANN001, ANN202, SIM110  (see vectors.py)
"""Small dense linear systems: LU factors with row pivoting, and solutions with them."""

from __future__ import annotations

import numpy as np
from numba import njit

from il6infer.kernel.vectors import OPTIONS


@njit(**OPTIONS)
def dense_lu(a, order, absent, least):
    """LU factors of a small dense matrix in place, with row pivoting.

    The pivot of an absent state's column is looked for in the rows of absent states. Returns -1, or the first column
    whose pivot is not above `least` (if absent) or nothing.
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
