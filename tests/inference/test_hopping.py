"""Hops between modes: right weights from chains that never leave their mode, or chains that say so."""

from __future__ import annotations

import numpy as np
import pytest

from il6infer._interruption import Interruption, Stopped
from il6infer.draws import effective_draws, rank_rhat
from il6infer.inference import FitSettings, hopping, nuts, replicas
from il6infer.inference.hopping import HOPPING, LESSONS, sample
from il6infer.inference.tempered import APART, sample_as_needed
from tests.inference.known_density import Known, apart, values_of

SETTINGS = FitSettings(chains=4, draws=1000, threads=1)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("size", "modes"),
    [(5, 2), pytest.param(5, 3, marks=SLOW), (15, 3), pytest.param(40, 2, marks=SLOW), pytest.param(40, 3, marks=SLOW)],
)
def test_modes_of_unequal_weights_and_widths_are_weighed_right(size, modes):
    known = apart(size, modes)
    found = sample(known, known.chains([0, 1, modes - 1, 0]), range(4), SETTINGS)
    values = values_of(found, known)

    assert max(rank_rhat(values[..., i]) for i in range(size)) < APART
    worth = min(effective_draws(values[..., i]) for i in range(size))
    np.testing.assert_allclose(known.shares(values), known.weights, atol=2.5 / np.sqrt(worth))
    assert worth > 400
    assert found["posterior"].attrs["sampler"] == HOPPING


@pytest.mark.parametrize(
    ("size", "bend"), [(5, 0.3), pytest.param(20, 0.3, marks=SLOW), pytest.param(20, 2.0, marks=SLOW)]
)
def test_bent_modes_are_weighed_right_or_the_chains_disagree(size, bend):
    rng = np.random.default_rng(3)
    centres = np.zeros((2, size))
    centres[:, 2] = [-6.0, 6.0]
    known = Known([0.3, 0.7], centres, np.exp(0.5 * rng.normal(size=(2, size))), bend)
    values = values_of(sample(known, known.chains([0, 1, 0, 1]), range(4), SETTINGS), known)
    worst = max(rank_rhat(values[..., i]) for i in range(size))

    assert worst > APART or known.shares(values)[0] == pytest.approx(0.3, abs=0.05)


