"""Bytes to cells: encodings, separators, decimal marks, workbooks; the same table however it was saved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6infer.ingestion.cells import grids
from il6infer.ingestion.loading import load
from il6infer.ingestion.marks import decide
from il6infer.ingestion.taking import Take, take_of
from tests.ingestion.make import GEL, YAML, faults, read
from tests.ingestion.workbooks import Styled, ods, xlsx, zipped

ROWS = [line.split(",") for line in GEL.splitlines()]
CELLS = [[cell if not cell.isdigit() else float(cell) for cell in row] for row in ROWS]


def text_of(delimiter: str) -> str:
    return "\r\n".join(delimiter.join(row) for row in ROWS) + "\r\n"


SAVED = {
    "utf-8": GEL.encode(),
    "utf-8 with mark": GEL.encode("utf-8-sig"),
    "utf-16": GEL.encode("utf-16"),
    "utf-16 big endian": b"\xfe\xff" + GEL.encode("utf-16-be"),
    "utf-16 without mark": GEL.encode("utf-16-le"),
    "cp1252": ("gel 1, 20 µg\n" + GEL).encode("cp1252"),
    "semicolons": text_of(";").encode(),
    "tabs": text_of("\t").encode(),
    "sep line": ("sep=;\n" + text_of(";")).encode(),
    "lines around it": f"Title\nDate: 1.2.2026\n\n{GEL}\nMean,,,8750,46250,88750\nSD,,,1,1,1\nsaved by me\n".encode(),
    "empty columns": "\n".join(f",{line},," for line in GEL.splitlines()).encode(),
    "xlsx": xlsx({"Gel": CELLS}),
    "xlsx with lines above": xlsx({"Gel": [["Gel 1"], [], *CELLS]}),
    "ods": ods(CELLS),
}


@pytest.mark.parametrize("how", SAVED)
def test_a_table_is_the_same_however_it_was_saved(tmp_path, how):
    expected = read(tmp_path / "a").measurements if (tmp_path / "a").mkdir() is None else None
    (tmp_path / "b").mkdir()
    found = read(tmp_path / "b", gel=SAVED[how]).measurements
    assert expected is not None
    columns = ["observable", "condition", "time_min", "value"]
    assert found[columns].to_dict("records") == expected[columns].to_dict("records")


MARKS = [
    (["378,86", "1"], (",", "")),
    (["1.234,5", "0,5"], (",", ".")),
    (["1,234,567", "5"], (".", ",")),
    (["1,234.5"], (".", ",")),
    (["1 234 567", "3.5"], (".", " ")),
    (["1\u202f234,5"], (",", " ")),
    (["1'234.5"], (".", "'")),
    (["12.5", "3"], (".", "")),
    (["378,860"], (".", "")),
    (["12,5", "12.5"], (".", "")),
    (["vehicle", "A1", "25.11.2026", "1,2 and 3", "1.2.3"], (".", "")),
]


@pytest.mark.parametrize(("cells", "marks"), MARKS)
def test_how_numbers_are_written_is_decided_once_for_all(cells, marks):
    for program in (False, True):
        found = decide(cells, delimiter=",", program=program)
        assert (found.decimal, found.thousands) == marks


def test_a_program_writes_all_its_numbers_in_one_way():
    cells = ["378,860", "0.41"]
    assert decide(cells, delimiter=",", program=True).thousands == ","
    assert decide(cells, delimiter=",", program=False).thousands == ""


def test_programs_too_are_asked_what_points_are_but_not_of_cycles():
    assert decide(["378.860"], delimiter="\t", program=True).example == "378.860"
    assert decide(["24.809"], delimiter="\t", program=True, small=True).example == ""


def test_points_that_may_be_thousands_are_asked_for(tmp_path):
    gel = text_of(";").replace("20000", "20.000").replace("9000;", "9.000;").replace("1000;", "1.000;")
    what = "gel.csv: '1.000' and its kin: 1000, or a number with three decimals? Say 'thousands: \".\"' or "
    assert faults(tmp_path, gel=gel)[0].startswith(what)
    said = YAML.replace("path: gel.csv,", 'path: gel.csv, thousands: ".",')
    assert read(tmp_path, gel=gel, yaml=said).measurements["value"][1] == 0.5


def test_decimal_commas_of_a_german_file(tmp_path):
    gel = text_of(";").replace("20000", "2,5").replace("9000;", "1.234,5;")
    assert read(tmp_path, gel=gel).measurements["value"].tolist()[1:3] == [2.5 / 40000, 1234.5 / 45000]


def test_commas_and_points_in_one_file_are_refused(tmp_path):
    gel = text_of(";").replace("20000", "2,5").replace("9000;", "1.25;")
    assert faults(tmp_path, gel=gel) == [
        "gel.csv, row 3, column 'pSTAT3': '2,5' is not a number. Say 'decimal: \",\"' for this file."
    ]
    said = YAML.replace("path: gel.csv,", 'path: gel.csv, decimal: ",",')
    assert faults(tmp_path, gel=gel, yaml=said) == [
        "gel.csv, row 4, column 'pSTAT3': '1.25' is not a number. "
        "The numbers of the file are read with decimal ','; 'decimal:' and 'thousands:' say otherwise."
    ]


def test_numbers_of_a_workbook_beside_texts_with_commas(tmp_path):
    cells = [[*row] for row in CELLS]
    cells[2][3] = "2,5"
    cells[3][3] = 1234.5
    assert read(tmp_path, gel=xlsx({"s": cells})).measurements["value"].tolist()[1:3] == [2.5 / 40000, 1234.5 / 45000]


def test_dates_times_and_errors_of_a_workbook_are_no_numbers(tmp_path):
    cells = [[*row] for row in CELLS]
    cells[2][2] = Styled(45250.5, 1)
    cells[3][2] = Styled(0.0625, 2)
    cells[4][3] = "#DIV/0!"
    found = faults(tmp_path, gel=xlsx({"s": cells}))
    assert found[0].startswith("gel.csv, row 3, column 'time_min': '2023-11-20")
    assert found[1].startswith(
        "gel.csv, row 4, column 'time_min': '01:30:00' is not a number. Say 'time_unit: hh:mm:ss'"
    )


def test_conditions_in_merged_cells_count_for_each_row_and_numbers_do_not(tmp_path):
    rows = [[*row] for row in CELLS]
    rows[3][1] = None
    book = xlsx({"s": rows}, {"s": ["B3:B4"]})
    assert read(tmp_path, gel=book).measurements["condition"].tolist()[:4] == ["vehicle", "il6_10", "il6_10", "block"]
    rows[3][3] = None
    assert faults(tmp_path, gel=xlsx({"s": rows}, {"s": ["B3:B4", "D3:D4"]})) == [
        "gel.csv, row 4, column 'pSTAT3': 20000 stands in a merged cell: it is one value of several rows. "
        "Take the merged cell apart, and leave the cells empty that were not measured."
    ]


def test_a_header_of_two_rows_with_merged_cells_above():
    rows = [
        [None, "pSTAT3", None, "actin", None],
        ["lane", "Vol", "Bg", "Vol", "Bg"],
        [1.0, 2.0, 3.0, 4.0, 5.0],
        [2.0] * 5,
    ]
    loaded, found = load(xlsx({"s": rows}, {"s": ["B1:C1", "D1:E1"]}), "f.xlsx", Take())
    assert (found, loaded.sheet.columns) == ([], ("lane", "pSTAT3 Vol", "pSTAT3 Bg", "actin Vol", "actin Bg"))


def test_which_sheet_is_read(tmp_path):
    other = [["gene", "ct"], ["SOCS3", 20.0]]
    book = xlsx({"Notes": [["read me"]], "Gel 1": CELLS, "Gel 2": CELLS, "Old": other})
    assert faults(tmp_path, gel=book)[0] == (
        "gel.csv: 4 sheets have values ('Notes', 'Gel 1', 'Gel 2', 'Old'), and nothing says which to read. "
        "Say 'sheet: Gel 1', and list the file once for each sheet that is read."
    )
    for sheet in ("Gel 2", "gel 2", "3"):
        yaml = YAML.replace("path: gel.csv,", f"path: gel.csv, sheet: {sheet},")
        assert read(tmp_path, gel=book, yaml=yaml).measurements["value"][1] == 0.5
    yaml = YAML.replace("path: gel.csv,", "path: gel.csv, sheet: Gel,")
    assert faults(tmp_path, gel=book, yaml=yaml)[0].startswith("gel.csv: no sheet 'Gel' that has values. Did you mean")
    alone = xlsx({"Notes": [["read me"]], "Gel 1": CELLS})
    assert read(tmp_path, gel=alone).measurements["value"][1] == 0.5


def test_a_footer_and_what_stands_above_are_kept_as_text():
    loaded, _ = load(SAVED["lines around it"], "f.csv", Take())
    assert loaded.block.preamble == ("Title", "Date: 1.2.2026")
    assert loaded.block.footer == ("Mean  8750  46250  88750", "SD  1  1  1", "saved by me")


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04abc", zipped({"a.txt": "b"}), xlsx({"s": []}), b"\xd0\xcf\x11\xe0" * 9]
)
def test_what_is_no_workbook_is_refused_by_name(content):
    loaded, found = load(content, "f.xlsx", Take())
    assert loaded is None
    assert str(found[0]).startswith("f.xlsx: ")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused(content):
    loaded, found = load(content, "f", Take(), {"a", "b"})
    assert (loaded is None) == bool(found)


NUMBERS = st.floats(0.001, 1e6).map(lambda x: round(x, 3))


@given(
    st.lists(NUMBERS, min_size=2, max_size=12),
    st.sampled_from([(",", "."), (",", ""), (",", " "), (".", ","), (".", "")]),
)
def test_a_column_of_numbers_is_read_as_written_or_refused(numbers, marks):
    decimal, group = marks
    written = [f"{x:,.3f}".replace(",", "_").replace(".", decimal).replace("_", group) for x in numbers]
    content = "\n".join(["a;b", *(f"1;{cell}" for cell in written)]).encode()
    loaded, found = load(content, "f", Take(), {"a", "b"})
    if loaded is None:
        assert "thousands" in found[0].remedy
        return
    read_back = [loaded.sheet.number(row["b"]) for row in loaded.sheet.rows]
    assert all(value is None or value == pytest.approx(x) for value, x in zip(read_back, numbers, strict=True))


def test_decimal_alone_means_no_separator_of_thousands():
    assert [take_of({"thousands": "."}).decimal, take_of({"decimal": ","}).thousands] == [",", ""]
    assert take_of({}).decimal is None


def test_an_empty_file_has_no_grid():
    assert grids(b" \n\n", "f")[1][0].what == "the file is empty."


def test_a_column_called_hours_is_in_hours(tmp_path):
    yaml = YAML[: YAML.index("  - {path: gel.csv")] + YAML[YAML.index("  - path: table.csv") :]
    yaml = yaml.replace("assay: table", "assay: table\n    time: hours")
    tables = read(tmp_path, yaml=yaml, table="hours,dose,pgp130_wb,ms\n0,0,1,1\n2,40,1,1\n", protocol=TWO)
    assert sorted(set(tables.measurements["time_min"])) == [0, 120]


def test_doses_of_a_file_beside_a_german_protocol(tmp_path):
    yaml = YAML[: YAML.index("  - {path: gel.csv")] + YAML[YAML.index("  - path: table.csv") :]
    doses = "condition: {doses: {IL-6: {column: dose, unit: ng/ml}}}"
    yaml = yaml.replace("condition: {column: dose, map: {0: vehicle, 40: pulse}}", doses)
    german = "condition;time_min;action;species;dose;unit\nvehicle;0;control;;;\n"
    table = "time,dose,pgp130_wb,ms\n0,0,1,1\n5,1.125,1,1\n"
    steps = read(tmp_path, yaml=yaml, table=table, protocol=german).protocol
    assert steps["dose"].tolist()[1:] == [1.125]


TWO = "condition,time_min,action,species,dose,unit\nvehicle,0,control,,,\npulse,0,add,IL6,40,ng/ml\n"
