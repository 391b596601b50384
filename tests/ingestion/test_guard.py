"""Columns that a description does not name: none may turn a drug, a dose or a gel into replicates."""

from __future__ import annotations

import re

import pytest
from yaml import safe_load

from il6infer._tables import parse, read_sheet
from il6infer.ingestion.assays import ASSAYS
from tests.ingestion.make import COIP, ELISA, GEL, GENES, PLATE, PROTOCOL, QPCR, faults, read


def with_column(text: str, name: str, cells: str) -> str:
    head, *rows = text.splitlines()
    added = [f"{row},{cell}" for row, cell in zip(rows, cells.split("|"), strict=True)]
    return "\n".join([f"{head},{name}", *added]) + "\n"


TWO_GELS = GEL + "5,vehicle,0,1000,50000,90000\n6,il6_10,15,20000,40000,80000\n"
ONE_OF_EACH = [name for name in ASSAYS if name != "table"]


def table(text: str, **entry):
    sheet, found = parse(text, "f.csv")
    assert found == []
    observables = {"pSTAT3": {"column": "value", "unit": "a.u."}}
    keys = {"path": "f.csv", "assay": "table", "batch": "b", "condition": "c", "observables": observables, **entry}
    return ASSAYS["table"].reading(sheet, ASSAYS["table"].file(keys))


def test_what_the_message_says():
    found = table("time,drug,value\n15,0,0.96\n15,500,0.0067\n30,0,0.8\n30,500,0.1\n")
    assert [str(fault) for fault in found.faults] == [
        "f.csv, column 'drug': it tells apart rows that are read as one condition, time and batch (c): "
        "'0' in rows 2, 4; '500' in rows 3, 5. Make it the condition, read one kind of row, as in "
        "'where: {drug: [0]}' (the file listed once a kind), or, if it makes no difference, list it under "
        "'ignore: [drug]'."
    ]


def test_gels_are_listed_one_by_one():
    found = table("time,gel,value\n15,g1,0.96\n15,g2,7.1\n")
    assert found.faults[0].remedy == (
        "List the file once for each, as in 'where: {gel: [g1]}', with a batch of its own, or, if it makes no "
        "difference, list it under 'ignore: [gel]'."
    )


KINDS = [
    ("input_stattic", "0|60|0|60", "a drug, by its name"),
    ("x", "0|60|0|60", "two levels, without a name that tells"),
    ("x", "0.125|0.25|0.125|0.25", "levels that come again"),
    ("x", "||yes|yes|", "a word in some rows"),
    ("x", "DMSO|Stattic|DMSO|Stattic", "words"),
    ("x", "|60||60", "a number in some rows, nothing in others"),
    ("gel", "1|1|2|2", "gels, each at times of its own"),
    ("experiment", "A|B|A|B", "experiments"),
    ("comment", "bubble|||", "a remark on one row"),
]


@pytest.mark.parametrize(("name", "cells", "why"), KINDS, ids=[kind[2] for kind in KINDS])
def test_a_column_that_tells_replicates_apart_is_a_fault(name, cells, why):
    text = with_column("time,value\n15,0.961\n15,0.855\n30,0.812\n30,0.113\n", name, "|".join(cells.split("|")[:4]))
    found = table(text)
    assert [fault.where for fault in found.faults] == [f"f.csv, column '{name}'"], why
    assert table(text, ignore=[name]).faults == ()
    assert table(text, ignore=[name]).ignored == (name,)


TREATMENTS = [
    "treatment2",
    "Drug",
    "drug1",
    "inhibitor dose",
    "Inhibitor_Dose_nM",
    "DMSO (%)",
    "Behandlung 2",
    "Wirkstoff",
]
TREATMENTS += [
    "Hemmstoff-Dosis",
    "Traitement",
    "Inhibiteur",
    "conc. rux",
    "Lignée",
    "Versuch",
    "Vorbehandlung",
    "siRNA",
]


@pytest.mark.parametrize("name", TREATMENTS)
def test_what_is_called_a_treatment_is_none_of_the_measurements_whatever_its_numbers(name):
    text = with_column("time,value\n15,0.961\n15,0.855\n", name, "0.512|0.498")
    found = table(text)
    assert [fault.where for fault in found.faults] == [f"f.csv, column '{name}'"]
    said = re.search(r"'(ignore: \[.*\])'", found.faults[0].remedy)
    assert table(text, **safe_load(said[1])).faults == ()


@pytest.mark.parametrize("name", ["#Events", "% CV", "drug: x", "'s"])
def test_what_a_message_says_to_write_is_yaml(name):
    text = with_column("time,value\n15,0.961\n15,0.855\n", name, "DMSO|Rux")
    said = re.search(r"'(ignore: \[.*\])'", table(text).faults[0].remedy)
    assert safe_load(said[1]) == {"ignore": [name]}


def test_a_series_of_dilutions_is_one_though_each_dose_stands_once():
    rows = "".join(f"15,{1.13 * 2**i},{0.3 + i / 7:.3f}\n" for i in range(6))
    assert [fault.where for fault in table("time,x,value\n" + rows).faults] == ["f.csv, column 'x'"]


