"""What Snakemake plans after an edit: the rules that read it, their followers, and no other.

Which digests an edit changes is the table of tests/test_digests.py; here a few of its rows go through Snakemake.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.zoo import decay_v1

CONFIG = """
datasets:
  example: {description: config/datasets/example.yaml, folder: resources/example}
  own: {petab: own/problem.yaml}
models: [both_socs3]
claims: config/claims.yaml
"""
SET = ("measurements.csv", "protocol.csv", "ingest.json", "comparison.json", "claims.json")
MODEL = ("diagram.svg", "prior_check.json", "posterior.nc", "verdict.json", "claims.json", "problem/problem.yaml")
OTHER = ("settings/fit.json", "settings/verdict.json", "settings/compare.json", "settings/report.json")

AFTER_VERDICT = {"compare", "weigh", "report"}
AFTER_FIT = {"diagnose", "ask", *AFTER_VERDICT}


@pytest.fixture(scope="module")
def folder(root, tmp_path_factory) -> Path:
    """A copy of the repository with a run that Snakemake takes for done: each output is there, none was computed."""
    folder = tmp_path_factory.mktemp("run")
    for name in ("il6infer", "workflow", "config", "resources", "profiles"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
    for name in ("Snakefile", "requirements.lock"):
        shutil.copy(root / name, folder)
    decay_v1.write(folder / "own")
    (folder / "mine.yaml").write_text(CONFIG)
    results = folder / "results"
    outputs = [results / name for name in (*OTHER, "report/index.html")]
    for dataset, model in (("example", "both_socs3"), ("own", "petab")):
        outputs += [results / dataset / name for name in SET]
        outputs += [results / dataset / model / name for name in MODEL]
    for path in outputs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    done = snakemake(folder, "--touch", "--forceall")
    assert done.returncode == 0, done.stdout
    return folder


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake on the copy, which it imports, too."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "mine.yaml", *words]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def planned(folder: Path, *words: str) -> set[str]:
    """Rules of a dry-run, but for the target."""
    done = snakemake(folder, "--dry-run", "--quiet", "rules", *words)
    assert done.returncode == 0, done.stdout
    return set(re.findall(r"^(\w+) +\d+$", done.stdout, flags=re.M)) - {"all", "total"}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def comment(*paths: Path) -> None:
    for path in paths:
        path.write_text(path.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")


def test_comments_that_no_stage_reads_and_messages_run_nothing(folder):
    config, package = folder / "config", folder / "il6infer"
    comment(config / "datasets" / "example.yaml", config / "claims.yaml", folder / "mine.yaml", package / "_errors.py")
    comment(package / "interface" / "fits.py", package / "cli" / "petab.py")
    os.utime(folder / "resources" / "example" / "protocol.csv")  # as after a checkout: newer, and the same

    assert planned(folder) == set()


@pytest.mark.parametrize(
    ("file", "rules"),
    [
        ("drawing/captions.py", {"draw", "draw_adopted", "report"}),
        ("prediction/claims.schema.yaml", {"check_prior", "ask", "weigh", "report"}),
        ("diagnosis/verdict.py", {"diagnose", *AFTER_VERDICT}),
    ],
)
def test_an_edit_runs_what_reads_it_and_its_followers(folder, file, rules):
    path = folder / "il6infer" / file
    before = path.read_bytes()
    comment(path)
    found = planned(folder)
    path.write_bytes(before)

    assert found == rules


def test_an_upgrade_of_a_package_runs_what_imports_it(folder):
    lock = folder / "requirements.lock"
    edit(lock, "\nnutpie==", "\nnutpie==99.")
    found = planned(folder)
    edit(lock, "\nnutpie==99.", "\nnutpie==")

    assert found == {"fit", *AFTER_FIT}


def test_what_a_description_says_counts(folder):
    path = folder / "config" / "datasets" / "example.yaml"
    edit(path, "title: ", "title: Other ")
    found = planned(folder)
    edit(path, "title: Other ", "title: ")

    assert found == {"ingest", "problem", "check_prior", "fit", *AFTER_FIT}
