"""Every threshold changes a verdict or a comparison, and every option of a fit changes the fit."""

from __future__ import annotations

import json
from dataclasses import fields

import arviz as az
import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.comparison import Fit, compare
from il6infer.diagnosis import diagnose
from il6infer.inference import fit_problem
from il6infer.pymc.door import STATED
from il6infer.stages.codec import encode
from il6infer.stages.settings import FitSettings, Sampling, Thresholds
from tests.zoo import toy
from tests.zoo.posterior import normal_mean

# Threshold -> one that the posterior below misses; it meets the default of every one.
MISSED = {
    "misfit_p_min": 0.999, "pull_max": 0.1,
    "rhat_max": 1.0, "ess_min": 1e5, "divergences_max": 0.0, "ebfmi_min": 5.0, "depth_hits_max": 0.0,
    "failed_max": 0.0, "integration_error_max": 1e-6, "pareto_k_max": 0.0,
}  # fmt: skip


def _almost_good() -> az.InferenceData:
    """One divergence, one trajectory cut short, one failed simulation: fewer than the defaults allow."""
    idata = normal_mean(divergent=1)
    idata["sample_stats"]["maxdepth_reached"].values[0, 0] = True
    idata["posterior"].attrs["failed_simulations"] = json.dumps({"posterior": 1, "prior": 0})
    pull = {"value": 1.0, "slope": 1.5, "slope_error": 0.0, "information": 0.1, "response": {}}
    idata["posterior"].attrs["constants"] = json.dumps({"k": pull})
    return idata


def test_every_threshold_changes_the_verdict_or_the_comparison():
    idata = _almost_good()
    good = diagnose(idata, Thresholds())
    influential = compare("toy", [Fit("a", idata, good)]).models[0].pareto_k_bad
    without_effect = set()
    for name, value in MISSED.items():
        judged = diagnose(idata, Thresholds(**{name: value}))
        again = compare("toy", [Fit("a", idata, judged)], pareto_k_max=Thresholds(**{name: value}).pareto_k_max)
        if all(answer.passed for _, answer in judged.answers) and again.models[0].pareto_k_bad == influential:
            without_effect.add(name)

    assert all(answer.passed for _, answer in good.answers)
    # Tails of these draws are light: that limit is walked in tests/diagnosis/test_tails.py.
    assert set(MISSED) == {field.name for field in fields(Thresholds)} - {"tail_k_max"}
    assert without_effect == set()


def test_the_seed_reaches_the_weights():
    rows = [
        compare("toy", [Fit(m, normal_mean(seed=s), diagnose(normal_mean(seed=s), Thresholds())) for m, s in
                        (("a", 1), ("b", 2))], seed=seed).models
        for seed in (1, 1, 2)
    ]  # fmt: skip
    weights = [[row.pseudo_bma for row in row_set] for row_set in rows]

    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


# Option -> another value than that of `SHORT`.
SHORT = FitSettings(seed=1, chains=2, tune=40, draws=30, starts=2, threads=1)
OTHER = {
    "chains": 1, "tune": 60, "draws": 31, "target_accept": 0.6, "starts": 3, "engine": "diffsol", "rtol": 1e-3,
    "atol": 1e-3, "max_steps": 20, "mass_matrix": "diagonal", "nuisance": "sampled", "sampler": "pymc", "seed": 2,
}  # fmt: skip


@pytest.mark.slow
def test_every_option_of_a_fit_changes_the_fit():
    problem = toy.noisy_decay()
    first, again = (_draws(problem, SHORT) for _ in range(2))
    same = {name for name, value in OTHER.items() if np.array_equal(first, _draws(problem, _with(name, value)))}

    assert np.array_equal(first, again)
    assert set(OTHER) == {field.name for field in fields(FitSettings)} - {"threads"}
    assert same == set()


def _with(name: str, value: object) -> FitSettings:
    return FitSettings(**{**encode(SHORT), name: value})


def _draws(problem, settings: FitSettings) -> np.ndarray:
    posterior = fit_problem(problem, settings, stated=STATED)["posterior"]
    return np.stack([posterior[name].values for name in posterior.data_vars])


def test_settings_made_in_memory_are_checked_as_those_of_a_file():
    with pytest.raises(UserError) as caught:
        Thresholds(rhat_max=float("nan"), failed_max=2)
    assert str(caught.value) == (
        "thresholds of the verdict: 2 faults\n"
        "  - rhat_max: nan is not a finite number.\n"
        "  - failed_max: 2 is not allowed: it must be at most 1."
    )
    assert {field.name for field in fields(FitSettings)} == {f.name for f in fields(Sampling)} | {"seed", "threads"}