HARMLESS = [
    ("other_band", "0.512|0.498|0.733|0.611", "a measurement of its own"),
    ("lane", "1|2|3|4", "lanes"),
    ("well", "A1|A2|A1|A2", "wells of two plates, one a time"),
    ("replicate", "1|2|1|2", "replicates"),
    ("sample", "S1|S2|S3|S4", "samples, each with a name"),
    ("batch_of_serum", "7|7|7|7", "the same in all rows"),
    ("x", "1|1|2|2", "a function of time"),
    ("band", "|0.498||0.611", "a measurement with empty cells"),
]


@pytest.mark.parametrize(("name", "cells", "why"), HARMLESS, ids=[kind[2] for kind in HARMLESS])
def test_no_false_alarm(name, cells, why):
    found = table(with_column("time,value\n15,0.961\n15,0.855\n30,0.812\n30,0.113\n", name, cells))
    assert found.faults == (), why
    assert found.passed_over == (name,)


MARKS = [
    "omit",
    "Omit",
    "exclude",
    "Excluded",
    "flag",
    "outlier",
    "is_outlier",
    "task",
    "Well Type",
    "sample type",
    "QC",
]
MARKS += ["Content", "valid", "use", "saturated", "Status", "keep?", "Good", "Accepted", "exclude_2"]
MARKS += ["Ausreisser", "Ausreißer", "Ausschluss", "Gültig", "Qualität", "Inhalt", "Exclu", "Contenu", "Aberrante"]
ERRORS = ["sd", "SD", "se", "SEM", "stdev", "pSTAT3_std", "lfcSE", "Bkgnd. Std. Dev.", "CV", "error"]
COUNTS = ["n", "N", "n_cells", "nCells", "number of replicates", "No. of cells", "n_rep", "events", "cell count"]


@pytest.mark.parametrize("name", MARKS + ERRORS + COUNTS)
def test_columns_that_judge_rows_or_values_are_never_passed_over(name):
    text = with_column("time,value\n15,0.961\n30,0.812\n", name, "false|false")
    found = table(text)
    assert [fault.where for fault in found.faults] == [f"f.csv, column '{name}'"]
    assert f"ignore: [{name}]" in found.faults[0].remedy
    assert table(text, ignore=[name]).faults == ()


def test_their_messages(tmp_path):
    plate = with_column(with_column(with_column(PLATE, "Omit", "false|true|false"), "sd", "1|2|3"), "n", "3|3|3")
    assert faults(tmp_path, plate=plate) == [
        "plate.csv, column 'Omit': it marks rows, and the description does not say which of them to read: "
        "'false' in rows 2, 4; 'true' in row 3. Say so, as in 'where: {Omit: [false]}', or list it under "
        "'ignore: [Omit]'.",
        "plate.csv, column 'sd': it looks like the error of a value, which is not read: the noise is estimated from "
        "the values. If it may be passed over, list it under 'ignore: [sd]'.",
        "plate.csv, column 'n': it looks like a number of measurements behind a value, which is not read: each value "
        "counts as one. If it may be passed over, list it under 'ignore: [n]'.",
    ]


def entry(yaml: str, path: str, more: str) -> str:
    return yaml.replace(f"path: {path}.csv,", f"path: {path}.csv, {more},")


def test_every_assay_has_the_guard(tmp_path):
    wells = with_column(QPCR, "plate", "1|2|1|2|1|1|1|1")
    found = faults(
        tmp_path, gel=with_column(TWO_GELS, "gel", "a|a|a|a|b|b"), plate=with_column(PLATE, "drug", "0|5|0"), qpcr=wells
    )
    assert [fault.split(":")[0] for fault in found] == [
        "gel.csv, column 'gel'", "plate.csv, column 'drug'", "qpcr.csv, column 'plate'",
    ]  # fmt: skip


def test_where_reads_one_kind_of_row_and_counts_the_others(tmp_path):
    from tests.ingestion.make import YAML

    plate = with_column(PLATE, "Omit", "FALSE|true|false")
    tables = read(tmp_path, plate=plate, yaml=entry(YAML, "plate", "where: {Omit: false}"))
    file = next(file for file in tables.report.files if file.path == "plate.csv")
    assert (file.values, file.rows) == ({"luciferase": 2}, 3)
    assert [(d.reason, d.rows) for d in file.dropped] == [("where: Omit is 'true'", (3,))]


def test_where_takes_numbers_words_and_lists():
    text = "time,dose,exp,value\n15,0,A,1\n15,0.50,A,2\n15,2,b,3\n15,2,C,4\n"
    assert [v.row for v in table(text, where={"dose": [0, 0.5], "exp": "a"}).values] == [2, 3]
    assert [v.row for v in table(text, where={"dose": "2.0", "exp": ["B", "c"]}).values] == [4, 5]


