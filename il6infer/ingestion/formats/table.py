"""Any table with a header row, wherever it starts: lines above it and sums below it are kept as text."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from il6infer._errors import Fault
from il6infer.ingestion.cells import SEARCHED, Grid, Merged, filled
from il6infer.ingestion.formats.format import Block, Format, known_as, plain, table_below
from il6infer.ingestion.marks import numeric

_UNIT = re.compile(
    r"[(\[]?(a\.?u\.?|rlu|rfu|counts?|cps|s|sec|min|minutes?|h|hours?|d|days?|%|percent|ratio|-|k?da"
    r"|[fpnum\u00b5\u03bc]?(g|mol|m|u|iu)(\s*/\s*[num\u00b5\u03bc]?l)?)[)\]]?",
    re.IGNORECASE,
)


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the table below the row that looks most like its header."""
    head = header(grid, wanted)
    if head is None:
        return None, [Fault(grid.name, "the file is empty.", "It needs a header row and at least one row of values.")]
    if lying := _lying(grid, head, wanted):
        what = f"the names of columns stand below each other in the first column ({', '.join(lying[:3])})."
        return None, [Fault(grid.name, what, "Turn the table, so that they stand in a row (paste special, transpose).")]
    return table_below(_with_units(_two_rows(grid, head), head), head, strict=grid.delimiter in (",", ";"))


def header(grid: Grid, wanted: Collection[str]) -> int | None:
    """Row of the header: that with most of the wanted names, at least two; else that above most rows of numbers."""
    names = {plain(name) for name in wanted if name}
    best, most = None, 1
    for place, row in enumerate(grid.rows[:SEARCHED]):
        found = len({plain(cell) for cell in row if cell} & names) + sum(
            1 for c in set(map(known_as, row)) if c in wanted
        )
        if found > most:
            best, most = place, found
    if best is not None:
        return _lower(grid, best, names)
    best, most = next((place for place, row in enumerate(grid.rows) if any(row)), None), 0
    follows = 0
    width = 0
    for place in range(min(len(grid.rows), SEARCHED) - 1, -1, -1):
        row = grid.rows[place]
        if not any(row) or _is_units(row):
            continue
        cells = [cell for cell in row if cell]
        numbers = sum(map(numeric, cells))
        if len(cells) > 1 and 2 * numbers <= len(cells) and follows and filled(row) >= width and follows >= most:
            best, most = place, follows
        if numbers:
            follows, width = follows + 1, max(width, filled(row))
        else:
            follows, width = 0, 0
    return best


def _lying(grid: Grid, head: int, wanted: Collection[str]) -> list[str]:
    """Wanted names in the first column, where more of them stand there than in the header."""
    names = {plain(name) for name in wanted if name}
    first = [
        row[0]
        for row in grid.rows[:SEARCHED]
        if row and row[0] and (plain(row[0]) in names or known_as(row[0]) in wanted)
    ]
    across = [cell for cell in grid.rows[head] if plain(cell) in names or known_as(cell) in wanted]
    return first if len(set(first)) > max(2, len(across)) else []


def _is_units(row: Sequence[str]) -> bool:
    return any(row) and all(_UNIT.fullmatch(cell) for cell in row if cell)


def _with_units(grid: Grid, head: int) -> Grid:
    """Write the units of a row below the header behind the names that they stand under: ``Time`` over ``min``."""
    below = grid.rows[head + 1] if head + 1 < len(grid.rows) else ()
    if not _is_units(below):
        return grid
    names = [
        f"{name} ({below[i].strip('()[]')})" if name and i < len(below) and below[i] else name
        for i, name in enumerate(grid.rows[head])
    ]
    return replace(grid, rows=(*grid.rows[:head], tuple(names), (), *grid.rows[head + 2 :]))


def _lower(grid: Grid, head: int, wanted: set[str]) -> int:
    """Row below a header whose cells are merged: its own, where both together make the names that are wanted."""
    if grid.delimiter or head + 1 >= len(grid.rows):
        return head
    joined = {plain(cell) for cell in _two_rows(grid, head + 1).rows[head + 1]}
    return head + 1 if len(joined & wanted) > len({plain(cell) for cell in grid.rows[head]} & wanted) else head


def _two_rows(grid: Grid, head: int) -> Grid:
    """Write the names of a merged cell above the header before those below it (``pSTAT3`` over ``n1``, ``n2``)."""
    above: Sequence[str] = grid.rows[head - 1] if head and not grid.delimiter else ()
    names = list(grid.rows[head])
    spans = [
        i for i in range(1, len(above)) if above[i] and above[i] == above[i - 1] and not isinstance(above[i], Merged)
    ]
    doubled = len({name for name in names if name}) < sum(map(bool, names))
    if not spans or not doubled or filled(above) > filled(names):
        return grid
    joined = [
        f"{above[i]} {name}" if i < len(above) and above[i] and above[i] != name and name else name
        for i, name in enumerate(names)
    ]
    rows = list(grid.rows)
    rows[head] = tuple(joined)
    return Grid(grid.name, tuple(rows), grid.delimiter, grid.encoding, grid.sheet)


FORMAT = Format(
    name="table",
    text="any table with a header row",
    finds=lambda grid: False,  # what no other format claims
    read=read,
    program=False,
)
