"""Errors that hang together along courses, in the compiled density: sampled, integrated out, drawn back, and stated."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from il6infer.diagnosis.along_courses import courses_in, independent
from il6infer.diagnosis.predictive import residuals
from il6infer.engine import compile
from il6infer.inference.collapsed import RULES
from il6infer.inference.collapsed_groups import collapsed_at
from il6infer.inference.collapsed_tables import reference, tables_of
from il6infer.inference.density import Density
from il6infer.inference.nuisance import find_nuisance
from il6infer.inference.restored import restore
from il6infer.inference.run import fit_problem
from il6infer.network.network import symbol
from il6infer.problems import courses
from il6infer.problems.priors import distribution, draw, log_density
from il6infer.problems.spec import Problem
from il6infer.pymc.agreement import largest_difference
from il6infer.stages.settings import FitSettings
from tests.held_out.problems import decay
from tests.inference.test_nuisance import gel, nodes
from tests.zoo.along_courses import SHARE, TIME, correlated, decays


def steps(density: Density, point: np.ndarray) -> np.ndarray:
    """Gradient by central differences."""
    return np.array([
        (density(point + step)[0] - density(point - step)[0]) / 2e-5 for step in 1e-5 * np.eye(len(point))
    ])  # fmt: skip


@pytest.mark.parametrize("shared", [False, True])
def test_the_density_is_prior_and_the_joint_density_of_each_course(shared):
    problem = correlated(decays(), shared=shared)
    engine = compile(problem)
    density = Density(problem, engine)
    for theta in draw(problem.estimated, 5, np.random.default_rng(0)):
        prior = sum(distribution(p.prior).logpdf(v) for p, v in zip(problem.estimated, theta, strict=True))
        found = engine.simulate(theta)
        joint = courses.log_density(problem, found.prediction, found.noise).sum()
        point = density.unconstrained(theta)
        ends = [density.constrained(point + side * 1e-6) for side in (1.0, -1.0)]
        jacobian = np.log((ends[0] - ends[1]) / 2e-6).sum()
        value, slope = density(point)

        assert value == pytest.approx(prior + joint + jacobian, rel=1e-7)
        np.testing.assert_allclose(slope, steps(density, point), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("kind", "shared"), [("log-normal", False), ("normal", False), ("normal", True)])
def test_the_pymc_model_states_the_same_density(kind, shared):
    problem = correlated(decays(kind=kind), shared=shared)
    engine = compile(problem)

    assert largest_difference(problem, engine, Density(problem, engine)) < 1e-8


def course_gel(**more) -> Problem:
    return correlated(gel(**more), time=0.8)


def marginal(problem, prediction, noise, rules=RULES[0]):
    tables = tables_of(problem, find_nuisance(problem))
    slopes = np.zeros(len(prediction)), np.zeros(len(prediction))
    return collapsed_at(*tables, prediction, noise, *slopes, rules), *slopes


def test_correlation_is_sampled_and_all_else_of_a_course_is_integrated_out():
    found = find_nuisance(course_gel(gels=2))

    assert set(found.parameters) == {"scale_1", "offset_1", "scale_2", "offset_2", "sigma"}
    assert found.sampled == dict.fromkeys((TIME, SHARE), "it says how errors hang together")


def joint_on_grids(problem, prediction, noise):
    """Log-density of values, scale, offset and noise of one gel at nodes of their logarithms, and the nodes."""
    p = {q.id: q for q in problem.estimated}
    grids = [nodes(low, high, 6) for low, high in ((-3, 3.5), (-5, 3.5), (-4, 2))]
    (u, _), (v, _), (y, _) = grids
    prior = [np.array([log_density(p[n], math.exp(t)) + t for t in g[0]])
             for n, g in zip(("scale_1", "offset_1", "sigma"), grids, strict=True)]  # fmt: skip
    [course] = courses.courses_of(problem)
    x, c = prediction[course.rows], noise[course.rows]
    known = courses.correlation(course, prediction, noise) * np.outer(c, c)
    values = np.log(problem.measurements["value"].to_numpy()[course.rows])
    away = values - np.log(np.exp(v)[None, :, None] + np.exp(u)[:, None, None] * x)
    square = np.einsum("abi,ij,abj->ab", away, np.linalg.inv(known), away)
    joint = -0.5 * square[..., None] * np.exp(-2 * y) - len(x) * y
    joint += prior[0][:, None, None] + prior[1][:, None] + prior[2]
    joint -= 0.5 * np.linalg.slogdet(known)[1] + values.sum() + 0.5 * len(x) * math.log(2 * math.pi)
    return joint, grids


@pytest.mark.parametrize(("time", "share"), [(0.6, 0.0), (0.6, 0.5), (2.0, 0.9), (0.1, 0.7)])
def test_the_marginal_likelihood_is_that_of_brute_force(time, share):
    problem = course_gel(priors=("log-normal",) * 3)
    x, c = np.append(np.exp(-np.linspace(0.0, 3.0, 9)) * 1.3, time), np.append(np.linspace(0.8, 1.2, 9), share)
    joint, grids = joint_on_grids(problem, x, c)
    whole = joint + sum(np.log(g[1]).reshape(shape) for g, shape in zip(
        grids, ((-1, 1, 1), (1, -1, 1), (1, 1, -1)), strict=True))  # fmt: skip

    assert marginal(problem, x, c)[0] == pytest.approx(np.logaddexp.reduce(whole.ravel()), abs=5e-4)


@pytest.mark.parametrize("seed", range(4))
def test_slopes_are_those_of_the_marginal_likelihood_those_of_the_carrier_too(seed):
    rng = np.random.default_rng(seed)
    problem = course_gel(gels=2, priors=tuple(rng.choice(["log-uniform", "log-normal", "uniform"], 3)))
    x, c = rng.lognormal(0, 0.7, 19), rng.lognormal(0, 0.2, 19)
    c[-1] = rng.uniform(0.1, 0.9)
    _, by_value, by_noise = marginal(problem, x, c)
    for i in (0, 4, 13, 18):
        step = np.zeros(19)
        step[i] = 1e-4
        by_steps = [
            (marginal(problem, x * (1 + step), c)[0] - marginal(problem, x * (1 - step), c)[0]) / 2e-4,
            (marginal(problem, x, c * (1 + step))[0] - marginal(problem, x, c * (1 - step))[0]) / 2e-4,
        ]
        np.testing.assert_allclose([x[i] * by_value[i], c[i] * by_noise[i]], by_steps, atol=2e-3)


def test_both_engines_give_the_marginal_density():
    problem = course_gel(gels=2)
    nuisance = find_nuisance(problem)
    fast, slow = (Density(problem, compile(problem, engine=name), nuisance) for name in ("rosenbrock", "diffsol"))
    point = fast.unconstrained(np.array([p.nominal for p in problem.estimated])[fast.places] * 0.9)

    assert fast.names == ["k", TIME, SHARE]
    assert fast(point)[0] == pytest.approx(slow(point)[0], abs=1e-4)
    assert [fast.value(point), slow.value(point)] == [fast(point)[0], slow(point)[0]]
    np.testing.assert_allclose(fast(point)[1], slow(point)[1], rtol=1e-3)
    np.testing.assert_allclose(fast(point)[1], steps(fast, point), atol=2e-3)


def test_a_course_of_several_scales_is_sampled_and_says_why():
    problem = course_gel()
    other = gel(gels=2).parameters[-2:]
    given = problem.measurements["observable_parameters"].tolist()
    given[4] = (symbol("scale_2"), symbol("offset_2"))
    problem = replace(problem, parameters=(*problem.parameters, *other))
    found = find_nuisance(problem.with_measurements(problem.measurements.assign(observable_parameters=given)))

    why = "errors of a course hang together, and not all of it has it in the same place"
    assert found.parameters == ()
    assert {name: found.sampled[name] for name in ("scale_1", "offset_1", "sigma")} == dict.fromkeys(
        ("scale_1", "offset_1", "sigma"), why
    )


def test_draws_afterwards_follow_the_conditional_distribution():
    problem = course_gel(priors=("log-normal",) * 3)
    engine, nuisance = compile(problem), find_nuisance(problem)
    template = reference(problem, nuisance)
    nominal = np.array([p.nominal for p in problem.estimated])
    thetas = restore(
        problem, engine, nuisance, np.tile(nominal[np.isnan(template)], (3000, 1)), np.random.SeedSequence(4), 2
    )
    found = engine.simulate(np.where(np.isnan(template), nominal, template))
    joint, grids = joint_on_grids(problem, found.prediction, found.noise)
    joint = np.exp(joint - joint.max()) * grids[0][1][:, None, None] * grids[1][1][:, None] * grids[2][1]
    for axis, name in enumerate(("scale_1", "offset_1", "sigma")):
        mass = joint.sum(axis=tuple({0, 1, 2} - {axis}))
        margin = np.cumsum(mass) - 0.5 * mass
        own = np.log(thetas[:, [q.id for q in problem.estimated].index(name)])
        assert kstest(np.interp(own, grids[axis][0], margin / mass.sum()), "uniform").pvalue > 1e-3, name


@pytest.mark.slow
def test_a_fit_says_how_errors_hang_together_and_is_judged_by_what_is_left_of_them():
    problem = correlated(decay({"g1": 1.0, "g2": 2.0, "g3": 0.5}), time=2.0)
    engine, theta = compile(problem), np.array([p.nominal for p in problem.estimated])
    theta[[p.id for p in problem.estimated].index(SHARE)] = 0.9
    found = engine.simulate(theta)
    values = courses.draw(problem, found.prediction, found.noise, np.random.default_rng(0))
    values[-1] = 0.0
    problem = problem.with_measurements(problem.measurements.assign(value=values))
    idata = fit_problem(problem, FitSettings(seed=3, chains=2, tune=200, draws=300, starts=2, threads=1))
    told = json.loads(idata["posterior"].attrs["correlated"])["x"]

    assert told["time"] == pytest.approx(float(np.median(idata["posterior"][TIME])), rel=1e-3)
    assert told["share"] == pytest.approx(float(np.median(idata["posterior"][SHARE])), rel=1e-3)
    assert idata["log_likelihood"]["x"].shape == (2, 300, 21)
    assert json.loads(idata["posterior"].attrs["noise"]) == {"x": "log-normal"}
    left, all_of_it = residuals(idata, "x"), standard_of_each(idata)
    assert [len(rows) for rows, _ in courses_in(idata, "x")] == [7, 7, 7]
    for rows, matrix in courses_in(idata, "x"):
        np.testing.assert_allclose(np.linalg.cholesky(matrix) @ left[rows], all_of_it[rows], rtol=1e-9)
    # 21 values whose errors hang together are worth fewer, and the range of their coverage is wider.
    assert independent(idata, "x") < 21


def standard_of_each(idata):
    """Residuals without what errors along a course have to do with each other."""
    observed, drawn = (np.log(idata[group]["x"].values) for group in ("observed_data", "posterior_predictive"))
    drawn = drawn.reshape(-1, len(observed))
    return (observed - drawn.mean(axis=0)) / drawn.std(axis=0)
