"""What a description may say of any file: where its table is, what its columns mean, which rows are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from il6infer._errors import Fault
from il6infer._tables import Sheet, number
from il6infer.ingestion.formats import FORMATS
from il6infer.stages import genotype

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Dose:
    """How a file tells one dose: in a column, or the same in all rows; added at `time_min`, washed off at `until`."""

    species: str
    unit: str
    column: str = ""
    dose: str = ""
    time_min: float = 0.0
    until: str | float | None = None


@dataclass(frozen=True)
class Kinds:
    """Kinds of cells: the column that tells them, and cell -> columns ``knock_out`` and ``set`` of their protocol."""

    column: str = ""
    map: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _NONE)


@dataclass(frozen=True)
class ConditionOf:
    """How a file tells the condition of a row.

    Attributes
    ----------
    fixed
        The one condition of all rows.
    columns
        Columns that tell it together; empty: column ``condition``.
    names
        Cells, joined by ``, `` -> condition, None to leave the rows out; None: the cells name it themselves.
    doses
        Doses that it is made of.
    kinds
        Kinds of cells, where a column tells them beside what was done.
    """

    fixed: str = ""
    columns: tuple[str, ...] = ()
    names: Mapping[str, str | None] | None = None
    doses: tuple[Dose, ...] = ()
    kinds: Kinds = Kinds()

    @property
    def shown(self) -> str:
        """Column that messages name where a condition is at fault; empty where no single one tells it."""
        if self.fixed or self.doses:
            return ""
        return self.columns[0] if self.columns else "condition"

    @property
    def read(self) -> tuple[str, ...]:
        """Columns that are read for it."""
        ends = [dose.until for dose in self.doses if isinstance(dose.until, str)]
        return (*self.columns, *(dose.column for dose in self.doses if dose.column), *ends)


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
        How its numbers are written; None: as the file as a whole shows.
    sheet, format
        Of a workbook, and of the program that wrote the file; empty: the one that there is, that which it looks like.
    columns
        Column that is read -> what the file calls it.
    constants
        Column -> cell of all rows.
    labels
        Column -> pattern of its cells, such as ``{condition}_{time}_{replicate}``.
    layout
        What is where: a file's name, or (range, fields) pairs.
    condition
        How the condition is told.
    batch_column
        Column that tells gel or plate; empty: the file is one.
    batch_empty
        Gel or plate of rows whose cell in it is empty; empty: they are a fault.
    timed
        Whether the description says the unit of the times.
    time
        What the file calls the column of the times; empty: as the assay calls it, or the one that looks like it.
    """

    where: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NONE)
    ignore: tuple[str, ...] = ()
    decimal: str | None = None
    thousands: str | None = None
    sheet: str = ""
    format: str = ""
    columns: Mapping[str, str] = field(default_factory=lambda: _NONE)
    constants: Mapping[str, str] = field(default_factory=lambda: _NONE)
    labels: Mapping[str, str] = field(default_factory=lambda: _NONE)
    layout: str | tuple[tuple[str, Any], ...] = ()
    condition: ConditionOf = ConditionOf()
    batch_column: str = ""
    batch_empty: str = ""
    timed: bool = False
    time: str = ""


