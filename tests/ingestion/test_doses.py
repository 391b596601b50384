"""Conditions of doses in columns: washes have their unit, take away all, and are none where the cell is empty."""

from __future__ import annotations

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.ingestion import ingest

DOSES = {
    "IL-6": {"column": "il6", "unit": "ng/ml", "until": "washed after (h)"},
    "Ruxolitinib": {"column": "rux", "unit": "nM", "time_min": -60, "until": "washed after (h)"},
}


def protocol(folder, text, doses=None, **keys):
    (folder / "f.csv").write_text(text, "utf-8")
    entry = {"path": "f.csv", "assay": "table", "time": "time", "batch": "b", "condition": {"doses": doses or DOSES}}
    entry |= {"observables": {"pSTAT3": {"column": "v", "unit": "a.u."}}, **keys}
    (folder / "d.yaml").write_text(yaml.safe_dump({"title": "t", "files": [entry]}), "utf-8")
    table = ingest(folder / "d.yaml", "d", folder).protocol
    return [(s.time_min, s.action, s.species) for s in table.itertuples()]


@pytest.mark.parametrize(
    ("header", "cell"), [("washed after (h)", "0.5"), ("washed [min]", "30"), ("washed", "30 min"), ("washed", "0,5 h")]
)
def test_a_wash_is_at_the_time_that_its_header_or_cell_says(tmp_path, header, cell):
    doses = {name: {**dose, "until": header} for name, dose in DOSES.items()}
    text = f"time;il6;rux;{header};v\n0;10;0;;1\n15;10;500;{cell};2\n"

    assert protocol(tmp_path, text, doses) == [
        (0, "add", "IL6"), (-60, "add", "ruxolitinib"), (0, "add", "IL6"), (30, "wash", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("doses", "row", "said"),
    [
        (DOSES, "15,10,0,washed", "column 'washed after (h)': 'washed' is no time of a wash: a number is expected, or "
         "nothing where none was. Correct it, or leave the row out."),
        (DOSES, "15,10,0,0", "column 'washed after (h)': IL6 is washed off at 0 min, and added at 0 min. Correct it; "
         "leave the cell empty where nothing is washed off."),
        ({**DOSES, "Ruxolitinib": {"column": "rux", "unit": "nM", "time_min": -60}}, "15,10,500,1",
         "column 'washed after (h)': IL6 is washed off at 60 min, and ruxolitinib is not: a wash takes away all that "
         "the medium holds. Give both the same 'until', or write the steps of this condition as a protocol (wash, add)."
        ),
        ({**DOSES, "Ruxolitinib": {"column": "rux", "unit": "nM", "time_min": -60}}, "15,0,500,1",
         "column 'washed after (h)': IL6 is washed off at 60 min, and ruxolitinib is not: a wash takes away all that "
         "the medium holds. Give both the same 'until', or write the steps of this condition as a protocol (wash, add)."
        ),
    ],
)  # fmt: skip
def test_a_wash_that_contradicts_the_rest_is_refused(tmp_path, doses, row, said):
    with pytest.raises(UserError) as fault:
        protocol(tmp_path, f"time,il6,rux,washed after (h),v\n0,0,0,,1\n{row},2\n", doses)

    assert f"f.csv, row 3, {said}" in str(fault.value)


@pytest.mark.parametrize(("time", "keys"), [("1", {"time_unit": "h"}), ("1 h", {})])
def test_a_wash_without_unit_beside_times_in_hours_is_asked_for(tmp_path, time, keys):
    doses = {"IL-6": {"column": "il6", "unit": "ng/ml", "until": "wash"}}
    with pytest.raises(UserError) as fault:
        protocol(tmp_path, f"time,il6,wash,v\n0,0,,1\n{time},10,0.5,2\n", doses, **keys)

    said = "f.csv, row 3, column 'wash': the unit of 0.5 is not said, and the times of the file are not plain minutes. "
    assert f"{said}Write its unit into its name, such as 'wash (min)', or into the cells ('30 min')." in str(
        fault.value
    )


IL6 = {"condition": "il6", "time_min": 0, "action": "add", "species": "IL-6", "dose": 10, "unit": "ng/ml"}
DOSED = {"doses": {"IL-6": {"column": "dose", "unit": "ng/ml"}}}


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "il6"),
        ({"condition": {"column": "condition", "map": {"il6": "il6"}}}, "il6"),
        ({"condition": DOSED}, "IL6_10_ng_ml"),
    ],
)
def test_standards_of_an_elisa_need_neither_label_nor_condition_nor_dose(tmp_path, more, name):
    standards = "".join(
        f"A{i},S {i},{c},,,{v}\n"
        for i, (c, v) in enumerate([(2000, 2.3), (500, 1.3), (125, 0.5), (31, 0.2), (0, 0.05)], 1)
    )
    (tmp_path / "e.csv").write_text(f"well,sample,conc,lot,dose,OD450\n{standards}B1,il6 2,,,10,1.0\n", "utf-8")
    entry = {"path": "e.csv", "assay": "elisa", "observable": "IL6_medium", "batch": "e1", "standard": "conc"}
    entry |= {"unit": "pg/ml", "substance": "IL6", "labels": {"sample": "{condition} {time}"}, "time_unit": "h"}
    entry |= {"ignore": ["lot"] if more.get("condition") == DOSED else ["lot", "dose"]}
    described = {"title": "t", "files": [entry | more]} | ({"protocol": [IL6]} if name == "il6" else {})
    (tmp_path / "d.yaml").write_text(yaml.safe_dump(described), "utf-8")

    [row] = ingest(tmp_path / "d.yaml", "d", tmp_path).measurements.itertuples()
    assert (row.condition, row.time_min) == (name, 120)


