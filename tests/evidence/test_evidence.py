"""Evidence against closed forms and quadrature: two estimators that agree, and what they say where they do not."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import sympy as sp
import xarray as xr
from scipy.integrate import trapezoid
from scipy.stats import multivariate_normal, norm

from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.evidence.estimate import _mean_of_runs, evidence_of
from il6infer.evidence.likelihood import criteria_of
from il6infer.inference.density import Density
from il6infer.inference.nuisance import NOTHING
from il6infer.inference.parts import Parts
from il6infer.inference.smc import smc
from il6infer.network.network import TIME, symbol
from il6infer.problems.families import FAMILIES
from il6infer.problems.priors import distribution, log_mass, support
from il6infer.problems.spec import Observable, Parameter, Prior, Problem
from tests.inference.test_priors import PRIORS
from tests.zoo import toy
from tests.zoo.systems import ONE, log_normal, network

QUICK = {"runs": 4, "particles": 300}


def posterior(draws, **settings):
    """Draws of each parameter as the posterior of a fit, in four chains."""
    values = {name: (("chain", "draw"), np.reshape(drawn, (4, -1))) for name, drawn in draws.items()}
    return {"posterior": xr.Dataset(values).assign_attrs(settings=json.dumps(settings))}


def line_evidence():
    """The data of `toy.line` are normal before any was seen."""
    design = np.column_stack([np.ones_like(toy.TIMES), toy.TIMES])
    covariance = toy.NOISE**2 * np.eye(len(toy.TIMES)) + 4.0 * design @ design.T
    return float(multivariate_normal(np.zeros(len(toy.TIMES)), covariance).logpdf(toy.LINE))


def line_draws(size=4000, seed=1):
    mean, covariance = toy.line_posterior()
    drawn = np.random.default_rng(seed).multivariate_normal(mean, covariance, size=size)
    return {"a": drawn[:, 0], "b": drawn[:, 1]}


def slope(prior, lower=-np.inf, upper=np.inf, formula=None, values=(1.2, 2.1, 3.4)):
    """y = b time with normal noise of 0.5; the prior of b is given."""
    times = np.arange(1.0, len(values) + 1.0)
    return Problem(
        id="slope",
        network=network({"x": -symbol("x")}, {"x": 1.0}),
        parameters=(Parameter("b", lower, upper, 1.0, True, prior),),
        experiments=ONE,
        observables=(Observable("obs_y", symbol("b") * TIME if formula is None else formula, sp.Float(0.5)),),
        measurements=toy.measurements(values, times),
    )


def by_quadrature(problem, low, high, curve=lambda b, t: b * t):
    """Log-evidence, and 4,000 draws of the posterior, from a fine grid of b."""
    [parameter] = problem.estimated
    ends = support(parameter)
    grid = np.linspace(max(low, ends[0]), min(high, ends[1]), 200_001)[1:-1]
    table = problem.measurements
    logs = distribution(parameter.stated_prior).logpdf(grid) - log_mass(parameter)
    for value, time in zip(table["value"], table["time"], strict=True):
        logs = logs + norm(curve(grid, time), 0.5).logpdf(value)
    weights = np.exp(logs - logs.max())
    below = np.cumsum(weights)
    draws = np.interp(np.random.default_rng(2).uniform(size=4000) * below[-1], below, grid)
    return logs.max() + math.log(trapezoid(weights, grid)), draws


def test_normal_posterior_has_the_evidence_of_its_closed_form():
    found = evidence_of(toy.line(), posterior(line_draws()), **QUICK)

    assert found.agree
    assert found.log_evidence == pytest.approx(line_evidence(), abs=0.01)
    assert found.se < 0.005
    for estimate in found.estimates:
        assert abs(estimate.log_evidence - line_evidence()) < 4 * estimate.se + 0.01
    assert found.notes == ()


@pytest.mark.slow
def test_runs_that_are_held_to_the_stages_of_another_are_unbiased_with_few_particles():
    """Steps that particles choose for themselves make the mean low; 30 particles would show it."""
    problem = toy.line()
    parts = Parts(Density(problem, compile(problem), NOTHING), 1)
    stages = smc(parts, 200, np.random.default_rng(0)).stages
    runs = [smc(parts, 30, np.random.default_rng(100 + i), stages=stages) for i in range(150)]
    ratios = np.exp([one.log_evidence - line_evidence() for one in runs])

    assert {tuple(s.power for s in one.stages) for one in runs} == {tuple(s.power for s in stages)}
    assert [s.moves for s in runs[0].stages] == [s.moves for s in stages]
    assert ratios.std() / np.sqrt(len(ratios)) < 0.05
    assert ratios.mean() == pytest.approx(1.0, abs=3 * ratios.std() / np.sqrt(len(ratios)))


@pytest.mark.parametrize("runs", [2, 4, 6])
def test_the_error_of_few_runs_holds_the_truth_in_two_of_three_cases(runs):
    """By the standard deviation of the runs it would in 50, 61 and 64 % of all."""
    sets = np.random.default_rng(1).normal(scale=0.05, size=(4000, runs))
    inside = [abs(value) <= error for value, error in map(_mean_of_runs, sets)]

    assert np.mean(inside) == pytest.approx(0.683, abs=0.02)


@pytest.mark.parametrize("family", FAMILIES)
def test_priors_of_every_family_cut_by_bounds_are_normalised(family):
    """The bounds leave out part of each prior's mass: a constant that is lost shifts the evidence by its logarithm."""
    problem = slope(Prior(family, PRIORS[family]), 0.6, 1.3)
    exact, draws = by_quadrature(problem, 0.6, 1.3)
    found = evidence_of(problem, posterior({"b": draws}), **QUICK)

    assert found.agree, found.notes
    assert found.log_evidence == pytest.approx(exact, abs=0.02)


