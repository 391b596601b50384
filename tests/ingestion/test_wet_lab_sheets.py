"""Sheets as wet labs send them, in which a wrong number would be read without a word: refused, and what to do said."""

from __future__ import annotations

import pytest

from il6infer._errors import UserError
from il6infer.ingestion import ingest
from il6infer.ingestion.labels import is_nothing, parse_label

IL6 = "condition: {doses: {IL-6: {column: 'IL-6 (ng/ml)', unit: ng/ml}}}"
PSTAT3 = "observables: {pSTAT3: {column: pSTAT3, unit: a.u.}}"
TABLE = f"assay: table, {IL6}, {PSTAT3}"
LABELS = f"assay: table, time: Time (min), {PSTAT3}"
BLOT = "assay: western_blot, observable: pSTAT3, signal: pSTAT3, normalise: actin"
SHED = "sIL6R_medium: {column: 'sIL-6R (pg/ml)', unit: pg/ml, substance: sIL6R, scale: false"


def read(folder, text: str, entry: str):
    """Read lines of a table, parted by ``|``."""
    (folder / "t.csv").write_text(text.replace("|", "\n") + "\n", "utf-8")
    (folder / "d.yaml").write_text(f"title: t\nfiles:\n  - {{path: t.csv, batch: b, {entry}}}\n", "utf-8")
    return ingest(folder / "d.yaml", "d", folder).measurements


@pytest.mark.parametrize("header", ["Temperature", "Temp.", "Incubation (°C)", "temp_C"])
@pytest.mark.parametrize("cold", ["4", "4 °C", "on ice"])
def test_temperatures_tell_samples_apart_at_any_time(header, cold, tmp_path):
    rows = f"IL-6 (ng/ml),{header},Time (min),pSTAT3|10,{cold},60,40|10,37,15,90|10,37,30,70|0,37,15,2"

    with pytest.raises(UserError, match="it tells apart rows that are read as one condition"):
        read(tmp_path, rows, TABLE)
    with pytest.raises(UserError, match="the rates of the models are those of warm cells"):
        read(tmp_path, rows.replace("37", cold), TABLE)
    assert (
        len(read(tmp_path, rows.replace(cold, "36.8", 1) if cold != "4" else rows.replace("10,4,", "10,36.8,"), TABLE))
        == 4
    )
    assert len(read(tmp_path, rows, f"{TABLE}, where: {{'{header}': 37}}")) == 3


@pytest.mark.parametrize("header", ["Exposure (s)", "Gain", "pH", "Starvation (h)", "Confluence (%)", "Age (weeks)"])
def test_what_was_set_for_some_rows_alone_tells_them_apart(header, tmp_path):
    rows = f"Condition,{header},Time (min),pSTAT3|vehicle,10,0,20|IL-6 10 ng/ml,10,15,400|IL-6 10 ng/ml,60,30,900"

    with pytest.raises(UserError, match="it tells apart rows that are read as one condition"):
        read(tmp_path, rows, LABELS)
    assert len(read(tmp_path, rows.replace(",60,", ",10,"), LABELS)) == 3


@pytest.mark.parametrize(
    "label",
    [
        "medium only",
        "Media only",
        "vehicle control",
        "DMSO 0.1 %",
        "0.1% DMSO",
        "No ligand",
        "mock treated",
        "PBS only",
    ],
)
def test_samples_to_which_nothing_was_added(label):
    assert is_nothing(label)
    assert [step["action"] for step in parse_label(label)[0].rows] == ["control"]


@pytest.mark.parametrize(
    "label", ["conditioned medium", "IL-6 only", "DMSO + IL-6 10 ng/ml", "cells only", "10% serum"]
)
def test_samples_to_which_something_was_added_or_of_which_nobody_knows(label):
    assert not is_nothing(label)


def test_medium_only_beside_drugs_is_no_vehicle_of_them(tmp_path):
    rows = "IL-6 (ng/ml),Drug,Time (min),pSTAT3|10,medium only,15,40|10,DMSO,30,90|0,DMSO,15,2"

    with pytest.raises(UserError, match="'medium only' in row 2; 'DMSO' in row 3"):
        read(tmp_path, rows, TABLE)
    assert len(read(tmp_path, rows.replace("DMSO", "medium only"), TABLE)) == 3


