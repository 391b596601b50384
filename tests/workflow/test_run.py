"""The whole workflow on a tiny configuration, once; then what a change makes run again."""

from __future__ import annotations

import re

import pytest

from il6infer.provenance import chain, verify
from il6infer.stages import read
from il6infer.stages.comparison import Comparison
from il6infer.stages.verdict import Verdict
from tests.workflow.conftest import make_run_directory, runner

pytestmark = pytest.mark.slow
TINY = ("--configfile", "tests/workflow/tiny.yaml")


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    """Return the run directory, and snakemake in it, after one whole run."""
    folder = make_run_directory(tmp_path_factory.mktemp("run"), root)
    snakemake = runner(folder, root)
    tiny = ("--configfile", str(root / TINY[1]))
    done = snakemake(*tiny)
    assert done.returncode == 0, done.stdout
    return folder, lambda *words: snakemake(*tiny, *words)


def _planned(text: str) -> dict[str, int]:
    """Jobs by rule of a dry-run."""
    table = text.rsplit("Job stats:", 1)[1].split("total")[0]
    counts = dict(re.findall(r"^(\w+) +(\d+)$", table, flags=re.M))
    return {rule: int(count) for rule, count in counts.items() if rule != "all"}


def test_every_file_of_the_readme_is_there(run):
    results = run[0] / "results"

    assert (results / "report" / "index.html").stat().st_size > 10_000
    for name in ("measurements.csv", "protocol.csv", "ingest.json", "comparison.json"):
        assert (results / "example" / name).is_file()
    for name in ("problem/problem.yaml", "diagram.svg", "prior_check.json", "posterior.nc", "verdict.json"):
        assert (results / "example" / "both_socs3" / name).is_file()


def test_a_fit_too_short_to_trust_fails_its_verdict_and_is_not_ranked(run):
    results = run[0] / "results" / "example"
    verdict = read(results / "both_socs3" / "verdict.json", Verdict)
    comparison = read(results / "comparison.json", Comparison)

    assert "bulk ESS" in {reason.check for reason in verdict.sampled.failed}
    assert [(row.sampled, row.rank) for row in comparison.models] == [(False, None)] * 2


def test_second_call_has_nothing_to_do(run):
    assert "Nothing to be done" in run[1]().stdout


def test_each_job_left_a_log_and_a_benchmark(run):
    results = run[0] / "results"
    logs = {path.relative_to(results / "logs").with_suffix("") for path in (results / "logs").rglob("*.log")}
    times = {
        path.relative_to(results / "benchmarks").with_suffix("") for path in (results / "benchmarks").rglob("*.tsv")
    }

    assert {str(path).split("/")[0] for path in times} >= {
        "ingest",
        "problem",
        "draw",
        "fit",
        "diagnose",
        "compare",
        "report",
    }
    assert times - {path for path in times if str(path).startswith("settings")} <= logs


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ("title=Other", {"settings": 1, "report": 1}),
        ("verdict={rhat_max: 1.5}", {"settings": 2, "diagnose": 2, "compare": 1, "report": 1}),
        ("verdict={pareto_k_max: 0.6}", {"settings": 2, "compare": 1, "report": 1}),
        ("seed=2", {"settings": 3, "check_prior": 2, "fit": 2, "diagnose": 2, "compare": 1, "report": 1}),
        ("fit={draws: 61}", {"settings": 2, "fit": 2, "diagnose": 2, "compare": 1, "report": 1}),
        ("models=[both_socs3]", {"settings": 1, "compare": 1, "report": 1}),
    ],
)
def test_a_changed_key_reruns_what_reads_it(run, change, jobs):
    assert _planned(run[1]("--dry-run", "--config", change).stdout) == jobs


def test_every_result_says_where_it_came_from_down_to_a_raw_file(run):
    results = run[0] / "results"
    skipped = {"logs", "benchmarks", "settings", ".provenance"}
    made = [p for p in results.rglob("*") if p.is_file() and not skipped & set(p.relative_to(results).parts)]
    told = {path: chain(path) for path in made if not path.name.startswith(".")}

    assert len(told) > 40
    assert verify(results)[1] == []
    for path, lines in told.items():
        assert any("western_blot_gel1.csv  sha256" in line for line in lines) or path.name == "diagram.svg"


def test_snakemake_report_has_the_captions(run):
    folder, snakemake = run
    done = snakemake("--report", str(folder / "report.html"))
    text = (folder / "report.html").read_text(encoding="utf-8")

    assert done.returncode == 0, done.stdout
    assert "index.html" in text
    assert "comparison.json" in text
