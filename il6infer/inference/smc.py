"""Sequential Monte Carlo from the prior to the posterior: draws with the right weights of modes, and the evidence.

Del Moral, Doucet and Jasra 2006, doi 10.1111/j.1467-9868.2006.00553.x: particles from the prior are weighed by a small
power of the likelihood, resampled, and moved by Markov chains that leave the tempered posterior as it is, until the
power is 1. The next power is that at which the weighed particles are worth a given share of all (Jasra et al. 2011,
doi 10.1111/j.1467-9469.2010.00723.x). Moves are Hamiltonian, in the frame of the particles' covariance.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from il6infer.inference.parts import Evaluated, Parts

logger = logging.getLogger("il6infer")

WORTH = 0.7
"""Share of the particles that the weighed ones of the next power are worth."""

ACCEPTANCE = 0.8
"""Of the moves; the step size is steered to it."""

ALIKE = 0.1
"""Particles are moved until no coordinate correlates more than this with where it was."""

MOVES, LEAPS = 30, 15
"""Most moves of one power, and most leapfrog steps of one move."""

PATIENCE, GAIN = 3, 0.02
"""Moves are ended, too, where so many have not lowered that correlation by so much: modes that are apart stay so."""

_SHRINK = 10.0
"""Particles that the diagonal of a covariance counts as: with few of them, correlations are noise."""


class Stuck(Exception):
    """No particle, or hardly one, has a likelihood: the prior cannot be reached from there."""


@dataclass(frozen=True)
class Stage:
    """One power of the likelihood, as a run went through it.

    Attributes
    ----------
    power
        Of the likelihood.
    mean, root
        Of the frame in which particles move: (dimensions,), and the Cholesky factor of the covariance.
    step
        Of the leapfrog, at the end.
    moves
        How many there were.
    """

    power: float
    mean: np.ndarray
    root: np.ndarray
    step: float
    moves: int


@dataclass(frozen=True)
class Sampled:
    """What particles came to.

    Attributes
    ----------
    points
        (particles, dimensions), unconstrained, equally weighted. Particles of common descent stand beside each other,
        so that autocorrelation along them tells what they are worth.
    log_evidence
        Logarithm of the estimate of the normalising constant: unbiased on the linear scale where `smc` was given its
        stages; where it adapts powers and moves to the particles themselves, off by the order of one over their number
        (Beskos et al. 2016, doi 10.1214/15-AAP1113).
    stages
        The last has power 1.
    acceptance
        Mean over all moves.
    alike
        Largest correlation of a coordinate with where it was, that was left after the moves of any power.
    families
        Particles of the prior that have descendants.
    failed
        Share of draws of the prior without a likelihood.
    """

    points: np.ndarray
    log_evidence: float
    stages: tuple[Stage, ...]
    acceptance: float
    alike: float
    families: int
    failed: float


def smc(
    parts: Parts, particles: int, rng: np.random.Generator, watch: Callable[[float], None] = lambda power: None,
    stages: Sequence[Stage] = (),
) -> Sampled:  # fmt: skip
    """Move particles from the prior to the posterior.

    Parameters
    ----------
    parts
        Prior and likelihood.
    particles
        How many.
    watch
        Told the power before each move; what it raises ends the sampling.
    stages
        Of another run, to be held to: powers, frames, steps and moves owe nothing to the particles then. Without any,
        they are chosen by them.

    Raises
    ------
    Stuck
        If fewer than two draws of the prior have a likelihood.
    """
    at = parts(parts.draw_prior(particles, rng))
    possible = np.isfinite(at.likelihood)
    if possible.sum() < 2:
        raise Stuck(f"{int(possible.sum())} of {particles} draws of the prior can be simulated")
    before, step, log_evidence, worst = 0.0, 0.5 * parts.dimensions**-0.25, 0.0, 0.0
    rates: list[float] = []
    gone: list[Stage] = []
    ancestors = np.arange(particles)
    while before < 1.0:
        held = stages[len(gone)] if stages else None
        power = held.power if held else _next_power(at.likelihood, before)
        weights = np.where(np.isfinite(at.likelihood), (power - before) * at.likelihood, -np.inf)
        top = weights.max()
        if not np.isfinite(top):
            raise Stuck(f"no particle has a likelihood at power {power:.2g}")
        weights = np.exp(weights - top)
        log_evidence += top + math.log(weights.mean())
        chosen = _systematic(weights / weights.sum(), rng)
        mean, root = (held.mean, held.root) if held else _frame(at.points, weights / weights.sum())
        at, ancestors = at[chosen], ancestors[chosen]
        at, step, alike, accepted = _move(parts, at, power, root, held.step if held else step, rng, watch, held)
        gone.append(Stage(power, mean, root, step, len(accepted)))
        before = power
        worst = max(worst, alike)
        rates += accepted
    return Sampled(
        at.points, float(log_evidence), tuple(gone), float(np.mean(rates)), worst, len(np.unique(ancestors)),
        float(1.0 - possible.mean()),
    )  # fmt: skip


def _next_power(likelihood: np.ndarray, power: float) -> float:
    """Find the power up to which the particles are worth `WORTH` of those that have a likelihood."""
    known = likelihood[np.isfinite(likelihood)]
    known = known - known.max()

    def worth(rise: float) -> float:
        weights = np.exp(rise * known)
        return float(weights.sum() ** 2 / (weights**2).sum() / len(known))

    if worth(1.0 - power) >= WORTH:
        return 1.0
    low, high = -700.0, math.log(1.0 - power)
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if worth(math.exp(middle)) >= WORTH else (low, middle)
    return max(power + math.exp(low), math.nextafter(power, 2.0))


def _systematic(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Resample (Kitagawa 1996, doi 10.1080/10618600.1996.10474692): ascending indices."""
    places = (np.arange(len(weights)) + rng.uniform()) / len(weights)
    return np.minimum(np.searchsorted(np.cumsum(weights), places), len(weights) - 1)


