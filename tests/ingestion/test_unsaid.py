"""What a file says of all its samples, and a description does not: refused, for it would be lost without a word."""

from __future__ import annotations

import re

import pytest

from il6infer._errors import UserError
from il6infer.ingestion import ingest

IL6 = "condition: {doses: {IL-6: {column: 'IL-6 (ng/ml)', unit: ng/ml}}}"
PSTAT3 = "observables: {pSTAT3: {column: pSTAT3, unit: a.u.}}"
MEDIUM = "observables: {sIL6R_medium: {column: sIL6R, unit: pg/ml, substance: sIL6R, scale: false}}"


def read(folder, header: str, rows: str, entry: str):
    """Values of a table; in place of ``+`` a column of one cell may stand in header and rows."""
    lines = "\n".join(rows.split())
    (folder / "t.csv").write_text(f"{header}\n{lines}\n", "utf-8")
    (folder / "d.yaml").write_text(f"title: t\nfiles:\n  - {{path: t.csv, assay: table, batch: b, {entry}}}\n", "utf-8")
    return ingest(folder / "d.yaml", "d", folder)


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("Inhibitor", "Stattic_5_uM", "'Stattic_5_uM' in rows"),
        ("Inhibitor", "Stattic", "'Stattic', which is stattic, in rows"),
        ("Inhibitor (uM)", "5", "5 of it in rows"),
        ("Drug", "AG490", "'AG490' in rows"),
        ("Ligand", "Hyper-IL-6", "'Hyper-IL-6', which is HyperIL6, in rows"),
        ("Cytokine", "IL-6;sIL-6R", "which is sIL6R, in rows"),
        ("Pre-incubation (min)", "60", "60, and the protocol of the condition gives all at 0 min or later"),
    ],
)
def test_what_all_samples_got_and_nobody_said_is_refused(column, cell, said, tmp_path):
    header = f"IL-6 (ng/ml),Time (min),pSTAT3,{column}"

    with pytest.raises(UserError) as caught:
        read(tmp_path, header, f"10,15,40,{cell} 10,30,90,{cell}", f"{IL6}, {PSTAT3}")

    assert said in str(caught.value)
    assert str(caught.value).count("\n  - ") == 1


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("Inhibitor", "none"),
        ("Inhibitor", "DMSO"),
        ("Inhibitor (uM)", "0"),
        ("Ligand", "IL-6"),
        ("Ligand", "IL6"),
        ("Stimulus", "IL-6"),
        ("Pre-incubation (min)", "0"),
        ("Dilution", "10"),  # of numbers up to a factor, the same of all
    ],
)
def test_what_says_nothing_new_is_read(column, cell, tmp_path):
    header = f"IL-6 (ng/ml),Time (min),pSTAT3,{column}"

    tables = read(tmp_path, header, f"0,15,2,{cell} 10,15,40,{cell}", f"{IL6}, {PSTAT3}")

    assert tables.measurements["value"].tolist() == [2, 40]


@pytest.mark.parametrize(
    ("remark", "lacks"),
    [
        ("washed at 20 min", "wash"),
        ("medium changed", "wash"),
        ("gewaschen", "wash"),
        ("with Stattic", "stattic"),
        ("IL-6 + sIL-6R", "sIL6R"),
    ],
)
def test_a_remark_of_what_was_done_to_a_row_is_no_remark_in_passing(remark, lacks, tmp_path):
    header, rows = "IL-6 (ng/ml),Time (min),pSTAT3,Comment", ["10,15,40,", f"10,60,20,{remark}", "10,30,30,nice band"]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")
    entry = f"title: t\nfiles:\n  - {{path: t.csv, assay: table, batch: b, {IL6}, {PSTAT3}}}\n"
    (tmp_path / "d.yaml").write_text(entry, "utf-8")

    with pytest.raises(UserError, match=f"row 3, column 'Comment': '.*' has no {lacks}\\."):
        ingest(tmp_path / "d.yaml", "d", tmp_path)
    (tmp_path / "d.yaml").write_text(entry.replace("batch: b", "batch: b, ignore: [Comment]"), "utf-8")
    assert len(ingest(tmp_path / "d.yaml", "d", tmp_path).measurements) == 3
    (tmp_path / "t.csv").write_text("\n".join([header, rows[0], rows[2]]) + "\n", "utf-8")
    assert len(ingest(tmp_path / "d.yaml", "d", tmp_path).measurements) == 2


