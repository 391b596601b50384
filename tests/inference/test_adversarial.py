"""A verdict that passes is right, on random posteriors that are hard to sample; and what is known of them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from il6infer.comparison.loo import loo
from il6infer.diagnosis import Thresholds, diagnose
from il6infer.evidence.estimate import evidence_of
from il6infer.inference import FitSettings, fit_problem
from il6infer.inference.sampler import TEMPERED
from il6infer.problems.priors import support
from tests.inference.adversarial import by_quadrature, judge, posterior
from tests.inference.kinds import KINDS

SEEDS = (0, 1, 2)


def with_a_normal_prior(name):
    """The first of a kind whose priors are normal, and cut by no bound."""
    for seed in range(1000):
        problem = posterior(name, seed)
        if all(p.prior.distribution == "normal" and support(p) == (-math.inf, math.inf) for p in problem.estimated):
            return problem
    raise AssertionError(name)


def test_what_quadrature_says_of_normal_posteriors_is_their_closed_form():
    problem = with_a_normal_prior("sum")
    noise = next(p.nominal for p in problem.parameters if p.id == "s")
    means, sds = np.array([p.prior.parameters for p in problem.estimated]).T
    gain = sds**2 / (sds @ sds + noise**2)
    mean = means + gain * (problem.measurements["value"].iloc[0] - means.sum())
    covariance = np.diag(sds**2) - np.outer(gain, sds**2)
    known = by_quadrature(problem)

    for i, sd in enumerate(np.sqrt(np.diag(covariance))):
        assert known.sd(i) == pytest.approx(sd, rel=1e-3)
        at = mean[i] + sd * np.array([-2.0, -0.5, 1.0])
        np.testing.assert_allclose(known.cdf(i, at), stats.norm.cdf([-2.0, -0.5, 1.0]), atol=3e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_posterior_whose_verdict_passes_is_that_of_quadrature(name):
    """Where two grids differ ("unsure") nothing is known."""
    found = [judge(name, seed, FitSettings(seed=seed, threads=2)) for seed in SEEDS]

    assert [one for one in found if one["passed"] and one["wrong"] and "unsure" not in one] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 8])
def test_a_spike_that_no_chain_left_fails(seed):
    """Its standard deviation is a half and a quarter of what it should be, with quantiles as they should be."""
    found = judge("spike", seed, FitSettings(seed=seed, threads=2))

    assert found["wrong"]
    assert [why.partition(" 1")[0].partition(" 3")[0] for why in found["why"]] == ["variance where no draw is"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_modes_that_chains_and_hops_do_not_know_are_sampled_tempered(seed):
    found = judge("waves", seed, FitSettings(seed=seed, threads=2, sampler="auto"))

    assert found["sampler"] == TEMPERED[:30]
    assert not found["wrong"]


def without(problem, row):
    return replace(problem, measurements=problem.measurements.drop(problem.measurements.index[row]))


def test_the_evidence_of_quadrature_is_its_closed_form():
    problem = with_a_normal_prior("sum")
    noise = next(p.nominal for p in problem.parameters if p.id == "s")
    means, sds = np.array([p.prior.parameters for p in problem.estimated]).T
    exact = stats.norm.logpdf(problem.measurements["value"].iloc[0], means.sum(), math.sqrt(sds @ sds + noise**2))

    assert by_quadrature(problem).log_evidence == pytest.approx(exact, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ridge", "bent", "waves", "few, Student", "clusters", "all censored", "conflict"])
def test_an_evidence_on_which_both_estimators_agree_is_that_of_quadrature(name):
    problem, known = posterior(name, 1), by_quadrature(posterior(name, 1)).log_evidence
    found = evidence_of(problem, fit_problem(problem, FitSettings(seed=1, threads=2)), seed=1, threads=2)

    assert not found.agree or abs(found.log_evidence - known) < 4.0 * found.se + 0.02


@pytest.mark.slow
@pytest.mark.parametrize("name", ["few", "few, Laplace", "outlier, Laplace", "outlier, Student", "log-normal"])
def test_what_is_left_out_is_predicted_as_by_quadrature_where_pareto_k_says_so(name):
    """A row's density given the others is the evidence with it over that without."""
    looked_at = 0
    for seed in range(4):
        problem = posterior(name, seed)
        if len(problem.measurements) < 3:
            continue
        whole, parts = by_quadrature(problem), range(len(problem.measurements))
        exact = np.array([whole.log_evidence - by_quadrature(without(problem, i)).log_evidence for i in parts])
        idata = fit_problem(problem, FitSettings(seed=seed, threads=2))
        found = loo(idata)
        sure = (found.pareto_k < 0.65) & diagnose(idata, Thresholds()).sampled.passed
        assert (np.abs(found.pointwise - exact)[sure] < 0.15).all(), (name, seed, found, exact)
        looked_at += int(sure.sum())

    assert looked_at >= 2