_CELL = {"type": ["string", "number", "boolean"]}
_NAME = {"type": "string", "minLength": 1}
_FIELDS = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"type": ["string", "number", "array", "null"]},
}
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
    "decimal": {
        "enum": [".", ","],
        "description": "Decimal mark of all numbers of the file; without the key, as the file as a whole shows.",
    },
    "thousands": {
        "enum": ["", ",", ".", " ", "'"],
        "description": "Separator of thousands of all numbers of the file; without the key, as the file shows.",
    },
    "sheet": {"type": ["string", "integer"], "description": "Sheet of the workbook: its name, or its number from 1."},
    "format": {"enum": list(FORMATS), "description": "Program that wrote the file, where it is not recognised."},
    "columns": {
        "type": "object",
        "minProperties": 1,
        "description": "Column that is read -> what the file calls it, such as 'pSTAT3: Adj. Volume (Int)'.",
        "additionalProperties": _NAME,
    },
    "constants": {
        "type": "object",
        "minProperties": 1,
        "description": "Column -> its cell in all rows, such as 'gene: SOCS3'.",
        "additionalProperties": _CELL,
    },
    "labels": {
        "type": "object",
        "minProperties": 1,
        "description": "Column -> pattern of its cells, such as '{condition}_{time}_{replicate}'.",
        "additionalProperties": _NAME,
    },
    "layout": {
        "type": ["string", "object"],
        "minLength": 1,
        "minProperties": 1,
        "description": "What is where: a table in the data folder, or wells, lanes or samples -> 'condition time', "
        "or fields of theirs; null leaves them out.",
        "additionalProperties": {"anyOf": [{"type": ["string", "number", "null"]}, _FIELDS]},
    },
    "condition": {
        "type": ["string", "object"],
        "description": "The one condition of all rows, or what tells it; without the key, column 'condition'.",
        "additionalProperties": False,
        "properties": {
            "column": {**_NAME, "description": "Column that tells the condition."},
            "columns": {
                "type": "array",
                "minItems": 1,
                "items": _NAME,
                "description": "Columns that tell it together; keys of the map are their cells, joined by ', '.",
            },
            "map": {
                "type": "object",
                "description": "Cell -> condition; null leaves its rows out.",
                "additionalProperties": {"type": ["string", "null"]},
            },
            "doses": {
                "type": "object",
                "minProperties": 1,
                "description": "Substance -> its dose: the conditions and the protocol are made of these.",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["unit"],
                    "properties": {
                        "column": {**_NAME, "description": "Column of the dose."},
                        "dose": {"type": "number", "minimum": 0, "description": "The dose of all rows."},
                        "unit": {"type": "string", "description": "Unit of the dose."},
                        "time_min": {"type": "number", "default": 0, "description": "When it is added [min]."},
                        "until": {
                            "type": ["number", "string"],
                            "description": "When it is washed off [min], or the column that says so.",
                        },
                    },
                },
            },
            "cells": {
                "type": "object",
                "description": "What the cells of a row are, where a column says it: genotype, knock-down, line.",
                "additionalProperties": False,
                "required": ["column", "map"],
                "properties": {
                    "column": {**_NAME, "description": "Column that tells the kind of cells."},
                    "map": {
                        "type": "object",
                        "minProperties": 1,
                        "description": "Cell -> knock_out and set, as of a condition; null: the cells of the model.",
                        "additionalProperties": {
                            "type": ["object", "null"],
                            "additionalProperties": False,
                            "properties": {name: {"$ref": f"#/$defs/{name}"} for name in genotype.COLUMNS},
                        },
                    },
                },
            },
        },
    },
}
"""JSON schema of these keys."""


def take_of(entry: Mapping[str, Any]) -> Take:
    """Freeze these keys of a valid entry of ``files``."""
    where = {
        column: tuple(map(_text, cells if isinstance(cells, list) else [cells]))
        for column, cells in entry.get("where", {}).items()
    }
    texts = {
        key: {str(k): _text(v) for k, v in entry.get(key, {}).items()} for key in ("columns", "constants", "labels")
    }
    layout = entry.get("layout", ())
    batch = entry.get("batch")
    return Take(
        MappingProxyType(where),
        tuple(entry.get("ignore", ())),
        *_marks(entry),
        sheet=str(entry.get("sheet", "")),
        format=entry.get("format", ""),
        **{key: MappingProxyType(value) for key, value in texts.items()},
        layout=layout if isinstance(layout, (str, tuple)) else tuple((str(k), v) for k, v in layout.items()),
        condition=_condition(entry.get("condition")),
        batch_column=batch["column"] if isinstance(batch, Mapping) else "",
        batch_empty=batch.get("empty", "") if isinstance(batch, Mapping) else "",
        timed="time_unit" in entry,
        time=entry.get("time", ""),
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _marks(entry: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Both marks, where one of them is said."""
    decimal, thousands = entry.get("decimal"), entry.get("thousands")
    if decimal is None and thousands is not None:
        decimal = "," if thousands == "." else "."
    return decimal, "" if decimal is not None and thousands is None else thousands


def _condition(entry: Any) -> ConditionOf:
    if entry is None:
        return ConditionOf()
    if isinstance(entry, str):
        return ConditionOf(fixed=entry)
    names = entry.get("map")
    doses = tuple(
        Dose(
            species,
            d["unit"],
            d.get("column", ""),
            _text(d.get("dose", "")),
            float(d.get("time_min", 0)),
            d.get("until"),
        )
        for species, d in entry.get("doses", {}).items()
    )
    return ConditionOf(
        columns=tuple(entry.get("columns", [entry["column"]] if "column" in entry else [])),
        names=None if names is None else {str(key): value for key, value in names.items()},
        doses=doses,
        kinds=_kinds(entry["cells"]) if "cells" in entry else Kinds(),
    )


def _kinds(entry: Mapping[str, Any]) -> Kinds:
    written = {
        str(cell): {column: genotype.written((told or {}).get(column, "")) for column in genotype.COLUMNS}
        for cell, told in entry["map"].items()
    }
    return Kinds(entry["column"], MappingProxyType(written))


def select(sheet: Sheet, take: Take) -> tuple[Sheet, list[tuple[int, str]], list[Fault]]:
    """Rows that are read.

    Returns
    -------
    tuple
        The sheet of these rows; number and reason of each row left out; and the faults: columns that are missing, or
        have none of the cells asked for.
    """
    faults = sheet.missing(take.where)
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
