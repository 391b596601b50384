"""Source of what forward sensitivities need beyond the kernel: sparse derivatives of the right-hand side."""

from __future__ import annotations

from typing import NamedTuple

import sympy as sp

from il6infer.kernel import lu
from il6infer.kernel.layout import Layout
from il6infer.kernel.printer import function
from il6infer.kernel.rates import equations
from il6infer.network.derivatives import derivative
from il6infer.network.graphs import symbols_of
from il6infer.network.network import TIME, internal, symbol
from il6infer.problems.spec import Problem

START, PARAMETERS, INNER, SOLUTION, DRIFTS, INCREMENTS = range(6)
"""Whose rows a sum has: tangents of the state at the start of the step, of the active parameters, of a stage's state,
of its increments as they are solved for, of the drift, and of the increments of earlier stages."""

Sum = tuple[int, list[tuple[int, int, int]]]
"""Row that is written, and its terms: which value, whose row, which row of it."""


def sensitivity_source(problem: Problem, spec: Layout, stage_count: int) -> tuple[str, dict[str, int | list[int]]]:
    """Source of the entries of the derivatives by states and active parameters, and constants; see `model_functions`.

    A column below the number of states stands for that state, one beyond it for an active parameter.

    Parameters
    ----------
    problem, spec
        As `il6infer.kernel.equations.model_source` has them.
    stage_count
        Stages of the method.
    """
    network = problem.network
    states = [symbol(s) for s in network.states]
    varying = [symbol(network.parameters[i]) for i in spec.varying]
    variables = [*states, *(varying[j] for j in spec.active)]
    size, place = len(states), {s: j for j, s in enumerate(variables)}
    inputs = {s: f"y[{i}]" for i, s in enumerate(states)} | {s: f"p[{i}]" for i, s in enumerate(varying)}
    inputs[TIME] = "t"
    rhs, jacobian, _ = equations(problem, spec)
    k = [internal(f"k{i}") for i in range(size)]
    terms: list[list[sp.Expr]] = [[] for _ in range(size)]
    for (row, j), e in jacobian.items():
        terms[row].append(-e * k[j])
    product = [sp.Add(*row) for row in terms]
    drift = [derivative(e, TIME) for e in rhs]
    stages = {**inputs, **{s: f"k[{i}]" for i, s in enumerate(k)}}
    parts, rows, columns, starts = [], [], [], [0]
    for name, arguments, table, expressions, first in (
        ("parameter", "y, p, t, out", inputs, rhs, size),
        ("curvature", "y, p, t, k, out", stages, product, 0),
        ("drift", "y, p, t, out", inputs, drift, 0),
    ):
        entries = [
            (i, j, slope)
            for i, expression in enumerate(expressions)
            for j in sorted(place[s] for s in symbols_of(expression) & place.keys())
            if j >= first and (slope := derivative(expression, variables[j])) != 0
        ]
        rows += [i for i, _, _ in entries]
        columns += [j for _, j, _ in entries]
        starts.append(len(rows))
        targets = [(f"out[{n}] = ", slope) for n, (_, _, slope) in enumerate(entries)]
        parts.append(function(f"{name}_entries", arguments, table, targets))
    places = Places(stage_count, len(lu.plan(size, set(jacobian)).slots), starts)
    sums = _sums(lu.plan(size, set(jacobian)), places, rows, columns)
    begins, targets = [0], []
    for target, summands in sums:
        begins.append(begins[-1] + len(summands))
        targets.append(target)
    flat = [summand for _, summands in sums for summand in summands]
    constants = {
        "WIDTH": len(problem.estimated),
        "ACTIVE_COUNT": len(spec.active),
        "ACTIVE": list(spec.active),
        "ENTRY_START": starts,
        "ENTRY_ROW": rows,
        "ENTRY_COLUMN": columns,
        "SUM_COUNT": len(flat),
        "SUM_START": begins,
        "SUM_ROW": targets,
        "SUM_VALUE": [value for value, _, _ in flat],
        "SUM_OF": [of for _, of, _ in flat],
        "SUM_SOURCE": [source for _, _, source in flat],
    }
    return "\n\n".join(parts) + "\n", constants


class Places(NamedTuple):
    """Where the values of a stage stand in one vector: see `il6infer.kernel.sensitivity`."""

    stages: int
    entries: int
    """Of the factors."""
    starts: list[int]
    """Of the entries by parameters, of the curvature and of the drift."""

    @property
    def rates(self) -> int:
        """Of the increments of earlier stages, in the right-hand side."""
        return 1 + self.stages

    @property
    def drift(self) -> int:
        """Of the tangent of df/dt."""
        return 1 + 2 * self.stages

    @property
    def jacobian(self) -> int:
        """Of the entries of J."""
        return 2 + 2 * self.stages

    @property
    def factors(self) -> int:
        """Of those of L and U, with the sign of a subtraction."""
        return self.jacobian + self.entries

    @property
    def derivatives(self) -> int:
        """By parameters, then of the curvature."""
        return self.factors + self.entries


def _sums(plan: lu.SparseLU, places: Places, rows: list[int], columns: list[int]) -> list[Sum]:
    """Three programs of one sum a state: states of a stage, right-hand side with forward elimination, the rest."""
    size, rank = len(plan.order), {pivot: a for a, pivot in enumerate(plan.order)}
    inner = [
        (i, [(0, START, i), *((1 + j, INCREMENTS, j * size + i) for j in range(places.stages))]) for i in range(size)
    ]
    right: dict[int, list[tuple[int, int, int]]] = {
        i: [*((places.rates + j, INCREMENTS, j * size + i) for j in range(places.stages)), (places.drift, DRIFTS, i)]
        for i in range(size)
    }
    solved: dict[int, list[tuple[int, int, int]]] = {i: [] for i in range(size)}
    for (i, j), slot in plan.slots.items():
        right[i].append((places.jacobian + slot, INNER, j))
        solved[i].append((places.factors + slot, SOLUTION, j))
    for n in range(places.starts[2]):
        of = (START, columns[n]) if columns[n] < size else (PARAMETERS, columns[n] - size)
        right[rows[n]].append((places.derivatives + n, *of))
    forward = [(i, [*right[i], *(term for term in solved[i] if rank[term[2]] < rank[i])]) for i in plan.order]
    backward = [
        (i, [(0, SOLUTION, i), *(term for term in solved[i] if rank[term[2]] > rank[i])]) for i in reversed(plan.order)
    ]
    return [*inner, *forward, *backward]
