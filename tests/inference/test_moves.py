"""Moves of many points, and the mixtures they go by: the density stays as it is, whatever the mixture is worth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, norm

from il6infer.inference import moves
from il6infer.inference.mixture import Mixture, learn, learn_judged
from il6infer.inference.moves import hamiltonian, hop
from il6infer.inference.parts import Parts
from tests.inference.known_density import Known, apart


def test_a_hop_gives_the_slopes_of_where_the_points_are():
    known = Known([0.4, 0.6], [[-1.0, 0.0], [2.0, 0.5]], np.ones((2, 2)))
    rng, parts = np.random.default_rng(2), Parts(known)
    at = parts(known.drawn(0, 40, rng))
    wrong = Mixture(np.ones(1), np.zeros((1, 2)), *[np.array([2.0 * np.eye(2)])] * 2)
    after, rate = hop(parts, at, 0.5, wrong, rng)
    afresh = parts(after.points)

    assert 0.1 < rate < 0.9
    assert 0 < (after.points != at.points).any(axis=1).sum() < 40
    for name in ("prior", "likelihood", "prior_slope", "likelihood_slope"):
        np.testing.assert_allclose(getattr(after, name), getattr(afresh, name), rtol=1e-12, err_msg=name)


class Nowhere(Known):
    """A density that is nowhere finite."""

    def __init__(self):
        super().__init__([1.0], np.zeros((1, 2)), np.ones((1, 2)))

    def __call__(self, point):
        return -np.inf, np.zeros(2)


def test_a_hop_between_impossible_places_is_refused_without_a_warning(monkeypatch):
    parts, mixture = Parts(Nowhere()), Mixture(np.ones(1), np.zeros((1, 2)), *[np.eye(2)[None]] * 2)
    monkeypatch.setattr(Mixture, "log_density", lambda _, points: np.full(len(points), -np.inf))
    at = parts(np.ones((20, 2)))
    after, rate = hop(parts, at, 1.0, mixture, np.random.default_rng(1))

    assert rate == 0.0
    np.testing.assert_array_equal(after.points, at.points)


class Funnel(Known):
    """Two coordinates as wide as the exponential of a third: no step is right everywhere (Neal 2003)."""

    def __init__(self):
        super().__init__([1.0], np.zeros((1, 3)), np.ones((1, 3)))

    def __call__(self, point):
        v, x = point[0], point[1:]
        square = float((x**2).sum()) * np.exp(-2.0 * v)
        slope = np.concatenate([[-v / 4.0 - 2.0 + square], -x * np.exp(-2.0 * v)])
        return -(v**2) / 8.0 - 2.0 * v - 0.5 * square, slope

    def exact(self, size, rng):
        v = 2.0 * rng.normal(size=(size, 1))
        return np.concatenate([v, np.exp(v) * rng.normal(size=(size, 2))], axis=1)


def test_a_move_that_diverged_is_tried_in_shorter_steps_and_leaves_the_density_as_it_is(monkeypatch):
    known, normal = Funnel(), Mixture(np.ones(1), np.zeros((1, 3)), *[np.eye(3)[None]] * 2)
    rng, parts = np.random.default_rng(4), Parts(known)
    begun = known.exact(4000, rng)
    monkeypatch.setattr(moves, "DIVERGED", 20.0)
    at, left, diverged = parts(begun), np.zeros(4000), []
    for _ in range(12):
        now, _, off = hamiltonian(parts, at, 1.0, normal, 0.5, rng)
        left += (now.points != at.points).any(axis=1)
        at, diverged = now, [*diverged, off]
    where, stiff = begun[:, 0], np.abs(begun[:, 0] + 3.0) < 0.5
    again = np.mean(diverged)
    monkeypatch.setattr(moves, "SHORTER", 1.0)  # the second try is the first once more
    once, stuck, alone = parts(begun), np.zeros(4000), []
    for _ in range(12):
        now, _, off = hamiltonian(parts, once, 1.0, normal, 0.5, rng)
        stuck += (now.points != once.points).any(axis=1)
        once, alone = now, [*alone, off]

    assert kstest(at.points[:, 0] / 2.0, "norm").pvalue > 0.01
    assert kstest(at.points[:, 1] * np.exp(-at.points[:, 0]), "norm").pvalue > 0.01
    assert np.corrcoef(where, at.points[:, 0])[0, 1] < 0.9
    assert left[stiff].mean() > 3.0 * stuck[stiff].mean()
    assert again < 0.6 * np.mean(alone)


def test_a_mixture_that_is_judged_follows_a_bent_arm():
    """The Bayesian information criterion is content with fewer components, and what they propose is refused."""
    rng, centres = np.random.default_rng(6), np.zeros((2, 8))
    centres[:, 2] = [-4.0, 4.0]
    known = Known([0.06, 0.94], centres, np.ones((2, 8)), bend=0.3)
    draws, fresh = (np.concatenate([known.drawn(0, 120, rng), known.drawn(1, 1880, rng)]) for _ in range(2))
    rng.shuffle(draws)
    slopes, judges = np.zeros_like(draws), np.arange(2000) % 2 == 1
    few = learn(draws, slopes, np.full(2000, 1 / 2000), np.random.default_rng(1))
    many = learn_judged(draws, slopes, judges, np.random.default_rng(1))
    at, accepted = Parts(known)(fresh), []
    for mixture in (few, many):
        own, rng = [], np.random.default_rng(2)
        for _ in range(10):
            own.append(hop(Parts(known), at, 1.0, mixture, rng)[1])
        accepted.append(np.mean(own))

    assert len(many.weights) > len(few.weights)
    assert many.log_density(fresh).mean() > few.log_density(fresh).mean() + 0.02
    assert accepted[1] > accepted[0]


def test_both_moves_leave_the_density_as_it_is_whatever_the_mixture_is():
    known = Known([0.4, 0.6], [[-1.0, 0.0, 0.0], [2.0, 0.5, 0.0]], [[1.0, 0.5, 2.0], [0.7, 1.0, 1.0]])
    rng, parts = np.random.default_rng(2), Parts(known)
    chosen = rng.uniform(size=3000) < 0.4
    exact = np.where(chosen[:, None], known.drawn(0, 3000, rng), known.drawn(1, 3000, rng))
    wrong = Mixture(
        np.array([0.8, 0.2]), np.array([[0.0, 0.0, 1.0], [3.0, 0.0, 0.0]]), *[np.array([np.eye(3)] * 2)] * 2
    )
    at = parts(exact)
    for _ in range(15):
        at, hopped = hop(parts, at, 1.0, wrong, rng)
        at, moved, _ = hamiltonian(parts, at, 1.0, wrong, 0.4, rng)

    assert hopped > 0.1
    assert moved > 0.5
    for i in range(3):  # 3,000 independent points
        whole = [(w, norm(c[i], s[i])) for w, c, s in zip(known.weights, known.centres, known.widths, strict=True)]
        assert kstest(at.points[:, i], lambda x, whole=whole: sum(w * f.cdf(x) for w, f in whole)).pvalue > 0.005


def test_a_mixture_has_the_modes_of_its_draws_and_one_where_there_is_one():
    rng = np.random.default_rng(1)
    known = apart(10, 3)
    draws = np.concatenate([known.drawn(mode, n, rng) for mode, n in enumerate((200, 400, 1400))])
    slopes = np.array([known(draw)[1] for draw in draws])
    learnt = learn(draws, slopes, np.full(2000, 1 / 2000), rng)
    alone = learn(draws[:200], slopes[:200], np.full(200, 1 / 200), rng)

    order = np.argsort(learnt.weights)
    np.testing.assert_allclose(learnt.weights[order], [0.1, 0.2, 0.7], atol=0.01)
    np.testing.assert_allclose(learnt.means[order], known.centres, atol=0.25)
    assert alone.weights.tolist() == [1.0]
    # A normal mode has the frame of its covariance.
    np.testing.assert_allclose(alone.frames[0] @ alone.frames[0].T, np.diag(known.widths[0] ** 2), atol=0.05)


def test_a_block_is_drawn_from_its_distribution_given_the_others():
    rng = np.random.default_rng(4)
    root = np.linalg.cholesky(np.array([[1.0, 0.8, 0.0], [0.8, 1.0, 0.3], [0.0, 0.3, 1.0]]))
    mixture = Mixture(np.ones(1), np.array([[1.0, 2.0, 3.0]]), root[None], root[None])
    points = np.tile([1.5, 0.0, 3.5], (20_000, 1))
    drawn = mixture.redrawn(points, np.array([1]), rng)

    np.testing.assert_array_equal(drawn[:, [0, 2]], points[:, [0, 2]])
    assert drawn[:, 1].mean() == pytest.approx(2.0 + 0.8 * 0.5 + 0.3 * 0.5, abs=0.02)
    assert drawn[:, 1].var() == pytest.approx(1.0 - 0.8**2 - 0.3**2, abs=0.01)