def test_wells_of_medium_beside_untreated_cells_may_hold_none(tmp_path):
    rows = "Well,Condition,Time (min),pSTAT3|A1,medium only,0,2|A2,untreated,0,20|A3,IL-6 10 ng/ml,15,400"
    names = "medium only: resting, untreated: untreated, IL-6 10 ng/ml: IL-6 10 ng/ml"

    with pytest.raises(UserError, match="'medium only' stands beside 'untreated': it may be cells in medium, or wells"):
        read(tmp_path, rows, LABELS)
    assert len(read(tmp_path, rows, f"{LABELS}, condition: {{column: Condition, map: {{{names}}}}}")) == 3
    assert len(read(tmp_path, rows, f"{LABELS}, where: {{Condition: [untreated, IL-6 10 ng/ml]}}")) == 2
    assert len(read(tmp_path, rows.replace("untreated", "medium only"), LABELS)) == 3
    assert len(read(tmp_path, rows.replace("Well", "Lane"), LABELS)) == 3


@pytest.mark.parametrize(("column", "refused"), [("Ligand", True), ("Stimulus", True), ("Drug", False)])
def test_a_dose_beside_a_ligand_of_none_is_a_contradiction(column, refused, tmp_path):
    rows = f"IL-6 (ng/ml),{column},Time (min),pSTAT3|0,none,15,2|10,none,15,40"

    if refused:
        with pytest.raises(UserError, match="'none' in rows of condition 'IL6_10_ng_ml', to which the protocol gives"):
            read(tmp_path, rows, TABLE)
    else:
        assert len(read(tmp_path, rows, TABLE)) == 2


def test_every_assay_takes_the_column_of_times_by_its_name(tmp_path):
    rows = "time,Condition,pSTAT3,actin|0,vehicle,2,5|15,IL-6 10 ng/ml,40,5"

    assert read(tmp_path, rows, f"{BLOT}, time: time, time_unit: min")["time_min"].tolist() == [0, 15]
    assert read(tmp_path, rows, f"{BLOT}, time: time, time_unit: h")["time_min"].tolist() == [0, 900]
    assert read(tmp_path, rows.replace("time", "Zeit (h)"), f"{BLOT}, time: Zeit (h)")["time_min"].tolist() == [0, 900]
    with pytest.raises(UserError, match=r"column 'when' is missing\. Known: .*, time\."):
        read(tmp_path, rows, f"{BLOT}, time: when")
    with pytest.raises(UserError, match="column 'time': nothing says whether 1 is in minutes or in hours"):
        read(tmp_path, rows.replace("15,", "1,"), f"{BLOT}, time: time")
    with pytest.raises(UserError, match="there is a column 'time_min', and 'time: t2' names another"):
        read(tmp_path, "t2," + rows.replace("time", "time_min").replace("|", "|9,"), f"{BLOT}, time: t2")


def test_a_key_of_another_assay_says_whose_it_is(tmp_path):
    with pytest.raises(UserError, match="'observables' is a key of assay table, and this file's is western_blot"):
        read(tmp_path, "time_min,Condition,pSTAT3,actin|0,vehicle,2,5", f"{BLOT}, {PSTAT3}")


@pytest.mark.parametrize("header", ["Ct SOCS3", "SOCS3 Cq", "Cp", "dCt SOCS3"])
def test_cycles_are_no_amounts(header, tmp_path):
    rows = f"Condition,Time (min),{header}|vehicle,0,28.1|IL-6 10 ng/ml,60,23.2"
    entry = f"assay: table, time: Time (min), observables: {{SOCS3_mRNA: {{column: '{header}', unit: a.u.}}}}"

    with pytest.raises(UserError, match="cycles of a PCR|says logarithm"):
        read(tmp_path, rows, entry)


def test_an_isotype_control_beside_the_signal_is_a_background(tmp_path):
    rows = "Condition,Time (min),pSTAT3,Isotype MFI|untreated,15,180,100|IL-6 10 ng/ml,15,2200,110"

    with pytest.raises(UserError, match="it holds a background, and pSTAT3 is read as if it had none"):
        read(tmp_path, rows, LABELS)
    assert len(read(tmp_path, rows, LABELS.replace("a.u.", "a.u., offset: true"))) == 2
    assert len(read(tmp_path, rows, f"{LABELS}, ignore: [Isotype MFI]")) == 2


