"""A table as a spreadsheet shows it: cells as text, rows by their number, faults instead of guesses.

Every table that any stage reads is read here. A cell is its text, without the blanks around it: a condition that is
called NA, None or 01 keeps its name, where a reader that guesses types would take it for a missing value or a number.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._files import why_unreadable
from il6infer._numbers import VANISHES, vanishes

_NUMBER = re.compile(r"[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BLANKS = str.maketrans("\u00a0\u202f\u2009\u2007\u2019", "    '")
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_NAMES = {",": "CSV", "\t": "TSV"}
_WORDS = {",": "comma", "\t": "tab"}
_KINDS = {",": "CSV (UTF-8, comma-separated)", "\t": "TSV (UTF-8, tab-separated)"}


class Row(NamedTuple):
    """One row: `number` as a spreadsheet shows it (the header is row 1), and its cells by column.

    A tuple, for a table has 100,000 of them, and each is made anew with every column that is added.

    Attributes
    ----------
    line
        Row of the file, where several rows of the table stand in one (wells of a plate), and `number` counts them.
    place
        What messages call it then, such as ``well B7``.
    """

    number: int
    cells: Mapping[str, str]
    line: int = 0
    place: str = ""

    def __getitem__(self, column: str) -> str:  # type: ignore[override]
        """Text of the cell in `column`."""
        return self.cells[column]

    def with_cells(self, cells: Mapping[str, str]) -> Row:
        """Give the same row with other cells."""
        return Row(self.number, cells, self.line, self.place)


@dataclass(frozen=True)
class Sheet:
    """A table of text cells; `name` and `entry` say how messages call the table and one of its rows.

    Attributes
    ----------
    decimal, thousands
        How its numbers are written; no separator of thousands: empty.
    begins
        Rows of the file above which it has a blank line.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    entry: str = "row"
    decimal: str = "."
    thousands: str = ""
    begins: tuple[int, ...] = ()

    def number(self, text: str) -> float | None:
        """Read a cell as `number` does, with the decimal mark and the thousands separator of this table."""
        if self.decimal == "." and not self.thousands:
            return number(text)
        return _marked(text, self.decimal, self.thousands)

    def where(self, row: Row | int, column: str = "") -> str:
        """Place of a cell, e.g. ``"gel1.csv, row 7, column 'time_min'"``."""
        if isinstance(row, int) and self.placed:
            row = next((one for one in self.rows if one.number == row), row)
        place = f"{self.entry} {row}" if isinstance(row, int) else row.place or f"{self.entry} {row.number}"
        return f"{self.name}, {place}" + (f", column '{column}'" if column else "")

    def written(self, value: float) -> str:
        """Write a number as this table writes its numbers."""
        return f"{value:.12g}".replace(".", self.decimal)

    @property
    def placed(self) -> bool:
        """Whether its rows are parts of the file's rows."""
        return bool(self.rows) and self.rows[0].line > 0

    def lines(self) -> Mapping[int, int]:
        """Row -> row of the file."""
        return {row.number: row.line or row.number for row in self.rows}

    def missing(self, columns: Collection[str]) -> list[Fault]:
        """Give one fault for each of `columns` that the sheet lacks."""
        return [
            Fault(self.name, f"column '{column}' is missing.", nearest(column, self.columns))
            for column in dict.fromkeys(columns)
            if column not in self.columns
        ]


@lru_cache(maxsize=65_536)
def _marked(text: str, decimal: str, thousands: str) -> float | None:
    text = text.translate(_BLANKS) if thousands in (" ", "'") else text
    if not _pattern(decimal, thousands).fullmatch(text):
        return None
    plain = text.replace(thousands, "") if thousands else text
    return number(plain.replace(decimal, "."))


@lru_cache
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    mark, group = re.escape(decimal), re.escape(thousands)
    whole = rf"(\d+|[1-9]\d{{0,2}}(?:{group}\d{{3}})+)" if thousands else r"(\d+)"
    return re.compile(rf"[+-]?(?:{whole}(?:{mark}\d*)?|{mark}\d+)([eE][+-]?\d+)?", re.ASCII)


