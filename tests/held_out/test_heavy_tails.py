"""Heavy-tailed noise, for gels with outliers: what one bad lane does, and intervals on simulated truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from il6infer.problems.spec import Problem
from tests.held_out.problems import TIMES, decay
from tests.zoo import recovery


def with_noise(kind: str) -> Problem:
    problem = decay({"g1": 1.0, "g2": 2.0}, offset=False)
    return replace(problem, observables=(replace(problem.observables[0], distribution=kind),))


@pytest.mark.slow
def test_one_bad_lane_moves_a_rate_less_where_tails_are_heavy():
    course = np.concatenate([2.0 * start * np.exp(-0.3 * np.array(TIMES)) for start in (1.0, 2.0)])
    course *= np.exp(0.05 * np.random.default_rng(3).normal(size=len(course)))
    bad = course.copy()
    bad[-1] *= 30.0
    moved = {}
    for kind in ("log-normal", "log-laplace", "log-student-t"):
        found = []
        for values in (course, bad):
            problem = with_noise(kind)
            problem = problem.with_measurements(problem.measurements.assign(value=values))
            density, drawn, weights = recovery.weighted_draws(problem, np.random.default_rng(4))
            found.append(weights @ drawn[:, density.names.index("k")])
        moved[kind] = abs(found[1] - found[0])

    print(moved)
    assert max(moved["log-laplace"], moved["log-student-t"]) < 0.3 * moved["log-normal"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["laplace", "log-laplace", "student-t", "log-student-t"])
def test_intervals_under_heavy_tails_hold_what_they_say(kind):
    """60 data sets simulated at draws of the priors; a rate, two scales and the noise."""
    rng, shares = np.random.default_rng(13), []
    for _ in range(60):
        data, truth = recovery.simulated(with_noise(kind), rng)
        shares += recovery.ranks(data, truth, rng).values()
    found = {level: recovery.coverage(np.array(shares), level) for level in (0.5, 0.9)}

    print(kind, found)
    # 240 ranks, 4 of one data set hang together.
    assert found[0.5] == pytest.approx(0.5, abs=0.08)
    assert found[0.9] == pytest.approx(0.9, abs=0.05)
