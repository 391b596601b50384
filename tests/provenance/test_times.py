"""Times that a copy has left in disorder are told by digests."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from il6infer._files import digest
from il6infer.provenance.record import FOLDER
from il6infer.provenance.times import FOLDERS, STAMP, put_in_order
from il6infer.stages import write
from il6infer.stages.ingest import FileDigest
from il6infer.stages.provenance import Provenance

# Record -> what it made -> from what, below the folder of results.
CHAIN = {
    "set/.provenance/ingest.json": (["set/measurements.csv"], ["../raw/gel.csv"]),
    "set/model/problem/.provenance/problem.json": (
        ["set/model/problem/problem.yaml", "set/model/problem/model.xml"],
        ["set/measurements.csv"],
    ),
    "set/model/.provenance/posterior.nc.json": (
        ["set/model/posterior.nc"],
        ["set/model/problem/problem.yaml", "set/model/problem/model.xml", "settings/fit.json"],
    ),
    "set/model/.provenance/verdict.json.json": (["set/model/verdict.json"], ["set/model/posterior.nc"]),
}
MADE = [name for made, _ in CHAIN.values() for name in made]


@pytest.fixture
def results(tmp_path) -> Path:
    """Results with their records, as a run leaves them: each file a second after those before it."""
    folder = tmp_path / "results"
    for name in ["../raw/gel.csv", "settings/fit.json", *MADE, "benchmarks/fit/set/model.tsv"]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / "set" / "model" / "problem" / STAMP).touch()
    for second, name in enumerate(["../raw/gel.csv", "settings/fit.json", *MADE, "benchmarks/fit/set/model.tsv"]):
        os.utime(folder / name, (1000 + second, 1000 + second))
    os.utime(folder / "set" / "model" / "problem" / STAMP, (1004, 1004))
    for name, (made, inputs) in CHAIN.items():
        base = (folder / name).parents[1]
        results, sources = (
            tuple(FileDigest(os.path.relpath(folder / one, base), digest(folder / one)) for one in names)
            for names in (made, inputs)
        )
        write(folder / name, Provenance(("il6infer", "x"), ".", "", results, sources, None, "", None, {}, {"name": ""}))
    return folder


def times(results: Path) -> dict[str, float]:
    found = [path for path in results.parent.rglob("*") if path.is_file() and FOLDER not in path.parts]
    return {os.path.relpath(path, results): path.stat().st_mtime for path in found}


def test_what_a_run_has_left_keeps_its_times(results):
    before = times(results)

    assert put_in_order(results, results / "benchmarks") == 0
    assert times(results) == before


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("stamped", [True, False], ids=["stamp", "no stamp"])
def test_in_a_copy_no_result_is_older_than_what_it_was_made_from(results, seed, stamped):
    """Neither by its own time nor by that of its folder: files, tables of time and the folder in any order."""
    folder = results / "set" / "model" / "problem"
    if not stamped:
        (folder / STAMP).unlink()
    order = [*times(results), "set/model/problem"]
    random.Random(seed).shuffle(order)
    for second, name in enumerate(order):
        os.utime(results / name, (5000 + second, 5000 + second))
    put_in_order(results, results / "benchmarks")
    found = times(results)
    of_folder = (folder / STAMP if stamped else folder).stat().st_mtime

    def time(name: str) -> float:
        return of_folder if "/problem/" in name else found[name]

    for made, inputs in CHAIN.values():
        assert min(map(time, made)) >= max(map(time, inputs))
    assert found["benchmarks/fit/set/model.tsv"] >= max(map(time, MADE[:-1]))
    assert (results / "set/model/posterior.nc").read_text() == "set/model/posterior.nc"


@pytest.mark.parametrize("source", ["../raw/gel.csv", "set/model/problem/model.xml", "settings/fit.json"])
def test_what_was_made_from_a_file_that_has_changed_since_is_older_than_it(results, source):
    """Also where the copy has made it the youngest of all, and its edit the oldest."""
    (results / source).write_text("edited")
    for second, name in enumerate(["set/model/problem", *reversed(times(results))]):
        os.utime(results / name, (5000 + second, 5000 + second))
    os.utime(results / source, (4000, 4000))
    put_in_order(results, results / "benchmarks")
    found = times(results)

    for made, inputs in CHAIN.values():
        if source in inputs:
            assert max(found[name] for name in made) < found[source]


def test_a_result_that_was_altered_is_not_taken_for_younger(results):
    (results / "set/model/posterior.nc").write_text("altered")
    os.utime(results / "set/model/posterior.nc", (500, 500))

    assert put_in_order(results, results / "benchmarks") == 0
    assert times(results)["set/model/posterior.nc"] == 500


@pytest.mark.parametrize("text", ["{", "{}", "[]"])
def test_a_record_that_cannot_be_read_settles_nothing(results, text):
    (results / "set/.provenance/ingest.json").write_text(text)
    os.utime(results / "set/model/posterior.nc", (500, 500))

    assert put_in_order(results, results / "benchmarks") == 0
    assert times(results)["set/model/posterior.nc"] == 500


def test_no_folder_is_nothing_to_settle(tmp_path):
    assert put_in_order(tmp_path / "results", tmp_path / "results" / "benchmarks") == 0


def test_folders_that_snakemake_takes_for_one_result_are_known(root):
    rules = "".join(path.read_text("utf-8") for path in sorted((root / "workflow" / "rules").glob("*.smk")))

    assert set(re.findall(r'directory\(f?"[^"]*?(\w+)"\)', rules)) == set(FOLDERS)