def test_where_and_ignore_that_do_not_fit_the_file():
    text = "time,dose,value\n15,0,1\n15,5,2\n"
    assert [str(f) for f in table(text, where={"dose": 7}).faults] == [
        "f.csv, column 'dose': no row has '7' (where). It has '0', '5'."
    ]
    assert [str(f) for f in table(text, ignore=["dos", "value"]).faults] == [
        "f.csv: column 'dos' is missing. Did you mean 'dose'? Known: dose, time, value.",
        "f.csv: column 'value' is read, and listed under ignore. Take it out of one.",
    ]
    both = table("time,a,b,value\n15,0,1,1\n15,5,2,2\n", where={"a": 0, "b": 2})
    assert [str(f) for f in both.faults] == ["f.csv: no row is left by 'where'. Ask for rows that the file has."]


def test_one_file_of_two_kinds_of_rows_is_listed_once_a_kind_in_one_batch(tmp_path):
    rows = "time,il6,drug,value\n0,0,0,0.1\n15,1,0,0.9\n0,0,60,0.1\n15,1,60,0.3\n"
    kinds = [
        f"  - {{path: table.csv, assay: table, batch: b, where: {{drug: {drug}}}, "
        f"condition: {{column: il6, map: {{0: {without}, 1: {stimulated}}}}}, "
        "observables: {pSTAT3: {column: value, unit: a.u.}}}\n"
        for drug, without, stimulated in ((0, "vehicle", "il6_10"), (60, "block", "pulse"))
    ]
    yaml = "title: t\nprotocol: protocol.csv\nfiles:\n" + "".join(kinds)
    tables = read(tmp_path, yaml=yaml, table=rows)
    assert tables.measurements[["condition", "batch", "replicate", "value"]].to_numpy().tolist() == [
        ["vehicle", "b", 1, 0.1], ["il6_10", "b", 1, 0.9], ["block", "b", 1, 0.1], ["pulse", "b", 1, 0.3],
    ]  # fmt: skip
    again = yaml.replace("where: {drug: 60}, ", "where: {drug: [0, 60]}, ")
    assert "read for two batches" in "".join(faults(tmp_path, yaml=again, table=rows, protocol=PROTOCOL))


# Real tables: each was read, and fitted, with the wrong meaning before.
TRAPS = [
    ("sobotta2017/braun/hep_2012_05_02_Stattic_Stat3_Inhibitor_60.csv", None, "pSTAT3_wb", ["input_stattic"]),
    ("sobotta2017/braun/hep_2012_01_23_Stattic_Stat3_Inhibitor.csv", "input_il6", "SOCS3_qpcr", ["input_stattic"]),
    ("sobotta2017/braun/hep_2013_06_03_Ruxolitinib.csv", "input_il6", "pSTAT3_wb", ["input_dmso", "input_ruxolitinib"]),
    ("sobotta2017/bohl/hep_2006_06_07_ActD.csv", None, "pSTAT3_wb", ["actd_level1", "actd_level2"]),
    ("zeilfelder2025/qpcr/qpcr_all.csv", "input_il6", "SOCS3_qpcr_scaled",
     ["nExpID", "input_bmp2", "input_dcf", "input_dorso", "input_noggin", "Experiment"]),
    ("zeilfelder2025/wb_data/STAT3_DR_IL6.csv", "input_il6", "tpSTAT3_wb_scaled", ["nExpID", "experiment"]),
    ("billing2019/mef_wt_kinetics_241.csv", None, "pSTAT3_mean", ["n_cells"]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "condition", "column", "hits"), TRAPS, ids=[trap[0] for trap in TRAPS])
def test_real_tables_that_were_read_with_the_wrong_meaning(shared, path, condition, column, hits):
    sheet, found = read_sheet(shared / "data" / path, path)
    assert found == []
    entry = {"path": path, "assay": "table", "batch": "b", "duplicates": "keep",
             "condition": {"column": condition} if condition else "il6",
             "observables": {"x": {"column": column, "unit": "a.u.", "noise": "normal"}}}  # fmt: skip
    reading = ASSAYS["table"].reading(sheet, ASSAYS["table"].file(entry))
    assert [fault.where for fault in reading.faults] == [f"{path}, column '{hit}'" for hit in hits]


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_no_column_of_an_instruments_own_table_is_a_fault(name):
    text = {"western_blot": GEL, "luciferase": PLATE, "qpcr": QPCR, "elisa": ELISA, "coip": COIP, "rnaseq": GENES}[name]
    own = {
        "western_blot": {"signal": "pSTAT3", "normalise": "total_STAT3"},
        "luciferase": {},
        "qpcr": {"target": "SOCS3", "reference": "HPRT"},
        "elisa": {"unit": "nM"},
        "rnaseq": {"genes": {"SOCS3_mRNA": "SOCS3"}, "control": "vehicle"},
        "coip": {"prey": "gp130", "bait": "IL6R", "input": "gp130_input"},
    }
    sheet, _ = parse(text, "f.csv")
    keys = {"path": "f.csv", "assay": name, "batch": "b", **own[name]}
    keys |= {} if name == "rnaseq" else {"observable": "x"}
    assert ASSAYS[name].reading(sheet, ASSAYS[name].file(keys)).faults == ()
