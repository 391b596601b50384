"""LI-COR Empiria Studio: a row a lane and target; the intensity is the signal before normalisation."""

from __future__ import annotations

from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Format
from il6infer.ingestion.formats.gels import find, read_bands

_BAND = ("Target", "Target Name", "Band", "Band Name", "Protein")
_SIGNAL = ("Signal", "Raw Signal", "Target Signal", "Band Signal")
_SUMS = (
    "normalized signal",
    "normalised signal",
    "lane normalization factor",
    "normalization factor",
    "relative signal",
)
_SUMS += ("background", "area", "mw", "molecular weight", "replicate mean", "cv", "fold change", "norm factor", "kda")


def _head(grid: Grid) -> int | None:
    head = find(grid, ("Lane", "Lane Number", "Lane #"), _BAND, _SIGNAL)
    return head if head is not None and find(grid, ("Bkgnd.", "Bkgnd")) != head else None


FORMAT = Format(
    name="empiria",
    text="LI-COR Empiria Studio (a row a lane and target)",
    finds=lambda grid: _head(grid) is not None,
    read=lambda grid, wanted: read_bands(
        grid,
        _head(grid),
        {"lane": ("Lane", "Lane Number", "Lane #"), "band": _BAND, "intensity": _SIGNAL},
        hidden=lambda name: name in _SUMS,
    ),
)
