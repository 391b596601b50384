"""A copy of a finished run, with its times in any order: Snakemake plans what digests say, and nothing else."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from il6infer._files import digest
from il6infer.provenance.record import FOLDER
from il6infer.stages import write
from il6infer.stages.ingest import FileDigest
from il6infer.stages.provenance import Provenance
from tests.workflow.conftest import planned

# What is made of what, stage by stage; a stage reads all that stands before it.
STAGES = (
    ("measurements.csv", "protocol.csv", "ingest.json"),
    ("both_socs3/problem/problem.yaml", "petab/problem/problem.yaml"),
    ("both_socs3/posterior.nc", "petab/posterior.nc"),
    *(
        (f"{model}/{name}",)
        for model in ("both_socs3", "petab")
        for name in ("verdict.json", "identifiability.json", "prior_check.json", "diagram.svg")
    ),
    ("comparison.json",),
    *((f"{model}/{name}",) for model in ("both_socs3", "petab") for name in ("claims.json", "predictions.json")),
    ("claims.json",),
    ("predictions.json", "predictions/numbers.csv"),
)


def note(made: list[Path], inputs: list[Path]) -> None:
    base = made[0].parent
    results, sources = (
        tuple(FileDigest(os.path.relpath(path, base), digest(path)) for path in paths) for paths in (made, inputs)
    )
    told = Provenance(("il6infer", "x"), ".", "", results, sources, None, "", None, {}, {"name": ""})
    write(base / FOLDER / f"{made[0].name}.json", told)


@pytest.fixture(scope="module")
def recorded(done_run) -> Path:
    """The run, with a record of each result."""
    results = done_run / "results"
    last = sorted(path for name in ("settings", "report", "figures") for path in (results / name).rglob("*.*"))
    every = sorted((results / "settings").glob("*.json"))
    for dataset in ("example", "own"):
        before = [results / "settings" / "fit.json", results / "settings" / "verdict.json"]
        before += sorted((done_run / "resources" / "example").glob("*.csv")) if dataset == "example" else []
        before += sorted((done_run / "own").iterdir()) if dataset == "own" else []
        for names in STAGES:
            made = [path for name in names if (path := results / dataset / name).is_file()]
            if made:
                note(made, before)
            before += made
        every += before
    note([path for path in last if path.name == "index.html"], every)
    note([path for path in last if path.suffix == ".csv"], every)
    return done_run


def copied(run: Path, to: Path, notes: bool) -> Path:
    """Copy a run as `cp -r` does, its files in any order; without Snakemake's notes, as a checkout."""
    skipped = shutil.ignore_patterns() if notes else shutil.ignore_patterns(".snakemake", ".snakemake_timestamp")
    copy = shutil.copytree(run, to / "copy", ignore=skipped, symlinks=True)
    shuffled = [*copy.rglob("*")]
    random.Random(7).shuffle(shuffled)
    for second, path in enumerate(shuffled):
        if not path.is_symlink() and ".snakemake" not in path.parts:
            os.utime(path, (1.6e9 + second, 1.6e9 + second))
    return copy


@pytest.mark.parametrize("notes", [True, False], ids=["all of it", "without Snakemake's notes"])
def test_in_a_copy_nothing_runs(recorded, tmp_path, notes):
    assert planned(copied(recorded, tmp_path, notes)) == set()


def test_what_was_edited_before_the_copy_runs(recorded, tmp_path):
    """Whatever times the copy gave it: here the oldest."""
    copy = copied(recorded, tmp_path, True)
    path = copy / "resources" / "example" / "western_blot_gel1.csv"
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    os.utime(path, (1.5e9, 1.5e9))

    assert {"ingest", "problem", "fit"} <= planned(copy)
