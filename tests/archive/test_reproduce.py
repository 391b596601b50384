"""An exported analysis made again: the whole on a tiny configuration (slow); its parts with a stand-in for the run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.archive import export, reproduce, rerun
from il6infer.cli.main import main
from il6infer.stages import read
from il6infer.stages.export import Reproduction
from tests.workflow.conftest import make_run_directory, runner


@pytest.fixture
def archive(analysis) -> Path:
    export(Path("results"), Path("out.zip"))
    return analysis / "out.zip"


def stand_in(monkeypatch, results: Path, change=lambda again: None) -> list[tuple[Path, Path, int]]:
    """Let the run be a copy of the results, changed."""
    calls = []

    def run(config: Path, again: Path, cores: int) -> None:
        calls.append((config, again, cores))
        shutil.copytree(results, again / "results")
        change(again / "results")

    monkeypatch.setattr(rerun, "_run", run)
    return calls


def test_the_same_results_are_said_to_be_the_same(archive, tmp_path, monkeypatch, capsys):
    calls = stand_in(monkeypatch, archive.parent / "results")

    assert main(["reproduce", str(archive), "-o", str(tmp_path / "there"), "--cores", "3"]) == 0
    assert calls == [(tmp_path / "there/configuration.yaml", tmp_path / "there/again", 3)]
    assert (tmp_path / "there" / "again" / "raw" / "western_blot_gel1.csv").is_file()
    out = capsys.readouterr().out
    assert out.endswith("results have the same bytes, 0 are the same but for times, threads and versions, 0 are not\n")
    assert read(tmp_path / "there" / "reproduction.json", Reproduction).same


def test_what_differs_and_what_is_missing_is_named(archive, tmp_path, monkeypatch, capsys):
    def change(again: Path) -> None:
        (again / "report" / "index.html").unlink()
        path = again / "mine" / "comparison.json"
        path.write_text(path.read_text().replace('"n": 1', '"n": 2'))

    stand_in(monkeypatch, archive.parent / "results", change)
    with pytest.raises(SystemExit) as stopped:
        main(["reproduce", str(archive), "-o", str(tmp_path / "there")])

    assert stopped.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert "results/mine/comparison.json: differs: n: 1 became 2 (0.5 of it)" in lines
    assert "results/report/index.html: missing: was not made again" in lines
    assert lines[-1].endswith("2 are not")
    found = read(tmp_path / "there" / "reproduction.json", Reproduction)
    assert [file.outcome for file in found.files if file.outcome != "bytes"] == ["differs", "missing"]


def test_other_code_and_packages_are_said(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(rerun, "versions", lambda: {"numpy": "1.0", "python": "3.11.7"})
    monkeypatch.setattr(rerun, "_same", lambda path, sha256: "cli" not in path.parts)
    found = reproduce(archive, tmp_path / "there", 1, run=False)

    assert found.files == ()
    assert any(text.startswith("numpy 1.0 here, 2.") for text in found.environment)
    assert any(text.startswith("code differs: il6infer/cli/__init__.py") and text.endswith("(compare with code/)")
               for text in found.environment)  # fmt: skip


def test_checking_runs_nothing(archive, tmp_path, monkeypatch, capsys):
    calls = stand_in(monkeypatch, archive.parent / "results")

    assert main(["reproduce", str(archive), "-o", str(tmp_path / "there"), "--check"]) == 0
    assert calls == []
    assert not (tmp_path / "there" / "again").exists()


@pytest.mark.parametrize("line", ["results: /tmp/elsewhere", "results: ../../elsewhere", "claims: /etc/passwd"])
def test_a_configuration_that_leads_out_is_refused_before_anything_runs(archive, tmp_path, monkeypatch, line):
    import hashlib

    key = line.partition(":")[0]
    altered = tmp_path / "altered.zip"
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(altered, "w") as target:
        old = source.read("configuration.yaml").decode()
        new = "\n".join(line if text.startswith(f"{key}:") else text for text in old.splitlines()).encode()
        about = json.loads(source.read("export.json"))
        about["configuration"]["sha256"] = hashlib.sha256(new).hexdigest()
        for entry in source.infolist():
            content = {"configuration.yaml": new, "export.json": json.dumps(about).encode()}.get(entry.filename)
            target.writestr(entry, source.read(entry) if content is None else content)
    calls = stand_in(monkeypatch, archive.parent / "results")
    with pytest.raises(UserError) as error:
        reproduce(altered, tmp_path / "there", 1)

    assert f"leads out of the folder ('{key}' is '{line.partition(': ')[2]}'). Nothing was run." in str(error.value)
    assert calls == []


def test_without_a_workflow_it_says_so(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(rerun, "ROOT", tmp_path / "site-packages" / "il6infer")

    with pytest.raises(UserError, match=r"the workflow \(Snakefile\) does not stand beside this il6infer"):
        reproduce(archive, tmp_path / "there", 1)


@pytest.mark.slow
def test_a_tiny_analysis_is_made_again_elsewhere_with_the_same_results(root, tmp_path):
    """Another folder, locale, time zone, hash seed, umask and number of cores: every result but times the same."""
    here = tmp_path / "here"
    here.mkdir()
    done = runner(make_run_directory(here, root), root)("--configfile", str(root / "tests" / "workflow" / "tiny.yaml"))
    assert done.returncode == 0, done.stdout
    assert main(["export", str(here / "results"), "-o", str(tmp_path / "out.zip")]) == 0
    there = tmp_path / "zweiter Ort ü"
    command = [
        sys.executable,
        "-m",
        "il6infer",
        "reproduce",
        str(tmp_path / "out.zip"),
        "-o",
        str(there),
        "--cores",
        "1",
    ]
    other = {"LC_ALL": "C", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7"}
    again = subprocess.run(
        command, env=os.environ | other, umask=0o077, capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert again.returncode == 0, again.stdout + again.stderr
    found = read(there / "reproduction.json", Reproduction)
    assert found.environment == ()
    outcomes = {file.path: file.outcome for file in found.files}
    content = {path for path, outcome in outcomes.items() if outcome == "content"}
    assert set(outcomes.values()) == {"bytes", "content"}
    assert content <= {path for path in outcomes if path.endswith(("posterior.nc", "verdict.json", "index.html"))}
