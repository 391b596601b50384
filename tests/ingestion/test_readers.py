"""What each reader makes of a sound file."""

from __future__ import annotations

import math

import pytest

from il6infer._tables import parse
from il6infer.ingestion.assays import ASSAYS
from il6infer.stages.codec import encode
from tests.ingestion.make import GEL, PLATE, QPCR, TABLE, YAML, read


def values(tables, observable):
    rows = tables.measurements.query("observable == @observable")
    return list(zip(rows["condition"], rows["time_min"], rows["replicate"], rows["value"], strict=True))


def dropped(tables, path):
    return next(file["dropped"] for file in encode(tables.report.files) if file["path"] == path)


def test_western_blot_divides_by_the_total(tmp_path):
    tables = read(tmp_path)
    assert values(tables, "pSTAT3") == [
        ("vehicle", 0, 1, 0.02),
        ("il6_10", 15, 1, 0.5),
        ("il6_10", 60, 1, 0.2),
        ("block", 15, 1, 0.1),
    ]
    row = tables.measurements.iloc[1].to_dict()
    assert all(math.isnan(row.pop(column)) for column in ("detection_limit", "error", "scale_sd"))
    assert row == {
        "dataset": "test",
        "observable": "pSTAT3",
        "condition": "il6_10",
        "time_min": 15.0,
        "replicate": 1,
        "batch": "gel1",
        "value": 0.5,
        "unit": "ratio",
        "noise": "lognormal",
        "censored": "",
        "assay": "western_blot",
        "scale": True,
        "offset": True,
        "simulated": True,
        "source_file": "gel.csv",
        "source_row": 3,
    }


@pytest.mark.parametrize(
    ("keys", "unit", "expected"),
    [
        ("normalise: total_STAT3", "ratio", 0.5),
        ("loading: loading_control", "ratio", 0.25),
        ("normalise: loading_control", "ratio", 0.25),
        ("normalise: none, loading: loading_control", "a.u.", 20000),
        ("normalise: none", "a.u.", 20000),
    ],
)
def test_western_blot_normalisation(tmp_path, keys, unit, expected):
    yaml = YAML.replace("normalise: total_STAT3, loading: loading_control", keys)
    row = read(tmp_path, yaml=yaml).measurements.iloc[1]
    assert (row["value"], row["unit"]) == (expected, unit)


def test_loading_variation_is_reported(tmp_path):
    quality = read(tmp_path).report.files[0].quality
    assert quality == {"loading_cv": pytest.approx(0.096215500)}


def test_normal_noise_takes_zero(tmp_path):
    yaml = YAML.replace("loading: loading_control,", "loading: loading_control, noise: normal,")
    tables = read(tmp_path, yaml=yaml, gel=GEL.replace("9000,", "0,"))
    assert values(tables, "pSTAT3")[2] == ("il6_10", 60, 1, 0.0)


def test_luciferase_divides_by_renilla_and_numbers_wells(tmp_path):
    tables = read(tmp_path, plate="\ufeff" + PLATE.replace("\n", "\r\n"))
    assert values(tables, "luciferase") == [
        ("vehicle", 0, 1, 0.2),
        ("vehicle", 0, 2, 0.22),
        ("il6_10", 360, 1, 2.0),
    ]


def test_qpcr_averages_technical_replicates(tmp_path):
    tables = read(tmp_path)
    assert values(tables, "SOCS3_mRNA") == [
        ("vehicle", 0, 1, pytest.approx(2**-9)),
        ("il6_10", 60, 1, pytest.approx(2**-4)),
    ]
    limits = tables.measurements.query("assay == 'qpcr'")["detection_limit"]
    assert list(limits) == pytest.approx([2**-18.9, 2**-19])


def test_qpcr_keeps_technical_replicates_on_request(tmp_path):
    tables = read(tmp_path, yaml=YAML.replace("reference: HPRT", "reference: HPRT, technical: keep"))
    assert values(tables, "SOCS3_mRNA") == [
        ("vehicle", 0, 1, pytest.approx(2**-8.9)),
        ("vehicle", 0, 2, pytest.approx(2**-9.1)),
        ("il6_10", 60, 1, pytest.approx(2**-4)),
        ("il6_10", 60, 2, pytest.approx(2**-4)),
    ]


@pytest.mark.parametrize("text", ["Undetermined", "N/A", "undet", "40.00"])
def test_the_value_of_an_undetermined_target_is_a_limit(tmp_path, text):
    tables = read(tmp_path, qpcr=QPCR.replace("30.00", "39.00").replace("30.20", text))
    assert values(tables, "SOCS3_mRNA")[0] == ("vehicle", 0, 1, pytest.approx(2 ** (21.1 - 39.5)))
    assert list(tables.measurements.query("observable == 'SOCS3_mRNA'")["censored"]) == ["below", ""]
    assert dropped(tables, "qpcr.csv") == []


def test_a_well_that_never_came_up_beside_one_that_did_early_is_a_disagreement(tmp_path):
    tables = read(tmp_path, qpcr=QPCR.replace("30.20", "Undetermined"))
    assert [row[0] for row in values(tables, "SOCS3_mRNA")] == ["il6_10"]
    assert dropped(tables, "qpcr.csv")[0]["reason"] == "Ct of technical replicates more than 2 cycles apart"


