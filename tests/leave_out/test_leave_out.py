"""Whole gels left out, against quadrature: by importance sampling and by a refit, scales of the gel integrated out."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
import sympy as sp
import xarray as xr
from scipy.stats import multivariate_normal, norm

from il6infer.engine import compile
from il6infer.leave_out.densities import with_and_without
from il6infer.leave_out.evaluate import leave_out
from il6infer.leave_out.groups import groups_of, likelihoods_of, merged
from il6infer.network.network import symbol
from il6infer.problems.spec import Observable, Parameter, Prior, Problem
from il6infer.stages.settings import FitSettings, Thresholds
from tests.zoo import systems
from tests.zoo.systems import ONE, log_normal, network

TIMES = np.array([0.5, 1.0, 2.0, 4.0])
NOISE, SCALE_SD = 0.15, 0.8
GELS = {"gel1": [1.1, 0.93, 1.05, 0.9], "gel2": [2.3, 2.1, 1.9, 2.2], "gel3": [0.31, 0.28, 0.33, 0.25]}
MEASURED = dict.fromkeys(GELS, 4)
GRID = np.linspace(-4.0, 1.5, 20_001)
K = np.exp(GRID)


def gels():
    """Decay x' = -k x on three gels of log-normal noise, each with a scale of its own."""
    tables = [
        systems.measurements(np.exp(-0.35 * TIMES) * values, TIMES, "obs_x", batch=name).assign(
            observable_parameters=[(symbol(f"s_{name}"),)] * len(TIMES)
        )
        for name, values in GELS.items()
    ]
    return Problem(
        id="gels",
        network=network({"x": -symbol("k") * symbol("x")}, {"x": 1.0}, {"k": 0.3}),
        parameters=(log_normal("k", 0.3), *(log_normal(f"s_{name}", 1.0, SCALE_SD) for name in GELS)),
        experiments=ONE,
        observables=(
            Observable("obs_x", symbol("scale") * symbol("x"), sp.Float(NOISE), "log-normal", placeholders=("scale",)),
        ),
        measurements=pd.concat(tables, ignore_index=True),
    )


def density_of_gel(name, k, first=4):
    """Log-density of a gel's first values at k: normal in logarithms, with the scale's spread shared by all of them."""
    values, times = (np.exp(-0.35 * TIMES) * GELS[name])[:first], TIMES[:first]
    covariance = SCALE_SD**2 * np.ones((first, first)) + NOISE**2 * np.eye(first)
    away = np.log(values) + np.multiply.outer(k, times)
    return multivariate_normal(np.zeros(first), covariance).logpdf(away) - np.log(values).sum()


def weights_of_k(without="", first=MEASURED):
    """Posterior of ln k on the grid, normalised, with the first values of all gels but one."""
    [prior] = [p.prior for p in gels().parameters if p.id == "k"]
    logs = norm(*prior.parameters).logpdf(GRID)
    logs = logs + sum(density_of_gel(name, K, first[name]) for name in GELS if name != without)
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


def exact(name, first=MEASURED):
    return math.log(float(weights_of_k(name, first) @ np.exp(density_of_gel(name, K, first[name]))))


def posterior(size=4000, first=MEASURED):
    """Draws of k from the grid; scales may be anything, for no number depends on them."""
    rng = np.random.default_rng(4)
    k = np.exp(np.interp(rng.uniform(size=size), np.cumsum(weights_of_k(first=first)), GRID)).reshape(4, -1)
    values = {"k": (("chain", "draw"), k)}
    values |= {f"s_{name}": (("chain", "draw"), rng.lognormal(size=k.shape)) for name in GELS}
    return {"posterior": xr.Dataset(values).assign_attrs(settings=json.dumps({}))}


SETTINGS = FitSettings(seed=3, chains=2, tune=200, draws=1000, threads=2)


def test_scale_of_the_gel_is_integrated_out_and_what_others_share_is_not():
    problem = gels()
    engine = compile(problem)
    likelihoods = likelihoods_of(problem, groups_of(problem, "batch"))
    theta = np.array([0.4, 5.0, 6.0, 7.0])
    template = merged(likelihoods)
    found = engine.simulate(np.where(np.isnan(template), theta, template))

    assert {name: own.integrated for name, own in likelihoods.items()} == {name: (f"s_{name}",) for name in GELS}
    for name, own in likelihoods.items():
        assert own(found.prediction, found.noise) == pytest.approx(float(density_of_gel(name, 0.4)), abs=1e-5)


def test_importance_sampling_has_the_density_of_quadrature():
    found = leave_out(gels(), posterior(), SETTINGS, Thresholds(), unit="batch")

    assert (found.unit, found.total) == ("batch", 3)
    assert [(group.name, group.n, group.method, group.why) for group in found.groups] == [
        (name, 4, "psis", "") for name in GELS
    ]
    for group in found.groups:
        assert group.elpd == pytest.approx(exact(group.name), abs=0.02)
        assert group.error < 0.02
        assert group.k < 0.7


@pytest.mark.slow
def test_draws_are_moved_where_their_weights_cannot_be_trusted():
    """Of three gels one says most: without it k is ten times less certain."""
    first = {"gel1": 1, "gel2": 4, "gel3": 1}
    problem = gels()
    table = problem.measurements
    kept = pd.concat([table[table["batch"] == name].head(count) for name, count in first.items()], ignore_index=True)
    limits = Thresholds()
    found = leave_out(problem.with_measurements(kept), posterior(first=first), SETTINGS, limits, unit="batch")
    assert {group.name: group.method for group in found.groups} == {"gel1": "psis", "gel2": "moved", "gel3": "psis"}
    for group in found.groups:
        assert group.elpd == pytest.approx(exact(group.name, first), abs=0.05)
        assert group.k < 0.7
        assert group.error < 0.05


