"""Any table with a header row, wherever it starts: lines above it and sums below it are kept as text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from il6infer._errors import Fault
from il6infer.ingestion.cells import Grid, Merged, filled
from il6infer.ingestion.formats.format import SEARCHED, Block, Format, known_as, numeric, plain, table_below


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the table below the row that looks most like its header."""
    head = header(grid, wanted)
    if head is None:
        return None, [Fault(grid.name, "the file is empty.", "It needs a header row and at least one row of values.")]
    return table_below(_two_rows(grid, head), head, strict=grid.delimiter in (",", ";"))


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
        return best
    best, most = next((place for place, row in enumerate(grid.rows) if any(row)), None), 0
    follows = 0
    width = 0
    for place in range(min(len(grid.rows), SEARCHED) - 1, -1, -1):
        row = grid.rows[place]
        if not any(row):
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
