"""What a description may say of any file's cells: rows to read, columns to pass over, how numbers are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from il6infer._errors import Fault
from il6infer._tables import Sheet, number


@dataclass(frozen=True)
class Take:
    """What is taken of a file.

    Attributes
    ----------
    where
        Column -> its cells of which rows are read; numbers compare as numbers, words in any case.
    ignore
        Columns that are passed over on purpose.
    decimal, thousands
        How its numbers are written.
    """

    where: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    ignore: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""


_CELL = {"type": ["string", "number", "boolean"]}
KEYS: Mapping[str, Mapping[str, Any]] = {
    "where": {
        "type": "object",
        "description": "Column -> cell, or list of cells: only rows with these are read, the others are counted.",
        "minProperties": 1,
        "additionalProperties": {"type": ["array", "string", "number", "boolean"], "items": _CELL, "minItems": 1},
    },
    "ignore": {
        "type": "array",
        "description": "Columns that are passed over on purpose.",
        "items": {"type": "string"},
    },
    "decimal": {"enum": [".", ","], "default": ".", "description": "Decimal mark of all numbers of the file."},
    "thousands": {
        "enum": ["", ",", ".", " ", "'"],
        "default": "",
        "description": "Separator of thousands of all numbers of the file; empty where there is none.",
    },
}
"""JSON schema of these keys."""


def take_of(entry: Mapping[str, Any]) -> Take:
    """Freeze these keys of a valid entry of ``files``."""
    where = {
        column: tuple(str(cell) for cell in (cells if isinstance(cells, list) else [cells]))
        for column, cells in entry.get("where", {}).items()
    }
    given = {key: entry[key] for key in ("decimal", "thousands") if key in entry}
    return Take(MappingProxyType(where), tuple(entry.get("ignore", ())), **given)


def select(sheet: Sheet, take: Take, read: list[str]) -> tuple[Sheet, list[tuple[int, str]], list[Fault]]:
    """Rows that are read.

    Parameters
    ----------
    sheet
        All rows.
    take
        What is taken.
    read
        Columns that the assay reads.

    Returns
    -------
    tuple
        The sheet of these rows with its way to write numbers; number and reason of each row left out; and the faults:
        columns that are missing, read and ignored, or have none of the cells asked for.
    """
    sheet = replace(sheet, decimal=take.decimal, thousands=take.thousands)
    faults = sheet.missing([*read, *take.where, *take.ignore])
    if take.decimal == take.thousands:
        what = f"decimal and thousands are both '{take.decimal}'."
        faults.append(Fault(sheet.name, what, "Say how its numbers are written: two different marks."))
    both = [column for column in take.ignore if column in {*read, *take.where}]
    faults += [
        Fault(sheet.name, f"column '{c}' is read, and listed under ignore.", "Take it out of one.") for c in both
    ]
    if faults:
        return sheet, [], faults
    left: dict[int, str] = {}
    for column, cells in take.where.items():
        present = dict.fromkeys(row[column] for row in sheet.rows)
        absent = [cell for cell in cells if not any(_same(sheet, found, cell) for found in present)]
        for cell in absent:
            shown = ", ".join(f"'{found}'" for found in list(present)[:10]) + (", ..." if len(present) > 10 else "")
            faults.append(
                Fault(f"{sheet.name}, column '{column}'", f"no row has '{cell}' (where).", f"It has {shown}.")
            )
        wanted = {found for found in present if any(_same(sheet, found, cell) for cell in cells)}
        for row in sheet.rows:
            if row[column] not in wanted:
                left.setdefault(row.number, f"where: {column} is '{row[column]}'")
    kept = tuple(row for row in sheet.rows if row.number not in left)
    if not kept and not faults:
        faults.append(Fault(sheet.name, "no row is left by 'where'.", "Ask for rows that the file has."))
    return replace(sheet, rows=kept), list(left.items()), faults


def _same(sheet: Sheet, cell: str, wanted: str) -> bool:
    value = sheet.number(cell)
    return cell.casefold() == wanted.casefold() or (value is not None and value == number(wanted))
