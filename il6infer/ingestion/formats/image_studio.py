"""LI-COR Image Studio: a row a shape and channel; the intensity is ``Signal``, from which the background is taken."""

from __future__ import annotations

from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Format
from il6infer.ingestion.formats.gels import find, read_bands

_NAMES = {
    "image": ("Image Name", "Image ID"),
    "band": ("Channel",),
    "lane": ("Name", "Shape Name"),
    "intensity": ("Signal",),
    "Total": ("Total",),
    "Type": ("Type",),
}
_ABOUT = ("area", "bkgnd", "background", "bkgnd std dev", "concentration", "conc", "mean", "median", "min", "max")
_ABOUT += ("std dev", "conc std", "width", "height", "x", "y", "trim signal", "trim total", "trim area", "rel conc")


def _head(grid: Grid) -> int | None:
    return find(grid, ("Channel",), ("Name", "Shape Name"), ("Signal",), ("Bkgnd.", "Background", "Bkgnd"))


FORMAT = Format(
    name="image_studio",
    text="LI-COR Image Studio and Image Studio Lite (a row a shape and channel)",
    finds=lambda grid: _head(grid) is not None,
    read=lambda grid, wanted: read_bands(
        grid,
        _head(grid),
        {name: called for name, called in _NAMES.items()},
        hidden=lambda name: name in _ABOUT,
        left=lambda row: "shape of the background" if row.cells.get("Type", "").casefold().startswith("b") else "",
    ),
)
