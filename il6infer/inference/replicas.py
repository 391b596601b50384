"""Replica exchange from draws of NUTS: for modes that a bent valley joins, where hops do not arrive.

Walkers at several powers of the likelihood change places (Geyer 1991; odd and even pairs in turn, so that they travel
and do not diffuse: Syed et al. 2022, doi 10.1111/rssb.12464). At the lowest power modes lie open to each other; each
power keeps its own tempered posterior, so those at power 1 have the posterior, with its weights of modes. Between
exchanges walkers move as in `il6infer.inference.moves`, by mixtures learnt at each power before any draw is kept.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence

import arviz as az
import numpy as np

from il6infer._interruption import Interruption, Stopped
from il6infer.inference.density import Density
from il6infer.inference.hopping import moved_groups
from il6infer.inference.mixture import Mixture, learn
from il6infer.inference.moves import hamiltonian, hop, steered
from il6infer.inference.parts import Evaluated, Parts
from il6infer.inference.progress import LOG_EVERY
from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")

EXCHANGED = "nutpie NUTS, then replica exchange from its draws"
"""What the posterior says of it."""

LOWEST, POWERS = 0.1, 8
"""Lowest power of the likelihood, and how many there are."""

WALKERS = 10
"""At each power, of each chain."""

LEARNING, LESSON = 120, 40
"""Rounds before any draw is kept, and after how many of them mixtures and powers are learnt anew."""

THIN = 4
"""Rounds for each draw that a walker gives."""

COMPONENTS = 3
"""Of the mixture of a power, at most."""


def sample(
    density: Density,
    found: az.InferenceData,
    seeds: Sequence[int],
    settings: FitSettings,
    interruption: Interruption | None = None,
) -> az.InferenceData:
    """Sample by replica exchange, begun at draws of NUTS.

    Parameters
    ----------
    density
        Log-density of the posterior.
    found
        Draws of NUTS; its warm-up is kept.
    seeds
        One a chain; chains share what was learnt before draws are kept, and nothing else.
    settings
        ``draws`` of it are made for each chain.
    interruption
        Says when to stop; nothing of this is kept then.

    Returns
    -------
    arviz.InferenceData
        As that of `il6infer.inference.hopping.sample`.
    """
    parts, begun, shown = Parts(density, settings.threads), time.monotonic(), time.monotonic()
    points = parts.points(np.stack([found["posterior"][name].values for name in density.names], axis=-1))
    rngs = [np.random.default_rng([seed, 2]) for seed in seeds]
    ladder = Ladder(parts, points, rngs)
    each = math.ceil(settings.draws / WALKERS)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    for number in range(LEARNING + THIN * each):
        if interruption is not None and interruption.asked:
            raise Stopped
        learning = number < LEARNING
        diverged = ladder.round(number, learning)
        if (number + 1) % LESSON == 0 and number + 1 < LEARNING:  # steps are steered to what was learnt last
            ladder.learn()
        elif not learning and (number - LEARNING + 1) % THIN == 0:
            kept.append((np.stack([own[0].points for own in ladder.at]), diverged))
        if time.monotonic() - shown >= LOG_EVERY:
            shown = time.monotonic()
            logger.info(
                "replica exchange: round %d of %d, %.0f %% of exchanges accepted, %d gradients", number + 1,
                LEARNING + THIN * each, 100.0 * ladder.exchanged, parts.evaluations,
            )  # fmt: skip
    logger.info(
        "replica exchange: powers %s, %.0f %% of exchanges accepted, %d gradients in %.0f s",
        ", ".join(f"{power:.2f}" for power in ladder.powers), 100.0 * ladder.exchanged, parts.evaluations,
        time.monotonic() - begun,
    )  # fmt: skip
    return moved_groups(density, found, kept, settings.draws, parts.evaluations, EXCHANGED)


class Ladder:
    """Walkers of all chains at all powers.

    Parameters
    ----------
    parts
        Prior and likelihood.
    points
        (chains, draws, dimensions) to begin at.
    rngs
        One a chain.

    Attributes
    ----------
    powers
        From 1 down.
    at
        For each chain and power, the walkers there.
    """

    def __init__(self, parts: Parts, points: np.ndarray, rngs: Sequence[np.random.Generator]) -> None:
        self.powers = np.geomspace(1.0, LOWEST, POWERS)
        self._parts, self._rngs = parts, rngs
        places = np.linspace(0, points.shape[1] - 1, POWERS * WALKERS).astype(int).reshape(WALKERS, POWERS)
        self.at = [[parts(own[places[:, r]]) for r in range(POWERS)] for own in points]
        self._steps = np.full(POWERS, 0.5 * parts.dimensions**-0.25)
        pooled = points.reshape(-1, parts.dimensions)
        seen = parts(pooled[:: math.ceil(len(pooled) / 1000)])
        self._mixtures = [self._learnt(seen, power) for power in self.powers]
        self._seen: list[list[Evaluated]] = [[] for _ in range(POWERS)]
        self._chances: list[np.ndarray] = []

    @property
    def exchanged(self) -> float:
        """Share of the exchanges that were accepted, about since powers were last learnt."""
        return float(np.nanmean(self._chances)) if self._chances else math.nan

    def _learnt(self, seen: Evaluated, power: float) -> Mixture:
        weights = np.full(len(seen.points), 1.0 / len(seen.points))
        return learn(seen.points, seen.tempered(power)[1], weights, self._rngs[0], COMPONENTS)

    def round(self, number: int, learning: bool) -> np.ndarray:
        """Move every walker once, and let neighbours change places.

        Parameters
        ----------
        number
            Of the round: pairs change places in turn.
        learning
            Whether steps are steered, and places kept to be learnt from.

        Returns
        -------
        numpy.ndarray
            (chains, walkers) whether the move at power 1 diverged.
        """
        rates, diverged = np.zeros((len(self.at), POWERS)), np.zeros((len(self.at), WALKERS), bool)
        for c, (own, rng) in enumerate(zip(self.at, self._rngs, strict=True)):
            for r, power in enumerate(self.powers):
                here, _ = hop(self._parts, own[r], power, self._mixtures[r], rng)
                own[r], rates[c, r], off = hamiltonian(self._parts, here, power, self._mixtures[r], self._steps[r], rng)
                if r == 0:
                    diverged[c] = off
                if learning:
                    self._seen[r].append(own[r])
        pairs = zip(self.at, self._rngs, strict=True)
        self._chances.append(np.mean([self._exchange(own, rng, number % 2) for own, rng in pairs], axis=0))
        if learning:
            self._steps = np.array([steered(s, rate) for s, rate in zip(self._steps, rates.mean(axis=0), strict=True)])
        return diverged

    def _exchange(self, own: list[Evaluated], rng: np.random.Generator, first: int) -> np.ndarray:
        """Let the walkers of every other pair of neighbours change places; give the shares accepted (pairs,)."""
        shares = np.full(POWERS - 1, np.nan)
        for r in range(first, POWERS - 1, 2):
            cold, hot = own[r], own[r + 1]
            gain = (self.powers[r] - self.powers[r + 1]) * (hot.likelihood - cold.likelihood)
            chance = np.exp(np.minimum(gain, 0.0))
            taken = rng.uniform(size=len(gain)) < chance
            own[r], own[r + 1] = cold.where(taken, hot), hot.where(taken, cold)
            shares[r] = chance.mean()
        return shares

    def learn(self) -> None:
        """Learn mixtures of each power from where walkers were, and powers whose exchanges are as often refused."""
        late = [own[len(own) // 2 :] for own in self._seen]
        joined = [
            Evaluated(*(np.concatenate([vars(one)[name] for one in own]) for name in vars(own[0]))) for own in late
        ]
        refused = 1.0 - np.nanmean(self._chances[len(self._chances) // 2 :], axis=0)
        way = np.concatenate([[0.0], np.cumsum(np.maximum(refused, 1e-3))])
        old = self.powers
        self.powers = np.exp(np.interp(np.linspace(0.0, way[-1], POWERS), way, np.log(old)))
        self.powers[[0, -1]] = 1.0, LOWEST
        nearest = [int(np.argmin(np.abs(np.log(old) - math.log(power)))) for power in self.powers]
        self._mixtures = [self._learnt(joined[n], power) for n, power in zip(nearest, self.powers, strict=True)]
        self._seen, self._chances = [[] for _ in range(POWERS)], self._chances[-2:]
