"""What to measure next so that models can be told apart: lanes whose outcome depends on which model is right.

The models in play are those that sampled and reproduce the data, each as probable as its pseudo-BMA+ weight says (Yao
et al. 2018, Bayesian Analysis 13:917, doi 10.1214/17-BA1091). What a plan would read is simulated under each: a draw of
its posterior, with noise of its own distribution. How probable the models then are is worked out from normal densities
of each model's readings, of the same variance, as if the scale of the new gel or plate were unknown. The information on
which model is right, averaged over outcomes of the models' own draws, is a lower bound of the true one, however little
normal the readings are (Barber & Agakov 2003, NIPS 16:201).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from il6infer.problems.noise import NOISES, error_of
from il6infer.stages.predictions import Contest, Lane, LaneReadings

OUTCOMES = 300
"""Simulated outcomes of a plan under each model."""

RANDOM_PLANS = 60
SCALE = 10.0
"""Standard deviation of the logarithm of a new gel's scale: the level of its lanes together says nothing."""

LEAST = 0.01
"""Weight below which a model is not in play."""

_RIDGE = 1e-6
_LANE = tuple[str, str, float]


@dataclass(frozen=True)
class _Rival:
    """Readings of one model, their levels taken out.

    Attributes
    ----------
    readings
        (draws, lanes).
    noise, kinds, scaling
        (lanes,) scale and distribution of the noise, and slope by the logarithm of the gel's scale.
    """

    readings: np.ndarray
    noise: np.ndarray
    kinds: tuple[str, ...]
    scaling: np.ndarray


def contest(found: Mapping[str, LaneReadings | None], weights: Mapping[str, float], seed: int) -> Contest:
    """Plan a gel or plate that tells models apart.

    Parameters
    ----------
    found
        Model -> what each candidate would read at draws of its posterior; None where it has none.
    weights
        Model -> how probable it is, of those that sampled and reproduce the data.
    seed
        Of the simulated outcomes.

    Returns
    -------
    Contest
        Without lanes, and with the reason, where there is nothing to tell apart.
    """
    heavy = {model: weight for model, weight in weights.items() if weight >= LEAST}
    able = {model: weight for model, weight in heavy.items() if found.get(model) is not None}
    if len(able) < 2:
        one = (
            f"only {next(iter(heavy))} has a weight"
            if len(heavy) == 1
            else "no two models with a weight have candidates"
        )
        return Contest((), 0, {}, 0.0, 0.0, 0.0, 0.0, one if heavy else "no model has a weight")
    total = sum(able.values())
    chances = {model: weight / total for model, weight in able.items()}
    readings = {model: one for model in able if (one := found[model]) is not None}
    lanes, rivals = _common(readings)
    if not lanes:
        return Contest((), 0, chances, 0.0, 0.0, 0.0, 0.0, "the models have no candidate in common")
    count = min(one.lanes_of_a_plan for one in readings.values())
    judge = _Judge(list(rivals.values()), np.array(list(chances.values())), [lane.readout for lane in lanes], seed)
    chosen, gains = judge.plan(count, np.array([lane.cost for lane in lanes]))
    rng = np.random.default_rng([seed, 1])
    random = [judge.told(rng.integers(0, len(lanes), count).tolist())[0] for _ in range(RANDOM_PLANS)]
    gain, right = judge.told(chosen)
    now = float((judge.chances**2).sum())
    shown = tuple(replace(lanes[i], gain=gain) for i, gain in zip(chosen, gains, strict=True))
    return Contest(shown, len(lanes), chances, gain, float(np.median(random)), now, right, "")


def _common(found: Mapping[str, LaneReadings]) -> tuple[tuple[Lane, ...], dict[str, _Rival]]:
    """Lanes that all models have, and their readings: of each gel, its level in each model is taken out."""
    keys = [[(lane.readout, lane.done, lane.time_min) for lane in one.lanes] for one in found.values()]
    shared: list[_LANE] = [key for key in keys[0] if all(key in own for own in keys)]
    first = next(iter(found.values()))
    lanes = tuple(first.lanes[keys[0].index(key)] for key in shared)
    rivals = {}
    for (model, one), own in zip(found.items(), keys, strict=True):
        at = [own.index(key) for key in shared]
        values, noise = one.values.values[:, at], np.array(one.noise)[at]
        kinds = tuple(one.kinds[i] for i in at)
        logs = np.array([NOISES[kind].logarithmic for kind in kinds])
        values, noise = values[np.isfinite(values).all(axis=1)].copy(), noise.copy()
        for gel in dict.fromkeys(lane.readout for lane in lanes):
            mine = np.array([lane.readout == gel for lane in lanes])
            level = values[:, mine].mean()
            if logs[mine].all():
                values[:, mine] -= level
            else:
                values[:, mine], noise[mine] = values[:, mine] / abs(level), noise[mine] / abs(level)
        rivals[model] = _Rival(values, noise, kinds, np.where(logs, 1.0, values.mean(axis=0)))
    return lanes, rivals


