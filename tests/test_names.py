"""Names that a reader could take for a missing value, a number or a truth value, from raw file to posterior."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from il6infer._errors import UserError
from il6infer._files import read_posterior
from il6infer.cli import main as cli
from il6infer.engine.evaluate import evaluate
from il6infer.inference import predictive
from il6infer.ingestion import ingest, write
from il6infer.petab_files.read import load
from il6infer.stages.tables import MEASUREMENTS, PROTOCOL, read_table

WORDS = ("NA", "None", "nan", "NaN", "null", "NULL", "TRUE", "True", "false", "inf", "N_A", "E1", "_1")
"""Valid ids, each of which pandas, YAML or a formula would take for something else."""

REFUSED = ("N/A", "1", "01", "1e5", "-", "größe", "a,b", 'a"b', "a\tb", "a b")
"""What is no id: refused where it is read, with the row."""

TIMES = (0.0, 15.0, 60.0)
TITLE = {"title": "Names", "simulated": True, "protocol": "protocol.csv"}


def _quoted(text: str) -> str:
    return f'"{text.replace(chr(34), chr(34) * 2)}"'


def _raw(folder: Path, names: tuple[str, ...], batch: str = "NA") -> Path:
    """One condition for each name, each with a dose of its own, in a prepared table; returns the description."""
    folder.mkdir(parents=True, exist_ok=True)
    steps = [f"{_quoted(name)},0,add,IL6,{dose},ng/ml" for dose, name in enumerate(names, start=1)]
    (folder / "protocol.csv").write_text("\n".join(["condition,time_min,action,species,dose,unit", *steps]) + "\n")
    rows = [
        f"{_quoted(name)},{time:g},{0.1 + dose * time:g}" for dose, name in enumerate(names, start=1) for time in TIMES
    ]
    (folder / "table.csv").write_text("\n".join(["who,time,signal", *rows]) + "\n")
    file = {
        "path": "table.csv", "assay": "table", "batch": batch, "condition": {"column": "who"},
        "observables": {"pSTAT3": {"column": "signal", "unit": "a.u.", "noise": "lognormal", "scale": True}},
    }  # fmt: skip
    (folder / "names.yaml").write_text(yaml.safe_dump({**TITLE, "files": [file]}))
    return folder / "names.yaml"


def _problem(folder: Path, names: tuple[str, ...]) -> Path:
    """From raw files to the PEtab folder of the model classic_none, by the commands."""
    description, out = _raw(folder, names), folder / "out"
    words = ["ingest", str(description), "--name", "null", "--folder", str(folder), "--output", str(out)]
    assert cli.main(words) == 0
    words = ["problem", str(out / "measurements.csv"), str(out / "protocol.csv"), "--model", "classic_none"]
    assert cli.main([*words, "--output", str(folder / "problem")]) == 0
    return folder / "problem" / "problem.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two data sets that differ in the names of their conditions and in nothing else."""
    folder = tmp_path_factory.mktemp("names")
    _problem(folder / "words", WORDS)
    _problem(folder / "plain", tuple(f"c{i:02}" for i in range(len(WORDS))))
    return folder


def test_tables_of_ingest_keep_every_name(folder):
    out = folder / "words" / "out"
    measurements, protocol = (
        read_table(out / "measurements.csv", MEASUREMENTS),
        read_table(out / "protocol.csv", PROTOCOL),
    )
    assert list(measurements["condition"]) == [name for name in WORDS for _ in TIMES]
    assert list(protocol["condition"]) == list(WORDS)
    assert set(measurements["batch"]) == {"NA"}
    counts = json.loads((out / "ingest.json").read_text())["conditions"]
    assert counts == dict.fromkeys(WORDS, len(TIMES))


def test_the_problem_has_an_experiment_for_each_name(folder):
    problem = load(folder / "words" / "problem" / "problem.yaml")
    assert {e.id for e in problem.experiments} == set(WORDS)
    assert list(problem.measurements["experiment"]) == [name for name in WORDS for _ in TIMES]
    assert set(problem.measurements["batch"]) == {"NA"}
    doses = {e.id: str(e.periods[-1].changes["IL6"]) for e in problem.experiments}
    assert len(set(doses.values())) == len(WORDS)


