"""Errors that hang together along a course: densities, slopes, draws, information, and what cannot have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from il6infer._errors import UserError
from il6infer.network.network import symbol
from il6infer.problems import courses
from il6infer.problems.courses import Information, courses_of, with_correlation
from il6infer.problems.noise import log_density as white_density
from tests.zoo import toy
from tests.zoo.along_courses import correlated, decays


def random_simulation(problem, rng, shape=()):
    """Predictions and noise of every row, those of the carrier among them."""
    size = len(problem.measurements)
    prediction, noise = np.exp(rng.normal(size=(*shape, size)) - 1.0), np.exp(0.3 * rng.normal(size=(*shape, size)))
    for row in courses.carriers_of(problem).values():
        prediction[..., row] = np.exp(rng.normal(size=shape))
        noise[..., row] = rng.uniform(0.0, 0.95, size=shape)
    return prediction, noise


def by_scipy(problem, prediction, noise, *, shared=False):
    """Log-density of all values together, every course a multivariate normal of scipy, every other value on its own."""
    table, done, total = problem.measurements, set(), 0.0
    logs = problem.observables[0].distribution == "log-normal"
    line = np.log if logs else np.array
    for _, rows in table.groupby(
        ["observable", "batch", "experiment", *([] if shared else ["replicate"])]
    ).groups.items():
        at = rows.to_numpy()
        if str(table["observable"][at[0]]).startswith(("correlation_of_", "shared_correlation_of_")):
            continue
        carrier = courses.carriers_of(problem)[table["observable"][at[0]]]
        times = table["time"].to_numpy()[at]
        known = noise[carrier] * np.exp(-np.abs(np.subtract.outer(times, times)) / prediction[carrier])
        np.fill_diagonal(known, 1.0)
        values = table["value"].to_numpy()[at]
        known = known * np.outer(noise[at], noise[at])
        total += multivariate_normal(line(prediction[at]), known).logpdf(line(values))
        total -= np.log(values).sum() if logs else 0.0
        done |= set(at.tolist())
    return total, done


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("kind", ["log-normal", "normal"])
@pytest.mark.parametrize("seed", range(5))
def test_the_joint_density_is_that_of_scipys_multivariate_normal(kind, seed, shared):
    problem = correlated(decays(kind=kind, seed=seed), shared=shared)
    prediction, noise = random_simulation(problem, np.random.default_rng(seed))
    expected, rows = by_scipy(problem, prediction, noise, shared=shared)

    assert len(rows) == len(problem.data)
    assert courses.log_density(problem, prediction, noise).sum() == pytest.approx(expected, abs=1e-10)


def test_each_density_is_that_given_the_earlier_lanes_alone():
    # Without a later lane, the densities of the earlier ones are the same.
    problem = correlated(decays(gels=1))
    prediction, noise = random_simulation(problem, np.random.default_rng(3))
    found = courses.log_density(problem, prediction, noise)
    kept = np.array([0, 1, 2, 3, 4, 6])
    shorter = problem.with_measurements(problem.measurements.iloc[kept])

    np.testing.assert_allclose(courses.log_density(shorter, prediction[kept], noise[kept]), found[kept])


def test_many_simulations_have_the_densities_of_each_one():
    problem = correlated(decays())
    prediction, noise = random_simulation(problem, np.random.default_rng(4), (3, 2))
    found = courses.log_density(problem, prediction, noise)

    np.testing.assert_allclose(found[2, 1], courses.log_density(problem, prediction[2, 1], noise[2, 1]))


@pytest.mark.parametrize("kind", ["log-normal", "normal"])
def test_slopes_are_those_of_finite_differences(kind):
    problem = correlated(decays(kind=kind))
    both = np.stack(random_simulation(problem, np.random.default_rng(5)))
    found = np.stack(courses.slopes(problem, *both))
    for place in np.ndindex(*both.shape):
        ends = []
        for side in (1e-6, -1e-6):
            moved = both.copy()
            moved[place] += side
            ends.append(courses.log_density(problem, *moved).sum())
        assert found[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=2e-6 * (1 + abs(found[place])))


def test_without_a_share_the_densities_are_those_of_errors_of_their_own():
    problem = correlated(decays())
    prediction, noise = random_simulation(problem, np.random.default_rng(6))
    noise[list(courses.carriers_of(problem).values())] = 0.0
    found = courses.log_density(problem, prediction, noise)
    values = problem.measurements["value"].to_numpy()
    white = white_density(problem.noise_kinds, values, prediction, noise + 1e-9, problem.sides)

    np.testing.assert_allclose(found[:-1], white[:-1], rtol=1e-6)
    assert found[-1] == 0.0


@pytest.mark.parametrize("kind", ["log-normal", "normal"])
def test_drawn_errors_have_the_correlation_and_the_noise(kind):
    problem = correlated(decays(kind=kind))
    rng = np.random.default_rng(7)
    prediction, noise = (np.tile(one, (20_000, 1)) for one in random_simulation(problem, rng))
    drawn = courses.draw(problem, prediction, noise, rng)
    z = (np.log(drawn) - np.log(prediction) if kind == "log-normal" else drawn - prediction) / noise

    for course in courses_of(problem):
        expected = courses.correlation(course, prediction[0], noise[0])
        np.testing.assert_allclose(np.cov(z[:, course.rows], rowvar=False), expected, atol=0.05)
    first, other = courses_of(problem)[0].rows[0], courses_of(problem)[1].rows[0]
    assert abs(np.corrcoef(z[:, first], z[:, other])[0, 1]) < 0.03


def test_courses_are_of_one_gel_condition_and_replicate_in_order_of_time():
    problem = correlated(decays())
    problem = problem.with_measurements(problem.measurements.iloc[::-1])
    found = [
        (len(c.rows), sorted(set(problem.measurements["batch"][c.rows])), list(c.times)) for c in courses_of(problem)
    ]

    assert sorted(found) == [
        (3, ["gel2"], [0.5, 2.0, 6.0]),
        (3, ["gel2"], [1.0, 4.0, 9.0]),
        (4, ["gel1"], [0.5, 2.0, 2.0, 5.0]),
        (6, ["gel0"], [0.5, 1.0, 2.0, 4.0, 6.0, 9.0]),
    ]


def test_replicates_of_one_gel_share_a_course_where_it_is_said():
    problem = correlated(decays(), shared=True)
    found = [(len(c.rows), set(problem.measurements["batch"][c.rows]), list(c.times)) for c in courses_of(problem)]

    assert found == [
        (6, {"gel0"}, [0.5, 1.0, 2.0, 4.0, 6.0, 9.0]),
        (4, {"gel1"}, [0.5, 2.0, 2.0, 5.0]),
        (6, {"gel2"}, [0.5, 1.0, 2.0, 4.0, 6.0, 9.0]),
    ]
    assert courses.shared_by_replicates(problem) == {problem.observables[0].id}
    assert courses.shared_by_replicates(correlated(decays())) == frozenset()


def test_the_information_is_the_covariance_of_the_scores():
    problem = correlated(decays(gels=1, kind="normal"))
    rng = np.random.default_rng(8)
    prediction, noise = random_simulation(problem, rng)
    course = courses_of(problem)[0]
    told = Information.of(course, prediction, noise)
    scores = []
    for values in courses.draw(problem, np.tile(prediction, (4000, 1)), np.tile(noise, (4000, 1)), rng):
        table = problem.measurements.assign(value=values)
        by_value, by_noise = courses.slopes(problem.with_measurements(table), prediction, noise)
        rows, at = course.rows, course.carrier
        scores.append([*by_value[rows] * noise[rows], *by_noise[rows] * noise[rows], by_value[at], by_noise[at]])
    found, lanes = np.cov(np.array(scores), rowvar=False), len(course.rows)
    expected = [root.T @ root for root in (told.medians, told.spreads)]

    for part, whole in ((found[:lanes, :lanes], expected[0]), (found[lanes:, lanes:], expected[1])):
        size = np.sqrt(np.diag(whole))
        np.testing.assert_allclose(part / np.outer(size, size), whole / np.outer(size, size), atol=0.15)


def test_other_noise_and_values_beyond_a_limit_are_refused_by_name():
    problem = toy.censored()
    with pytest.raises(UserError) as caught:
        with_correlation(problem, {o.id: (symbol("s"), symbol("sigma")) for o in problem.observables[1:3]})

    assert str(caught.value) == (
        "problem 'families', errors that hang together along a course: 3 faults\n"
        "  - observable 'obs_log_normal': 2 of its values lie beyond a limit, and what a limit says of the errors of "
        "other lanes has no closed form. Leave out values that are limits, or leave the read-out uncorrelated.\n"
        "  - observable 'obs_laplace': its noise is laplace; only normal and log-normal errors can be correlated. "
        "Give it normal or log-normal noise, or leave it uncorrelated.\n"
        "  - observable 'obs_laplace': 2 of its values lie beyond a limit, and what a limit says of the errors of "
        "other lanes has no closed form. Leave out values that are limits, or leave the read-out uncorrelated."
    )


def test_a_course_at_steady_state_has_errors_of_its_own():
    problem = correlated(decays(gels=1))
    table = problem.measurements.assign(time=[np.inf, 1.0, 2.0, np.inf, 6.0, 9.0, 0.5])
    [course] = courses_of(replace(problem, measurements=table))

    assert course.rows.tolist() == [1, 2, 4, 5]
