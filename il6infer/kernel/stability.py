# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Whether a root of the right-hand side is a stable steady state: all eigenvalues of its Jacobian left of zero.

Two kinds of eigenvalues at zero are no fault, and are taken out before: those of conserved sums, and those of
states that have not moved at all. What is left falls into the strongly connected components of the Jacobian's pattern,
whose eigenvalues are those of the whole. A component of three states and more is judged by the matrix sign function,
which is minus the identity where all eigenvalues lie on the left: Newton's iteration, scaled by the determinant, Byers
(1987), doi:10.1016/0024-3795(87)90222-9.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.kernel.dense import dense_lu, dense_solve
from il6infer.kernel.model_functions import COLUMN, NNZ, ROW, N
from il6infer.kernel.vectors import OPTIONS, clear

MARGIN = 1e-11
"""Real parts below this share of the entries are rounding: an undamped oscillation is not stable."""

SLOWEST = 1e-15
"""Rates below this [per unit of time] are none: the root is one of several that have come together."""

BITS = 62
"""States in a word of the sets of states."""

MOST_ITERATIONS = 40
"""Of the sign function; an eigenvalue whose damping is `MARGIN` of its frequency takes 37."""


@njit(**OPTIONS)
def stable_root(mj, moves, least, laws):
    """Whether all eigenvalues of J, given by the entries `mj` of -J, have negative real parts.

    Only states that `moves` says and directions that keep the `laws` (laws, N()) count; entries below `least` are zero.
    """
    size, place = 0, np.full(N(), -1)
    for i in range(N()):
        if moves[i]:
            place[i] = size
            size += 1
    a = np.zeros((size, size))
    for s in range(NNZ()):
        i, j = place[ROW(s)], place[COLUMN(s)]
        if i >= 0 and j >= 0:
            a[i, j] = -mj[s]
    free = np.ones(size, dtype=np.bool_)
    if len(laws) > 0:
        keep_laws(a, place, free, laws)
    return components_stable(a, free, least)


@njit(**OPTIONS)
def keep_laws(a, place, free, laws):
    """Take one state a law out of J: `a` of those left `free` is then J on what the laws leave open."""
    size, count = len(a), len(laws)
    own, taken = np.zeros((count, size)), np.full(count, -1)
    for c in range(count):
        for i in range(N()):
            if place[i] >= 0:
                own[c, place[i]] = laws[c, i]
    for c in range(count):
        best, largest = -1, 1e-12
        for j in range(size):
            if free[j] and abs(own[c, j]) > largest:
                best, largest = j, abs(own[c, j])
        if best < 0:
            continue
        free[best], taken[c] = False, best
        pivot = own[c, best]
        for j in range(size):
            own[c, j] /= pivot
        for other in range(count):
            f = own[other, best]
            if other != c and f != 0.0:
                for j in range(size):
                    own[other, j] -= f * own[c, j]
    for c in range(count):
        if taken[c] >= 0:
            for i in range(size):
                f = a[i, taken[c]]
                if free[i] and f != 0.0:
                    for j in range(size):
                        if free[j]:
                            a[i, j] -= f * own[c, j]


@njit(**OPTIONS)
def components_stable(a, free, least):
    """Whether each strongly connected component of the free states of J is stable."""
    size, words = len(a), (len(a) + BITS - 1) // BITS
    reach = np.zeros((size, words), dtype=np.int64)  # one bit for each state that a state reaches
    for i in range(size):
        for j in range(size):
            if free[i] and free[j] and abs(a[i, j]) > least:
                reach[i, j // BITS] |= 1 << (j % BITS)
    for k in range(size):
        for i in range(size):
            if (reach[i, k // BITS] >> (k % BITS)) & 1:
                for word in range(words):
                    reach[i, word] |= reach[k, word]
    seen, members = np.zeros(size, dtype=np.bool_), np.empty(size, dtype=np.int64)
    for i in range(size):
        if seen[i] or not free[i]:
            continue
        members[0], count = i, 1
        for j in range(i + 1, size):
            if (reach[i, j // BITS] >> (j % BITS)) & (reach[j, i // BITS] >> (i % BITS)) & 1:
                members[count], seen[j] = j, True
                count += 1
        if not component_stable(a, members[:count]):
            return False
    return True


@njit(**OPTIONS)
def component_stable(a, members):
    """Whether one component is stable."""
    size = len(members)
    trace, largest = 0.0, 0.0
    for i in range(size):
        trace += a[members[i], members[i]]
        largest = max(largest, abs(a[members[i], members[i]]))
    if size == 1:
        return trace < -SLOWEST
    if size == 2:
        i, j = members
        bend = a[i, j] * a[j, i]
        slowness = a[i, i] * a[j, j] - bend
        return trace < -MARGIN * max(largest, math.sqrt(abs(bend))) and slowness > -SLOWEST * trace
    if not trace < 0.0:
        return False
    block, compared = np.empty((size, size)), np.empty((size, size))
    for i in range(size):
        for j in range(size):
            block[i, j] = a[members[i], members[j]]
            compared[i, j] = -block[i, j] if i == j else -abs(block[i, j])
    return dominated(compared) or sign_is_minus_one(block)


@njit(**OPTIONS)
def dominated(a):
    """Whether a matrix whose other entries are not positive is a nonsingular M-matrix: it is overwritten.

    If it is the comparison matrix of -J, the diagonal of J outweighs, in some scaling, all that couples the states: J
    is stable. Most components are judged so, at a tenth of the cost of the sign function.
    """
    size = len(a)
    for c in range(size):
        largest = 0.0
        for j in range(size):
            largest = max(largest, abs(a[c, j]))
        if not a[c, c] > 1e-12 * largest:
            return False
        for r in range(c + 1, size):
            f = a[r, c] / a[c, c]
            if f != 0.0:
                for j in range(c + 1, size):
                    a[r, j] -= f * a[c, j]
    return True


@njit(**OPTIONS)
def sign_is_minus_one(x):
    """Whether the sign function of a matrix, which is overwritten, is minus the identity."""
    size = len(x)
    factors, order, absent = np.empty((size, size)), np.empty(size, dtype=np.int64), np.zeros(size, dtype=np.bool_)
    unit, column, scaled = np.zeros(size), np.empty(size), True
    for _ in range(MOST_ITERATIONS):
        for i in range(size):
            for j in range(size):
                factors[i, j] = x[i, j]
        if dense_lu(factors, order, absent, 0.0) >= 0:
            return False
        scale = 1.0
        if scaled:
            logarithm = 0.0
            for i in range(size):
                logarithm += math.log(abs(factors[i, i]))
            scale = math.exp(-logarithm / size)
        change, norm, trace = 0.0, 0.0, 0.0
        clear(unit)
        for j in range(size):
            unit[j] = 1.0
            dense_solve(factors, order, unit, column)
            unit[j] = 0.0
            moved, total = 0.0, 0.0
            for i in range(size):
                new = 0.5 * (scale * x[i, j] + column[i] / scale)
                moved, total = moved + abs(new - x[i, j]), total + abs(new)
                x[i, j] = new
            trace += x[j, j]
            change, norm = max(change, moved), max(norm, total)
        if not math.isfinite(norm):
            return False
        if change < 1e-8 * norm:
            return trace < 0.5 - size
        scaled = scaled and change > 0.1 * norm
    return False
