"""Courses that people write across: a condition a row, its times in columns (``0 min``, ``15 min`` ...)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from il6infer._errors import Fault
from il6infer._tables import Row
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, Format, known_as, plain, table_below
from il6infer.ingestion.marks import numeric
from il6infer.ingestion.times import spoken_time

_BEGIN = re.compile(r"t?\s*=?\s*", re.IGNORECASE)
_FIRST = ("condition", "sample", "replicate", "lane", "gene")


def _head(grid: Grid) -> int | None:
    """Row with two times or more, and nothing else but one or two columns of names before them."""
    for place, row in enumerate(grid.rows[:60]):
        times = _times(row)
        if len(times) < 2 or min(times) not in (1, 2) or max(times) - min(times) + 1 != len(times):
            continue
        names, behind = row[: min(times)], row[max(times) + 1 :]
        below = next((each for each in grid.rows[place + 1 :] if any(each)), ())
        if known_as(names[0]) == "condition" and all(known_as(n) in _FIRST for n in names) and not any(behind):
            return place if any(numeric(below[i]) for i in times if i < len(below)) else None
    return None


def _times(row: Collection[str]) -> dict[int, str]:
    return {i: cell for i, cell in enumerate(row) if spoken_time(_BEGIN.sub("", cell, count=1)) is not None}


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read a value a condition and time; a condition that comes again is measured again. Empty cells are no values."""
    head = _head(grid)
    if head is None:
        return None, [Fault(grid.name, "has no condition in its first column with times ('15 min') beside it.", "")]
    block, faults = table_below(grid, head)
    if block is None:
        return None, faults
    times = _times(grid.rows[head])
    names = {name: known_as(name) or plain(name) for name in grid.rows[head][: min(times)]}
    rows: list[Row] = []
    for row in block.rows:
        for cell in times.values():
            if value := row.cells.get(cell, ""):
                cells = {name: row.cells[header] for header, name in names.items()}
                cells |= {"time": _BEGIN.sub("", cell, count=1), "value": value}
                rows.append(Row(len(rows) + 1, cells, row.number, f"row {row.number}, {cell}"))
    if not rows:
        return None, [Fault(grid.name, "has no number below its times.", "")]
    return replace(block, columns=(*names.values(), "time", "value"), rows=tuple(rows)), []


FORMAT = Format(
    name="courses",
    text="courses across: a condition a row, times in columns",
    finds=lambda grid: _head(grid) is not None,
    read=read,
    program=False,
)
