"""A literature constraint in a fit: it moves the posterior as its likelihood says, and is in no group of the data."""

from __future__ import annotations

import json
from dataclasses import replace

import arviz as az
import numpy as np
import pandas as pd
import pytest
import sympy as sp
from scipy.stats import norm

from il6infer.comparison.loo import loo
from il6infer.engine import compile
from il6infer.inference import FitSettings, fit_problem
from il6infer.inference.density import Density
from il6infer.network.network import symbol
from il6infer.problems.spec import Experiment, Observable, Period
from il6infer.pymc import build_model
from tests.zoo.systems import log_normal
from tests.zoo.toy import line, measurements

NAME, PUBLISHED, SD = "literature_share", 0.75, 0.15


def constrained():
    """The line of `tests.zoo.toy`, and two constants that only a published share joins."""
    plain, constants = line(), ("K1", "K2")
    share = 1 / (1 + 1.5 / symbol("K1") * (1 + 3 / symbol("K2")))
    network = replace(
        plain.network, parameters=(*plain.network.parameters, *constants),
        defaults=(*plain.network.defaults, sp.Float(5.0), sp.Float(0.4)),
    )  # fmt: skip
    return replace(
        plain,
        network=network,
        parameters=(
            *plain.parameters,
            log_normal("K1", 5.0, 1.3),
            log_normal("K2", 0.4, 1.3),
        ),
        experiments=(*plain.experiments, Experiment(NAME, (Period(0.0),))),
        observables=(*plain.observables, Observable(NAME, share, sp.Float(SD), name="a published share")),
        measurements=pd.concat(
            [plain.measurements, measurements([PUBLISHED], [0.0], NAME).assign(experiment=NAME)], ignore_index=True
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> az.InferenceData:
    return fit_problem(constrained(), FitSettings(chains=2, tune=300, draws=1500, starts=2, seed=3, threads=1))


def test_posterior_is_that_of_quadrature(fitted):
    z = np.linspace(-6, 6, 241)
    k1, k2 = np.exp(np.log(5.0) + 1.3 * z), np.exp(np.log(0.4) + 1.3 * z)
    share = 1 / (1 + 1.5 / k1[:, None] * (1 + 3 / k2))
    mass = norm.pdf(z)[:, None] * norm.pdf(z) * norm.pdf(PUBLISHED, share, SD)
    mass /= mass.sum()
    drawn = {name: fitted["posterior"][name].values.ravel() for name in ("K1", "K2")}
    free = 1 / (1 + 1.5 / drawn["K1"] * (1 + 3 / drawn["K2"]))

    assert (free > 0.5).mean() == pytest.approx(mass[share > 0.5].sum(), abs=0.02)
    assert (drawn["K1"] < 10).mean() == pytest.approx(mass[k1 < 10].sum(), abs=0.04)
    assert (drawn["K2"] < 0.8).mean() == pytest.approx(mass[:, k2 < 0.8].sum(), abs=0.04)
    assert np.corrcoef(np.log(drawn["K1"]), np.log(drawn["K2"]))[0, 1] < -0.3


def test_no_group_of_the_data_holds_it_and_the_attributes_say_what_it_did(fitted):
    for group in ("observed_data", "log_likelihood", "posterior_predictive", "prior_predictive", "predictions"):
        assert list(fitted[group].data_vars) == ["y"]
    assert not [name for name in fitted["constant_data"] if "literature" in name]
    assert len(loo(fitted).pointwise) == len(line().measurements)

    (found,) = json.loads(fitted["posterior"].attrs["literature"]).values()
    drawn = {name: fitted["posterior"][name].values.ravel() for name in ("K1", "K2")}
    free = 1 / (1 + 1.5 / drawn["K1"] * (1 + 3 / drawn["K2"]))
    assert (found["says"], found["value"], found["sd"]) == ("a published share", PUBLISHED, SD)
    np.testing.assert_allclose(found["posterior"], np.quantile(free, (0.05, 0.5, 0.95)), rtol=1e-6)
    assert found["prior"][1] < 0.4 < found["posterior"][1]


@pytest.mark.slow
def test_pymc_has_the_same_posterior():
    problem = constrained()
    engine = compile(problem)
    density, model = Density(problem, engine), build_model(problem, engine)
    point = density.unconstrained(np.array([1.0, 2.0, 8.0, 0.5]))
    names = [v.name for v in model.value_vars]
    value = model.compile_logp()(dict(zip(names, point, strict=True)))

    assert NAME in model.named_vars
    assert density(point)[0] == pytest.approx(float(value), rel=1e-10)


def test_a_fit_without_one_says_nothing_of_it():
    found = fit_problem(line(), FitSettings(chains=1, tune=100, draws=50, starts=1, seed=3, threads=1))

    assert "literature" not in found["posterior"].attrs
