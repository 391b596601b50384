"""The stage as a whole: protocol, files written, report, command."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging

import jsonschema
import pandas as pd
import pytest

from il6infer._errors import UserError
from il6infer.cli import ingest as command
from il6infer.ingestion import write
from il6infer.ingestion.dataset import schema
from il6infer.ingestion.schema import checked
from il6infer.stages.codec import encode
from tests.ingestion.make import GEL, PROTOCOL, YAML, read


def test_protocol_in_nanomolar_and_in_order(tmp_path):
    shuffled = "".join([PROTOCOL.splitlines(keepends=True)[0], *reversed(PROTOCOL.splitlines(keepends=True)[1:])])
    protocol = read(tmp_path, protocol=shuffled + "pulse,20,add,IL6,0.1,nM\n").protocol
    rows = list(zip(protocol["condition"], protocol["time_min"], protocol["action"], protocol["species"], strict=True))
    assert rows == [
        ("pulse", 0, "add", "IL6"),
        ("pulse", 20, "wash", ""),
        ("pulse", 20, "add", "IL6"),
        ("block", -30, "add", "sgp130Fc"),
        ("block", 0, "add", "sIL6R"),
        ("block", 0, "add", "IL6"),
        ("il6_10", 0, "add", "IL6"),
        ("vehicle", 0, "control", ""),
    ]
    nanomolar = protocol["concentration_nM"].dropna()
    assert list(nanomolar) == pytest.approx([40 / 20.8, 0.1, 500 / 210, 0.5, 10 / 20.8, 10 / 20.8])


def test_protocol_inside_the_description(tmp_path):
    inline = (
        "protocol:\n"
        "  - {condition: vehicle, time_min: 0, action: control}\n"
        "  - {condition: il6_10, time_min: 0, action: add, species: IL6, dose: 10, unit: ng/ml}\n"
        "  - {condition: block, time_min: -30, action: set, species: sgp130Fc, dose: 500, unit: ng/ml}\n"
        "  - {condition: pulse, time_min: 0, action: add, species: IL6, dose: 40, unit: %s}\n"
    )
    yaml = YAML.replace("protocol: protocol.csv\n", inline)
    tables = read(tmp_path, yaml=yaml % "ng/ml", protocol=None)
    assert list(tables.protocol["action"]) == ["control", "add", "set", "add"]
    assert tables.report.protocol == tables.report.description
    with pytest.raises(UserError) as error:
        read(tmp_path, yaml=yaml % "ng", protocol=None)
    assert str(error.value) == (
        "data set 'test': 1 fault\n"
        "  - data.yaml, protocol, entry 4, column 'unit': unknown dose unit 'ng'. "
        "Known: pg/ml, ng/ml, ug/ml, mg/ml, ng/l, ug/l, mg/l, fM, pM, nM, uM, mM."
    )


def test_written_files(tmp_path):
    tables = read(tmp_path)
    write(tables, tmp_path / "out")
    written = (tmp_path / "out" / "measurements.csv").read_bytes().decode()
    assert written.splitlines()[:2] == [
        "dataset,observable,condition,time_min,replicate,batch,value,unit,noise,detection_limit,censored,error,assay,"
        "scale,scale_sd,offset,simulated,source_file,source_row",
        "test,pSTAT3,vehicle,0,1,gel1,0.02,ratio,lognormal,,,,western_blot,true,,true,true,gel.csv,2",
    ]
    assert "\r" not in written
    protocol = (tmp_path / "out" / "protocol.csv").read_text()
    assert protocol.splitlines()[:4] == [
        "condition,time_min,action,species,concentration_nM,dose,unit,knock_out,set",
        "vehicle,0,control,,,,,,",
        "il6_10,0,add,IL6,0.4807692308,10,ng/ml,,",
        "block,-30,add,sgp130Fc,2.380952381,500,ng/ml,,",
    ]
    assert json.loads((tmp_path / "out" / "ingest.json").read_text()) == encode(tables.report)


def test_same_input_gives_the_same_bytes(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write(read(tmp_path / folder), tmp_path / folder / "out")
    names = ("measurements.csv", "protocol.csv", "ingest.json")
    one, two = ([(tmp_path / folder / "out" / name).read_bytes() for name in names] for folder in ("one", "two"))
    assert one == two


def test_report(tmp_path):
    report = encode(read(tmp_path).report)
    assert report["values"] == 13
    assert report["simulated"] is True
    assert report["observables"] == {
        "pSTAT3": 4,
        "luciferase": 3,
        "SOCS3_mRNA": 2,
        "pgp130": 2,
        "pSTAT3_cytoplasm": 2,
    }
    assert report["conditions"] == {"vehicle": 6, "il6_10": 4, "block": 1, "pulse": 2}
    gel = report["files"][0]
    assert (gel["path"], gel["rows"], gel["values"]) == ("gel.csv", 4, {"pSTAT3": 4})
    assert gel["sha256"] == hashlib.sha256(GEL.encode()).hexdigest()
    assert report["protocol"] == {"path": "protocol.csv", "sha256": hashlib.sha256(PROTOCOL.encode()).hexdigest()}
    assert report["molecular_weights"]["IL6"]["kDa"] == 20.8
    assert set(report["molecular_weights"]) == {"IL6", "sIL6R", "sgp130Fc"}


def test_schema_is_sound_and_every_key_described():
    jsonschema.Draft202012Validator.check_schema(schema())
    undescribed = [key for key, entry in schema()["properties"].items() if "description" not in entry]
    assert undescribed == []


def test_table_that_breaks_the_schema_is_refused(tmp_path):
    measurements = read(tmp_path).measurements
    broken = measurements.assign(value=measurements["value"].where(measurements.index != 1, -1.0))
    with pytest.raises(UserError) as error:
        checked(broken.assign(noise=broken["noise"].replace("normal", "gaussian")), "x")
    expected = "expected one of lognormal, normal, laplace, log-laplace, student-t, log-student-t"
    assert str(error.value) == (
        "x: 3 faults\n"
        "  - measurements, row 3: expected lognormal and log-laplace and log-student-t values above zero.\n"
        f"  - measurements, row 12: noise = gaussian: {expected}.\n"
        f"  - measurements, row 14: noise = gaussian: {expected}."
    )


def test_command(tmp_path, caplog):
    read(tmp_path)
    parser = argparse.ArgumentParser()
    command.register_parser(parser.add_subparsers())
    arguments = [str(tmp_path / "data.yaml"), "--name", "test", "--folder", str(tmp_path)]
    args = parser.parse_args(["ingest", *arguments, "--output", str(tmp_path / "out")])
    logger = logging.getLogger("il6infer")
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.INFO, logger="il6infer"):
            args.run(args)
    finally:
        logger.removeHandler(caplog.handler)
    assert "test: 13 values of 4 files" in caplog.messages
    assert "    left out: 1 of pgp130 (empty cell)" in caplog.messages
    assert len(pd.read_csv(tmp_path / "out" / "measurements.csv")) == 13


def test_each_gel_of_a_file_counts_its_own_rows(tmp_path):
    yaml = YAML[: YAML.index("  - {path: gel.csv")] + YAML[YAML.index("  - path: table.csv") :]
    yaml = yaml.replace("batch: tab1", "batch: {column: gel}\n    where: {keep: 'yes'}")
    table = "time,dose,gel,keep,pgp130_wb,ms\n0,0,a,yes,1,1\n20,40,a,no,2,2\n0,0,b,yes,3,3\n20,40,b,yes,,4\n"
    table += "40,40,c,no,5,5\n"
    files = read(tmp_path, yaml=yaml, table=table, protocol=TWO).report.files
    assert [(file.batch, file.rows, dict(file.values)) for file in files] == [
        ("a", 3, {"pgp130": 1, "pSTAT3_cytoplasm": 1}),  # of a gel that is not read, the row goes with the first
        ("b", 2, {"pgp130": 1, "pSTAT3_cytoplasm": 2}),
    ]
    assert sum(file.rows for file in files) == 5
    for file in files:
        out = {name: sum(drop.count for drop in file.dropped if drop.observable == name) for name in file.values}
        assert {name: file.rows - out[name] for name in out} == dict(file.values)


TWO = "condition,time_min,action,species,dose,unit\nvehicle,0,control,,,\npulse,0,add,IL6,40,ng/ml\n"
