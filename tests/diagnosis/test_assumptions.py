"""Whether the data agree with priors and fixed constants: messages, limits, power scaling."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from il6infer.diagnosis import Thresholds, diagnose
from il6infer.diagnosis.assumptions import SPREAD, constants, prior_level, sensitivities
from tests.zoo.posterior import normal_mean


def _with_prior(prior, **bounds):
    idata = normal_mean()
    estimated = json.loads(idata["posterior"].attrs["estimated"])
    estimated["mu"] |= {"prior": prior, "lower": None, "upper": None, **bounds}
    idata["posterior"].attrs["estimated"] = json.dumps(estimated)
    return idata


def _with_constant(**known):
    idata = normal_mean()
    told = {
        "value": 0.2,
        "slope": -20.0,
        "slope_error": 0.5,
        "information": 5.0,
        "response": {"mu": 2.0, "scale_y": 9.0},
    }
    idata["posterior"].attrs["constants"] = json.dumps({"k_on": {**told, **known}})
    return idata


def test_a_posterior_where_its_prior_is_agrees():
    agrees = diagnose(normal_mean(), Thresholds()).agrees

    assert agrees.passed
    assert [reason.check for reason in agrees.reasons] == ["prior conflict"]


def test_a_posterior_outside_its_prior_is_a_conflict_and_the_message_says_where():
    idata = _with_prior(["normal", 9.0, 1.0])
    verdict = diagnose(idata, Thresholds())
    low, median, high = np.quantile(idata["posterior"]["mu"], (0.05, 0.5, 0.95))
    before = np.quantile(idata["prior"]["mu"], (0.05, 0.95))

    assert not verdict.agrees.passed
    assert verdict.sampled.passed
    assert verdict.reproduces.passed
    [reason] = verdict.agrees.failed
    assert reason.message == (
        f"prior conflict {reason.value:.4g} (limit: 0.05 to 0.95) at mu. Its posterior, {median:.3g} ({low:.3g} to "
        f"{high:.3g}), lies outside the 90 % interval of its prior, {before[0]:.3g} to {before[1]:.3g}: either that "
        "prior does not hold for these cells, or the parameter makes up for what the model lacks."
    )


@pytest.mark.parametrize(
    ("bounds", "value", "level"),
    [
        ({}, 1.0, stats.norm.cdf(1.0)),
        ({"lower": 0.0}, 1.0, 2 * stats.norm.cdf(1.0) - 1),
        ({"lower": -1.0, "upper": 1.0}, 0.0, 0.5),
        ({"upper": 0.0}, 0.0, 1.0),
        ({"lower": 30.0}, 1.0, 0.0),  # nothing is left of the prior but draws
    ],
)
def test_the_level_of_a_value_is_that_of_the_prior_within_its_bounds(bounds, value, level):
    about = {"prior": ["normal", 0.0, 1.0], **bounds}

    assert prior_level(about, value, np.array([30.1, 30.2])) == pytest.approx(level)


def test_a_pull_fails_with_the_log_evidence_of_freeing_the_constant():
    verdict = diagnose(_with_constant(), Thresholds())
    step = -19.0 / (5.0 + SPREAD**-2)
    gain = 0.5 * 19.0 * -step - 0.5 * math.log1p(5.0 * SPREAD**2)
    told = verdict.constants["k_on"]

    assert (told.step, told.gain) == (pytest.approx(step), pytest.approx(gain))
    assert told.factor == pytest.approx(math.exp(step))
    assert list(told.moves) == ["mu", "scale_y"]
    [reason] = verdict.agrees.failed
    assert (reason.subject, reason.where) == ("constant", "k_on")
    assert reason.message == (
        f"pull at a fixed constant {gain:.4g} (limit: at most 3) at k_on. The data pull k_on down, from 0.2 by more "
        "than a factor of 10: free within a factor of 10, it would raise the log-evidence by about so much. With it "
        f"would move mu ({abs(2 * step):.1f} sd down), scale_y ({abs(9 * step):.1f} sd down): this fit's values of "
        "these are not to be trusted. Free it (`free:` in the configuration, `il6infer problem --free k_on`)."
    )
    assert diagnose(_with_constant(), Thresholds(pull_max=100)).agrees.passed


@pytest.mark.parametrize(
    "known",
    [
        {"slope": 2.0, "slope_error": 1.0},  # within its error
        {"slope": -20.0, "information": 4000.0},  # a tenth of a standard deviation
    ],
)
def test_a_slope_within_its_error_or_of_a_constant_that_is_known_well_is_no_pull(known):
    verdict = diagnose(_with_constant(**known), Thresholds())

    assert verdict.agrees.passed
    assert verdict.constants["k_on"].gain < 0
    assert verdict.constants["k_on"].moves == {}


def test_the_evidence_of_freeing_is_exact_for_a_normal_model():
    """One measurement y of c with unit noise, c = 1 held; c = exp(l), linear in l near 0 for little noise."""
    idata = _with_constant(slope=3.0, slope_error=0.0, information=1.0, response={})
    # log N(3; 0, 1 + SPREAD^2) - log N(3; 0, 1)
    exact = stats.norm(0, math.hypot(1, SPREAD)).logpdf(3.0) - stats.norm(0, 1).logpdf(3.0)

    assert constants(idata)["k_on"].gain == pytest.approx(exact)


def test_power_scaling_tells_priors_from_data():
    wide, narrow = (sensitivities(_with_prior(["normal", 2.5, sd])) for sd in (50.0, 0.2))
    flat = sensitivities(_with_prior(["uniform", 0.0, 9.0], lower=0.0, upper=9.0))

    assert narrow["mu"][0] > 0.05 > wide["mu"][0]
    assert wide["mu"][1] == narrow["mu"][1] > 0.05
    assert flat["mu"][0] < 0.01


def test_power_scaling_is_said_in_words():
    told = {sd: diagnose(_with_prior(["normal", 2.5, sd]), Thresholds()).parameters["mu"].told_by for sd in (50.0, 0.2)}
    row = diagnose(_with_prior(["normal", 2.5, 50.0]), Thresholds()).parameters["mu"]

    assert told == {50.0: "data", 0.2: "priors and data"}
    assert replace(row, prior_sensitivity=0.2, likelihood_sensitivity=0.01).told_by == "priors more than data"
    assert replace(row, prior_sensitivity=0.0, likelihood_sensitivity=0.0).told_by == "neither moves it"
    assert replace(row, prior_sensitivity=None).told_by == ""


def test_power_scaling_is_that_of_arviz():
    """Of a parameter that may be below zero, and no draw of which is: its logarithm has 1.2 times as much."""
    az = pytest.importorskip("arviz")
    if not hasattr(az, "psens"):
        pytest.skip("this arviz has no psens")
    idata = _wide(["normal", 2.5, 0.5])
    mine = sensitivities(idata)["mu"]
    theirs = az.psens(idata, component="likelihood")["mu"]

    assert float(idata["posterior"]["mu"].min()) > 0
    assert mine[1] == pytest.approx(float(theirs), rel=0.01)
    assert sensitivities(_wide(["normal", 2.5, 0.5], lower=0.0))["mu"][1] > 1.1 * mine[1]
    assert sensitivities(_wide(["gamma", 2.0, 1.0]))["mu"][1] > 1.1 * mine[1]


def _wide(prior, **bounds):
    """Posterior of ``mu`` from four values, N(3, 0.5), which are exact draws."""
    idata, values = _with_prior(prior, **bounds), np.array([2.2, 2.8, 3.2, 3.8])
    drawn = np.random.default_rng(3).normal(3.0, 0.5, idata["posterior"]["mu"].shape)
    idata["posterior"]["mu"].values[:] = drawn
    density = idata["log_likelihood"]["y"]
    density.values[:] = 0.0
    density.values[..., :4] = stats.norm(drawn[..., None], 1.0).logpdf(values)
    return idata


def test_power_scaling_is_that_of_the_posterior_refitted_with_a_power_of_the_likelihood():
    """The normal posterior N(3, 1/4) with the likelihood raised to a is N(3, 1/4a), under a flat prior."""
    idata = _wide(["normal", 2.5, 0.5])
    ends = [float(end(idata["posterior"]["mu"])) for end in (np.min, np.max)]
    line = np.linspace(*ends, 20_001)
    found = []
    for power in (1.01, 1 / 1.01):
        p, q = (stats.norm(3.0, 0.5 / math.sqrt(a)).cdf(line) for a in (1.0, power))
        distances = []
        for first, second in ((p, q), (1 - p, 1 - q)):
            terms = [special.xlogy(one, 2 * one / (first + second)) for one in (first, second)]
            distances.append(math.sqrt(sum(terms).sum() / math.log(2) / (first + second).sum()))
        found.append(max(distances) / math.log2(1.01))

    assert sensitivities(idata)["mu"][1] == pytest.approx(np.mean(found), rel=0.1)
