"""What is where on a plate, a gel or in a list, said apart from the raw file: ranges, or a table of its own."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet
from il6infer.ingestion.cells import read_bytes
from il6infer.ingestion.formats.format import known_as, time_unit
from il6infer.ingestion.loading import load
from il6infer.ingestion.taking import Take

PLACES = ("well", "lane", "peak", "sample", "tube", "label", "row")
"""Columns by which a layout finds rows, in this order."""
EMPTY = frozenset({"blank", "blk", "empty", "background", "buffer", "ntc", "nrt", "leer", "-", "marker", "ladder"})
"""What people write into a layout where no sample is, in small letters."""
NOT_THERE = "not in the layout"

_WELL = re.compile(r"([A-Pa-p])0*([1-9]|1\d|2[0-4])")
_COUNT = r"\d{1,6}"
"""A place, counted: no gel, plate or list has a million, and a range of more would not end."""

_TIME = re.compile(r"(?P<condition>.*\S)[\s,@|]{1,9}(?P<time>-?\d+(?:\.\d+)?)\s*(?P<unit>s|min|h)?")

Fields = Mapping[str, str]
Places = dict[str, dict[str, Fields | str]]
"""Column -> cell -> fields of what is there, or the reason why it is left out."""


@lru_cache(maxsize=4_096)
def well_of(text: str) -> str:
    """Name of a well (``A01`` and ``a1`` are ``A1``); the text itself where it is none."""
    found = _WELL.fullmatch(text.strip())
    return f"{found[1].upper()}{found[2]}" if found else text


def _told(column: str, cell: str) -> str:
    """Cell of a column of places, as ranges write it: ``00012`` is 12."""
    if column == "well":
        return well_of(cell)
    return str(int(cell)) if cell.isascii() and cell.isdigit() else cell


def wells_between(first: str, last: str) -> list[str]:
    """Wells of the rectangle between two corners, row by row."""
    (top, left), (bottom, right) = ((ord(well[0]), int(well[1:])) for well in (well_of(first), well_of(last)))
    return [f"{chr(row)}{column}" for row in range(top, bottom + 1) for column in range(left, right + 1)]


def fields_of(text: str, controls: Collection[str] = (), sheet: Sheet | None = None) -> Fields | str:
    """Fields of ``il6_10 15`` or ``il6_10 2 h``: condition and time; the reason for what is no sample.

    Parameters
    ----------
    text
        What stands in the layout.
    controls
        Words for wells that are no samples, but that the assay reads: they are condition and sample.
    sheet
        Table of the file, in whose way the time is written.
    """
    if text.strip() in controls:
        return {"condition": text.strip(), "sample": text.strip()}
    if text.strip().casefold() in EMPTY:
        return f"layout: {text.strip()}"
    found = _TIME.fullmatch(text.strip())
    if not found:
        return {"condition": text.strip()}
    bare = found["time"] if sheet is None else sheet.written(float(found["time"]))
    return {
        "condition": found["condition"].strip(),
        "time": f"{found['time']} {found['unit']}" if found["unit"] else bare,
    }


def places_of(
    sheet: Sheet, layout: Sequence[tuple[str, Any]], controls: Collection[str] = ()
) -> tuple[Places, list[Fault]]:
    """Read what the ranges of a description say of the rows of a sheet.

    Parameters
    ----------
    sheet
        Of the raw file.
    layout
        (range of places, what is there), in the order of the description.
    controls
        Labels that mean a control.
    """
    places: Places = {}
    faults: list[Fault] = []
    for key, given in layout:
        column, cells = _cells(sheet, key)
        where = f"{sheet.name}, layout '{key}'"
        if not column:
            faults.append(Fault(where, "the file has no such place.", f"It has {_has(sheet)}."))
            continue
        if given is None:
            fields: list[Fields | str] = ["layout: left out"] * len(cells)
        elif isinstance(given, Mapping):
            fields, found = _spread(given, len(cells), where, sheet)
            faults += found
        else:
            fields = [fields_of(str(given), controls, sheet)] * len(cells)
        known = places.setdefault(column, {})
        for cell, said in zip((_told(column, cell) for cell in cells), fields, strict=True):
            before = known.get(cell, {})
            if isinstance(said, str) or isinstance(before, str):
                twice = bool(before)
            else:
                twice = any(before.get(name, value) != value for name, value in said.items())
            if twice:
                faults.append(Fault(where, f"{column} {cell} is told twice, and not the same.", "Say it once."))
            elif isinstance(said, str) or isinstance(before, str):
                known[cell] = said
            else:
                known[cell] = {**before, **said}
    return places, faults


def _cells(sheet: Sheet, key: str) -> tuple[str, list[str]]:
    """Column that a range is of, and its cells."""
    if key.casefold() == "all":
        return "row", [str(row.number) for row in sheet.rows]
    wells = re.fullmatch(r"([A-Pa-p]\d{1,3})\s*(?:[-:\u2013]\s*([A-Pa-p]\d{1,3}))?", key.strip())
    if wells and "well" in sheet.columns:
        return "well", wells_between(wells[1], wells[2] or wells[1])
    numbers = re.fullmatch(rf"(?:lanes? |rows? |peaks? )?\s*({_COUNT})\s*(?:[-:\u2013]\s*({_COUNT}))?", key.strip())
    if numbers:
        column = next((name for name in ("lane", "peak", "tube") if name in sheet.columns), "row")
        cells = [str(i) for i in range(int(numbers[1]), int(numbers[2] or numbers[1]) + 1)]
        return column, cells
    for column in (*PLACES, *sheet.columns):
        if column in sheet.columns and any(row[column].casefold() == key.casefold() for row in sheet.rows):
            return column, [key]
    return "", []


def _has(sheet: Sheet) -> str:
    columns = [column for column in PLACES if column in sheet.columns]
    if not columns:
        numbers = [row.number for row in sheet.rows] or [0]
        return f"rows {min(numbers)} to {max(numbers)}, as a spreadsheet counts, and columns {', '.join(sheet.columns)}"
    cells = list(dict.fromkeys(row[columns[0]] for row in sheet.rows))
    return f"{columns[0]} {', '.join(cells[:8])}" + (" ..." if len(cells) > 8 else "")


def _spread(given: Mapping[str, Any], count: int, where: str, sheet: Sheet) -> tuple[list[Fields | str], list[Fault]]:
    """Fields of each of `count` places: a list, or a range of numbers, is one for each of them."""
    out: list[dict[str, str]] = [{} for _ in range(count)]
    faults = []
    for name, value in given.items():
        numbers = re.fullmatch(rf"({_COUNT})-({_COUNT})", str(value)) if name in ("lane", "replicate", "tube") else None
        listed = [str(i) for i in range(int(numbers[1]), int(numbers[2]) + 1)] if numbers else value
        listed = listed if isinstance(listed, list) else [listed] * count
        cells = [sheet.written(one) if isinstance(one, float) else str(one) for one in listed]
        if len(cells) != count:
            faults.append(Fault(where, f"{len(cells)} of '{name}' for {count} places.", "Give one for each of them."))
            continue
        for fields, cell in zip(out, cells, strict=True):
            fields[name] = cell
    return list(out), faults


def read_layout(path: Path, name: str, sheet: Sheet, controls: Collection[str] = ()) -> tuple[Places, list[Fault]]:
    """Read a layout's own table: a column of places and columns of fields, or the map of a plate.

    Parameters
    ----------
    path
        File of the layout.
    name
        Of the file, for messages.
    sheet
        Of the raw file whose rows it describes.
    controls
        Labels that mean a control, even where the word is one for an empty place.
    """
    content, faults = read_bytes(path, name)
    if content is None:
        return {}, faults
    loaded, faults = load(content, name, Take(), {*PLACES, "condition", "time_min"})
    if loaded is None:
        return {}, faults
    block = loaded.sheet
    if loaded.format == "plate":
        measures = [column for column in block.columns if column != "well"]
        if len(measures) > 1:
            return {}, [Fault(name, f"{len(measures)} maps of a plate.", "A layout has one.")]
        return {"well": {row["well"]: fields_of(row[measures[0]], controls, sheet) for row in block.rows}}, []
    if loaded.format != "table":
        return {}, [Fault(name, f"looks like a file of {loaded.format}, not like a layout.", "Give the layout here.")]
    names = {column: _field(column) for column in block.columns}
    keys = [column for column in block.columns if names[column] in PLACES and names[column] in sheet.columns]
    if not keys and "row" in names.values():
        keys = [column for column in block.columns if names[column] == "row"]
    if not keys:
        what = f"has no column by which {sheet.name} can be found."
        remedy = f"It needs one of {', '.join(c for c in PLACES if c in sheet.columns) or ', '.join(sheet.columns)}."
        return {}, [Fault(name, what, remedy)]
    key = keys[0]
    others = [column for column in block.columns if column != key]
    places: dict[str, Fields | str] = {}
    for row in block.rows:
        place = _told(names[key], row[key])
        if not place:
            continue
        if place in places:
            faults.append(Fault(f"{name}, row {row.number}", f"{names[key]} {place} is told twice.", "Say it once."))
        cells = {names[c]: _cell(cell, c, block, sheet) for c in others if (cell := row.cells[c])}
        if "???" in cells.values():
            faults.append(Fault(f"{name}, row {row.number}", "??? is still to be filled in.", "Or write 'blank'."))
            continue
        words = [cells.get(c, "") for c in ("condition", "sample", "type")]
        empty = any(word.casefold() in EMPTY and word not in controls for word in words)
        places[place] = f"layout: {cells.get('condition', 'blank')}" if empty or not cells else cells
    return {names[key]: places}, faults


def _field(column: str) -> str:
    """Field that a column of a layout is; times whose column says their unit are written with it."""
    return "time" if time_unit(column) else known_as(column) or column.strip()


def _cell(cell: str, column: str, layout: Sheet, sheet: Sheet) -> str:
    """Cell of a layout's table as the file's own table would write it, a time with the unit of its column."""
    value = layout.number(cell)
    if value is None:
        return cell
    if time_unit(column):
        return f"{value:.12g} {time_unit(column)}"
    return sheet.written(value) if layout.decimal != sheet.decimal else cell


def joined(
    sheet: Sheet, places: Places, name: str, standard: str = "", others: Sequence[Row] = ()
) -> tuple[Sheet, list[tuple[int, str]], list[Fault]]:
    """Put what a layout says beside the rows of a sheet.

    Parameters
    ----------
    sheet
        Of the raw file.
    places
        Column of places -> place -> what the layout says of it.
    name
        Of the layout, for messages.
    standard
        Column of rows that need no place in a layout where they have something in it: standards of a curve.
    others
        Rows of the file that are left out already, and may have a place all the same: an omitted well.

    Returns
    -------
    tuple
        The sheet with the layout's columns, without the rows that it leaves out or does not know; these, with the
        reason; and the faults: a cell that the file has and the layout contradicts, a place that the file lacks.
    """
    faults: list[Fault] = []
    left: list[tuple[int, str]] = []
    fields = [f for cells in places.values() for said in cells.values() if not isinstance(said, str) for f in said]
    columns = tuple(dict.fromkeys((*sheet.columns, *fields)))
    rows: list[Row] = []
    at = {column: [_place(row, column) for row in sheet.rows] for column in places}
    for place, row in enumerate(sheet.rows):
        said: dict[str, str] = {}
        out, known = "", False
        for column, cells in places.items():
            found = cells.get(at[column][place])
            known = known or found is not None
            if isinstance(found, str):
                out = out or found
            elif found:
                said.update(found)
        if out or not (known or row.cells.get(standard)):
            left.append((row.number, out or NOT_THERE))
            continue
        for field, cell in said.items():
            if row.cells.get(field, "") not in ("", cell):
                what = f"'{row.cells[field]}' in the file, '{cell}' in the layout."
                faults.append(Fault(sheet.where(row, field), what, "Correct one of them."))
        own = {**row.cells, **said}
        rows.append(row.with_cells(own if tuple(own) == columns else {c: own.get(c, "") for c in columns}))
    for column, cells in places.items():
        have = {*at[column], *(_place(row, column) for row in others)}
        absent = [cell for cell in cells if cell not in have and not isinstance(cells[cell], str)]
        if absent:
            shown = ", ".join(absent[:5]) + (" ..." if len(absent) > 5 else "")
            what = f"{column} {shown} is in the layout, not in the file."
            faults.append(Fault(name, what, f"The file has {_has(sheet)}."))
    if not rows and not faults:
        faults.append(Fault(name, "no row of the file is in the layout.", f"The file has {_has(sheet)}."))
    return replace(sheet, columns=columns, rows=tuple(rows)), left, faults


def _place(row: Row, column: str) -> str:
    return str(row.number) if column == "row" and "row" not in row.cells else _told(column, row.cells.get(column, ""))
