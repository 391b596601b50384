"""A small finished analysis: real tables and a real problem, and a page that stands for all that follows."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import pytest

from il6infer.cli.main import main
from il6infer.cli.report import run as report
from il6infer.configuration.configuration import as_keys
from il6infer.configuration.load import check_keys
from il6infer.provenance.record import note
from il6infer.stages.codec import write
from tests.zoo.verdicts import comparison

MODEL = "classic_none"


def recorded(output: Path, command: str, inputs: list[Path]) -> None:
    """Note that a command made a file that the test has written."""
    args = argparse.Namespace(command=command, output=output, run=report, inputs=inputs)
    note(args, [command, "--output", str(output)], [output])


def analyse(folder: Path, description: str, raw: str) -> Path:
    """Make the analysis in a folder, which is the working directory; returns its results."""
    results = folder / "results"
    config = {"title": "Ä small one", "datasets": {"mine": {"description": description, "folder": raw}}}
    config = check_keys({**config, "models": [MODEL], "results": "results"}, "test")
    words = ["ingest", description, "--name", "mine", "--folder", raw, "--output", "results/mine"]
    assert main(words) == 0
    words = ["problem", "results/mine/measurements.csv", "results/mine/protocol.csv", "--model", MODEL]
    assert main([*words, "--output", f"results/mine/{MODEL}/problem"]) == 0
    (results / "settings").mkdir()
    (results / "settings" / "report.json").write_text(json.dumps(as_keys(config)))
    write(results / "mine" / "comparison.json", comparison("mine", 1, ()))
    recorded(Path("results/mine/comparison.json"), "compare", [])
    (results / "report").mkdir()
    (results / "report" / "index.html").write_text("<html></html>\n")
    recorded(Path("results/report/index.html"), "report", [Path("results/mine/comparison.json")])
    # What is not of the analysis.
    for name in ("logs/fit.log", f"mine/{MODEL}/.posterior.nc.lock", f"mine/{MODEL}/posterior.nc.partial"):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text("x")
    (results / "mine" / "older_model").mkdir()
    (results / "mine" / "older_model" / "verdict.json").write_text("{}")
    (results / "mine" / "claims.json").write_text("{}")
    return results


@pytest.fixture(scope="module")
def made(root, tmp_path_factory) -> Path:
    """Return the run directory of the analysis."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(root / "resources" / "example", folder / "raw")
    shutil.copy(root / "config" / "datasets" / "example.yaml", folder / "about.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        analyse(folder, "about.yaml", "raw")
    return folder


@pytest.fixture
def analysis(made, tmp_path, monkeypatch) -> Path:
    """Return a copy of it, to be altered; it is the working directory."""
    copy = shutil.copytree(made, tmp_path / "analysis")
    monkeypatch.chdir(copy)
    return copy
