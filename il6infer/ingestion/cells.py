"""Bytes of a file to cells: text in the encodings and with the separators that programs write, and workbooks."""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from il6infer._errors import Fault, is_panic
from il6infer._files import why_unreadable
from il6infer._once import once
from il6infer._tables import swallowed
from il6infer.ingestion.prism_file import is_prism
from il6infer.ingestion.prism_file import tables as prism_tables
from il6infer.ingestion.workbook_sizes import MAX_CELLS, too_large

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb\xbf": "utf-8"}
_BLANKS = " \t\r\n\f\v\ufeff\u00a0\u2007\u2009\u202f\u200b"
MAX_COLUMNS = 4_000
"""Of one table."""
CELL_BYTES = 10_000_000
"""Longest text of one cell."""
SAVE = "Save it as CSV, or as a workbook (xlsx, xls, ods)."


SEARCHED = 3_000
"""Rows of a file in which a header is looked for: some programs write the samples of a plate before its results."""


@lru_cache(maxsize=65_536)
def plain(name: str) -> str:
    """Name of a column as people mean it: small letters and digits, single blanks, no accents, no marks."""
    name = name.replace("\u00d1\u0082", "\u0442").replace("\u00d1\u201a", "\u0442").replace("\u1d1b", "\u0442")
    name = unicodedata.normalize("NFKD", name.casefold())
    name = "".join(letter for letter in name if not unicodedata.combining(letter))
    return re.sub(r"[^\w%#]+", " ", name.replace("_", " ")).strip()


class Typed(str):
    """A cell that a workbook holds as a number: its text has a decimal point, whatever the file's texts have."""

    __slots__ = ()


class Merged(Typed):
    """A number that stands in this cell only because the cell is merged with the one that holds it."""

    __slots__ = ()


