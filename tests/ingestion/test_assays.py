"""Each assay of the table, through everything that uses it: schema, columns, reader, units, instrument, docs."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields

import numpy as np
import pandas as pd
import pytest

from il6infer._tables import read_sheet
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.dataset import schema
from il6infer.ingestion.taking import KEYS
from tests.ingestion.make import COIP, ELISA, GEL, GENES, PLATE, QPCR, TABLE, faults

ENTRIES = {
    "western_blot": {"observable": "pERK", "batch": "b", "signal": "pSTAT3", "normalise": "total_STAT3"},
    "luciferase": {"observable": "luciferase", "batch": "b"},
    "qpcr": {"observable": "ICAM1_mRNA", "batch": "b", "target": "SOCS3", "reference": "HPRT"},
    "elisa": {"observable": "IL6_medium", "batch": "b", "unit": "pM"},
    "coip": {"observable": "IL6R_gp130_coIP", "batch": "b", "prey": "gp130", "bait": "IL6R", "input": "gp130_input"},
    "rnaseq": {"batch": "b", "genes": {"SOCS3_mRNA": "SOCS3"}, "control": "vehicle"},
    "table": {"batch": "b", "condition": "il6_10", "observables": {"pAKT": {"column": "pgp130_wb", "unit": "a.u."}},
              "ignore": ["dose"]},
}  # fmt: skip
FILES = {
    "western_blot": GEL,
    "luciferase": PLATE,
    "qpcr": QPCR,
    "elisa": ELISA,
    "coip": COIP,
    "rnaseq": GENES,
    "table": TABLE,
}


def entry(name: str) -> dict:
    return {"path": "f.csv", "assay": name, **ENTRIES[name]}


def reading(name: str, folder, text: str):
    (folder / "f.csv").write_text(text)
    sheet, found = read_sheet(folder / "f.csv", "f.csv")
    assert found == []
    return ASSAYS[name].reading(sheet, ASSAYS[name].file(entry(name)))


def test_every_assay_has_its_case_here():
    assert set(ENTRIES) == set(FILES) == set(ASSAYS)


@pytest.mark.parametrize("name", ASSAYS)
def test_keys_of_an_entry_and_fields_of_its_frozen_form_agree(name):
    assay = ASSAYS[name]
    described = {field.name: field for field in fields(assay.spec)}
    known = set(described) - {"columns", "take"} | {"assay", "time", *KEYS}

    assert set(assay.schema["properties"]) - {"observables"} == known
    for key, field in described.items():
        if key in assay.keys and "default" in assay.keys[key]:
            assert field.default == assay.keys[key]["default"], key
        if key in assay.required and key != "condition":
            assert field.default is MISSING, key


@pytest.mark.parametrize("name", ASSAYS)
def test_a_file_is_read_in_the_assays_units_for_any_read_out(name, tmp_path):
    found = reading(name, tmp_path, FILES[name])
    file = ASSAYS[name].file(entry(name))

    assert found.faults == ()
    assert {value.observable for value in found.values} == set(file.observables)
    assert {value.unit for value in found.values} <= set(ASSAYS[name].units)
    assert {value.noise for value in found.values} == {file.noise_of(o) for o in file.observables}
    assert set(found.quality) <= set(ASSAYS[name].quality)


@pytest.mark.parametrize("name", ASSAYS)
def test_each_column_that_it_needs_is_missed(name, tmp_path):
    columns = ASSAYS[name].columns(ASSAYS[name].file(entry(name)))
    assert columns
    for column in [c for c in columns if c not in ("replicate", "lane")]:  # wells and lanes are counted
        head, rest = FILES[name].split("\n", 1)
        spoilt = ",".join("x" if c == column else c for c in head.split(","))
        found = reading(name, tmp_path, f"{spoilt}\n{rest}")
        assert [fault.what for fault in found.faults] == [f"column '{column}' is missing."]
        assert found.conditions is None


@pytest.mark.parametrize("name", ASSAYS)
def test_a_description_without_a_key_that_it_needs_is_refused(name, tmp_path):
    assert ASSAYS[name].required
    for missing in ASSAYS[name].required:
        kept = {key: value for key, value in entry(name).items() if key != missing}
        yaml = json.dumps({"title": "t", "protocol": "protocol.csv", "files": [kept]})
        assert f"data.yaml, files 1 (f.csv): key '{missing}' is missing." in faults(tmp_path, yaml=yaml)


@pytest.mark.parametrize("name", [name for name, assay in ASSAYS.items() if assay.instrument])
def test_what_its_instrument_makes_its_reader_reads(name, tmp_path):
    instrument = ASSAYS[name].instrument
    readout = pd.DataFrame({"condition": "a", "time_min": [0.0, 30.0], "value": [0.5, 1.0]})
    made = instrument.make([0.0, 30.0], ["a"], readout, instrument.settings(), np.random.default_rng(1))
    own = {"signal": "pSTAT3", "normalise": "total_STAT3"} if name == "western_blot" else {}
    (tmp_path / "f.csv").write_text(made.to_csv(index=False))
    sheet, _ = read_sheet(tmp_path / "f.csv", "f.csv")
    found = ASSAYS[name].reading(sheet, ASSAYS[name].file({**entry(name), **own}))

    assert found.faults == ()
    assert {value.time_min for value in found.values} == {0.0, 30.0}


def test_the_schema_that_is_shown_to_users_is_the_one_that_is_used(root):
    """`python -c "from il6infer.ingestion.dataset import shown; print(shown(), end='')"` writes it."""
    from il6infer.ingestion.dataset import shown

    assert (root / "workflow" / "schemas" / "dataset.schema.yaml").read_text("utf-8") == shown()
    assert json.loads(shown()) == schema()
