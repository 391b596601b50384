"""What to measure next, on cases whose answers are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from il6infer.prediction.design import SCALE, design
from il6infer.prediction.planning import Readings, plan_of
from il6infer.problems.noise import NOISES, error_of


def draws(count: int = 4000, columns: int = 2) -> np.ndarray:
    """Independent standard normal columns, exactly uncorrelated and of unit variance."""
    raw = np.random.default_rng(7).normal(size=(count, columns))
    raw -= raw.mean(axis=0)
    return raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False)).T)


def planned(parameters, readings, noise=0.5, lanes=2, scaling=0.0, groups=None, costs=None):
    count = readings.shape[1]
    return design(
        parameters, readings, np.full(count, noise), np.full(count, scaling), groups or ["gel"] * count, lanes,
        np.ones(count) if costs is None else np.array(costs), np.random.default_rng(1),
    )  # fmt: skip


def test_a_linear_case_shrinks_as_the_formula_says():
    theta = draws()
    found = planned(theta[:, :1], np.stack([theta[:, 0], theta[:, 1]], axis=1), lanes=2)

    # Twice y = theta + 0.5 noise: variance 1 / (1 + 2 / 0.25), information ln(9) / 2.
    assert found.lanes == (0, 0)
    replicates = planned(theta[:, :1], np.stack([theta[:, 0], 0.999 * theta[:, 0]], axis=1), lanes=2)
    assert replicates.shrinkage[0] == pytest.approx(np.sqrt(1 / 9), rel=1e-2)
    assert sum(replicates.gains) == pytest.approx(np.log(9) / 2, rel=1e-2)


def test_what_does_not_depend_on_the_parameter_is_not_measured():
    theta = draws(columns=3)
    found = planned(theta[:, :1], np.stack([theta[:, 1], theta[:, 0], theta[:, 2], 1.1 * theta[:, 0]], axis=1), lanes=4)

    assert set(found.lanes) <= {1, 3}
    assert sum(found.gains) > found.random


def test_an_unknown_scale_needs_a_lane_to_compare_with():
    theta = draws()
    changing, steady = theta[:, 0], np.zeros(len(theta))
    found = planned(theta[:, :1], np.stack([changing, steady, changing], axis=1), noise=0.1, lanes=2, scaling=1.0)

    # Two lanes that change alike cannot be told from a brighter gel: one of them and the steady one can.
    assert 1 in found.lanes
    variance = 1 - 1 / (1 + 0.01 + 0.01 / (1 + 0.01 / SCALE**2))
    assert found.shrinkage[0] == pytest.approx(np.sqrt(variance), rel=1e-2)


def test_a_dear_lane_gives_way_to_a_cheap_one_that_says_as_much():
    theta = draws()
    both = np.stack([theta[:, 0], theta[:, 0]], axis=1)

    assert planned(theta[:, :1], both, lanes=3, costs=[10.0, 1.0]).lanes[-1] == 1
    assert planned(theta[:, :1], both, lanes=3, costs=[1.0, 10.0]).lanes[-1] == 0


def test_the_plan_shrinks_a_simulated_posterior_as_foretold_and_more_than_a_random_one():
    """The intervals after data of a known truth, by weights on the draws, against what the plan foretells."""
    theta = draws(20000)
    slopes = np.array([[1.0, 0.0], [0.3, 0.0], [0.0, 0.2], [0.0, 1.0], [0.1, 0.1]])
    readings = theta @ slopes.T
    found = planned(theta, readings, noise=0.5, lanes=2)
    rng = np.random.default_rng(2)

    def spread(lanes) -> float:
        sds = []
        for truth in theta[rng.integers(0, len(theta), 60)]:
            seen = truth @ slopes[list(lanes)].T + 0.5 * rng.normal(size=len(lanes))
            weights = np.exp(-0.5 * (((readings[:, list(lanes)] - seen) / 0.5) ** 2).sum(axis=1))
            weights /= weights.sum()
            sds.append(np.sqrt(weights @ theta**2 - (weights @ theta) ** 2))
        return float(np.mean(sds))

    chosen, random = spread(found.lanes), np.mean([spread(rng.integers(0, 5, 2)) for _ in range(10)])

    assert found.lanes == (0, 3)
    assert chosen == pytest.approx(found.shrinkage.mean(), rel=0.03)
    assert chosen < 0.7 * random


@pytest.mark.parametrize("kind", NOISES)
def test_the_plan_foretells_what_lanes_of_each_noise_tell(kind):
    """A hundred lanes of a known gel: the spread of the posterior that a grid gives, over data of known truths."""
    lanes, scale = 100, 4.0
    theta = draws()[:, :1]
    seen = np.exp(theta) if NOISES[kind].logarithmic else theta - theta.mean()
    problem = SimpleNamespace(estimated=[SimpleNamespace(id="k")], network=SimpleNamespace(parameters=("k",)))
    asked = SimpleNamespace(parameters=("k",), times=(0.0,), costs={}, lanes=lanes)
    pair = ("pSTAT3", "IL-6")
    steady = ("pSTAT3", "rest")
    noises = {pair: scale, steady: 1e-9}  # beside a lane that shows how bright the gel is
    readings = Readings(
        {at: (seen if at == pair else np.ones_like(seen), np.full_like(seen, s), kind) for at, s in noises.items()},
        np.zeros(1),
    )
    values = np.exp(theta)
    plan = plan_of(problem, asked, {at[1]: SimpleNamespace(title=at[1]) for at in noises}, values, readings, 1)
    error, rng = error_of(kind), np.random.default_rng(3)
    grid = np.linspace(-5, 5, 801)
    spreads = []
    for truth in rng.normal(size=1000):
        data = truth + scale * error.draw(rng, (sum(lane.done == "IL-6" for lane in plan.lanes),))
        log = -0.5 * grid**2 - error.loss((data[:, None] - grid) / scale)[0].sum(axis=0)
        weights = np.exp(log - log.max()) / np.exp(log - log.max()).sum()
        spreads.append(weights @ grid**2 - (weights @ grid) ** 2)

    # Of Laplace noise 5 %: it is the slowest to get there.
    assert plan.shrinkage["k"] == pytest.approx(np.sqrt(np.mean(spreads)), rel=0.07)
