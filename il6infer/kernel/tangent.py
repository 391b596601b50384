"""Source of what forward sensitivities need beyond the kernel: sparse derivatives of the right-hand side."""

from __future__ import annotations

import sympy as sp

from il6infer.kernel import lu
from il6infer.kernel.equations import Layout, equations
from il6infer.kernel.printer import definition, function
from il6infer.network.derivatives import derivative
from il6infer.network.network import TIME, internal, symbol
from il6infer.problems.spec import Problem


def sensitivity_source(problem: Problem, spec: Layout) -> tuple[str, dict[str, int | list[int]]]:
    """Source of the entries of the derivatives by states and active parameters, and constants; see `model_functions`.

    A column below the number of states stands for that state, one beyond it for an active parameter.
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
            for j in sorted(place[s] for s in expression.free_symbols & place.keys())
            if j >= first and (slope := derivative(expression, variables[j])) != 0
        ]
        rows += [i for i, _, _ in entries]
        columns += [j for _, j, _ in entries]
        starts.append(len(rows))
        targets = [(f"out[{n}] = ", slope) for n, (_, _, slope) in enumerate(entries)]
        parts.append(function(f"{name}_entries", arguments, table, targets))
    width = len(problem.estimated)
    for name, arguments, count, line in (
        ("add_row", "x, f, z", width, "x[i] += f * z[i]"),
        ("scale_row", "x, f", width, "x[i] *= f"),
        ("add_all", "x, f, z", size * width, "x[i] += f * z[i]"),
        ("set_all", "x, f, z", size * width, "x[i] = f * z[i]"),
    ):
        parts.append(definition(name, arguments, [f"for i in range({count}):", f"    {line}"]))
    forward, backward = _solves(lu.plan(size, set(jacobian)))
    constants = {
        "ACTIVE_COUNT": len(spec.active),
        "ACTIVE": list(spec.active),
        "ENTRY_START": starts,
        "ENTRY_ROW": rows,
        "ENTRY_COLUMN": columns,
        "FORWARD_COUNT": len(forward),
        "FORWARD": forward or [[0, 0, 0]],
        "BACKWARD_COUNT": len(backward),
        "BACKWARD": backward,
    }
    return "\n\n".join(parts) + "\n", constants


def _solves(plan: lu.SparseLU) -> tuple[list[list[int]], list[list[int]]]:
    """Triangular solves as lists of (target, source, slot of the factor); source -1 divides by the pivot."""
    rank = {pivot: a for a, pivot in enumerate(plan.order)}
    forward, backward = [], []
    for pivot in plan.order:
        forward += [[i, pivot, s] for (i, j), s in plan.slots.items() if j == pivot and rank[i] > rank[pivot]]
    for pivot in reversed(plan.order):
        backward += [[pivot, j, s] for (i, j), s in plan.slots.items() if i == pivot and rank[j] > rank[pivot]]
        backward.append([pivot, -1, -1])
    return forward, backward
