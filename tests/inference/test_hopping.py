"""Hops between modes: right weights from chains that never leave their mode, or chains that say so."""

from __future__ import annotations

import arviz as az
import numpy as np
import pytest
import xarray as xr
from scipy.stats import kstest, norm

from il6infer._interruption import Interruption, Stopped
from il6infer.draws import effective_draws, rank_rhat
from il6infer.inference import FitSettings, hopping, moves, nuts, replicas
from il6infer.inference.hopping import HOPPING, LESSONS, sample
from il6infer.inference.mixture import Mixture, learn, learn_judged
from il6infer.inference.moves import hamiltonian, hop
from il6infer.inference.parts import Parts
from il6infer.inference.tempered import APART, sample_as_needed
from il6infer.problems.spec import Parameter, Prior

SETTINGS = FitSettings(chains=4, draws=1000, threads=1)


class Known:
    """Density of a mixture of normal ones in so many dimensions; the prior is wide, and the points are the values."""

    def __init__(self, weights, centres, widths, bend=0.0):
        self.weights, self.centres, self.widths = (np.asarray(a, float) for a in (weights, centres, widths))
        self.dimensions, self.bend = self.centres.shape[1], bend
        self.names = [f"p{i}" for i in range(self.dimensions)]
        wide = Prior("normal", (0.0, 30.0))
        self.parameters = tuple(Parameter(name, -np.inf, np.inf, 0.0, True, wide) for name in self.names)

    def value(self, point):
        return self(point)[0]

    def __call__(self, point):
        # A parabola along the first coordinate, in the second: a shear, so it changes no mass.
        x = point.copy()
        x[1] -= self.bend * x[0] ** 2
        z = (x - self.centres) / self.widths
        logs = np.log(self.weights) - 0.5 * (z**2).sum(axis=1) - np.log(self.widths).sum(axis=1)
        total = np.logaddexp.reduce(logs)
        slope = -(np.exp(logs - total)[:, None] * z / self.widths).sum(axis=0)
        slope[0] -= 2.0 * self.bend * x[0] * slope[1]
        return float(total), slope

    def unconstrained(self, values):
        return np.asarray(values, float)

    constrained = unconstrained

    def drawn(self, mode, size, rng):
        x = self.centres[mode] + self.widths[mode] * rng.normal(size=(size, self.dimensions))
        x[:, 1] += self.bend * x[:, 0] ** 2
        return x

    def chains(self, modes, size=500, seed=5):
        """Draws of NUTS whose chains never leave the mode that they began at."""
        rng = np.random.default_rng(seed)
        values = np.array([self.drawn(mode, size, rng) for mode in modes])
        both = ("chain", "draw")
        draws = xr.Dataset({name: (both, values[..., i]) for i, name in enumerate(self.names)})
        shape = values.shape[:2]
        counted = xr.Dataset({"n_steps": (both, np.ones(shape)), "diverging": (both, np.zeros(shape, bool))})
        groups = {"posterior": draws, "sample_stats": counted}
        return az.InferenceData(**groups, **{f"warmup_{n}": g.isel(draw=slice(0, 0)) for n, g in groups.items()})

    def shares(self, values):
        x = values.reshape(-1, self.dimensions).copy()
        x[:, 1] -= self.bend * x[:, 0] ** 2
        z = (x[:, None] - self.centres) / self.widths
        logs = np.log(self.weights) - 0.5 * (z**2).sum(axis=2) - np.log(self.widths).sum(axis=1)
        return np.bincount(logs.argmax(axis=1), minlength=len(self.weights)) / len(x)


def apart(size, modes, seed=1):
    """Modes ten of their widths apart, of weights from 0.1 to 0.7 and widths that differ by five."""
    rng = np.random.default_rng(seed)
    weights = {2: [0.85, 0.15], 3: [0.1, 0.2, 0.7]}[modes]
    widths = np.geomspace(0.3, 1.5, modes)[:, None] * np.exp(0.3 * rng.normal(size=(modes, size)))
    centres = 12.0 * rng.normal(size=(modes, size)) / np.sqrt(size) * np.sqrt(2.0)
    return Known(weights, centres, widths)


def values_of(idata, known):
    return np.stack([idata["posterior"][name].values for name in known.names], axis=-1)


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
    settings = FitSettings(chains=4, draws=500, threads=1)
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


def test_hops_that_are_seldom_accepted_become_fewer_before_draws_are_kept(monkeypatch):
    known, rounds = Known([1.0], np.zeros((1, 2)), np.ones((1, 2))), []
    moved = hopping._round

    def refused(*given):
        rounds.append(given[5])
        at, _, *rest = moved(*given)
        return at, 0.5 * hopping.SELDOM, *rest

    monkeypatch.setattr(hopping, "_round", refused)
    monkeypatch.setattr(hopping, "HOPELESS", 0.0)
    sample(known, known.chains([0] * 4), range(4), FitSettings(chains=4, draws=500, threads=1))

    assert rounds[: hopping.SHORTEST] == [hopping.HOPS] * hopping.SHORTEST
    assert set(rounds[hopping.SHORTEST + 1 :]) == {1}


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


def test_what_asks_it_to_stop_is_obeyed():
    known, interruption = apart(5, 2), Interruption()
    interruption.ask()

    with pytest.raises(Stopped):
        sample(known, known.chains([0, 1, 0, 1]), range(4), SETTINGS, interruption)
