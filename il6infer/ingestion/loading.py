"""From a file's bytes to its table: the sheet, the format, how its numbers are written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from il6infer._errors import Fault, nearest
from il6infer._tables import Sheet
from il6infer.ingestion.cells import Grid, Typed, grids
from il6infer.ingestion.formats import FORMATS, Block, Format
from il6infer.ingestion.marks import decide, in_doubt, numeric, telling
from il6infer.ingestion.taking import Take


@dataclass(frozen=True)
class Loaded:
    """The table in a file, and how it was found: `format` by name, `grid` with encoding and separators."""

    sheet: Sheet
    block: Block
    format: str
    grid: Grid


def load(content: bytes, name: str, take: Take, wanted: Collection[str] = ()) -> tuple[Loaded | None, list[Fault]]:
    """Find the table in a file.

    Parameters
    ----------
    content
        Bytes of the file.
    name
        How messages call it.
    take
        What the description says of it.
    wanted
        Columns that are read: where several sheets, or rows, could be it, these tell.

    Returns
    -------
    tuple
        The table, or None; and the faults.
    """
    for format in FORMATS.values():
        if format.unpack is not None and take.format in ("", format.name):
            grid, faults = format.unpack(content, name)
            if grid is not None or faults:
                return _read(grid, format, take, wanted) if grid else (None, faults)
    found, faults = grids(content, name)
    if faults:
        return None, faults
    grid, faults = _one_sheet(found, name, take, wanted)
    if grid is None:
        return None, faults
    format, faults = _format(grid, take, wanted)
    return (None, faults) if format is None else _read(grid, format, take, wanted)


def _one_sheet(
    found: tuple[Grid, ...], name: str, take: Take, wanted: Collection[str]
) -> tuple[Grid | None, list[Fault]]:
    names = [grid.sheet for grid in found]
    if take.sheet:
        if not names[0]:
            return None, [Fault(name, "is no workbook, and has no sheets.", "Take 'sheet:' out of the description.")]
        by_name = [grid for grid in found if grid.sheet.casefold() == take.sheet.casefold()]
        if not by_name and take.sheet.isdigit() and 0 < int(take.sheet) <= len(found):
            by_name = [found[int(take.sheet) - 1]]
        if not by_name:
            return None, [Fault(name, f"no sheet '{take.sheet}' that has values.", nearest(take.sheet, names))]
        return replace(by_name[0], name=f"{name}, sheet '{by_name[0].sheet}'"), []
    if len(found) == 1:
        return found[0], []
    likely = [grid for grid in found if _claimed(grid) or _has(grid, wanted)]
    if len(likely) == 1:
        return replace(likely[0], name=f"{name}, sheet '{likely[0].sheet}'"), []
    listed = ", ".join(f"'{sheet}'" for sheet in names)
    numbers = [sum(numeric(cell) for row in grid.rows for cell in row) for grid in found]
    remedy = f"Say 'sheet: {names[numbers.index(max(numbers))]}', and list the file once for each sheet that is read."
    return None, [Fault(name, f"{len(found)} sheets have values ({listed}), and nothing says which to read.", remedy)]


def _claimed(grid: Grid) -> list[Format]:
    return [format for format in FORMATS.values() if format.finds(grid)]


def _has(grid: Grid, wanted: Collection[str]) -> bool:
    return any(len(set(row) & set(wanted)) > 1 for row in grid.rows)


def _format(grid: Grid, take: Take, wanted: Collection[str]) -> tuple[Format | None, list[Fault]]:
    if take.format:
        return FORMATS[take.format], []
    claimed = _claimed(grid)
    if _has(grid, wanted):
        claimed = [format for format in claimed if format.program]  # the columns that are asked for stand there
    if len(claimed) > 1:
        names = " and ".join(format.name for format in claimed)
        return None, [Fault(grid.name, f"looks like {names}.", f"Say which, as in 'format: {claimed[0].name}'.")]
    return (claimed or [FORMATS["table"]])[0], []


def _read(grid: Grid, format: Format, take: Take, wanted: Collection[str]) -> tuple[Loaded | None, list[Fault]]:
    block, faults = format.read(grid, wanted)
    if block is None:
        return None, faults
    decimal, thousands = take.decimal, take.thousands
    if decimal is None:
        columns = [[row.cells.get(column, "") for row in block.rows] for column in block.columns]
        marks = decide(telling(columns), delimiter=grid.delimiter, program=format.program, small=format.small)
        faults = [*faults, *in_doubt(grid.name, marks)]
        decimal, thousands = marks.decimal, marks.thousands
    rows = block.rows
    if decimal != "." and grid.sheet:
        rows = tuple(row.with_cells({c: _with_mark(cell, decimal) for c, cell in row.cells.items()}) for row in rows)
    sheet = Sheet(grid.name, block.columns, rows, decimal=decimal, thousands=thousands or "", begins=block.begins)
    return (None, faults) if faults else (Loaded(sheet, replace(block, rows=()), format.name, grid), [])


def _with_mark(cell: str, decimal: str) -> str:
    return type(cell)(cell.replace(".", decimal)) if isinstance(cell, Typed) else cell