@pytest.mark.parametrize("column", ["Technical replicate", "tech rep", "Tech. Rep"])
def test_technical_replicates_are_no_samples(column, tmp_path):
    header, rows = f"IL-6 (ng/ml),Time (min),pSTAT3,{column}", "10,15,40,1 10,15,41,2 10,30,30,1"

    with pytest.raises(UserError, match="technical replicates are read as samples of their own"):
        read(tmp_path, header, rows, f"{IL6}, {PSTAT3}")
    assert len(read(tmp_path, header, rows, f"{IL6}, {PSTAT3}, ignore: ['{column}']").measurements) == 3
    assert len(read(tmp_path, header, rows.replace("41,2", "41,1"), f"{IL6}, {PSTAT3}").measurements) == 3


def test_a_preincubation_that_the_description_has_is_read(tmp_path):
    doses = "condition: {doses: {IL-6: {column: il6, unit: ng/ml}, Stattic: {dose: 5, unit: uM, time_min: -60}}}"
    header = "il6,Time (min),pSTAT3,Inhibitor,Preincubation (min)"

    tables = read(tmp_path, header, "0,15,2,Stattic,60 10,15,40,Stattic,60", f"{doses}, {PSTAT3}")

    assert sorted(set(tables.protocol["time_min"])) == [-60, 0]


@pytest.mark.parametrize(
    ("entry", "factors"),
    [(MEDIUM, ("10", "10")), (MEDIUM, ("1:10", "1:10")), (PSTAT3.replace("pSTAT3,", "sIL6R,"), ("1", "10"))],
)
def test_dilutions_by_which_nobody_multiplies_are_refused(entry, factors, tmp_path):
    header = "IL-6 (ng/ml),Time (min),sIL6R,Dilution factor"
    rows = f"0,15,20,{factors[0]} 10,15,40,{factors[1]}"

    with pytest.raises(UserError, match="samples were diluted"):
        read(tmp_path, header, rows, f"{IL6}, {entry}")
    assert len(read(tmp_path, header, rows, f"{IL6}, {entry}, ignore: [Dilution factor]").measurements) == 2


@pytest.mark.parametrize(
    "header",
    ["pSTAT3 (% of max)", "pSTAT3, percent of control", "pSTAT3 fold change", "relative pSTAT3", "pSTAT3 [a.u.]"],
)
def test_numbers_up_to_a_factor_by_their_header_are_none_as_they_stand(header, tmp_path):
    entry = f"{IL6}, observables: {{pSTAT3: {{column: '{header}', unit: percent, scale: SCALE}}}}"
    quoted = f'IL-6 (ng/ml),Time (min),"{header}"'

    with pytest.raises(UserError, match="numbers up to a factor"):
        read(tmp_path, quoted, "0,15,2 10,15,100", entry.replace("SCALE", "false"))
    assert len(read(tmp_path, quoted, "0,15,2 10,15,100", entry.replace("SCALE", "true")).measurements) == 2


def test_a_share_of_all_stat3_is_a_number_as_it_stands(tmp_path):
    entry = f"{IL6}, observables: {{pSTAT3: {{column: 'pSTAT3 (% of total)', unit: percent, scale: false}}}}"

    assert (
        len(read(tmp_path, "IL-6 (ng/ml),Time (min),pSTAT3 (% of total)", "0,15,2 10,15,60", entry).measurements) == 2
    )