@lru_cache(maxsize=65_536)
def number(text: str) -> float | None:
    """Read `text` as a finite decimal number; None when it is none (``nan``, ``inf``, ``1,5``, ``1e-400``)."""
    if not _NUMBER.fullmatch(text) or vanishes(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def not_a_number(sheet: Sheet, row: Row, column: str, what: str = "") -> Fault:
    """Describe the fault of a cell that should be a number."""
    text = row[column]
    if vanishes(text.replace(sheet.decimal, ".")):
        return Fault(sheet.where(row, column), f"'{text}' {VANISHES}{what}.", "Write 0, or choose another unit.")
    found = f"'{text}' is not a number" if text else "the cell is empty, a number is expected"
    remedy = {
        "decimal": f"Write the decimal point as a point: {text.replace(',', '.')}.",
        "thousands": f"Write it without separators of thousands: {text.replace(',', '')}.",
        "either": "Thousands or decimals? Write it without separators of thousands, and decimals after a point.",
    }.get(comma(text), "")
    return Fault(sheet.where(row, column), f"{found}{what}.", remedy)


def comma(text: str) -> str:
    """Tell what the commas in a number are: ``decimal``, ``thousands``, ``either``, or empty where it has none."""
    if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text, re.ASCII):
        return "either"
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", text, re.ASCII):
        return "thousands"
    return "decimal" if text.count(",") == 1 and number(text.replace(",", ".")) is not None else ""


def repeated(sheet: Sheet, columns: Collection[str]) -> list[Fault]:
    """Give one fault for each row that repeats an earlier one in all of `columns`."""
    for column in columns:
        if _all_different([row.cells[column] for row in sheet.rows]):
            return []
    meant: list[list[str | float]] = []
    for column in columns:
        cells = [row.cells[column] for row in sheet.rows]
        meant.append(_meant(cells))
    keys = [*zip(*meant, strict=True)]
    if len(set(keys)) == len(keys):
        return []
    seen: dict[tuple[str | float, ...], int] = {}
    faults = []
    for row, key in zip(sheet.rows, keys, strict=True):
        first = seen.setdefault(key, row.number)
        if first != row.number:
            same = ", ".join(f"{column} {row[column] or '(empty)'}" for column in columns)
            what = f"duplicate of {sheet.entry} {first}" + (f" ({same})." if len(columns) <= 4 else ".")
            faults.append(Fault(sheet.where(row), what, "Remove one of the two."))
    return faults


def _all_different(cells: Sequence[str]) -> bool:
    """Whether a column tells all rows apart by itself, as that of lanes."""
    if len(set(cells)) < len(cells):
        return False
    try:
        return len(set(map(float, cells))) == len(cells)
    except ValueError:
        return len(set(map(_canonical, cells))) == len(cells)


def _meant(cells: Sequence[str]) -> list[str | float]:
    """Cells of a column by what they mean: ``1``, ``1.0`` and ``1e0`` are the same."""
    try:
        numbers = [*map(float, cells)]
    except ValueError:
        numbers = []
    if numbers and all(map(math.isfinite, numbers)) and "".join(cells).isascii() and "_" not in "".join(cells):
        return [*numbers]
    known = {cell: _canonical(cell) for cell in set(cells)}
    return [known[cell] for cell in cells]


def _canonical(text: str) -> str | float:
    value = number(text)
    return text if value is None else value


def read_sheet(
    path: Path, name: str, delimiter: str = ",", *, without_rows: bool = False, ragged: bool = False
) -> tuple[Sheet | None, list[Fault]]:
    """Read a table (UTF-8, with or without byte-order mark).

    Parameters
    ----------
    path
        The file.
    name
        How messages call it.
    delimiter
        Between cells: a comma, or a tab.
    without_rows
        Whether a header alone is a table.
    ragged
        Whether a row may leave out its last cells: they are empty.

    Returns
    -------
    tuple
        The sheet without its blank rows, and without columns that have neither name nor content, or None when nothing
        can be read; and all faults found.
    """
    save = f"Save it as {_KINDS[delimiter]}."
    try:
        if why := why_unreadable(path):
            return None, [Fault(name, why, "Check the path and the data folder.")]
        content = path.read_bytes()
    except OSError as error:
        return None, [Fault(name, f"cannot be read ({error.strerror}).", "Check the path and its permissions.")]
    if content.startswith(_WORKBOOKS):
        return None, [Fault(name, "is a workbook, not text.", save)]
    if b"\0" in content:
        return None, [
            Fault(name, "is a binary file, not text.", f"Give a {_NAMES[delimiter]} file {_KINDS[delimiter][4:]}.")
        ]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8 text: byte 0x{content[error.start]:02x} in line {line}."
        return None, [Fault(name, what, save)]
    return parse(text, name, delimiter, without_rows=without_rows, ragged=ragged)


