"""ImageJ and Fiji, Measure (Results.csv): a row a selection; the intensity is the integrated density, if measured."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from il6infer._errors import Fault
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, Format
from il6infer.ingestion.formats.gels import find, read_bands

_DENSITY = ("IntDen", "RawIntDen")
_ABOUT = {"area", "mean", "min", "max", "stddev", "mode", "median", "skew", "kurt", "perim", "x", "y", "xm", "ym", "bx"}
_ABOUT |= {"by", "width", "height", "major", "minor", "angle", "circ", "feret", "%area", "rawintden", "slice", "frame"}
_ABOUT |= {"feretx", "ferety", "feretangle", "minferet", "ar", "round", "solidity", "minthr", "maxthr", "ch", "intden"}


def _head(grid: Grid) -> int | None:
    head = find(grid, ("Area",), (*_DENSITY, "Mean"))
    return head if head is None or not grid.cell(head, 0) or find(grid, ("Area",), _DENSITY) == head else None


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the selections: ``row`` counts them, ``label`` is image and title, ``intensity`` the integrated density."""
    asked = {name.casefold() for name in wanted}
    names = {"row": ("",), "label": ("Label",), "intensity": tuple(name for name in _DENSITY if name not in wanted)}
    head = _head(grid)
    dense = head is not None and {cell.casefold() for cell in grid.rows[head]} & {name.casefold() for name in _DENSITY}
    hidden = _ABOUT - asked if dense else _ABOUT - asked - {"mean"}
    block, faults = read_bands(grid, head, names, hidden=lambda name: name in hidden)
    if block is None or "row" in block.columns:
        return block, faults
    rows = tuple(row.with_cells({"row": str(i), **row.cells}) for i, row in enumerate(block.rows, start=1))
    return replace(block, columns=("row", *block.columns), rows=rows), []


FORMAT = Format(
    name="imagej_measure",
    text="ImageJ and Fiji, Measure (integrated density of selections)",
    finds=lambda grid: _head(grid) is not None,
    read=read,
)
