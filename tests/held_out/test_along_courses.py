"""Errors that hang together along courses: what is gained where they do, lost where they do not; held-out values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from il6infer.engine import compile
from il6infer.held_out.along_courses import along, shifted
from il6infer.held_out.evaluate import evaluate
from il6infer.inference.predictive import simulate_all
from il6infer.problems import courses
from il6infer.problems.noise import residuals
from il6infer.problems.spec import Problem
from tests.held_out.problems import decay, posterior
from tests.zoo import recovery, toy
from tests.zoo.along_courses import SHARE, TIME, correlated

TIMES = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0])
GELS = 5


def line() -> Problem:
    """y = a + b time on five gels of ten lanes, normal noise of known sd 0.5."""
    tables = [toy.measurements(0.0 * TIMES, TIMES).assign(batch=f"gel{gel}") for gel in range(GELS)]
    return toy.line().with_measurements(pd.concat(tables, ignore_index=True))


def made(share: float, seed: int) -> tuple[Problem, Problem]:
    """The same data, a = 1 and b = 0.5, for errors of their own and for ones that hang together over 3 min."""
    plain, with_courses = line(), correlated(line(), time=3.0)
    found = compile(with_courses).simulate(np.array([1.0, 0.5, 3.0, share]))
    values = courses.draw(with_courses, found.prediction, found.noise, np.random.default_rng(seed))
    return (
        plain.with_measurements(plain.measurements.assign(value=values[:-1])),
        with_courses.with_measurements(with_courses.measurements.assign(value=[*values[:-1], 0.0])),
    )


def left_out_gels(problem: Problem, seed: int) -> float:
    """Log-density of each gel given all others, summed over the gels."""
    density, drawn, weights = recovery.weighted_draws(problem, np.random.default_rng(seed))
    found = simulate_all(compile(problem), density.constrained(drawn))
    each, total = courses.log_density(problem, found.prediction, found.noise), 0.0
    for gel in range(GELS):
        own = each[:, (problem.measurements["batch"] == f"gel{gel}").to_numpy()].sum(axis=1)
        total -= np.log(np.sum(weights * np.exp(own.min() - own))) - own.min()
    return float(total)


@pytest.mark.slow
def test_leaving_gels_out_prefers_it_where_errors_hang_together_and_hardly_punishes_it_where_not():
    gains = {}
    for share in (0.8, 0.0):
        both = [made(share, seed) for seed in range(4)]
        gains[share] = [left_out_gels(with_courses, 1) - left_out_gels(plain, 1) for plain, with_courses in both]

    print(gains)
    assert min(gains[0.8]) > 0.5
    assert np.mean(gains[0.8]) > 2.5
    assert min(gains[0.0]) > -2.0


@pytest.mark.slow
def test_intervals_of_a_rate_hold_what_they_say_with_the_correlation_and_not_without():
    """60 data sets of a line on five gels whose share is 0.8, fitted both ways, and 60 of independent errors."""
    rng, truth = np.random.default_rng(21), {"a": 1.0, "b": 0.5, TIME: 3.0, SHARE: 0.8}
    shares: dict[str, list[float]] = {"with": [], "without": [], "with, of independent errors": []}
    for number in range(60):
        plain, with_courses = made(0.8, 100 + number)
        shares["with"].append(recovery.ranks(with_courses, truth, rng)["b"])
        shares["without"].append(recovery.ranks(plain, {"a": 1.0, "b": 0.5}, rng)["b"])
        shares["with, of independent errors"].append(recovery.ranks(made(0.0, 100 + number)[1], truth, rng)["b"])
    found = {
        which: {level: recovery.coverage(np.array(own), level) for level in (0.5, 0.9)} for which, own in shares.items()
    }

    print(found)
    for which in ("with", "with, of independent errors"):
        assert found[which][0.5] == pytest.approx(0.5, abs=0.15)
        assert found[which][0.9] == pytest.approx(0.9, abs=0.08)
    assert found["without"][0.5] < 0.4
    assert found["without"][0.9] < 0.86


@pytest.mark.slow
def test_correlation_time_and_share_are_recovered():
    """100 data sets simulated at draws of all priors: level, rate, correlation time and share."""
    rng = np.random.default_rng(22)
    ranks: list[dict[str, float]] = []
    for _ in range(100):
        data, truth = recovery.simulated(correlated(line(), time=3.0), rng)
        ranks.append(recovery.ranks(data, truth, rng))
    found = {
        name: {level: recovery.coverage(np.array([one[name] for one in ranks]), level) for level in (0.5, 0.9)}
        for name in ranks[0]
    }

    print(found)
    for name in found:
        assert found[name][0.5] == pytest.approx(0.5, abs=0.15)
        assert found[name][0.9] == pytest.approx(0.9, abs=0.09)


def held_out() -> tuple[Problem, np.ndarray]:
    problem = correlated(decay({"g1": 1.0}, offset=False, sigma=0.3), time=2.0)
    theta = np.array([0.3, 2.0, 2.0, 0.7])
    found = compile(problem).simulate(theta)
    values = courses.draw(problem, found.prediction, found.noise, np.random.default_rng(5))
    values[-1] = 0.0
    return problem.with_measurements(problem.measurements.assign(value=values)), theta


def test_a_held_out_value_is_predicted_from_the_others_of_its_course():
    problem, theta = held_out()
    found = compile(problem).simulate(theta)
    [course] = courses.courses_of(problem)
    values = problem.measurements["value"].to_numpy()[:-1]
    known = courses.correlation(course, found.prediction, found.noise) * 0.3**2
    away = np.log(values / found.prediction[:-1])
    told = along(problem, np.arange(7), {TIME: np.array([2.0]), SHARE: np.array([0.7])})
    kinds, median, noise = problem.noise_kinds[:-1], found.prediction[None, None, :-1], np.full((1, 1, 7), 0.3)
    moved, left = shifted(kinds, median, noise, residuals(kinds, values, median, noise), told)
    for i in range(7):
        others = np.delete(np.arange(7), i)
        weights = np.linalg.solve(known[np.ix_(others, others)], known[others, i])
        assert np.log(moved[0, 0, i] / median[0, 0, i]) == pytest.approx(weights @ away[others])
        assert left[0, 0, i] ** 2 == pytest.approx(known[i, i] - weights @ known[others, i])
    z = residuals(kinds, values, median, noise)
    together = told.more_together(z)[0, 0] - 0.5 * (z**2).sum() - 7 * np.log(0.3 * np.sqrt(2 * np.pi))
    assert together == pytest.approx(multivariate_normal(np.zeros(7), known).logpdf(away))


def test_held_out_gels_are_scored_given_the_others_of_their_course():
    problem, theta = held_out()
    ids = [p.id for p in problem.estimated]
    draws = {name: np.full(20, value) for name, value in zip(ids, theta, strict=True)}
    found = evaluate(problem, posterior(**draws), seed=1, engine="rosenbrock", rtol=1e-6, atol=1e-8)
    plain = replace(problem, observables=problem.observables[:1]).with_measurements(problem.measurements.iloc[:-1])
    alone = evaluate(plain, posterior(**draws), seed=1, engine="rosenbrock", rtol=1e-6, atol=1e-8)

    assert [p.value for s in found.series for p in s.points] == list(problem.measurements["value"][:-1])
    wide = [[np.log(p.q95 / p.q05) for s in one.series for p in s.points] for one in (found, alone)]
    assert np.all(np.array(wide[0]) < np.array(wide[1]))
    assert found.score.log_density > alone.score.log_density
