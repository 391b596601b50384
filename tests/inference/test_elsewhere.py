"""What lies where no chain has been is noticed, and nothing where draws are of the whole posterior."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from il6infer.inference.elsewhere import FEWEST, look_elsewhere
from il6infer.stages.elsewhere import MASS, VARIANCE

WIDE = 5.0
"""Standard deviation of every prior here."""


class Known:
    """A posterior of parameters on the line: normal priors, a likelihood that is a sum of normal bumps and a level."""

    def __init__(self, weights, means, sds, level=0.0, size=1):
        self.dimensions, self.weights, self.level = size, np.array(weights), level
        self.means, self.sds = np.array(means), np.array(sds)
        self.density = SimpleNamespace(names=[f"p{i}" for i in range(size)], constrained=lambda points: points)

    def points(self, values):
        return values

    def draw_prior(self, size, rng):
        return WIDE * rng.normal(size=(size, self.dimensions))

    def values(self, points):
        prior = -0.5 * (points**2).sum(axis=1) / WIDE**2 - self.dimensions * math.log(WIDE * math.sqrt(2 * math.pi))
        far = ((points[:, None] - self.means[:, None]) ** 2).sum(axis=2) / self.sds**2
        with np.errstate(divide="ignore"):
            likelihood = np.log(np.exp(-0.5 * far) @ self.weights + self.level)
        return prior, likelihood

    def grid(self):
        """Places (nodes,) in one dimension and their shares of the posterior."""
        at = np.unique(np.concatenate([np.linspace(-40, 40, 20001), *(m + s * np.linspace(-9, 9, 4001)
                                       for m, s in zip(self.means, self.sds, strict=True))]))  # fmt: skip
        logs = np.add(*self.values(at[:, None])) + np.log(np.gradient(at))
        shares = np.exp(logs - logs.max())
        return at, shares / shares.sum()

    def drawn(self, rng, within=(-math.inf, math.inf), size=4000):
        """Draws (chains, draws, 1) of what lies between two places."""
        at, shares = self.grid()
        shares = np.where((at > within[0]) & (at < within[1]), shares, 0.0)
        return rng.choice(at, size, p=shares / shares.sum()).reshape(4, -1, 1)


SPIKE = Known([1.0], [0.5], [0.05], level=3e-5)
MODES = Known([0.7, 0.3], [-3.0, 3.0], [0.2, 0.4])


@pytest.mark.parametrize("seed", range(3))
def test_a_spike_that_no_chain_left_has_the_mass_and_the_variance_of_the_base_around_it(seed):
    rng = np.random.default_rng(seed)
    drawn = SPIKE.drawn(rng, (0.25, 0.75))
    at, shares = SPIKE.grid()
    beyond = (at < drawn.min()) | (at > drawn.max())
    found = look_elsewhere(SPIKE, drawn, rng)

    assert found.mass == pytest.approx(shares[beyond].sum(), rel=0.25)
    exact = shares[beyond] @ (at[beyond] - drawn.mean()) ** 2 / drawn.var() / shares[~beyond].sum()
    assert exact > 5.0
    assert found.variance["p0"] == pytest.approx(exact, rel=0.25)
    assert found.missed


def test_a_mode_that_no_chain_reached_has_its_share():
    rng = np.random.default_rng(1)
    at, shares = MODES.grid()
    found = look_elsewhere(MODES, MODES.drawn(rng, (-math.inf, 0.0)), rng)

    assert found.mass == pytest.approx(shares[at > 0.0].sum(), abs=0.05)
    assert found.missed


@pytest.mark.parametrize("known", [SPIKE, MODES, Known([1.0], [0.0], [1.0])], ids=["spike", "modes", "one mode"])
def test_draws_of_the_whole_have_missed_nothing(known):
    """Of a spike a few draws lie outside: there is no standard deviation that these could tell, and none is judged."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found = look_elsewhere(known, known.drawn(rng), rng)

        assert found.mass < 0.5 * MASS
        assert found.variance.get("p0", 0.0) < VARIANCE


def test_in_many_dimensions_a_posterior_far_narrower_than_the_prior_has_missed_nothing():
    rng, size = np.random.default_rng(2), 25
    known = Known([1.0], np.ones((1, size)), [0.03], size=size)
    found = look_elsewhere(known, 1.0 + 0.03 * rng.normal(size=(4, 500, size)), rng)

    assert not found.missed


def test_few_draws_and_draws_that_never_moved_say_nothing():
    rng = np.random.default_rng(3)

    assert look_elsewhere(MODES, rng.normal(size=(1, FEWEST - 1, 1)), rng) is None
    assert look_elsewhere(MODES, np.ones((4, 500, 1)), rng) is None
