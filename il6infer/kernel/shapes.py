"""Reactions of the same shape: rates that differ only in which states, parameters and numbers stand in them.

A model of a thousand reactions has a handful of shapes (mass action of one and of two reactants, Michaelis-Menten ...).
Each is differentiated once; see `il6infer.kernel.shaped_source`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from il6infer.network.derivatives import derivative
from il6infer.network.functions import plain
from il6infer.network.network import TIME, internal

STATE, ACTIVE, HELD, NUMBER = "sahn"
"""Kinds of what differs between reactions: states, parameters with and without a derivative, numbers."""

_TIME = "time"


@dataclass
class Shape:
    """Reactions of one shape.

    Attributes
    ----------
    rate
        Plain expression of `slots` and time.
    slots
        (kind, symbol) of each place where reactions differ, in order.
    fluxes
        Index of the flux of each reaction.
    entries
        Of each reaction, what stands at each slot: index of the state or varying parameter, or a number.
    rows, coefficients
        Of each reaction, the states that it changes, and how.
    """

    rate: sp.Expr
    slots: tuple[tuple[str, sp.Symbol], ...]
    fluxes: list[int] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    rows: list[tuple[int, ...]] = field(default_factory=list)
    coefficients: list[tuple[float, ...]] = field(default_factory=list)

    @property
    def states(self) -> list[int]:
        """Slots by whose state the rate has a derivative."""
        return [n for n in self.places(STATE) if derivative(self.rate, self.slots[n][1]) != 0]

    def places(self, kind: str) -> list[int]:
        """Positions among `slots` of one kind."""
        return [n for n, (own, _) in enumerate(self.slots) if own == kind]


Leaf = tuple[str, Any]
"""Kind, and what stands there; of numbers that differ, the symbol or number."""


@dataclass(frozen=True)
class _Node:
    """Part of an expression; `text` is the same for parts that differ in leaves alone."""

    text: str
    head: Any
    parts: tuple[_Node, ...] = ()
    leaf: Leaf | None = None


class _Reader:
    """Expressions as trees whose sums and products are in an order that does not depend on names."""

    def __init__(self, kinds: Mapping[sp.Symbol, Leaf], constants: Mapping[sp.Symbol, sp.Expr]) -> None:
        self._kinds, self._constants = kinds, constants

    def read(self, e: sp.Basic, *, arithmetic: bool = True) -> _Node:
        """Read; numbers may differ between reactions only where they stand in sums and products."""
        if e.is_Symbol:
            return self._symbol(e, arithmetic)
        if e.is_Float and arithmetic:
            return _Node(NUMBER, None, leaf=(NUMBER, e))
        if not e.args:
            return _Node(sp.srepr(e) if e.is_Float else str(e), e)
        if e.is_Add or e.is_Mul:
            parts = sorted((self.read(a, arithmetic=arithmetic) for a in e.args), key=lambda node: node.text)
        elif e.is_Pow and e.exp.is_Integer:
            parts = [self.read(e.base, arithmetic=arithmetic), self.read(e.exp, arithmetic=False)]
        else:
            parts = [self.read(a, arithmetic=False) for a in e.args]
        return _Node(f"{e.func.__name__}({','.join(node.text for node in parts)})", e.func, tuple(parts))

    def _symbol(self, e: sp.Basic, arithmetic: bool) -> _Node:
        if e in self._constants:
            value = self._constants[e]
            if not arithmetic or value == 0:
                return _Node(sp.srepr(value), value)
            return _Node(NUMBER, None, leaf=(NUMBER, e))
        if e == TIME:
            return _Node(_TIME, TIME)
        leaf = self._kinds[e]
        return _Node(leaf[0], None, leaf=leaf)


def _leaves(node: _Node) -> Iterable[Leaf]:
    if node.leaf is not None:
        yield node.leaf
    for part in node.parts:
        yield from _leaves(part)


def _expression(node: _Node, slots: Mapping[Leaf, sp.Symbol]) -> sp.Basic:
    if node.leaf is not None:
        return slots[node.leaf]
    return node.head(*[_expression(part, slots) for part in node.parts]) if node.parts else node.head


def shapes_of(
    fluxes: Mapping[int, sp.Expr],
    kinds: Mapping[sp.Symbol, Leaf],
    constants: Mapping[sp.Symbol, sp.Expr],
    columns: Mapping[int, Mapping[int, float]],
) -> list[Shape]:
    """Sort reactions by shape.

    Parameters
    ----------
    fluxes
        Index -> rate, of states, parameters and time.
    kinds
        Symbol of a state or varying parameter -> its kind and index.
    constants
        Symbol -> number.
    columns
        Index of a flux -> state -> coefficient.
    """
    reader, found = _Reader(kinds, constants), {}
    for index, flux in fluxes.items():
        node = reader.read(flux)
        leaves = list(dict.fromkeys(_leaves(node)))
        place = {leaf: n for n, leaf in enumerate(leaves)}
        changed = sorted(columns[index].items(), key=lambda item: (item[1], item[0]))
        key = (node.text, tuple(place[leaf] for leaf in _leaves(node)), len(changed))
        if key not in found:
            slots = tuple((kind, internal(f"{kind}{n}")) for n, (kind, _) in enumerate(leaves))
            rate = plain(_expression(node, {leaf: s for leaf, (_, s) in zip(leaves, slots, strict=True)}))
            found[key] = Shape(rate, slots)
        shape = found[key]
        shape.fluxes.append(index)
        shape.entries.append(tuple(float(constants.get(own, own)) if kind == NUMBER else own for kind, own in leaves))
        shape.rows.append(tuple(i for i, _ in changed))
        shape.coefficients.append(tuple(n for _, n in changed))
    return list(found.values())
