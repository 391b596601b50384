"""Tails of draws: which are too heavy for a standard deviation, and that ordinary ones raise no alarm."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from il6infer.diagnosis import Thresholds, diagnose
from il6infer.diagnosis.tails import fall_of, moment_is_known, tail_shape
from il6infer.draws import spread_error
from tests.zoo.posterior import CHAINS, DRAWS, normal_mean

SIZE = 4 * 850


def shapes(draw, repeats=200):
    rng = np.random.default_rng(5)
    return np.array([tail_shape(draw(rng), SIZE) for _ in range(repeats)])


def test_the_shape_of_a_pareto_tail_is_found():
    for shape in (0.2, 0.5, 1.0):
        found = shapes(lambda rng, k=shape: stats.genpareto.rvs(k, size=SIZE, random_state=rng), 40)
        assert np.median(found) == pytest.approx(shape, abs=0.08)


@pytest.mark.parametrize(
    ("draw", "share"),
    [
        (lambda rng: rng.normal(size=SIZE), 0.0),
        (lambda rng: rng.lognormal(0, 0.5, SIZE), 0.0),
        (lambda rng: rng.standard_t(5, SIZE), 0.03),
    ],
    ids=["normal", "log-normal", "t5"],
)
def test_ordinary_tails_raise_no_alarm(draw, share):
    """The check that decides: none; the warning that no standard deviation is given: hardly ever."""
    found = shapes(draw)

    assert (found <= Thresholds().tail_k_max).all()
    assert np.mean([not moment_is_known(shape, 2, SIZE) for shape in found]) <= share


def test_a_mode_of_a_hundredth_far_away_is_no_heavy_tail_unless_one_visit_made_it():
    """The same draws: where any may lie there, the sampler knows the mode's weight; where 40 follow each other, it does
    not."""
    drawn = np.random.default_rng(2).normal(size=(4, 1000))
    there = np.zeros((2, 4, 1000), bool)
    there[0].ravel()[np.random.default_rng(3).choice(4000, 40, replace=False)] = True
    there[1, 2, 500:540] = True
    often, once = (tail_shape(np.where(where, drawn + 20.0, drawn), 4000.0) for where in there)

    assert often < 0.2
    assert once > 1.0


def with_tails(draws, prior, likelihood=None):
    """Verdict of a parameter ``mu`` with these draws under a prior (family, parameters), and their log-likelihood."""
    idata = normal_mean()
    if likelihood is not None:
        rows = idata["log_likelihood"]["y"].values
        rows[:] = likelihood[..., None] / rows.shape[-1]
    idata["posterior"]["mu"].values[:] = draws
    about = {"unit": "", "source": "", "lower": 0.0, "upper": None, "nominal": 1.0, "prior": prior}
    idata["posterior"].attrs["estimated"] = json.dumps({"mu": about})
    return diagnose(idata, Thresholds())


def test_a_standard_deviation_that_draws_cannot_tell_is_not_given():
    draws = np.random.default_rng(1).lognormal(0.0, 1.7, (CHAINS, DRAWS))
    verdict = with_tails(draws, ["log-normal", 0.0, 1.7])
    row = verdict.parameters["mu"]
    [warning] = verdict.sampled.warnings

    assert verdict.sampled.passed
    assert row.sd is None
    assert row.sd_ln == pytest.approx(1.7, rel=0.05)
    assert row.q95 == np.quantile(draws, 0.95)
    assert (warning.check, warning.where) == ("Pareto k for a standard deviation", "mu")
    assert warning.message.endswith(
        "Its standard deviation has no Monte-Carlo error that these draws could tell, and none is given: use quantiles."
    )


def test_a_standard_deviation_that_a_few_draws_make_is_not_given():
    """Of 2,000 normal draws one lies at 60: tails pass for light, and the standard deviation is 1.7 by that one."""
    draws = np.random.default_rng(0).normal(size=(CHAINS, DRAWS))
    draws[1, 7] = 60.0
    effective = CHAINS * DRAWS
    assert moment_is_known(tail_shape(draws, effective), 2, effective)

    verdict = with_tails(draws, ["normal", 0.0, 1.0])
    row, [warning] = verdict.parameters["mu"], verdict.sampled.warnings
    assert (verdict.sampled.passed, row.sd, row.mean) == (True, None, pytest.approx(draws.mean()))
    assert warning.message == (
        f"relative error of a standard deviation {spread_error(draws):.4g} (limit: at most 0.1) at mu. A few draws far "
        "out make up most of it, and none is given: use quantiles, or draw more."
    )


def test_the_error_of_a_standard_deviation_is_that_of_normal_draws():
    """1 / sqrt(2 n) for n independent normal draws."""
    errors = [spread_error(np.random.default_rng(seed).normal(size=(4, 500))) for seed in range(20)]
    assert np.mean(errors) == pytest.approx(1 / np.sqrt(4000), rel=0.05)


def test_under_a_prior_without_variance_the_fit_has_not_sampled():
    """As K_m of a Michaelis-Menten elimination under half-Cauchy priors: no number of draws settles its sd."""
    draws = np.random.default_rng(1).lognormal(0.0, 1.7, (CHAINS, DRAWS))
    verdict = with_tails(draws, ["cauchy", 0.0, 1.0], likelihood=-0.5 * np.log(draws) ** 2)

    assert [reason.check for reason in verdict.sampled.failed] == ["Pareto k for a standard deviation"]
    assert verdict.sampled.failed[0].message.endswith("use quantiles, or a prior that has a variance.")


def test_a_tail_that_the_prior_alone_makes_has_no_moment_however_light_the_draws_are():
    """As a of a product a * b that was measured, under a Cauchy prior: its draws end where the sampler turned back."""
    draws = np.abs(np.random.default_rng(1).normal(size=(CHAINS, DRAWS)))
    level, cut = (
        with_tails(draws, ["cauchy", 0.0, 1.0], likelihood=own) for own in (np.zeros_like(draws), -(draws**2))
    )
    light = with_tails(draws, ["normal", 0.0, 1.0], likelihood=np.zeros_like(draws))

    assert [reason.message for reason in level.sampled.failed] == [
        "fall of the log-likelihood in the tail 0 (limit: at least 2) at mu. Its prior has no variance, and the data "
        "do not cut its tail: it has no standard deviation that could be given, and draws may not have gone as far as "
        "it reaches. Give it a prior that has a variance."
    ]
    row = level.parameters["mu"]
    assert (row.mean, row.mcse_mean, row.sd) == (None, None, None)
    assert row.median == pytest.approx(np.median(draws))
    for other in (cut, light):
        assert other.sampled.passed
        assert other.parameters["mu"].sd == pytest.approx(draws.std(ddof=1))


@pytest.mark.parametrize(
    ("lower", "upper", "fall"), [(0.0, None, 3.0), (None, 0.0, 0.0), (None, None, 0.0), (0.0, 1.0, np.inf)]
)
def test_the_side_counts_on_which_the_prior_has_no_end(lower, upper, fall):
    draws = np.linspace(-1.0, 1.0, 4000).reshape(4, 1000)
    likelihood = np.where(draws.ravel() > 0.9, -3.0, 0.0)
    about = {"prior": ["cauchy", 0.0, 1.0], "lower": lower, "upper": upper}

    assert fall_of(likelihood, draws, about) == pytest.approx(fall + likelihood.mean() if fall < np.inf else fall)


def test_tails_that_the_sampler_cannot_explore_fail():
    draws = np.random.default_rng(1).standard_cauchy((CHAINS, DRAWS))
    failed = {reason.check: reason for reason in with_tails(draws, ["normal", 0.0, 1.0]).sampled.failed}

    assert failed["Pareto k of the tails"].message.startswith(
        "Pareto k of the tails 1.291 (limit: at most 0.7) at mu. "
    )


def test_tails_of_what_was_integrated_out_are_not_the_samplers():
    """As an offset: narrow, but for one draw in a hundred in which there is none, and its prior says how little."""
    idata = normal_mean()
    rng = np.random.default_rng(1)
    draws = np.where(rng.uniform(size=(CHAINS, DRAWS)) < 0.01, rng.normal(-3.0, 1.5, (CHAINS, DRAWS)), 0.0)
    draws = np.exp(draws + 0.1 * rng.normal(size=draws.shape))
    idata["posterior"]["offset"] = (("chain", "draw"), draws)
    idata["prior"]["offset"] = (("chain", "draw"), np.exp(rng.normal(size=idata["prior"]["mu"].shape)))
    told = {integrated: diagnose(_noted(idata, integrated), Thresholds()) for integrated in ((), ("offset",))}

    assert [r.check for r in told[()].sampled.failed] == ["Pareto k of the tails"]
    assert told["offset",].sampled.passed
    assert told["offset",].parameters["offset"].line_k > Thresholds().tail_k_max


def _noted(idata, integrated):
    idata["posterior"].attrs["integrated"] = json.dumps(list(integrated))
    return idata


def test_verdict_thresholds_of_tails_and_misfit_are_read():
    draws = np.random.default_rng(3).standard_t(2, (CHAINS, DRAWS))
    idata = normal_mean(shift=0.4)
    p = diagnose(idata, Thresholds(misfit_p_min=0.0)).reproduces

    assert p.passed
    assert not diagnose(idata, Thresholds(misfit_p_min=1.0)).reproduces.passed
    verdict = with_tails(draws, ["normal", 0.0, 1.0])
    assert verdict.parameters["mu"].line_k > 0.2
    assert verdict.sampled.passed
