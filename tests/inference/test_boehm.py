"""The posterior of a public problem, against another sampler on another engine."""

from __future__ import annotations

import arviz as az
import numpy as np
import pymc as pm
import pytest

from il6infer.diagnosis import Thresholds, diagnose
from il6infer.engine import compile
from il6infer.inference import FitSettings, fit_problem
from il6infer.petab_files.read import load
from il6infer.pymc import build_model

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::UserWarning")]  # PyMC's advice on chains

NAME = "Boehm_JProteomeRes2014"


def test_marginals_are_those_of_differential_evolution_on_diffsol(shared):
    problem = load(shared / "benchmark_problems" / NAME / f"{NAME}.yaml")
    idata = fit_problem(problem, FitSettings(seed=1, threads=2))
    with build_model(problem, compile(problem, engine="diffsol", rtol=1e-6, atol=1e-8)):
        reference = pm.sample(
            draws=20_000, tune=5_000, chains=1, cores=1, step=pm.DEMetropolisZ(), random_seed=3, progressbar=False,
            initvals=problem.nominal, compute_convergence_checks=False,
        )  # fmt: skip
    ours, theirs = (np.log(trace["posterior"][[p.id for p in problem.estimated]]) for trace in (idata, reference))
    error = np.hypot(*(np.array([float(e.item()) for e in az.mcse(t).values()]) for t in (ours, theirs)))
    apart = np.array([float(ours[p.id].mean() - theirs[p.id].mean()) for p in problem.estimated])
    spread = np.array([float(ours[p.id].std() / theirs[p.id].std()) for p in problem.estimated])

    assert diagnose(idata, Thresholds()).sampled.passed
    assert (np.abs(apart) < 4 * error).all()
    np.testing.assert_allclose(spread, 1.0, atol=0.2)
