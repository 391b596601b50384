"""LI-COR Image Studio: a row a shape and channel; the intensity is ``Signal``, from which the background is taken.

A shape's name is its lane, and the channel its band. Where a column of lanes was added, shapes that share a name are
bands of that name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from il6infer._errors import Fault
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, Format
from il6infer.ingestion.formats.gels import find, read_bands

_NAMES = {
    "image": ("Image Name", "Image ID"),
    "band": ("Channel",),
    "lane": ("Lane", "Name", "Shape Name"),
    "intensity": ("Signal",),
    "Total": ("Total",),
    "Type": ("Type",),
}
_ABOUT = ("area", "bkgnd", "background", "bkgnd std dev", "concentration", "conc", "mean", "median", "min", "max")
_ABOUT += ("std dev", "conc std", "width", "height", "x", "y", "trim signal", "trim total", "trim area", "rel conc")


def _head(grid: Grid) -> int | None:
    return find(grid, ("Channel",), ("Name", "Shape Name"), ("Signal",), ("Bkgnd.", "Background", "Bkgnd"))


def _read(grid: Grid) -> tuple[Block | None, list[Fault]]:
    block, faults = _bands(grid, _NAMES)
    name = next((c for c in block.columns if c.casefold() in ("name", "shape name")), "") if block else ""
    if block is None or not name:
        return block, faults
    shapes = [
        tuple(row.cells[column] for column in ("image", "band", name) if column in row.cells) for row in block.rows
    ]
    if len(set(shapes)) < len(shapes):
        return _bands(grid, {**_NAMES, "band": ("Name", "Shape Name")})
    return block, faults


def _bands(grid: Grid, names: Mapping[str, Sequence[str]]) -> tuple[Block | None, list[Fault]]:
    return read_bands(
        grid, _head(grid), names,
        hidden=lambda name: name in _ABOUT or (name == "channel" and names["band"] != ("Channel",)),
        left=lambda row: "shape of the background" if row.cells.get("Type", "").casefold().startswith("b") else "",
    )  # fmt: skip


FORMAT = Format(
    name="image_studio",
    text="LI-COR Image Studio and Image Studio Lite (a row a shape and channel)",
    finds=lambda grid: _head(grid) is not None,
    read=lambda grid, wanted: _read(grid),
)
