"""Files in the shapes that instruments and people write, through the whole stage: values right, or refused by name."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.ingestion import ingest

CASES = Path(__file__).parents[3] / "shared" / "cases" / "ingest"
TIMES = (0, 5, 15, 30, 60, 120)
PROTOCOL = [
    {"condition": "vehicle", "time_min": 0, "action": "control"},
    {"condition": "il6_10", "time_min": 0, "action": "add", "species": "IL-6", "dose": 10, "unit": "ng/ml"},
]
BANDS = (378.86, 358.102, 418.112, 348.692, 404.306, 383.883, 355.634, 3207.138, 7837.363, 11565.106, 5574.122)
BANDS += (2719.363,)
TOTALS = (8524.348, 8057.293, 9407.523, 7845.578, 9096.881, 8637.36, 7806.597, 9020.076, 7751.238, 8820.843, 7838.61)
TOTALS += (7894.925,)
PLACES = [(condition, time) for condition in ("vehicle", "il6_10") for time in TIMES]
LANES = {"condition": ["vehicle"] * 6 + ["il6_10"] * 6, "time": list(TIMES) * 2}
BLOT = {"assay": "western_blot", "observable": "pSTAT3", "batch": "gel", "signal": "pSTAT3", "normalise": "total_STAT3"}


def read(folder: Path, *entries: dict, protocol=PROTOCOL):
    (folder / "d.yaml").write_text(
        yaml.safe_dump({"title": "t", **({"protocol": protocol} if protocol else {}), "files": list(entries)})
    )
    return ingest(folder / "d.yaml", "d", CASES)


@pytest.fixture(autouse=True)
def _cases_are_there():
    if not CASES.is_dir():
        pytest.skip("the folder of made-up instrument files (shared/cases/ingest) is not beside this clone")


def values(tables):
    rows = tables.measurements
    return {(c, t): v for c, t, v in zip(rows["condition"], rows["time_min"], rows["value"], strict=True)}


def refused(folder: Path, *entries: dict, **more) -> str:
    with pytest.raises(UserError) as error:
        read(folder, *entries, **more)
    return str(error.value)


RATIO = {place: band / total for place, band, total in zip(PLACES, BANDS, TOTALS, strict=True)}
WHOLE = {
    "wb_case.csv": {},
    "wb_comment.csv": {},
    "wb_footer.csv": {},
    "wb_hhmm.csv": {"time_unit": "hh:mm"},
    "wb_hours.csv": {"time_unit": "h"},
    "wb_latin1.csv": {},
    "wb_semicolon.csv": {},
    "wb_trailing.csv": {},
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_blot_however_its_table_is_written(tmp_path, name):
    found = values(read(tmp_path, {**BLOT, "path": name, "ignore": ["loading"], **WHOLE[name]}))
    assert {place: pytest.approx(v, rel=1e-4) for place, v in found.items()} == RATIO


def test_a_unit_that_contradicts_the_header_is_taken_and_told(tmp_path):
    entry = {**BLOT, "path": "wb_case.csv", "time_unit": "h", "ignore": ["loading"]}
    tables = read(tmp_path, entry)
    assert sorted(set(tables.measurements["time_min"])) == [0, 300, 900, 1800, 3600, 7200]
    assert tables.report.files[0].warnings == ("times: the file's header says min, the description h, which is taken.",)


def test_thousands_are_thousands(tmp_path):
    found = values(read(tmp_path, {**BLOT, "path": "wb_thousand.csv", "normalise": "none"}))
    assert found == {place: pytest.approx(round(1000 * band)) for place, band in zip(PLACES, BANDS, strict=True)}


@pytest.mark.parametrize(
    ("name", "place", "side"),
    [
        ("wb_missing.csv", ("vehicle", 60), ""),
        ("wb_nd.csv", ("vehicle", 0), "below"),
    ],
)
def test_a_lane_without_a_number_is_left_out_and_counted(tmp_path, name, place, side):
    tables = read(tmp_path, {**BLOT, "path": name})
    assert values(tables) == {p: pytest.approx(v) for p, v in RATIO.items() if p != place}
    (drop,) = tables.report.files[0].dropped
    assert (drop.count, drop.side) == (1, side)


def test_of_a_band_that_fills_the_camera_only_a_limit_is_known(tmp_path):
    tables = read(tmp_path, {**BLOT, "path": "wb_sat.csv"})
    limit = 65535 / TOTALS[PLACES.index(("il6_10", 30))]
    assert values(tables) == {p: pytest.approx(limit if p == ("il6_10", 30) else v) for p, v in RATIO.items()}
    censored = tables.measurements.query("censored != ''")
    assert list(zip(censored["condition"], censored["time_min"], censored["censored"], strict=True)) == [
        ("il6_10", 30, "above")
    ]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("wb_hhmm.csv", "Hours and minutes, or minutes and seconds? Say 'time_unit: hh:mm' or 'time_unit: mm:ss'."),
        (
            "wb_hours.csv",
            "0.0833333 min is 5 min in hours, to the last digit. Say 'time_unit: h', or 'time_unit: min' if",
        ),
        ("wb_two_gels.csv", "duplicate of row 2 (lane 1)"),
        ("wb_two_gels_lane.csv", "List the file once for each, as in 'where: {gel: [g1]}', with a batch of its own"),
    ],
)
def test_what_a_file_cannot_say_is_asked_for(tmp_path, name, what):
    assert what in refused(tmp_path, {**BLOT, "path": name})


@pytest.mark.parametrize("name", ["wb_two_gels.csv", "wb_two_gels_lane.csv"])
def test_gels_of_one_file_are_batches(tmp_path, name):
    rows = read(tmp_path, {**BLOT, "path": name, "batch": {"column": "gel"}, "normalise": "none"}).measurements
    assert list(rows.groupby("batch").size().items()) == [("g1", 12), ("g2", 12)]
    assert rows.query("batch == 'g2' and condition == 'il6_10' and time_min == 30")["value"].tolist() == [84425.27]
    assert set(rows["replicate"]) == {1}


def test_bands_of_imagej_with_a_layout(tmp_path):
    layout = {
        f"{first}-{first + 11}": {"band": band, "lane": "1-12", **LANES}
        for first, band in ((1, "pSTAT3"), (13, "total_STAT3"), (25, "actin"))
    }
    tables = read(tmp_path, {**BLOT, "path": "imagej_Results.csv", "layout": layout, "ignore": ["actin"]})
    assert values(tables) == {place: pytest.approx(v) for place, v in RATIO.items()}
    assert tables.report.files[0].rows == 36


def test_labels_of_imagej_say_what_lane_it_is(tmp_path):
    entry = {
        **BLOT,
        "path": "imagej_measure.csv",
        "labels": {"label": "{band}.tif:{condition} {time}"},
        "normalise": "none",
    }
    assert values(read(tmp_path, entry)) == {p: pytest.approx(b) for p, b in zip(PLACES, BANDS, strict=True)}


def test_image_lab_with_a_layout(tmp_path):
    entry = {**BLOT, "path": "imagelab_long.csv", "layout": {"1-12": LANES}, "normalise": "none"}
    expected = {place: pytest.approx(round(1000 * band)) for place, band in zip(PLACES, BANDS, strict=True)}
    assert values(read(tmp_path, entry)) == expected
    raw = {**entry, "signal": "pSTAT3 Volume (Int)"}
    assert values(read(tmp_path, raw))["vehicle", 0] == 428860


def test_image_studio_with_a_layout(tmp_path):
    layout = {f"{i:05d}": f"{c} {t}" for i, (c, t) in enumerate(PLACES, start=1)}
    entry = {**BLOT, "path": "imagestudio.txt", "signal": "800", "normalise": "700", "layout": layout}
    assert "negative intensity -35.20. Export intensities without subtraction of a background" in refused(
        tmp_path, entry
    )
    found = values(read(tmp_path, {**entry, "signal": "800 Total", "normalise": "700 Total"}))
    assert found["vehicle", 0] == pytest.approx(1578.9 / 15407.2)
    assert found["il6_10", 30] == pytest.approx(12765.1 / 15901.4)
    assert len(found) == 12


@pytest.mark.parametrize(
    ("name", "measures"), [("glomax.csv", {}), ("bmg_mars.csv", {"firefly": "Raw Data (No filter)"})]
)
def test_plates_with_a_layout(tmp_path, name, measures):
    layout = {"A1-A3": "vehicle 0", "A4-A6": {"condition": "il6_10", "time": 360}, "H10-H12": "blank"}
    entry = {"path": name, "layout": layout, "batch": "p"}
    if measures:
        entry |= {"assay": "table", "time": "time", "time_unit": "min"}
        entry["observables"] = {"luciferase": {"column": measures["firefly"], "unit": "a.u."}}
        expected = [12556, 30896, 15389, 31733, 63614, 27782]
    else:
        entry |= {"assay": "luciferase", "observable": "luciferase"}
        expected = [60829 / 53429, 39740 / 54175, 81817 / 54294, 11594 / 53658, 17475 / 15570, 69100 / 65114]
    tables = read(tmp_path, entry)
    assert tables.measurements["value"].tolist() == pytest.approx(expected)
    assert tables.measurements["condition"].tolist() == ["vehicle"] * 3 + ["il6_10"] * 3
    reasons = {drop.reason: drop.count for drop in tables.report.files[0].dropped}
    assert reasons == {"layout: blank": 3, "not in the layout": 87}


def test_luciferase_blanks_and_overflows(tmp_path):
    entry = {"assay": "luciferase", "observable": "luciferase", "batch": "p"}
    blank = {**entry, "path": "luc_blank.csv", "where": {"condition": ["vehicle", "il6_10"]}}
    assert len(read(tmp_path, blank).measurements) == 36
    assert "condition 'blank' is not in the protocol" in refused(tmp_path, {**entry, "path": "luc_blank.csv"})
    over = read(tmp_path, {**entry, "path": "luc_overflow.csv"})
    assert [(d.reason, d.side) for d in over.report.files[0].dropped] == [
        ("above range: 'OVER' in column 'firefly'", "above")
    ]


QPCR = {"assay": "qpcr", "observable": "SOCS3_mRNA", "batch": "q", "target": "SOCS3", "reference": "HPRT"}


def test_cfx_tells_the_condition_by_its_sets(tmp_path):
    tables = read(tmp_path, {**QPCR, "path": "cfx.csv", "labels": {"set": "{condition}_{time}"}})
    rows = tables.measurements
    first = rows.query("condition == 'vehicle' and time_min == 0")["value"].tolist()
    assert first[0] == pytest.approx(2 ** (21.177 - (24.809 + 24.710) / 2))
    assert first[1] == pytest.approx(2 ** ((21.153 + 21.246) / 2 - (24.809 + 24.685) / 2))
    assert set(rows["condition"]) == {"vehicle", "il6_10"}


def test_quantstudio_leaves_out_what_the_program_leaves_out(tmp_path):
    tables = read(
        tmp_path, {**QPCR, "path": "quantstudio.txt", "labels": {"sample": "{condition}_{time}_{replicate_of}"}}
    )
    reasons = {drop.reason: drop.rows for drop in tables.report.files[0].dropped}
    assert reasons["omitted by the program"] == (17,)
    assert not any(math.isnan(value) for value in tables.measurements["value"])
    lone = tables.measurements.query("condition == 'vehicle' and time_min == 5")["value"].tolist()[0]
    assert lone == pytest.approx(2 ** ((21.194 + 21.266) / 2 - 24.791))


def test_prism_and_factors(tmp_path):
    prism = {"path": "prism_wide.csv", "assay": "table", "batch": "b", "time": "time_min"}
    prism |= {"condition": {"column": "condition", "map": {"vehicle": "vehicle", "IL-6": "il6_10"}}}
    prism |= {"observables": {"pSTAT3": {"column": "value", "unit": "a.u."}}}
    rows = read(tmp_path, prism).measurements
    assert len(rows) == 36
    assert rows.query("condition == 'il6_10' and time_min == 15")["value"].tolist() == [1.0750, 0.9465, 1.0276]
    factors = {"path": "table_factors.csv", "assay": "table", "batch": {"column": "exp"}}
    factors["observables"] = {"pSTAT3": {"column": "pSTAT3", "unit": "a.u."}}
    factors["condition"] = {
        "doses": {
            "IL-6": {"column": "input_il6", "unit": "ng/ml"},
            "ruxolitinib": {"column": "input_inhibitor", "unit": "nM", "time_min": -60},
        }
    }
    tables = read(tmp_path, factors, protocol=[])
    rows = tables.measurements
    assert dict(rows.groupby("batch").size()) == {"A": 12, "B": 12}
    assert sorted(set(rows["condition"])) == [
        "IL6_10_ng_ml", "IL6_10_ng_ml_ruxolitinib_500_nM_at_minus60", "ruxolitinib_500_nM_at_minus60", "vehicle",
    ]  # fmt: skip
    assert set(rows["replicate"]) == {1}
    steps = tables.protocol.query("condition == 'IL6_10_ng_ml_ruxolitinib_500_nM_at_minus60'")
    assert [tuple(row) for row in steps[["time_min", "species", "dose", "unit"]].to_numpy()] == [
        (-60.0, "ruxolitinib", 500.0, "nM"), (0.0, "IL6", 10.0, "ng/ml"),
    ]  # fmt: skip


def test_genes_that_a_spreadsheet_turned_into_dates_are_asked_for_in_vain(tmp_path):
    genes = {"path": "deseq2.csv", "assay": "rnaseq", "batch": "r", "condition": "il6_10", "control": "vehicle"}
    genes |= {"constants": {"time_min": 240}, "genes": {"SOCS3_mRNA": "SOCS3"}}
    tables = read(tmp_path, genes)
    assert values(tables) == {("il6_10", 240): pytest.approx(2**2.91), ("vehicle", 240): 1.0}
    assert "MARCHF2" in refused(tmp_path, {**genes, "genes": {"MARCHF2_mRNA": "MARCHF2"}})


def test_co_immunoprecipitation_and_elisa_with_a_layout(tmp_path):
    coip = {"path": "coip.csv", "assay": "coip", "observable": "complex", "batch": "c"}
    coip |= {"prey": "IP_IL6R_gp130", "bait": "IP_IL6R_IL6R", "ignore": ["input_gp130"]}
    assert values(read(tmp_path, coip))["il6_10", 30] == pytest.approx(11565.106 / 8820.843)
    elisa = {"path": "elisa_od.csv", "assay": "elisa", "observable": "sIL6R_medium", "batch": "e"}
    elisa |= {"standard": "conc_pg_ml", "background": "OD570", "unit": "pg/ml", "substance": "sIL6R", "ignore": ["is"]}
    layout = {"A1-H2": {"is": "standard"}, "A3": "vehicle 0"} | {f"{row}3": None for row in "BCDEFGH"}
    (value,) = values(read(tmp_path, {**elisa, "layout": layout}, protocol=PROTOCOL[:1])).values()
    assert 1.0e3 / 50 * 1e-3 < value < 2.0e3 / 50 * 1e-3  # between the standards of 1,000 and 2,000 pg/ml, in nM
