"""Where species stand in a drawing: by hand for the library's, in layers for any other network."""

from __future__ import annotations

from collections.abc import Mapping

from il6infer.models.graph import Graph

# Column and row of each species of the library: medium on top, then membrane, cytoplasm, nucleus.
_BY_HAND: Mapping[str, tuple[float, float]] = {
    "HyperIL6": (0.0, 0.0),
    "sgp130Fc": (1.6, 0.0),
    "sIL6R": (3.2, 0.0),
    "IL6": (4.7, 0.0),
    "HyperIL6_sgp130Fc": (0.9, 1.0),
    "IL6_sIL6R_sgp130Fc": (2.3, 1.0),
    "IL6_sIL6R": (3.9, 1.0),
    "gp130": (1.7, 2.0),
    "IL6_IL6R": (4.9, 2.0),
    "IL6R": (6.1, 2.0),
    "IL6_IL6R_presenting": (4.4, 2.0),
    "IL6R_presenting": (6.4, 2.0),
    "C_cluster": (3.4, 3.0),
    "IL6_IL6R_presenting_sgp130Fc": (5.8, 3.0),
    "C_hyper": (0.2, 3.0),
    "C_trans": (2.8, 3.0),
    "C_classic": (4.7, 3.0),
    "STAT3": (1.4, 4.1),
    "pSTAT3_c": (3.2, 4.1),
    "SOCS3_p": (5.2, 4.1),
    "STAT3_n": (1.4, 5.1),
    "pSTAT3_n": (3.2, 5.1),
    "SOCS3_m": (5.6, 5.1),
    "reporter_p": (0.6, 6.1),
    "reporter_m": (2.2, 6.1),
    "SOCS3_d1": (4.0, 6.1),
    "SOCS3_d2": (5.6, 6.1),
}
BANDS = (("medium", -0.45, 1.5), ("membrane", 1.5, 3.5), ("cytoplasm", 3.5, 4.6), ("nucleus, expression", 4.6, 6.55))
"""Name, first and last row of each compartment of the library's drawings."""


def by_hand(graph: Graph) -> bool:
    """Whether every species has a place in the library's drawing."""
    return all(node.id in _BY_HAND for node in graph.nodes)


def positions(graph: Graph) -> dict[str, tuple[float, float]]:
    """Column and row of each species."""
    if by_hand(graph):
        return {node.id: _BY_HAND[node.id] for node in graph.nodes}
    rows = _rows(graph)
    order = _order(graph, rows)
    places = {}
    for row, members in order.items():
        for column, species in enumerate(members):
            places[species] = (column - (len(members) - 1) / 2, float(row))
    left = min((column for column, _ in places.values()), default=0.0)
    return {species: (column - left, row) for species, (column, row) in places.items()}


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
