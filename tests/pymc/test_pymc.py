"""The model in PyMC's own hands: samplers and optimisers other than the pipeline's."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest
from scipy.optimize import minimize_scalar

from il6infer.engine import compile
from il6infer.inference import FitSettings, fit_problem
from il6infer.pymc import op
from il6infer.pymc.model import build_model
from tests.zoo import toy

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # PyMC's advice on few draws


@pytest.fixture(scope="module")
def decay():
    """Problem, and mean and sd of ln k under the posterior, by quadrature."""
    problem = toy.decay()
    engine = compile(problem)
    log_k = np.linspace(np.log(0.2), np.log(0.6), 801)
    prior = -0.5 * (log_k - np.log(0.3)) ** 2
    density = prior + [engine.log_likelihood(np.array([k])).sum() for k in np.exp(log_k)]
    weight = np.exp(density - density.max())
    mean = np.average(log_k, weights=weight)
    return problem, mean, np.sqrt(np.average((log_k - mean) ** 2, weights=weight))


def test_pymc_samples_it(decay):
    problem, mean, sd = decay
    with build_model(problem, compile(problem)):
        trace = pm.sample(400, tune=300, chains=2, cores=1, random_seed=1, progressbar=False)
        drawn = pm.sample_posterior_predictive(trace, random_seed=1, progressbar=False).posterior_predictive["x"]
    log_k = np.log(trace.posterior["k"].values)
    assert log_k.mean() == pytest.approx(mean, abs=0.2 * sd)
    assert log_k.std() == pytest.approx(sd, rel=0.15)
    assert drawn.shape == (2, 400, 6)
    assert np.log(drawn).std(("chain", "draw")).values == pytest.approx(0.15, rel=0.25)


def test_pymc_finds_its_maximum(decay):
    problem, _, sd = decay
    engine = compile(problem)

    def cost(log_k):
        # PyMC's optimum is that of the density of ln k, the variable that it moves.
        return 0.5 * (log_k - np.log(0.3)) ** 2 - engine.log_likelihood(np.exp([log_k])).sum()

    best = minimize_scalar(cost, bounds=np.log([0.2, 0.6]), method="bounded", options={"xatol": 1e-9}).x
    with build_model(problem, engine):
        found = pm.find_MAP(progressbar=False)
    assert np.log(found["k"]) == pytest.approx(best, abs=0.05 * sd)


def test_sequential_monte_carlo_asks_for_no_gradient(decay, monkeypatch):
    problem, mean, sd = decay

    def refused(*_, **__):
        raise AssertionError("a gradient was asked for")

    for operation in (op.SimulateTaped, op.Pullback):
        monkeypatch.setattr(operation, "make_node", refused)
    with build_model(problem, compile(problem)):
        trace = pm.sample_smc(
            200, chains=1, cores=1, random_seed=1, progressbar=False, compute_convergence_checks=False
        )
    log_k = np.log(trace.posterior["k"].values)
    assert log_k.mean() == pytest.approx(mean, abs=0.3 * sd)
    assert log_k.std() == pytest.approx(sd, rel=0.3)


def test_the_second_engine_gives_the_same_posterior():
    settings = FitSettings(seed=2, chains=2, tune=200, draws=300, starts=2, threads=1)
    kernel = fit_problem(toy.decay(), settings)["posterior"]
    second = fit_problem(toy.decay(), FitSettings(**{**vars(settings), "engine": "diffsol"}))["posterior"]
    assert second.attrs["engine"] == "diffsol"
    assert float(second["k"].mean()) == pytest.approx(float(kernel["k"].mean()), abs=0.2 * float(kernel["k"].std()))
    assert float(second["k"].std()) == pytest.approx(float(kernel["k"].std()), rel=0.2)
