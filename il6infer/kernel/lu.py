"""Sparse LU factors as straight-line code, or loops over lists: static pattern, Markowitz order, no pivoting."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from il6infer.kernel.printer import definition


@dataclass(frozen=True)
class SparseLU:
    """Elimination plan of a square matrix.

    Attributes
    ----------
    slots
        (row, column) -> position in the flat array of stored entries, fill-in included.
    order
        Pivots in order of elimination.
    """

    size: int
    slots: dict[tuple[int, int], int]
    order: tuple[int, ...]


def plan(size: int, nonzero: set[tuple[int, int]]) -> SparseLU:
    """Order pivots by least Markowitz cost and work out the fill-in."""
    rows: list[set[int]] = [{i} for i in range(size)]
    columns: list[set[int]] = [{i} for i in range(size)]
    for i, j in nonzero:
        rows[i].add(j)
        columns[j].add(i)
    filled = [set(row) for row in rows]
    order: list[int] = []
    costs = [(len(rows[k]) - 1) * (len(columns[k]) - 1) for k in range(size)]
    waiting = [(cost, k) for k, cost in enumerate(costs)]
    heapify(waiting)
    while waiting:
        cost, pivot = heappop(waiting)
        if cost != costs[pivot]:
            continue  # it has changed since
        costs[pivot] = -1
        order.append(pivot)
        below, right = columns[pivot] - {pivot}, rows[pivot] - {pivot}
        for i in below:
            for j in right - rows[i]:
                rows[i].add(j)
                columns[j].add(i)
                filled[i].add(j)
        for i in below:
            rows[i].discard(pivot)
        for j in right:
            columns[j].discard(pivot)
        for k in below | right:
            if (cost := (len(rows[k]) - 1) * (len(columns[k]) - 1)) != costs[k]:
                costs[k] = cost
                heappush(waiting, (cost, k))
    slots = {(i, j): s for s, (i, j) in enumerate((i, j) for i in range(size) for j in sorted(filled[i]))}
    return SparseLU(size, slots, tuple(order))


LINES = 1200
"""Entries and operations of the factors beyond which they are loops: straight code is faster to run, not to compile."""


def source(lu: SparseLU) -> tuple[str, dict[str, list[int]]]:
    """Source of ``lu(m, dg)``, ``solve(m, dg, b)`` and ``solve_t(m, dg, b)``, all in place, and the lists they read."""
    rank = {k: a for a, k in enumerate(lu.order)}
    lower: dict[int, list[int]] = {k: [] for k in lu.order}
    upper: dict[int, list[int]] = {k: [] for k in lu.order}
    for i, j in lu.slots:
        if rank[i] > rank[j]:
            lower[j].append(i)
        elif rank[j] > rank[i]:
            upper[i].append(j)
    for own in (*lower.values(), *upper.values()):
        own.sort(key=rank.__getitem__)
    if len(lu.slots) + sum(len(lower[k]) * (1 + len(upper[k])) for k in lu.order) > LINES:
        return _LOOPS.format(size=lu.size), _lists(lu, lower, upper)
    return _straight(lu, lower, upper), {}


_LOOPS = """\
def lu(m, dg):
    for r in range({size}):
        k = LU_PIVOT[r]
        d = LU_DIAGONAL[r]
        dg[k] = 1.0 / m[d]
        for e in range(LU_LOWER_BEGIN[r], LU_LOWER_END[r]):
            s = LU_LOWER_SLOT[e]
            m[s] *= dg[k]
            f = m[s]
            for u in range(LU_UPDATE_BEGIN[e], LU_UPDATE_END[e]):
                a = LU_UPDATED[u]
                b = LU_SOURCE[u]
                m[a] -= f * m[b]

def solve(m, dg, b):
    for r in range({size}):
        k = LU_PIVOT[r]
        x = b[k]
        for e in range(LU_LOWER_BEGIN[r], LU_LOWER_END[r]):
            s = LU_LOWER_SLOT[e]
            i = LU_LOWER_ROW[e]
            b[i] -= m[s] * x
    for q in range({size}):
        r = LU_BACKWARD[q]
        k = LU_PIVOT[r]
        for e in range(LU_UPPER_BEGIN[r], LU_UPPER_END[r]):
            s = LU_UPPER_SLOT[e]
            j = LU_UPPER_COLUMN[e]
            b[k] -= m[s] * b[j]
        b[k] *= dg[k]

