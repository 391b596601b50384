"""The PyMC model and the sampler on problems whose posterior is known."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from il6infer._errors import UserError
from il6infer.fit.model import build_model, cut_mass, prior_variable
from il6infer.fit.nuts import sample
from il6infer.fit.run import child_seed
from il6infer.fit.starts import Starts, find_starts
from il6infer.models.network import symbol
from il6infer.problem.priors import distribution, draw
from il6infer.problem.spec import Parameter, Prior, Problem
from il6infer.simulate import compile
from tests.zoo.systems import network, problem

PRIORS = {
    "normal": (1.0, 2.0), "log-normal": (0.3, 0.5), "uniform": (0.5, 4.0), "log-uniform": (0.1, 9.0),
    "laplace": (1.0, 0.7), "log-laplace": (0.2, 0.4), "cauchy": (1.0, 0.5), "gamma": (2.0, 1.5),
    "exponential": (2.0,), "chisquare": (3.0,), "rayleigh": (1.2,),
}  # fmt: skip


def _parameter(name: str, **changes: object) -> Parameter:
    given = {"lower": -np.inf, "upper": np.inf, "nominal": 1.0, "estimate": True}
    return Parameter("x", **{**given, "prior": Prior(name, PRIORS[name]), **changes})


@pytest.mark.parametrize("name", sorted(PRIORS))
def test_prior_has_the_density_of_scipy(name: str) -> None:
    import pymc as pm

    with pm.Model():
        variable = prior_variable(_parameter(name))
        for x in (0.6, 1.3, 3.1):
            got = float(pm.logp(variable, x).eval())
            assert got == pytest.approx(float(distribution(Prior(name, PRIORS[name])).logpdf(x)), rel=1e-6)


def test_a_bound_that_cuts_prior_mass_truncates() -> None:
    import pymc as pm

    parameter = _parameter("normal", lower=0.0, upper=2.0)
    assert cut_mass(parameter) == pytest.approx(2 * stats.norm.cdf(-0.5))
    with pm.Model():
        variable = prior_variable(parameter)
        mass = 1 - cut_mass(parameter)
        expected = stats.norm(1, 2).logpdf(1.5) - np.log(mass)
        assert float(pm.logp(variable, 1.5).eval()) == pytest.approx(expected, rel=1e-6)
    drawn = draw([parameter], 2000, np.random.default_rng(0))
    assert drawn.min() >= 0
    assert drawn.max() <= 2


def test_an_improper_prior_is_refused() -> None:
    import pymc as pm

    with pm.Model(), pytest.raises(UserError) as error:
        prior_variable(_parameter("uniform", prior=Prior("uniform", (0.0, np.inf))))
    assert str(error.value) == "parameter 'x': its prior uniform(0.0, inf) is improper."


@pytest.fixture(scope="module")
def decay() -> Problem:
    """Decay x' = -k x from 1, six noisy values, one parameter: its posterior is a one-dimensional integral."""
    net = network({"x": -symbol("k") * symbol("x")}, {"x": 1.0}, {"k": 0.3})
    base = problem(net, [0.5, 1, 2, 4, 6, 9], estimated={"k": 0.3})
    observable = base.observables[0].__class__("obs_x", symbol("x"), sp.Float(0.15), "log-normal")
    table = base.measurements.assign(
        observable="obs_x", value=np.exp(-0.35 * base.measurements["time"]) * [1.1, 0.93, 1.05, 0.9, 1.2, 1.02]
    )
    return Problem(base.id, net, base.parameters, base.experiments, (observable,), table)


def _exact_moments(decay: Problem) -> tuple[float, float]:
    k = np.linspace(0.2, 0.6, 20001)
    t, y = decay.measurements["time"].to_numpy(), decay.measurements["value"].to_numpy()
    log_density = stats.lognorm(s=1.0, scale=0.3).logpdf(k)
    log_density += sum(stats.norm(-k * ti, 0.15).logpdf(np.log(yi)) for ti, yi in zip(t, y, strict=True))
    weight = np.exp(log_density - log_density.max())
    mean = np.average(k, weights=weight)
    return float(mean), float(np.sqrt(np.average((k - mean) ** 2, weights=weight)))


def _sampled(decay: Problem, seed: int) -> np.ndarray:
    engine = compile(decay)
    model = build_model(decay, engine)
    starts = find_starts(decay, model, 4, np.random.default_rng(0))
    idata = sample(
        model, starts, chains=2, tune=300, draws=1000, target_accept=0.8, low_rank=True, threads=2, seed=seed
    )
    assert list(idata["posterior"].data_vars) == ["k"]
    return idata["posterior"]["k"].values


def test_posterior_is_the_exact_one_and_repeats_with_the_seed(decay: Problem) -> None:
    mean, sd = _exact_moments(decay)
    draws = _sampled(decay, 3)
    assert draws.mean() == pytest.approx(mean, abs=0.15 * sd)
    assert draws.std() == pytest.approx(sd, rel=0.1)
    np.testing.assert_array_equal(draws, _sampled(decay, 3))
    assert not np.array_equal(draws, _sampled(decay, 4))


def test_density_is_that_of_the_engine_and_minus_infinity_where_a_simulation_fails() -> None:
    net = network({"x": symbol("k") * symbol("x") ** 2}, {"x": 1.0}, {"k": 0.1})
    base = problem(net, [2.0], estimated={"k": 0.1})
    engine = compile(base)
    model = build_model(base, engine)
    density = model.compile_logp(sum=True, jacobian=False)
    prior = stats.lognorm(s=1.0, scale=0.1)
    ok = density({"k_log__": np.log(0.2)})
    assert ok == pytest.approx(engine.log_likelihood(np.array([0.2])).sum() + prior.logpdf(0.2), rel=1e-9)
    assert density({"k_log__": np.log(5.0)}) == -np.inf


def test_starts_climb_to_the_mode(decay: Problem) -> None:
    found = find_starts(decay, build_model(decay, compile(decay)), 5, np.random.default_rng(0))
    assert isinstance(found, Starts)
    np.testing.assert_allclose(found.points, np.tile(found.points[0], (5, 1)), atol=1e-3)


def test_child_seeds_depend_on_the_name_only() -> None:
    states = [tuple(child_seed(1, name).generate_state(2)) for name in ("a", "b", "a")]
    assert states[0] == states[2]
    assert states[0] != states[1]
