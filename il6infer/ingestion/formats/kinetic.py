"""Kinetic reads of a plate: times down and wells across (SoftMax Pro, Gen5), or wells down (MARS, i-control)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from il6infer._errors import Fault
from il6infer._tables import Row
from il6infer.ingestion.cells import SEARCHED, Grid
from il6infer.ingestion.formats.format import Block, Format, plain, text_of
from il6infer.ingestion.marks import numeric

_WELL = re.compile(r"([A-P])0?([1-9]|1\d|2[0-4])")
_TIMED = re.compile(r"-?\d+([.,]\d+)?\s*(s|min|h)|(\d+\s*h\s*)?\d+\s*min(\s*\d+\s*s)?|\d+:\d\d(:\d\d)?", re.IGNORECASE)
_WARMTH = re.compile(
    r"(temperature?|temperatur|temp\.?|t\u00b0?)(?![a-z])(\s*[(\[]?\s*\u00b0?\s*C\s*[)\]])?", re.IGNORECASE
)
_BESIDE = re.compile(r"cycle\b.*|zyklus\b.*|(temperature?|temperatur|temp\.?|t\u00b0?)(?![a-z]).*", re.IGNORECASE)
"""Rows between times and wells that hold neither (Tecan i-control: temperatures, numbers of cycles)."""


_NAMED_TIME = re.compile(
    r"(?P<name>.*?)[\s(]{0,9}\d{1,6}\s{0,9}-\s{0,9}(?P<time>\d{1,9}(?:[.,]\d{1,9})?\s{0,9}(?:s|min|h)"
    r"(?:\s{0,9}\d{1,9}\s{0,9}(?:min|s))?)\s*\)?",
    re.IGNORECASE,
)


@dataclass
class Read:
    """One read of all wells: its name, and (well, cell of the time, row) -> cell, in the order of the file."""

    title: str
    time: str
    first: int
    last: int
    cells: dict[tuple[str, str, int], str] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)
    twice: str = ""


def _is_time(cell: str) -> bool:
    return plain(cell).split(" ")[:1] in (["time"], ["zeit"], ["temps"])


def _wells(row: tuple[str, ...]) -> dict[int, str]:
    return {place: f"{m[1]}{m[2]}" for place, cell in enumerate(row) if (m := _WELL.fullmatch(cell))}


def reads(grid: Grid) -> Iterator[Read]:
    """Find the kinetic reads of a file, from top to bottom."""
    last = -1
    for head, row in enumerate(grid.rows[:SEARCHED]):
        if head <= last:
            continue
        found = _down(grid, head, row) or _across(grid, head, row) or _listed(grid, head, row)
        if found is not None:
            yield found
            last = found.last


def _down(grid: Grid, head: int, row: tuple[str, ...]) -> Read | None:
    """Read times below a header of wells."""
    wells = _wells(row)
    place = next((i for i, cell in enumerate(row[:4]) if _is_time(cell)), None)
    if place is None or len(wells) < 2 or min(wells) <= place:
        return None
    warm = next((cell for cell in row[place + 1 : min(wells)] if _WARMTH.match(cell)), "")
    title = _WARMTH.sub("", warm, count=1).strip(" ()[]\u00b0C:\u00a1") or _title(grid, head)
    found = Read(title, row[place], head, head, twice=_twice(wells.values()))
    for line in range(head + 1, len(grid.rows)):
        time = grid.cell(line, place)
        if not time or not (numeric(time) or _TIMED.fullmatch(time)):
            break
        found.last = line
        for column, well in wells.items():
            if cell := grid.cell(line, column):
                found.cells[well, time, line] = cell
    return found if found.cells else None


def _across(grid: Grid, head: int, row: tuple[str, ...]) -> Read | None:
    """Read wells below a row of times."""
    place = next((i for i, cell in enumerate(row[:4]) if _is_time(cell)), None)
    if place is None:
        return None
    times = {i: cell for i, cell in enumerate(row) if i > place and (numeric(cell) or _TIMED.fullmatch(cell))}
    if len(times) < 2 or any(row[i] for i in range(place + 1, min(times))):
        return None
    found = Read(_title(grid, head), row[place], head, head, twice=_twice(times.values()))
    lines: list[str] = []
    for line in range(head + 1, len(grid.rows)):
        before = [grid.cell(line, i) for i in range(min(times))]
        well, rest = _well_of(before)
        if not well and not lines and _BESIDE.fullmatch(grid.cell(line, place)):
            continue
        if not well:
            break
        found.last = line
        lines.append(well)
        found.samples[well] = " ".join(cell for cell in rest if cell)
        for column, time in times.items():
            if cell := grid.cell(line, column):
                found.cells[well, time, line] = cell
    found.twice = found.twice or _twice(lines)
    return found if found.cells else None


def _listed(grid: Grid, head: int, row: tuple[str, ...]) -> Read | None:
    """Read wells below a header whose names end with their times (MARS: ``Raw Data (No filter) 2 - 1 h``)."""
    named = {i: found for i, cell in enumerate(row) if (found := _NAMED_TIME.fullmatch(cell))}
    if len(named) < 2 or min(named) == 0 or len({plain(found["name"]) for found in named.values()}) > 1:
        return None
    read = Read("", "time", head, head, twice=_twice([found["time"] for found in named.values()]))
    for line in range(head + 1, len(grid.rows)):
        well, rest = _well_of([grid.cell(line, i) for i in range(min(named))])
        if not well:
            break
        read.last = line
        read.samples[well] = " ".join(cell for cell in rest if cell)
        for column, found in named.items():
            if cell := grid.cell(line, column):
                read.cells[well, found["time"], line] = cell
    return read if read.cells else None


def _well_of(before: list[str]) -> tuple[str, list[str]]:
    """Well that stands at the start of a row, in one cell (A1) or two (A, 1), and what follows it."""
    first = before[0] if before else ""
    if match := _WELL.fullmatch(first):
        return f"{match[1]}{match[2]}", before[1:]
    if len(before) > 1 and (match := _WELL.fullmatch(first + before[1])):
        return f"{match[1]}{match[2]}", before[2:]
    return "", []


def _twice(names: Collection[str]) -> str:
    return next((name for name, count in Counter(names).items() if count > 1), "")


def _title(grid: Grid, head: int) -> str:
    """Name a read by the words above it: what stands alone in its row, or heads the columns of a list of wells."""
    for place in range(head - 1, max(-1, head - 4), -1):
        cells = [cell for cell in grid.rows[place] if cell and not numeric(cell)]
        cells = [cell for cell in cells if plain(cell) not in ("well", "well row", "well col", "content", "results")]
        if len(cells) == 1 and not cells[0].startswith(("##", "Plate:")):
            return cells[0].removesuffix(":")
        if cells:
            break
    return ""


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read a value a well and time: a row for each, a column for each read that the file names."""
    found = list(reads(grid))
    if not found:
        what = "has no kinetic read (a column of times beside wells, or a row of times above wells)."
        return None, [Fault(grid.name, what, "")]
    for one in found:
        if one.twice:
            what = f"'{one.twice}' stands twice in one kinetic read."
            return None, [Fault(f"{grid.name}, row {one.first + 1}", what, "Export each read on its own.")]
    time = found[0].time if plain(found[0].time) not in ("time", "zeit", "temps") else "time"
    titles = [one.title or "value" for one in found] if len(found) > 1 else ["value"]
    if len(set(titles)) < len(titles):
        titles = [f"{title} ({number})" for number, title in enumerate(titles, start=1)]
    sampled = any(cell for one in found for cell in one.samples.values())
    made: dict[tuple[str, str], dict[str, str]] = {}
    lines: dict[tuple[str, str], int] = {}
    for one, title in zip(found, titles, strict=True):
        for (well, at, line), cell in one.cells.items():
            row = made.setdefault((well, at), {"well": well, time: at})
            if title in row:
                what = f"well {well} has two values at {at}."
                return None, [Fault(f"{grid.name}, row {line + 1}", what, "Export each read on its own.")]
            row |= {"sample": one.samples.get(well, "")} if sampled else {}
            row[title] = cell
            lines.setdefault((well, at), line + 1)
    columns = ("well", time, *(["sample"] if sampled else []), *titles)
    rows = tuple(
        Row(number, {c: row.get(c, "") for c in columns}, lines[key], f"row {lines[key]}, well {key[0]}")
        for number, (key, row) in enumerate(made.items(), start=1)
    )
    above, below = grid.rows[: found[0].first], grid.rows[found[-1].last + 1 :]
    return Block(columns, rows, (), (), text_of(above), text_of(below)), []


FORMAT = Format(
    name="kinetic",
    text="kinetic reads of a plate: SoftMax Pro, Gen5, BMG MARS, Tecan i-control",
    finds=lambda grid: next(reads(grid), None) is not None,
    read=read,
    program=False,
)
