"""Looks that all figures share, and how a figure becomes text of the page."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import TYPE_CHECKING, Any, overload

import matplotlib as mpl
from markupsafe import escape
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# Okabe & Ito's palette, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8a7a00", "#444444")
MARKERS, LINES = ("o", "s", "D", "P", "X"), ("-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)))
INK, MUTED, PRIOR, PROFILE, BAD = "#222222", "#777777", "#999999", "#6a3d9a", "#b3261e"

_RC: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titley": 1.0,  # where it is anyway: to look for ticks above would take a third of the drawing
    "axes.labelsize": 8,
    "figure.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "svg.hashsalt": "il6infer",
    "svg.fonttype": "none",  # text as text: found by a search, small, in the reader's own type
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "figure.dpi": 100,
}


# Colours of a figure that follow the page into the dark; their names are the page's.
_THEMED = {INK: "ink", MUTED: "muted", "#ffffff": "paper"}

_STRAIGHT = 0.08
"""Points [pt] by which a drawn line may differ from what was computed."""

_LETTER, _LINE = 0.068, 0.16
"""Width of a letter and height of a line of what `marked` writes [inch]."""

TITLES = "hover_titles"
"""Attribute of a figure: id of a group of markers -> what each of them says when it is pointed at."""


def look(number: int) -> tuple[str, str, str | tuple[int, tuple[int, ...]]]:
    """Colour, marker and line of the gel or plate of that number, from 0: forty that differ."""
    again, which = divmod(number, len(COLOURS))
    return COLOURS[which], MARKERS[again % len(MARKERS)], LINES[again % len(LINES)]


@overload
def marked(figure: Figure, doubts: Sequence[str]) -> Figure: ...
@overload
def marked(figure: None, doubts: Sequence[str]) -> None: ...
def marked(figure: Figure | None, doubts: Sequence[str]) -> Figure | None:
    """Write what is wrong with a fit on its figure: figures are copied without their captions."""
    if figure is not None and doubts:
        lines = wrap(", ".join(doubts), int(figure.get_figwidth() / _LETTER))
        _lowered(figure, _LINE * len(lines))
        figure.text(0.004, 0.997, "\n".join(lines), color=BAD, fontsize=7, fontweight="bold", ha="left", va="top")
    return figure


def _lowered(figure: Figure, by: float) -> None:
    """Make room [inch] above all that a figure holds, whose panels and legends keep their size."""
    width, height = figure.get_size_inches()
    share = height / (height + by)
    figure.set_size_inches(width, height + by)
    if isinstance(layout := figure.get_layout_engine(), ConstrainedLayoutEngine):
        layout.set(rect=(0.0, 0.0, 1.0, share))
    else:
        for axis in figure.axes:
            x, y, wide, tall = axis.get_position().bounds
            axis.set_position((x, share * y, wide, share * tall))
    for legend in figure.legends:
        legend.set_bbox_to_anchor((0.0, 0.0, 1.0, share), figure.transFigure)


def hover(figure: Figure, group: str, titles: Sequence[str]) -> None:
    """Let markers say what they are.

    Parameters
    ----------
    figure
        Keeps the titles until it is written.
    group
        Of the markers: `gid` of the artist.
    titles
        One for each marker, in order.
    """
    vars(figure).setdefault(TITLES, {})[group] = list(titles)


def _short(path: str) -> str:
    """Write a path in tenths of a point, finer than any screen, without points that lie on the line of others."""
    words = path.split()
    if not re.fullmatch(r"M [^A-Z]+(L [^A-Z]+)*z? ?", " ".join(words)):
        return re.sub(r"(\.\d)\d+|\n", r"\1", path)
    parts, closed = [], words[-1] == "z"
    for part in re.split(r"M ", " ".join(words[:-1] if closed else words))[1:]:
        pairs = [pair.split() for pair in part.split("L") if pair.strip()]
        points = [(float(x), float(y)) for x, y in pairs]
        kept = _straightened(points)
        parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept))
    return ("".join(parts) + ("z" if closed else "")).replace(".0", "")


def _straightened(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out points within `_STRAIGHT` of the line between their neighbours (Douglas and Peucker)."""
    if len(points) < 3:
        return points
    (x0, y0), (x1, y1) = points[0], points[-1]
    length = math.hypot(x1 - x0, y1 - y0)
    apart = [
        abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length if length else math.hypot(x - x0, y - y0)
        for x, y in points[1:-1]
    ]
    worst = max(range(len(apart)), key=apart.__getitem__)
    if apart[worst] <= _STRAIGHT:
        return [points[0], points[-1]]
    split = worst + 1
    return [*_straightened(points[: split + 1])[:-1], *_straightened(points[split:])]


def _titled(text: str, titles: Mapping[str, Sequence[str]]) -> str:
    """Put titles into markers; a group that has lost markers at the edges keeps none."""
    for group, said in titles.items():
        start = text.find(f'<g id="{group}">')
        end = text.find("\n   </g>", start)
        own = text[start:end]
        markers = re.findall(r"<use [^>]*/>", own)
        if start < 0 or len(markers) != len(said):
            continue
        parts = re.split(r"<use ([^>]*)/>", own)
        for place, words in zip(range(1, len(parts), 2), said, strict=True):
            parts[place] = f"<use {parts[place]}><title>{escape(words)}</title></use>"
        own = "".join(parts)
        text = text[:start] + own + text[end:]
    return text


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the page's style, whatever the user's settings."""
    settings: dict[RcKeyType, Any] = {**mpl.rcParamsDefault, **_RC, "backend": mpl.rcParams["backend"]}
    with mpl.rc_context(settings):
        yield


def again(drawn: str, prefix: str) -> str:
    """Give the ids of an SVG element that stands elsewhere on the page, too, a prefix."""
    return re.sub(r'( id="|href="#|url\(#)', rf"\1{prefix}", str(drawn))  # the parts of a `Markup` would escape


def svg(figure: Figure, label: str, prefix: str) -> str:
    """SVG element for inlining; the same figure gives the same text.

    Parameters
    ----------
    label
        What the figure shows, for those who cannot see it.
    prefix
        Makes ids unique: a page holds many figures.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", dpi=72, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = _titled(text[text.index("<svg") :], getattr(figure, TITLES, {}))
    # Only ids that are referred to matter, and they must not meet those of the other figures.
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    used = set(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', text))
    names = {name: f"{prefix}-{i}" for i, name in enumerate(sorted(used))}  # 1 and 23 are not 12 and 3
    text = re.sub(r' id="([^"]+)"', lambda m: f' id="{names[m[1]]}"' if m[1] in names else "", text)
    text = re.sub(r'(xlink:href="#|url\(#)([^")]+)', lambda m: m[1] + names[m[2]], text)
    text = re.sub(r'(?<= d=")[^"]+', lambda path: _short(path[0]), text)
    text = re.sub(r'(?<=[ "](?:x|y)=")-?\d+\.\d+', lambda number: f"{float(number[0]):.1f}", text)
    text = re.sub(r">\s+<", "><", text)
    text = text.replace("xlink:href=", "href=")  # an element of HTML needs no namespace
    text = re.sub(r'(?<= style=")[^"]+', lambda css: css[0].replace("; ", ";").replace(": ", ":"), text)
    for colour, name in _THEMED.items():
        text = text.replace(colour, f"var(--{name}, {colour})")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
