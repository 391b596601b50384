"""Tempered sampling: right weights of modes that are apart, and the posterior that NUTS has where there is one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer._interruption import Interruption, Stopped
from il6infer.diagnosis import Thresholds, diagnose
from il6infer.engine import compile
from il6infer.inference import FitSettings, fit_problem, hopping, replicas
from il6infer.inference.checkpoint import Checkpoint
from il6infer.inference.density import Density
from il6infer.inference.frame import Frame
from il6infer.inference.hopping import HOPPING
from il6infer.inference.parts import Parts
from il6infer.inference.smc import Stuck, smc
from il6infer.inference.tempered import sample, sample_as_needed
from il6infer.network.network import TIME, symbol
from il6infer.problems.priors import log_density
from il6infer.problems.spec import Prior
from tests.evidence.test_evidence import line_evidence, scaled, slope
from tests.zoo import toy

SETTINGS = FitSettings(seed=2, chains=4, draws=1000, tune=200, threads=2)


def uneven():
    """Two modes of b, near -2 and +2, whose weights differ by the prior: 0.12 and 0.88."""
    return slope(Prior("normal", (0.5, 1.0)), formula=symbol("b") ** 2 * TIME, values=(4.0, 8.0, 12.0))


def density_of(problem):
    return Density(problem, compile(problem))


def test_prior_and_likelihood_apart_are_those_of_the_problem():
    problem = scaled()
    parts = Parts(density_of(problem))
    points = parts.draw_prior(5, np.random.default_rng(1))
    found, values = parts(points), parts.density.constrained(points)
    # The coordinates are logarithms.
    exact = [
        sum(log_density(p, float(v)) + np.log(v) for p, v in zip(problem.estimated, row, strict=True)) for row in values
    ]

    np.testing.assert_allclose(found.prior, exact, rtol=1e-9)
    for point, prior, likelihood in zip(points, found.prior, found.likelihood, strict=True):
        assert prior + likelihood == pytest.approx(parts.density(point)[0], rel=1e-12)
    for i in range(points.shape[1]):
        step = np.zeros(points.shape[1])
        step[i] = 1e-5
        above, below = parts(points + step), parts(points - step)
        np.testing.assert_allclose((above.prior - below.prior) / 2e-5, found.prior_slope[:, i], rtol=1e-5, atol=1e-7)


def test_draws_of_the_prior_that_lie_on_a_wall_are_put_beside_it():
    problem = slope(Prior("uniform", (0.0, 1.0)), 0.0, 1.0)
    points = Parts(density_of(problem)).points(np.array([[0.0], [1.0], [0.5]]))

    assert np.isfinite(points).all()


def test_particles_have_the_normal_posterior_and_its_evidence():
    mean, covariance = toy.line_posterior()
    found = smc(Parts(density_of(toy.line())), 2000, np.random.default_rng(1))

    assert np.all(np.abs(found.points.mean(axis=0) - mean) < 4 * np.sqrt(np.diag(covariance) / 500))
    np.testing.assert_allclose(np.cov(found.points.T), covariance, rtol=0.25, atol=0.003)
    assert found.log_evidence == pytest.approx(line_evidence(), abs=0.3)
    powers = [stage.power for stage in found.stages]
    assert powers[0] > 0.0
    assert powers[-1] == 1.0
    assert np.all(np.diff(powers) > 0.0)


def test_modes_that_are_apart_get_their_weights():
    density = density_of(uneven())
    seeds = range(4)
    found = sample(density, [], seeds, SETTINGS)
    share = float((found["posterior"]["b"].values < 0.0).mean())

    assert share == pytest.approx(1.0 / (1.0 + np.exp(2.0)), abs=0.035)
    assert found["posterior"].sizes == {"chain": 4, "draw": 1000}
    assert len(json.loads(found["posterior"].attrs["log_evidence"])) == 4


def test_the_number_of_threads_changes_no_draw():
    density = density_of(toy.line())
    one, two = (
        sample(density, [], [5], FitSettings(chains=1, draws=200, threads=t))["posterior"]["a"].values for t in (1, 2)
    )

    np.testing.assert_array_equal(one, two)


def test_chains_that_had_ended_are_kept_and_taken_as_they_are(tmp_path, monkeypatch):
    density, settings = density_of(toy.line()), FitSettings(chains=3, draws=100)
    whole = sample(density, [], [5, 6, 7], settings)
    interruption, checkpoint = Interruption(), Checkpoint(tmp_path / "posterior.nc")
    checkpoint.claim({})
    keep = checkpoint.keep_arrays

    def stop_after_two(name, arrays):
        keep(name, arrays)
        if name == "tempered1":
            interruption.ask()

    monkeypatch.setattr(checkpoint, "keep_arrays", stop_after_two)
    with pytest.raises(Stopped):
        sample(density, [], [5, 6, 7], settings, checkpoint, interruption)
    with monkeypatch.context() as patch:
        patch.setattr("il6infer.inference.tempered.smc", None)
        kept = sample(density, [], [5, 6], settings, checkpoint)
    resumed = sample(density, [], [5, 6, 7], settings, checkpoint)

    assert interruption.state == (
        "chain 3 of 3, at which sampler 'tempered' was, is lost; the 2 before it are in "
        f"{tmp_path}/posterior.nc.partial, and the same command goes on from there"
    )
    for group in whole.groups():
        assert resumed[group].identical(whole[group]), group
        assert kept[group].equals(whole[group].isel(chain=slice(0, 2))), group


@pytest.mark.slow
def test_auto_weighs_modes_that_chains_of_nuts_do_not_leave():
    density = density_of(uneven())
    frames = [Frame(np.array([at]), np.array([[0.1]])) for at in (-2.0, 2.0, -2.0, 2.0)]
    starts = [(frame, np.array([0.1])) for frame in frames]
    found = sample_as_needed(density, starts, range(4), SETTINGS)

    assert found["posterior"].attrs["sampler"] == HOPPING
    assert float((found["posterior"]["b"].values < 0.0).mean()) == pytest.approx(1.0 / (1.0 + np.exp(2.0)), abs=0.035)


@pytest.mark.slow
def test_auto_samples_tempered_where_nothing_else_brings_chains_together(monkeypatch):
    for way in (hopping, replicas):
        monkeypatch.setattr(way, "sample", lambda density, found, *_: found)
    density = density_of(uneven())
    starts = [(Frame(np.array([at]), np.array([[0.1]])), np.array([0.1])) for at in (-2.0, 2.0, -2.0, 2.0)]
    found = sample_as_needed(density, starts, range(4), SETTINGS)

    assert found["posterior"].attrs["sampler"].startswith("sequential Monte Carlo")
    assert float((found["posterior"]["b"].values < 0.0).mean()) == pytest.approx(1.0 / (1.0 + np.exp(2.0)), abs=0.035)


def test_auto_is_nuts_where_there_is_one_mode():
    density = density_of(toy.line())
    mean, _ = toy.line_posterior()
    starts = [(Frame(mean, 0.3 * np.eye(2)), np.zeros(2))] * 4

    assert "sampler" not in sample_as_needed(density, starts, range(4), SETTINGS)["posterior"].attrs


def test_a_prior_that_cannot_be_simulated_is_refused():
    density = density_of(toy.blow_up(2.0, 3.0))

    with pytest.raises(Stuck):
        smc(Parts(density), 100, np.random.default_rng(1))
    with pytest.raises(UserError, match="sampler 'tempered': 0 of 1000 draws of the prior can be simulated"):
        sample(density, [], [1], SETTINGS)


def test_what_asks_it_to_stop_is_obeyed():
    interruption = Interruption()
    interruption.ask()

    with pytest.raises(Stopped):
        sample(density_of(toy.line()), [], [1], SETTINGS, interruption=interruption)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["tempered", "auto"])
def test_the_shared_case_of_two_modes_is_weighed_right_or_fails(shared, sampler):
    from il6infer.inference import fit

    settings = FitSettings(seed=4, sampler=sampler, chains=4, tune=300, draws=2500, starts=4, threads=2)
    idata = fit(shared / "cases" / "posterior" / "bimodal_symmetric" / "problem.yaml", settings)
    share = float((idata["posterior"]["k"].values > 0.0).mean())

    assert share == pytest.approx(0.5, abs=0.05) or not diagnose(idata, Thresholds()).sampled.passed


@pytest.mark.slow
def test_a_tempered_fit_has_every_group_and_passes():
    idata = fit_problem(scaled(), FitSettings(seed=3, sampler="tempered", draws=2000, threads=2))
    verdict = diagnose(idata, Thresholds())

    assert verdict.sampled.passed, verdict.sampled.failed
    assert idata["posterior"].attrs["sampler"].startswith("sequential Monte Carlo")
    assert idata["posterior"].attrs["integrated"] == '["sigma", "s"]'
