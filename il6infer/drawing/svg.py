"""Model diagrams: Graphviz text, and SVG that is drawn here, so that it is the same on every machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from math import hypot

from il6infer.drawing.captions import PLAIN, colours_of, title
from il6infer.drawing.graph import Edge, Graph, Node, graph
from il6infer.drawing.placement import bands, by_hand, junctions, positions
from il6infer.library.compose import Model
from il6infer.network.network import Network

_STEP, _ROW, _HEIGHT, _MARGIN, _LINE_HEIGHT = 150.0, 84.0, 28.0, 96.0, 16.0
_LINE, _STOP = "#444444", "#bf3436"

Point = tuple[float, float]


def dot(model: Model | Network) -> str:
    """Write the diagram in Graphviz' language.

    Boxes are species, coloured by module (see the legend); points are reactions; dashed lines act without being
    consumed (a bar inhibits). Synthesis and loss are left out, but for a loss that something acts on. The id of a node
    is that of its species.
    """
    drawn = graph(model)
    label = "\\n".join(_dot_text(line) for line in title(model))
    lines = [f"digraph {_quoted(drawn.id)} {{", '  node [shape=box style="rounded,filled" fontname="Helvetica"];']
    lines += [f'  labelloc=t; fontname="Helvetica"; label="{label}";'] if label else []
    for module, (fill, line) in colours_of(drawn).items():
        style = f'label={_quoted(module)} shape=plaintext style="filled" fillcolor="{fill}" fontcolor="{line}"'
        lines.append(f"  {_quoted(f'legend {module}')} [{style}];")
    for node in drawn.nodes:
        fill, line = drawn.colours.get(node.module, PLAIN)
        lines.append(f'  {_quoted(node.id)} [label={_quoted(node.label)} fillcolor="{fill}" color="{line}"];')
    for edge in drawn.edges:
        point = _quoted(f"reaction {edge.id}")
        lines.append(f'  {point} [shape=point width=0.06 xlabel=""];')
        back = " [dir=both]" if edge.reversible else ""
        lines += [f"  {_quoted(s)} -> {point} [dir=none];" for s in edge.sources]
        lines += [f"  {point} -> {_quoted(t)}{back};" for t in edge.targets]
        lines += [f"  {_quoted(s)} -> {point} [style=dashed];" for s in edge.activators]
        lines += [f'  {_quoted(s)} -> {point} [style=dashed arrowhead=tee color="{_STOP}"];' for s in edge.inhibitors]
    return "\n".join([*lines, "}"]) + "\n"


def svg(model: Model | Network) -> str:
    """Draw the diagram as an SVG document (see `dot` for what it shows)."""
    drawn = graph(model)
    heading = title(model)
    top = 56.0 + _LINE_HEIGHT * len(heading)
    widest = max((_half(node.label) for node in drawn.nodes), default=0.0)
    step = _STEP if by_hand(drawn) else 2 * widest + 24
    left = _MARGIN if by_hand(drawn) else widest + 16
    places = {s: (left + c * step, top + r * _ROW) for s, (c, r) in positions(drawn).items()}
    meeting = {i: (left + c * step, top + r * _ROW) for i, (c, r) in junctions(drawn).items()}
    boxes = {node.id: _Box(node, *places[node.id], drawn.colours.get(node.module, PLAIN)) for node in drawn.nodes}
    legend, ends = _legend(drawn)
    width = max((*(b.x + b.half + 24 for b in boxes.values()), ends, *(6.2 * len(line) + 32 for line in heading)))
    foot = max((b.y for b in boxes.values()), default=0.0) + _HEIGHT + 28
    height = foot + 2 * _LINE_HEIGHT
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="12">',
            f"<title>{escape(drawn.id)}</title>",
            "<defs>",
            _marker("arrow", '<path d="M0,0 L8,4 L0,8 Z" fill="{c}"/>', _LINE),
            _marker("bar", '<path d="M7,0 L7,8" stroke="{c}" stroke-width="2.4"/>', _STOP),
            "</defs>",
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            *_title_text(heading),
            *(_bands(drawn, width, top) if by_hand(drawn) else ()),
            *_reactions(drawn, boxes, meeting),
            *(box.svg() for box in boxes.values()),
            f'<g transform="translate(0 {foot:.0f})">{legend}</g>',
            "</svg>",
            "",
        ]
    )


def _half(label: str) -> float:
    """Half the width of a box, from the mean width of a letter."""
    return max(30.0, 3.4 * len(label) + 11)


class _Box:
    """A species' box, in pixels."""

    def __init__(self, node: Node, x: float, y: float, colours: tuple[str, str]) -> None:
        self.node, self.x, self.y, self.colours = node, x, y, colours
        self.half = _half(node.label)

    def svg(self) -> str:
        fill, line = self.colours
        return (
            f'<rect x="{self.x - self.half:.1f}" y="{self.y - _HEIGHT / 2:.1f}" width="{2 * self.half:.1f}" '
            f'height="{_HEIGHT:.0f}" rx="7" fill="{fill}" stroke="{line}" stroke-width="1.3"/>'
            f'<text x="{self.x:.1f}" y="{self.y + 4:.1f}" text-anchor="middle" fill="#222222">'
            f"{escape(self.node.label)}</text>"
        )

    def edge(self, towards: Point, gap: float) -> Point:
        """Where a line from the centre towards a point leaves the box, `gap` pixels outside."""
        dx, dy = towards[0] - self.x, towards[1] - self.y
        length = hypot(dx, dy) or 1.0
        scale = min(
            (self.half + gap) / abs(dx) if dx else float("inf"),
            (_HEIGHT / 2 + gap) / abs(dy) if dy else float("inf"),
            1.0 if length else 0.0,
        )
        return self.x + dx * scale, self.y + dy * scale


