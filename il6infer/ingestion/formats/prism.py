"""GraphPad Prism and its kin: times in rows with replicates side by side, or a condition a column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from il6infer._errors import Fault
from il6infer._tables import Row, number
from il6infer.ingestion.cells import Grid, filled
from il6infer.ingestion.formats.format import Block, Format, plain, table_below, text_of, time_unit
from il6infer.ingestion.labels import parse_label
from il6infer.ingestion.marks import numeric
from il6infer.ingestion.times import spoken_time

_REPLICATE = re.compile(
    r"(?P<condition>.*\S)(?:[\s_.-]{0,9}\(\s{0,9}|[\s_.-]{1,9})(?:n|rep\.?|replicate|#|donor)\s*[=_.]?\s*\d{1,2}\s*\)?"
    r"|(?P<set>.*\S):\s*Y?\d{1,2}",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:n|r|rep\.?|repl\.?|replicate|replikat|#|donor|exp\.?)\s*[=_.-]?\s*\d{1,2}", re.IGNORECASE)
_SPREADS = {"mean", "sd", "sem", "n", "cv", "error", "upper", "lower", "upper limit", "lower limit", "%cv", "+error"}


def _head(grid: Grid) -> int | None:
    for place, row in enumerate(grid.rows[:60]):
        if filled(row) >= 3 and (_is_time(row[0]) or _unnamed(grid, place)) and _groups(grid, place):
            return place
    return None


def _columns(grid: Grid) -> int | None:
    """Row of a column table: conditions that say what is done, with nothing but numbers below them, no times."""
    head = next((place for place, row in enumerate(grid.rows[:60]) if filled(row) > 1), None)
    if head is None:
        return None
    names = [name for name in grid.rows[head] if name]
    below = [cell for row in grid.rows[head + 1 :] for cell in row if cell]
    said = len(set(names)) == len(names) > 1 and all(parse_label(name)[0] is not None for name in names)
    return head if said and below and all(map(numeric, below)) else None


def _unnamed(grid: Grid, head: int) -> bool:
    """Whether the first column has no name, and numbers alone: the times of Prism's own exports."""
    if grid.rows[head][0]:
        return False
    below = [row for row in grid.rows[head + 1 :] if any(row)]
    return len(below) > 1 and all(number(row[0]) is not None or spoken_time(row[0]) is not None for row in below)


def _is_time(cell: str) -> bool:
    return bool(time_unit(cell)) or plain(cell) in ("time", "zeit", "temps", "x")


def _groups(grid: Grid, head: int) -> list[tuple[int, str]]:
    """Column and condition of each replicate; none where names are not those of replicates."""
    row = grid.rows[head]
    width = max([filled(row), *(filled(below) for below in grid.rows[head + 1 : head + 30])])
    found: list[tuple[int, str]] = []
    condition = ""
    numbered = blank = 0
    for i in range(1, width):
        name = row[i] if i < len(row) else ""
        match = _REPLICATE.fullmatch(name)
        if match:
            condition, numbered = (match["condition"] or match["set"]).strip(), numbered + 1
        elif name:
            blank += name == condition
            condition = name
        elif not condition:
            return []
        else:
            blank += 1
        found.append((i, condition))
    counts = Counter(name for _, name in found)
    alike = len(set(counts.values())) == 1  # Prism gives every condition as many columns
    if max(counts.values(), default=0) < 2 or numbered not in (0, len(found)) or not (numbered or (blank and alike)):
        return []
    return found


def _read_columns(grid: Grid, head: int) -> tuple[Block | None, list[Fault]]:
    """Read a condition a column; the time, which such a table does not say, is for the description to say."""
    rows: list[Row] = []
    for line, cells in enumerate(grid.rows[head + 1 :], start=head + 2):
        replicate = str(len({row.line for row in rows}) + 1)
        for name, cell in zip(grid.rows[head], cells, strict=False):
            if name and cell:
                place = f"row {line}, '{name}'"
                made = {"condition": name, "replicate": replicate, "value": cell}
                rows.append(Row(len(rows) + 1, made, line, place))
            elif cell:
                where = f"{grid.name}, row {line}"
                return None, [Fault(where, f"'{cell}' stands below no condition.", "Name each column.")]
    return Block(("condition", "replicate", "value"), tuple(rows), (), (), text_of(grid.rows[:head])), []


def _numbered_below(grid: Grid, head: int, groups: list[tuple[int, str]]) -> bool:
    """Whether the row below the conditions names their replicates (n1, n2 ...)."""
    cells = [grid.cell(head + 1, column) for column, _ in groups]
    return not grid.cell(head + 1, 0) and any(cells) and all(not cell or _NUMBER.fullmatch(cell) for cell in cells)


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the cells: a row for each time, condition and replicate, with its ``value``; empty cells are no values."""
    head = _head(grid)
    if head is None and (columns := _columns(grid)) is not None:
        return _read_columns(grid, columns)
    if head is None:
        what = "has no header with a time and replicates of conditions beside it."
        return None, [Fault(grid.name, what, "Name the columns as in 'IL-6 n1', 'IL-6 n2'.")]
    groups = _groups(grid, head)
    below = {plain(cell) for cell in (grid.rows[head + 1] if head + 1 < len(grid.rows) else ()) if cell}
    if below and below <= _SPREADS | {"", "x"} and below & _SPREADS:
        what = "gives means with SD or SEM, not replicates."
        return None, [Fault(grid.name, what, "Export the replicates, or the means as a table of their own.")]
    if _numbered_below(grid, head, groups):
        grid = replace(grid, rows=(*grid.rows[: head + 1], (), *grid.rows[head + 2 :]))
    names = [plain(name) for _, name in groups]
    if set(names) & _SPREADS:
        return None, [Fault(grid.name, "has columns of means, SD or n among the replicates.", "Take them out.")]
    full = Grid(
        grid.name, (*grid.rows[:head], tuple(f"c{i}" for i in range(groups[-1][0] + 1)), *grid.rows[head + 1 :]), ""
    )
    block, faults = table_below(full, head)
    if block is None:
        return None, faults
    time = grid.rows[head][0] or "X"
    rows: list[Row] = []
    counts: dict[str, int] = {}
    numbers = {}
    for i, name in groups:
        counts[name] = counts.get(name, 0) + 1
        numbers[i] = str(counts[name])
    for row in block.rows:
        for i, name in groups:
            cell = row.cells.get(f"c{i}", "")
            if cell:
                place = f"row {row.number}, '{name}' {numbers[i]}"
                cells = {time: row["c0"], "condition": name, "replicate": numbers[i], "value": cell}
                rows.append(Row(len(rows) + 1, cells, row.number, place))
    if not any(numeric(row["value"]) for row in rows):
        return None, [Fault(grid.name, "has no number below its header.", "")]
    return replace(block, columns=(time, "condition", "replicate", "value"), rows=tuple(rows)), []


FORMAT = Format(
    name="prism",
    text="GraphPad Prism and alike: times in rows, replicates in columns; column tables, a condition a column",
    finds=lambda grid: _head(grid) is not None or _columns(grid) is not None,
    read=read,
    program=False,
)
