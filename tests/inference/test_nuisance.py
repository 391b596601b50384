"""What is integrated out: which parameters, marginal likelihood against brute force, slopes, draws afterwards."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from numpy.polynomial.legendre import leggauss
from scipy.stats import kstest, multivariate_normal

from il6infer.engine import compile
from il6infer.inference import density as module
from il6infer.inference.collapsed import RULES
from il6infer.inference.collapsed_groups import collapsed_at
from il6infer.inference.collapsed_tables import reference, tables_of
from il6infer.inference.density import Density
from il6infer.inference.nuisance import find_nuisance, log_quadratic
from il6infer.inference.quadrature import legendre
from il6infer.inference.restored import restore
from il6infer.inference.run import fit_problem
from il6infer.network.network import symbol
from il6infer.problems.noise import log_density as noise_density
from il6infer.problems.priors import log_density, support
from il6infer.problems.spec import Observable, Parameter, Prior
from il6infer.stages.settings import FitSettings
from tests.zoo import toy

WIDE = Prior("log-uniform", (1e-6, 1e6))
PRIORS = {
    "log-uniform": Prior("log-uniform", (1e-3, 1e3)),
    "log-normal": Prior("log-normal", (0.3, 0.8)),
    "uniform": Prior("uniform", (0.0, 8.0)),
}


def parameter(name, prior, lower=0.0, upper=math.inf):
    return Parameter(name, lower, upper, 1.0, True, prior)


def gel(kind="log-normal", *, formula="scale * A + offset", noise="sigma", size=9, gels=1, priors=("log-normal",) * 3):
    """The decay of toy.decay, read by `gels` gels with scale and offset of their own, and one noise."""
    problem = toy.decay()
    rng = np.random.default_rng(5)
    state = problem.network.states[0]
    names = {"A": symbol(state)} | {n: symbol(n) for n in ("scale", "offset", "sigma", "b")}
    observable = Observable(
        "gel", sp.sympify(formula, locals=names), sp.sympify(noise, locals=names), kind, ("scale", "offset"), ()
    )
    rows, nuisance = [], {"sigma": priors[2]}
    for number in range(1, gels + 1):
        own = (f"scale_{number}", f"offset_{number}")
        nuisance |= dict(zip(own, priors[:2], strict=True))
        given = tuple(symbol(name) for name in own)
        times = np.linspace(0.0, 3.0, size)
        values = (2.0 * np.exp(-times) + 0.3) * np.exp(0.2 * rng.normal(size=size))
        rows += [
            {"observable": "gel", "experiment": problem.measurements["experiment"].iloc[0], "time": t, "value": v,
             "observable_parameters": given, "noise_parameters": (), "batch": f"gel{number}", "replicate": ""}
            for t, v in zip(times, values, strict=True)
        ]  # fmt: skip
    dynamic = tuple(p for p in problem.parameters if symbol(p.id) in _named(problem))
    return replace(
        problem,
        parameters=dynamic + tuple(parameter(name, PRIORS.get(p, WIDE)) for name, p in nuisance.items()),
        observables=(observable,), measurements=pd.DataFrame(rows),
    )  # fmt: skip


def _named(problem):
    return set().union(*(e.free_symbols for e in (*problem.network.rhs, *problem.network.initial)))


def nodes(low, high, panels=12):
    x, w = leggauss(12)
    edges = np.linspace(low, high, panels + 1)
    half = 0.5 * np.diff(edges)[:, None]
    return (edges[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()


def brute_force(problem, x, c):
    """Marginal likelihood of one gel by a product rule over ln(scale), ln(offset), ln(noise)."""
    p = {q.id: q for q in problem.estimated}
    ends = (("scale_1", -4.0, 4.0), ("offset_1", -7.5, 4.5), ("sigma", -4.0, 3.0))
    logs = [[math.log(max(end, 1e-99)) if math.isfinite(end) else 99.0 for end in support(p[n])] for n, _, _ in ends]
    (u, wu), (v, wv), (y, wy) = (
        nodes(max(low, bound[0]), min(high, bound[1])) for (_, low, high), bound in zip(ends, logs, strict=True)
    )
    prior = [
        np.array([log_density(p[name], math.exp(t)) + t for t in points])
        for name, points in (("scale_1", u), ("offset_1", v), ("sigma", y))
    ]
    measured, total = np.log(problem.measurements["value"].to_numpy()), -np.inf
    for j in range(len(u)):
        away = measured - np.log(np.exp(v)[:, None] + math.exp(u[j]) * x)
        square = np.sum((away / c) ** 2, axis=1)
        found = -0.5 * square[:, None] * np.exp(-2 * y) - len(x) * y + prior[1][:, None] + prior[2]
        found += prior[0][j] + np.log(wu[j]) + np.log(wv)[:, None] + np.log(wy)
        total = np.logaddexp(total, np.logaddexp.reduce(found.ravel()))
    return total - np.sum(np.log(c)) - measured.sum() - 0.5 * len(x) * math.log(2 * math.pi)


def marginal(problem, prediction, noise, rules=RULES[0]):
    tables = tables_of(problem, find_nuisance(problem))
    slopes = np.zeros(len(prediction)), np.zeros(len(prediction))
    return collapsed_at(*tables, prediction, noise, *slopes, rules), *slopes


@pytest.mark.parametrize(
    "priors", [("log-uniform",) * 3, ("log-normal",) * 3, ("uniform", "log-uniform", "log-normal")]
)
def test_the_marginal_likelihood_is_that_of_brute_force(priors):
    problem = gel(priors=priors)
    x = np.exp(-np.linspace(0.0, 3.0, 9)) * 1.3
    c = np.linspace(0.8, 1.2, 9)

    assert marginal(problem, x, c)[0] == pytest.approx(brute_force(problem, x, c), abs=2e-4)


BELOW = Prior("uniform", (0.05, 0.5))
BOUNDED = {
    "hardly any signal": (1e-9, WIDE, {}),
    "no signal": (0.0, WIDE, {}),
    "hardly any signal, bounds far from it": (1e-9, WIDE, {"scale_1": (0.7, 3.0), "offset_1": (0.05, 0.09)}),
    "a scale in narrow bounds far below the data": (1e-2, WIDE, {"scale_1": (0.3, 0.4), "offset_1": (0.02, 0.025)}),
    "a scale in narrow bounds far above the data": (1e3, WIDE, {"scale_1": (3.0, 4.0)}),
    "an offset that begins above the data": (1.0, BELOW, {"scale_1": (0.02, 50.0), "offset_1": (20.0, 80.0)}),
}


@pytest.mark.parametrize("where", BOUNDED)
def test_priors_and_bounds_that_want_another_place_than_the_predictions_are_heeded(where):
    signal, noise, bounds = BOUNDED[where]
    problem = gel(priors=("log-uniform" if noise is BELOW else "log-normal", "log-normal", "wide"))
    changed = {"sigma": parameter("sigma", noise)} | {
        name: parameter(name, next(p.prior for p in problem.parameters if p.id == name), *ends)
        for name, ends in bounds.items()
    }
    problem = replace(problem, parameters=tuple(changed.get(p.id, p) for p in problem.parameters))
    x, c = signal * np.exp(-np.linspace(0.0, 3.0, 9)), np.ones(9)

    assert marginal(problem, x, c)[0] == pytest.approx(brute_force(problem, x, c), abs=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_slopes_are_those_of_the_marginal_likelihood(seed):
    rng = np.random.default_rng(seed)
    kinds = [*PRIORS, "wide"]
    problem = gel(gels=2, priors=tuple(rng.choice(kinds, 3)))
    x, c = rng.lognormal(0, 1, 18), rng.lognormal(0, 0.2, 18)
    _, by_value, by_noise = marginal(problem, x, c)

    for i in range(0, 18, 5):
        step = np.zeros(18)
        step[i] = 1e-4
        assert x[i] * by_value[i] == pytest.approx(
            (marginal(problem, x * (1 + step), c)[0] - marginal(problem, x * (1 - step), c)[0]) / 2e-4, abs=2e-3
        )
        assert c[i] * by_noise[i] == pytest.approx(
            (marginal(problem, x, c * (1 + step))[0] - marginal(problem, x, c * (1 - step))[0]) / 2e-4, abs=2e-3
        )


@pytest.mark.parametrize("seed", range(30))
def test_a_finer_rule_gives_the_same(seed):
    rng = np.random.default_rng(100 + seed)
    problem = gel(gels=int(rng.integers(1, 4)), priors=tuple(rng.choice([*PRIORS, "wide"], 3)))
    size = len(problem.measurements)
    x = rng.lognormal(rng.normal(), rng.choice([0.3, 1.0, 2.0]), size)
    x[: size // 4] *= rng.choice([0.0, 1.0])

    assert marginal(problem, x, np.ones(size))[0] == pytest.approx(
        marginal(problem, x, np.ones(size), RULES[1])[0], abs=5e-4
    )


def drawn(seed):
    """Gels of data drawn with scales and offsets of three decades, some with hardly any signal; and predictions."""
    rng = np.random.default_rng(seed)
    gels, size = int(rng.integers(1, 4)), int(rng.integers(5, 12))
    problem = gel(gels=gels, size=size, priors=("log-normal",) * 3)
    x = np.tile(np.exp(-np.linspace(0.0, 3.0, size)) * rng.lognormal(0.0, 0.5), gels)
    scale, offset = (np.repeat(rng.lognormal(-1.0, 1.5, gels), size) for _ in range(2))
    values = (scale * x + offset) * np.exp(rng.lognormal(-2.0, 0.7) * rng.normal(size=len(x)))
    problem = replace(problem, measurements=problem.measurements.assign(value=values))
    return problem, x * np.exp(rng.choice([0.0, 0.2, 0.7]) * rng.normal(size=len(x)))


@pytest.mark.parametrize("seed", range(30))
def test_a_gel_of_hardly_any_signal_is_integrated_as_well(seed):
    """Its ratio of offset to scale is known by the priors alone: nothing else ends the integral."""
    problem, x = drawn(seed)
    (value, slopes, _), (exact, fine, _) = (
        marginal(problem, x, np.ones(len(x)), rules) for rules in (RULES[0], tuple(map(legendre, (96, 400, 150))))
    )

    assert value == pytest.approx(exact, abs=2e-4)
    np.testing.assert_allclose(x * slopes, x * fine, atol=6e-3)


@pytest.mark.parametrize("noise", [0.003, 0.01, 0.1])
@pytest.mark.parametrize("away", [2.5, 4.0])
def test_data_of_little_noise_that_contradict_the_prior_of_their_scale_are_the_sum_of_both_explanations(away, noise):
    """A small noise and an unlikely scale, or a large noise: parts of the noise's range make up the whole."""
    problem, rng = gel(size=12), np.random.default_rng(1)
    x = np.exp(-np.linspace(0.0, 3.0, 12)) * np.exp(noise * rng.normal(size=12))
    values = (4.0 * x + 0.4) * np.exp(noise * rng.normal(size=12))

    def weighted(low, high):
        sigma = parameter("sigma", Prior("uniform", (low, high)), low, high)
        scale = parameter("scale_1", Prior("log-normal", (math.log(4.0) - 0.9 * away, 0.9)))
        changed = {"sigma": sigma, "scale_1": scale, "offset_1": parameter("offset_1", WIDE, 1e-6, 1e6)}
        own = replace(
            problem,
            parameters=tuple(changed.get(p.id, p) for p in problem.parameters),
            measurements=problem.measurements.assign(value=values),
        )
        return marginal(own, x, np.ones(12))[0] + math.log(high - low)

    parts = [weighted(low, high) for low, high in ((0.0, 0.2), (0.2, 1.0), (1.0, 1000.0))]

    assert weighted(0.0, 1000.0) == pytest.approx(np.logaddexp.reduce(parts), abs=0.01)