def test_units_of_activity_are_no_concentration(tmp_path):
    entry = "condition: {doses: {IL-6: {column: 'IL-6 (U/ml)', unit: ng/ml}}}"

    with pytest.raises(UserError, match="its header says U/ml, the description ng/ml"):
        read(tmp_path, "IL-6 (U/ml),Time (min),pSTAT3", "0,15,2 100,15,40", f"{entry}, {PSTAT3}")


@pytest.mark.parametrize("times", [("0", "0.25", "4"), ("0", "1", "24"), ("0", "24", "48"), ("3", "6", "12")])
def test_times_that_may_be_hours_are_asked_for(times, tmp_path):
    rows = " ".join(f"10,{time},{value}" for time, value in zip(times, (2, 40, 10), strict=True))
    entry = f"{IL6}, time: Time, {PSTAT3}"

    with pytest.raises(UserError, match="in minutes or in hours: neither this header nor the description"):
        read(tmp_path, "IL-6 (ng/ml),Time,pSTAT3", rows, entry)
    tables = read(tmp_path, "IL-6 (ng/ml),Time,pSTAT3", rows, f"{entry}, time_unit: h")
    assert tables.measurements["time_min"].tolist() == [60 * float(time) for time in times]


def test_times_that_can_only_be_minutes_are_read_and_said_to_be(tmp_path):
    tables = read(tmp_path, "IL-6 (ng/ml),Time,pSTAT3", "10,0,2 10,15,40 10,120,9", f"{IL6}, time: Time, {PSTAT3}")

    assert tables.measurements["time_min"].tolist() == [0, 15, 120]
    assert any(
        "nothing says the unit of column 'Time'" in note for file in tables.report.files for note in file.warnings
    )


def test_doses_say_their_units_in_their_cells(tmp_path):
    tables = read(
        tmp_path, "IL6 dose,Time (min),pSTAT3", "0,15,2 10ng/ml,15,40 100pg/mL,15,9 1nM,15,60",
        f"condition: {{doses: {{IL-6: {{column: IL6 dose, unit: ng/ml}}}}}}, {PSTAT3}",
    )  # fmt: skip
    given = tables.protocol.set_index("condition")["concentration_nM"]

    assert tables.measurements["condition"].tolist() == ["vehicle", "IL6_10_ng_ml", "IL6_100_pg_ml", "IL6_1_nM"]
    assert given["IL6_10_ng_ml"] == pytest.approx(100 * given["IL6_100_pg_ml"])
    assert given["IL6_1_nM"] == 1


@pytest.mark.parametrize("cell", ["10 ng", "10 x", "10 U/ml", "ng/ml"])
def test_a_dose_whose_unit_is_none_is_refused(cell, tmp_path):
    with pytest.raises(UserError, match="is no dose"):
        read(
            tmp_path, "IL6 dose,Time (min),pSTAT3", f"0,15,2 {cell.replace(' ', '')},15,40",
            f"condition: {{doses: {{IL-6: {{column: IL6 dose, unit: ng/ml}}}}}}, {PSTAT3}",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Arcsinh pSTAT3", "transformed numbers"),
        ("pSTAT3 (asinh ratio)", "transformed numbers"),
        ("VST counts", "transformed numbers"),
        ("rlog SOCS3", "transformed numbers"),
        ("pSTAT3 z-score", "transformed numbers"),
        ("sqrt MFI", "transformed numbers"),
        ("pSTAT3 % change", "difference from a control"),
        ("Increase over unstimulated", "difference from a control"),
        ("% inhibition", "falls as the signal rises"),
        ("STAT3 reduction (%)", "falls as the signal rises"),
        ("Renilla/Firefly", "falls as the signal rises"),
        ("total / phospho STAT3", "falls as the signal rises"),
        ("MFI unstim/stim", "falls as the signal rises"),
        ("Transmittance", "falls as the signal rises"),
        ("pSTAT3 MFI of positive cells", "above a gate"),
        ("MFI pSTAT3+", "above a gate"),
    ],
)
def test_what_is_no_multiple_of_the_signal_by_its_header_is_refused(header, why, tmp_path):
    entry = f"condition: vehicle, observables: {{pSTAT3: {{column: '{header}', unit: a.u.}}}}"

    with pytest.raises(UserError, match=why):
        read(tmp_path, f"time_min,{header}", "0,1 15,2", entry)
    # Who knows better names the column anew.
    named = f"condition: vehicle, columns: {{v: '{header}'}}, observables: {{pSTAT3: {{column: v, unit: a.u.}}}}"
    assert list(read(tmp_path, f"time_min,{header}", "0,1 15,2", named).measurements["value"]) == [1.0, 2.0]


