"""The two tables that ingest hands on: their columns, said once, and how every later stage reads and writes them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from il6infer._errors import Fault, raise_faults
from il6infer._files import atomic_write_text
from il6infer._tables import Row, Sheet, number, parse, sound_sheet

_SHOWN = "%.10g"
_SAME = 1e-9
"""How numbers are written, and how far, relative to itself, what is read back may then lie from one."""

NAME = r"[A-Za-z_]\w*"
"""Pattern (ASCII) of an id: of a data set, read-out, condition, gel or plate."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    kind
        ``id`` (letters, digits and _), ``text``, ``number``, ``count`` (a whole number, at least 1) or ``flag`` (true,
        false).
    what
        What it holds.
    unit
        Of its numbers; `unit` stands for the column of that name.
    empty
        Whether a cell may be empty: ``""``, or NaN for a number.
    infinite
        Whether a number may be inf.
    optional
        Whether a table may come without the column, which is then empty.
    """

    name: str
    kind: Literal["id", "text", "number", "count", "flag"]
    what: str
    unit: str = ""
    empty: bool = False
    infinite: bool = False
    optional: bool = False


MEASUREMENTS = (
    Column("dataset", "id", "name of the data set"),
    Column("observable", "id", "read-out of the model"),
    Column("condition", "id", "condition of the protocol"),
    Column("time_min", "number", "time of the measurement", "min"),
    Column("replicate", "count", "number of the replicate, within gel, condition and time"),
    Column("batch", "id", "gel or plate"),
    Column("value", "number", "what was measured", "unit"),
    Column("unit", "text", "unit of the value"),
    Column("noise", "text", "distribution of the noise"),
    Column("detection_limit", "number", "lower limit of the assay", "unit", empty=True),
    Column(
        "censored",
        "text",
        "below or above, where value is a limit that the measurement lies on that side of",
        empty=True,
    ),
    Column("error", "number", "sd that is known of this value, besides the noise of the read-out", "unit", empty=True),
    Column("assay", "text", "how it was measured"),
    Column("scale", "flag", "whether the value is known up to a factor of its gel or plate"),
    Column("scale_sd", "number", "sd of ln of the factor that a calibration leaves to its plate", empty=True),
    Column("offset", "flag", "whether it is known up to a background of its gel or plate"),
    Column("simulated", "flag", "whether it was made by a computer"),
    Column("source_file", "text", "raw file"),
    Column("source_row", "count", "row of that file, as a spreadsheet shows it"),
)
"""One value a row."""

PROTOCOL = (
    Column("condition", "id", "name of the condition"),
    Column("time_min", "number", "time of the action", "min"),
    Column("action", "text", "wash, set, add or control"),
    Column("species", "text", "what is added", empty=True),
    Column("concentration_nM", "number", "dose", "nM", empty=True),
    Column("dose", "number", "dose as it was given", "unit", empty=True),
    Column("unit", "text", "unit of the dose", empty=True),
    Column(
        "knock_out", "text", "what the cells of the condition lack, the same in all its rows", empty=True, optional=True
    ),
    Column("set", "text", "parameters that these cells have of their own", empty=True, optional=True),
)
"""One action a row."""


def adopted(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns for a PEtab problem that was not ingested: it has no files and units, and says more in words."""
    words = {"condition", "replicate", "batch", "unit", "source_file", "dose"}
    if columns is PROTOCOL:
        words.add("time_min")
    return tuple(
        replace(c, kind="text", empty=True) if c.name in words else replace(c, infinite=c.name == "time_min")
        for c in columns
    )


def names(columns: Sequence[Column]) -> tuple[str, ...]:
    """Names of columns, in order."""
    return tuple(column.name for column in columns)


