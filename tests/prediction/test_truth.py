"""The answers to the claims about the bundled example, held against the truth that it was simulated from."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

from il6infer._yaml import read_yaml
from il6infer.petab_files.read import load
from il6infer.prediction.answer import truths
from il6infer.prediction.claims import read_claims
from il6infer.stages import read
from il6infer.stages.verdict import Verdict

pytestmark = pytest.mark.slow

MODEL = "both_socs3"
"""The true model; it takes all weight in the comparison of nine, so the average over models is its answer."""

SURE, RIGHT = 0.9, 0.9
"""No claim may have more than this probability on the wrong side; at least this share must be on the right one."""


@pytest.fixture(scope="module")
def fitted(root, tmp_path_factory):
    """Run the stages of the default analysis for the true model; return their folder."""
    folder = tmp_path_factory.mktemp("truth")
    problem, posterior, config = folder / "problem/problem.yaml", folder / "posterior.nc", "config/config.yaml"
    analysis = read_yaml(root / config)  # without what it holds, kon_IL6_IL6R takes ten times the draws
    known = " ".join([*(f"--constraint {name}" for name in analysis["constraints"]),
                      *(f"--set {name}={value}" for name, value in analysis["values"].items())])  # fmt: skip
    for words in (
        f"ingest config/datasets/example.yaml --name example --folder resources/example --output {folder}",
        f"problem {folder}/measurements.csv {folder}/protocol.csv --model {MODEL} {known} --output {problem.parent}",
        f"fit {problem} --config {config} --threads 2 --output {posterior}",
        f"diagnose {posterior} --config {config} --output {folder}/verdict.json",
        f"claims ask {problem} {posterior} --claims config/claims.yaml --threads 2 --output {folder}/claims.json",
    ):
        command = [sys.executable, "-m", "il6infer", *words.split()]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def told(fitted):
    """Claim -> its posterior probability, of every claim that the model can be asked."""
    claims = json.loads((fitted / "claims.json").read_text("utf-8"))["claims"]
    return {claim["id"]: claim["posterior"] for claim in claims if not claim["absent"]}


@pytest.fixture(scope="module")
def true(root, fitted):
    """Claim -> whether it holds at the true parameters."""
    problem = load(fitted / "problem/problem.yaml")
    with (root / "resources/example/truth_parameters.csv").open(encoding="utf-8") as handle:
        values = {row["parameter"]: float(row["value"]) for row in csv.DictReader(handle)}
    # Scales, offsets and noise are those of instruments, and no claim reads an instrument.
    theta = np.array([values.get(p.id, 1.0) for p in problem.estimated])
    found = truths(problem, read_claims(root / "config/claims.yaml"), theta, engine="rosenbrock", rtol=1e-8, atol=1e-10)
    return {claim: holds for claim, holds in found.items() if holds is not None}


def test_the_fit_can_be_trusted(fitted):
    verdict = read(fitted / "verdict.json", Verdict)

    assert verdict.sampled.passed, verdict


def test_every_claim_that_is_decided_at_the_truth_is_answered(told, true):
    assert set(true) == {claim for claim, probability in told.items() if probability is not None}
    assert len(true) > 40


def test_no_claim_is_surely_on_the_wrong_side_and_nearly_all_are_on_the_right_one(told, true):
    against = {claim: 1 - told[claim] if holds else told[claim] for claim, holds in true.items()}
    wrong = {claim: chance for claim, chance in against.items() if chance > 0.5}
    for claim, chance in against.items():
        if chance > 1 - SURE:
            sys.stdout.write(f"{claim}: {true[claim]}, and the answer says so with {1 - chance:.2f}\n")

    assert {claim: chance for claim, chance in wrong.items() if chance > SURE} == {}
    assert len(wrong) <= (1 - RIGHT) * len(against), wrong
