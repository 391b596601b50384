"""Luminex xPONENT: a table of wells and analytes for each ``DataType``, below each other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from il6infer._errors import Fault
from il6infer._tables import Row
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, Format, plain, text_of

_WELL = re.compile(r"\d+\s*\(\d+\s*,\s*([A-P])0?(\d{1,2})\)|([A-P])0?(\d{1,2})")
_READ = ("median", "mean", "net mfi", "result", "avg net mfi", "test result", "avg result")
"""Data types that are values of a well; the others say how sure, or how made, these are."""


def _tables(grid: Grid) -> Iterator[tuple[str, int]]:
    """Give data type and row of the header of each table."""
    for place, row in enumerate(grid.rows[:-1]):
        if row and row[0][:1] in "Dd" and plain(row[0]) == "datatype":
            below = grid.rows[place + 1]
            if len(below) > 2 and plain(below[0]) == "location" and plain(below[1]) == "sample":
                yield next((cell for cell in row[1:] if cell), ""), place + 1


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read a well a row: column ``Median IL-6``, ``Net MFI IL-6``, ``Result IL-6`` for each data type and analyte."""
    found = [(kind, head) for kind, head in _tables(grid) if plain(kind) in _READ]
    if not found:
        return None, [Fault(grid.name, "has no table of medians or results ('DataType:' above 'Location').", "")]
    wells: dict[str, dict[str, str]] = {}
    lines: dict[str, int] = {}
    columns: list[str] = []
    end = found[-1][1]
    for kind, head in found:
        names = [n if plain(n) in ("location", "sample", "total events") else f"{kind} {n}" for n in grid.rows[head]]
        twice = next((name for name in names if name and names.count(name) > 1), "")
        if twice:
            return None, [Fault(f"{grid.name}, row {head + 1}", f"column '{twice}' appears twice.", "Rename one.")]
        columns += [name for name in names[2:] if name and plain(name) != "total events" and name not in columns]
        for place in range(head + 1, len(grid.rows)):
            row = grid.rows[place]
            match = _WELL.fullmatch(row[0]) if row else None
            if match is None:
                break
            well = f"{match[1] or match[3]}{match[2] or match[4]}"
            cells = wells.setdefault(well, {"well": well, "sample": row[1]})
            if any(name in cells for name in names[2:] if name and plain(name) != "total events"):
                what = f"well {well} stands twice in the table of {kind}."
                return None, [Fault(f"{grid.name}, row {place + 1}", what, "Give each plate a file of its own.")]
            cells |= {n: c for n, c in zip(names[2:], row[2:], strict=False) if n and plain(n) != "total events"}
            lines.setdefault(well, place + 1)
            end = max(end, place)
    order = ("well", "sample", *columns)
    rows = tuple(
        Row(number, {c: cells.get(c, "") for c in order}, lines[well], f"well {well}")
        for number, (well, cells) in enumerate(wells.items(), start=1)
    )
    if not rows:
        return None, [Fault(grid.name, "the tables of medians and results have no well.", "Export the values, too.")]
    above, below = grid.rows[: found[0][1] - 1], grid.rows[end + 1 :]
    return Block(order, rows, (), (), text_of(above), text_of(below)), []


FORMAT = Format(
    name="luminex",
    text="Luminex xPONENT: a table for each data type (median, net MFI, result)",
    finds=lambda grid: next(_tables(grid), None) is not None,
    read=read,
)