def scaled():
    """Decay with a scale and a noise that can be integrated out."""
    times = np.array([0.5, 1.0, 2.0, 4.0, 6.0, 9.0])
    return Problem(
        id="scaled",
        network=network({"x": -symbol("k") * symbol("x")}, {"x": 1.0}, {"k": 0.3}),
        parameters=(log_normal("k", 0.3), log_normal("s", 2.0, 0.8), log_normal("sigma", 0.2, 0.6)),
        experiments=ONE,
        observables=(Observable("obs_x", symbol("s") * symbol("x"), symbol("sigma"), "log-normal"),),
        measurements=toy.measurements(2.5 * np.exp(-0.35 * times) * [1.1, 0.93, 1.05, 0.9, 1.2, 1.02], times, "obs_x"),
    )


def scaled_by_quadrature(problem):
    """Log-evidence by a grid over k, the scale and the noise, and draws from its cells."""
    spans = ((-3.5, 0.5), (-2.0, 3.0), (-4.5, 1.0))
    axes = [np.linspace(*span, 120) for span in spans]
    k, s, sigma = (np.exp(a) for a in np.meshgrid(*axes, indexing="ij"))
    logs = np.zeros(k.shape)
    for parameter, values in zip(problem.estimated, (k, s, sigma), strict=True):
        logs += distribution(parameter.stated_prior).logpdf(values) + np.log(values)
    for row in problem.measurements.itertuples():
        logs += norm(np.log(s) - k * row.time, sigma).logpdf(np.log(row.value)) - math.log(row.value)
    weights = np.exp(logs - logs.max()).ravel()
    cell = math.prod((b - a) / 119 for a, b in spans)
    rng = np.random.default_rng(3)
    chosen = np.array(np.unravel_index(rng.choice(weights.size, 4000, p=weights / weights.sum()), k.shape))
    steps = np.array([(b - a) / 119 for a, b in spans])[:, None]
    logs_drawn = np.array([a[i] for a, i in zip(axes, chosen, strict=True)]) + steps * rng.uniform(-0.5, 0.5, (3, 4000))
    return logs.max() + math.log(weights.sum() * cell), dict(zip(("k", "s", "sigma"), np.exp(logs_drawn), strict=True))


