"""Restarts from afar: a posterior that is right comes out again, half of one does not."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import sympy as sp
import xarray as xr

from il6infer._errors import UserError
from il6infer.calibration.restarts import restart
from il6infer.network.network import TIME, symbol
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
    assert np.abs(found.heights).max() < 1.0


def test_a_posterior_that_lacks_a_mode_does_not():
    drawn = np.random.default_rng(1).normal(3.0, 0.05, 1600)
    found = restart(two_modes(), posterior({"a": drawn}), chains=8, seed=2)

    assert not found.agree
    assert found.worst == "a"
    assert found.rhat["a"] > 1.2
    assert np.abs(found.heights).max() < 1.0  # as high as the one that the fit has: half of the mass


def test_a_mode_with_hardly_any_mass_is_told_by_its_height():
    """The measured a**2 + t a / 20 is that of a = 3; from below zero it ends near -3, and misses the trend."""
    seen = Observable("obs_y", symbol("a") ** 2 + TIME * symbol("a") / 20, sp.Float(0.05))
    measured = toy.measurements([9.0, 9.15, 9.3], [0.0, 1.0, 2.0])
    asked = replace(two_modes(), id="uneven", observables=(seen,), measurements=measured)
    drawn = np.random.default_rng(1).normal(3.0, 0.005, 1600)
    found = restart(asked, posterior({"a": drawn}), chains=8, seed=2)

    assert not found.agree
    assert max(found.heights) == pytest.approx(0.0, abs=1.0)
    # At -3 the residuals are 0.3 apart from one time to the next, less their mean: 6 standard deviations either way.
    assert min(found.heights) == pytest.approx(-36.0, abs=3.0)


def test_a_posterior_of_another_problem_is_refused():
    with pytest.raises(UserError, match="the posterior has no parameter 'b'"):
        restart(toy.line(), posterior({"a": np.zeros(400)}))
