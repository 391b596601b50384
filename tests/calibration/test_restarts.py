"""Restarts from afar: a posterior that is right comes out again, half of one does not."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
import sympy as sp
import xarray as xr

from il6infer._errors import UserError
from il6infer.calibration.restarts import restart
from il6infer.network.network import symbol
from il6infer.problems.spec import Observable, Problem
from il6infer.stages.settings import FitSettings
from tests.zoo import toy
from tests.zoo.systems import ONE

SETTINGS = FitSettings(chains=2, tune=150, draws=200, seed=1)


def posterior(draws):
    """Draws of each parameter as those of a fit, in four chains."""
    values = {name: (("chain", "draw"), np.reshape(drawn, (4, -1))) for name, drawn in draws.items()}
    return {"posterior": xr.Dataset(values).assign_attrs(settings=json.dumps(asdict(SETTINGS)))}


def two_modes():
    """a is measured by its square: 3 and -3 are all the same."""
    line = toy.line()
    seen = Observable("obs_y", symbol("a") ** 2, sp.Float(0.5))
    return Problem(
        id="two_modes", network=line.network, parameters=(toy.normal("a", 0.0, 3.0),), experiments=ONE,
        observables=(seen,), measurements=toy.measurements([9.1, 8.8, 9.0], [0.0, 1.0, 2.0]),
    )  # fmt: skip


def test_the_posterior_of_a_line_comes_out_again():
    mean, covariance = toy.line_posterior()
    drawn = np.random.default_rng(1).multivariate_normal(mean, covariance, size=1600)
    found = restart(toy.line(), posterior({"a": drawn[:, 0], "b": drawn[:, 1]}), seed=2)

    assert found.agree, found.rhat
    assert found.rhat.keys() == {"a", "b"}
    assert (found.chains, found.draws) == (4, 300)


def test_a_posterior_that_lacks_a_mode_does_not():
    drawn = np.random.default_rng(1).normal(3.0, 0.05, 1600)
    found = restart(two_modes(), posterior({"a": drawn}), chains=8, seed=2)

    assert not found.agree
    assert found.worst == "a"
    assert found.rhat["a"] > 1.2


def test_a_posterior_of_another_problem_is_refused():
    with pytest.raises(UserError, match="the posterior has no parameter 'b'"):
        restart(toy.line(), posterior({"a": np.zeros(400)}))
