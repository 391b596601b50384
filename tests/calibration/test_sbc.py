"""Calibration by simulated data: known ranks, bands that hold what they say, a sampler that is wrong on purpose."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from il6infer._errors import UserError
from il6infer.calibration import ranks as sbc
from il6infer.calibration.figure import figure_of, recovery_figure
from il6infer.calibration.judged import failed_checks
from il6infer.calibration.table import recovery
from il6infer.calibration.uniform import bands, gather
from il6infer.cli.main import main
from il6infer.diagnosis.verdict import diagnose
from il6infer.engine import compile
from il6infer.inference.run import fit_problem, sample_problem
from il6infer.inference.tempered import TEMPERED
from il6infer.stages import read, write
from il6infer.stages.calibration import Batch, CalibrationFit
from il6infer.stages.settings import Calibrating, FitSettings, Thresholds
from tests.inference.adversarial import posterior
from tests.zoo import toy

SMALL = Calibrating(fits=40, batch=20, chains=1, tune=100, draws=200, starts=1)


def _batch(ranks, number=0, parameters=("a",), failed_checks=()):
    fits = tuple(
        CalibrationFit(i + 1000 * number, tuple(map(int, row)), 1.0, "", failed_checks) for i, row in enumerate(ranks)
    )
    return Batch("toy", parameters, 99, False, fits)


def test_simultaneous_bands_hold_uniform_ranks_as_often_as_they_say():
    limits = bands(100, 99)
    uniform = np.random.default_rng(3).integers(0, 100, (600, 100))
    outside = 0
    for row in uniform:
        share = np.searchsorted(np.sort(row), limits.grid, side="right") / 100
        outside += bool(((share < limits.low) | (share > limits.high)).any())

    assert 0.02 < outside / 600 < 0.09
    assert np.mean([limits.p(row) < 0.05 for row in uniform]) == pytest.approx(0.05, abs=0.03)


def test_batches_that_do_not_belong_together_or_count_twice_are_refused():
    batch, other = _batch([[3], [40]]), _batch([[8], [70]], number=1)

    assert gather([batch, other]).fits == 4
    with pytest.raises(UserError, match="batch 3 of 3: the fit of data set 1 is in a batch before, too"):
        gather([batch, other, batch])
    for change in ({"problem": "b"}, {"parameters": ("b",)}, {"around_data": True}, {"levels": 49}):
        [field] = change
        with pytest.raises(UserError, match=f"batch 2 of 2 is of another calibration than batch 1: '{field}' is"):
            gather([batch, replace(other, **change)])


def test_a_batch_beyond_the_data_sets_is_refused(tmp_path, capsys):
    config = tmp_path / "sbc.yaml"
    config.write_text("sbc: {fits: 20, batch: 8}\n")
    words = ["sbc", "run", "problem.yaml", "--batch", "3", "--config", str(config), "--output", str(tmp_path / "3")]

    assert main(words) == 2
    assert "numbers 0 to 2 (sbc.fits, sbc.batch)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "odd",
    [
        lambda rng: rng.binomial(99, 0.6, 100),  # off to one side
        lambda rng: (99 * rng.beta(0.5, 0.5, 100)).astype(int),  # posteriors too narrow
        lambda rng: (99 * rng.beta(3, 3, 100)).astype(int),  # too wide
    ],
)
def test_ranks_that_are_not_uniform_do_not_pass(odd):
    rng = np.random.default_rng(4)
    found = gather([_batch(np.column_stack([odd(rng), rng.integers(0, 100, 100)]), parameters=("a", "b"))])

    assert not found.passed
    assert found.parameters["a"].p < found.p_min == 0.025
    assert found.parameters["b"].p > found.p_min
    assert "a, p " in figure_of(found)


def test_coverage_is_the_share_of_ranks_in_the_middle():
    found = gather([_batch(np.arange(100)[:, None])])
    narrow = gather([_batch(np.array([0, 4, 5, 24, 25, 74, 75, 94, 95, 99])[:, None])])

    assert (found.parameters["a"].inside_50, found.parameters["a"].inside_90) == (0.5, 0.9)
    assert (narrow.parameters["a"].inside_50, narrow.parameters["a"].inside_90) == (0.2, 0.6)


def test_recovery_has_a_row_for_each_problem_with_errors_over_data_sets():
    """Parameters of one data set are not independent: two that always agree tell no more than one."""
    middle, tail = np.full(30, 50), np.array([50, 0] * 15)
    both = np.column_stack([np.concatenate([middle, tail])] * 2)
    failed = replace(_batch([]), fits=(CalibrationFit(900, None, None, "no start", None),), parameters=("a", "b"))
    whole, none = gather([_batch(both, parameters=("a", "b")), failed]), gather([failed])
    table = recovery([whole, none])

    assert list(table["data_sets"]) == [61, 1]
    assert list(table["without_fit"]) == [1, 1]
    assert table["inside_90"][0] == table["inside_50"][0] == table["lowest_90"][0] == 0.75
    assert table["se_90"][0] == pytest.approx(np.sqrt(0.75 * 0.25 / 59))
    assert table[["inside_50", "se_50", "inside_90", "se_90", "lowest_90", "p"]].iloc[1].isna().all()
    assert list(table["uniform"]) == [False, False]
    assert np.isnan(recovery([gather([_batch([[3]])])])["se_50"][0])


def test_the_figure_of_recovery_has_a_line_a_problem_and_says_how_many_fits():
    """A problem without a fit stays a line: left out, it would look as if it had not been asked."""
    rng = np.random.default_rng(3)
    good, odd, few = (
        gather([replace(_batch(ranks, parameters=("a", "b")), problem=name)])
        for name, ranks in (
            ("good", rng.integers(0, 100, (60, 2))),
            ("odd", rng.binomial(99, 0.5, (60, 2))),
            ("few", np.array([[3, 50]])),
        )
    )
    failed = replace(_batch([]), problem="none", fits=(CalibrationFit(900, None, None, "no start", None),))
    text = recovery_figure([good, odd, few, gather([failed])])

    assert [f">{label}<" in text for label in ("good (60)", "odd (60)", "few (1)", "none (0)")] == [True] * 4
    assert ">truths in 50 % intervals [%]<" in text
    assert text.count("#b3261e") > 0  # of ranks that are not uniform
    first, again = (recovery_figure([good]) for _ in range(2))
    assert first == again
    assert "#b3261e" not in first


def test_fits_whose_verdict_passes_have_a_coverage_of_their_own_and_all_are_counted():
    """Those that fail miss the truth here, those that pass hold it: one number of both would hide either."""
    good = _batch(np.array([[40], [50], [60], [8]]))
    bad = _batch(np.array([[0], [99]]), 1, failed_checks=("R-hat", "bulk ESS"))
    none = replace(_batch([]), fits=(CalibrationFit(9000, None, None, "no start", None),))
    found = gather([bad, good, none])
    row = recovery([found]).iloc[0]

    assert found.passing == (True, True, True, True, False, False)
    assert found.failed_checks == {"R-hat": 2, "bulk ESS": 2}
    assert (found.parameters["a"].inside_50, found.parameters["a"].passing_50) == (0.5, 0.75)
    assert (found.parameters["a"].inside_90, found.parameters["a"].passing_90) == (4 / 6, 1.0)
    assert (row["data_sets"], row["without_fit"], row["passing"]) == (7, 1, 4)
    assert (row["inside_50"], row["passing_50"], row["passing_90"]) == (0.5, 0.75, 1.0)
    assert (row["passing_se_50"], row["passing_se_90"]) == (pytest.approx(0.25), 0.0)
    assert gather([bad]).parameters["a"].passing_90 is None
    assert np.isnan(recovery([gather([bad])])["passing_90"][0])


def test_a_fit_is_judged_by_the_checks_of_its_verdict():
    """What `il6infer fit` and `diagnose` say of the same draws: these are too few, and the limit of R-hat is absurd."""
    problem = toy.line()
    settings = FitSettings(seed=3, chains=2, tune=100, draws=100, starts=1, threads=1)
    limits = Thresholds(rhat_max=1.0, tail_k_max=0.01)
    idata = sample_problem(problem, settings)
    verdict = diagnose(fit_problem(problem, settings), limits).sampled
    own = failed_checks(problem, compile(problem), idata, settings, limits)

    assert own == tuple(reason.check for reason in verdict.failed)
    assert {"R-hat", "bulk ESS", "tail ESS", "Pareto k of the tails"} == set(own)
    assert failed_checks(problem, compile(problem), idata, settings, Thresholds(rhat_max=1.5, ess_min=10)) == ()


def test_mass_where_no_chain_has_been_fails_a_calibrations_fit_as_it_fails_a_verdict():
    """A spike on a broad base, which no chain leaves; `auto` samples it tempered, in a calibration as in a fit."""
    problem = posterior("spike", 7)
    settings = FitSettings(seed=7, chains=2, tune=200, draws=400, starts=2, threads=1)
    limits, engine = Thresholds(ess_min=10), compile(problem)
    idata, whole = (sample_problem(problem, replace(settings, sampler=name)) for name in ("nutpie", "auto"))

    assert failed_checks(problem, engine, idata, settings, limits) == ("variance where no draw is",)
    fitted = diagnose(fit_problem(problem, settings), limits).sampled
    assert [reason.check for reason in fitted.failed] == ["variance where no draw is"]
    assert whole["posterior"].attrs["sampler"] == TEMPERED


def test_an_engine_of_other_measured_values_gives_the_same_draws():
    settings = FitSettings(seed=3, chains=1, tune=50, draws=50, starts=1, threads=1)
    other = toy.line([5.0, 4.0, 3.0, 2.0, 1.0])
    own, lent = (sample_problem(other, settings, engine=engine) for engine in (None, compile(toy.line())))

    assert own["posterior"].equals(lent["posterior"])


def test_the_sampler_that_is_configured_is_the_one_that_is_calibrated():
    problem, small = toy.line(), replace(SMALL, fits=1, batch=1, tune=50, draws=100)
    drawn = sample_problem(problem, FitSettings(seed=1, chains=1, draws=100, sampler="tempered", threads=1))

    assert drawn["posterior"].attrs["sampler"] == TEMPERED
    with pytest.raises(UserError) as error:
        sbc.run_batch(problem, FitSettings(sampler="pymc"), small, 0, 1)
    assert str(error.value) == (
        "fit.sampler: 'pymc' samples the pm.Model, far too slowly for the fits of a calibration. "
        "Calibrate 'nutpie', 'tempered' or 'auto', which sample the same posterior."
    )


def test_a_data_set_without_a_fit_does_not_pass_and_is_counted():
    rng = np.random.default_rng(5)
    failed = replace(_batch([]), fits=(CalibrationFit(7, None, None, "no start", None),))
    loose = replace(_batch([]), fits=(CalibrationFit(8, (50,), 1.2, "not converged (R-hat 1.200)", ("R-hat",)),))
    whole = _batch(rng.integers(0, 100, (60, 1)), number=1)

    assert gather([whole]).passed
    found = gather([whole, failed, loose])
    assert (found.passed, found.fits, found.failed, found.not_converged) == (False, 62, {"7": "no start"}, 1)


def test_batches_make_each_data_set_once_whatever_their_size():
    problem, settings = toy.line(), FitSettings(seed=2)
    small = replace(SMALL, fits=3, batch=2, tune=60, draws=60)
    two = [sbc.run_batch(problem, settings, small, number, 1) for number in range(2)]
    one = sbc.run_batch(problem, settings, replace(small, batch=3), 0, 1)

    assert [len(batch.fits) for batch in two] == [2, 1]
    assert two[0].fits + two[1].fits == one.fits
    assert all(0 <= rank <= 99 for fit in one.fits for rank in fit.ranks)
    assert all(fit.rhat < 1.5 for fit in one.fits)  # of one chain: its halves


def test_simulated_values_have_the_models_mean_and_noise():
    problem, rng = toy.line(), np.random.default_rng(1)
    engine = compile(problem)
    found = [sbc.simulate(problem, engine, rng) for _ in range(400)]
    rest = np.array([data.measurements["value"] - theta[0] - theta[1] * toy.TIMES for theta, data in found])
    truths = np.array([theta for theta, _ in found])

    assert rest.std() == pytest.approx(toy.NOISE, rel=0.06)
    assert truths.std(axis=0) == pytest.approx([2.0, 2.0], rel=0.12)


def limited():
    """The line, its first value known to be below 0, its last to be above 2: about half of simulated ones are."""
    line = toy.line([0.0, *toy.LINE[1:4], 2.0])
    return line.with_measurements(line.measurements.assign(censored=["below", "", "", "", "above"]))


def test_simulated_values_beyond_a_limit_are_limits_and_others_values():
    problem, rng = limited(), np.random.default_rng(1)
    engine = compile(problem)
    tables = [sbc.simulate(problem, engine, rng)[1].measurements for _ in range(200)]
    first, last = (pd.DataFrame([table.iloc[i] for table in tables]) for i in (0, 4))

    assert set(first["censored"]) == {"below", ""}
    assert set(last["censored"]) == {"above", ""}
    assert (first.loc[first["censored"] == "below", "value"] == 0.0).all()
    assert (first.loc[first["censored"] == "", "value"] > 0.0).all()
    assert (last.loc[last["censored"] == "above", "value"] == 2.0).all()
    assert (last.loc[last["censored"] == "", "value"] < 2.0).all()
    assert (first["censored"] == "below").mean() == pytest.approx(0.5, abs=0.1)
    assert all((table["censored"].iloc[1:4] == "").all() for table in tables)


@pytest.mark.slow
def test_fits_of_values_beyond_limits_are_calibrated():
    longer = replace(SMALL, fits=100, batch=100, draws=400)  # of 200 draws, those that are ranked are not independent
    found = gather([sbc.run_batch(limited(), FitSettings(seed=5), longer, 0, 1)])

    assert found.passed, {name: row.p for name, row in found.parameters.items()}
    assert not found.failed


def test_around_real_data_the_simulated_ones_stand_after_them_and_truths_are_of_the_posterior():
    line, rng = toy.line(), np.random.default_rng(1)
    draws = np.array([[1.0, 2.0], [1.1, 1.9]])
    theta, data = sbc.simulate(line, compile(line), rng, draws)

    assert theta.tolist() in draws.tolist()
    assert len(data.measurements) == 2 * len(line.measurements)
    assert data.measurements["value"].to_numpy()[:5] == pytest.approx(toy.LINE)
    assert data.measurements["value"].to_numpy()[5:] == pytest.approx(
        theta[0] + theta[1] * toy.TIMES, abs=4 * toy.NOISE
    )


@pytest.mark.slow
def test_calibration_around_data_passes_for_their_posterior_and_not_for_another():
    mean, covariance = toy.line_posterior()
    right = np.random.default_rng(2).multivariate_normal(mean, covariance, 4000)
    made = [sbc.run_batch(toy.line(), FitSettings(seed=1), SMALL, n, 1, right) for n in range(2)]
    wrong = mean + 2.5 * (right - mean)
    off = [sbc.run_batch(toy.line(), FitSettings(seed=1), SMALL, n, 1, wrong) for n in range(2)]

    assert gather(made).passed
    assert gather(made).around_data
    assert not gather(off).passed


@pytest.mark.slow
def test_the_pipelines_own_sampler_is_calibrated(tmp_path):
    found = gather([sbc.run_batch(toy.line(), FitSettings(seed=1), SMALL, number, 1) for number in range(2)])

    assert found.passed, {name: row.p for name, row in found.parameters.items()}
    assert found.fits == 40


def test_the_command_gathers_draws_and_tables(tmp_path):
    rng = np.random.default_rng(6)
    for number in range(2):
        checks = ("tail ESS",) if number else ()
        write(tmp_path / f"{number}.json", _batch(rng.integers(0, 100, (30, 1)), number, failed_checks=checks))

    def run(*words):
        command = [sys.executable, "-m", "il6infer", "sbc", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run("gather", "0.json", "1.json", "--output", "sbc.json", "--figure", "sbc.svg")
    tabled = run("table", "sbc.json", "--output", "recovery.csv")

    assert tabled.returncode == 0, tabled.stderr
    assert pd.read_csv(tmp_path / "recovery.csv")[["problem", "data_sets", "uniform"]].values.tolist() == [
        ["toy", 60, True]
    ]
    assert done.returncode == 0, done.stderr
    assert "toy: 60 data sets, 0 without a fit, 0 not converged; ranks pass for uniform" in done.stderr
    assert "verdict on sampling passes for 30 of 60 fits (others fail by: tail ESS 30)" in done.stderr
    assert "of these, truths in the 50 and 90 % intervals:" in done.stderr
    assert (tmp_path / "sbc.svg").read_text("utf-8").startswith("<svg")
    assert read(tmp_path / "0.json", Batch).levels == 99
