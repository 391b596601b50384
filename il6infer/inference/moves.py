"""Moves of many points at once that leave a tempered posterior as it is: hops between modes, Hamiltonian steps in them.

Both use a mixture of normal densities that was learnt beforehand. A hop draws some coordinates of a point anew, from
their distribution in the mixture given the others, and is accepted by Metropolis and Hastings: where the mixture is
near the posterior, points change modes as if there were no valley. A Hamiltonian step goes in the frame of one
component, drawn by its share in the point and part of the state while the step lasts (Pompe, Holmes and Latuszynski
2020, doi 10.1214/19-AOS1916, move within labelled modes alike).
"""

from __future__ import annotations

import math

import numpy as np

from il6infer.inference.mixture import Mixture, choose
from il6infer.inference.parts import Evaluated, Parts

ACCEPTANCE = 0.8
"""Of Hamiltonian steps; their length is steered to it."""

LEAPS, LONG = 15, 64
"""Most leapfrog steps of one move, and where moves are as long as the widest direction of a frame."""

DIVERGED = 1000.0
"""Loss of energy above which a move has diverged."""

SHORTER = 8.0
"""A move that diverged is tried once more, in steps shorter by this: a point may lie where the posterior is much
stiffer than the frame says, and would stay there
(delayed rejection: Turok, Modi and Carpenter 2024, arXiv 2406.02741)."""

_FEWEST = 3
"""Coordinates that the smallest block of a hop has, about."""


def hop(
    parts: Parts, at: Evaluated, power: float, mixture: Mixture, rng: np.random.Generator
) -> tuple[Evaluated, float]:
    """Draw a block of coordinates of each point anew; give the share that was accepted.

    Parameters
    ----------
    parts
        Prior and likelihood.
    at
        The points.
    power
        Of the likelihood.
    mixture
        It and the power must not depend on where the points are.
    """
    size = parts.dimensions
    halvings = int(rng.integers(0, max(0, int(math.log2(max(size / _FEWEST, 1.0)))) + 1))
    block = np.sort(rng.choice(size, math.ceil(size / 2**halvings), replace=False))
    there = mixture.redrawn(at.points, block, rng)
    prior, likelihood = parts.values(there)
    gain = prior + power * likelihood if power else prior
    with np.errstate(invalid="ignore"):  # impossible in both: not a number, which is refused as what is impossible is
        gain = gain - mixture.log_density(there) - (at.tempered(power)[0] - mixture.log_density(at.points))
    chance = _chance(gain)
    taken = np.flatnonzero(rng.uniform(size=len(gain)) < chance)
    # Most are refused, and what is refused needs no slopes.
    return at.replaced(taken, parts(there[taken])) if len(taken) else at, float(chance.mean())


def hamiltonian(
    parts: Parts, at: Evaluated, power: float, mixture: Mixture, step: float, rng: np.random.Generator,
    *, across: bool = False,
) -> tuple[Evaluated, float, np.ndarray]:  # fmt: skip
    """One move of every point (Neal 2011, arXiv 1206.1901).

    Parameters
    ----------
    parts
        Prior and likelihood.
    at
        The points.
    power
        Of the likelihood.
    mixture
        Its components give the frames.
    step
        Length of a leapfrog step, in standard deviations.
    across
        Whether a move may be as long as the widest direction of a frame (`Mixture.reach`).

    Returns
    -------
    Evaluated
        Where the points are then.
    float
        Share of the moves that were accepted.
    numpy.ndarray
        (points,) whether a move diverged, as NUTS counts it: its energy went off by more than `DIVERGED`, or there was
        no density on the way; and in shorter steps again, or these have no way back.
    """
    quarter, most = 0.5 * math.pi * (mixture.reach if across else 1.0), LONG if across else LEAPS
    leaps = int(rng.integers(1, min(most, max(1, math.ceil(quarter / step))) + 1))
    size = len(at.points)
    shares = mixture.parts(at.points)
    component = choose(shares, rng)
    frames = mixture.frames[component]
    steps = (step * rng.uniform(0.8, 1.2, size=size))[:, None]
    momentum = rng.normal(size=at.points.shape)

    def gained(now: Evaluated, change: np.ndarray, which: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):  # of moves that flew off, which are refused
            told, own = (_share(logs, component[which]) for logs in (mixture.parts(now.points), shares[which]))
            return change + told - own

    now, _, change = _leapt(parts, at, power, frames, momentum, steps, leaps)
    diverged = ~(change > -DIVERGED)
    at, accepted = _accepted(at, now, gained(now, change, np.arange(size)), rng)
    tried = np.flatnonzero(diverged)
    if len(tried):
        begun = at[tried]
        now, ended, change = _leapt(parts, begun, power, frames[tried], momentum[tried], steps[tried] / SHORTER, leaps)
        there = change > -DIVERGED
        now, ended = begun.where(there, now), np.where(there[:, None], ended, 0.0)
        # The way back must be a second try, too: so the first from there has to diverge.
        back = _leapt(parts, now, power, frames[tried], -ended, steps[tried], leaps)[2]
        returns = there & ~(back > -DIVERGED)
        again, _ = _accepted(begun, now, np.where(returns, gained(now, change, tried), -np.inf), rng)
        at, diverged[tried] = at.replaced(tried, again), ~returns
    return at, accepted, diverged


def _leapt(
    parts: Parts, at: Evaluated, power: float, frames: np.ndarray, momentum: np.ndarray, steps: np.ndarray, leaps: int
) -> tuple[Evaluated, np.ndarray, np.ndarray]:
    """Where so many leapfrog steps lead, the momentum there, and what the energy has lost (points,)."""
    height, slope = at.tempered(power)
    begin, now = height - 0.5 * (momentum**2).sum(axis=1), at
    with np.errstate(over="ignore", invalid="ignore"):  # a move that flies off is refused
        for _ in range(leaps):
            momentum = momentum + 0.5 * steps * np.einsum("nij,ni->nj", frames, slope)
            now = parts(now.points + np.einsum("nij,nj->ni", frames, steps * momentum))
            height, slope = now.tempered(power)
            momentum = momentum + 0.5 * steps * np.einsum("nij,ni->nj", frames, slope)
        return now, momentum, height - 0.5 * (momentum**2).sum(axis=1) - begin


def steered(step: float, accepted: float) -> float:
    """Give the next length of a step, after one of which so many moves were accepted."""
    return float(np.clip(step * math.exp(accepted - ACCEPTANCE), 1e-4, 2.0))


def alike(before: np.ndarray, after: np.ndarray) -> float:
    """Largest correlation of a coordinate of points (points, dimensions) with where it was."""
    a, b = (points - points.mean(axis=0) for points in (before, after))
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return float(np.max((a * b).sum(axis=0) / np.where(scale > 0.0, scale, 1.0)))


def _share(logs: np.ndarray, component: np.ndarray) -> np.ndarray:
    return logs[np.arange(len(logs)), component] - np.logaddexp.reduce(logs, axis=1)


def _accepted(at: Evaluated, new: Evaluated, gain: np.ndarray, rng: np.random.Generator) -> tuple[Evaluated, float]:
    chance = _chance(gain)
    return at.where(rng.uniform(size=len(gain)) < chance, new), float(chance.mean())


def _chance(gain: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(gain), np.exp(np.minimum(gain, 0.0)), 0.0)