@pytest.mark.parametrize("nuisance", [pytest.param("integrated", marks=pytest.mark.slow), "sampled"])
def test_integrating_out_does_not_change_the_evidence(nuisance):
    problem = scaled()
    exact, draws = scaled_by_quadrature(problem)
    found = evidence_of(problem, posterior(draws, nuisance=nuisance), **QUICK)

    assert found.agree, found.notes
    assert found.log_evidence == pytest.approx(exact, abs=0.02)
    assert found.numerical < 1e-3


def squared():
    """The sign of b is not known: two modes of the same mass."""
    return slope(Prior("normal", (0.0, 1.0)), formula=symbol("b") ** 2 * TIME)


def test_two_modes_are_weighed_where_the_draws_have_both():
    exact, draws = by_quadrature(squared(), -6.0, 6.0, curve=lambda b, t: b**2 * t)
    found = evidence_of(squared(), posterior({"b": draws}), **QUICK)

    assert found.agree, found.notes
    assert found.log_evidence == pytest.approx(exact, abs=0.05)


@pytest.mark.slow
def test_draws_that_lack_a_mode_give_no_evidence():
    """Bridge sampling from one of two modes is off by ln 2, and only the other estimator can know."""
    _, draws = by_quadrature(squared(), 0.0, 6.0, curve=lambda b, t: b**2 * t)
    found = evidence_of(squared(), posterior({"b": draws}), runs=6, particles=1000)

    assert not found.agree
    assert (found.log_evidence, found.se) == (None, None)
    assert found.notes[0].startswith("The two estimates do not agree: ")


@pytest.mark.slow
def test_what_cannot_be_simulated_is_said():
    problem = toy.blow_up()
    draws = np.random.default_rng(1).uniform(0.5, 0.6, 4000)
    found = evidence_of(problem, posterior({"k": draws}), **QUICK)

    assert 0.6 < found.prior_failed < 0.8
    assert any("of the prior could not be simulated and counts as impossible" in note for note in found.notes)


def test_draws_that_are_too_few_give_no_evidence():
    draws = {name: values[:16] for name, values in line_draws().items()}
    found = evidence_of(toy.line(), posterior(draws), **QUICK)

    assert not found.agree
    assert found.log_evidence is None


def test_a_posterior_of_another_problem_is_refused():
    with pytest.raises(UserError) as raised:
        evidence_of(toy.line(), posterior({"a": line_draws()["a"]}))

    assert str(raised.value) == (
        "problem 'line': the posterior has no parameter 'b'. It is of another problem; fit this one."
    )


def test_the_number_of_threads_changes_no_number():
    one, two = (evidence_of(toy.line(), posterior(line_draws()), threads=t, **QUICK) for t in (1, 2))

    assert one == two


def test_criteria_are_those_of_least_squares():
    """AIC, its correction and BIC of a line by ordinary least squares."""
    found = evidence_of(toy.line(), posterior(line_draws()), **QUICK).criteria
    design = np.column_stack([np.ones_like(toy.TIMES), toy.TIMES])
    residuals = toy.LINE - design @ np.linalg.lstsq(design, toy.LINE, rcond=None)[0]
    best = float(norm(0.0, toy.NOISE).logpdf(residuals).sum())

    assert found.log_likelihood == pytest.approx(best, abs=1e-6)
    assert (found.parameters, found.measurements) == (2, 5)
    assert found.aic == pytest.approx(4.0 - 2.0 * best, abs=1e-5)
    assert found.aicc == pytest.approx(4.0 - 2.0 * best + 6.0, abs=1e-5)
    assert found.bic == pytest.approx(2.0 * math.log(5) - 2.0 * best, abs=1e-5)


def test_a_correction_that_does_not_exist_is_none():
    assert criteria_of(toy.line(toy.LINE).with_measurements(toy.measurements([1.0], [1.0])), 0.0).aicc is None
