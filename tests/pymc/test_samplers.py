"""The compiled density is held against the PyMC model, and PyMC's samplers give the same posterior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer._interruption import Interruption
from il6infer.diagnosis import Thresholds, diagnose
from il6infer.engine import compile
from il6infer.inference import FitSettings, fit_problem
from il6infer.inference.checkpoint import Checkpoint
from il6infer.inference.density import Density
from il6infer.inference.frame import Frame
from il6infer.network.network import TIME, symbol
from il6infer.pymc import agreement
from il6infer.pymc.door import STATED
from il6infer.pymc.samplers import Nuts
from tests.zoo import toy

SHORT = FitSettings(seed=3, chains=2, tune=200, draws=400, starts=2, threads=1)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """What was compared before counts in the tests that ask for it only."""
    monkeypatch.setattr(agreement, "read", lambda name: None)
    monkeypatch.setattr(agreement, "write", lambda name, data: None)


@pytest.mark.parametrize("problem", [toy.line(), toy.families(), toy.decay()], ids=lambda problem: problem.id)
def test_both_densities_are_the_same(problem):
    engine = compile(problem)

    assert agreement.largest_difference(problem, engine, Density(problem, engine)) < 1e-9


def test_a_problem_of_many_parameters_is_compared():
    names = [f"p{i}" for i in range(70)]
    line = toy.line()
    formula = sum((symbol(name) / 70 for name in names), start=symbol("b") * TIME)
    observable = replace(line.observables[0], formula=formula)
    parameters = (*map(toy.normal, names), toy.normal("b"))
    problem = replace(line, parameters=parameters, observables=(observable,))
    engine = compile(problem)

    assert agreement.largest_difference(problem, engine, Density(problem, engine)) < 1e-9


def test_a_fit_whose_densities_differ_is_not_made(monkeypatch):
    problem = toy.line()
    other = Density(toy.line(toy.LINE + 1e-4), compile(problem))

    with pytest.raises(RuntimeError, match=r"^line: the compiled log-density differs from that of the PyMC model by "):
        agreement.hold(problem, compile(problem), other)
    monkeypatch.setattr("il6infer.inference.run.Density", lambda *_: other)
    with pytest.raises(RuntimeError, match="No fit is made"):
        fit_problem(problem, SHORT, stated=STATED)


def test_what_was_held_once_is_not_held_again(monkeypatch):
    kept = {}
    monkeypatch.setattr(agreement, "read", kept.get)
    monkeypatch.setattr(agreement, "write", kept.__setitem__)
    compared = []
    monkeypatch.setattr(agreement, "largest_difference", lambda *_: compared.append(1) or 0.0)
    for problem in (toy.line(), toy.line(), toy.line(toy.LINE + 1.0)):
        engine = compile(problem)
        agreement.hold(problem, engine, Density(problem, engine))

    assert len(compared) == len(kept) == 2


@pytest.mark.parametrize(("sampler", "width"), [("pymc", 0.15), ("pymc_smc", 0.2)])
def test_samplers_of_pymc_give_the_same_posterior(sampler, width):
    mean, covariance = toy.line_posterior()
    idata = fit_problem(toy.line(), replace(SHORT, sampler=sampler, draws=1000), stated=STATED)
    draws = np.stack([idata["posterior"][name].values.ravel() for name in "ab"])
    verdict = diagnose(idata, Thresholds(ess_min=50, rhat_max=1.1))

    np.testing.assert_allclose(draws.mean(axis=1), mean, atol=width * np.sqrt(np.diag(covariance)).min())
    np.testing.assert_allclose(np.cov(draws), covariance, rtol=2 * width)
    assert "PyMC" in idata["posterior"].attrs["sampler"]
    assert not np.array_equal(*idata["posterior"]["a"].values)  # each chain has its own seed
    assert idata["posterior"].sizes["draw"] == idata["log_likelihood"].sizes["draw"] == 1000
    assert verdict.sampled.passed, verdict.sampled


def test_a_sampler_of_pymc_without_pymc_is_refused():
    with pytest.raises(UserError, match="sampler 'pymc' needs the PyMC model"):
        fit_problem(toy.line(), replace(SHORT, sampler="pymc"))


def test_whole_chains_of_pymc_are_kept_where_the_next_is_stopped(tmp_path, monkeypatch):
    settings = replace(SHORT, sampler="pymc", tune=20, draws=30)
    problem, checkpoint, interruption = toy.line(), Checkpoint(tmp_path / "posterior.nc"), Interruption()
    engine = compile(problem)
    density, begin = Density(problem, engine), [(Frame(np.zeros(2), np.eye(2)), np.zeros(2))] * 2
    checkpoint.claim({})
    whole = Nuts(problem, engine)(density, begin, [1, 2], settings)
    real = Nuts._sample

    def killed_at_the_second(self, begin, seed, settings):
        if seed == 2:
            raise KeyboardInterrupt
        return real(self, begin, seed, settings)

    monkeypatch.setattr(Nuts, "_sample", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        Nuts(problem, engine)(density, begin, [1, 2], settings, checkpoint, interruption)
    told = interruption.state
    monkeypatch.setattr(
        Nuts, "_sample", lambda self, begin, seed, settings: {2: real}[seed](self, begin, seed, settings)
    )
    resumed = Nuts(problem, engine)(density, begin, [1, 2], settings, checkpoint, interruption)

    assert told == (
        "chain 2 of 2, at which sampler 'pymc' was, is lost; that before it is in "
        f"{tmp_path}/posterior.nc.partial, and the same command goes on from there"
    )
    for group in whole.groups():
        timeless = {name for name in whole[group] if "time" not in name and "counter" not in name}
        for name in timeless:
            np.testing.assert_array_equal(resumed[group][name], whole[group][name], err_msg=name)
    assert len(resumed["posterior"]["chain"]) == 2
