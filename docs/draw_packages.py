"""Draw the packages of il6infer and who imports whom, read from the imports: ``python docs/draw_packages.py``."""

from __future__ import annotations

import ast
from collections import defaultdict
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1] / "il6infer"
PICTURE = Path(__file__).parent / "packages.svg"
WIDTH, HEIGHT, ACROSS, DOWN = 132, 40, 160, 92


def packages() -> dict[str, str]:
    """Package -> first line of its docstring."""
    found = {}
    for file in sorted(ROOT.glob("*/__init__.py")):
        text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
        found[file.parent.name] = text.splitlines()[0] if text else ""
    return found


def arrows() -> dict[str, dict[str, int]]:
    """Package -> package that it imports -> number of files that do."""
    known, found = packages(), {name: defaultdict(int) for name in packages()}
    for name in known:
        for file in (ROOT / name).rglob("*.py"):
            imported = set()
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                modules = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
                modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                imported |= {m.split(".")[1] for m in modules if m.startswith("il6infer.")}
            for other in imported & set(known) - {name}:
                found[name][other] += 1
    return {name: dict(sorted(others.items())) for name, others in found.items()}


def floors(graph: dict[str, dict[str, int]]) -> dict[str, int]:
    """Package -> floor: one above the highest that it imports."""
    height: dict[str, int] = {}

    def of(name: str, above: tuple[str, ...] = ()) -> int:
        if name in above:
            raise ValueError(f"circle: {' -> '.join([*above, name])}")
        if name not in height:
            height[name] = 1 + max((of(other, (*above, name)) for other in graph[name]), default=-1)
        return height[name]

    for name in graph:
        of(name)
    return height


def doors(graph: dict[str, dict[str, int]]) -> list[str]:
    """Find packages that nobody imports and that import more than half of the others: ways in, drawn as bars."""
    imported = {other for others in graph.values() for other in others}
    return [name for name, others in graph.items() if name not in imported and len(others) > len(graph) / 2]


def _places(graph: dict[str, dict[str, int]], level: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Centre of each box; on each floor in the order of the mean place of what it imports, so that arrows run steep."""
    rooms_of = {name: floor for name, floor in level.items() if name not in doors(graph)}
    top, where = max(rooms_of.values()), {}
    for floor in range(top + 1):
        rooms = [name for name in rooms_of if level[name] == floor]

        def pull(name: str) -> tuple[float, str]:
            below = [where[other][0] for other in graph[name] if other in where]
            return (sum(below) / len(below) if below else 0.0, name)

        for i, name in enumerate(sorted(rooms, key=pull)):
            where[name] = (ACROSS * (i + (5 - len(rooms)) / 2 + 0.5 * (floor % 2)), DOWN * (top - floor))
    left = min(x for x, _ in where.values()) - ACROSS / 2
    return {name: (x - left, y + 40 + 50 * len(doors(graph))) for name, (x, y) in where.items()}


def svg() -> str:
    """Picture: imports point down. Arrows that others imply (a -> c where a -> b -> c) are left out."""
    graph, texts = arrows(), packages()
    level = floors(graph)
    where = _places(graph, level)
    reach = {name: set(others) for name, others in graph.items()}
    for name in sorted(graph, key=level.__getitem__):
        for other in graph[name]:
            reach[name] |= reach[other]
    width = max(x for x, _ in where.values()) + ACROSS / 2
    height = max(y for _, y in where.values()) + 46
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="Helvetica, Arial, sans-serif" font-size="13">',
        "<title>Packages of il6infer; an arrow points to what is imported</title>",
        '<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 Z" fill="#777"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>',
    ]
    for i, name in enumerate(doors(graph)):
        lines.append(
            f'<g><title>{escape(texts[name])}</title><rect x="14" y="{14 + 50 * i}" width="{width - 28:.0f}" '
            f'height="{HEIGHT}" rx="8" fill="#f7eee0" stroke="#c96a08"/><text x="{width / 2:.0f}" y="{39 + 50 * i}" '
            f'text-anchor="middle" fill="#222">{escape(name)} (imports from all below)</text></g>'
        )
    for name, (x, y) in where.items():
        others = graph[name]
        for other in others:
            if any(other in reach[between] for between in others if between != other):
                continue
            u, v = where[other]
            lines.append(
                f'<path d="M{x:.0f},{y + HEIGHT / 2:.0f} C{x:.0f},{y + DOWN / 2:.0f} {u:.0f},{v - DOWN / 2:.0f} '
                f'{u:.0f},{v - HEIGHT / 2:.0f}" fill="none" stroke="#777" marker-end="url(#a)"/>'
            )
    for name, (x, y) in where.items():
        lines.append(
            f'<g><title>{escape(texts[name])}</title><rect x="{x - WIDTH / 2:.0f}" y="{y - HEIGHT / 2:.0f}" '
            f'width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#e8f0f7" stroke="#2f6fb0"/>'
            f'<text x="{x:.0f}" y="{y + 5:.0f}" text-anchor="middle" fill="#222">{escape(name)}</text></g>'
        )
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8", newline="\n")
