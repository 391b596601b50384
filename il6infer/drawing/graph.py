"""A network as a drawing sees it: species, reactions between them, and who acts on which reaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
import sympy as sp

from il6infer.library.catalogue import shipped
from il6infer.library.compose import Model
from il6infer.network.network import Network, Reaction, symbol
from il6infer.network.sbml import read_sbml


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
        Species consumed and made; no sources: made from what already acts on it; no targets: lost.
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
    """What is drawn. Synthesis from nothing and loss to nothing are left out, unless something acts on the loss.

    Attributes
    ----------
    colours
        Module -> fill and line of its species.
    places
        Species or read-out -> column and lane, as the headers of modules have it.
    meetings
        Reaction -> column, lane and rows below it where its reactants meet.
    """

    id: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    colours: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    places: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    meetings: Mapping[str, tuple[float, str, float]] = field(default_factory=dict)


def graph(model: Model | Network) -> Graph:
    """Graph of a library model (with its modules) or of any network."""
    network = read_sbml(model.sbml, model.name) if isinstance(model, Model) else model
    module_of = model.module_of if isinstance(model, Model) else {}
    names = network.names or {}
    nodes = [Node(s, names.get(s, s), module_of.get(s, "")) for s in network.states]
    edges = [e for e in map(_edge, repeat(network), network.reactions) if _drawn(e)]
    for readout, module in _own_readouts(model).items():
        counted = network.derived[readout].free_symbols
        nodes.append(Node(readout, readout.replace("_", " "), module))
        edges.append(Edge(readout, (), (readout,), False, tuple(s for s in network.states if symbol(s) in counted)))
    # The library's species stand in their places in any network that has them, such as a problem that is read again.
    headers = (model.library if isinstance(model, Model) else shipped()).modules.values()
    return Graph(
        network.id,
        tuple(nodes),
        tuple(edges),
        {m.name: m.colours for m in headers if m.colours},
        {name: place for m in headers for name, place in m.places.items()},
        {name: place for m in headers for name, place in m.meetings.items()},
    )


def _drawn(edge: Edge) -> bool:
    """Whether a reaction is more than synthesis from nothing, or loss that nothing else acts on."""
    if edge.targets:
        return bool(edge.sources or edge.activators)
    return bool(edge.sources and (edge.activators or edge.inhibitors))


def _own_readouts(model: Model | Network) -> dict[str, str]:
    """Read-outs of modules that add no species (an instrument, a count per cell), which would be invisible else."""
    if not isinstance(model, Model):
        return {}
    silent = set(model.modules) - set(model.module_of.values())
    headers = [model.library.modules[name] for name in model.modules if name in silent]
    return {readout: module.name for module in headers for readout in module.readouts}


def _edge(network: Network, reaction: Reaction) -> Edge:
    flux, column = reaction.rate, reaction.changes
    sources = tuple(s for s, n in zip(network.states, column, strict=True) if n < 0)
    targets = tuple(s for s, n in zip(network.states, column, strict=True) if n > 0)
    reversible = any(_slope(flux, target) < 0 for target in targets) if sources else False
    others = [s for s in network.states if symbol(s) in flux.free_symbols and s not in sources]
    # What slows its own making is saturation, or the way back of a reversible reaction.
    slopes = {s: _slope(flux, s) for s in others if s not in targets}
    return Edge(
        reaction.id,
        sources,
        targets,
        reversible,
        tuple(s for s, slope in slopes.items() if slope > 0),
        tuple(s for s, slope in slopes.items() if slope < 0),
    )


def _slope(flux: sp.Expr, state: str) -> float:
    """Sign of a state's effect on a flux, where all is positive and fractions are below 1."""
    derivative = sp.diff(flux, symbol(state))
    rng = np.random.default_rng(0)
    point = {s: sp.Float(rng.uniform(0.1, 0.6)) for s in sorted(derivative.free_symbols, key=str)}
    return float(sp.re(derivative.xreplace(point).evalf()))
