"""`il6infer petab` as a process and in this one."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from il6infer._errors import UserError
from il6infer.cli import main as cli
from il6infer.exchange.values import read_values
from tests.zoo import decay_v1, decay_v2
from tests.zoo.texts import to_sbml


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "il6infer", *words], capture_output=True, text=True, check=False)


def test_evaluate_writes_both_files(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path / "in")
    done = _run("petab", "evaluate", str(path), "--gradient", "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert found["parameters"] == decay_v1.NOMINAL
    assert found["outcomes"] == {"(no experiment)": "ok"}
    assert set(found["gradient"]) == set(decay_v1.NOMINAL)
    assert found["unnorm_log_posterior"] == pytest.approx(found["llh"] + sum(found["log_prior"].values()))
    table = pd.read_csv(tmp_path / "out" / "simulations.tsv", sep="\t")
    assert list(table) == ["observableId", "simulationConditionId", "simulation", "time", "observableParameters"]
    np.testing.assert_allclose(table["simulation"], decay_v1.prediction(), rtol=1e-7)


def test_evaluate_at_other_values(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path / "in")
    (tmp_path / "best.tsv").write_text("parameterId\tnominalValue\testimate\nk\t0.25\t1\nfixed\tx\t0\n")
    words = ["petab", "evaluate", str(path), "--parameters", str(tmp_path / "best.tsv"), "--output", str(tmp_path)]
    assert cli.main(words) == 0
    table = pd.read_csv(tmp_path / "simulations.tsv", sep="\t")
    np.testing.assert_allclose(table["simulation"], decay_v1.prediction({**decay_v1.NOMINAL, "k": 0.25}), rtol=1e-7)


def test_unknown_parameter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = decay_v1.write(tmp_path / "in")
    (tmp_path / "values.json").write_text('{"kk": 1}')
    words = ["petab", "evaluate", str(path), "--parameters", str(tmp_path / "values.json"), "--output", str(tmp_path)]
    assert cli.main(words) == 2
    assert capsys.readouterr().err == (
        f"error: PEtab problem {path}: 1 fault\n  - parameter 'kk': is not an estimated parameter of the problem. "
        "Did you mean 'k'? Known: a0, k, scale.\n"
    )


def test_values_that_are_no_numbers_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("parameterId,nominalValue\na,1\nb,x\nc,\n")
    with pytest.raises(UserError) as error:
        read_values(tmp_path / "v.csv")
    assert str(error.value) == (
        "parameter values: 2 faults\n"
        "  - v.csv, row 3, column nominalValue: 'x' is not a finite number. Give the value on the linear scale.\n"
        "  - v.csv, row 4, column nominalValue: '' is not a finite number. Give the value on the linear scale."
    )
    (tmp_path / "w.tsv").write_text("id\tvalue\na\t1\n")
    with pytest.raises(UserError) as error:
        read_values(tmp_path / "w.tsv")
    assert str(error.value) == (
        f"{tmp_path / 'w.tsv'}: no column parameterId and no column nominalValue; found id, value."
    )


def test_what_cannot_be_evaluated_is_null_and_says_why(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = decay_v1.write(tmp_path / "in", formula="observableParameter1_obs * A - 10")
    with caplog.at_level(logging.WARNING), pytest.raises(SystemExit) as stop:
        cli.main(["petab", "evaluate", str(path), "--output", str(tmp_path)])
    assert stop.value.code == 1
    assert json.loads((tmp_path / "evaluation.json").read_text())["llh"] is None
    what = "the observable is -8 there, which must be above zero under logarithmic noise."
    remedy = "Use normal noise, or correct its formula, or the values that it names."
    assert caplog.messages[0].split("\n")[:2] == [
        "no log-likelihood: 4 faults",
        f"  - measurements.tsv, row 2, column measurement: 'obs' at time 0: {what} {remedy}",
    ]


def test_a_derivative_that_does_not_exist_is_null_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """0^n has none by n at n = 0."""
    path = decay_v1.write(tmp_path / "in", formula="observableParameter1_obs * A + (a0 - 1)^(k - 0.5)")
    with caplog.at_level(logging.WARNING):
        assert cli.main(["petab", "evaluate", str(path), "--gradient", "--output", str(tmp_path)]) == 0
    gradient = json.loads((tmp_path / "evaluation.json").read_text())["gradient"]
    missing = ", ".join(name for name, slope in gradient.items() if slope is None)
    assert gradient["k"] is None
    assert f"no derivative by {missing}: it does not exist there, or the engine cannot follow it" in caplog.text


def test_fit_judges_what_it_sampled(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path / "in")
    words = ["--chains", "2", "--tune", "100", "--draws", "100", "--starts", "2", "--threads", "1"]
    assert cli.main(["petab", "fit", str(path), "--output", str(tmp_path / "out"), *words]) == 0
    assert (tmp_path / "out" / "posterior.nc").is_file()
    verdict = json.loads((tmp_path / "out" / "verdict.json").read_text())
    assert set(verdict["parameters"]) == set(decay_v1.NOMINAL)
    assert not verdict["sampled"]["passed"]  # 200 draws are too few


def test_lint_passes_a_sound_problem_and_names_the_faults_of_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    path = decay_v1.write(tmp_path)
    with caplog.at_level(logging.INFO):
        assert cli.main(["petab", "lint", str(path)]) == 0
    assert f"{path}: valid; 1 states, 3 estimated parameters, 4 measurements, measured experiments: 1" in caplog.text
    table = tmp_path / "measurements.tsv"
    table.write_text(table.read_text().replace("1.9", "-1.9"))
    assert cli.main(["petab", "lint", str(path)]) == 2
    where = "measurements.tsv, row 2, column measurement"
    assert f"{where}: -1.9 is impossible under log-normal noise of 'obs'." in capsys.readouterr().err


NOT_THERE = {  # formula, noise, distribution, time without a likelihood, what is said, what is to be mended
    "sinking": ("A", "0.1 - 0.05 * time", "normal", "2", "the noise is 0", "noise"),
    "negative": ("A", "-0.1 * A + 0.03", "normal", "1", "the noise is -0.006788", "noise"),
    "root": ("A", "sqrt(A - 0.3)", "normal", "2", "the noise has no value", "noise"),
    "pole": ("A / (time - 4)", "0.1", "normal", "4", "the observable has no value there.", "formula"),
    "below": ("A - 0.2", "0.1", "log-normal", "4", "the observable is -0.1817", "log"),
}


def test_lint_names_each_measurement_that_evaluate_cannot_take(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Noise -0.1*A was called valid."""
    formulas = "".join(f"{name}\t{f}\t{n}\t{d}\n" for name, (f, n, d, *_) in NOT_THERE.items())
    rows = "".join(f"{name}\te1\t{time}\t1\n" for name, (*_, time, _, _) in NOT_THERE.items())
    path = decay_v2.write(
        tmp_path,
        parameters=decay_v2.TABLES["parameters.tsv"],
        conditions="conditionId\ttargetId\ttargetValue\ne1\tk\t1\n",
        observables=f"observableId\tobservableFormula\tnoiseFormula\tnoiseDistribution\n{formulas}obs\tA\t1\tnormal\n",
        measurements=f"observableId\texperimentId\ttime\tmeasurement\nobs\te1\t1\t1\n{rows}",
    )
    values = "or the values that it names."
    ends = {
        "noise": f" there, which must be above zero. Correct the noise formula, {values}",
        "formula": f" Correct its formula, {values}",
        "log": " there, which must be above zero under logarithmic noise. "
        f"Use normal noise, or correct its formula, {values}",
    }
    faults = [
        f"  - measurements.tsv, row {row}, column measurement: '{name}' in experiment 'e1' at time {time}: "
        f"{what}{ends[kind]}"
        for row, (name, (*_, time, what, kind)) in enumerate(NOT_THERE.items(), start=3)
    ]

    assert cli.main(["petab", "lint", str(path)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [f"error: PEtab problem {path}, at its nominal values: 5 faults", *faults]
    with caplog.at_level(logging.WARNING), pytest.raises(SystemExit) as stop:
        cli.main(["petab", "evaluate", str(path), "--output", str(tmp_path / "out")])
    assert stop.value.code == 1
    assert caplog.messages == ["\n".join(["no log-likelihood: 5 faults", *faults])]


def test_lint_simulates_what_has_nominal_values_and_says_what_a_prior_excludes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\tpriorDistribution\tpriorParameters\n"
    end = "1 states, 1 estimated parameters, 4 measurements, measured experiments: 1"
    path = decay_v2.write(tmp_path / "prior", parameters=f"{header}a0\t0\t10\t5\ttrue\tuniform\t0;2\n")
    with caplog.at_level(logging.INFO):
        assert cli.main(["petab", "lint", str(path)]) == 0
    excluded = "the prior of 'a0' excludes its nominal value, 5: a fit does not start there"
    assert caplog.messages == [excluded, f"{path}: valid; {end}"]

    caplog.clear()
    path = decay_v2.write(tmp_path / "unknown", parameters=f"{header}a0\t0\t10\t\ttrue\t\t\n")
    with caplog.at_level(logging.INFO):
        assert cli.main(["petab", "lint", str(path)]) == 0
    assert caplog.messages == [
        "without a nominal value, so that nothing is simulated: a0",
        f"{path}: valid, as far as is seen without a simulation; {end}",
    ]

    path = decay_v2.write(
        tmp_path / "endless", measurements="observableId\texperimentId\ttime\tmeasurement\nobs\te1\tinf\t1\n"
    )
    model = path.parent / "model.xml"
    model.write_text(model.read_text().replace("<ci> k </ci>", "<apply><minus/><ci> k </ci></apply>"))
    capsys.readouterr()
    assert cli.main(["petab", "lint", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: PEtab problem {path}, at its nominal values: 1 fault\n  - experiment 'e1': ")


@pytest.mark.slow
def test_lint_names_the_conditions_that_may_have_no_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = decay_v1.write(tmp_path)
    rate = "-k*A*piecewise(1, A < sqrt(k - 5), 2)"
    (tmp_path / "model.xml").write_text(to_sbml(f"model m; k = 1; a0 = 1; species A = a0; A' = {rate}; end"))
    assert cli.main(["petab", "lint", str(path)]) == 2
    said = capsys.readouterr().err
    assert ": non_finite: the right-hand side, a condition, a start or what is set became infinite or undefined" in said
    assert said.endswith("rate laws. Conditions that can be neither true nor false: 'A < sqrt(k - 5)'.\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("formula", "noise", "what"),
    [("A * w", "0.1", "the observable"), ("v", "0.1", "the observable"), ("A", "0.1 * v", "the noise")],
)
def test_lint_names_the_conditions_without_which_single_values_are_none(
    formula: str, noise: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = decay_v1.write(tmp_path, formula=f"observableParameter1_obs * {formula}")
    table = tmp_path / "observables.tsv"
    table.write_text(table.read_text().replace(f"\t{decay_v1.SIGMA}\t", f"\t{noise}\t"))
    rules = "w := piecewise(1, A < sqrt(A - 0.5), 2); v := w * A;"
    (tmp_path / "model.xml").write_text(to_sbml(f"model m; k = 1; a0 = 1; species A = a0; A' = -k*A; {rules} end"))
    assert cli.main(["petab", "lint", str(path)]) == 2
    said = capsys.readouterr().err.splitlines()[1:]
    starts = [
        f"  - measurements.tsv, row {row}, column measurement: 'obs' at time {t}: {what}" for row, t in ((4, 2), (5, 4))
    ]
    assert [line.partition(" has no value there")[0] for line in said] == starts
    assert all(" Conditions that can be neither true nor false: 'A < sqrt(A - 0.5)'. " in line for line in said)


def test_adopt_writes_what_the_other_stages_read(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path / "in")
    assert cli.main(["petab", "adopt", str(path), "--name", "mine", "--output", str(tmp_path / "out")]) == 0
    table = pd.read_csv(tmp_path / "out" / "measurements.csv", keep_default_na=False)
    assert list(table["value"]) == list(decay_v1.VALUES)
    assert set(table["observable"]) == {"obs"}
    assert set(table["noise"]) == {"lognormal"}
    summary = json.loads((tmp_path / "out" / "ingest.json").read_text())
    assert (summary["dataset"], summary["values"], summary["simulated"]) == ("mine", 4, False)
    again = tmp_path / "out" / "petab" / "problem" / "problem.yaml"
    assert cli.main(["petab", "lint", str(again)]) == 0
    picture = tmp_path / "diagram.svg"
    assert cli.main(["petab", "diagram", str(again), "--output", str(picture)]) == 0
    assert picture.read_text().startswith("<svg")