def seldom(known, draws=1000, stay=125):
    """Draws of chains that agree, and pass from mode to mode once in `stay` draws, each mode as long as the other."""
    modes = [(np.arange(draws) // stay + chain) % 2 for chain in range(4)]
    found = known.chains([0, 1, 0, 1], size=draws)
    rng = np.random.default_rng(9)
    both = [known.drawn(mode, 4 * draws, rng).reshape(4, draws, -1) for mode in (0, 1)]
    values = np.where(np.array(modes)[..., None] == 0, *both)
    for i, name in enumerate(known.names):
        found["posterior"][name] = (("chain", "draw"), values[..., i])
    return found


def test_auto_moves_draws_on_whose_chains_agree_and_pass_seldom(monkeypatch):
    known = Known([0.3, 0.7], [[-4.0, 0.0], [4.0, 0.0]], np.full((2, 2), 0.5))
    given = seldom(known)
    monkeypatch.setattr(nuts, "sample", lambda *_: given)
    values = values_of(sample_as_needed(known, [], range(4), SETTINGS), known)

    assert rank_rhat(values_of(given, known)[..., 0]) < APART
    assert known.shares(values_of(given, known))[0] == 0.5
    assert known.shares(values)[0] == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize(("little", "lessons"), [(0, 1), (1, 2), (9, 3)])
def test_hops_are_learnt_anew_where_their_draws_are_worth_too_little(little, lessons, monkeypatch):
    known, asked, rounds, learnt = Known([1.0], np.zeros((1, 2)), np.ones((1, 2))), [], [], []
    moved, learn_anew = hopping._round, hopping._learnt_from_walkers

    def counted(parts, at, mixture, step, rngs, hops):
        rounds.append((mixture, step, hops))
        return moved(parts, at, mixture, step, rngs, hops)

    def watched(points, *rest):
        learnt.append(points)
        return learn_anew(points, *rest)

    def wants(found):
        asked.append(values_of(found, known).reshape(4, hopping.WALKERS, -1, 2))
        return len(asked) <= little

    monkeypatch.setattr(hopping, "_round", counted)
    monkeypatch.setattr(hopping, "_learnt_from_walkers", watched)
    monkeypatch.setattr(hopping, "WALKERS", 10)
    settings = FitSettings(chains=4, draws=100, threads=1)
    found = values_of(sample(known, known.chains([0] * 4), range(4), settings, None, wants), known)
    mixtures = [mixture for i, (mixture, *_) in enumerate(rounds) if not i or mixture is not rounds[i - 1][0]]

    assert len(mixtures) == lessons
    for own, times in zip(mixtures, LESSONS, strict=False):
        steps = [rest for mixture, *rest in rounds if mixture is own]
        assert len({tuple(rest) for rest in steps[-10 * times :]}) == 1  # with one mixture, one step, as many hops
        assert len(steps) >= hopping.SHORTEST + 10 * times
    # What is judged, learnt from and given are the draws of one lesson.
    for kept, told in zip(learnt, asked, strict=False):
        np.testing.assert_array_equal(np.moveaxis(kept, 0, 2), told)
    if lessons < len(LESSONS):
        np.testing.assert_array_equal(found.reshape(asked[-1].shape), asked[-1])


def test_the_last_lesson_goes_on_and_gives_draws_of_all_of_it(monkeypatch):
    known, lengths = Known([1.0], np.zeros((1, 2)), np.ones((1, 2))), []
    made = hopping.moved_groups

    def watched(density, found, kept, *rest):
        lengths.append(len(kept))
        return made(density, found, kept, *rest)

    monkeypatch.setattr(hopping, "moved_groups", watched)
    monkeypatch.setattr(hopping, "WALKERS", 5)
    monkeypatch.setattr(hopping, "LAST", 170)
    asked, rounds = [], []
    moved = hopping._round
    monkeypatch.setattr(hopping, "_round", lambda *given: rounds.append(given[2]) or moved(*given))
    settings = FitSettings(chains=2, draws=50, threads=1)

    def wants(found):
        asked.append(values_of(found, known).reshape(2, 5, 10, 2))
        return True

    sample(known, known.chains([0] * 2), range(2), settings, None, wants)
    lasting = sum(mixture is rounds[-1] for mixture in rounds)

    assert lengths == [10] * len(asked)  # of each walker as many, whatever the lesson has come to
    assert len(asked) == 2 + 4  # 20, 40, 80 and 160 rounds in the last
    assert lasting == hopping.SHORTEST + 160
    # Every other draw of what was judged before is there again, and stands first.
    for before, after in zip(asked[2:], asked[3:], strict=False):
        np.testing.assert_array_equal(after[:, :, :5], before[:, :, ::2])


@pytest.mark.parametrize(("share", "left"), [(0.9, 1), (1.1, hopping.HOPS)])
def test_hops_that_are_hardly_ever_accepted_become_fewer_before_draws_are_kept(share, left, monkeypatch):
    known, rounds = Known([1.0], np.zeros((1, 2)), np.ones((1, 2))), []
    moved = hopping._round

    def refused(*given):
        rounds.append(given[5])
        at, _, *rest = moved(*given)
        return at, share * hopping.HOPELESS, *rest

    monkeypatch.setattr(hopping, "_round", refused)
    monkeypatch.setattr(hopping, "STUCK", 1.0)
    sample(known, known.chains([0] * 4), range(4), FitSettings(chains=4, draws=500, threads=1))

    assert rounds[: hopping.SHORTEST] == [hopping.HOPS] * hopping.SHORTEST
    assert set(rounds[hopping.SHORTEST + 1 :]) == {left}


@pytest.mark.parametrize("reason", ["hops are worth no more", "draws are worth enough"])
def test_auto_keeps_the_draws_of_nuts(reason, monkeypatch):
    known, worse = Known([0.3, 0.7], [[-4.0, 0.0], [4.0, 0.0]], np.full((2, 2), 0.5)), reason.startswith("hops")
    given = seldom(known) if worse else known.chains([1, 1, 1, 1])
    monkeypatch.setattr(nuts, "sample", lambda *_: given)
    asked = []
    monkeypatch.setattr(hopping, "sample", lambda *_: asked.append(1) or seldom(known, stay=250))

    assert sample_as_needed(known, [], range(4), SETTINGS) is given
    assert len(asked) == worse


def diverged(known, share):
    """Draws of chains that agree, of which such a share diverged."""
    found = known.chains([0, 0, 0, 0])
    wrong = np.zeros((4, 500), bool)
    wrong[0, : round(2000 * share)] = True
    found["sample_stats"]["diverging"] = (("chain", "draw"), wrong)
    return found


@pytest.mark.parametrize(
    ("shares", "targets", "kept"),
    [
        ([0.0005], [], 0),  # few enough
        ([0.003, 0.001], [0.95], 1),
        ([0.003, 0.002, 0.0], [0.95, 0.975], 2),
        ([0.003, 0.004, 0.003], [0.95, 0.975], 0),  # no run diverged less
    ],
)
def test_auto_samples_all_chains_again_with_smaller_steps_where_draws_diverge(shares, targets, kept, monkeypatch):
    known = Known([1.0], np.zeros((1, 3)), np.ones((1, 3)))
    runs, asked = [diverged(known, share) for share in shares], []

    def run(density, starts, seeds, settings, checkpoint=None, interruption=None):
        asked.append((settings.target_accept, settings.tune, settings.draws, len(starts), checkpoint))
        return runs[len(asked) - 1]

    monkeypatch.setattr(nuts, "sample", run)
    settings = FitSettings(chains=4, draws=500, tune=400, target_accept=0.9)
    found = sample_as_needed(known, [None] * 4, range(4), settings, "kept")
    attributes = found["posterior"].attrs

    assert asked[0] == (0.9, 400, 500, 4, "kept")
    assert [target for target, *_ in asked[1:]] == pytest.approx(targets)
    assert {rest for _, *given in asked[1:] for rest in [tuple(given)]} <= {(200, 500, 4, None)}
    assert found is runs[kept]
    assert attributes.get("gradients_before", 0) == 2000 * (len(asked) - 1)
    assert attributes.get("sampler", "").endswith(f"acceptance of {targets[kept - 1]:g}" if kept else "")


@pytest.mark.slow
def test_replica_exchange_weighs_bent_modes_right():
    centres = np.zeros((2, 8))
    centres[:, 0] = [-2.5, 2.5]
    known = Known([0.3, 0.7], centres, np.full((2, 8), 0.5), bend=2.0)
    found = replicas.sample(known, known.chains([0, 1, 0, 1]), range(4), SETTINGS)
    values = values_of(found, known)

    assert max(rank_rhat(values[..., i]) for i in range(8)) < APART
    assert known.shares(values)[0] == pytest.approx(0.3, abs=0.06)
    assert found["posterior"].attrs["sampler"] == replicas.EXCHANGED


@pytest.mark.slow
def test_hops_that_hardly_arrive_are_given_up_and_chains_left_as_they_were():
    """Thin shells in 30 dimensions: a mixture of normal densities says nothing of their thickness."""

    class Shells(Known):
        def __call__(self, point):
            apart = point - self.centres
            radius = np.linalg.norm(apart, axis=1)
            logs = -0.5 * ((radius - 20.0) / 0.001) ** 2
            total = np.logaddexp.reduce(logs)
            shares = np.exp(logs - total)[:, None]
            return float(total), -(shares * ((radius - 20.0) / 0.001**2 / radius)[:, None] * apart).sum(axis=0)

        def drawn(self, mode, size, rng):
            z = rng.normal(size=(size, self.dimensions))
            return self.centres[mode] + 20.0 * z / np.linalg.norm(z, axis=1, keepdims=True)

    centres = np.zeros((2, 30))
    centres[:, 0] = [-60.0, 60.0]
    known = Shells([0.5, 0.5], centres, np.ones((2, 30)))
    found = known.chains([0, 1, 0, 0])

    assert sample(known, found, range(4), SETTINGS) is found


def test_what_asks_it_to_stop_is_obeyed():
    known, interruption = apart(5, 2), Interruption()
    interruption.ask()

    with pytest.raises(Stopped):
        sample(known, known.chains([0, 1, 0, 1]), range(4), SETTINGS, interruption)
