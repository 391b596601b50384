"""Sparse LU factors as straight-line code: static pattern, Markowitz order, no pivoting."""

from __future__ import annotations

from dataclasses import dataclass

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
    rows = [{j for j in range(size) if (i, j) in nonzero} | {i} for i in range(size)]
    columns = [{i for i in range(size) if j in rows[i]} for j in range(size)]
    filled = [set(row) for row in rows]
    order: list[int] = []
    left = set(range(size))
    while left:
        pivot = min(left, key=lambda k: ((len(rows[k]) - 1) * (len(columns[k]) - 1), k))
        order.append(pivot)
        left.discard(pivot)
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
    slots = {(i, j): s for s, (i, j) in enumerate((i, j) for i in range(size) for j in sorted(filled[i]))}
    return SparseLU(size, slots, tuple(order))


def source(lu: SparseLU) -> str:
    """Source of ``lu(m, dg)``, ``solve(m, dg, b)`` and ``solve_t(m, dg, b)``, all in place."""
    slots, order = lu.slots, lu.order
    rank = {k: a for a, k in enumerate(order)}
    lower = {k: sorted((i for i, j in slots if j == k and rank[i] > rank[k]), key=rank.__getitem__) for k in order}
    upper = {k: sorted((j for i, j in slots if i == k and rank[j] > rank[k]), key=rank.__getitem__) for k in order}
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