@pytest.mark.parametrize("low", [0.02, 0.18, 0.5])
@pytest.mark.parametrize("away", [2.0, 4.0, 5.5, 8.0])
def test_a_scale_and_noise_are_the_normal_distribution_that_they_make_together(away, low):
    """Given the noise, logarithms have a covariance of the scale's variance and the noise's; which is summed over."""
    problem, rng = gel(formula="scale * A"), np.random.default_rng(3)
    problem = replace(
        problem,
        measurements=problem.measurements.assign(observable_parameters=[(symbol("scale_1"),)] * 9),
        observables=(replace(problem.observables[0], placeholders=("scale",)),),
    )
    x = np.exp(-np.linspace(0.0, 3.0, 9))
    logs = np.log(x) - 0.85 + 0.28 * rng.normal(size=9)
    mean, sd, high = -0.85 - 0.25 * away, 0.25, 5.0
    changed = {
        "sigma": parameter("sigma", Prior("log-normal", (0.4, 1.5)), low, high),
        "scale_1": parameter("scale_1", Prior("log-normal", (mean, sd))),
    }
    own = replace(
        problem,
        parameters=tuple(changed.get(p.id, p) for p in problem.parameters if p.id != "offset_1"),
        measurements=problem.measurements.assign(value=np.exp(logs)),
    )

    y, weights = nodes(math.log(low), math.log(high), 20)
    together = [np.full((9, 9), sd**2) + math.exp(2 * at) * np.eye(9) for at in y]
    likelihoods = [multivariate_normal(np.log(x) + mean, covariance).logpdf(logs) for covariance in together]
    prior = [log_density(changed["sigma"], math.exp(at)) + at for at in y]
    expected = np.logaddexp.reduce(np.array(likelihoods) + prior + np.log(weights)) - logs.sum()
    assert marginal(own, x, np.ones(9))[0] == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("kind", ["normal", "log-normal", "laplace", "log-laplace"])
