"""Whole fits of toy problems: known posteriors, determinism, groups, files, failures."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from il6infer._errors import UserError
from il6infer._files import read_posterior
from il6infer.inference import FitSettings, fit_problem, nuts, run
from il6infer.inference.settings import child_seed
from il6infer.problems.spec import Parameter, Prior
from tests.zoo import toy

SETTINGS = FitSettings(seed=3, chains=2, tune=300, draws=500, starts=3, threads=2)


@pytest.fixture(scope="module")
def line():
    return fit_problem(toy.line(), SETTINGS)


def test_linear_gaussian_posterior_is_the_analytic_one(line):
    mean, covariance = toy.line_posterior()
    draws = np.stack([line["posterior"][n].values.ravel() for n in "ab"])

    np.testing.assert_allclose(draws.mean(axis=1), mean, atol=0.15 * np.sqrt(np.diag(covariance)).min())
    np.testing.assert_allclose(draws.std(axis=1), np.sqrt(np.diag(covariance)), rtol=0.12)
    assert np.corrcoef(draws)[0, 1] == pytest.approx(covariance[0, 1] / np.sqrt(np.prod(np.diag(covariance))), abs=0.08)


def test_same_seed_gives_the_same_draws_on_any_number_of_threads(line):
    again = fit_problem(toy.line(), replace(SETTINGS, threads=1))
    other = fit_problem(toy.line(), replace(SETTINGS, seed=4, tune=20, draws=20))

    for group in ("posterior", "posterior_predictive", "prior_predictive", "log_likelihood", "predictions"):
        assert again[group].equals(line[group]), group
    assert not np.array_equal(other["posterior"]["a"][:, :20], line["posterior"]["a"][:, :20])


def test_chains_differ(line):
    first, second = line["posterior"]["a"].values

    assert not np.array_equal(first, second)


def test_every_group_is_there_with_its_dimensions(line):
    sizes = {name: dict(line[name].sizes) for name in line.groups() if not name.startswith("warmup")}

    assert list(line["posterior"]) == list(line["prior"]) == ["a", "b"]
    assert sizes["posterior"] == {"chain": 2, "draw": 500}
    assert sizes["prior"] == {"chain": 1, "draw": 200}
    assert sizes["prior_predictive"] == {"chain": 1, "draw": 200, "y_row": 5}
    assert sizes["posterior_predictive"] == sizes["log_likelihood"] == {"chain": 2, "draw": 500, "y_row": 5}
    assert sizes["observed_data"] == sizes["constant_data"] == {"y_row": 5}
    assert sizes["predictions"] == {"sample": 200, "y_series": 1, "grid": 80}
    assert sizes["predictions_constant_data"] == {"y_series": 1, "grid": 80}


def test_variables_have_units_and_predictions_have_coordinates(line):
    units = {p.id: p.unit for p in toy.line().estimated}

    assert {name: line["posterior"][name].attrs["units"] for name in units} == units
    assert set(line["predictions"].coords) >= {"y_grid", "y_series_batch", "y_series_experiment"}
    assert line["predictions"]["y_grid"].dims == ("y_series", "grid")
    assert {"diverging", "n_steps", "depth", "maxdepth_reached", "energy"} <= set(line["sample_stats"])
    assert set(line["constant_data"]) == {f"y_{c}" for c in ("time", "experiment", "batch", "replicate", "source")}


def test_curves_run_from_zero_to_the_last_time_through_the_posterior(line):
    mean, _ = toy.line_posterior()
    times = line["predictions_constant_data"]["y_grid"].values[0]
    middle = line["predictions"]["y"].values[:, 0].mean(axis=0)

    assert (times[0], times[-1]) == (0.0, 4.0)
    assert np.diff(times)[0] < np.diff(times)[-1]
    np.testing.assert_allclose(middle, mean[0] + mean[1] * times, atol=0.2)


def test_log_likelihood_is_of_each_draw(line):
    a, b = line["posterior"]["a"].values[1, 7], line["posterior"]["b"].values[1, 7]
    z = (toy.LINE - a - b * toy.TIMES) / toy.NOISE
    expected = -0.5 * z**2 - np.log(toy.NOISE) - 0.5 * np.log(2 * np.pi)

    np.testing.assert_allclose(line["log_likelihood"]["y"].values[1, 7], expected, rtol=1e-9)


def test_predictive_draws_have_the_noise_of_the_measurement(line):
    a, b = (line["posterior"][n].values[..., None] for n in "ab")
    residual = line["posterior_predictive"]["y"].values - a - b * toy.TIMES

    assert residual.std() == pytest.approx(toy.NOISE, rel=0.05)


def test_attributes_say_how_the_fit_was_made(line):
    attrs = line["posterior"].attrs

    assert (attrs["problem_id"], attrs["seed"], attrs["engine"]) == ("line", 3, "rosenbrock")
    assert json.loads(attrs["noise"]) == {"y": "normal"}
    assert json.loads(attrs["estimated"])["a"] == {
        "what": "", "unit": "nM", "source": "made up", "in_the_model": False, "lower": None, "upper": None,
        "nominal": 1.0, "prior": ["normal", 0.0, 2.0],
        "prior_quantiles": pytest.approx([2 * stats.norm.ppf(0.05), 0.0, 2 * stats.norm.ppf(0.95)]),
    }  # fmt: skip
    assert json.loads(attrs["failed_simulations"]) == {"posterior": 0, "prior": 0, "predictions": 0}
    assert 0 <= attrs["integration_error"] < 1e-3
    assert json.loads(attrs["engine_counters"])["posterior"] == {"ok": 1000}
    assert len(json.loads(attrs["starts_logp"])) == 3
    steps = [line[g]["n_steps"].sum() for g in ("warmup_sample_stats", "sample_stats")]
    assert attrs["gradients"] == sum(map(int, steps))


def test_netcdf_round_trip(line, tmp_path):
    line.to_netcdf(str(tmp_path / "posterior.nc"), engine="h5netcdf")
    back = read_posterior(tmp_path / "posterior.nc")

    assert set(back) == set(line.groups())
    for group in line.groups():
        assert back[group].equals(line[group]), group
    assert back["posterior"].attrs == line["posterior"].attrs
    assert back["posterior"]["a"].attrs == line["posterior"]["a"].attrs


@pytest.mark.parametrize("limit", [0.0, 0.2])
def test_posterior_of_a_nonlinear_model_is_the_exact_one(limit):
    """The whole posterior, and that where values below a limit were not seen: on a grid of k."""
    problem = toy.decay()
    table = problem.measurements
    unseen = table["value"] < limit
    problem = problem.with_measurements(
        table.assign(value=table["value"].where(~unseen, limit), censored=np.where(unseen, "below", ""))
    )
    k = np.linspace(0.2, 0.6, 4001)
    times, values = (problem.measurements[c].to_numpy() for c in ("time", "value"))
    density = stats.lognorm(s=1.0, scale=0.3).logpdf(k)
    noise = stats.norm(-k * times[:, None], 0.15)
    seen = np.where(
        unseen.to_numpy()[:, None], noise.logcdf(np.log(values)[:, None]), noise.logpdf(np.log(values)[:, None])
    )
    density += seen.sum(axis=0)
    weight = np.exp(density - density.max())
    mean = np.average(k, weights=weight)
    sd = np.sqrt(np.average((k - mean) ** 2, weights=weight))
    draws = fit_problem(problem, replace(SETTINGS, draws=1000))["posterior"]["k"].values

    assert unseen.sum() == (2 if limit else 0)
    assert draws.mean() == pytest.approx(mean, abs=0.15 * sd)
    assert draws.std() == pytest.approx(sd, rel=0.1)


def test_child_seeds_depend_on_the_name_only():
    states = [tuple(child_seed(1, name).generate_state(2)) for name in ("a", "b", "a")]

    assert states[0] == states[2]
    assert states[0] != states[1]


def test_failed_simulations_are_nan_and_counted():
    idata = fit_problem(toy.blow_up(), replace(SETTINGS, tune=100, draws=100))
    failed = json.loads(idata["posterior"].attrs["failed_simulations"])
    prior = idata["prior"]["k"].values[0]

    assert (failed["posterior"], failed["predictions"]) == (0, 0)
    assert failed["prior"] == np.isnan(idata["prior_predictive"]["x_seen"].values[0]).any(axis=1).sum()
    np.testing.assert_allclose(failed["prior"], (prior >= 1).sum(), atol=2)
    assert (idata["posterior"]["k"] < 1).all()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_plateau_is_sampled_whichever_point_a_chain_begins_at(seed):
    """A slope of exactly 0 at the first point ended the fit with a panic of nutpie."""
    problem = toy.too_fast()
    settings = FitSettings(seed=seed, chains=4, tune=300, draws=1000, starts=3, threads=1)
    draws = np.log(fit_problem(problem, settings)["posterior"]["k"].values.ravel())
    line = np.linspace(np.log(1e-4), np.log(1e4), 20001)
    share = np.cumsum(stats.norm.pdf(0.02, np.exp(-np.exp(line)), 0.1))
    levels = np.interp(np.quantile(draws, [0.1, 0.5, 0.9]), line, share / share[-1])

    np.testing.assert_allclose(levels, [0.1, 0.5, 0.9], atol=0.08)


def test_parameters_that_change_nothing_are_sampled_from_their_priors():
    """Nutpie gave up a chain that it found where a slope is exactly 0 when its metric changed."""
    line = toy.line()
    flat = Prior("log-uniform", (1e-5, 1e3))
    unseen = [Parameter(f"idle{i}", 1e-5, 1e3, 1.0, True, flat, scale="log10") for i in range(5)]
    problem = replace(line, parameters=(*line.parameters, *unseen))
    settings = FitSettings(seed=1, chains=2, tune=200, draws=1000, starts=2, threads=1)
    posterior = fit_problem(problem, settings)["posterior"]

    for parameter in unseen:
        levels = (np.log10(posterior[parameter.id].values.ravel()) + 5.0) / 8.0
        np.testing.assert_allclose(np.quantile(levels, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.08)


def test_where_nutpie_gives_up_it_is_said_in_words(monkeypatch):
    monkeypatch.setattr(nuts, "evened", lambda density, frame, start: (frame, np.full_like(start, np.nan)))
    with pytest.raises(UserError) as caught:
        fit_problem(toy.too_fast(), FitSettings(seed=1, chains=2, tune=50, draws=50, starts=3, threads=1))

    assert str(caught.value) == (
        "nutpie gave up chain 1 (All initialization points failed). It does so where the log-density cannot be "
        "computed at the first point of a chain. Narrow the bounds or priors to where the data say something, choose "
        "another seed, or another sampler: `sampler: tempered`, `pymc` or `pymc_smc`."
    )


def test_nowhere_to_start_says_what_fails():
    with pytest.raises(UserError) as caught:
        fit_problem(replace(toy.blow_up(2.5, 3.0), parameters=(_without_nominal(toy.blow_up(2.5, 3.0)),)), SETTINGS)
    assert str(caught.value) == (
        "problem 'blow_up': the log-density is finite at none of 3 prior draws: 2 faults\n"
        "  - observable 'x_seen', in e: 2 of its measurements cannot be predicted or are impossible there.\n"
        "  - simulations: 3 non_finite. Look at the priors, and at read-outs that are zero or negative."
    )


def test_what_is_predicted_to_be_zero_is_named_with_its_conditions_and_a_way_out(monkeypatch):
    """As SOCS3 mRNA of cells without SOCS3, under noise that is relative to the value."""
    zeros = SimpleNamespace(prediction=np.zeros((3, 2)), outcomes={"ok": 3})
    monkeypatch.setattr(run, "simulate_all", lambda *_: zeros)
    monkeypatch.setattr(run, "log_likelihood", lambda *_: np.full((3, 2), -np.inf))

    said = run._nowhere(toy.blow_up(), None, SETTINGS).splitlines()
    assert said[1] == (
        "  - observable 'x_seen', in e: 2 of its measurements are predicted to be 0, which noise relative to the value "
        "cannot be about. Give the read-out a background (`offset: true`) or `noise: normal`, or leave these "
        "values out."
    )


def _without_nominal(problem):
    return replace(problem.parameters[0], nominal=float("nan"))


def test_faults_of_the_settings_come_in_one_message():
    with pytest.raises(UserError) as caught:
        FitSettings(chains=0, target_accept=1.5, mass_matrix="lowrank")
    assert str(caught.value) == (
        "settings of the fit: 3 faults\n"
        "  - chains: 0 is not allowed: it must be at least 1.\n"
        "  - target_accept: 1.5 is not allowed: it must be below 1.\n"
        "  - mass_matrix: 'lowrank' is unknown. Did you mean 'low_rank'? Known: diagonal, low_rank."
    )