def _reactions(drawn: Graph, boxes: dict[str, _Box], meeting: Mapping[str, Point]) -> Iterable[str]:
    """Lines of all reactions; two that undo each other bend apart. `meeting` says where some reactants meet."""
    pairs = {(e.sources, e.targets) for e in drawn.edges}
    for edge in drawn.edges:
        sources, targets = [boxes[s] for s in edge.sources], [boxes[t] for t in edge.targets]
        if not sources:
            for activator in edge.activators:
                yield from (_line(boxes[activator], target, dashed=True) for target in targets)
            yield from _stops(edge, boxes, _way([boxes[a] for a in edge.activators], targets[0]))
            continue
        if not targets:
            yield from _lost(edge, boxes)
            continue
        if len(sources) == len(targets) == 1:
            bend = 11.0 if (edge.targets, edge.sources) in pairs else 0.0
            a, b = sources[0], targets[0]
            middle = _middle(a, b, bend)
            yield _line(a, b, via=middle, back=edge.reversible)
        else:
            middle = meeting.get(edge.id) or _junction(sources, targets)
            yield from (_line(s, middle, arrow=False) for s in sources)
            yield from (_line(middle, t, back=edge.reversible) for t in targets)
            yield f'<circle cx="{middle[0]:.1f}" cy="{middle[1]:.1f}" r="2.6" fill="{_LINE}"/>'
        yield from _influences(edge, boxes, middle)


def _way(activators: list[_Box], target: _Box) -> Point:
    """Place where what inhibits a reaction ends: on the line from the nearest activator, near the target."""
    nearest = min(activators, key=lambda box: hypot(target.x - box.x, target.y - box.y))
    return nearest.x + 0.65 * (target.x - nearest.x), nearest.y + 0.65 * (target.y - nearest.y)


def _lost(edge: Edge, boxes: dict[str, _Box]) -> Iterable[str]:
    """Loss that something acts on: an arrow to the empty set, beside the box."""
    for source in (boxes[s] for s in edge.sources):
        x, y = source.x + source.half + 18, source.y + 22
        yield _line(source, (x, y), via=(source.x + source.half + 6, source.y + 8))
        yield f'<path d="M{x - 1:.1f},{y + 10:.1f} l10,-10" stroke="{_LINE}" stroke-width="1.1"/>'
        yield f'<circle cx="{x + 4:.1f}" cy="{y + 5:.1f}" r="4.5" fill="none" stroke="{_LINE}" stroke-width="1.1"/>'
        for species in edge.activators:
            yield _line(boxes[species], (x + 4, y + 5), dashed=True)
        for species in edge.inhibitors:
            yield _line(boxes[species], (x + 4, y + 5), dashed=True, stop=True)


def _influences(edge: Edge, boxes: dict[str, _Box], middle: Point) -> Iterable[str]:
    for species in edge.activators:
        yield _line(boxes[species], middle, dashed=True)
    yield from _stops(edge, boxes, middle)


def _stops(edge: Edge, boxes: dict[str, _Box], middle: Point) -> Iterable[str]:
    """Lines of what inhibits; they go over boxes of their own row."""
    for species in edge.inhibitors:
        box = boxes[species]
        level = abs(box.y - middle[1]) < _ROW / 3
        via = ((box.x + middle[0]) / 2, min(box.y, middle[1]) - 0.62 * _ROW) if level else None
        yield _line(box, middle, via=via, dashed=True, stop=True)