@dataclass(frozen=True)
class Grid:
    """All cells of a text file, or of one sheet of a workbook, as text without the blanks around it.

    Attributes
    ----------
    name
        How messages call it.
    rows
        Cells by line: the first is row 1 of a spreadsheet.
    delimiter
        Between cells of a text; empty for a workbook.
    encoding
        Of a text; empty for a workbook.
    sheet
        Of the workbook; empty for a text.
    """

    name: str
    rows: tuple[tuple[str, ...], ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    sheet: str = ""

    @once
    def words(self) -> tuple[frozenset[str], ...]:
        """Cells of each row in which a header may stand, as `plain`; every format looks through them."""
        return tuple(frozenset(plain(cell) for cell in row if cell) for row in self.rows[:SEARCHED])

    def cell(self, row: int, column: int) -> str:
        """Text of a cell, empty outside the sheet; both count from 0."""
        cells = self.rows[row] if 0 <= row < len(self.rows) else ()
        return cells[column] if 0 <= column < len(cells) else ""


def read_bytes(path: Path, name: str) -> tuple[bytes | None, list[Fault]]:
    """Read a file of a data folder, or say why it cannot be read.

    A name that leads out of the folder is refused, for a description may come from somebody else. A link is followed:
    who has the folder has made it.
    """
    if os.path.isabs(name) or os.path.normpath(name).startswith(".."):
        remedy = "Put the file into the folder, or name a folder that holds all files (--folder, 'folder:')."
        return None, [Fault(name, "leads out of the data folder.", remedy)]
    try:
        if why := why_unreadable(path):
            return None, [Fault(name, why, "Check the path and the data folder.")]
        return path.read_bytes(), []
    except OSError as error:
        return None, [Fault(name, f"cannot be read ({error.strerror}).", "Check the path and its permissions.")]


def is_workbook(content: bytes) -> bool:
    """Tell whether bytes are those of a workbook (or of another zip)."""
    return content.startswith(_WORKBOOKS)


def grids(content: bytes, name: str) -> tuple[tuple[Grid, ...], list[Fault]]:
    """Cells of a file.

    Parameters
    ----------
    content
        Its bytes.
    name
        How messages call it.

    Returns
    -------
    tuple
        One grid for a text, one for each visible sheet of a workbook, or table of Prism, that is not empty; and the
        faults.
    """
    if is_workbook(content):
        return _workbook(content, name)
    if is_prism(content):
        tables, faults = prism_tables(content, name)
        return tuple(Grid(name, rows, "", "utf-8", title) for title, rows in tables.items()), faults
    text, encoding, faults = decode(content, name)
    if text is None:
        return (), faults
    if not text.strip(_BLANKS):
        return (), [Fault(name, "the file is empty.", "It needs a header row and at least one row of values.")]
    grid, faults = _text(text, encoding, name)
    return ((grid,) if grid else ()), faults


def decode(content: bytes, name: str) -> tuple[str | None, str, list[Fault]]:
    """Text of a file and its encoding: UTF-8 or UTF-16 with or without a byte-order mark, else that of Windows."""
    encoding = next((code for mark, code in _MARKS.items() if content.startswith(mark)), "")
    start = content[:4096]
    if not encoding and b"\0" in start:
        even, odd = start[::2].count(0), start[1::2].count(0)
        likely = {"utf-16-le": odd, "utf-16-be": even}
        encoding = max(likely, key=lambda code: likely[code])
        if len(start) < 8 or min(even, odd) or max(even, odd) < 0.6 * (len(start) // 2):
            return None, "", [Fault(name, "is a binary file, not text.", SAVE)]
    for code in (encoding,) if encoding else ("utf-8", "cp1252", "latin-1"):
        try:
            text = content.decode(code)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        if not encoding and code != "utf-8" and (japanese := _japanese(content)):
            return japanese, "cp932", []
        return text.lstrip("\ufeff"), code, []
    return None, "", [Fault(name, "is a binary file, not text.", SAVE)]


def _japanese(content: bytes) -> str:
    """Text of a Japanese Windows, where it is one: with kana, which in Western text would be rows of rare signs."""
    try:
        text = content.decode("cp932")
    except UnicodeDecodeError:
        return ""
    foreign = [letter for letter in text if letter > "\x7f"]
    kana = [letter for letter in foreign if "\u3041" <= letter <= "\u30fe"]
    known = [letter for letter in foreign if "\u3000" <= letter <= "\u9fff" or "\uff01" <= letter <= "\uff5e"]
    return text if len(kana) > 1 and len(known) == len(foreign) else ""


def _text(text: str, encoding: str, name: str) -> tuple[Grid | None, list[Fault]]:
    first, _, rest = text.partition("\n")
    told = re.fullmatch(r'"?sep=(.)"?\r?', first.strip(" \ufeff"), re.IGNORECASE)
    delimiter = told[1] if told else _delimiter(text)
    try:
        csv.field_size_limit(CELL_BYTES)
        plainly = "\u2212" not in text and "\u2013" not in text
        rows = [
            tuple([cell.strip(_BLANKS) for cell in row] if plainly else map(clean, row))
            for row in csv.reader(io.StringIO(("\n" + rest) if told else text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        return None, [Fault(name, f"is not a table of text ({error}).", SAVE)]
    if faults := swallowed(enumerate(rows, start=1), name, delimiter):
        return None, faults
    if (width := max(map(len, rows), default=0)) > MAX_COLUMNS:
        return None, [Fault(name, f"has {width:,} columns, more than {MAX_COLUMNS:,}.", "Give the part to be read.")]
    return Grid(name, tuple(rows), delimiter, encoding), []


def _delimiter(text: str) -> str:
    """Separator of the cells: that with the longest run of lines that have it equally often; else the commonest."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in text[:400_000].splitlines()]
    lines = [line for line in lines if line.strip()]
    best, most = ",", (0, 0)
    for delimiter in ("\t", ";", ",", "|"):
        counts = [line.count(delimiter) for line in lines]
        longest = run = 0
        for before, count in zip([-1, *counts], counts, strict=False):
            run = (run + 1 if count == before else 1) if count else 0
            longest = max(longest, run)
        score = (longest, sum(count > 0 for count in counts))
        if score > most:
            best, most = delimiter, score
    return best


def clean(cell: str) -> str:
    """Text of a cell without the blanks around it; a typographic minus before a digit is a minus."""
    cell = cell.strip(_BLANKS)
    return "-" + cell[1:] if cell[:1] in "\u2212\u2013" and cell[1:2].isdigit() else cell


def _workbook(content: bytes, name: str) -> tuple[tuple[Grid, ...], list[Fault]]:
    if why := too_large(content):
        return (), [Fault(name, f"{why}.", "Save the part to be read as a workbook of its own (xlsx, ods), or as CSV.")]
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        seen = [meta.name for meta in book.sheets_metadata if str(meta.visible).endswith("Visible")]
        sheets = [book.get_sheet_by_name(sheet) for sheet in seen]
        if wide := next((sheet.name for sheet in sheets if sheet.width > MAX_COLUMNS), None):
            what = f"sheet '{wide}' has more than {MAX_COLUMNS:,} columns."
            return (), [Fault(name, what, "Give the part to be read.")]
        if large := next((sheet.name for sheet in sheets if sheet.height * sheet.width > MAX_CELLS), None):
            return (), [Fault(name, f"sheet '{large}' has more than {MAX_CELLS:,} cells.", "Give the part to be read.")]
        found = [Grid(name, _cells(sheet), "", "", sheet.name) for sheet in sheets if sheet.height]
    except BaseException as error:
        if not isinstance(error, CalamineError) and not is_panic(error):
            raise
        return (), [
            Fault(name, f"cannot be read as a workbook ({error}).", "Open it and save it again, without password.")
        ]
    found = [grid for grid in found if any(any(row) for row in grid.rows)]
    if not found:
        return (), [Fault(name, "the workbook has no cell with a value.", "It needs a header row and rows of values.")]
    return tuple(found), []


def _cells(sheet: CalamineSheet) -> tuple[tuple[str, ...], ...]:
    texts: dict[str, str] = {}
    numbers: dict[float, str] = {}
    rows = [
        [
            (texts.get(cell) or texts.setdefault(cell, clean(cell)))
            if isinstance(cell, str)
            else (numbers.get(cell) or numbers.setdefault(cell, shown(cell)))
            if type(cell) is float
            else shown(cell)
            for cell in row
        ]
        for row in sheet.to_python(skip_empty_area=False)
    ]
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if top >= len(rows) or left >= len(rows[top]):
            continue
        text = rows[top][left]
        filler = Merged(text) if isinstance(text, Typed) else text
        for row in range(top, min(bottom, len(rows) - 1) + 1):
            for column in range(left, min(right, len(rows[row]) - 1) + 1):
                if (row, column) != (top, left):
                    rows[row][column] = filler
    return tuple(map(tuple, rows))


def shown(cell: object) -> str:
    """Text of a workbook's cell; dates and times as such, never as the number that the workbook holds for them."""
    if isinstance(cell, float):
        return Typed(str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell))
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int):
        return shown(float(cell))
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    return clean(str(cell))


def filled(row: Sequence[str]) -> int:
    """Count the cells up to the last that is not empty."""
    for place in range(len(row), 0, -1):
        if row[place - 1]:
            return place
    return 0