def read_table(path: Path, columns: Sequence[Column], subject: str = "problem") -> pd.DataFrame:
    """Read a table of the ingest stage; text stays text, whatever it looks like.

    Parameters
    ----------
    columns
        Names and what they hold.
    subject
        What the message is about.

    Returns
    -------
    pandas.DataFrame
        `columns` in order: text as str, numbers as float (NaN where empty), counts as int, flags as bool.

    Raises
    ------
    UserError
        With every missing column and every cell that is not what its column holds.
    """
    if not path.is_file():
        raise_faults([Fault(str(path), "no such file.", "Run `il6infer ingest` first.")], subject)
    return _typed(sound_sheet(path, subject, without_rows=True), columns, subject)


def write_table(
    path: Path, table: pd.DataFrame, columns: Sequence[Column], subject: str, *, shown: str | None = _SHOWN
) -> None:
    """Write a table (UTF-8, LF), whole or not at all, once its text reads back as what it was.

    Parameters
    ----------
    shown
        Format of numbers, ten digits unless told; None: all that they have.

    Raises
    ------
    UserError
        If a row would be lost, or a cell would come back as another.
    """
    written = [_written(table[column.name], column, shown) for column in columns]
    text = _csv([names(columns), *zip(*written, strict=True)])
    if not _reads_back(written, table, columns):
        sheet, faults = parse(text, path.name, without_rows=True)
        raise_faults(faults, subject)
        if sheet is not None:
            raise_faults(_differences(table, _typed(sheet, columns, subject), columns, path.name), subject)
    atomic_write_text(path, text)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _written(cells: pd.Series, column: Column, shown: str | None) -> list[str]:
    """Texts of a column's cells; what is missing is empty."""
    if column.kind == "flag":
        return ["true" if cell else "false" for cell in cells.tolist()]
    show = repr if shown is None else shown.__mod__
    if cells.dtype == float:
        if cells.isna().all():
            return [""] * len(cells)
        return [show(cell) if cell == cell else "" for cell in cells.tolist()]  # NaN is not itself
    if cells.dtype.kind in "iu":
        return [*map(str, cells.tolist())]
    return [cell if isinstance(cell, str) else _text(cell, show) for cell in cells.tolist()]


def _text(cell: object, show: Callable[[float], str]) -> str:
    if pd.isna(cell):  # type: ignore[call-overload]
        return ""
    return show(cell) if isinstance(cell, float) else str(cell)


def _reads_back(written: Sequence[Sequence[str]], table: pd.DataFrame, columns: Sequence[Column]) -> bool:
    """Whether the texts read back as the table, each different one looked at once; where it is in doubt, no."""
    if table.empty:
        return False
    for column, texts in zip(columns, written, strict=True):
        cells = table[column.name]
        different = set() if cells.dtype == float else set(texts)
        if any(one != one.strip() for one in different):
            return False
        if cells.dtype == float:
            found = _floats(texts, column)
        elif column.kind in ("id", "text"):
            rows = [[one, column.name] for one in different]
            if [*csv.reader(io.StringIO(_csv(rows), newline=""))] != rows or ("" in different and not column.empty):
                return False
            found = texts
        else:
            found = _sound(texts, column)
        if found is None or not _all_same(cells, found, column):
            return False
    return True


def _floats(texts: Sequence[str], column: Column) -> list[float] | None:
    """Numbers of a column that was written by a format of numbers; None where one is not what the column holds."""
    found = [float(text) if text else math.nan for text in texts]
    odd = {texts[place] for place in np.flatnonzero(~np.isfinite(found)).tolist()}
    return found if odd <= ({""} if column.empty else set()) | ({"inf"} if column.infinite else set()) else None


def _typed(sheet: Sheet, columns: Sequence[Column], subject: str) -> pd.DataFrame:
    missing = sheet.missing([column.name for column in columns if not column.optional])
    raise_faults([Fault(f.where, f.what, "Run `il6infer ingest` again.") for f in missing], subject)
    faults: list[Fault] = []
    read = {column.name: _cells(sheet, column, faults) for column in columns}
    raise_faults(faults, subject)
    return pd.DataFrame({column.name: _series(read[column.name], column) for column in columns})