def test_a_name_changes_no_number(folder):
    found = [evaluate(folder / kind / "problem" / "problem.yaml") for kind in ("words", "plain")]
    assert set(found[0].outcomes) == set(WORDS)
    assert found[0].llh == pytest.approx(found[1].llh, rel=1e-12)
    np.testing.assert_allclose(found[0].simulation, found[1].simulation, rtol=1e-12)


def test_names_are_the_coordinates_of_the_posterior(folder, tmp_path):
    """The groups of a posterior that say what was measured, through a netCDF file."""
    import arviz as az

    problem = load(folder / "words" / "problem" / "problem.yaml")
    observed, constant = predictive.data_groups(problem)
    groups = dict.fromkeys(("posterior", "sample_stats", "prior"), az.dict_to_dataset({"k": [[1.0]]}))
    idata = az.InferenceData(**groups, observed_data=observed, constant_data=constant)
    idata.add_groups(
        {name: observed for name in ("prior_predictive", "posterior_predictive", "log_likelihood", "predictions")}
    )
    idata.to_netcdf(str(tmp_path / "posterior.nc"), engine="h5netcdf")
    again = read_posterior(tmp_path / "posterior.nc", "constant_data")["constant_data"]
    assert list(again["pSTAT3_experiment"].values) == [name for name in WORDS for _ in TIMES]
    assert set(again["pSTAT3_batch"].values) == {"NA"}


@pytest.mark.slow
def test_a_fit_keeps_every_name(folder, tmp_path):
    words = ["fit", str(folder / "words" / "problem" / "problem.yaml"), "--output", str(tmp_path / "posterior.nc")]
    settings = ["--chains", "1", "--tune", "5", "--draws", "5", "--starts", "1", "--threads", "1"]
    assert cli.main([*words, *settings]) == 0
    about = read_posterior(tmp_path / "posterior.nc")
    assert list(about["constant_data"]["pSTAT3_experiment"].values) == [name for name in WORDS for _ in TIMES]
    shown = about["predictions_constant_data"]["pSTAT3_series_experiment"].values
    assert sorted(shown) == sorted(WORDS)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_name_is_refused_at_ingest(name, tmp_path):
    description = _raw(tmp_path, ("vehicle", name))
    with pytest.raises(UserError) as error:
        ingest(description, "names", tmp_path)
    where = "protocol.csv, row 3, column 'condition'"
    rule = "Use letters, digits and _, with a letter or _ first."
    assert f"  - {where}: '{name}' cannot name a condition. {rule}" in str(error.value)


def test_an_empty_name_is_refused_at_ingest(tmp_path):
    description = _raw(tmp_path, ("vehicle", ""))
    with pytest.raises(UserError) as error:
        ingest(description, "names", tmp_path)
    for where in ("protocol.csv, row 3, column 'condition'", "table.csv, row 5, column 'who'"):
        assert f"  - {where}: the cell is empty, a condition is expected." in str(error.value)


@pytest.mark.parametrize("name", [" NA", "NA ", "  None  ", "\tnull"])
def test_blanks_around_a_name_are_not_of_it(name, tmp_path):
    tables = ingest(_raw(tmp_path, ("vehicle", name)), "names", tmp_path)
    write(tables, tmp_path / "out")
    written = read_table(tmp_path / "out" / "measurements.csv", MEASUREMENTS)
    assert list(dict.fromkeys(written["condition"])) == ["vehicle", name.strip()]


def test_a_protocol_in_yaml_says_which_names_yaml_takes_for_something_else(tmp_path):
    description = _raw(tmp_path, ("vehicle", "TRUE"))
    content = {**yaml.safe_load(description.read_text())}
    del content["protocol"]
    steps = "protocol:\n- {condition: vehicle, time_min: 0, action: control}\n"
    steps += "- {condition: TRUE, time_min: 0, action: add, species: IL6, dose: 1, unit: nM}\n"
    description.write_text(yaml.safe_dump(content) + steps)
    with pytest.raises(UserError) as error:
        ingest(description, "names", tmp_path)
    assert "condition" in str(error.value)
    description.write_text(description.read_text().replace("condition: TRUE", "condition: 'TRUE'"))
    assert list(ingest(description, "names", tmp_path).protocol["condition"]) == ["vehicle", "TRUE"]
