"""qPCR: efficiencies, several reference genes, wells without template."""

from __future__ import annotations

import pytest

from il6infer._tables import read_sheet
from il6infer.ingestion.assays import ASSAYS


def plate(*wells):
    """Text of a plate; wells as (sample, condition, time, gene, ct)."""
    rows = [f"{s},{c},{t},{n},{gene},{ct}" for n, (s, c, t, gene, ct) in enumerate(wells)]
    return "\n".join(["sample,condition,time_min,replicate,gene,ct", *rows]) + "\n"


WELLS = (
    ("a", "vehicle", 0, "SOCS3", 30.0), ("a", "vehicle", 0, "HPRT", 22.0), ("a", "vehicle", 0, "TBP", 25.0),
    ("b", "il6_10", 60, "SOCS3", 26.0), ("b", "il6_10", 60, "HPRT", 22.5), ("b", "il6_10", 60, "TBP", 25.3),
)  # fmt: skip
NTC = (("NTC", "", "", "SOCS3", "Undetermined"), ("NTC", "", "", "HPRT", 36.0))


def reading(folder, wells, **keys):
    (folder / "f.csv").write_text(plate(*wells))
    sheet, _ = read_sheet(folder / "f.csv", "f.csv")
    entry = {"path": "f.csv", "assay": "qpcr", "observable": "o", "batch": "b", "target": "SOCS3", "reference": "HPRT"}
    return ASSAYS["qpcr"].reading(sheet, ASSAYS["qpcr"].file({**entry, **keys}))


def test_efficiencies_are_those_of_pfaffl(tmp_path):
    found = reading(tmp_path, WELLS, efficiency={"SOCS3": 1.9, "HPRT": 1.8})
    assert found.faults == ()
    assert [v.value for v in found.values] == pytest.approx([1.8**22 / 1.9**30, 1.8**22.5 / 1.9**26], rel=1e-12)
    ratio = found.values[1].value / found.values[0].value
    assert ratio == pytest.approx(1.9 ** (30 - 26) / 1.8 ** (22 - 22.5), rel=1e-12)  # his equation 1
    assert found.values[0].detection_limit == pytest.approx(1.8**22 / 1.9**40, rel=1e-12)


def test_reference_genes_count_by_their_geometric_mean(tmp_path):
    found = reading(tmp_path, WELLS, reference=["HPRT", "TBP"])
    assert [v.value for v in found.values] == pytest.approx([2 ** (23.5 - 30), 2 ** (23.9 - 26)], rel=1e-12)
    assert found.quality["reference_drift"] == pytest.approx(0.2 / 2**0.5)


def test_a_sample_without_one_of_its_reference_genes_is_left_out(tmp_path):
    found = reading(tmp_path, (*WELLS[:5], ("b", "il6_10", 60, "TBP", "Undetermined")), reference=["HPRT", "TBP"])
    assert [v.row for v in found.values] == [2]
    assert [(d.row, d.reason) for d in found.dropped] == [(5, "Ct of every reference well of the sample undetermined")]


def test_wells_without_template_are_checked_and_give_no_value(tmp_path):
    found = reading(tmp_path, WELLS + NTC, control="NTC")
    assert found.faults == ()
    assert set(found.conditions) == {"vehicle", "il6_10"}
    assert found.quality["control_gap"] == pytest.approx(13.5)


@pytest.mark.parametrize(
    ("wells", "keys", "what"),
    [
        (WELLS + NTC[:1] + (("NTC", "", "", "HPRT", 24.5),), {"control": "NTC"},
         "f.csv, row 9, column 'ct': HPRT comes up without template at Ct 24.5, 2 cycles after its latest sample (at "
         "least 3 are expected). Leave the gene or the late samples out ('where:'), or state the 'control_margin' you "
         "accept."),
        (WELLS, {"control": "water"},
         "f.csv, column 'sample': no well of the control 'water'. Name the wells without template as they are called "
         "in the file."),
        (WELLS, {"efficiency": {"TBP": 1.9}},
         "f.csv: efficiency of 'TBP', which is neither target nor reference. Target and reference: SOCS3, HPRT."),
        (WELLS, {"reference": ["HPRT", "GAPDH"]}, "f.csv, column 'gene': no well of the reference gene 'GAPDH'."),
        (WELLS[:5], {"reference": ["HPRT", "TBP"]},
         "f.csv, row 5, column 'gene': sample 'b' has no well of the reference gene 'TBP'."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, wells, keys, what):
    assert str(reading(tmp_path, wells, **keys).faults[0]).startswith(what)
