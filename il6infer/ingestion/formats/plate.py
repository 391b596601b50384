"""Plates as grids (A-H by 1-12, any size up to 384 wells), one for each measurement: luminometers and readers.

GloMax, BMG MARS, Gen5, SkanIt, Tecan i-control and SoftMax Pro write such grids, each with other lines around them:
Tecan with ``<>`` in the corner, Gen5 with the read's name behind each row, SoftMax Pro without letters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from il6infer._errors import Fault
from il6infer._tables import Row
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, Format, text_of
from il6infer.ingestion.marks import numeric

_SIZES = {1: 2, 2: 3, 3: 4, 4: 6, 6: 8, 8: 12, 16: 24}
"""Rows of a plate -> its columns."""
_NO_TITLE = re.compile(
    r"(start time|end time|date|time|temperature|temp|user|path|plate|<>|results?\Z|part of plate|mode|wavelength|gain"
    r"|bandwidth|number of|integration|attenuation|settle|serial|protocol|run date|reading|barcode|excitation|emission"
    r"|raw data\Z|application|device|software|firmware|reader type)\b.*",
    re.IGNORECASE,
)
_ONES = frozenset({"1", "01", "1.0"})
_LATER = frozenset({*map(str, range(2, 24)), *(f"0{number}" for number in range(2, 10))})
_KNOWN = (("firefly", "firefly"), ("renilla", "renilla"))


@dataclass(frozen=True)
class Plate:
    """One grid: row and column of its first number, how many columns, letter -> row, title, wavelength, that number."""

    head: int
    left: int
    width: int
    rows: tuple[tuple[str, int, str], ...]
    title: str
    wave: str = ""
    first: int = 1


def _numbers(row: tuple[str, ...], start: int = 0) -> tuple[int, int] | None:
    """Column of a 1 that 2, 3 ... follow, and how many there are; at least two; within four columns of the start."""
    if _ONES.isdisjoint(row[start : start + 4]):
        return None
    for left, cell in enumerate(row[start : start + 4], start=start):
        if cell not in _ONES:
            continue
        count = 0
        while left + count < len(row) and re.fullmatch(rf"0?{count + 1}(\.0)?", row[left + count]):
            count += 1
        if count >= 2 and cell:
            return left, count
    return None


def _part(row: tuple[str, ...]) -> tuple[int, int, int] | None:
    """Column of the first of some numbers of a plate that alone were read, how many there are, and that number."""
    left = next((place for place, cell in enumerate(row[:4]) if cell not in ("", "<>")), 0)
    if not left or row[left] not in _LATER:
        return None
    first, count = int(row[left]), 0
    while left + count < len(row) and row[left + count].lstrip("0") == str(first + count):
        count += 1
    return (left, count, first) if count > 1 and first + count <= 25 else None


def plates(grid: Grid) -> Iterator[Plate]:
    """Find the grids of a file, from top to bottom."""
    last = -1
    for head, row in enumerate(grid.rows):
        found, first = _numbers(row), 1
        if found is None and (part := _part(row)) is not None:
            found, first = part[:2], part[2]
        if found is None or head <= last:
            continue
        left, width = found
        lettered = list(_lettered(grid, head, left, width)) if left else []
        rows = lettered or ([] if first > 1 else list(_unlettered(grid, head, left, width)))
        letters = {letter for letter, _, _ in rows}
        if not rows or (len(letters) < 2 and not lettered) or width > 24 or len(letters) > 16:
            continue
        title = _title(grid, head, last, left)
        beside = list(_beside(row, left + width, width)) if all(not name for _, _, name in rows) else []
        waves = _waves(grid, head, len(beside) + 1)
        yield Plate(head, left, width, tuple(rows), title, waves[0], first)
        for place, wave in zip(beside, waves[1:], strict=True):
            yield Plate(head, place, width, tuple(rows), title, wave, first)
        last = rows[-1][1]


def _beside(row: tuple[str, ...], behind: int, width: int) -> Iterator[int]:
    """Columns of the grids that stand beside the first, one for each wavelength (SoftMax Pro)."""
    while (found := _numbers(row, behind)) is not None and found[1] == width:
        yield found[0]
        behind = found[0] + width


def _waves(grid: Grid, head: int, count: int) -> list[str]:
    """Wavelengths of grids side by side, as the line of the plate names them; else their numbers; one has no name."""
    if count == 1:
        return [""]
    for cell in grid.rows[head - 1] if head else ():
        if re.fullmatch(r"\d{3,4}([ ,;/]+\d{3,4})+", cell) and len(re.findall(r"\d+", cell)) == count:
            return re.findall(r"\d+", cell)
    return [str(number) for number in range(1, count + 1)]


def _lettered(grid: Grid, head: int, left: int, width: int) -> Iterator[tuple[str, int, str]]:
    """Letter, row, and name of the read behind it, of rows A, B, C ... below the numbers."""
    letter = ""
    behind = not grid.cell(head, left + width)  # what stands behind the numbers' last column names the read
    for place in range(head + 1, len(grid.rows)):
        cell = grid.cell(place, left - 1).upper()
        name = grid.cell(place, left + width) if behind else ""
        following = chr(ord(letter) + 1) if letter else "A"
        if cell == following or (not letter and re.fullmatch("[A-P]", cell)):
            letter = cell
        elif letter and cell == letter and any(grid.rows[place][left : left + width]):
            pass  # a second line of the row by its letter, which `read` refuses: to end here would lose all rows below
        elif cell or not letter or not name or not any(grid.rows[place][left : left + width]):
            break
        yield letter, place, name


def _unlettered(grid: Grid, head: int, left: int, width: int) -> Iterator[tuple[str, int, str]]:
    """Rows below the numbers of a full plate without letters (SoftMax Pro: a temperature stands in the first row)."""
    count = next((rows for rows, columns in _SIZES.items() if columns == width), 0)
    corner = grid.cell(head, left - 1).casefold() if left else ""
    if not count or not ("temp" in corner or grid.cell(head - 1, 0).startswith("Plate:")):
        return
    below = [grid.rows[place] for place in range(head + 1, min(head + 1 + count, len(grid.rows)))]
    if len(below) == count and all(any(row[left : left + width]) for row in below):
        for i in range(count):
            yield chr(ord("A") + i), head + 1 + i, ""


def _title(grid: Grid, head: int, last: int, left: int) -> str:
    """Name the nearest line above that is not a setting; the corner where it says something."""
    corner = grid.cell(head, left - 1) if left else ""
    if corner and corner != "<>" and not _NO_TITLE.fullmatch(corner) and not numeric(corner):
        return corner
    for place in range(head - 1, max(last, head - 12), -1):
        cells = [cell for cell in grid.rows[place] if cell]
        if not cells:
            continue
        label = re.fullmatch(r"label:?\s*(.*)", cells[0], re.IGNORECASE)
        if label:
            return label[1] or (cells[1] if len(cells) > 1 else "")
        if cells[0].startswith("Plate:") and len(cells) > 1:
            return cells[1]
        title = cells[0]
        if not numeric(title) and not (_NO_TITLE.fullmatch(title) and not re.match(r"raw data \(", title, re.I)):
            return title.removesuffix(":")
    return ""


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read all grids: a well a row, a column for each grid (or each read that is named behind its rows)."""
    found = list(plates(grid))
    if not found:
        return None, [Fault(grid.name, "has no grid of wells (numbers 1, 2, 3 ... above, letters beside).", "")]
    columns: list[str] = []
    wells: dict[str, dict[str, str]] = {}
    lines: dict[str, int] = {}
    for plate, names in zip(found, _named(found), strict=True):
        twice = [line for line, count in Counter((r[0], r[2]) for r in plate.rows).items() if count > 1]
        if twice:
            letter, read_name = twice[0]
            what = f"row {letter} stands twice in one grid" + (f" ({read_name})." if read_name else ".")
            return None, [Fault(f"{grid.name}, row {plate.head + 1}", what, "Export each read as a grid of its own.")]
        columns += [name for name in names.values() if name not in columns]
        for letter, place, read_name in plate.rows:
            for i in range(plate.width):
                cell = grid.cell(place, plate.left + i)
                if cell:
                    well = f"{letter}{plate.first + i}"
                    wells.setdefault(well, {})[names[read_name]] = cell
                    lines.setdefault(well, place + 1)
    order = sorted(wells, key=lambda well: (well[0], int(well[1:])))
    rows = tuple(
        Row(number, {"well": well, **{c: wells[well].get(c, "") for c in columns}}, lines[well], f"well {well}")
        for number, well in enumerate(order, start=1)
    )
    if not rows:
        return None, [Fault(grid.name, "the grids of wells are empty.", "Export the values, too.")]
    last = found[-1].rows[-1][1]
    return Block(
        ("well", *columns), rows, (), (), text_of(grid.rows[: found[0].head]), text_of(grid.rows[last + 1 :])
    ), []


def _titles(plate: Plate) -> dict[str, str]:
    """Name behind the rows of a grid -> name of its column: that name, or the grid's title."""
    names = dict.fromkeys(read_name for _, _, read_name in plate.rows)
    titles = {name: name or f"{plate.title} {plate.wave}".strip() or "value" for name in names}
    return {n: next((short for word, short in _KNOWN if word in t.casefold()), t) for n, t in titles.items()}


def _named(found: Sequence[Plate]) -> list[dict[str, str]]:
    """Name the columns of all grids; names that come again are numbered, from 1: which is meant is then asked."""
    titles = [_titles(plate) for plate in found]
    counts = Counter(title for one in titles for title in one.values())
    seen: Counter[str] = Counter()
    named: list[dict[str, str]] = []
    for one in titles:
        names = {}
        for name, title in one.items():
            seen[title] += 1
            names[name] = title if counts[title] == 1 else f"{title} ({seen[title]})"
        named.append(names)
    return named


FORMAT = Format(
    name="plate",
    text="plates as grids: GloMax, BMG MARS, Gen5, SkanIt, Tecan i-control, SoftMax Pro",
    finds=lambda grid: next(plates(grid), None) is not None,
    read=read,
)
