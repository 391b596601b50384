"""How many cells a workbook would have in full: some bytes can say a table that no memory holds.

The library that reads workbooks makes room for every cell between the first and the last, and ends the process where it
gets none.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

MAX_CELLS = 20_000_000
"""Of a sheet."""

MAX_BYTES = 500_000_000
"""Of the XML that a workbook unpacks to."""

_XLSX = re.compile(rb"<(?:\w+:)?(row|c)((?:\s[^>]*)?)>")
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)(\d*)["']""")
_PLAIN, _ANY = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"'), re.compile(rb"[<:]c[\s/>]")
_ODS = re.compile(rb"<(/?)(?:\w+:)?(table-row|table-cell|covered-table-cell)((?:\s[^>]*)?)>")
_REPEATED = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["'](\d{1,18})["']""")
_VALUE = re.compile(rb"\s(?:\w+:)?(?:value|value-type|date-value|time-value|string-value|boolean-value|formula)\s*=")


def too_large(content: bytes) -> str:
    """Say what a workbook has too much of, or nothing; what is no zip of a workbook is left to who reads it.

    Parameters
    ----------
    content
        Of the file: xlsx or ods. Of old workbooks (xls) no sheet can have more than 16,777,216 cells.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
            if (size := sum(entry.file_size for entry in entries)) > MAX_BYTES:
                return f"unpacks to {size / 1e6:,.0f} MB, at most {MAX_BYTES / 1e6:,.0f} MB are read"
            for entry in entries:
                name = entry.filename.replace("\\", "/")
                if name == "xl/workbook.bin":
                    return "is a binary workbook (xlsb)"
                if re.fullmatch(r"xl/worksheets/.*\.xml", name, re.IGNORECASE):
                    cells = _cells_of_xlsx(packed.read(entry))
                elif name == "content.xml":
                    cells = max(_cells_of_ods(packed.read(entry)), default=0)
                else:
                    continue
                if cells > MAX_CELLS:
                    return f"has a sheet ({name}) of {cells:,} cells, at most {MAX_CELLS:,} are read"
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        return ""
    return ""


def _cells_of_xlsx(xml: bytes) -> int:
    """Count the cells between the first and the last that hold anything, or, if these are few, from A1 to the last."""
    plain = _PLAIN.findall(xml)
    if plain and len(plain) == len(_ANY.findall(xml)):  # as spreadsheets write them: counted without a look at each
        most = max(map(int, {row for _, row in plain})) * max(map(_column, {letters for letters, _ in plain}))
        if most <= MAX_CELLS:
            return most
    row = column = 0
    rows, columns = [0, 0], [0, 0]
    for found in _XLSX.finditer(xml):
        place = _PLACE.search(found[2])
        if found[1] == b"row":
            row, column = int(place[2][:18] or 0) if place else row + 1, 0
            continue
        column = _column(place[1]) if place and place[1] else column + 1
        own = int(place[2][:18]) if place and place[2] else row
        if found[2].endswith(b"/"):
            continue
        rows = [min(rows[0] or own, own), max(rows[1], own)]
        columns = [min(columns[0] or column, column), max(columns[1], column)]
    return (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1) if rows[1] else 0


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters[:12].upper():
        number = 26 * number + letter - 64
    return number


def _cells_of_ods(xml: bytes) -> Iterator[int]:
    """Count the cells of each sheet that are said by repeating rows and columns, those behind the last value not."""
    for sheet in re.split(rb"<(?:\w+:)?table\s", xml):
        total = times = width = filled = 0
        for found in _ODS.finditer(sheet):
            repeated = _REPEATED.search(found[3])
            count = int(repeated[1]) if repeated else 1
            if found[2] == b"table-row":
                total += times * filled
                times, width, filled = 0 if found[1] else count, 0, 0
            elif not found[1]:
                width += count
                if not found[3].endswith(b"/") or _VALUE.search(found[3]):
                    filled = width
        yield total + times * filled