def test_empty_cells_are_a_condition_where_the_map_has_a_key_for_them(tmp_path):
    """Cells of two genotypes, some of which were washed: no column alone tells the condition."""
    columns = ["cells", "dose", "washed (h)"]
    told = {"columns": columns, "map": {"WT, 10, ": "il6", "WT, 10, 0.25": "washed", "KO, 10, ": "ko"}}
    steps = [{**IL6, "condition": name} for name in ("il6", "washed", "ko")]
    steps += [{"condition": "washed", "time_min": 15, "action": "wash"}]
    entry = {"path": "f.csv", "assay": "table", "time": "time", "batch": "b", "condition": told}
    entry |= {"observables": {"pSTAT3": {"column": "v", "unit": "a.u."}}}
    described = {"title": "t", "protocol": steps, "conditions": {"ko": {"knock_out": ["SOCS3"]}}, "files": [entry]}
    (tmp_path / "d.yaml").write_text(yaml.safe_dump(described), "utf-8")
    lines = "time,cells,dose,washed (h),v\n30,WT,10,,1\n30,WT,10,0.25,2\n30,KO,10,,3\n"
    (tmp_path / "f.csv").write_text(lines, "utf-8")

    rows = ingest(tmp_path / "d.yaml", "d", tmp_path).measurements.itertuples()
    assert {row.condition: row.value for row in rows} == {"il6": 1, "washed": 2, "ko": 3}

    (tmp_path / "f.csv").write_text(f"{lines}30,KO,1,,4\n30,,10,,5\n", "utf-8")
    with pytest.raises(UserError) as fault:
        ingest(tmp_path / "d.yaml", "d", tmp_path)
    said = "the cell is empty, a condition is expected. Fill it in, or give the map a key for it,"
    assert f"  - f.csv, row 5, column 'washed (h)': {said} 'KO, 1, '.\n" in str(fault.value)
    assert f"  - f.csv, row 6, column 'cells': {said} ', 10, '." in str(fault.value)


def test_each_gel_of_a_column_is_warned_of_once(tmp_path):
    rows = "".join(f"{gel},{t},vehicle,{t + 1},9\n" for gel in "ABC" for t in (0, 15))
    (tmp_path / "g.csv").write_text(f"gel,time (min),condition,pSTAT3,STAT3\n{rows}", "utf-8")
    entry = {"path": "g.csv", "assay": "western_blot", "observable": "pSTAT3", "batch": {"column": "gel"}}
    described = {"title": "t", "files": [{**entry, "signal": "pSTAT3", "normalise": "STAT3"}]}
    (tmp_path / "d.yaml").write_text(yaml.safe_dump(described), "utf-8")

    found = ingest(tmp_path / "d.yaml", "d", tmp_path).report.files
    assert [len(file.warnings) for file in found] == [1, 1, 1]
