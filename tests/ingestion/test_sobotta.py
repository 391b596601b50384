"""Real measurements: counts and values against the reference tables that came with them."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest

from il6infer.ingestion import ingest
from il6infer.stages.codec import encode

COLUMNS = {
    "pgp130": "pgp130_wb",
    "pSTAT3_cytoplasm": "pSTAT3_wb",
    "SOCS3_protein": "SOCS3_wb",
    "SOCS3_mRNA": "SOCS3_qpcr",
    "pSTAT3": "pSTAT3_ms",
}


@pytest.fixture(scope="module")
def data(shared):
    return shared / "data"


@pytest.fixture(scope="module")
def tables(data, root):
    return ingest(root / "config" / "datasets" / "sobotta2017.yaml", "hepatocytes", data / "sobotta2017")


def design_id(path: str) -> str:
    return path.removesuffix(".csv").replace("/", "_")


def test_counts_are_those_of_the_design(tables, data):
    design = pd.read_csv(data / "tidy" / "sobotta2017_core_design.csv").set_index(["dataset_id", "observable"])
    counts = tables.measurements.groupby(["source_file", "observable"]).size()
    assert len(counts) == 10
    for (path, observable), count in counts.items():
        assert count == design.loc[(design_id(path), COLUMNS[observable]), "n"]
    assert len(tables.measurements) == 234


def test_values_and_rows_are_those_of_the_tidy_table(tables, data):
    tidy = pd.read_csv(data / "tidy" / "sobotta2017_measurements.csv", low_memory=False)
    ours = tables.measurements.assign(
        dataset_id=[design_id(path) for path in tables.measurements["source_file"]],
        column=tables.measurements["observable"].map(COLUMNS),
    )
    both = ours.merge(
        tidy,
        left_on=["dataset_id", "source_row", "column"],
        right_on=["dataset_id", "source_row", "observable"],
        suffixes=("", "_tidy"),
        validate="one_to_one",
    )
    assert len(both) == len(ours)
    percent = both["observable"] == "pSTAT3"
    assert both["value"].to_numpy() == pytest.approx(
        (both["value_tidy"] / percent.map({True: 100, False: 1})).to_numpy()
    )
    assert both["time_min"].tolist() == both["time_min_tidy"].tolist()
    dose = {row.condition: row.dose for row in tables.protocol.itertuples() if row.action == "add"}
    assert [dose.get(condition, 0.0) for condition in both["condition"]] == both["il6_ng_per_ml"].tolist()


def test_mass_spectrometry_is_an_absolute_fraction(tables):
    mass = tables.measurements.query("observable == 'pSTAT3'")
    assert mass["value"].tolist() == pytest.approx([0.557, 0.533, 0.541, 0.011, 0.015])
    assert set(mass["unit"]) == {"fraction"}
    assert set(mass["noise"]) == {"normal"}
    assert not mass["scale"].any()


def test_pulses_end_with_a_wash(tables):
    wash = tables.protocol.query("action == 'wash'")
    assert list(zip(wash["condition"], wash["time_min"], strict=True)) == [("il6_40_pulse5", 5), ("il6_40_pulse20", 20)]


def test_report_counts_what_was_left_out(tables, data):
    report = {entry["path"]: entry for entry in encode(tables.report.files)}
    pulse = report["bohl/hep_2005_07_26_Pulse5min.csv"]
    assert {entry["observable"]: entry["count"] for entry in pulse["dropped"]} == {
        "pgp130": 14,
        "pSTAT3_cytoplasm": 14,
    }
    for path, entry in report.items():
        assert entry["sha256"] == hashlib.sha256((data / "sobotta2017" / path).read_bytes()).hexdigest()
        assert all(drop["reason"] == "empty cell" for drop in entry["dropped"])
