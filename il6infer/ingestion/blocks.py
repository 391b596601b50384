"""Blocks of a table that blank lines part: a second table, of the same labels, is not replicates of the first."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Collection

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet
from il6infer.ingestion.guard import tells_places
from il6infer.ingestion.marks import numeric


def repeated(sheet: Sheet, measured: Collection[str], unnamed: Collection[str]) -> Fault | None:
    """Find a block below a blank line that has each label of one above it, and other numbers.

    People put the same samples there once more, normalised, or of another read-out; replicates they put there, too, and
    nothing in the file says which it is.

    Parameters
    ----------
    sheet
        The rows that are read.
    measured
        Columns that hold values.
    unnamed
        Those that the description does not read: numbers in them tell no samples apart, but where they count places.
    """
    if not sheet.begins:
        return None
    blocks: dict[int, list[Row]] = {}
    for row in sheet.rows:
        blocks.setdefault(bisect(sheet.begins, row.line or row.number), []).append(row)
    labels = [
        column
        for column in sheet.columns
        if column not in measured
        and (column not in unnamed or tells_places(column) or not all(numeric(row[column]) for row in sheet.rows))
    ]
    seen: dict[tuple, Row] = {}
    for rows in blocks.values():
        said = tuple(sorted(tuple(row[column] for column in labels) for row in rows))
        if len(rows) > 1 and said in seen:
            first = f"{sheet.entry} {seen[said].line or seen[said].number}"
            what = f"a second block of rows begins below a blank line, with the same labels as that from {first}."
            remedy = (
                "Another table, such as a normalised one, needs a file, or a sheet, of its own; replicates need a "
                "column 'replicate' that numbers them, or no blank line between."
            )
            return Fault(sheet.where(rows[0]), what, remedy)
        seen.setdefault(said, rows[0])
    return None
