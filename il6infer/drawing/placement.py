"""Where species stand in a drawing: by hand for the library's, in layers for any other network."""

from __future__ import annotations

from collections.abc import Mapping

from il6infer.drawing.graph import Graph
from il6infer.library.header import LANES


def by_hand(graph: Graph) -> bool:
    """Whether every species has a place that its module gives it."""
    return all(node.id in graph.places for node in graph.nodes)


def positions(graph: Graph) -> dict[str, tuple[float, float]]:
    """Column and row of each species."""
    if by_hand(graph):
        left, rows = min(graph.places[node.id][0] for node in graph.nodes), _used(graph)
        stand = {node.id: graph.places[node.id] for node in graph.nodes}
        return {species: (column - left, float(rows[lane])) for species, (column, lane) in stand.items()}
    rows = _rows(graph)
    order = _order(graph, rows)
    places = {}
    for row, members in order.items():
        for column, species in enumerate(members):
            places[species] = (column - (len(members) - 1) / 2, float(row))
    left = min((column for column, _ in places.values()), default=0.0)
    return {species: (column - left, row) for species, (column, row) in places.items()}


def junctions(graph: Graph) -> dict[str, tuple[float, float]]:
    """Column and row where the reactants of some reactions meet, in a drawing of the library."""
    if not by_hand(graph):
        return {}
    left, rows = min(graph.places[node.id][0] for node in graph.nodes), _used(graph)
    ids = {edge.id for edge in graph.edges}
    return {i: (column - left, rows[lane] + below) for i, (column, lane, below) in graph.meetings.items() if i in ids}


def bands(graph: Graph) -> tuple[tuple[str, float, float], ...]:
    """Compartments of a drawing of the library: name, first and last row."""
    rows: dict[str, list[int]] = {}
    for lane, row in _used(graph).items():
        rows.setdefault(LANES[lane], []).append(row)
    return tuple((name, min(held) - 0.5, max(held) + 0.5) for name, held in rows.items())


def _used(graph: Graph) -> dict[str, int]:
    """Row of each lane that holds a species."""
    held = {graph.places[node.id][1] for node in graph.nodes}
    return {lane: row for row, lane in enumerate(lane for lane in LANES if lane in held)}


def _arrows(graph: Graph) -> list[tuple[str, str]]:
    return [(s, t) for edge in graph.edges for s in (edge.sources or edge.activators) for t in edge.targets if s != t]


def _rows(graph: Graph) -> dict[str, int]:
    """Row of each species: the longest way to it, with the arrows that close a cycle left out."""
    followers: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    for source, target in _arrows(graph):
        followers[source].append(target)
    rows = dict.fromkeys(followers, 0)
    kept: list[tuple[str, str]] = []
    seen: set[str] = set()

    def visit(species: str, path: frozenset[str]) -> None:
        seen.add(species)
        for target in followers[species]:
            if target in path:
                continue
            kept.append((species, target))
            if target not in seen:
                visit(target, path | {target})

    for node in graph.nodes:
        if node.id not in seen:
            visit(node.id, frozenset({node.id}))
    for _ in graph.nodes:
        for source, target in kept:
            rows[target] = min(max(rows[target], rows[source] + 1), len(rows) - 1)
    levels = {row: i for i, row in enumerate(sorted(set(rows.values())))}
    return {species: levels[row] for species, row in rows.items()}


def _order(graph: Graph, rows: Mapping[str, int]) -> dict[int, list[str]]:
    """Species of each row, each near the mean place of its neighbours."""
    order: dict[int, list[str]] = {}
    for node in graph.nodes:
        order.setdefault(rows[node.id], []).append(node.id)
    neighbours: dict[str, set[str]] = {node.id: set() for node in graph.nodes}
    for source, target in _arrows(graph):
        neighbours[source].add(target)
        neighbours[target].add(source)
    for _ in range(8):
        place = {s: i - (len(m) - 1) / 2 for m in order.values() for i, s in enumerate(m)}
        for members in order.values():
            members.sort(
                key=lambda s: sum(place[n] for n in neighbours[s]) / len(neighbours[s]) if neighbours[s] else place[s]
            )
    return order
