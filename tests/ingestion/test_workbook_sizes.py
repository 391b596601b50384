"""Workbooks whose cells no memory holds are refused before they are read; those that only look large are read."""

from __future__ import annotations

import pytest

from il6infer.ingestion import workbook_sizes
from il6infer.ingestion.cells import grids
from il6infer.ingestion.workbook_sizes import too_large
from tests.faults.hostile_folders import spreadsheet, workbook, zipped
from tests.ingestion.workbooks import xlsx

CELL = b'<c r="%s"><v>1</v></c>'
REPEATED = (
    '<table:table table:name="a"><table:table-row table:number-rows-repeated="{}"><table:table-cell '
    'office:value-type="float" office:value="1" table:number-columns-repeated="{}"/></table:table-row></table:table>'
)
EMPTY = (
    '<table:table-row table:number-rows-repeated="1048575"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row>"
)


def rows(*cells: bytes) -> bytes:
    """One row for each cell."""
    return workbook(b"".join(b"<row>%s</row>" % (CELL % cell) for cell in cells))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            rows(b"A1", b"XFD1048576"),
            "has a sheet (xl/worksheets/sheet1.xml) of 17,179,869,184 cells, at most 20,000,000",
        ),
        (
            workbook(b'<row r="1"><c><v>1</v></c></row><row r="900000000"><c><v>1</v></c></row>'),
            "has a sheet (xl/worksheets/sheet1.xml) of 900,000,000 cells, at most 20,000,000 are read",
        ),
        (
            spreadsheet(REPEATED.format(1_000_000, 1_000)),
            "has a sheet (content.xml) of 1,000,000,000 cells, at most 20,000,000",
        ),
        (zipped({"xl/workbook.xml": b"", "xl/workbook.bin": b""}), "is a binary workbook (xlsb)"),
    ],
    ids=["far corner", "far row", "repeated", "binary"],
)
def test_what_no_memory_holds_is_refused(content, said):
    assert too_large(content).startswith(said)
    found, faults = grids(content, "raw.xlsx")
    assert found == ()
    assert [fault.where for fault in faults] == ["raw.xlsx"]
    assert str(faults[0]).endswith("Save the part to be read as a workbook of its own (xlsx, ods), or as CSV.")


def test_what_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(workbook_sizes, "MAX_BYTES", 1_000_000)

    assert too_large(zipped({"xl/workbook.xml": bytes(2_000_000)})) == "unpacks to 2 MB, at most 1 MB are read"


def test_cells_without_a_value_to_the_end_of_a_sheet_are_none():
    """Spreadsheets write them for formats of whole rows and columns."""
    ods = REPEATED.format(2, 3).replace("</table:table>", f"{EMPTY}</table:table>")
    far = workbook(b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row>')

    assert too_large(spreadsheet(ods)) == too_large(far) == ""
    assert grids(spreadsheet(ods), "raw.ods")[0][0].rows == (("1", "1", "1"),) * 2
    assert grids(far, "raw.xlsx")[0][0].rows == (("1",),)


def test_workbooks_are_read_as_before():
    content = xlsx({"a": [["x", "y"], [1.0, "z"]]})

    assert too_large(content) == too_large(b"no workbook") == too_large(content[:100]) == ""
    assert grids(content, "raw.xlsx")[0][0].rows == (("x", "y"), ("1", "z"))