def test_a_limit_put_where_nothing_was_seen_is_no_measurement(tmp_path):
    rows = "Condition,Time (h),sIL-6R (pg/ml)|untreated,0,1.95|IL-6 10 ng/ml,2,1.95|IL-6 10 ng/ml,4,1.95"
    rows += "|IL-6 10 ng/ml,8,104|IL-6 10 ng/ml,24,310"
    entry = f"assay: table, time: Time (h), observables: {{{SHED}}}}}"

    with pytest.raises(UserError, match="row 2: sIL6R_medium is the same here and in 2 more rows, the least of all"):
        read(tmp_path, rows, entry)
    assert len(read(tmp_path, rows, entry.replace("false", "false, detection_limit: 1"))) == 5
    assert read(tmp_path, rows.replace("1.95", "<3.9"), entry)["censored"].tolist() == ["below"] * 3 + [""] * 2
    folds = rows.replace("1.95", "1").replace("sIL-6R (pg/ml)", "pSTAT3").replace("(h)", "(min)")
    assert len(read(tmp_path, folds, LABELS)) == 5  # each over its own control


@pytest.mark.parametrize("header", ["Pulse (min)", "Wash at (min)", "Chase"])
def test_a_pulse_that_nobody_reads_is_no_course_in_the_ligand(header, tmp_path):
    rows = f"IL-6 (ng/ml),{header},Time (min),pSTAT3|0,0,0,2|10,15,15,50|10,15,45,20"
    until = TABLE.replace("unit: ng/ml}", f"unit: ng/ml, until: '{header}'}}")

    with pytest.raises(
        UserError, match=f"row 3, column '{header[:5]}.*': 15, and in the protocol of .* nothing is washed"
    ):
        read(tmp_path, rows, TABLE)
    assert len(read(tmp_path, rows.replace("0,0,0,2", "0,,0,2"), until)) == 3


def test_a_dose_that_a_spreadsheet_made_a_date_is_none(tmp_path):
    rows = "IL-6 (ng/ml),Time (min),pSTAT3|0,15,2|45413,15,50"

    with pytest.raises(UserError, match=r"45413 looks like a spreadsheet's date \(2024-05-01\)"):
        read(tmp_path, rows, TABLE)
    assert len(read(tmp_path, rows.replace("45413", "40000"), TABLE)) == 2
    assert len(read(tmp_path, rows.replace("45413", "45413 pg/ml"), TABLE)) == 2


def test_a_point_in_a_label_of_a_file_with_decimal_commas_may_part_thousands(tmp_path):
    rows = "Condition;Time (min);pSTAT3|untreated;0;1,2|IL-6 0,5 ng/ml;15;12,3|IL-6 DOSE ng/ml;15;40,2"

    with pytest.raises(UserError, match=r"1\.000 may be a thousand"):
        read(tmp_path, rows.replace("DOSE", "1.000"), LABELS)
    assert read(tmp_path, rows.replace("DOSE", "1000"), LABELS)["condition"].iloc[-1] == "IL_6_1000_ng_ml"


@pytest.mark.parametrize("name", ["rep", "n", "Exp ", "Donor "])
def test_one_of_several_replicates_is_not_read_alone(name, tmp_path):
    rows = f"Condition,Time (min),{name}1,{name}2|untreated,0,2.0,2.1|IL-6 10 ng/ml,15,50.1,51.2"

    with pytest.raises(UserError, match=f"column '{name}2': it looks like a repeat of column '{name}1', which is read"):
        read(tmp_path, rows, LABELS.replace("column: pSTAT3", f"column: {name}1"))


def test_a_mass_is_no_concentration(tmp_path):
    rows = "IL-6 (ng),Time (min),pSTAT3|0,15,2|10,15,40"
    entry = TABLE.replace("'IL-6 (ng/ml)'", "IL-6 (ng)")

    with pytest.raises(UserError, match=r"its header says a mass \(ng\), and the description a concentration"):
        read(tmp_path, rows, entry)
    own = entry.replace("IL-6 (ng)", "IL_6") + ", columns: {IL_6: IL-6 (ng)}"
    assert len(read(tmp_path, rows, own)) == 2


