"""A tiny run of the workflow, its results, and how two runs differ: what the faults are tried on."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from il6infer._errors import UserError
from il6infer._files import read_posterior

ROOT = Path(__file__).parents[2]
CONFIG = """
title: A tiny run, to be hindered
question: Does it go on?
datasets: {example: {description: config/datasets/example.yaml, folder: resources/example}}
models: [classic_none]
fit: {chains: 2, tune: 60, draws: 60, starts: 1}
"""
ASKED = """
claims: config/claims.yaml
predictions: config/predictions.yaml
comparison: {leave_out: batch, jobs: 1, evidence: true, runs: 3, particles: 100}
"""
"""Added to it: the stages that no fit waits for, too."""

TIMED = {"posterior.nc", "verdict.json", "index.html"}
"""Results that hold wall times and the number of threads."""


def make_folder(folder: Path, config: str = CONFIG) -> Path:
    """Make a run directory, with a configuration ``tiny.yaml``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config", "resources"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "tiny.yaml").write_text(config)
    return folder


def start(
    folder: Path, *words: str, profile: str = "default", before: Callable[[], None] | None = None
) -> subprocess.Popen[bytes]:
    """Start snakemake in a session of its own, with output to ``log.txt``.

    Parameters
    ----------
    folder
        Of `make_folder`.
    words
        Further words of the command, as ``--cores 2``.
    profile
        Of the folder profiles/.
    before
        Called in the process before it is snakemake's.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), *words]
    command += ["--directory", str(folder), "--configfile", str(folder / "tiny.yaml")]
    command += ["--workflow-profile", str(ROOT / "profiles" / profile)]
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=before
        )


def done_run(folder: Path, config: str = CONFIG) -> Path:
    """Make a run that nothing hinders, or give the one that is there."""
    if not folder.is_dir() and start(make_folder(folder, config), "--cores", "2").wait() != 0:
        raise RuntimeError(log_of(folder)[-3000:])
    return folder


def log_of(folder: Path) -> str:
    """Read all that the runs of a folder have said."""
    return (folder / "log.txt").read_text(errors="replace")


def results(folder: Path) -> list[Path]:
    """Files under their final names."""
    found = [path for path in (folder / "results").rglob("*") if path.is_file()]
    skipped = ("logs", "benchmarks")
    return [
        path
        for path in found
        if not any(part.startswith(".") or part.endswith(".partial") or part in skipped for part in path.parts)
    ]


def broken(path: Path) -> str:
    """What is wrong with a file, or nothing."""
    try:
        if path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        elif path.suffix == ".nc":
            read_posterior(path)
        elif path.suffix in (".csv", ".tsv"):
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
            if not rows or len({len(row) for row in rows}) != 1:
                return "rows of different length"
        elif path.suffix in (".html", ".svg") and not path.read_text("utf-8").rstrip().endswith(
            f"</{path.suffix[1:]}>"
        ):
            return "cut short"
    except (ValueError, UserError, OSError) as error:
        return str(error)
    return ""


def different(first: Path, second: Path) -> list[str]:
    """Results of two runs that differ, apart from times: of posteriors the draws count."""
    ours, theirs = ({str(p.relative_to(folder)): p for p in results(folder)} for folder in (first, second))
    found = sorted(ours.keys() ^ theirs.keys())
    for name in sorted(ours.keys() & theirs.keys()):
        if name.endswith("posterior.nc"):
            a, b = (read_posterior(path, "posterior")["posterior"] for path in (ours[name], theirs[name]))
            if not all(np.array_equal(a[v].values, b[v].values) for v in a.data_vars):
                found.append(name)
        elif Path(name).name not in TIMED and ours[name].read_bytes() != theirs[name].read_bytes():
            found.append(name)
    return found
