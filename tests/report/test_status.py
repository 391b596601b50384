"""How an analysis stands: every state that a fit can be in, and the words for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.report.status import states, table
from il6infer.stages import write
from tests.zoo.verdicts import verdict

NOW = 1_800_000_000.0


def put(path: Path, text: str = "", age: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (NOW - age, NOW - age))
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Six models: done, without convergence, stale, running, failed, waiting."""
    folder = tmp_path / "results"
    models = ["both_none", "both_socs3", "classic_none", "trans_none", "trans_socs3", "trans_loss"]
    config = {"datasets": {"toy": {"description": "d", "folder": "f"}}, "models": models}
    put(folder / "settings" / "report.json", json.dumps(config))
    for model, said in (("both_none", verdict()), ("both_socs3", verdict(sampled=False, reproduces=False))):
        put(folder / "toy" / model / "problem" / "problem.yaml", age=90)
        put(folder / "toy" / model / "posterior.nc", age=60)
        write(folder / "toy" / model / "verdict.json", said)
        os.utime(folder / "toy" / model / "verdict.json", (NOW, NOW))
    put(folder / "toy" / "classic_none" / "posterior.nc", age=60)
    put(folder / "toy" / "classic_none" / "problem" / "problem.yaml", age=30)
    logs = folder / "logs" / "fit" / "toy"
    line = "2026-11-26 02:49:40 INFO 11 s: chain 1: 100/400 draws; chain 2: 300/400 draws; about 9 s left"
    put(logs / "trans_none.log", line, age=20)
    put(logs / "trans_socs3.log", "error: problem.yaml: no such file", age=20)
    return folder


def test_each_state_is_said(results: Path) -> None:
    found = {state.model: state for state in states(results, NOW)}

    assert (found["both_none"].state, found["both_none"].sampled, found["both_none"].reproduces) == (
        "done",
        "yes",
        "yes",
    )
    assert found["both_socs3"].sampled == "NO: R-hat"
    assert found["both_socs3"].reproduces == "not known: it did not sample"
    assert found["classic_none"].state == "stale: its problem is newer, run snakemake"
    assert found["trans_none"].state == "running 50 %, about 9 s left"
    assert found["trans_socs3"].state == "failed: error: problem.yaml: no such file"
    assert found["trans_loss"].state == "waiting"


def test_where_records_tell_the_times_of_copies_do_not(results: Path) -> None:
    problem, settings = (
        Path(f"results/{name}") for name in ("toy/classic_none/problem/problem.yaml", "settings/fit.json")
    )
    told = {"posterior.nc": [], "verdict.json": []}

    for path in results.glob("toy/*/*.*"):
        os.utime(path, (NOW, NOW - len(path.name)))
    as_made = {s.model: s.state for s in states(results, NOW, lambda path: told[path.name])}
    altered = {s.model: s.state for s in states(results, NOW, lambda path: [problem])}
    reset = {s.model: s.state for s in states(results, NOW, lambda path: [settings])}

    assert (as_made["both_none"], as_made["classic_none"]) == ("done", "done, not judged yet")
    assert altered["both_none"] == "stale: its problem is newer, run snakemake"
    assert reset["both_none"] == "stale: its configuration is newer, run snakemake"


def test_a_fit_without_a_sign_of_life_is_not_running(results: Path) -> None:
    [found] = [state for state in states(results, NOW + 1000) if state.model == "trans_none"]

    assert found.state.startswith("stopped 50 %")


def test_the_table_lines_up_and_leads_to_the_report(results: Path) -> None:
    put(results / "report" / "index.html")
    lines = table(states(results, NOW)).splitlines()

    assert lines[0].split("  ")[0] == "data set"
    assert len({line.index("both" if "both" in line else "model") for line in lines[:3]}) == 1
    assert lines[1].endswith("index.html#toy-both_none")


def test_a_folder_without_an_analysis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        states(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}: no analysis. Give the folder that `snakemake` wrote into, 'results' by default."
    )


def test_command(results: Path) -> None:
    words = ("status", str(results))
    done = subprocess.run([sys.executable, "-m", "il6infer", *words], capture_output=True, text=True, check=True)

    assert "NO: R-hat" in done.stdout