def solve_t(m, dg, b):
    for r in range({size}):
        k = LU_PIVOT[r]
        b[k] *= dg[k]
        x = b[k]
        for e in range(LU_UPPER_BEGIN[r], LU_UPPER_END[r]):
            s = LU_UPPER_SLOT[e]
            j = LU_UPPER_COLUMN[e]
            b[j] -= m[s] * x
    for q in range({size}):
        r = LU_BACKWARD[q]
        k = LU_PIVOT[r]
        for e in range(LU_LOWER_BEGIN[r], LU_LOWER_END[r]):
            s = LU_LOWER_SLOT[e]
            i = LU_LOWER_ROW[e]
            b[k] -= m[s] * b[i]
"""


def _lists(lu: SparseLU, lower: dict[int, list[int]], upper: dict[int, list[int]]) -> dict[str, list[int]]:
    """Constant lists of `_LOOPS`, by pivot in order of elimination."""
    names = ("LOWER_SLOT", "LOWER_ROW", "UPPER_SLOT", "UPPER_COLUMN", "UPDATED", "SOURCE")
    found: dict[str, list[int]] = {f"LU_{name}": [] for name in names}
    ends: dict[str, list[int]] = {"LOWER": [0], "UPPER": [0], "UPDATE": [0]}
    for k in lu.order:
        for i in lower[k]:
            found["LU_LOWER_SLOT"].append(lu.slots[i, k])
            found["LU_LOWER_ROW"].append(i)
            found["LU_UPDATED"] += [lu.slots[i, j] for j in upper[k]]
            found["LU_SOURCE"] += [lu.slots[k, j] for j in upper[k]]
            ends["UPDATE"].append(len(found["LU_UPDATED"]))
        found["LU_UPPER_SLOT"] += [lu.slots[k, j] for j in upper[k]]
        found["LU_UPPER_COLUMN"] += upper[k]
        ends["LOWER"].append(len(found["LU_LOWER_SLOT"]))
        ends["UPPER"].append(len(found["LU_UPPER_SLOT"]))
    for name, own in ends.items():
        found |= {f"LU_{name}_BEGIN": own[:-1], f"LU_{name}_END": own[1:]}
    found["LU_PIVOT"], found["LU_DIAGONAL"] = list(lu.order), [lu.slots[k, k] for k in lu.order]
    found["LU_BACKWARD"] = list(range(lu.size - 1, -1, -1))
    return found


def _straight(lu: SparseLU, lower: dict[int, list[int]], upper: dict[int, list[int]]) -> str:
    slots, order = lu.slots, lu.order
    factor, forward, backward, forward_t, backward_t = [], [], [], [], []
    for k in order:
        factor.append(f"d{k} = 1.0 / m{slots[k, k]}")
        for i in lower[k]:
            factor.append(f"m{slots[i, k]} *= d{k}")
            factor += [f"m{slots[i, j]} -= m{slots[i, k]} * m{slots[k, j]}" for j in upper[k]]
        forward += [f"b{i} -= m[{slots[i, k]}] * b{k}" for i in lower[k]]
        forward_t.append(f"b{k} *= dg[{k}]")
        forward_t += [f"b{j} -= m[{slots[k, j]}] * b{k}" for j in upper[k]]
    for k in reversed(order):
        backward += [f"b{k} -= m[{slots[k, j]}] * b{j}" for j in upper[k]] + [f"b{k} *= dg[{k}]"]
        backward_t += [f"b{k} -= m[{slots[i, k]}] * b{i}" for i in lower[k]]
    # Local variables in between: stores to memory would keep the optimiser from reusing loads.
    touched = sorted(slots.values())
    factor = [
        *(f"m{s} = m[{s}]" for s in touched), *factor,
        *(f"m[{s}] = m{s}" for s in touched), *(f"dg[{k}] = d{k}" for k in order),
    ]  # fmt: skip
    load, store = [f"b{k} = b[{k}]" for k in order], [f"b[{k}] = b{k}" for k in order]
    return "\n\n".join(
        definition(name, arguments, lines)
        for name, arguments, lines in (
            ("lu", "m, dg", factor),
            ("solve", "m, dg, b", [*load, *forward, *backward, *store]),
            ("solve_t", "m, dg, b", [*load, *forward_t, *backward_t, *store]),
        )
    )
