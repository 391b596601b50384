"""Co-immunoprecipitation: prey over bait, with input and isotype control."""

from __future__ import annotations

import pytest

from il6infer._tables import read_sheet
from il6infer.ingestion.assays import ASSAYS

LANES = """lane,condition,time_min,prey,bait,lysate
1,IgG,,100,50,1000
2,IgG,,140,70,1000
3,vehicle,0,520,8000,1000
4,il6_10,15,6120,10000,500
5,il6_10,60,3120,7500,1500
"""


def reading(folder, text=LANES, **keys):
    (folder / "f.csv").write_text(text)
    sheet, _ = read_sheet(folder / "f.csv", "f.csv")
    entry = {"path": "f.csv", "assay": "coip", "observable": "o", "batch": "b", "prey": "prey", "bait": "bait"}
    return ASSAYS["coip"].reading(sheet, ASSAYS["coip"].file({**entry, **keys}))


def test_prey_over_bait_less_what_beads_bring_down(tmp_path):
    found = reading(tmp_path, control="IgG")
    assert found.faults == ()
    assert [v.value for v in found.values] == pytest.approx([0.05, 0.6, 0.4])
    assert {v.unit for v in found.values} == {"ratio"}
    assert found.quality["control_share"] == pytest.approx(120 / ((520 + 6120 + 3120) / 3))


def test_a_named_input_corrects_for_the_preys_amount(tmp_path):
    found = reading(tmp_path, control="IgG", input="lysate")
    assert [v.value for v in found.values] == pytest.approx([0.05, 1.2, 0.4 / 1.5])


def test_prey_below_the_control_is_no_value(tmp_path):
    found = reading(tmp_path, LANES.replace("3,vehicle,0,520", "3,vehicle,0,119"), control="IgG")
    assert [v.row for v in found.values] == [5, 6]
    (dropped,) = found.dropped
    assert (dropped.row, dropped.side, dropped.reason) == (4, "below", "prey not above that of the control lanes (120)")


@pytest.mark.parametrize(
    ("text", "keys", "what"),
    [
        (LANES.replace(",,", ",0,"), {"control": "isotype"},
         "f.csv, column 'condition': no lane's condition is 'isotype' (control). Name the lanes of the isotype."),
        (LANES, {"bait": "prey"}, "f.csv: prey, bait and input are not three columns. Name each band."),
        (LANES.replace("8000", "0"), {"control": "IgG"},
         "f.csv, row 4, column 'bait': zero, and other values are divided by it. Remove the row or correct it."),
        (LANES, {}, "f.csv, row 2, column 'time_min': the cell is empty, a number is expected."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, text, keys, what):
    assert str(reading(tmp_path, text, **keys).faults[0]) == what


def test_lanes_out_of_range_are_counted_or_limits(tmp_path):
    found = reading(tmp_path, LANES.replace("6120", "saturated"), control="IgG")
    assert [v.row for v in found.values] == [4, 6]
    assert [(d.row, d.side) for d in found.dropped] == [(5, "above")]
    limits = reading(tmp_path, LANES.replace("6120", "saturated"), control="IgG", saturation=9120, input="lysate")
    assert [(v.value, v.censored) for v in limits.values] == [
        (pytest.approx(0.05), ""), (pytest.approx(1.8), "above"), (pytest.approx(0.4 / 1.5), "")
    ]  # fmt: skip


TWO = """lane,condition,time_min,IP gp130 WB IL6R,IP gp130 WB gp130,IP IL-6R WB gp130,IP IL-6R WB IL-6R
1,vehicle,0,378,8524,400,9100
2,il6_10,5,3207,9020,2900,9300
"""


@pytest.mark.parametrize(
    ("bands", "what"),
    [
        (("IP gp130 WB IL6R", "IP gp130 WB gp130"), ""),
        (("IP IL-6R WB gp130", "IP IL-6R WB IL-6R"), ""),
        (("IP gp130 WB IL6R", "IP IL-6R WB IL-6R"), "is of another precipitation than bait"),
        (("IP IL-6R WB gp130", "IP gp130 WB gp130"), "is of another precipitation than bait"),
        (("IP gp130 WB gp130", "IP gp130 WB IL6R"), "is not the protein that was precipitated"),
    ],
)
@pytest.mark.parametrize(
    "written",
    ["IP {0} WB {1}", "{0} IP / {1} IB", "IB: anti-{1} (IP: anti-{0})", "IP_{0}_blot_{1}", "{1} blot, {0} IP"],
)
def test_prey_and_bait_are_of_one_precipitation(tmp_path, bands, what, written):
    """A prey over a bait of another precipitation was a ratio like any other."""

    def name(column):
        _, ip, _, blot = column.split()
        return written.format(ip, blot)

    head, *lanes = TWO.splitlines()
    columns = head.split(",")
    text = "\n".join([",".join([*columns[:3], *(f'"{name(c)}"' for c in columns[3:])]), *lanes]) + "\n"
    found = reading(tmp_path, text, prey=name(bands[0]), bait=name(bands[1]))

    if what:
        assert what in str(found.faults[0])
        assert found.values == ()
    else:
        assert found.faults == ()
        assert len(found.values) == 2


def test_an_input_that_was_precipitated_is_no_lysate(tmp_path):
    found = reading(
        tmp_path, TWO, prey="IP gp130 WB IL6R", bait="IP gp130 WB gp130", input="IP IL-6R WB IL-6R"
    )  # fmt: skip

    assert str(found.faults[0]) == (
        "f.csv: input 'IP IL-6R WB IL-6R' is of a precipitation. Name the band in the lysate."
    )