@pytest.mark.parametrize(
    "header",
    ["MFI ratio (stim/unstim)", "Firefly/Renilla", "pSTAT3/total STAT3", "pSTAT3 with inhibitor", "fold of control",
     "% of total", "STAT3 knockdown signal", "Arc lamp signal", "fold change",
     "% pSTAT3 positive", "MFI in CD4+", "MFI of GFP positive cells"],
)  # fmt: skip
def test_multiples_of_the_signal_are_read_whatever_their_header(header, tmp_path):
    entry = f"condition: vehicle, observables: {{pSTAT3: {{column: '{header}', unit: a.u.}}}}"

    assert list(read(tmp_path, f"time_min,{header}", "0,1 15,2", entry).measurements["value"]) == [1.0, 2.0]


SOLUBLE = "observables: {{sIL6R_medium: {{column: '{}', unit: pg/ml, substance: sIL6R, scale: false}}}}"


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("sIL6R (pg/mg protein)", "its header says pg/mg, the description pg/ml. Convert the numbers"),
        ("sIL6R pg/well", "says pg/well"),
        ("sIL6R [pg per 1e6 cells]", "says pg/1e6"),
        ("sIL6R (mg/dl)", "says mg/dl"),
        ("sIL6R secreted (pg/ml per 24h)", "says pg/ml/24h"),
        ("sIL6R (ng/ml; corrected)", "says ng/ml, the description pg/ml. Say 'unit: ng/ml'"),
        ("sIL6R (nM, mean)", "says nM, the description pg/ml. Say 'unit: nM'"),
        ("sIL6R_ng_ml", "says ng/ml"),
        ("sIL6R (x10 pg/ml)", "are to be multiplied"),
        ("sIL6R (pg/ml, 1:5 diluted)", "are to be multiplied"),
        ("sIL6R OD450", "numbers up to a factor"),
    ],
)
def test_amounts_by_something_else_than_the_description_says_are_refused(header, why, tmp_path):
    with pytest.raises(UserError, match=re.escape(why)):
        read(tmp_path, f'time_min,"{header}"', "0,20 60,40", f"condition: vehicle, {SOLUBLE.format(header)}")


@pytest.mark.parametrize(
    "header", ["sIL6R (pg/ml)", "sIL6R pg/mL, mean", "sIL6R_pg_per_ml", "sIL6R (pg/ml serum)", "v"]
)
def test_amounts_as_the_description_says_them_are_read(header, tmp_path):
    entry = f"condition: vehicle, {SOLUBLE.format(header)}"

    assert len(read(tmp_path, f'time_min,"{header}"', "0,20 60,40", entry).measurements) == 2


def test_a_dose_whose_header_is_written_as_code_says_its_unit_too(tmp_path):
    doses = "{doses: {IL-6: {column: IL6_ng_ml, unit: pg/ml}}}"
    entry = f"condition: {doses}, observables: {{pSTAT3: {{column: v, unit: a.u.}}}}"

    with pytest.raises(UserError, match="its header says ng/ml, the description pg/ml"):
        read(tmp_path, "time_min,IL6_ng_ml,v", "0,0,1 15,10,2", entry)
