"""What Snakemake plans after an edit: the rules that read it, their followers, and no other.

Which digests an edit changes is the table of tests/test_digests.py; here a few of its rows go through Snakemake.
"""

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
from tests.test_digests import EDITS
from tests.workflow.conftest import planned

# Rule -> rules that read what it writes.
READ_BY = {
    "ingest": {"problem"},
    "adopt": {"draw_adopted", "check_prior", "fit", "ask", "predict"},
    "problem": {"check_prior", "fit", "ask", "predict"},
    "fit": {"diagnose", "identify", "ask", "predict", "compare"},
    "diagnose": {"predict", "compare", "report"},
    "compare": {"weigh", "weigh_predictions", "report"},
    "ask": {"weigh"},
    "predict": {"weigh_predictions"},
    **dict.fromkeys(("identify", "weigh", "weigh_predictions", "check_prior", "draw", "draw_adopted"), {"report"}),
    "report": set(),
}
AFTER_VERDICT = {"compare", "weigh", "predict", "weigh_predictions", "report"}
AFTER_FIT = {"diagnose", "identify", "ask", *AFTER_VERDICT}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def comment(*paths: Path) -> None:
    for path in paths:
        path.write_text(path.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")


@pytest.mark.slow
def test_comments_that_no_stage_reads_and_messages_run_nothing(done_run):
    config, package = done_run / "config", done_run / "il6infer"
    comment(
        config / "datasets" / "example.yaml", config / "claims.yaml", done_run / "mine.yaml", package / "_errors.py"
    )
    comment(package / "interface" / "fits.py", package / "cli" / "petab.py")
    os.utime(done_run / "resources" / "example" / "protocol.csv")  # as after a checkout: newer, and the same

    assert planned(done_run) == set()


@pytest.mark.parametrize(
    ("file", "rules"),
    [
        pytest.param("drawing/captions.py", {"draw", "draw_adopted", "report"}, marks=pytest.mark.slow),
        pytest.param(
            "prediction/claims.schema.yaml",
            {"check_prior", "ask", "weigh", "predict", "weigh_predictions", "report"},
            marks=pytest.mark.slow,
        ),
        ("diagnosis/verdict.py", {"diagnose", "identify", *AFTER_VERDICT}),
    ],
)
def test_an_edit_runs_what_reads_it_and_its_followers(done_run, file, rules):
    path = done_run / "il6infer" / file
    before = path.read_bytes()
    comment(path)
    found = planned(done_run)
    path.write_bytes(before)

    assert found == rules


@pytest.mark.slow
def test_an_edit_of_any_package_runs_exactly_what_runs_it_and_its_followers(done_run):
    first = {name.split("/")[0]: name for name in reversed(EDITS)}  # of each package, and of the ground floor
    found = {}
    for name in first.values():
        path = done_run / "il6infer" / name
        before = path.read_bytes()
        path.write_bytes(before + (b"\n" if path.suffix == ".csv" else b"\n# a comment\n"))
        found[name] = sorted(planned(done_run))
        path.write_bytes(before)

    assert found == {name: sorted(with_followers(EDITS[name] & READ_BY.keys())) for name in first.values()}


def with_followers(rules: set[str]) -> set[str]:
    more = set(rules).union(*(READ_BY[rule] for rule in rules))
    return rules if more == rules else with_followers(more)


def test_an_upgrade_of_a_package_runs_what_imports_it(done_run):
    lock = done_run / "requirements.lock"
    edit(lock, "\nnutpie==", "\nnutpie==99.")
    found = planned(done_run)
    edit(lock, "\nnutpie==99.", "\nnutpie==")

    assert found == {"fit", *AFTER_FIT}


def test_one_cell_of_a_raw_file_runs_its_data_set(done_run):
    path = done_run / "resources" / "example" / "western_blot_gel1.csv"
    before = path.read_bytes()
    rows = before.splitlines(keepends=True)
    path.write_bytes(b"".join([*rows[:-1], rows[-1].replace(b"1", b"2").replace(b"0", b"1")]))
    found = planned(done_run)
    path.write_bytes(before)

    assert found == {"ingest", "problem", "check_prior", "fit", *AFTER_FIT}


def test_the_truth_of_simulated_data_runs_the_page_that_shows_it(done_run):
    path = done_run / "resources" / "example" / "truth_parameters.csv"
    before = path.read_bytes()
    path.write_bytes(before + b"more,1\n")
    found = planned(done_run)
    path.write_bytes(before)

    assert found == {"report"}


def test_one_prior_of_the_library_runs_what_is_made_of_it(done_run):
    path = done_run / "il6infer" / "library" / "priors.csv"
    before = path.read_bytes()
    path.write_bytes(before.replace(b"0.1", b"0.2", 1))
    assert path.read_bytes() != before
    found = planned(done_run)
    path.write_bytes(before)

    assert found == {"draw", "draw_adopted", "problem", "check_prior", "fit", *AFTER_FIT}


def test_what_a_description_says_counts(done_run):
    path = done_run / "config" / "datasets" / "example.yaml"
    edit(path, "title: ", "title: Other ")
    found = planned(done_run)
    edit(path, "title: Other ", "title: ")

    assert found == {"ingest", "problem", "check_prior", "fit", *AFTER_FIT}


def test_times_alone_run_nothing_of_files_of_any_size(done_run):
    """A raw file, a result and a posterior above Snakemake's own limit of 1 MB, each newer and the same."""
    names = ("resources/example/western_blot_gel1.csv", "config/datasets/example.yaml", "results/example/ingest.json",
             "results/example/both_socs3/verdict.json", "results/example/both_socs3/posterior.nc")  # fmt: skip
    assert (done_run / names[-1]).stat().st_size > 1_000_000
    for name in names:
        os.utime(done_run / name)

    assert planned(done_run) == set()


def test_another_name_of_the_folder_runs_nothing(done_run):
    moved = done_run.with_name("zweiter Ort \u00fc")
    done_run.rename(moved)
    try:
        assert planned(moved) == set()
    finally:
        moved.rename(done_run)


REMOVED = {
    "results/example/both_socs3/verdict.json": {"diagnose", *AFTER_VERDICT},
    "results/example/both_socs3/identifiability.json": {"identify", "report"},
    "results/own/petab/diagram.svg": {"draw_adopted", "report"},
    "results/example/claims.json": {"weigh", "report"},
    "results/report/index.html": {"report"},
    "results/figures": {"report"},
    "results/example/both_socs3/posterior.nc": set(),  # moved away to save space: nothing is needed of it
    "results/example/both_socs3/problem": set(),
}


QUICK = ("results/example/both_socs3/verdict.json", "results/example/both_socs3/posterior.nc")


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in REMOVED])
def test_a_result_that_is_gone_is_made_again_but_for_what_fits_are_made_of(name, done_run):
    path = done_run / name
    path.rename(path.with_suffix(".away"))
    found = planned(done_run)
    path.with_suffix(".away").rename(path)

    assert found == REMOVED[name]


def test_a_result_that_was_cut_counts_as_changed(done_run):
    path = done_run / "results/example/comparison.json"
    before, times = path.read_bytes(), path.stat()
    path.write_bytes(before[: len(before) // 2])
    found = planned(done_run)
    path.write_bytes(before)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert found == {"weigh", "weigh_predictions", "report"}


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


@pytest.mark.parametrize(
    "notes", [pytest.param(True, marks=pytest.mark.slow), False], ids=["all of it", "without Snakemake's notes"]
)
def test_in_a_copy_nothing_runs(recorded, tmp_path, notes):
    assert planned(copied(recorded, tmp_path, notes)) == set()


@pytest.mark.slow
def test_what_was_edited_before_the_copy_runs(recorded, tmp_path):
    """Whatever times the copy gave it: here the oldest."""
    copy = copied(recorded, tmp_path, True)
    path = copy / "resources" / "example" / "western_blot_gel1.csv"
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    os.utime(path, (1.5e9, 1.5e9))

    assert {"ingest", "problem", "fit"} <= planned(copy)
