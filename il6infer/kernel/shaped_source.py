"""Rates of large models as loops: one body for all reactions of a shape, over lists of what differs between them.

Straight code of two thousand reactions takes sympy and LLVM 20 seconds; loops take what their few bodies take,
whatever the number of reactions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import sympy as sp

from il6infer.kernel.printer import PART, block, definition, in_parts
from il6infer.kernel.shapes import ACTIVE, NUMBER, STATE, Shape
from il6infer.network.derivatives import derivative
from il6infer.network.graphs import symbols_of
from il6infer.network.network import TIME, internal


class Shaped(NamedTuple):
    """Source of the rates and their derivatives, and what it reads."""

    parts: list[str]
    """Definitions of `rhs`, `minus_jacobian`, `rhs_vjp`, `gather` and `curvature_vjp`."""
    lists: dict[str, list[int] | list[float]]
    """Constant lists."""
    coefficients: int
    """Of the curvature."""


def shaped_source(shapes: Sequence[Shape], size: int, slots: Mapping[tuple[int, int], int]) -> Shaped:
    """Write the functions of a model's rates as loops over reactions.

    Parameters
    ----------
    shapes
        Of all reactions that change a state.
    size
        Number of states.
    slots
        (row, column) -> place among the stored entries of the Jacobian.
    """
    lists: dict[str, list[int] | list[float]] = {}
    bodies: dict[str, list[list[str]]] = {name: [] for name in _ARGUMENTS}
    first = 0
    for number, shape in enumerate(shapes):
        loops = _Loops(f"SHAPE{number}", shape, slots, first)
        for name, write in loops.writers().items():
            if lines := write():
                bodies[name].append(loops.over(lines))
        lists |= loops.lists
        first += loops.curved_count
    bodies["rhs"].insert(0, [f"for i in range({size}):", "    out[i] = 0.0"])
    bodies["minus_jacobian"].insert(0, [f"for i in range({len(slots)}):", "    m[i] = 0.0"])
    parts = [_function(name, arguments, bodies[name]) for name, arguments in _ARGUMENTS.items()]
    return Shaped(parts, lists, first)


_ARGUMENTS = {
    "rhs": "y, p, t, out",
    "minus_jacobian": "y, p, t, m",
    "rhs_vjp": "y, p, t, v, gy, gp",
    "gather": "v, k, c",
    "curvature_vjp": "y, p, t, c, gy, gp",
}


def _function(name: str, arguments: str, loops: Sequence[Sequence[str]]) -> str:
    """One function of several loops, in parts where it would be long."""
    bodies: list[list[str]] = [[]]
    for lines in loops:
        if len(bodies[-1]) + len(lines) > 2 * PART and bodies[-1]:
            bodies.append([])
        bodies[-1] += lines
    return definition(name, arguments, bodies[0]) if len(bodies) == 1 else in_parts(name, arguments, bodies)


class _Loops:
    """Bodies of the loops over the reactions of one shape.

    Parameters
    ----------
    name
        Prefix of its lists.
    slots
        (row, column) -> place among the stored entries of the Jacobian.
    first
        Its first coefficient of the curvature.
    """

    def __init__(self, name: str, shape: Shape, slots: Mapping[tuple[int, int], int], first: int) -> None:
        self._name, self._shape, self._slots, self._first = name, shape, slots, first
        self.lists: dict[str, list[int] | list[float]] = {}
        self._inputs: dict[sp.Symbol, str] = {TIME: "t"}
        for n, (kind, own) in enumerate(shape.slots):
            entries = [entry[n] for entry in shape.entries]
            if kind == NUMBER:
                self._inputs[own] = self._listed(f"NUMBER{n}", entries)
            else:
                self._inputs[own] = f"{'y' if kind == STATE else 'p'}[{own.name[1:]}]"
                self._listed(f"SLOT{n}", entries)
        self._states = [(n, shape.slots[n][1]) for n in shape.places(STATE)]
        self._active = [(n, shape.slots[n][1]) for n in shape.places(ACTIVE)]
        self._slopes = {n: slope for n, own in self._states if (slope := derivative(shape.rate, own)) != 0}
        asked = {own for _, own in (*self._states, *self._active)}
        self._curved = [n for n, slope in self._slopes.items() if not asked.isdisjoint(symbols_of(slope))]

    @property
    def curved_count(self) -> int:
        """Coefficients of the curvature, of all its reactions."""
        return len(self._curved) * len(self._shape.fluxes)

    def writers(self) -> dict[str, Callable[[], list[str]]]:
        """Name what writes the body of each function's loop."""
        return {
            "rhs": self._rhs,
            "minus_jacobian": self._minus_jacobian,
            "rhs_vjp": self._rhs_vjp,
            "gather": self._gather,
            "curvature_vjp": self._curvature_vjp,
        }

    def over(self, lines: Sequence[str]) -> list[str]:
        """Loop over the reactions; places that its lines use are read first."""
        text, read = "\n".join(lines), []
        for n, (kind, own) in enumerate(self._shape.slots):
            if kind != NUMBER and f"[{own.name[1:]}]" in text:
                read.append(f"{own.name[1:]} = {self._name}_SLOT{n}[n]")
        for row in range(len(self._shape.rows[0])):
            if f"[r{row}]" in text:
                read.append(f"r{row} = {self._listed(f'ROW{row}', [rows[row] for rows in self._shape.rows])}")
        return [f"for n in range({len(self._shape.fluxes)}):", *("    " + line for line in (*read, *lines))]

    def _listed(self, name: str, entries: list) -> str:
        self.lists[f"{self._name}_{name}"] = entries
        return f"{self._name}_{name}[n]"

    def _times(self, row: int, factor: str) -> str:
        """Product with a coefficient of the stoichiometry."""
        own = [float(coefficients[row]) for coefficients in self._shape.coefficients]
        if len(set(own)) > 1:
            return f"{self._listed(f'TIMES{row}', own)} * {factor}"
        return factor if own[0] == 1.0 else f"{own[0]!r} * {factor}"

    def _weight(self) -> str:
        """Adjoint of the rate: that of all states which the reaction changes."""
        return "w = " + " + ".join(self._times(row, f"v[r{row}]") for row in range(len(self._shape.rows[0])))

    def _rhs(self) -> list[str]:
        lines = block(self._inputs, [("f = ", self._shape.rate)])
        return [*lines, *(f"out[r{row}] += {self._times(row, 'f')}" for row in range(len(self._shape.rows[0])))]

    def _minus_jacobian(self) -> list[str]:
        lines = block(self._inputs, [(f"g{n} = ", slope) for n, slope in self._slopes.items()])
        for n in self._slopes:
            for row in range(len(self._shape.rows[0])):
                pairs = zip(self._shape.rows, self._shape.entries, strict=True)
                place = self._listed(f"ENTRY{row}_{n}", [self._slots[rows[row], own[n]] for rows, own in pairs])
                lines += [f"e = {place}", f"m[e] -= {self._times(row, f'g{n}')}"]
        return lines

    def _rhs_vjp(self) -> list[str]:
        weight = internal("w")
        targets = [(f"gy[s{n}] += ", weight * slope) for n, slope in self._slopes.items()]
        targets += self._by_parameters([(weight, self._shape.rate)])
        lines = block({**self._inputs, weight: "w"}, targets)
        return [self._weight(), *lines] if lines else []

    def _gather(self) -> list[str]:
        lines = [f"c[q{q}] += w * k[s{n}]" for q, n in enumerate(self._curved)]
        return [self._weight(), *self._coefficients(), *lines] if lines else []

    def _curvature_vjp(self) -> list[str]:
        own = {internal(f"c{q}"): f"c[q{q}]" for q in range(len(self._curved))}
        weighted = [(c, self._slopes[n]) for c, n in zip(own, self._curved, strict=True)]
        targets = []
        for n, by in self._states:
            if (total := sp.Add(*[c * derivative(slope, by) for c, slope in weighted])) != 0:
                targets.append((f"gy[s{n}] += ", total))
        targets += self._by_parameters(weighted)
        lines = block({**self._inputs, **own}, targets)
        return [*self._coefficients(), *lines] if lines else []

    def _by_parameters(self, weighted: Sequence[tuple[sp.Symbol, sp.Expr]]) -> list[tuple[str, sp.Expr]]:
        """Differentiate a weighted sum by the parameters that have a derivative."""
        totals = [(n, sp.Add(*[w * derivative(e, own) for w, e in weighted])) for n, own in self._active]
        return [(f"gp[a{n}] += ", total) for n, total in totals if total != 0]

    def _coefficients(self) -> list[str]:
        """Lines that read the places of a reaction's coefficients of the curvature."""
        count, width = len(self._shape.fluxes), len(self._curved)
        return [
            f"q{q} = {self._listed(f'CURVED{q}', [self._first + width * i + q for i in range(count)])}"
            for q in range(width)
        ]