def _middle(a: _Box, b: _Box, bend: float) -> Point:
    """Middle of the line between two boxes, `bend` pixels to the left of its direction."""
    dx, dy = b.x - a.x, b.y - a.y
    length = hypot(dx, dy) or 1.0
    return (a.x + b.x) / 2 + bend * dy / length, (a.y + b.y) / 2 - bend * dx / length


def _junction(sources: list[_Box], targets: list[_Box]) -> Point:
    """Where reactants meet: between their mean and that of the products."""

    def mean(boxes: list[_Box]) -> Point:
        return sum(b.x for b in boxes) / len(boxes), sum(b.y for b in boxes) / len(boxes)

    (ax, ay), (bx, by) = mean(sources), mean(targets)
    return ax + 0.42 * (bx - ax), ay + 0.42 * (by - ay)


def _line(
    start: _Box | Point,
    end: _Box | Point,
    *,
    via: Point | None = None,
    arrow: bool = True,
    back: bool = False,
    dashed: bool = False,
    stop: bool = False,
) -> str:
    """One line between boxes or points; `via` is the point that a curve passes near."""
    a, b = _centre(start), _centre(end)
    first = start.edge(via or b, 7.0 if back else 1.0) if isinstance(start, _Box) else start
    last = end.edge(via or a, 3.0) if isinstance(end, _Box) else _before(end, via or a, 15.0 if stop else 4.0)
    if via:
        control = (2 * via[0] - (first[0] + last[0]) / 2, 2 * via[1] - (first[1] + last[1]) / 2)
        path = f"M{first[0]:.1f},{first[1]:.1f} Q{control[0]:.1f},{control[1]:.1f} {last[0]:.1f},{last[1]:.1f}"
    else:
        path = f"M{first[0]:.1f},{first[1]:.1f} L{last[0]:.1f},{last[1]:.1f}"
    style = ' stroke-dasharray="5 3"' if dashed else ""
    ends = ' marker-end="url(#bar)"' if stop else ' marker-end="url(#arrow)"' if arrow else ""
    ends += ' marker-start="url(#arrow)"' if back else ""
    colour = _STOP if stop else _LINE
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2"{style}{ends}/>'


def _centre(place: _Box | Point) -> Point:
    return (place.x, place.y) if isinstance(place, _Box) else place


def _before(point: Point, origin: Point, gap: float) -> Point:
    """Find the point `gap` pixels before `point` on the way from `origin`."""
    dx, dy = point[0] - origin[0], point[1] - origin[1]
    length = hypot(dx, dy) or 1.0
    return point[0] - gap * dx / length, point[1] - gap * dy / length


def _bands(drawn: Graph, width: float, top: float) -> Iterable[str]:
    for i, (name, first, last) in enumerate(bands(drawn)):
        y, height = top + first * _ROW, (last - first) * _ROW
        fill = ("#f7fafd", "#eef1ea")[i % 2]
        yield f'<rect x="0" y="{y:.1f}" width="{width:.0f}" height="{height:.1f}" fill="{fill}"/>'
        place = f'x="{width - 10:.0f}" y="{y + 15:.1f}" text-anchor="end"'
        yield f'<text {place} fill="#777777" font-size="11">{name}</text>'


def _title_text(lines: list[str]) -> Iterable[str]:
    for i, line in enumerate(lines):
        style = 'fill="#222222" font-size="13" font-weight="bold"' if i == 0 else 'fill="#555555" font-size="11"'
        yield f'<text x="16" y="{20 + _LINE_HEIGHT * i:.0f}" {style}>{escape(line)}</text>'


def _legend(drawn: Graph) -> tuple[str, float]:
    """Name the modules in their colours, and what the lines mean; and where that ends."""
    parts, x = [], 16.0
    for label, (fill, line) in colours_of(drawn).items():
        parts.append(f'<rect x="{x:.0f}" y="-9" width="11" height="11" rx="2" fill="{fill}" stroke="{line}"/>')
        parts.append(f'<text x="{x + 16:.0f}" y="0" fill="#444444" font-size="11">{escape(label)}</text>')
        x += 34 + 6.2 * len(label)
    note = (
        "arrow both ways: reversible; dashed: acts without being consumed; red bar: inhibits; "
        "not drawn: synthesis, and loss that nothing acts on"
    )
    parts.append(f'<text x="16" y="{_LINE_HEIGHT:.0f}" fill="#777777" font-size="11">{note}</text>')
    return "".join(parts), max(x, 6.2 * len(note) + 16)


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _marker(name: str, shape: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse">{shape.format(c=colour)}</marker>'
    )


def _quoted(text: str) -> str:
    return f'"{_dot_text(text)}"'
