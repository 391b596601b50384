"""What only a gel that was left out names, averaged over its prior: against closed forms and grids."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import sympy as sp
import xarray as xr
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from il6infer.leave_out.alone import unknown_of
from il6infer.leave_out.evaluate import leave_out
from il6infer.leave_out.groups import groups_of, likelihoods_of
from il6infer.network.network import symbol
from il6infer.problems.noise import log_density
from il6infer.problems.priors import distribution, log_mass, support
from il6infer.problems.spec import Observable, Parameter, Prior, Problem
from il6infer.stages.settings import FitSettings, Thresholds
from tests.zoo import systems
from tests.zoo.systems import ONE, log_normal, network

TIMES = np.array([0.5, 1.0, 2.0, 4.0])
VALUES = {"gel1": [1.45, 1.2, 0.93, 0.61], "gel2": [1.53, 1.16, 0.77, 0.18]}
NOISE = 0.05
OF_GEL = symbol("noise")
FREE = (-np.inf, np.inf)


def gels(kind, scale, offset, noise=None, observable=None):
    """Decay x' = -k x on two gels, each with a scale, an offset and perhaps a noise of its own.

    Scale, offset and noise are (prior, bounds).
    """
    own = {"s": scale, "o": offset, **({"n": noise} if noise else {})}
    tables = [
        systems.measurements(values, TIMES, "obs_x", batch=name).assign(
            observable_parameters=[(symbol(f"s_{name}"), symbol(f"o_{name}"))] * len(TIMES),
            noise_parameters=[(symbol(f"n_{name}"),) if noise else ()] * len(TIMES),
        )
        for name, values in VALUES.items()
    ]
    parameters = [
        Parameter(f"{letter}_{name}", *bounds, 1.0, True, Prior(*prior))
        for name in VALUES
        for letter, (prior, bounds) in own.items()
    ]
    read = Observable(
        "obs_x", symbol("scale") * symbol("x") + symbol("offset"), OF_GEL if noise else sp.Float(NOISE), kind,
        placeholders=("scale", "offset"), noise_placeholders=("noise",) if noise else (),
    )  # fmt: skip
    return Problem(
        id="gels",
        network=network({"x": -symbol("k") * symbol("x")}, {"x": 1.0}, {"k": 0.3}),
        parameters=(log_normal("k", 0.3), *parameters),
        experiments=ONE,
        observables=(observable or read,),
        measurements=pd.concat(tables, ignore_index=True),
    )


def ratios(problem, exact, size=500):
    """Estimated over exact density of gel2 at draws of k (draws,)."""
    unknown = unknown_of(likelihoods_of(problem, groups_of(problem, "batch"))["gel2"])
    k = 0.35 * np.exp(0.05 * np.random.default_rng(1).normal(size=size))
    x = np.exp(-np.multiply.outer(k, TIMES))
    noise = np.full((size, 2 * len(TIMES)), 1.0 if "n_gel2" in unknown.gone else NOISE)
    found = unknown(np.tile(x, 2), noise, np.random.default_rng(2))
    return np.exp(found - np.array([exact(one) for one in x])), unknown


def on_a_grid(problem, kind, points=100):
    """Log-density of gel2 by sums over quantiles of its parameters' posteriors, found by two rounds of grids."""
    names = [p for p in problem.estimated if p.id.endswith("gel2")]
    measured, many = np.array(VALUES["gel2"]), {2: points, 3: points * 2 // 5}[len(names)]

    def logs(x, axes):
        values = np.meshgrid(*axes, indexing="ij")
        scale, offset, noise = values[0], values[1], values[2] if len(axes) > 2 else np.full_like(values[0], NOISE)
        kinds = np.full(len(TIMES), kind)
        found = log_density(
            kinds, measured, offset[..., None] + scale[..., None] * x, noise[..., None], np.zeros(len(TIMES))
        ).sum(-1)
        for p, own in zip(names, values, strict=True):
            found = found + distribution(p.stated_prior).logpdf(own) - log_mass(p)
        return np.where(np.isnan(found), -np.inf, found)

    def exact(x):
        ends = [(max(low, -8.0), min(high, 8.0)) for low, high in map(support, names)]
        for _ in range(4):
            axes = [low + (high - low) * (np.arange(many) + 0.5) / many for low, high in ends]
            found = logs(x, axes)
            near = found > found.max() - 20.0
            spans = [np.flatnonzero(near.any(axis=tuple({*range(near.ndim)} - {i}))) for i in range(near.ndim)]
            ends = [
                (max(low, axis[span[0]] - (high - low) / many), min(high, axis[span[-1]] + (high - low) / many))
                for (low, high), axis, span in zip(ends, axes, spans, strict=True)
            ]
        return logsumexp(found) + sum(np.log(axis[1] - axis[0]) for axis in axes)

    return exact


@pytest.mark.parametrize("wide", [0.5, 10.0, 1000.0])
def test_normal_noise_and_normal_priors_of_any_width_have_the_closed_form(wide):
    problem = gels("normal", (("normal", (1.0, wide)), FREE), (("normal", (0.0, wide)), FREE))

    def exact(x):
        covariance = wide**2 * (np.outer(x, x) + 1.0) + NOISE**2 * np.eye(len(x))
        return multivariate_normal(x, covariance).logpdf(VALUES["gel2"])

    found, unknown = ratios(problem, exact)

    assert unknown.gone == {"s_gel2", "o_gel2"}
    assert found.mean() == pytest.approx(1.0, abs=4.0 * found.std() / len(found) ** 0.5)
    assert found.std() < 0.06


POSITIVE, ABOVE = (("log-normal", (0.0, 1.0)), (0.0, np.inf)), (("uniform", (0.0, 3.0)), (0.0, 3.0))
BELOW = (("normal", (0.0, 2.0)), (-0.5, np.inf))
SIGMA = (("log-normal", (-3.0, 0.5)), (0.0, np.inf))


@pytest.mark.parametrize(
    ("kind", "scale", "offset", "noise"),
    [
        ("normal", POSITIVE, (("log-normal", (-2.0, 1.0)), (0.0, np.inf)), None),
        ("laplace", POSITIVE, BELOW, None),
        ("student-t", ABOVE, BELOW, None),
        ("normal", ABOVE, (("laplace", (0.0, 0.3)), FREE), SIGMA),
    ],
)
def test_any_noise_priors_and_bounds_have_the_density_of_a_grid(kind, scale, offset, noise):
    problem = gels(kind, scale, offset, noise)
    found, _ = ratios(problem, on_a_grid(problem, kind), 20)

    assert found.mean() == pytest.approx(1.0, abs=0.005 + 4.0 * found.std() / len(found) ** 0.5)
    assert found.std() < 0.4


def test_what_is_no_scale_or_offset_stays_with_the_refit():
    bent = Observable(
        "obs_x", symbol("x") ** symbol("scale") + symbol("offset"), sp.Float(NOISE), "normal",
        placeholders=("scale", "offset"),
    )  # fmt: skip
    problem = gels("normal", POSITIVE, BELOW, observable=bent)

    assert unknown_of(likelihoods_of(problem, groups_of(problem, "batch"))["gel2"]).gone == {"o_gel2"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_refit_quotes_the_error_that_it_has_of_wide_priors(seed):
    wide = 5.0
    problem = gels("normal", (("normal", (1.0, wide)), FREE), (("normal", (0.0, wide)), FREE))
    grid = np.linspace(-4.0, 1.5, 4001)
    x = np.exp(-np.multiply.outer(np.exp(grid), TIMES))

    def exact(name):
        covariance = wide**2 * (x[:, :, None] * x[:, None] + 1.0) + NOISE**2 * np.eye(len(TIMES))
        away = np.array(VALUES[name]) - x
        squares = np.einsum("ki,kij,kj->k", away, np.linalg.inv(covariance), away)
        return -0.5 * (squares + np.linalg.slogdet(2.0 * np.pi * covariance)[1])

    [prior] = [p.prior for p in problem.parameters if p.id == "k"]
    others = norm(*prior.parameters).logpdf(grid) + exact("gel1")
    expected = logsumexp(others + exact("gel2")) - logsumexp(others)
    rng = np.random.default_rng(seed)
    draws = {p.id: (("chain", "draw"), rng.lognormal(-1.0, 0.2, size=(2, 500))) for p in problem.estimated}
    posterior = {"posterior": xr.Dataset(draws).assign_attrs(settings=json.dumps({}))}
    settings = FitSettings(seed=seed, chains=2, tune=1200, draws=2000, threads=2)
    thresholds = Thresholds(pareto_k_max=0.0, ess_min=40, rhat_max=1.1, divergences_max=0.05)
    [group] = leave_out(problem, posterior, settings, thresholds, unit="batch", job=1, jobs=2).groups

    assert group.why == ""
    assert group.error < 0.1
    assert group.elpd == pytest.approx(expected, abs=4.0 * group.error)
