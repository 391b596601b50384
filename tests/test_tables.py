"""Cells that are numbers, and cells that only look so."""

from __future__ import annotations

import pytest

from il6infer._tables import number, parse
from il6infer.ingestion.cells import grids


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), ("-2.5", -2.5), ("+.5", 0.5), ("3.", 3), ("1e3", 1000), ("2E-3", 0.002)]
)
def test_numbers(text, value):
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "nan", "inf", "1,5", "1_000", "1e999", "0x10", "\N{FULLWIDTH DIGIT ONE}", "1 2"])
def test_not_numbers(text):
    assert number(text) is None


ROWS = [["id", "time", "value", "note"], *([f"c{i}", str(i), f"1.{i}", f"gel {i}"] for i in range(1, 6))]


def marked(row: int, column: int, delimiter: str, closed: int) -> str:
    """Table with a quotation mark before a cell, and, where `closed`, one after the cell so many rows below."""
    rows = [list(cells) for cells in ROWS]
    rows[row][column] = '"' + rows[row][column]
    if closed:
        rows[row + closed][column] += '"'
    return "".join(delimiter.join(cells) + "\n" for cells in rows)


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_quotation_mark_takes_no_rows_in(delimiter, closed):
    """A stray one in a replicate's name took a measurement away, and the problem was called valid."""
    for row in range(1, 5 - closed):
        for column in range(4):
            sheet, faults = parse(marked(row, column, delimiter, closed), "t.tsv", delimiter, ragged=True)
            lines = closed + 1 if closed else 6 - row
            begin = ROWS[row][column]
            assert sheet is None
            assert [str(fault) for fault in faults] == [
                f"t.tsv, row {row + 1}, cell {column + 1}: the text in quotation marks that begins with '{begin}' goes "
                f"on over {lines} lines. Close the quotation mark, or remove it."
            ]


@pytest.mark.parametrize("note", ["two\nlines", "a, b\nand c", '"said"', "a,b"])
def test_a_text_of_several_lines_is_a_text(note):
    quoted = '"' + note.replace('"', '""') + '"'
    sheet, faults = parse(f"id,time,value,note\nc1,1,2,{quoted}\nc2,1,2,\n", "t.csv")

    assert faults == []
    assert [row.cells["note"] for row in sheet.rows] == [note, ""]


def test_a_raw_file_is_held_against_the_same():
    found, faults = grids(marked(2, 3, ",", 0).encode(), "gel.csv")

    assert not found
    assert [str(fault) for fault in faults] == [
        "gel.csv, row 3, cell 4: the text in quotation marks that begins with 'gel 2' goes on over 4 lines. "
        "Close the quotation mark, or remove it."
    ]
