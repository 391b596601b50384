"""Western blots: calibrators of known amount, the order of lanes."""

from __future__ import annotations

import pytest

from il6infer._tables import read_sheet
from il6infer.ingestion.assays import ASSAYS
from tests.ingestion.make import GEL

LANES = """lane,condition,time_min,STAT3,GST,actin
1,vehicle,0,1000,500,9000
2,il6_10,15,4000,800,8000
3,il6_10,60,3000,1000,9000
"""


def reading(folder, text=LANES, **keys):
    (folder / "f.csv").write_text(text)
    sheet, _ = read_sheet(folder / "f.csv", "f.csv")
    entry = {"path": "f.csv", "assay": "western_blot", "observable": "o", "batch": "b", "signal": "STAT3"}
    return ASSAYS["western_blot"].reading(sheet, ASSAYS["western_blot"].file({**entry, **keys}))


def test_a_calibrator_of_known_amount_makes_molecules_per_cell(tmp_path):
    found = reading(tmp_path, calibrator="GST", calibrator_per_cell=2e5, loading="actin")
    assert found.faults == ()
    assert [v.value for v in found.values] == pytest.approx([4e5, 1e6, 6e5])
    assert {(v.unit, v.scale) for v in found.values} == {("molecules/cell", False)}
    assert found.quality["calibrator_cv"] == pytest.approx(0.32825367, rel=1e-6)


def test_a_calibrator_without_amount_only_normalises(tmp_path):
    found = reading(tmp_path, calibrator="GST")
    assert [v.value for v in found.values] == pytest.approx([2.0, 5.0, 3.0])
    assert {(v.unit, v.scale) for v in found.values} == {("ratio", True)}


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"calibrator": "GST", "normalise": "actin"},
         "f.csv: divided by the calibrator 'GST' and by 'actin'. Take 'normalise' or 'calibrator' out of the "
         "description."),
        ({"calibrator_per_cell": 1e5},
         "f.csv: an amount (calibrator_per_cell) without the column of the calibrator. Name it: 'calibrator:'."),
        ({"calibrator": "GTS"}, "f.csv: column 'GTS' is missing."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, keys, what):
    assert str(reading(tmp_path, **keys).faults[0]).startswith(what)


@pytest.mark.parametrize(("lanes", "order"), [((1, 2, 3, 4), 1.0), ((4, 3, 2, 1), 1.0), ((3, 1, 4, 2), 0.0)])
def test_lanes_in_the_order_of_their_times_are_noticed(tmp_path, lanes, order):
    rows = [f"{lane},a,{time},{1000 + time},{500 + lane},1" for lane, time in zip(lanes, (0, 5, 15, 30), strict=True)]
    found = reading(tmp_path, "\n".join(["lane,condition,time_min,STAT3,GST,actin", *rows]) + "\n", calibrator="GST")
    assert found.quality["lane_order"] == pytest.approx(order)


def test_three_lanes_have_no_order(tmp_path):
    (tmp_path / "gel.csv").write_text(GEL)
    assert "lane_order" not in reading(tmp_path, calibrator="GST").quality


GELS = ("hep_2005_02_03_Cont40ng_T90min", "hep_2005_02_14_DoseResponse_T15min", "hep_2005_03_01_Pulse20min")


@pytest.mark.parametrize("gel", GELS)
def test_prepared_values_of_sobotta_are_a_difference_of_raw_bands(shared, gel):
    """Their pSTAT3 is total less lower phospho band: the calibrators' raw bands are printed, and not divided by."""
    sheet, found = read_sheet(shared / "data/sobotta2017/bohl" / f"{gel}.csv", gel)
    assert found == []
    rows = [[sheet.number(row[c]) for c in ("TPStat3_blu", "PPStat3_blu", "pSTAT3_wb")] for row in sheet.rows]
    assert len(rows) >= 15
    for total, lower, prepared in rows:
        assert prepared == pytest.approx(total - lower, abs=0.005 * total)
