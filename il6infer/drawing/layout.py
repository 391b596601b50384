"""Where species stand in a drawing: by hand for the library's, in layers for any other network."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from il6infer.drawing.graph import Graph

# Lanes from top to bottom, in the compartment that each stands for. A drawing leaves out lanes that it does not use.
_LANES: Mapping[str, str] = MappingProxyType(
    {
        "m0": "medium",
        "m1": "medium",
        "m2": "medium",
        "m3": "medium",
        "s0": "membrane",
        "s1": "membrane",
        "s2": "membrane",
        "s3": "membrane",
        "e0": "endosome",
        "c0": "cytoplasm",
        "c1": "cytoplasm",
        "c2": "cytoplasm",
        "n0": "nucleus, expression",
        "n1": "nucleus, expression",
        "n2": "nucleus, expression",
    }
)

# Column and lane of each species and read-out of the library. Drugs stand where they act.
_BY_HAND: Mapping[str, tuple[float, str]] = MappingProxyType(
    {
        "sgp130": (1.6, "m0"),
        "HyperIL6_sgp130": (0.2, "m0"),
        "IL6_sIL6R_sgp130": (3.2, "m0"),
        "tocilizumab_sIL6R": (6.4, "m0"),
        "HyperIL6": (0.0, "m1"),
        "sgp130Fc": (1.6, "m1"),
        "sIL6R": (2.85, "m1"),
        "IL6": (4.7, "m1"),
        "anti_IL6": (6.1, "m1"),
        "tocilizumab": (7.3, "m1"),
        "HyperIL6_sgp130Fc": (0.95, "m2"),
        "IL6_sIL6R_sgp130Fc": (2.2, "m2"),
        "IL6_sIL6R": (3.9, "m2"),
        "anti_IL6_IL6": (5.8, "m2"),
        "HyperIL6_sgp130Fc_HyperIL6": (-0.4, "m3"),
        "IL6_sIL6R_sgp130Fc_HyperIL6": (1.57, "m3"),
        "IL6_sIL6R_sgp130Fc_IL6_sIL6R": (3.1, "m3"),
        "IL6_IL6R_sgp130Fc_HyperIL6": (7.2, "m3"),
        "IL6_IL6R_sgp130Fc_IL6_sIL6R": (7.2, "m2"),
        "IL6_IL6R_sgp130Fc_IL6_IL6R": (5.0, "m3"),
        "IL6_IL6R_presenting_sgp130Fc_HyperIL6": (7.4, "m3"),
        "IL6_IL6R_presenting_sgp130Fc_IL6_sIL6R": (7.4, "m2"),
        "IL6_IL6R_presenting_sgp130Fc_IL6_IL6R_presenting": (5.0, "m3"),
        "gp130": (1.7, "s0"),
        "IL6_IL6R_sgp130Fc": (3.9, "s0"),
        "IL6_IL6R": (5.1, "s0"),
        "IL6R": (6.2, "s0"),
        "tocilizumab_IL6R": (7.5, "s0"),
        "IL6_IL6R_presenting": (4.4, "s0"),
        "IL6R_presenting": (6.4, "s0"),
        "tocilizumab_IL6R_presenting": (8.2, "s0"),
        "C_hyper": (0.2, "s1"),
        "C_trans": (2.8, "s1"),
        "C_classic": (4.7, "s1"),
        "C_cluster": (3.4, "s1"),
        "IL6_IL6R_sgp130": (6.6, "s1"),
        "IL6_IL6R_presenting_sgp130Fc": (5.8, "s1"),
        "IL6_IL6R_presenting_sgp130": (7.9, "s1"),
        "H_hyper": (-0.1, "s2"),
        "H_trans_hyper": (1.2, "s2"),
        "H_trans": (2.5, "s2"),
        "H_classic_hyper": (3.8, "s2"),
        "H_classic_trans": (5.1, "s2"),
        "H_classic": (6.4, "s2"),
        "H_cluster": (3.4, "s2"),
        "gp130_Y": (2.3, "s3"),
        "gp130_endosome": (1.7, "e0"),
        "C_endosome": (4.0, "e0"),
        "STAT3": (1.4, "c0"),
        "pSTAT3_c": (3.2, "c0"),
        "pSTAT3_dimer": (3.2, "c1"),
        "SOCS3_p": (5.2, "c0"),
        "SHP2_a": (6.6, "c0"),
        "Raf_a": (7.6, "c0"),
        "MEK_p": (8.5, "c0"),
        "ERK_p": (9.3, "c0"),
        "PI3K_a": (6.6, "c1"),
        "AKT_p": (7.6, "c1"),
        "STAT1": (6.6, "c2"),
        "STAT1_p": (7.6, "c2"),
        "STAT3_n": (1.4, "n0"),
        "pSTAT3_n": (3.2, "n0"),
        "SOCS3_m": (5.6, "n0"),
        "reporter_p": (0.6, "n1"),
        "reporter_m": (2.2, "n1"),
        "SOCS3_d1": (4.0, "n1"),
        "SOCS3_d2": (5.6, "n1"),
        "ICAM1_m": (2.4, "n2"),
        "CCL2_m": (3.2, "n2"),
        "CXCL8_m": (4.0, "n2"),
        "ruxolitinib": (-1.1, "s1"),
        "stattic": (-1.1, "c0"),
        "actinomycinD": (-1.1, "n0"),
        "cycloheximide": (-1.1, "n1"),
        "sIL6R_free": (8.6, "m1"),
        "sIL6R_medium": (8.6, "m2"),
        "gp130_per_cell": (8.6, "s0"),
        "IL6R_per_cell": (8.6, "s1"),
        "IL6R_gp130_coIP": (8.6, "s2"),
    }
)

# Where reactants meet, when half way would be on top of another box: column, lane, rows below it.
_MEETING: Mapping[str, tuple[float, str, float]] = MappingProxyType(
    {
        "trap_hyper_after_complex": (1.57, "m1", 0.5),
        "trap_surface": (4.15, "m2", 0.5),
    }
)


def by_hand(graph: Graph) -> bool:
    """Whether every species has a place in the library's drawing."""
    return all(node.id in _BY_HAND for node in graph.nodes)


def positions(graph: Graph) -> dict[str, tuple[float, float]]:
    """Column and row of each species."""
    if by_hand(graph):
        left, rows = min(_BY_HAND[node.id][0] for node in graph.nodes), _used(graph)
        return {node.id: (_BY_HAND[node.id][0] - left, float(rows[_BY_HAND[node.id][1]])) for node in graph.nodes}
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
    left, rows = min(_BY_HAND[node.id][0] for node in graph.nodes), _used(graph)
    ids = {edge.id for edge in graph.edges} & set(_MEETING)
    return {i: (column - left, rows[lane] + below) for i, (column, lane, below) in _MEETING.items() if i in ids}


def bands(graph: Graph) -> tuple[tuple[str, float, float], ...]:
    """Compartments of a drawing of the library: name, first and last row."""
    rows: dict[str, list[int]] = {}
    for lane, row in _used(graph).items():
        rows.setdefault(_LANES[lane], []).append(row)
    return tuple((name, min(held) - 0.5, max(held) + 0.5) for name, held in rows.items())


def _used(graph: Graph) -> dict[str, int]:
    """Row of each lane that holds a species."""
    held = {_BY_HAND[node.id][1] for node in graph.nodes}
    return {lane: row for row, lane in enumerate(lane for lane in _LANES if lane in held)}


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