def test_noise_alone_is_integrated_out_of_every_distribution(kind):
    problem = gel(kind, formula="A", priors=("log-normal",) * 3)
    problem = replace(problem, measurements=problem.measurements.assign(observable_parameters=[()] * 9),
                      parameters=tuple(p for p in problem.parameters if not p.id.endswith("_1")),
                      observables=(replace(problem.observables[0], placeholders=()),))  # fmt: skip
    x, c, measured = np.exp(-np.linspace(0, 2, 9)), np.full(9, 1.1), problem.measurements["value"].to_numpy()
    y, w = nodes(-6, 5)
    prior = next(p for p in problem.estimated if p.id == "sigma")
    each = [
        noise_density(problem.noise_kinds, measured, x, c * s, problem.sides).sum() + log_density(prior, s)
        for s in np.exp(y)
    ]

    assert find_nuisance(problem).parameters == ("sigma",)
    assert marginal(problem, x, c)[0] == pytest.approx(np.logaddexp.reduce(np.array(each) + y + np.log(w)), abs=1e-5)


def test_parameters_are_integrated_out_by_their_place():
    found = find_nuisance(gel(gels=2))

    assert set(found.parameters) == {"scale_1", "offset_1", "scale_2", "offset_2", "sigma"}
    assert len(found.groups) == 1
    assert found.sampled == {}