def _frame(points: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and Cholesky factor of the weighed covariance."""
    mean = weights @ points
    apart = points - mean
    covariance = (weights[:, None] * apart).T @ apart
    worth = 1.0 / (weights**2).sum()
    spread = np.maximum(np.diag(covariance), 1e-12)
    share = worth / (worth + _SHRINK + len(mean))
    return mean, np.linalg.cholesky(share * covariance + (1.0 - share) * np.diag(spread))


def _move(
    parts: Parts, at: Evaluated, power: float, root: np.ndarray, step: float, rng: np.random.Generator,
    watch: Callable[[float], None], held: Stage | None,
) -> tuple[Evaluated, float, float, list[float]]:  # fmt: skip
    """Move all particles until they have forgotten where they were, or as often as a stage says."""
    before, rates, history = at, [], [1.0]
    for _ in range(held.moves if held else MOVES):
        watch(power)
        leaps = int(rng.integers(1, min(LEAPS, max(1, math.ceil(0.5 * math.pi / step))) + 1))
        at, rate = _hamiltonian(parts, at, power, root, step, leaps, rng)
        rates.append(rate)
        history.append(_alike(before, at))
        if held:
            continue
        step = float(np.clip(step * math.exp(rate - ACCEPTANCE), 1e-4, 2.0))
        if history[-1] <= ALIKE + 2.0 / math.sqrt(len(at.points)):
            break
        if len(history) > PATIENCE and history[-1 - PATIENCE] - min(history[-PATIENCE:]) < GAIN:
            break
    return at, step, history[-1], rates


def _alike(before: Evaluated, after: Evaluated) -> float:
    """Largest correlation of a coordinate with where it was."""
    a, b = (e.points - e.points.mean(axis=0) for e in (before, after))
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return float(np.max((a * b).sum(axis=0) / np.where(scale > 0.0, scale, 1.0)))


def _hamiltonian(
    parts: Parts, at: Evaluated, power: float, root: np.ndarray, step: float, leaps: int, rng: np.random.Generator
) -> tuple[Evaluated, float]:
    """One move of every particle (Neal 2011, arXiv 1206.1901); give the share that was accepted."""
    size = len(at.points)
    steps = (step * rng.uniform(0.8, 1.2, size=size))[:, None]
    momentum = rng.normal(size=at.points.shape)
    height, slope = at.tempered(power)
    begin = height - 0.5 * (momentum**2).sum(axis=1)
    now = at
    with np.errstate(over="ignore", invalid="ignore"):  # a move that flies off is refused
        for _ in range(leaps):
            momentum = momentum + 0.5 * steps * (slope @ root)
            now = parts(now.points + (steps * momentum) @ root.T)
            height, slope = now.tempered(power)
            momentum = momentum + 0.5 * steps * (slope @ root)
        gain = height - 0.5 * (momentum**2).sum(axis=1) - begin
        chance = np.where(np.isfinite(gain), np.exp(np.minimum(gain, 0.0)), 0.0)
    taken = rng.uniform(size=size) < chance
    return at.where(taken, now), float(chance.mean())