@pytest.mark.parametrize(("cell", "refused"), [("HeLa", True), ("Hep-3B", True), ("Hep G2", False), ("clone 4", False)])
def test_another_cell_line_than_that_of_the_description_is_told(cell, refused, tmp_path):
    rows = f"Cell line,IL-6 (ng/ml),Time (min),pSTAT3|{cell},0,15,2|{cell},10,15,40"
    entry = f"{TABLE}}}\ncell: HepG2\n#"  # which closes the entry, and says the cell

    if refused:
        with pytest.raises(
            UserError, match=f"row 2, column 'Cell line': '{cell}', and the description says 'cell: Hep"
        ):
            read(tmp_path, rows, entry)
    else:
        assert len(read(tmp_path, rows, entry)) == 2


@pytest.mark.parametrize("dilutions", [("1:2", "1:10"), ("2", "10"), ("2x", "10x")])
def test_an_elisa_reads_dilutions_as_people_write_them(dilutions, tmp_path):
    curve = "".join(f"|A{i},{c},,,,{od}" for i, (c, od) in enumerate(
        ((1000, 2.1), (500, 1.2), (250, 0.65), (125, 0.36), (62.5, 0.2), (0, 0.05)), 1))  # fmt: skip
    samples = f"|B1,,vehicle,{dilutions[0]},0,0.3|B2,,IL-6 10 ng/ml,{dilutions[1]},24,0.3"
    entry = "assay: elisa, observable: sIL6R_medium, substance: sIL6R, signal: OD450, standard: conc, unit: pg/ml, "
    entry += "sample: Sample, dilution: Dilution, condition: {column: Sample}"
    found = read(tmp_path, f"Well,conc,Sample,Dilution,Time (h),OD450{curve}{samples}", entry)["value"]

    assert found[1] == pytest.approx(5 * found[0])


@pytest.mark.parametrize("header", ["Exposure (s)", "PMT", "Gain", "Belichtungszeit"])
def test_lanes_under_several_settings_are_in_several_units_whatever_their_conditions(header, tmp_path):
    """Each lane a condition and time of its own: nothing else tells them apart."""
    text = f"time_min,condition,{header},pSTAT3|0,vehicle,10,378|5,IL-6 10 ng/ml,60,3207"
    entry = "assay: table, observables: {pSTAT3: {column: pSTAT3, unit: a.u.}}"

    with pytest.raises(UserError, match="read under several settings: '10' in row 2; '60' in row 3"):
        read(tmp_path, text, entry)
    assert len(read(tmp_path, text, f"{entry}, ignore: ['{header}']")) == 2
    assert len(read(tmp_path, text.replace("60,", "10,"), entry)) == 2


LEVELS = ((2000, 2.341), (1000, 1.903), (500, 1.341), (250, 0.847), (125, 0.481), (62.5, 0.273), (0, 0.049))
STANDARDS = "|".join(f"{letter}1,,{level},{od}" for letter, (level, od) in zip("ABCDEFG", LEVELS, strict=True))
ELISA = "assay: elisa, observable: sIL6R_medium, substance: sIL6R, unit: pg/ml, layout: {A3: vehicle 60}"


@pytest.mark.parametrize("second", ["OD570", "570 nm", "A540", "Abs (620)"])
def test_the_second_wavelength_of_an_elisa_is_subtracted_or_settled(second, tmp_path):
    text = f"well,sample,standard,OD450,{second}|{STANDARDS.replace('|', ',0.04|')},0.04|A3,sup1,,0.6,0.3"

    with pytest.raises(UserError, match="looks like the second wavelength"):
        read(tmp_path, text, ELISA)
    [passed] = read(tmp_path, text, f"{ELISA}, ignore: ['{second}']")["value"]
    [subtracted] = read(tmp_path, text, f"{ELISA}, background: '{second}'")["value"]
    assert subtracted < passed / 1.5


@pytest.mark.parametrize("name", ["sup1 1:10", "sup1 (1/10)", "10x sup1", "sup1 dil. 1 : 10"])
def test_a_dilution_in_the_name_of_a_sample_is_told(name, tmp_path):
    text = f"well,sample,standard,OD450|{STANDARDS}|A3,{name},,0.6"

    with pytest.raises(UserError, match="says a dilution, and the values are read as they stand"):
        read(tmp_path, text, ELISA)
    assert len(read(tmp_path, text.replace(name, "sup 10"), ELISA)) == 1
