"""The command `il6infer fit` as a process, on a PEtab folder that the problem stage writes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from il6infer._files import read_posterior
from il6infer.building.build import build
from il6infer.library.compose import compose

COLUMNS = {
    "dataset": "tiny", "observable": "pSTAT3", "condition": "il6", "replicate": 1, "batch": "gel1", "unit": "a.u.",
    "noise": "lognormal", "detection_limit": float("nan"), "censored": "", "error": float("nan"),
    "scale_sd": float("nan"), "assay": "western_blot", "scale": True,
    "offset": True, "simulated": True, "source_file": "gel1.csv", "source_row": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    course = {"time_min": [0.0, 5.0, 15.0, 30.0, 60.0], "value": [0.1, 0.6, 1.1, 0.9, 0.6]}
    measurements = pd.DataFrame({**course, **COLUMNS})
    protocol = pd.DataFrame(
        {"condition": ["il6"], "time_min": [0.0], "action": ["add"], "species": ["IL6"], "concentration_nM": [0.48],
         "dose": [10.0], "unit": ["ng/ml"], "knock_out": "", "set": ""}
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tiny") / "problem"
    return build(measurements, protocol, compose("classic_none"), folder, dataset="tiny")


def _command(*words):
    return [sys.executable, "-m", "il6infer", "fit", *map(str, words)]


@pytest.mark.slow
def test_fit_writes_a_posterior_and_says_how_it_went(problem, tmp_path):
    output = tmp_path / "deep" / "posterior.nc"
    words = (problem, "--output", output, "--chains", 2, "--tune", 30, "--draws", 20, "--starts", 2, "--seed", 5)
    done = subprocess.run(_command(*words), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert f"written: {output}" in done.stderr
    assert "Warning" not in done.stderr
    attrs = read_posterior(output)["posterior"].attrs
    assert (attrs["problem_id"], attrs["seed"]) == ("tiny_classic_none", 5)
    assert {len(attrs[name]) for name in ("problem_digest", "source_digest")} == {64}
    assert json.loads(attrs["versions"])["il6infer"] == attrs["il6infer_version"]
    assert sorted(path.name for path in output.parent.iterdir()) == [".provenance", "posterior.nc"]


@pytest.mark.slow
def test_a_fit_that_is_stopped_again_and_again_loses_nothing_and_ends(problem, tmp_path):
    output, partial = tmp_path / "posterior.nc", tmp_path / "posterior.nc.partial"
    words = (problem, "--output", output, "--chains", 2, "--tune", 100, "--draws", 2000, "--starts", 1, "--threads", 2)

    def size():
        return sum(path.stat().st_size for path in partial.glob("*.draws"))

    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)):
        before = size()
        process = subprocess.Popen(_command(*words), stderr=subprocess.PIPE, text=True)
        while size() == before:
            time.sleep(0.1)
            assert process.poll() is None, process.stderr.read()
        kept = size()
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)

        assert process.returncode == code
        assert "Traceback" not in errors
        assert size() >= kept > before
        assert not output.exists()
        if code > 0:
            assert f"they are in {partial}, and the same command goes on from there" in errors
    done = subprocess.run(_command(*words), capture_output=True, text=True, check=False)
    idata = read_posterior(output)

    assert done.returncode == 0, done.stderr
    assert "chain 1 goes on after" in done.stderr
    assert "start 1 of 1" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [".provenance", "posterior.nc"]
    assert dict(idata["posterior"].sizes) == {"chain": 2, "draw": 2000}
    sessions = json.loads(idata["posterior"].attrs["resumed"]).values()
    assert all(1 <= len(own) <= 3 for own in sessions)


def test_bad_settings_and_a_missing_problem_exit_2(problem, tmp_path):
    bad = subprocess.run(
        _command(problem, "--output", tmp_path / "p.nc", "--chains", 0), capture_output=True, text=True, check=False
    )
    missing = subprocess.run(
        _command(tmp_path / "none.yaml", "--output", tmp_path / "p.nc"), capture_output=True, text=True, check=False
    )

    assert (bad.returncode, bad.stderr) == (
        2, "error: settings of the fit: 1 fault\n  - chains: 0 is not allowed: it must be at least 1.\n",
    )  # fmt: skip
    assert (missing.returncode, missing.stderr) == (2, f"error: {tmp_path}/none.yaml: no such PEtab problem file.\n")