class _Judge:
    """Works out, of a plan, how much its outcome tells of which model is right."""

    def __init__(self, rivals: Sequence[_Rival], chances: np.ndarray, gels: Sequence[str], seed: int) -> None:
        self.chances = chances
        rng = np.random.default_rng([seed, 0])
        self._same = np.array([[a == b for b in gels] for a in gels])
        self._means, self._covariances, self._variances = [], [], []
        self._outcomes = []
        names = list(dict.fromkeys(gels))
        which = np.array([names.index(gel) for gel in gels])
        for one in rivals:
            norms = np.array([np.linalg.norm(one.scaling[which == gel]) for gel in range(len(names))])[which]
            slopes = one.scaling / np.where(norms > 0, norms, 1.0) * np.sqrt(np.bincount(which))[which]
            self._means.append(one.readings.mean(axis=0))
            own = np.cov(one.readings, rowvar=False).reshape(len(gels), len(gels))
            self._covariances.append(own + SCALE**2 * np.outer(slopes, slopes) * self._same)
            self._variances.append(one.noise**2 * np.array([error_of(kind).variance for kind in one.kinds]))
            self._outcomes.append(one.readings[rng.integers(0, len(one.readings), OUTCOMES)])
        # Noise of replicates, the same for all plans.
        self._draws = [one.noise * _errors(one.kinds, (64, OUTCOMES), seed) for one in rivals]

    def told(self, chosen: Sequence[int]) -> tuple[float, float]:
        """Give the information [nats] on which model is right, and the mean probability of the right one."""
        seen: dict[int, int] = {}
        nth = []
        for lane in chosen:
            nth.append(seen.get(lane, 0))
            seen[lane] = nth[-1] + 1
        at = list(chosen)
        told, right = 0.0, 0.0
        for m, (chance, outcomes) in enumerate(zip(self.chances, self._outcomes, strict=True)):
            errors = [self._draws[m][n % 64][:, lane] for n, lane in zip(nth, at, strict=True)]
            read = outcomes[:, at] + np.stack(errors, axis=1)
            logs = (
                np.stack([self._density(k, at, read) for k in range(len(self.chances))]) + np.log(self.chances)[:, None]
            )
            logs -= logs.max(axis=0)
            after = np.exp(logs[m]) / np.exp(logs).sum(axis=0)
            told += chance * float(np.mean(np.log(np.maximum(after, 1e-300) / chance)))
            right += chance * float(after.mean())
        return told, right

    def _density(self, k: int, at: list[int], read: np.ndarray) -> np.ndarray:
        """Logarithm, up to a constant, of the normal density of readings in a model."""
        matrix = self._covariances[k][np.ix_(at, at)] + np.diag(self._variances[k][at])
        matrix += _RIDGE * np.eye(len(at)) * np.diag(matrix).mean() / SCALE**2
        factor = np.linalg.cholesky(matrix)
        z = np.linalg.solve(factor, (read - self._means[k][at]).T)
        return -0.5 * (z**2).sum(axis=0) - np.log(np.diag(factor)).sum()

    def plan(self, count: int, costs: np.ndarray) -> tuple[list[int], list[float]]:
        """Choose lanes one by one, the gain for each unit of cost largest; the first two together."""
        lanes = len(costs)
        chosen: list[int] = []
        gains: list[float] = []
        if count >= 2:
            pairs = [(i, j) for i in range(lanes) for j in range(i, lanes)]
            pair = max(pairs, key=lambda p: self.told(p)[0] / (costs[p[0]] + costs[p[1]]))
            chosen, gains = list(pair), [self.told(pair)[0] / 2] * 2
        while len(chosen) < count:
            before = self.told(chosen)[0] if chosen else 0.0
            best = max(range(lanes), key=lambda i: (self.told([*chosen, i])[0] - before) / costs[i])
            gains.append(self.told([*chosen, best])[0] - before)
            chosen.append(best)
        return chosen, gains


def _errors(kinds: Sequence[str], shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Draw standard errors (*shape, lanes) of each lane's kind; lanes of one kind have the same in every model."""
    drawn = {kind: error_of(kind).draw(np.random.default_rng([seed, 2]), (*shape, len(kinds))) for kind in set(kinds)}
    return np.stack([drawn[kind][..., lane] for lane, kind in enumerate(kinds)], axis=-1)