@pytest.mark.parametrize(
    ("change", "sampled"),
    [
        ({"kind": "normal"}, {"scale_1": "only with log-normal noise is it integrated out",
                              "offset_1": "only with log-normal noise is it integrated out"}),
        ({"kind": "log-student-t"}, {"scale_1": "only with log-normal noise is it integrated out",
                                     "sigma": "with Student's t it is not integrated out"}),
        ({"noise": "sigma * scale"}, {"scale_1": "it enters in another way than as scale, offset or noise"}),
        ({"formula": "scale * A**2 + offset * A"},
         {"offset_1": "it enters in another way than as scale, offset or noise"}),
        ({"size": 3}, {"scale_1": "there are too few measurements", "offset_1": "there are too few measurements",
                       "sigma": "there are too few measurements"}),
    ],
)  # fmt: skip
def test_what_cannot_be_integrated_out_is_sampled_and_says_why(change, sampled):
    found = find_nuisance(gel(**change)).sampled

    assert {name: found.get(name) for name in sampled} == sampled


def test_measurements_beyond_a_limit_keep_their_parameters_in_the_sampler():
    problem = gel(gels=2)
    table = problem.measurements.assign(censored=["below"] + [""] * 17)
    found = find_nuisance(replace(problem, measurements=table))

    assert found.sampled == dict.fromkeys(
        ("scale_1", "offset_1", "sigma"), "some of its measurements lie beyond a limit"
    )
    assert set(found.parameters) == {"scale_2", "offset_2"}


def test_a_scale_with_another_prior_is_sampled():
    problem = gel()
    gamma = tuple(replace(p, prior=Prior("gamma", (2.0, 1.0))) if p.id == "scale_1" else p for p in problem.parameters)
    found = find_nuisance(replace(problem, parameters=gamma))

    assert found.sampled == {"scale_1": "its prior is not one of those that have a closed form"}
    assert set(found.parameters) == {"offset_1", "sigma"}


def test_log_quadratic_priors_are_known_by_their_density():
    a, b, c = log_quadratic(parameter("k", Prior("log-normal", (0.3, 0.5))))
    flat = log_quadratic(parameter("k", WIDE, 1e-6, 1e6))

    assert (b, c) == pytest.approx((0.3 / 0.25, 1 / 0.25))
    assert a == pytest.approx(-0.5 * (0.3 / 0.5) ** 2 - math.log(0.5 * math.sqrt(2 * math.pi)))
    assert flat == pytest.approx((-math.log(math.log(1e12)), 0.0, 0.0))
    assert log_quadratic(parameter("k", Prior("normal", (1.0, 0.1)))) is None


