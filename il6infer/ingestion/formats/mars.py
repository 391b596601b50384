"""BMG MARS, wells in rows: letter and number of the well stand in columns of their own."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from il6infer._errors import Fault
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, Format, headers, named, renamed, table_below

_WELL = ("Well",)
_ROWS, _COLUMNS = ("Well Row", "Row", "Wellrow"), ("Well Col", "Well Column", "Col", "Column", "Wellcol")


def _head(grid: Grid) -> int | None:
    return headers(grid, _ROWS, _COLUMNS)


def _list(grid: Grid) -> int | None:
    """Row of a header with the well in one cell, and names of reads as MARS writes them."""
    head = headers(grid, _WELL, ("Content",))
    if head is None or any(re.search(r"\d\s*-\s*\d+\s*(s|min|h)\b", cell) for cell in grid.rows[head]):
        return None  # a kinetic read
    named_so = any(re.match(r"raw data\b", cell, re.IGNORECASE) for cell in grid.rows[head])
    return head if named_so else None


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the wells below the header; ``Content`` (Blank B, Standard S1, Sample X1) becomes the sample."""
    head = _head(grid)
    listed = _list(grid) if head is None else None
    place = listed if head is None else head
    if place is None:
        return None, [Fault(grid.name, "has no header with 'Well Row' and 'Well Col', or 'Well' and 'Content'.", "")]
    block, faults = table_below(grid, place)
    if block is None:
        return None, faults
    if listed is not None:
        return renamed(block, named(block, {"well": _WELL, "sample": ("Content",)})), []
    names = named(block, {"row": _ROWS, "column": _COLUMNS, "sample": ("Content",)})
    block = renamed(block, names)
    rows = tuple(
        row.with_cells({"well": _letter(row["row"]) + row["column"].lstrip("0"), **row.cells}) for row in block.rows
    )
    kept = tuple(column for column in block.columns if column not in ("row", "column"))
    rows = tuple(row.with_cells({c: row[c] for c in ("well", *kept)}) for row in rows)
    return replace(block, columns=("well", *kept), rows=rows), []


def _letter(row: str) -> str:
    """Letter of a row of wells, which microscopes number (Harmony: 1 is A)."""
    return chr(ord("A") + int(row) - 1) if row.isdecimal() and 0 < int(row) <= 16 else row.upper()


def _finds(grid: Grid) -> bool:
    """Whether there is such a header, and no row of times below it, which is that of a kinetic read."""
    head = _head(grid)
    return head is not None and bool(grid.cell(head + 1, 0)) or _list(grid) is not None


FORMAT = Format(name="mars", text="BMG MARS, a well a row", finds=_finds, read=read)
