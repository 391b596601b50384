"""Cells that are no plain number, wells that are none: each is counted, with the bias it leaves, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6infer._errors import UserError
from il6infer._tables import Sheet, comma, parse
from il6infer._yaml import read_yaml
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.limits import Beyond, ratio
from il6infer.ingestion.no_numbers import range_side
from tests.ingestion.make import GEL, PLATE, QPCR, TABLE, YAML, faults, read


def report(tables, path):
    return next(file for file in tables.report.files if file.path == path)


BELOW = ["<0.31", "< 5", "n.d.", "ND", "Undetermined", "not detected", "<LOD", "undet"]
ABOVE = [">60000", "OVER", "OVRFLW", "saturated", "Overflow", "SAT"]


KNOWN = {"<0.31": 0.31, "< 5": 5.0, ">60000": 60000.0}


@pytest.mark.parametrize("cell", BELOW + ABOVE)
@pytest.mark.parametrize("column", ["signal", "divisor"])
@pytest.mark.parametrize("stated", [False, True])
def test_a_cell_out_of_range_is_a_limit_or_left_out_counted_and_warned_of(tmp_path, cell, column, stated):
    old, name = ("20000", "pSTAT3") if column == "signal" else ("40000", "total_STAT3")
    keys = "batch: gel1, detection_limit: 100, saturation: 60000," if stated else "batch: gel1,"
    tables = read(tmp_path, gel=GEL.replace(old, cell), yaml=YAML.replace("batch: gel1,", keys, 1))
    file = report(tables, "gel.csv")
    side = "below" if cell in BELOW else "above"
    lies = side if column == "signal" else {"below": "above", "above": "below"}[side]
    limit = KNOWN.get(cell)
    if limit is None and stated and column == "signal":
        limit = 100.0 if side == "below" else 60000.0
    if limit is not None:
        rows = tables.measurements.query("observable == 'pSTAT3' and source_row == 3")
        assert list(rows["censored"]) == [lies]
        assert list(rows["value"]) == pytest.approx([limit / 40000 if column == "signal" else 20000 / limit])
        assert file.dropped == ()
        assert file.censored == {"pSTAT3": 1}
        assert file.warnings == (f"pSTAT3: of 1 measurements it is only known that they lie {lies} a limit.",)
        return
    assert file.values == {"pSTAT3": 3}
    assert [(d.reason, d.rows, d.side) for d in file.dropped] == [
        (f"{side} range: '{cell}' in column '{name}'", (3,), lies)
    ]
    bias, key = ("high", "detection_limit") if lies == "below" else ("low", "saturation")
    assert file.warnings == (
        f"pSTAT3: 1 cells {lies} range are left out; the mean of what is left is too {bias} for the conditions and "
        f"times that they belong to. Where their limit is known, say it ('{key}:'): they then count as {lies} it.",
    )


def test_every_assay_has_limits(tmp_path):
    tables = read(
        tmp_path,
        plate=PLATE.replace("1100", ">50000"),
        table=TABLE.replace("2.0,", "<0.2,"),
        qpcr=QPCR.replace("30.00", "Undetermined").replace("30.20", ">40"),
    )
    assert {f.path: f.censored for f in tables.report.files} == {
        "gel.csv": {}, "plate.csv": {"luciferase": 1}, "qpcr.csv": {"SOCS3_mRNA": 1}, "table.csv": {"pgp130": 1},
    }  # fmt: skip
    rows = tables.measurements[tables.measurements["censored"] != ""]
    assert list(rows["value"]) == pytest.approx([50000 / 5000, 2 ** (21.1 - 40), 0.2])
    assert list(rows["censored"]) == ["above", "below", "below"]


@pytest.mark.parametrize(
    ("signal", "divisor", "expected"),
    [
        (6.0, 2.0, (3.0, "", "")),
        (Beyond("below", 6.0, "a"), 2.0, (3.0, "below", "a")),
        (6.0, Beyond("below", 2.0, "b"), (3.0, "above", "b")),
        (Beyond("below", 6.0, "a"), Beyond("above", 2.0, "b"), (3.0, "below", "a; b")),
        (Beyond("below", 6.0, "a"), Beyond("below", 2.0, "b"), (None, "", "a; b")),
        (Beyond("above", 6.0, "a"), Beyond("above", 2.0, "b"), (None, "", "a; b")),
        (Beyond("above", None, "a"), 2.0, (None, "above", "a")),
        (6.0, Beyond("above", None, "b"), (None, "below", "b")),
    ],
)
def test_a_ratio_knows_its_side_where_both_agree(signal, divisor, expected):
    assert ratio(signal, divisor) == expected


def test_numbers_beyond_stated_limits_are_limits(tmp_path):
    keys = "batch: gel1, detection_limit: 1000, saturation: 20000,"
    tables = read(tmp_path, yaml=YAML.replace("batch: gel1,", keys, 1))
    rows = tables.measurements.query("observable == 'pSTAT3'")
    assert list(rows["censored"]) == ["below", "above", "", ""]


def test_log_normal_noise_knows_no_limit_of_zero(tmp_path):
    file = report(read(tmp_path, table=TABLE.replace("2.0,", "<0,")), "table.csv")
    assert [(d.reason, d.side) for d in file.dropped if d.side] == [
        ("below range: '<0' in column 'pgp130_wb'", "below")
    ]


def test_a_band_that_fills_the_camera_is_saturated(tmp_path):
    tables = read(tmp_path, gel=GEL.replace("20000", "65535"))
    row = tables.measurements.query("observable == 'pSTAT3' and source_row == 3").iloc[0]
    assert (row["censored"], row["value"]) == ("above", pytest.approx(65535 / 40000))


def test_elsewhere_that_is_a_number_like_others(tmp_path):
    plate, table = PLATE.replace("9000", "65535"), TABLE.replace("2.0,", "65535,")
    rows = read(tmp_path, plate=plate, table=table).measurements.query("observable in ('luciferase', 'pgp130')")
    assert set(rows["censored"]) == {""}
    assert 65535.0 in set(rows["value"])


def test_words_and_numbers_are_not_out_of_range():
    assert [range_side(text) for text in ("", "0.31", "-5", "high dose", "ndufa1", "1<2", "<", "abc")] == [""] * 8


def test_a_dead_well_is_no_value(tmp_path):
    plate = PLATE + "A4,il6_10,360,31,22\n"
    file = report(read(tmp_path, plate=plate), "plate.csv")
    assert [(d.reason, d.rows) for d in file.dropped] == [("dead well: Renilla below 0.05 of the plate's median", (5,))]
    assert file.warnings == ("1 rows are left out (dead well: Renilla below 0.05 of the plate's median).",)
    kept = YAML.replace("batch: plate1", "batch: plate1, dead_below: 0")
    assert report(read(tmp_path, plate=plate, yaml=kept), "plate.csv").values == {"luciferase": 4}


def test_wells_that_disagree_are_not_averaged(tmp_path):
    file = report(
        read(
            tmp_path, qpcr=QPCR.replace("SOCS3,25.00\nS2,il6_10,60,2,SOCS3,25.00", "SOCS3,24\nS2,il6_10,60,2,SOCS3,31")
        ),
        "qpcr.csv",
    )
    assert [(d.reason, d.rows) for d in file.dropped] == [
        ("Ct of technical replicates more than 2 cycles apart", (6, 7))
    ]
    assert file.values == {"SOCS3_mRNA": 1}
    assert file.warnings[-1] == "2 rows are left out (Ct of technical replicates more than 2 cycles apart)."


def test_a_condition_whose_wells_are_all_undetermined_is_measured_below_its_limit(tmp_path):
    vehicle_only = QPCR.replace("30.00", "Undetermined").replace("30.20", "Undetermined").replace("vehicle", "rest")
    protocol = "condition,time_min,action,species,dose,unit\nrest,0,control,,,\nil6_10,0,add,IL6,10,ng/ml\n"
    yaml = YAML[: YAML.index("  - {path: gel.csv")] + next(line for line in YAML.splitlines(True) if "qpcr.csv" in line)
    tables = read(tmp_path, qpcr=vehicle_only, protocol=protocol, yaml=yaml)
    assert report(tables, "qpcr.csv").warnings == (
        "SOCS3_mRNA: of 1 measurements it is only known that they lie below a limit.",
    )
    assert set(tables.protocol["condition"]) == {"rest", "il6_10"}


def test_bands_below_zero_are_values_of_normal_noise_only(tmp_path):
    gel, normal = GEL.replace("9000,", "-90,"), YAML.replace("offset: true}", "offset: true, noise: normal}", 1)
    file = report(read(tmp_path, gel=gel, yaml=normal), "gel.csv")
    assert file.quality["negative_bands"] == 1
    assert file.warnings == ("1 values are below zero: a background was subtracted before.",)
    assert "negative intensity -90." in faults(tmp_path, gel=gel)[0]


def gel_of(*cells: str) -> str:
    rows = [line.split(",") for line in GEL.splitlines()]
    for row, cell in zip(rows[1:], cells, strict=True):
        row[3] = f'"{cell}"'
    return "\n".join(",".join(row) for row in rows) + "\n"


BOTH = "The file has decimal commas and commas of thousands: write all its numbers in one way."
EITHER = "Thousands or decimals? Say 'decimal: \",\"' or 'thousands: \",\"' for this file."


@pytest.mark.parametrize(
    ("cells", "remedy"),
    [
        (("378,860", "1", "2", "3"), EITHER),
        (("378,860", "1.5", "2", "3"), EITHER),
        (("378,860", "0,52", "1,234,567", "3"), BOTH),
    ],
)  # fmt: skip
def test_what_a_comma_is_is_a_question_of_the_whole_file(tmp_path, cells, remedy):
    first = faults(tmp_path, gel=gel_of(*cells))[0]
    assert first == f"gel.csv, row 2, column 'pSTAT3': '378,860' is not a number. {remedy}"


@pytest.mark.parametrize(("other", "value"), [("1,234,567", 378860.0), ("0,52", 378.86), ("12,5", 378.86)])
def test_one_number_of_the_file_says_what_all_commas_are(tmp_path, other, value):
    tables = read(tmp_path, gel=gel_of("378,860", other, "2", "3"))
    assert tables.measurements["value"][0] == pytest.approx(value / 50000)


def test_decimal_and_thousands_as_the_description_says(tmp_path):
    def signal(key: str) -> float:
        yaml = YAML.replace("path: gel.csv,", f"path: gel.csv, {key},")
        return float(read(tmp_path, gel=gel_of("378,860", "1", "2", "3"), yaml=yaml).measurements["value"][0])

    assert signal('thousands: ","') == pytest.approx(378860 / 50000)
    assert signal('decimal: ","') == pytest.approx(378.860 / 50000)


@given(st.integers(0, 10**9), st.integers(0, 999), st.sampled_from([(",", "."), (".", ","), (",", " "), (".", "'")]))
def test_a_written_number_is_read_back_or_refused_never_another_one(whole, thousandths, marks):
    decimal, group = marks
    text = f"{whole:,}".replace(",", group) + decimal + f"{thousandths:03d}"
    sheet = Sheet("f", (), (), decimal=decimal, thousands=group)
    assert sheet.number(text) == pytest.approx(whole + thousandths / 1000)
    if group in ".,":
        assert Sheet("f", (), (), decimal=group, thousands=decimal).number(text) is None or whole < 1000


@pytest.mark.parametrize(
    ("text", "kind"),
    [("378,860", "either"), ("20000,5", "decimal"), ("1,234,567", "thousands"), ("0,123", "decimal"), ("a,b", "")],
)
def test_kinds_of_commas(text, kind):
    assert comma(text) == kind


def test_many_faults_of_one_kind_are_listed_ten_times_and_counted(tmp_path):
    rows = "".join(f"{i},il6_10,15,x{i},1,1\n" for i in range(5, 3005))
    with pytest.raises(UserError, match="3000 faults") as error:
        read(tmp_path, gel=GEL + rows)
    lines = str(error.value).splitlines()
    assert len(lines) == 12
    assert lines[-1] == "  - gel.csv: and 2,990 more of this kind."


@pytest.mark.parametrize("time", ["1:30", "00:15", "0:15:30"])
def test_times_of_day_are_refused(tmp_path, time):
    remedy = "Hours and minutes, or minutes and seconds? Say 'time_unit: hh:mm' or 'time_unit: mm:ss'."
    if time.count(":") == 2:
        remedy = "Say 'time_unit: hh:mm:ss' if these are hours, minutes and seconds since the stimulus."
    assert faults(tmp_path, gel=GEL.replace("15,20000", f"{time},20000")) == [
        f"gel.csv, row 3, column 'time_min': '{time}' is not a number. {remedy}"
    ]


def test_a_spreadsheets_date_is_not_minutes(tmp_path):
    assert faults(tmp_path, gel=GEL.replace("15,20000", "45250.5,20000"))[0] == (
        "gel.csv, row 3, column 'time_min': 45250.5 min is 31 days: it looks like a spreadsheet's date (2023-11-20). "
        "Write the time since the stimulus as a number."
    )


def test_time_unit_of_an_instruments_table(tmp_path):
    hours = YAML.replace("path: gel.csv,", "path: gel.csv, time_unit: h,")
    assert sorted(set(read(tmp_path, yaml=hours).measurements.query("batch == 'gel1'")["time_min"])) == [0, 900, 3600]


def test_yaml_reads_times_and_zeros_in_front_as_text(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: 1:30\nb: 010\nc: 1_000\nd: 0x10\ne: 1e-6\nf: 0\ng: -3\nh: 2.50\n", "utf-8")
    assert read_yaml(path) == {"a": "1:30", "b": "010", "c": "1_000", "d": "0x10", "e": 1e-6, "f": 0, "g": -3, "h": 2.5}


def table(unit: str, cell: str = "5.5", **keys):
    sheet, _ = parse(f"time,value\n0,{cell}\n", "f.csv")
    column = {"column": "value", "unit": unit, "noise": "normal", **keys}
    entry = {"path": "f.csv", "assay": "table", "batch": "b", "condition": "c", "observables": {"sIL6R_medium": column}}
    return ASSAYS["table"].reading(sheet, ASSAYS["table"].file(entry))


def test_read_outs_by_mass_become_nanomolar():
    assert [(v.value, v.unit) for v in table("ng/ml", substance="sIL6R").values] == [(pytest.approx(5.5 / 50), "nM")]
    assert table("pg/ml", kDa=25, substance="sIL6R").values[0].value == pytest.approx(5.5e-3 / 25)
    assert table("pM").values[0].value == pytest.approx(5.5e-3)
    assert [str(fault) for fault in table("ng/ml").faults] == [
        "f.csv: sIL6R_medium is in ng/ml, and nothing says how heavy it is. "
        "Say 'substance:' (such as sIL6R), or its molecular weight as 'kDa:'."
    ]


def test_a_fraction_above_one_is_refused():
    assert [str(fault) for fault in table("fraction", "55.7", scale=False).faults] == [
        "f.csv, row 2, column 'value': 55.7 where a fraction is at most 1. "
        "Say its unit ('unit: percent' of 0 to 100, 'unit: fraction' of 0 to 1), or 'scale: true'."
    ]
    assert table("percent", "55.7", scale=False).values[0].value == pytest.approx(0.557)


CELLS = st.one_of(
    st.floats(1, 1e5).map(lambda x: f"{x:.3f}"),
    st.sampled_from(["n.d.", "OVER", "<3", "65535", "", "x", "1,234", "12:30", "-4", "0", "Undetermined"]),
)


@given(st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["yes", "no"])), min_size=1, max_size=6))
def test_every_row_of_a_blot_ends_as_a_value_a_counted_one_or_a_fault(rows):
    text = "lane,condition,time_min,s,t,omit,spare\n"
    text += "".join(f'{i},c,{5 * i},"{s}","{t}",{omit},1\n' for i, (s, t, omit) in enumerate(rows))
    sheet, _ = parse(text, "f.csv")
    where = {"omit": max(row[2] for row in rows)}
    entry = {"path": "f.csv", "assay": "western_blot", "observable": "x", "batch": "b", "signal": "s", "where": where}
    entry["normalise"] = "t"
    found = ASSAYS["western_blot"].reading(sheet, ASSAYS["western_blot"].file(entry))
    ended = [value.row for value in found.values] + [drop.row for drop in found.dropped]
    faulty = {int(fault.where.split("row ")[1].split(",")[0]) for fault in found.faults if "row " in fault.where}
    assert len(ended) == len(set(ended))
    assert set(ended) | faulty == {row.number for row in sheet.rows}
    assert found.passed_over == ("spare",)
    assert all(value.value > 0 for value in found.values)
