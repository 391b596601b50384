"""Draws of NUTS, moved on by hops between modes, where its chains seldom or never pass from one to another.

NUTS gives the shape of each mode, and no right weights of modes that it hardly leaves. So a mixture of normal densities
is learnt from the draws of all chains; then walkers, each begun at a draw of its own chain, move by the mixture
(`il6infer.inference.moves`), which leaves the posterior as it is whatever the mixture is worth. Where it is worth
little no hop is accepted, the walkers of each chain keep the weights that their chain had, and R-hat tells.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import arviz as az
import numpy as np
import xarray as xr

from il6infer._interruption import Interruption, Stopped
from il6infer.inference.density import Density
from il6infer.inference.mixture import Mixture, learn_judged
from il6infer.inference.moves import alike, hamiltonian, hop, steered
from il6infer.inference.parts import Evaluated, Parts
from il6infer.inference.progress import LOG_EVERY
from il6infer.stages.settings import FitSettings

logger = logging.getLogger("il6infer")

HOPPING = "nutpie NUTS, its draws moved on by hops between modes"
"""What the posterior says of it."""

WALKERS = 50
"""Of each chain."""

HOPS = 8
"""Of each round, beside one Hamiltonian move."""

HOPELESS, STUCK = 0.02, 0.9
"""Share of the hops accepted below which, before any draw is kept, only one is left of each round, for it is the
Hamiltonian moves that bring the walkers on; where these do not lead away either (some coordinate of the walkers
correlates more than the second with where it began) all is given up. Above that share modes that only hops join would
take eight times the rounds, to save a tenth of the time."""

LEARNT, BLOCKS = 8000, 8
"""Draws that a mixture is learnt from, at most; every other of so many stretches of a chain of NUTS judges it."""

LESSONS = (1, 1, 2)
"""Times the rounds that give as many draws as are asked for. Where these are worth too little, the mixture is learnt
anew from them, which hopped already, and the next draws take their place: NUTS, where it seldom passes from arm to arm,
has few draws of some, and a mixture learnt from those is no guide there."""

LAST = 400
"""Rounds with draws that the last lesson may come to: while its draws are worth too little they are made twice as many,
of which every other is kept."""

FORGOTTEN, SHORTEST, LONGEST = 0.1, 10, 30
"""Walkers move until no coordinate correlates more than this with where it began, for at least and at most so many
rounds; then draws are kept, once a round."""


def sample(
    density: Density,
    found: az.InferenceData,
    seeds: Sequence[int],
    settings: FitSettings,
    interruption: Interruption | None = None,
    wants: Callable[[az.InferenceData], bool] | None = None,
) -> az.InferenceData:
    """Move the draws of NUTS on.

    The walkers of a chain stand one behind the other in its draws, in the order of the draws that they began at: so
    autocorrelation tells what they are worth, and R-hat whether chains weigh modes alike.

    Parameters
    ----------
    density
        Log-density of the posterior.
    found
        Draws of NUTS; its warm-up is kept.
    seeds
        One a chain.
    settings
        ``draws`` of it are made for each chain.
    interruption
        Says when to stop; nothing of this is kept then.
    wants
        Tells whether draws are worth too little: then the mixture is learnt from them, and others are drawn
        (`LESSONS`). None: they are taken as they are.

    Returns
    -------
    arviz.InferenceData
        Groups posterior (on the linear scale) and sample_stats, and the warm-up of NUTS; what was given, where hardly
        any hop is accepted.
    """
    parts, begun, shown = Parts(density, settings.threads), time.monotonic(), time.monotonic()
    drawn = np.stack([found["posterior"][name].values for name in density.names], axis=-1)
    chains, draws = drawn.shape[:2]
    points = parts.points(drawn)
    rngs = [np.random.default_rng([seed, 1]) for seed in seeds]
    mixture = _learnt_from_nuts(parts, points, rngs[0])
    walkers = min(WALKERS, draws)
    rounds = math.ceil(settings.draws / walkers)
    beginnings = np.linspace(0, draws - 1, walkers).astype(int)
    at = [parts(points[chain, beginnings]) for chain in range(chains)]
    step, near = 0.5 * parts.dimensions**-0.25, FORGOTTEN + 2.0 / math.sqrt(chains * walkers)
    for lesson, times in enumerate(LESSONS):
        first, tuning, accepted, kept, slopes, hops = at, 0, [], [], [], HOPS
        longest, last = SHORTEST if lesson else LONGEST, lesson + 1 == len(LESSONS)
        while True:
            if interruption is not None and interruption.asked:
                raise Stopped
            at, hopped, rate, diverged = _round(parts, at, mixture, step, rngs, hops)
            accepted.append(hopped)
            hopeless = tuning == SHORTEST and not kept and not lesson and np.mean(accepted) < HOPELESS
            if hopeless and _left(first, at) > STUCK:
                logger.info("hops between modes: %.1f %% accepted, given up", 100.0 * float(np.mean(accepted)))
                return found
            # What was forgotten once need not be forgotten again: later, steps are steered, and that is all.
            if kept or tuning >= longest or (tuning >= SHORTEST and _left(first, at) <= near):
                kept.append((np.stack([here.points for here in at]), diverged))
                slopes.append(np.stack([here.tempered(1.0)[1] for here in at]))
            else:  # neither the step nor the hops may change while draws are kept
                tuning, step = tuning + 1, steered(step, rate)
                hops = 1 if tuning >= SHORTEST and np.mean(accepted) < HOPELESS else hops
            if time.monotonic() - shown >= LOG_EVERY:
                shown = time.monotonic()
                logger.info(
                    "hops between modes: lesson %d, %d rounds before the draws, %d of %d with draws; %.1f %% of hops "
                    "accepted", lesson + 1, tuning, len(kept), times * rounds, 100.0 * float(np.mean(accepted)),
                )  # fmt: skip
            if len(kept) < times * rounds:
                continue
            moved = moved_groups(density, found, kept[::times], settings.draws, parts.evaluations, HOPPING)
            little = wants is not None and wants(moved)
            if not (little and last and 2 * times * rounds <= max(LAST, LESSONS[-1] * rounds)):
                break
            times *= 2
        logger.info(
            "hops between modes: mixture of %d, %d rounds before %d with draws, %.1f %% accepted, %d evaluations in "
            "%.0f s", len(mixture.weights), tuning, len(kept), 100.0 * float(np.mean(accepted)), parts.evaluations,
            time.monotonic() - begun,
        )  # fmt: skip
        if last or not little:
            break
        logger.info("hops between modes: draws are worth little yet: the mixture is learnt anew from them")
        mixture = _learnt_from_walkers(np.stack([points for points, _ in kept]), np.stack(slopes), rngs[0])
    return moved


def _learnt_from_nuts(parts: Parts, points: np.ndarray, rng: np.random.Generator) -> Mixture:
    """Learn from draws of NUTS (chains, draws, dimensions)."""
    chains, draws, size = points.shape
    every = math.ceil(chains * draws / LEARNT)
    judges = np.broadcast_to(np.arange(draws) * BLOCKS // draws % 2 == 1, (chains, draws))[:, ::every].reshape(-1)
    pooled = points[:, ::every].reshape(-1, size)
    return learn_judged(pooled, parts(pooled).tempered(1.0)[1], judges, rng)


def _learnt_from_walkers(points: np.ndarray, slopes: np.ndarray, rng: np.random.Generator) -> Mixture:
    """Learn from where walkers were (rounds, chains, walkers, dimensions), every other of whom judges."""
    rounds, chains, walkers, size = points.shape
    every = math.ceil(rounds * chains * walkers / LEARNT)
    judges = np.broadcast_to(np.arange(walkers) % 2 == 1, (rounds, chains, walkers))[::every].reshape(-1)
    return learn_judged(points[::every].reshape(-1, size), slopes[::every].reshape(-1, size), judges, rng)


def _round(
    parts: Parts, at: Sequence[Evaluated], mixture: Mixture, step: float, rngs: Sequence[np.random.Generator],
    hops: int,
) -> tuple[list[Evaluated], float, float, np.ndarray]:  # fmt: skip
    """Move all walkers once; give the shares of hops and of Hamiltonian moves accepted, and which of these diverged."""
    moved, hopped, rates, diverged = [], [], [], []
    for here, rng in zip(at, rngs, strict=True):
        for _ in range(hops):
            here, rate = hop(parts, here, 1.0, mixture, rng)
            hopped.append(rate)
        here, rate, off = hamiltonian(parts, here, 1.0, mixture, step, rng, across=True)
        moved.append(here)
        rates.append(rate)
        diverged.append(off)
    return moved, float(np.mean(hopped)), float(np.mean(rates)), np.array(diverged)


def _left(first: Sequence[Evaluated], at: Sequence[Evaluated]) -> float:
    """Largest correlation of a coordinate of any walker with where it began."""
    return alike(*(np.concatenate([here.points for here in own]) for own in (first, at)))


def moved_groups(
    density: Density, found: az.InferenceData, kept: Sequence[tuple[np.ndarray, np.ndarray]], draws: int,
    evaluations: int, called: str,
) -> az.InferenceData:  # fmt: skip
    """Make the groups of draws that began at those of NUTS.

    Parameters
    ----------
    found
        Draws of NUTS.
    kept
        Of each round, points (chains, walkers, dimensions), and whether the last move diverged (chains, walkers).
    draws
        Of each chain.
    evaluations
        Of the density that they took, with its gradient or without; each counts as a gradient.
    called
        Name of the sampler.
    """
    # (chains, walkers, rounds, ...): a walker's draws follow each other.
    points, diverged = (np.stack(arrays, axis=2) for arrays in zip(*kept, strict=True))
    chains, size = len(points), points.shape[-1]
    values = density.constrained(points.reshape(chains, -1, size)[:, :draws])
    coordinates, both = {"chain": np.arange(chains), "draw": np.arange(draws)}, ("chain", "draw")
    posterior = xr.Dataset({name: (both, values[..., i]) for i, name in enumerate(density.names)}, coordinates)
    gradients = (evaluations + int(found["sample_stats"]["n_steps"].sum())) / (chains * draws)
    counted = np.full((chains, draws), round(gradients), dtype=np.uint64)
    diverged = diverged.reshape(chains, -1)[:, :draws]
    statistics = xr.Dataset({"diverging": (both, diverged), "n_steps": (both, counted)}, coordinates)
    posterior.attrs.update(found["posterior"].attrs, sampler=called)
    groups: dict[str, Any] = {"posterior": posterior, "sample_stats": statistics}
    groups |= {f"warmup_{name}": found[f"warmup_{name}"] for name in ("posterior", "sample_stats")}
    return az.InferenceData(**groups)
