"""GelAnalyzer (2010 and 19): a row a band; the intensity is the raw volume, from which its background was taken."""

from __future__ import annotations

from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Format
from il6infer.ingestion.formats.gels import find, read_bands

_VOLUME = ("Raw vol.", "Raw volume", "Raw vol", "Volume raw")
_BAND = ("Band", "Band No.", "Band No", "Band number", "Band label")


def _head(grid: Grid) -> int | None:
    return find(grid, ("Lane", "Lane No.", "Lane No"), _BAND, _VOLUME)


FORMAT = Format(
    name="gelanalyzer",
    text="GelAnalyzer 2010 and 19 (a row a band)",
    finds=lambda grid: _head(grid) is not None,
    read=lambda grid, wanted: read_bands(
        grid,
        _head(grid),
        {"lane": ("Lane", "Lane No.", "Lane No"), "band": _BAND, "intensity": _VOLUME},
        hidden=lambda name: (
            name in ("rf", "mw", "cal vol", "calibrated volume", "cal volume", "quantity", "y", "height")
        ),
    ),
)
