"""Faults of a description, with their whole message, and of files that contradict each other."""

from __future__ import annotations

import pytest

from il6infer._errors import UserError
from il6infer.ingestion import ingest
from tests.ingestion.make import GEL, PLATE, YAML, faults


def test_typos_in_the_description(tmp_path):
    yaml = (
        YAML.replace("title:", "titel:")
        .replace("normalise", "normalize")
        .replace("assay: qpcr", "assay: pcr")
        .replace("observable: luciferase", "observable: luci-ferase")
        .replace("a.u., offset: true", "AU, offset: 1")
        .replace("batch: plate1", "batch: 1-1")
    )
    assert faults(tmp_path, yaml=yaml) == [
        "data.yaml: unknown key 'titel'. Did you mean 'title'? "
        "Known: cell, conditions, files, notes, protocol, simulated, source, title.",
        "data.yaml: key 'title' is missing.",
        "data.yaml, files 1 (gel.csv): unknown key 'normalize'. Did you mean 'normalise'? "
        "Known: assay, batch, calibrator, calibrator_per_cell, columns, condition, constants, decimal, "
        "detection_limit, format, ignore, labels, layout, loading, noise, normalise, observable, offset, path, "
        "saturation, scale, sheet, signal, thousands, time, time_unit, where.",
        "data.yaml, files 2 (plate.csv), observable: 'luci-ferase' is not a name. "
        "Use letters, digits and _, with a letter or _ first.",
        "data.yaml, files 2 (plate.csv), batch: '1-1' is not a name. "
        "Use letters, digits and _, with a letter or _ first.",
        "data.yaml, files 3 (qpcr.csv), assay: unknown value 'pcr'. Did you mean 'qpcr'? "
        "Known: coip, elisa, luciferase, qpcr, rnaseq, table, western_blot.",
        "data.yaml, files 4 (table.csv), observables, pgp130, unit: unknown value 'AU'. "
        "Known: a.u., ratio, relative, fraction, percent, molecules/cell, pg/ml, ng/ml, ug/ml, mg/ml, ng/l, ug/l, "
        "mg/l, fM, pM, nM, uM, mM.",
        "data.yaml, files 4 (table.csv), observables, pgp130, offset: 1 where true or false is expected.",
    ]


def test_faults_of_description_and_of_raw_files_come_together(tmp_path):
    yaml = YAML.replace("title: A test", "cells: HepG2").replace("normalise", "normalize")
    assert faults(tmp_path, yaml=yaml, plate=PLATE.replace(",9000", ",many")) == [
        "data.yaml: unknown key 'cells'. Did you mean 'cell'? "
        "Known: cell, conditions, files, notes, protocol, simulated, source, title.",
        "data.yaml: key 'title' is missing.",
        "data.yaml, files 1 (gel.csv): unknown key 'normalize'. Did you mean 'normalise'? "
        "Known: assay, batch, calibrator, calibrator_per_cell, columns, condition, constants, decimal, "
        "detection_limit, format, ignore, labels, layout, loading, noise, normalise, observable, offset, path, "
        "saturation, scale, sheet, signal, thousands, time, time_unit, where.",
        "plate.csv, row 4, column 'firefly': 'many' is not a number.",
    ]


def test_description_without_files(tmp_path):
    assert faults(tmp_path, yaml="title: x\nprotocol: [3]\nfiles: []\n") == [
        "data.yaml, protocol 1: 3 where a mapping is expected.",
        "data.yaml, files: is empty.",
    ]
    assert faults(tmp_path, yaml="title: x\nprotocol: p.csv\n") == ["data.yaml: key 'files' is missing."]


def test_values_of_the_wrong_kind_in_the_description(tmp_path):
    yaml = (
        YAML.replace("title: A test", "title: [A, test]\ncell: {a: b}\nsource:")
        .replace("batch: qpcr1", "batch: 7, cycles: 0")
        .replace("offset: true}\n  - {path: plate", "offset: yes please}\n  - {path: plate")
    )
    assert faults(tmp_path, yaml=yaml) == [
        "data.yaml, title: a list where a text is expected.",
        "data.yaml, cell: a mapping where a text is expected.",
        "data.yaml, source: nothing where a text is expected.",
        "data.yaml, files 1 (gel.csv), offset: 'yes please' where true or false is expected.",
        "data.yaml, files 3 (qpcr.csv), batch: 7 where a text or a mapping is expected.",
        "data.yaml, files 3 (qpcr.csv), cycles: 0 where a number above 0 is expected.",
    ]


def test_files_that_contradict_or_repeat_each_other(tmp_path):
    entry = "  - {path: %s, assay: western_blot, observable: pSTAT3, batch: %s, signal: pSTAT3%s}\n"
    yaml = (
        YAML + entry % ("gel.csv", "gel2", ", normalise: total_STAT3") + entry % ("copy.csv", "gel1", ", noise: normal")
    )
    assert faults(tmp_path, yaml=yaml, copy=GEL) == [
        "copy.csv: batch 'gel1' of pSTAT3 is also that of gel.csv. "
        "Give each gel or plate a batch of its own, and list it once.",
        "copy.csv: noise of pSTAT3 is normal, but lognormal in gel.csv. A read-out has one noise model in all files.",
        "gel.csv: pSTAT3 of 4 rows, the first row 2, is read for two batches (gel1, gel2). List each measurement once.",
        "copy.csv: has the same content as gel.csv. List each measurement once.",
    ]


def test_name_and_folder(tmp_path):
    with pytest.raises(UserError) as error:
        ingest(tmp_path / "data.yaml", "my data", tmp_path)
    assert str(error.value) == "data set name 'my data': use letters, digits and _, with a letter or _ first."
    with pytest.raises(UserError) as error:
        ingest(tmp_path / "data.yaml", "test", tmp_path / "none")
    assert str(error.value) == (
        f"data set 'test': no such data folder {tmp_path}/none. Give the folder that holds the raw files."
    )
