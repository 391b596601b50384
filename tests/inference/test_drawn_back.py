"""What is integrated out is drawn back from its distribution given the rest, at walls of its prior, too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from il6infer.engine import compile
from il6infer.inference.collapsed_tables import reference
from il6infer.inference.nuisance import find_nuisance
from il6infer.inference.restored import restore
from il6infer.problems.priors import quantile
from tests.inference.adversarial import SEEN, _line, log_densities, posterior

DRAWS, NODES = 4000, 20_001


def exact(problem, place, held):
    """Places of one parameter and the share of its distribution below each, the other held at a value."""
    _, back, (low, high) = _line(problem.estimated[place])
    for _ in range(4):
        mids = low + (high - low) * (np.arange(NODES) + 0.5) / NODES
        points = [np.full(NODES, held)] * 2
        points[place] = back(mids)
        logs = log_densities(problem, points) + np.log(np.gradient(points[place], mids))
        inside, step = np.flatnonzero(logs > logs.max() - SEEN), (high - low) / NODES
        low, high = mids[inside[0]] - 0.5 * step, mids[inside[-1]] + 0.5 * step
    shares = np.exp(logs - logs.max())
    return points[place], (np.cumsum(shares) - 0.5 * shares) / shares.sum()


@pytest.mark.parametrize("name", ["offset", "few", "few, Laplace", "log-normal"])
def test_draws_of_an_offset_or_a_noise_are_of_its_distribution(name):
    """At a wall near the mass, too: steps that widened a slice were too small to leave it."""
    looked_at = 0
    for seed in range(100, 106):
        problem = posterior(name, seed)
        nuisance = find_nuisance(problem)
        if not nuisance.groups or len(problem.estimated) != 2:
            continue
        looked_at += 1
        places = np.flatnonzero(~np.isnan(reference(problem, nuisance)))
        [place], [other] = places, np.setdiff1d([0, 1], places)
        held = quantile(problem.estimated[other], 0.5)
        sampled = np.full((DRAWS, 1), held)
        drawn = restore(problem, compile(problem), nuisance, sampled, np.random.SeedSequence(seed), 1)[:, place]
        at, below = exact(problem, place, held)

        assert stats.kstest(np.interp(drawn, at, below), "uniform").pvalue > 1e-4, (name, seed)
    assert looked_at
