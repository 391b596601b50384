"""ImageJ and Fiji, gel analyser: the areas of labelled peaks in the order of clicks; lanes stand in a layout."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from il6infer._errors import Fault
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, Format, plain
from il6infer.ingestion.formats.gels import find, read_bands


def _head(grid: Grid) -> int | None:
    head = find(grid, ("Area",), ("Percent", "%Area", "Pct"))
    if head is None and grid.rows and [plain(cell) for cell in grid.rows[0][:2]] == ["", "area"]:
        head = 0  # before the peaks are labelled, areas alone
    names = {plain(cell) for cell in grid.rows[head] if cell} if head is not None else set()
    return head if names and names <= {"area", "percent", "pct", "%area", "label", "lane", "peak"} else None


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the peaks: ``peak`` counts them, ``intensity`` is the area; percentages are of the lane, and passed over."""
    names = {"peak": ("", "Peak"), "intensity": ("Area",), "label": ("Label",)}
    names["intensity"] = tuple(name for name in names["intensity"] if name not in wanted)
    block, faults = read_bands(grid, _head(grid), names, hidden=lambda name: name in ("percent", "pct", "%area"))
    if block is None or "peak" in block.columns:
        return block, faults
    rows = tuple(row.with_cells({"peak": str(i), **row.cells}) for i, row in enumerate(block.rows, start=1))
    return replace(block, columns=("peak", *block.columns), rows=rows), []


FORMAT = Format(
    name="imagej_gel",
    text="ImageJ and Fiji, gel analyser (areas of peaks)",
    finds=lambda grid: _head(grid) is not None,
    read=read,
)