def _series(cells: Sequence[str | float | int | bool], column: Column) -> pd.Series:
    return pd.Series(cells, dtype={"number": float, "count": int, "flag": bool}.get(column.kind, str))


def _cells(sheet: Sheet, column: Column, faults: list[Fault]) -> list[str | float | int | bool]:
    """Cells of a column; where all are sound, without looking at each row."""
    sound = _sound([row.cells.get(column.name, "") for row in sheet.rows], column)
    return [_cell(sheet, row, column, faults) for row in sheet.rows] if sound is None else sound


def _sound(texts: Sequence[str], column: Column) -> list[Any] | None:
    """Cells of a column by their texts; None where one is at fault."""
    if column.kind in ("id", "text"):
        return [*texts] if column.empty or all(texts) else None
    if column.kind == "count":
        return [int(text) for text in texts] if all(map(str.isdecimal, texts)) else None
    if column.kind == "flag":
        known = {text: text.lower() for text in set(texts)}
        return [known[text] == "true" for text in texts] if {*known.values()} <= {"true", "false"} else None
    empty = {"": math.nan} if column.empty else {}
    values = {text: number(text) for text in set(texts)} | ({"inf": math.inf} if column.infinite else {}) | empty
    return None if None in values.values() else [values[text] for text in texts]


def _cell(sheet: Sheet, row: Row, column: Column, faults: list[Fault]) -> str | float | int | bool:
    text = row.cells.get(column.name, "")
    value = float(text) if column.infinite and text == "inf" else number(text)
    if not text and column.empty:
        return float("nan") if column.kind == "number" else ""
    if not text:
        faults.append(Fault(sheet.where(row, column.name), f"the cell is empty; expected: {column.what}."))
    elif column.kind == "flag" and text.lower() not in ("true", "false"):
        faults.append(Fault(sheet.where(row, column.name), f"'{text}' is neither true nor false."))
    elif column.kind == "number" and value is None:
        faults.append(Fault(sheet.where(row, column.name), f"'{text}' is not a number."))
    elif column.kind == "count" and not text.isdecimal():
        faults.append(Fault(sheet.where(row, column.name), f"'{text}' is not a whole number."))
    else:
        kinds = {"number": float, "count": int, "flag": lambda word: word.lower() == "true"}
        return kinds.get(column.kind, str)(text)
    return 0


def _differences(table: pd.DataFrame, again: pd.DataFrame, columns: Sequence[Column], name: str) -> list[Fault]:
    """Find what of a table is not what was read back."""
    if len(table) != len(again):
        return [Fault(name, f"{len(table)} rows were written, {len(again)} read back.", "Look for rows without text.")]
    place = "{}, row {}, column '{}'"
    return [
        Fault(place.format(name, row + 2, column.name), f"'{before}' would be read back as '{after}'.", "Rename it.")
        for column in columns
        if not _all_same(table[column.name], again[column.name].tolist(), column)
        for row, (before, after) in enumerate(zip(table[column.name], again[column.name], strict=True))
        if not _same(before, after, column)
    ]


def _all_same(before: pd.Series, after: Sequence[Any], column: Column) -> bool:
    """Whether nothing of a column changed, without a call for each cell."""
    if column.kind != "number":
        cells = before.tolist()
        return cells == [*after] if {*map(type, cells)} == {str} else [*map(str, cells)] == [*map(str, after)]
    return bool(
        np.isclose(np.asarray(after, float), before.to_numpy(float), rtol=_SAME / 2, atol=0, equal_nan=True).all()
    )


def _same(before: object, after: object, column: Column) -> bool:
    if column.kind != "number":
        return str(before) == str(after)
    one, other = float(before), float(after)  # type: ignore[arg-type]
    return one == other or (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=_SAME)
