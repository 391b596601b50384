"""The model of docs/pymc.md: its text, and a term of one's own."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest

import il6infer as il
from tests.zoo import toy
from tests.zoo.systems import log_normal


def test_the_text_of_a_model_names_parameters_priors_and_read_outs():
    text = il.pymc_model(toy.families()).str_repr().splitlines()

    assert [line.strip().split("(")[0] for line in text[:2]] == [
        f"{p.id} ~ {'Truncated' * bool(np.isfinite(p.upper))}LogNormal".strip() for p in toy.families().estimated
    ]
    assert any(line.strip().startswith("laplace ~ Laplace(") for line in text)


def test_bounds_come_after_the_parameters_of_a_truncated_prior():
    from dataclasses import replace

    bounded = replace(log_normal("k", 0.3), lower=0.01, upper=9.0)
    text = il.pymc_model(replace(toy.decay(), parameters=(bounded,))).str_repr().splitlines()[0]
    mean, sd = bounded.prior.parameters

    assert text.strip() == f"k ~ TruncatedLogNormal({mean:.3g}, {sd:.3g}, 0.01, 9)"


@pytest.mark.filterwarnings("ignore::UserWarning")  # PyMC's advice on few draws
@pytest.mark.slow
def test_a_term_of_ones_own_counts():
    mean, covariance = toy.line_posterior()
    with il.pymc_model(toy.line()) as model:
        pm.Potential("known", -0.5 * ((model["a"] - 3.0) / 0.05) ** 2)
        trace = pm.sample(300, tune=300, chains=2, cores=1, random_seed=1, progressbar=False)
    precision = np.linalg.inv(covariance) + np.diag([1 / 0.05**2, 0.0])
    exact = np.linalg.solve(precision, np.linalg.solve(covariance, mean) + [3.0 / 0.05**2, 0.0])

    assert trace.posterior["a"].mean() == pytest.approx(exact[0], abs=0.02)
    assert trace.posterior["b"].mean() == pytest.approx(exact[1], abs=0.05)