def test_densities_with_and_without_a_gel_are_the_closed_forms():
    problem = gels()
    [gel] = [own for own in likelihoods_of(problem, groups_of(problem, "batch")).values() if own.alone == ("s_gel2",)]
    both = with_and_without(problem, compile(problem), gel, lambda one, thetas: [one(theta) for theta in thetas])
    rest, group = both(both.points(np.array([[0.4, 1.0, 1.0, 1.0], [0.2, 1.0, 1.0, 1.0]])))
    [prior] = [p.prior for p in problem.parameters if p.id == "k"]
    k = np.array([0.4, 0.2])
    expected = norm(*prior.parameters).logpdf(np.log(k)) + density_of_gel("gel1", k) + density_of_gel("gel3", k)
    np.testing.assert_allclose(rest, expected, atol=1e-4)
    np.testing.assert_allclose(group, density_of_gel("gel2", k), atol=1e-4)


@pytest.mark.slow
def test_a_refit_has_the_density_of_quadrature():
    thresholds = Thresholds(pareto_k_max=0.0, ess_min=100, rhat_max=1.05, divergences_max=0.05)
    found = leave_out(gels(), posterior(), SETTINGS, thresholds, unit="batch", job=1, jobs=3)
    [group] = found.groups

    assert (group.name, group.method) == ("gel2", "refit")
    assert group.elpd == pytest.approx(exact("gel2"), abs=0.05)


@pytest.mark.slow
def test_a_refit_that_fails_its_checks_gives_no_number():
    thresholds = Thresholds(pareto_k_max=0.0, ess_min=1e9, rhat_max=2.0)
    [group] = leave_out(gels(), posterior(), SETTINGS, thresholds, unit="batch", job=2, jobs=3).groups

    assert (group.elpd, group.error, group.method) == (None, None, "refit")
    assert group.why.startswith("the refit has too few effective draws: ")


def signed():
    """A number known by its square, and its sign by one more value of a batch of its own."""
    tables = [
        systems.measurements([value], np.array([1.0]), f"obs_{name}", batch=name)
        for name, value in (("square", 1.0), ("sign", 0.9))
    ]
    a = symbol("a")
    return Problem(
        id="signed", network=network({"x": -symbol("x")}, {"x": 1.0}),
        parameters=(Parameter("a", -math.inf, math.inf, 1.0, True, Prior("normal", (0.0, 3.0))),),
        experiments=ONE,
        observables=(
            Observable("obs_square", a**2, sp.Float(0.1), "normal"), Observable("obs_sign", a, sp.Float(0.3), "normal"),
        ),
        measurements=pd.concat(tables, ignore_index=True),
    )  # fmt: skip


@pytest.mark.slow
def test_a_refit_that_does_not_come_to_a_mode_of_the_rest_gives_no_number():
    """Without the sign there are two modes; chains begin at draws of the full fit, which has one, and agree."""
    a = np.random.default_rng(1).normal(1.0, 0.05, (4, 500))
    full = {"posterior": xr.Dataset({"a": (("chain", "draw"), a)}).assign_attrs(settings=json.dumps({}))}
    limits = Thresholds(pareto_k_max=0.0, ess_min=100, rhat_max=1.05, divergences_max=0.05)
    found = {group.name: group for group in leave_out(signed(), full, SETTINGS, limits, unit="batch").groups}

    assert found["sign"].elpd is None
    assert found["sign"].why.endswith(" % of the refit's posterior lies where no draw is (limit: at most 1 %)")
    assert float(found["sign"].why.partition(" ")[0]) == pytest.approx(50.0, abs=5.0)
    assert found["square"].elpd is not None


@pytest.mark.slow
def test_jobs_share_the_groups():
    parts = [leave_out(gels(), posterior(), SETTINGS, Thresholds(), unit="batch", job=j, jobs=2) for j in range(2)]

    assert [[group.name for group in part.groups] for part in parts] == [["gel1", "gel3"], ["gel2"]]
    assert {part.total for part in parts} == {3}


def test_more_jobs_than_groups_leave_some_with_nothing():
    assert leave_out(gels(), posterior(), SETTINGS, Thresholds(), unit="batch", job=7, jobs=8).groups == ()


def test_data_sets_of_a_joint_fit_are_told_by_the_longest_name():
    problem = gels()
    table = problem.measurements.assign(batch=["a_1"] * 4 + ["a_b_1"] * 4 + ["a_2"] * 4)
    found = groups_of(problem.with_measurements(table), "data_set", ["a", "a_b"])

    assert {name: rows.tolist() for name, rows in found.items()} == {
        "a": [0, 1, 2, 3, 8, 9, 10, 11],
        "a_b": [4, 5, 6, 7],
    }


def test_literature_constraints_are_left_out_of_nothing():
    problem = gels()
    names = ["literature_x", *problem.measurements["observable"][1:]]
    found = groups_of(problem.with_measurements(problem.measurements.assign(observable=names)), "batch")

    assert found["gel1"].tolist() == [1, 2, 3]


def test_one_group_alone_cannot_be_left_out():
    found = leave_out(gels(), posterior(), SETTINGS, Thresholds(), unit="condition")

    assert (found.total, found.groups, found.why) == (0, (), "all measurements are of one condition")
