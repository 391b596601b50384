"""A network as a drawing sees it: species, reactions between them, and who acts on which reaction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp

from il6infer.models.library import Model
from il6infer.models.network import Network, symbol
from il6infer.models.sbml import read_sbml


@dataclass(frozen=True)
class Node:
    """A species.

    Attributes
    ----------
    label
        Name for the reader.
    module
        Module that defines it; empty for a network from elsewhere.
    """

    id: str
    label: str
    module: str = ""


@dataclass(frozen=True)
class Edge:
    """A reaction.

    Attributes
    ----------
    sources, targets
        Species consumed and made; no sources: made from what already acts on it.
    activators, inhibitors
        Species that speed it up or slow it down without being consumed.
    """

    id: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    reversible: bool
    activators: tuple[str, ...] = ()
    inhibitors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """What is drawn. Synthesis from nothing and loss to nothing are left out."""

    id: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph(model: Model | Network) -> Graph:
    """Graph of a library model (with its modules) or of any network."""
    network = read_sbml(model.sbml, model.name) if isinstance(model, Model) else model
    module_of = model.module_of if isinstance(model, Model) else {}
    names = network.names or {}
    nodes = tuple(Node(s, names.get(s, s), module_of.get(s, "")) for s in network.states)
    edges = tuple(_edge(network, i) for i in range(len(network.fluxes)))
    return Graph(network.id, nodes, tuple(e for e in edges if e.targets and (e.sources or e.activators)))


def _edge(network: Network, position: int) -> Edge:
    flux, column = network.fluxes[position], network.stoichiometry[:, position]
    sources = tuple(s for s, n in zip(network.states, column, strict=True) if n < 0)
    targets = tuple(s for s, n in zip(network.states, column, strict=True) if n > 0)
    reversible = any(_slope(flux, target) < 0 for target in targets) if sources else False
    others = [s for s in network.states if symbol(s) in flux.free_symbols and s not in sources]
    # What slows its own making is saturation, or the way back of a reversible reaction.
    slopes = {s: _slope(flux, s) for s in others if s not in targets}
    return Edge(
        network.flux_ids[position],
        sources,
        targets,
        reversible,
        tuple(s for s, slope in slopes.items() if slope > 0),
        tuple(s for s, slope in slopes.items() if slope < 0),
    )


def _slope(flux: sp.Expr, state: str) -> float:
    """Sign of a state's effect on a flux, at a point of the positive numbers."""
    derivative = sp.diff(flux, symbol(state))
    rng = np.random.default_rng(0)
    point = {s: sp.Float(rng.uniform(0.5, 1.5)) for s in sorted(derivative.free_symbols, key=str)}
    return float(sp.re(derivative.xreplace(point).evalf()))