def test_both_engines_give_the_marginal_density():
    problem = gel(gels=2)
    nuisance = find_nuisance(problem)
    fast, slow = (Density(problem, compile(problem, engine=name), nuisance) for name in ("rosenbrock", "diffsol"))
    point = fast.unconstrained(np.array([p.nominal for p in problem.estimated])[fast.places])

    assert fast.names == [p.id for p in problem.estimated if p.id not in nuisance.parameters]
    assert fast(point)[0] == pytest.approx(slow(point)[0], abs=1e-4)
    np.testing.assert_allclose(fast(point)[1], slow(point)[1], rtol=1e-3)


def test_the_error_that_the_rules_make_is_told(monkeypatch):
    problem = gel(gels=2)
    density = Density(problem, compile(problem), find_nuisance(problem))
    thetas = np.exp(np.random.default_rng(3).normal(0.0, 0.2, (30, len(problem.estimated))))
    thetas *= [p.nominal for p in problem.estimated]
    fine = density.quadrature_error(thetas)
    monkeypatch.setattr(module, "RULES", (tuple(map(legendre, (3, 4, 3))), RULES[1]))

    assert 0.0 < fine < 1e-3
    assert density.quadrature_error(thetas) > 10 * fine
    assert Density(problem, compile(problem)).quadrature_error(thetas) == 0.0


def test_draws_afterwards_follow_the_conditional_distribution():
    """Known answer: the noise's and the scale's margins by a product rule at fixed dynamics."""
    problem = gel(priors=("log-normal", "log-normal", "log-normal"))
    engine, nuisance = compile(problem), find_nuisance(problem)
    template = reference(problem, nuisance)
    nominal = np.array([p.nominal for p in problem.estimated])
    sampled = np.tile(nominal[np.isnan(template)], (3000, 1))
    thetas = restore(problem, engine, nuisance, sampled, np.random.SeedSequence(4), 2)
    x = engine.simulate(np.where(np.isnan(template), nominal, template)).prediction
    p = {q.id: q for q in problem.estimated}
    grids = [nodes(low, high, 6) for low, high in ((-3, 3.5), (-5, 3.5), (-4, 2))]
    (u, _), (v, _), (y, _) = grids
    prior = [np.array([log_density(p[n], math.exp(t)) + t for t in g[0]])
             for n, g in zip(("scale_1", "offset_1", "sigma"), grids, strict=True)]  # fmt: skip
    median = np.exp(v)[None, :, None] + np.exp(u)[:, None, None] * x
    square = np.sum((np.log(problem.measurements["value"].to_numpy()) - np.log(median)) ** 2, axis=-1)
    joint = -0.5 * square[..., None] * np.exp(-2 * y) - len(x) * y
    joint = joint + prior[0][:, None, None] + prior[1][:, None] + prior[2]
    joint = np.exp(joint - joint.max()) * grids[0][1][:, None, None] * grids[1][1][:, None] * grids[2][1]
    for axis, name in enumerate(("scale_1", "offset_1", "sigma")):
        mass = joint.sum(axis=tuple({0, 1, 2} - {axis}))
        margin = np.cumsum(mass) - 0.5 * mass
        own = np.log(thetas[:, [q.id for q in problem.estimated].index(name)])
        level = np.interp(own, grids[axis][0], margin / mass.sum())
        assert kstest(level, "uniform").pvalue > 1e-3, name


@pytest.mark.slow
def test_a_fit_is_the_same_with_nuisance_integrated_out_or_sampled():
    problem = gel(gels=2, size=7)
    settings = FitSettings(seed=3, chains=4, tune=300, draws=1500, starts=3, threads=2)
    short, long = (fit_problem(problem, replace(settings, nuisance=how)) for how in ("integrated", "sampled"))
    names = [p.id for p in problem.estimated]

    assert list(short["posterior"].data_vars) == names
    assert set(json.loads(short["posterior"].attrs["integrated"])) == {*names} - {"k"}
    assert np.isfinite(short["log_likelihood"]["gel"]).all()
    for name in names:
        levels = (0.05, 0.25, 0.5, 0.75, 0.95)
        one, other = (np.quantile(np.log(fit["posterior"][name]), levels) for fit in (short, long))
        np.testing.assert_allclose(one, other, atol=0.15 * float(np.log(long["posterior"][name]).std()), err_msg=name)
