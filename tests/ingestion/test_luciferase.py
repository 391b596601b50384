"""Dual luciferase: blank wells, light of firefly in the Renilla channel, technical wells."""

from __future__ import annotations

import pytest

from il6infer._tables import read_sheet
from il6infer.ingestion.assays import ASSAYS

WELLS = """well,condition,time_min,firefly,renilla,transfection
A1,vehicle,0,1180,5200,a
A2,vehicle,0,4180,5200,a
A3,il6_10,360,9180,4700,b
H1,blank,,180,200,
H2,blank,,180,200,
"""


def reading(folder, text=WELLS, **keys):
    (folder / "f.csv").write_text(text)
    sheet, _ = read_sheet(folder / "f.csv", "f.csv")
    entry = {"path": "f.csv", "assay": "luciferase", "observable": "o", "batch": "b", "ignore": ["transfection"]}
    entry = {**entry, **keys}
    if "sample" in keys:
        del entry["ignore"]
    return ASSAYS["luciferase"].reading(sheet, ASSAYS["luciferase"].file(entry))


def test_counts_of_the_blank_are_subtracted_from_both_reporters(tmp_path):
    found = reading(tmp_path, blank="blank")
    assert found.faults == ()
    assert [v.value for v in found.values] == pytest.approx([0.2, 0.8, 2.0])
    assert found.conditions == {"vehicle": 2, "il6_10": 4}
    assert found.quality["blank_share"] == pytest.approx(180 / 1180)


def test_light_of_firefly_is_taken_out_of_the_other_channel(tmp_path):
    found = reading(tmp_path, blank="blank", bleed_through=0.05)
    assert [v.value for v in found.values] == pytest.approx([1000 / 4950, 4000 / 4800, 9000 / 4050])


def test_technical_wells_make_one_value(tmp_path):
    found = reading(tmp_path, blank="blank", sample="transfection")
    assert found.faults == ()
    assert [v.value for v in found.values] == pytest.approx([0.4, 2.0])
    assert [v.rows for v in found.values] == [(2, 3), ()]
    assert found.quality["technical_cv"] == pytest.approx(0.6 / 2**0.5 / 0.5)


def test_a_well_that_is_not_above_the_blank_is_no_value(tmp_path):
    found = reading(tmp_path, WELLS.replace("1180,5200", "180,5200"), blank="blank")
    assert [v.row for v in found.values] == [3, 4]
    assert [(d.row, d.side) for d in found.dropped] == [(2, "below")]


@pytest.mark.parametrize(
    ("text", "keys", "what"),
    [
        (WELLS.replace("blank,,", "vehicle,0,"), {"blank": "blank"},
         "f.csv, column 'condition': no well's condition is 'blank' (blank). Name the blank wells."),
        (WELLS, {}, "f.csv, row 5, column 'time_min': the cell is empty, a number is expected."),
        (WELLS.replace("4700,b", "4700,a"), {"blank": "blank", "sample": "transfection"},
         "f.csv, row 4, column 'transfection': sample 'a' has another condition or time in row 2. Give each sample a "
         "name of its own."),
        (WELLS.replace("4700,b", "4700,"), {"blank": "blank", "sample": "transfection"},
         "f.csv, row 4, column 'transfection': the cell is empty, a sample is expected."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, text, keys, what):
    assert str(reading(tmp_path, text, **keys).faults[0]) == what
