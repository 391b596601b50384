"""A run directory of its own for Snakemake, and the command that runs there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.zoo import decay_v1

Run = Callable[..., subprocess.CompletedProcess[str]]


def make_run_directory(folder: Path, root: Path) -> Path:
    """Link what a run reads into a folder; results and .snakemake then stay there."""
    for name in ("config", "resources", "tests"):
        (folder / name).symlink_to(root / name)
    return folder


def runner(folder: Path, root: Path) -> Run:
    """Return a function that runs snakemake in the folder, with output and errors in one text."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile"), "--cores", "2"]
        command += ["--directory", str(folder), "--workflow-profile", str(root / "profiles" / "default"), *words]
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False
        )

    return run


@pytest.fixture
def snakemake(root, tmp_path) -> Run:
    """Run snakemake in a fresh run directory."""
    return runner(make_run_directory(tmp_path, root), root)


CONFIG = """
datasets:
  example: {description: config/datasets/example.yaml, folder: resources/example}
  own: {petab: own/problem.yaml}
models: [both_socs3]
claims: config/claims.yaml
predictions: config/predictions.yaml
"""
SET = (
    "measurements.csv",
    "protocol.csv",
    "ingest.json",
    "comparison.json",
    "claims.json",
    "predictions.json",
    "predictions/numbers.csv",
)
MODEL = (
    "diagram.svg",
    "prior_check.json",
    "posterior.nc",
    "verdict.json",
    "identifiability.json",
    "claims.json",
    "predictions.json",
    "problem/problem.yaml",
)
OTHER = ("settings/fit.json", "settings/verdict.json", "settings/compare.json", "settings/report.json")


@pytest.fixture(scope="module")
def done_run(root, tmp_path_factory) -> Path:
    """A copy of the repository with a run that Snakemake takes for done: each output is there, none was computed."""
    folder = tmp_path_factory.mktemp("run")
    for name in ("il6infer", "workflow", "config", "resources", "profiles"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
    for name in ("Snakefile", "requirements.lock"):
        shutil.copy(root / name, folder)
    decay_v1.write(folder / "own")
    (folder / "mine.yaml").write_text(CONFIG)
    results = folder / "results"
    outputs = [results / name for name in (*OTHER, "report/index.html", "figures/example-comparison.csv")]
    for dataset, model in (("example", "both_socs3"), ("own", "petab")):
        outputs += [results / dataset / name for name in SET]
        outputs += [results / dataset / model / name for name in MODEL]
    for path in outputs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name * (200_000 if path.suffix == ".nc" else 1))  # a posterior has megabytes
    done = in_copy(folder, "--configfile", "mine.yaml", "--touch", "--forceall")
    assert done.returncode == 0, done.stdout
    return folder


def in_copy(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake on the copy, which it imports, too."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *words]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def planned(folder: Path, config: str = "mine.yaml") -> set[str]:
    """Rules of a dry-run, but for the target."""
    done = in_copy(folder, "--configfile", config, "--dry-run", "--quiet", "rules")
    assert done.returncode == 0, done.stdout
    return set(re.findall(r"^(\w+) +\d+$", done.stdout, flags=re.M)) - {"all", "total"}
