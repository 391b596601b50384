"""Prior predictive checks against systems whose prior predictive is known."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from scipy import stats

from il6infer.building.build import build
from il6infer.library.compose import compose
from il6infer.network.network import symbol
from il6infer.prediction.expected import as_claims, expected
from il6infer.prediction.prior import check_prior
from il6infer.problems.spec import STEADY_STATE, Experiment, Parameter, Period, Prior
from il6infer.stages.codec import encode
from tests.prediction.expected_schema import EXPECTED
from tests.prediction.test_claims import SOLVER, problem
from tests.zoo import decay_v1, toy
from tests.zoo.data_set import measurements, protocol
from tests.zoo.systems import network

EXPERIMENTS = {
    "until": 100,
    "experiments": {
        "dose": {"steps": [{"time_min": 0, "action": "add", "species": "IL6", "dose": 2, "unit": "nM"}]},
        "doses": {"steps": [], "doses": {"species": "IL6", "low": 0.01, "high": 1e5, "unit": "nM", "points": 71}},
    },
}
# IL-6 decays at k; `bound` follows IL6 / (3 + IL6) within 1/50 min. k is log-normal around 0.05 with sd 1.
K = stats.lognorm(s=1.0, scale=0.05)


def against(*rows: dict, experiments: dict = EXPERIMENTS):
    """Ranges of a table with these rows."""
    blank = {"time_min": np.nan, "unit": "1", "cell": "toy", "source": "made up 2026", "doi": "", "comment": ""}
    table = pd.DataFrame([{"id": f"r{i}", "experiment": "dose", **blank, **row} for i, row in enumerate(rows)])
    return as_claims(EXPECTED.validate(table[list(EXPECTED.columns)]), experiments, Path("toy.yaml"))


LEVEL = {"quantity": "level", "readout": "bound", "unit": "fraction", "time_min": 20.0, "low": 0.1, "high": 0.3}
ROWS = {
    "level": LEVEL,
    "ec50": {"quantity": "ec50", "readout": "bound", "experiment": "doses", "unit": "nM", "time_min": 10.0,
             "low": 4.0, "high": 8.0},
    "wide": {**LEVEL, "low": 0.0, "high": 1.0},
    "narrow": {**LEVEL, "low": 0.15, "high": 0.2},
    "far": {**LEVEL, "low": 0.5, "high": 0.6},
    "peak": {"quantity": "peak_time", "readout": "IL6", "unit": "min", "low": 1.0, "high": 2.0},
    "share": {"quantity": "share_of_peak", "readout": "IL6", "time_min": 20.0, "low": 0.1, "high": 0.9},
    "open": {"quantity": "duration", "readout": "bound", "unit": "min", "cell": "", "low": np.nan, "high": np.nan},
    "lacking": {"quantity": "fold", "readout": "pERK", "low": 1.5, "high": 2.3},
}  # fmt: skip


@pytest.fixture(scope="module")
def found() -> dict[str, dict]:
    """All of `ROWS` at once: they share one compiled model."""
    checks = encode(check_prior(problem(), seed=2, against=against(*ROWS.values()), **SOLVER).checks)
    return dict(zip(ROWS, checks, strict=True))


def test_shares_are_those_of_the_prior_predictive(found):
    # bound(t) = c / (3 + c), c = 2 exp(-k t); half of the response at time t needs 3 exp(k t).
    level, ec50 = found["level"], found["ec50"]
    k_of = {b: -np.log(1.5 * b / (1 - b)) / 20 for b in (0.1, 0.3)}
    median = 2 * np.exp(-20 * 0.05)

    assert level["inside"] == pytest.approx(K.cdf(k_of[0.1]) - K.cdf(k_of[0.3]), abs=0.07)
    assert level["below"] == pytest.approx(K.sf(k_of[0.1]), abs=0.07)
    assert level["median"] == pytest.approx(median / (3 + median), rel=0.1)
    assert (level["undefined"], level["silent"], level["failed"]) == (0.0, 0.0, 0.0)
    assert ec50["inside"] == pytest.approx(K.cdf(np.log(8 / 3) / 10) - K.cdf(np.log(4 / 3) / 10), abs=0.07)
    assert ec50["median"] == pytest.approx(3 * np.exp(10 * 0.05), rel=0.1)
    assert (ec50["what"], ec50["published"]) == ("EC50 of bound at 10 min", "")


def test_relation_says_how_the_range_lies_to_the_interval(found):
    relations = {name: found[name]["relation"] for name in ("wide", "narrow", "far", "level")}

    assert relations == {"wide": "cuts", "narrow": "holds", "far": "excludes", "level": "holds"}
    assert (found["wide"]["inside"], found["far"]["inside"], found["far"]["below"]) == (1.0, 0.0, 1.0)


@pytest.mark.parametrize("name", ["peak", "share"])
def test_a_course_that_never_rises_has_no_peak_and_no_share_of_it(found, name):
    row = found[name]

    assert (row["undefined"], row["silent"], row["inside"], row["failed"]) == (1.0, 1.0, 0.0, 0.0)
    assert (row["median"], row["relation"]) == (None, "undefined")


def test_without_a_range_there_is_an_interval_and_no_share(found):
    row = found["open"]

    assert row["q05"] < row["median"] < row["q95"]
    assert (row["low"], row["inside"], row["relation"]) == (None, None, "")


def test_what_the_model_lacks_is_said(found):
    row = found["lacking"]

    assert row["absent"] == "the model has no read-out 'pERK'"
    assert (row["inside"], row["failed"], row["relation"]) == (None, None, "")


def test_same_seed_same_numbers_on_any_number_of_threads(found):
    again = encode(check_prior(problem(), seed=2, against=against(*ROWS.values()), threads=2, **SOLVER).checks)

    assert again == list(found.values())


def test_failed_simulations_are_counted_and_never_replaced():
    """With IL-6 = 1, dx/dt = k x^2 from 1 is infinite at 1/k: over 1 min it fails for k >= 1."""
    x, k, il6 = symbol("x"), symbol("k"), symbol("IL6")
    blows_up = replace(
        toy.blow_up(),
        network=network({"x": k * il6 * x**2, "IL6": sp.Integer(0)}, {"x": 1.0}, {"k": 0.5}),
        parameters=(Parameter("k", 0.1, 3.0, 0.5, True, Prior("uniform", (0.1, 3.0))),),
        experiments=(Experiment("e", (Period(STEADY_STATE, {"IL6": sp.Float(0.0)}), Period(0.0))),),
    )
    dose = [{"time_min": 0, "action": "add", "species": "IL6", "dose": 1, "unit": "nM"}]
    row = {"quantity": "level", "readout": "x", "unit": "fraction", "time_min": 0.5, "low": 1.2, "high": 1.5}
    ranges = against(row, experiments={"until": 1, "experiments": {"dose": {"steps": dose}}})
    found = encode(check_prior(blows_up, seed=3, against=ranges, **SOLVER))
    [level] = found["checks"]

    assert level["failed"] == pytest.approx(2 / 2.9, abs=0.07)
    assert found["failed"] == round(400 * level["failed"])
    # x(0.5) = 1 / (1 - k / 2) lies in 1.2-1.5 for k in 1/3-2/3
    assert level["inside"] == pytest.approx((1 / 3) / 2.9, abs=0.05)
    assert sum(level[key] for key in ("inside", "below", "above", "undefined", "failed")) == pytest.approx(1.0)
    assert level["relation"] == "undefined"


def _command(problem_file: Path, output: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "il6infer", "claims", "prior", str(problem_file), "--output", str(output)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_command_says_what_a_foreign_model_lacks(tmp_path):
    done = _command(decay_v1.write(tmp_path / "decay"), tmp_path / "deep" / "check.json")

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "peak time of pSTAT3, IL6 10 ng/ml (HepG2): the model has no read-out 'pSTAT3'" in done.stderr
    found = json.loads((tmp_path / "deep" / "check.json").read_text(encoding="utf-8"))
    assert {c["relation"] for c in found["checks"]} == {""}


def test_command_without_a_problem(tmp_path):
    done = _command(tmp_path / "none.yaml", tmp_path / "check.json")

    assert done.returncode == 2
    assert f"error: {tmp_path}/none.yaml" in done.stderr
    assert not (tmp_path / "check.json").exists()


@pytest.mark.slow
def test_command_on_a_model_of_the_library(tmp_path):
    """A cell without IL-6R does not answer to IL-6 alone; Hyper-IL-6 needs none."""
    folder = build(measurements(), protocol(), compose("trans_socs3"), tmp_path / "problem", dataset="toy")
    done = _command(folder, tmp_path / "check.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "check.json").read_text(encoding="utf-8"))
    rows = {c["id"]: c for c in found["checks"]}

    assert found["failed"] == 0
    assert list(rows) == [r.id for r in expected().ranges]
    assert rows["pSTAT3_peak_time_HepG2"]["undefined"] == 1.0
    assert rows["pSTAT3_amplitude"]["relation"] == "undefined"
    assert rows["pSTAT3_peak_time_HyperIL6"]["undefined"] == 0.0
    assert 1 < rows["pSTAT3_peak_time_HyperIL6"]["median"] < 30
    for row in rows.values():
        if row["inside"] is not None:
            parts = ("inside", "below", "above", "undefined", "failed")
            assert sum(row[part] for part in parts) == pytest.approx(1.0)