def sound_sheet(
    path: Path, subject: str, delimiter: str = ",", *, without_rows: bool = False, ragged: bool = False
) -> Sheet:
    """Read a table without a fault.

    Raises
    ------
    UserError
        With every fault of the file, under the heading `subject`.
    """
    found, faults = read_sheet(path, path.name, delimiter, without_rows=without_rows, ragged=ragged)
    raise_faults(faults, subject)
    if found is None:
        raise UserError(f"{subject}: {path} cannot be read.")
    return found


def parse(
    text: str, name: str, delimiter: str = ",", *, without_rows: bool = False, ragged: bool = False
) -> tuple[Sheet | None, list[Fault]]:
    """Read a table from its text; as `read_sheet`."""
    save = f"Save it as {_KINDS[delimiter]}."
    try:
        cells_of = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        records = [[cell.strip() for cell in record] for record in cells_of]
    except csv.Error as error:
        return None, [Fault(name, f"is not a {_NAMES[delimiter]} file ({error}).", save)]
    numbered = [(row, cells) for row, cells in enumerate(records, start=1) if any(cells)]
    if not numbered:
        return None, [Fault(name, "the file is empty.", "It needs a header row and at least one row of values.")]
    if faults := swallowed(numbered, name, delimiter):
        return None, faults
    (head, columns), *body = _without_blank_columns(numbered, ragged=ragged)
    faults = _header_faults(name, head, columns, delimiter)
    for row, cells in body:
        if len(cells) != len(columns):
            what = f"{len(cells)} cells where the header has {len(columns)}."
            word = _WORDS[delimiter]
            few = len(cells) < len(columns)
            remedy = f"An empty cell needs its {word}, too." if few else f"A text with a {word} in it needs quotes."
            faults.append(Fault(f"{name}, row {row}", what, remedy))
    if not faults and not body and not without_rows:
        faults.append(Fault(name, "the file has a header but no rows.", "Add the measured values, or leave it out."))
    if faults:
        return None, faults
    rows = tuple(Row(row, dict(zip(columns, cells, strict=True))) for row, cells in body)
    return Sheet(name, tuple(columns), rows), []


def swallowed(rows: Iterable[tuple[int, Sequence[str]]], name: str, delimiter: str) -> list[Fault]:
    """Find cells that took in the rows below them, as after a quotation mark that nothing closes.

    Such a cell has a line break and at least all separators of one row, so that the table loses rows and stays even. A
    text of several lines with fewer is a text.

    Parameters
    ----------
    rows
        Numbers and cells of the rows.
    name
        Of the table.
    delimiter
        Between its cells.
    """
    rows = list(rows)
    widths = Counter(len(cells) for _, cells in rows if len(cells) > 1)
    least = max(widths, key=lambda width: (widths[width], width)) - 1 if widths else 1
    faults = []
    for row, cells in rows:
        for place, cell in enumerate(cells, start=1):
            if ("\n" in cell or "\r" in cell) and cell.count(delimiter) >= least:
                lines = cell.splitlines()
                begin = lines[0].split(delimiter)[0][:40]
                what = f"the text in quotation marks that begins with '{begin}' goes on over {len(lines)} lines."
                remedy = "Close the quotation mark, or remove it."
                faults.append(Fault(f"{name}, row {row}, cell {place}", what, remedy))
    return faults


def _without_blank_columns(rows: list[tuple[int, list[str]]], *, ragged: bool) -> list[tuple[int, list[str]]]:
    """Drop columns without name and content, as delimiters at the ends of lines make them; fill up ragged rows."""
    width = len(rows[0][1])
    even = []
    for number, cells in rows:
        while len(cells) > width and not cells[-1]:
            cells = cells[:-1]
        even.append((number, cells + [""] * (width - len(cells)) if ragged else cells))
    nameless = [place for place, name in enumerate(rows[0][1]) if not name]
    blank = {place for place in nameless if not any(cells[place : place + 1] != [""] for _, cells in even)}
    if not blank:
        return even
    return [(number, [cell for place, cell in enumerate(cells) if place not in blank]) for number, cells in even]


def _header_faults(name: str, head: int, columns: list[str], delimiter: str) -> list[Fault]:
    where = f"{name}, row {head}"
    for separator, called in ((";", "semicolons"), ("\t", "tabs"), (",", "commas")):
        if len(columns) == 1 and separator in columns[0]:
            return [Fault(where, f"columns are separated by {called}.", f"Save it as {_KINDS[delimiter]}.")]
    repeats = {column for column in columns if column and columns.count(column) > 1}
    faults = [Fault(where, f"column '{column}' appears twice.", "Rename or remove one.") for column in sorted(repeats)]
    if columns.count("") > 1:
        faults.append(Fault(where, "several columns have no name.", "Name or remove them."))
    return faults