def test_an_empty_ct_is_no_measurement(tmp_path):
    tables = read(tmp_path, qpcr=QPCR.replace("30.20", ""))
    assert values(tables, "SOCS3_mRNA")[0] == ("vehicle", 0, 1, pytest.approx(2**-8.9))
    assert dropped(tables, "qpcr.csv") == [
        {
            "observable": "SOCS3_mRNA",
            "reason": "the Ct is empty: not measured, for a machine says Undetermined",
            "count": 1,
            "rows": [3],
            "detection_limit": None,
            "side": "",
        }
    ]
    nothing = read(tmp_path, qpcr=QPCR.replace("30.00", "").replace("30.20", ""))
    assert [row[0] for row in values(nothing, "SOCS3_mRNA")] == ["il6_10"]


def test_sample_without_any_determined_reference_has_no_value(tmp_path):
    tables = read(tmp_path, qpcr=QPCR.replace("21.20", "Undetermined").replace("HPRT,21.00\nS1", "HPRT,\nS1"))
    assert [row[0] for row in values(tables, "SOCS3_mRNA")] == ["il6_10"]
    assert dropped(tables, "qpcr.csv") == [
        {
            "observable": "SOCS3_mRNA",
            "reason": "Ct of every reference well of the sample undetermined",
            "count": 2,
            "rows": [2, 3],
            "detection_limit": None,
            "side": "",
        }
    ]


def test_table_leaves_empty_cells_out_and_counts_them(tmp_path):
    tables = read(tmp_path)
    assert values(tables, "pgp130") == [("vehicle", 0, 1, 0.5), ("pulse", 20, 1, 2.0)]
    assert values(tables, "pSTAT3_cytoplasm") == [
        ("vehicle", 0, 1, pytest.approx(0.011)),
        ("pulse", 40, 1, pytest.approx(0.55)),
    ]
    mass = tables.measurements.query("observable == 'pSTAT3_cytoplasm'")
    assert set(zip(mass["unit"], mass["noise"], mass["scale"], strict=True)) == {("fraction", "normal", False)}
    empty = [(entry["observable"], entry["reason"], entry["rows"]) for entry in dropped(tables, "table.csv")]
    assert empty == [("pSTAT3_cytoplasm", "empty cell", [3]), ("pgp130", "empty cell", [4])]


def test_table_leaves_a_condition_out_on_request(tmp_path):
    yaml = YAML.replace("{0: vehicle, 40: pulse}", "{0: vehicle, 40: pulse, 80: null}")
    tables = read(tmp_path, yaml=yaml, table=TABLE + "20,80.0,9,9\n")
    assert len(tables.measurements) == 13
    assert dropped(tables, "table.csv")[-1]["reason"] == "condition left out by the description"


@pytest.mark.parametrize(("duplicates", "count"), [("keep", 14), ("drop", 13)])
def test_table_keeps_or_drops_equal_rows_on_request(tmp_path, duplicates, count):
    yaml = YAML.replace("batch: tab1", f"batch: tab1\n    duplicates: {duplicates}")
    tables = read(tmp_path, yaml=yaml, table=TABLE + "40,40,,55\n")
    assert len(tables.measurements) == count
    assert tables.measurements["replicate"].max() == 2


@pytest.mark.parametrize(
    "told", [{"column": "condition"}, {"columns": ["condition", "dose"], "map": {"a, 1": "low", "b, 1": "high"}}]
)
def test_equal_values_of_two_conditions_are_no_duplicates_where_the_file_names_them(told):
    """Of a file with a column `condition` that is named as such: 5 of a and 5 of b were refused as one row twice."""
    sheet, _ = parse("condition,dose,time,MFI\na,1,15,5\nb,1,15,5\na,1,15,5\n", "f.csv")
    entry = {"path": "f.csv", "assay": "table", "batch": "b", "condition": told, "ignore": ["dose"],
             "observables": {"pSTAT3": {"column": "MFI", "unit": "a.u."}}}  # fmt: skip
    found = ASSAYS["table"].reading(sheet, ASSAYS["table"].file(entry))

    assert [fault.where for fault in found.faults] == ["f.csv, row 4"]


def test_table_in_hours_of_one_condition(tmp_path):
    yaml = YAML.replace(
        "condition: {column: dose, map: {0: vehicle, 40: pulse}}",
        "condition: pulse\n    time_unit: h\n    ignore: [dose]",
    )
    tables = read(tmp_path, yaml=yaml)
    assert values(tables, "pgp130") == [("pulse", 0, 1, 0.5), ("pulse", 1200, 1, 2.0)]


def test_table_whose_cells_name_the_conditions(tmp_path):
    table = TABLE.replace("0,0,", "0,vehicle,").replace("20,40,", "20,pulse,").replace("40,40,", "40,pulse,")
    tables = read(
        tmp_path, yaml=YAML.replace("{column: dose, map: {0: vehicle, 40: pulse}}", "{column: dose}"), table=table
    )
    assert [row[0] for row in values(tables, "pgp130")] == ["vehicle", "pulse"]
