"""Posteriors of shared cases with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from il6infer.diagnosis import Thresholds, diagnose
from il6infer.engine import compile
from il6infer.inference import FitSettings, fit
from il6infer.inference.density import Density
from il6infer.inference.modes import WINDOW
from il6infer.inference.run import origins
from il6infer.inference.starts import find_starts
from il6infer.petab_files.read import load

SETTINGS = FitSettings(seed=4, chains=4, tune=300, draws=2500, starts=4, threads=2)


@pytest.fixture
def sampled(shared):
    def sample(case):
        return fit(shared / "cases" / "posterior" / case / "problem.yaml", SETTINGS)

    return sample


@pytest.mark.parametrize("seed", range(1, 9))
def test_both_modes_are_found_from_any_seed(shared, seed):
    problem = load(shared / "cases" / "posterior" / "bimodal_symmetric" / "problem.yaml")
    settings = FitSettings(seed=seed, starts=4)
    density = Density(problem, compile(problem))
    found = find_starts(density, origins(problem, density, settings))

    assert len(found.distinct(density, WINDOW)) == 2


@pytest.mark.slow
def test_modes_that_no_chain_leaves_fail_the_verdict(sampled):
    """Equal modes at +k and -k: chains of one side alone would pass, and would be wrong."""
    idata = sampled("bimodal_symmetric")
    sides = np.sign(idata["posterior"]["k"].values).mean(axis=1)

    assert {-1.0, 1.0} <= set(np.round(sides, 1)) or abs(sides.mean()) < 0.1
    assert not passed(idata) or abs(sides.mean()) < 0.1


def passed(idata):
    return diagnose(idata, Thresholds()).sampled.passed


def test_a_bound_in_the_prior_s_far_tail_is_a_wall(sampled):
    idata = sampled("prior_cut_by_bound")
    k, before = idata["posterior"]["k"].values, idata["prior"]["k"].values

    assert passed(idata)
    assert k.max() <= 0.85
    assert np.quantile(k, 0.95) == pytest.approx(0.8487, abs=5e-4)
    assert before.min() >= 0.15
    assert before.max() <= 0.85


@pytest.mark.slow
def test_a_posterior_that_piles_up_at_a_bound(sampled):
    idata = sampled("pile_at_bound")
    k, x0 = np.meshgrid(np.linspace(0, 0.3, 1201), np.linspace(2.0, 14.0, 601), indexing="ij")
    density = norm.logpdf(k, 0.2, 0.3) + norm.logpdf(x0, 10.0, 4.0)
    data = {0.5: 6.463675583833342, 1.0: 5.400730314912683, 2.0: 2.800846913333844, 3.0: 1.759810380965171,
            5.0: 0.6065316491899213}  # fmt: skip
    for time, value in data.items():
        density = density + norm.logpdf(value, x0 * np.exp(-k * time), 0.5)
    share = np.cumsum(np.exp(density - density.max()).sum(axis=1))
    expected = np.interp([0.05, 0.5, 0.95], share / share[-1], np.linspace(0, 0.3, 1201))

    assert passed(idata)
    np.testing.assert_allclose(np.quantile(idata["posterior"]["k"], [0.05, 0.5, 0.95]), expected, atol=4e-3)


@pytest.mark.slow
def test_a_posterior_across_a_switch_on_a_state(sampled):
    """x' = k below 1, then 0.1: x = 1 + 0.1 (t - 1 / k) from t = 1 / k on. Quantiles by quadrature on a grid of k."""
    idata = sampled("switch_on_state_posterior")
    k = np.linspace(0.3, 3.0, 20_001)
    density = norm.logpdf(np.log(k), 0.0, 0.5) - np.log(k)
    for time, value in {0.5: 0.52, 1.0: 0.93, 1.5: 1.02, 3.0: 1.22, 4.0: 1.27}.items():
        density = density + norm.logpdf(value, np.where(k * time < 1, k * time, 1 + 0.1 * (time - 1 / k)), 0.05)
    share = np.cumsum(np.exp(density - density.max()))
    expected = np.interp([0.05, 0.5, 0.95], share / share[-1], k)

    assert passed(idata)
    np.testing.assert_allclose(np.quantile(idata["posterior"]["k"], [0.05, 0.5, 0.95]), expected, atol=8e-3)
