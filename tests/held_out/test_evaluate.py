"""Predictions of data that no fit has seen: known answers, coverage on simulated truth, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from scipy.special import logsumexp
from scipy.stats import norm

from il6infer._errors import UserError
from il6infer.held_out import smoother
from il6infer.held_out.evaluate import evaluate
from il6infer.held_out.smoother import left_out
from il6infer.held_out.unlike import unlike
from il6infer.problems.spec import Experiment, Parameter, Period, Prior
from tests.held_out.problems import TIMES, decay, posterior
from tests.zoo import recovery
from tests.zoo.systems import log_normal

SOLVER = {"engine": "rosenbrock", "rtol": 1e-9, "atol": 1e-12}
COURSE = np.exp(-0.3 * np.array(TIMES))


def test_with_the_dynamics_known_scores_are_those_of_a_conjugate_scale():
    """ln y = ln scale + ln x + noise: the scale's posterior is normal, and so is each value's prediction."""
    noise = np.array([0.1, -0.2, 0.3, 0.0, -0.1, 0.25, -0.3])
    problem = decay({"gel": 1.0}, offset=False, sigma=0.2)
    problem = problem.with_measurements(problem.measurements.assign(value=3.0 * COURSE * np.exp(noise)))
    found = evaluate(problem, posterior(k=np.full(200, 0.3)), seed=1, **SOLVER)
    residual = np.log(3.0) + noise
    for i, point in enumerate(found.series[0].points):
        others = np.delete(residual, i)
        precision = 1 / 1.5**2 + len(others) / 0.2**2
        mean = (np.log(2.0) / 1.5**2 + others.sum() / 0.2**2) / precision
        exact = norm(mean, np.sqrt(1 / precision + 0.2**2))
        assert point.log_density == pytest.approx(exact.logpdf(residual[i]) - np.log(point.value), abs=0.02)
        assert point.rank == pytest.approx(exact.cdf(residual[i]), abs=0.04)
        assert np.log(point.median / COURSE[i]) == pytest.approx(mean, abs=0.03)

    assert found.series[0].alone == ("scale_gel",)
    assert (found.draws, found.failed, found.from_prior) == (200, 0, ())
    line = np.log(problem.measurements["value"].to_numpy())
    known = (residual.sum() / 0.2**2 + np.log(2.0) / 1.5**2) / (1 / 1.5**2 + 7 / 0.2**2) + np.log(COURSE)
    assert found.series[0].r2 == pytest.approx(
        1 - ((line - known) ** 2).sum() / ((line - line.mean()) ** 2).sum(), abs=0.005
    )


@pytest.mark.parametrize("noise", [0.3, 0.003])
def test_a_gel_with_little_noise_is_scored_as_by_quadrature_at_each_of_unlike_draws(noise):
    """Its scale is left a thousandth of the prior, elsewhere at each draw: samples that adapt did not find it."""
    rng = np.random.default_rng(4)
    problem = decay({"gel": 1.0}, offset=False)
    wide = [log_normal("sigma", 0.05, 1.4) if p.id == "sigma" else p for p in problem.parameters]
    wide.append(log_normal("start", 1.0, 1.0))
    begun = replace(problem.experiments[0], periods=(Period(0.0, {"x": sp.Symbol("start", real=True)}),))
    problem = replace(problem, parameters=tuple(wide), experiments=(begun,))
    values = 3.0 * COURSE * np.exp(noise * rng.normal(size=len(TIMES)))
    problem = problem.with_measurements(problem.measurements.assign(value=values))
    rates = 0.3 * np.exp(np.linspace(-1.0, 1.0, 60) * noise)
    starts = np.exp(1.5 * rng.normal(size=60))
    found = evaluate(problem, posterior(k=rates, start=starts), seed=2, **SOLVER)

    priors = {p.id: p.stated_prior.parameters for p in problem.estimated}
    (at, apart), (mean, sd) = priors["scale_gel"], priors["sigma"]
    sigmas = np.exp(np.linspace(mean - 12 * sd, mean + 8 * sd, 2001))
    weight = norm.logpdf(np.log(sigmas), mean, sd)

    def together(logs: np.ndarray) -> np.ndarray:
        """Log-density of logarithms for each sigma: independent errors, and a scale that all share."""
        n, total, squares = len(logs), logs.sum(), (logs**2).sum()
        own = sigmas**2
        more = own + n * apart**2
        return weight - 0.5 * (n * np.log(2 * np.pi) + (n - 1) * np.log(own) + np.log(more)
                               + (squares - apart**2 * total**2 / more) / own)  # fmt: skip

    each = []
    for rate, start in zip(rates, starts, strict=True):
        logs = np.log(values) - (at + np.log(start) - rate * np.array(TIMES))
        whole = logsumexp(together(logs))
        each.append([whole - logsumexp(together(np.delete(logs, i))) for i in range(len(logs))])
    expected = logsumexp(np.array(each), axis=0) - np.log(len(rates)) - np.log(values)

    assert found.series[0].alone == ("scale_gel", "sigma")
    np.testing.assert_allclose([p.log_density for p in found.series[0].points], expected, atol=0.05)


def test_a_gel_that_was_fitted_in_part_keeps_its_scale():
    problem = decay({"gel": 1.0}, offset=False, sigma=0.2)
    problem = problem.with_measurements(problem.measurements.assign(value=6.0 * COURSE))
    found = evaluate(problem, posterior(k=np.full(50, 0.3), scale_gel=np.full(50, 3.0)), seed=1, **SOLVER)

    assert found.series[0].alone == ()
    exact = norm.logpdf(np.log(2.0), 0.0, 0.2) - np.log(6.0 * COURSE)
    np.testing.assert_allclose([p.log_density for p in found.series[0].points], exact, rtol=1e-5)
    assert found.score.coverage_90 == 0.0


def test_replicates_of_one_time_have_no_r2():
    """No curve explains why they differ: R2 was -0.00 of a gel that was predicted well."""
    problem = decay({"gel": 1.0}, offset=False, sigma=0.2)
    table = problem.measurements.iloc[[2, 2, 2]].assign(value=[1.0, 1.2, 1.4], replicate=["1", "2", "3"])
    [series] = evaluate(problem.with_measurements(table), posterior(k=np.full(50, 0.3)), seed=1, **SOLVER).series

    assert (series.r2, series.score.measurements) == (None, 3)


def test_a_single_value_is_predicted_by_its_prior_scale_alone():
    problem = decay({"gel": 1.0}, offset=False, sigma=0.2)
    problem = problem.with_measurements(problem.measurements.iloc[[2]].assign(value=50.0))
    [point] = evaluate(problem, posterior(k=np.full(200, 0.3)), seed=1, **SOLVER).series[0].points

    exact = norm(np.log(2.0) + np.log(COURSE[2]), np.hypot(1.5, 0.2))
    assert point.log_density == pytest.approx(exact.logpdf(np.log(50.0)) - np.log(50.0), abs=0.1)
    assert point.smoother is None


def test_limits_have_the_probability_of_their_side_and_count_in_no_score():
    """ln y = ln scale + ln x + noise, the scale known by its prior: each side has a normal probability."""
    problem = decay({"gel": 1.0, "other": 2.0}, offset=False, sigma=0.2)
    table = problem.measurements.iloc[[2, 8]].assign(value=[1.5, 2.5], censored=["below", "above"])
    found = evaluate(
        problem.with_measurements(pd.concat([table, problem.measurements.iloc[[3]].assign(censored="")])),
        posterior(k=np.full(50, 0.3), scale_gel=np.full(50, 3.0), scale_other=np.full(50, 2.0)), seed=1, **SOLVER,
    )  # fmt: skip
    gel, other = found.series
    below = norm.cdf(np.log(1.5 / (3.0 * COURSE[2])) / 0.2)
    above = norm.sf(np.log(2.5 / (4.0 * COURSE[1])) / 0.2)

    assert (found.score.measurements, gel.score.measurements, other.score.measurements) == (1, 1, 0)
    assert [(x.side, x.value, x.condition) for x in (*gel.limits, *other.limits)] == [
        ("below", 1.5, "from_gel"), ("above", 2.5, "from_other"),
    ]  # fmt: skip
    assert [x.probability for x in (*gel.limits, *other.limits)] == pytest.approx([below, above], rel=1e-4)
    assert (other.score.coverage_90, other.r2, other.points) == (None, None, ())
    assert [band.condition for band in other.bands] == ["from_other"]


def test_a_wrong_mechanism_is_seen_by_the_smoother_and_a_right_one_beats_it():
    rng = np.random.default_rng(3)
    problem = decay({"gel": 1.0, "other": 2.0}, sigma=0.1)
    course = np.concatenate([COURSE, 2.0 * COURSE])
    value = (3.0 * course + 0.1) * np.exp(0.1 * rng.normal(size=len(course)))
    problem = problem.with_measurements(problem.measurements.assign(value=value))
    right = evaluate(problem, posterior(k=rng.normal(0.3, 0.01, 100)), seed=1, **SOLVER).score
    wrong = evaluate(problem, posterior(k=rng.normal(1.5, 0.01, 100)), seed=1, **SOLVER).score

    assert right.compared == wrong.compared == 14
    assert right.smoother == wrong.smoother
    assert right.difference > 0
    assert wrong.difference < 0


def test_a_parameter_of_the_dynamics_that_no_fit_knows_comes_from_its_prior_and_is_named():
    problem = decay({"gel": 1.0}, offset=False, sigma=0.2)
    wide = Parameter("k", 0.0, np.inf, 0.3, True, Prior("log-normal", (np.log(0.3), 1e-3)))
    problem = replace(problem, parameters=(wide, *problem.parameters[1:]))
    problem = problem.with_measurements(problem.measurements.assign(value=3.0 * COURSE))
    found = evaluate(problem, posterior(scale_gel=np.full(50, 3.0)), seed=1, **SOLVER)

    assert found.from_prior == ("k",)
    assert found.series[0].r2 == pytest.approx(1.0, abs=1e-3)


def test_a_parameter_with_another_prior_than_in_the_fit_is_of_other_cells_and_said_so(caplog):
    problem = decay({"gel": 1.0}, offset=False, sigma=0.2)
    problem = problem.with_measurements(problem.measurements.assign(value=3.0 * COURSE))
    known = posterior(k=np.full(50, 0.5), scale_gel=np.full(50, 3.0))
    told = {p.id: {"prior": [p.prior.distribution, *p.prior.parameters]} for p in problem.parameters if p.prior}
    known["posterior"].attrs["estimated"] = json.dumps(told)
    same = evaluate(problem, known, seed=1, **SOLVER)
    told["k"]["prior"] = ["log-normal", 2.0, 0.1]
    known["posterior"].attrs["estimated"] = json.dumps(told)
    with caplog.at_level("WARNING"):
        other = evaluate(problem, known, seed=1, **SOLVER)

    assert (same.from_prior, other.from_prior) == ((), ("k",))
    assert caplog.messages == [
        "decay: the fit has other priors for k: these are of other cells, and drawn from the priors here"
    ]


def test_a_noise_of_another_kind_is_not_that_of_the_fit_and_said_so(caplog):
    """A linear noise of 40 units said nothing of a blot whose noise is relative, and was taken for its sd of ln."""
    problem = decay({"gel": 1.0}, offset=False)
    problem = problem.with_measurements(problem.measurements.assign(value=3.0 * COURSE))
    known = posterior(k=np.full(50, 0.5), sigma=np.full(50, 40.0))
    told = {p.id: {"prior": [p.prior.distribution, *p.prior.parameters]} for p in problem.parameters if p.prior}
    mean, sd = told["sigma"]["prior"][1:]
    told["sigma"]["prior"] = ["log-normal", mean + 3.0, sd]
    known["posterior"].attrs["estimated"] = json.dumps(told)
    same = evaluate(problem, known, seed=1, **SOLVER)
    told["sigma"]["prior"] = ["log-normal", mean + 3.0, 2.0 * sd]
    known["posterior"].attrs["estimated"] = json.dumps(told)
    with caplog.at_level("WARNING"):
        other = evaluate(problem, known, seed=1, **SOLVER)

    assert (same.series[0].alone, other.series[0].alone) == (("scale_gel",), ("scale_gel", "sigma"))
    assert other.score.log_density > same.score.log_density + 10
    assert caplog.messages == [
        "decay: the fit has priors of another width for sigma: these are of another kind of noise, and estimated from "
        "the held-out values here"
    ]


def test_a_value_that_is_impossible_at_every_draw_is_refused_with_its_place():
    problem = decay({"gel": 1.0}, offset=False, sigma=0.2)
    gone = replace(problem.experiments[0], periods=(Period(0.0, {"x": sp.Float(0.0)}),))
    problem = replace(problem, experiments=(gone,))
    problem = problem.with_measurements(problem.measurements.iloc[:1].assign(value=2.5))
    with pytest.raises(UserError) as error:
        evaluate(problem, posterior(k=np.full(50, 0.3), scale_gel=np.full(50, 3.0)), seed=1, **SOLVER)

    assert str(error.value) == (
        "decay: 1 fault\n  - x, gel or plate 'gel', from_gel, 0.5 min: 2.5 was measured, but is impossible at every "
        "draw: the model says 0, which log-normal noise cannot be about. Give the read-out an offset (`offset: true`), "
        "or leave this value out."
    )


def test_the_posterior_of_another_model_is_refused():
    with pytest.raises(UserError) as error:
        evaluate(decay({"gel": 1.0}), posterior(mu=np.zeros(10)), seed=1, **SOLVER)

    assert str(error.value) == (
        "held-out data: 1 fault\n  - decay: the posterior knows 0 of its 4 parameters. Give the posterior of the same "
        "model (il6infer fit), and the problem of its held-out data."
    )


def test_the_smoother_predicts_a_smooth_course_and_leaves_out_what_it_scores():
    times = np.linspace(0, 60, 12)
    values = 1.0 + np.sin(times / 20)
    conditions = np.zeros((12, 12))
    smooth = left_out(times, conditions, values, logarithmic=False)
    outlier = values.copy()
    outlier[6] += 1.0
    assert smooth is not None
    assert smooth.mean() > 0.5  # a constant with the spread of these values has -0.9
    assert left_out(times, conditions, outlier, logarithmic=False)[6] < smooth[6] - 3
    assert left_out(times[:4], conditions[:4, :4], values[:4], logarithmic=False) is None
    np.testing.assert_allclose(
        left_out(times, conditions, 7 * values, logarithmic=False), smooth - np.log(7), atol=1e-3
    )
    logs = left_out(times, conditions, np.exp(values), logarithmic=True)
    np.testing.assert_allclose(
        left_out(times, conditions, 7 * np.exp(values), logarithmic=True), logs - np.log(7), atol=1e-3
    )


def test_the_smoother_has_its_parameters_integrated_out():
    """Against plain Monte Carlo from the prior of its parameters; and a density is 1 over all values."""
    rng = np.random.default_rng(5)
    times, doses = np.array([0.0, 5, 10, 20, 40, 15]), np.array([0.0, 0, 0, 0, 0, 2])
    conditions = np.abs(doses[:, None] - doses[None])
    y = np.array([0.1, 0.9, 1.2, 0.8, 0.5, 1.0])
    x = np.log1p(times / smoother.EARLY)
    points = smoother._MEAN + smoother._SD * rng.normal(size=(40_000, 5))
    whole, each = smoother._log_densities(points, np.abs(x[:, None] - x[None]), conditions, y - y.mean())
    plain = logsumexp(whole[:, None], axis=0) - logsumexp(whole[:, None] - each, axis=0)

    np.testing.assert_allclose(left_out(times, conditions, np.exp(y), logarithmic=True) + y, plain, atol=0.05)
    at = np.linspace(-8, 10, 61)
    density = [left_out(times, conditions, np.exp(np.append(y[:-1], v)), logarithmic=True)[-1] + v for v in at]
    assert np.exp(density).sum() * (at[1] - at[0]) == pytest.approx(1, abs=0.02)


def test_a_value_at_rest_before_a_plateau_is_no_straw_man():
    """SOCS3 knock-out fibroblasts hold their level: of the value at 0 min one best smoother said -507."""
    times = np.array([0.0, 5, 10, 15, 20, 30, 45, 60, 90, 120])
    values = np.array([487.0, 2697, 2926, 2980, 2890, 2940, 2850, 2990, 2910, 2930])

    found = left_out(times, np.zeros((10, 10)), values, logarithmic=True)

    assert found[0] > -35
    assert found[2:].min() > -12  # each is near the others: ln(2,900) and a spread of some 50 %


def test_the_smoother_knows_which_doses_are_neighbours():
    """A dose response at one time: without its doses a curve through it could say its mean alone."""
    doses = np.array([0.0, 0.5, 1, 2.5, 5, 10, 25, 50, 100])
    values = np.exp(2.0 * doses / (4.0 + doses) + 0.02 * np.cos(np.arange(9)))
    places = np.log1p(doses / 0.5)
    near = np.abs(places[:, None] - places[None])
    alone = np.where(np.eye(9), 0.0, np.inf)

    told, not_told = (left_out(np.full(9, 15.0), one, values, logarithmic=True).sum() for one in (near, alone))

    assert told > not_told + 8


def test_conditions_are_near_by_dose_and_apart_by_anything_else():
    def given(name, *periods):
        return Experiment(name, tuple(Period(time, changes) for time, changes in periods))

    il6, rest, drug = sp.Symbol("IL6"), {"IL6": sp.Float(0)}, sp.Symbol("drug")
    experiments = (
        given("0", (-np.inf, rest), (0, {})),
        given("10", (-np.inf, rest), (0, {"IL6": il6 + 10})),
        given("100", (-np.inf, rest), (0, {"IL6": il6 + 100})),
        given("set", (-np.inf, rest), (0, {"IL6": sp.Integer(10)})),
        given("both", (-np.inf, rest), (-60, {"drug": drug + 5}), (0, {"IL6": il6 + 10})),
        given("pulse", (-np.inf, rest), (0, {"IL6": il6 + 10}), (5, rest)),
        given("longer", (-np.inf, rest), (0, {"IL6": il6 + 10}), (20, rest)),
        given("ko", (-np.inf, {**rest, "k": sp.Float(0)}), (0, {"IL6": il6 + 10})),
        given("high", (-np.inf, {**rest, "k": sp.Symbol("k_high")}), (0, {"IL6": il6 + 10})),
    )
    found = unlike(replace(decay({"gel": 1.0}), experiments=experiments), [e.id for e in experiments])

    assert found[1, :5] == pytest.approx([np.log(2), 0, np.log(11 / 2), 0, np.log(2)])
    assert np.isinf(found[:5, 5:]).all()
    assert np.isinf(found[5:, 5:][~np.eye(4, dtype=bool)]).all()
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.slow
def test_intervals_over_gels_that_no_fit_has_seen_hold_what_they_say():
    """60 truths drawn from the prior; two gels are fitted, two are not, with scale, offset and noise to find."""
    rng, ranks, gains = np.random.default_rng(11), [], []
    whole = decay({"g1": 1.0, "g2": 2.0, "h1": 0.5, "h2": 3.0})
    for _ in range(60):
        data, _ = recovery.simulated(whole, rng)
        fitted = data.with_measurements(data.measurements[data.measurements["batch"].isin(["g1", "g2"])])
        names = ["k", "scale_g1", "scale_g2", "offset_g1", "offset_g2", "sigma"]
        fitted = replace(fitted, parameters=tuple(p for p in data.parameters if p.id in names))
        density, drawn, weights = recovery.weighted_draws(fitted, rng)
        values = density.constrained(drawn[rng.choice(len(drawn), 200, p=weights)])
        known = posterior(**dict(zip(density.names, values.T, strict=True)))
        held = data.with_measurements(data.measurements[data.measurements["batch"].isin(["h1", "h2"])])
        held = replace(held, parameters=tuple(p for p in data.parameters if p.id not in names[1:5]))
        found = evaluate(held, known, seed=1, **SOLVER)
        ranks += [p.rank for one in found.series for p in one.points]
        gains.append(found.score.difference)
    found = {level: recovery.coverage(ranks, level) for level in (0.5, 0.9)}

    print(found, np.mean(gains))
    # 840 values, 14 of one truth hang together.
    assert found[0.5] == pytest.approx(0.5, abs=0.06)
    assert found[0.9] == pytest.approx(0.9, abs=0.04)


@pytest.mark.parametrize("gels", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_gels_of_one_unknown_noise_are_scored_together_and_too_many_are_said(gels, caplog):
    rng = np.random.default_rng(0)
    problem = decay({f"gel{i}": 1.0 for i in range(gels)})
    values = np.concatenate([(i + 1.0) * (COURSE + 0.05) for i in range(gels)])
    values = values * np.exp(0.1 * rng.normal(size=len(values)))
    problem = problem.with_measurements(problem.measurements.assign(value=values))
    with caplog.at_level("WARNING"):
        found = evaluate(problem, posterior(k=0.3 * np.exp(0.05 * rng.normal(size=10))), seed=1, **SOLVER)
    listed = ", ".join(f"gel{i}" for i in range(gels))
    said = f"decay: 41 parameters of {listed}, which one noise joins, are too many to be weighed together: their "
    said += "scores are rough. Hold out fewer gels at a time."

    assert found.score.measurements == gels * len(TIMES)
    assert caplog.messages == ([said] if gels == 20 else [])
