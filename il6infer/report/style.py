"""Looks that all figures share, and how a figure becomes text of the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# Okabe & Ito's palette, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8a7a00", "#444444")
INK, MUTED, PRIOR, BAD = "#222222", "#777777", "#999999", "#b3261e"

_RC: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titley": 1.0,  # where it is anyway: to look for ticks above would take a third of the drawing
    "axes.labelsize": 8,
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
    "svg.fonttype": "path",
    "figure.dpi": 100,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the page's style, whatever the user's settings."""
    settings: dict[RcKeyType, Any] = {**mpl.rcParamsDefault, **_RC, "backend": mpl.rcParams["backend"]}
    with mpl.rc_context(settings):
        yield


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
    figure.savefig(buffer, format="svg", dpi=200, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Only ids that are referred to matter, and they must not meet those of the other figures.
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{prefix}-", text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # A hundredth of a point is finer than print; the page is a quarter smaller for it.
    text = re.sub(r'(?<= d=")[^"]+', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text)
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
