"""Sequential Monte Carlo from the prior to the posterior: draws with the right weights of modes, and the evidence.

Del Moral, Doucet and Jasra 2006, doi 10.1111/j.1467-9868.2006.00553.x: particles from the prior are weighed by a small
power of the likelihood, resampled, and moved by Markov chains that leave the tempered posterior as it is, until the
power is 1. The next power is that at which the weighed particles are worth a given share of all (Jasra et al. 2011,
doi 10.1111/j.1467-9469.2010.00723.x). Moves are those of `il6infer.inference.moves`, by a mixture learnt from the
particles.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from il6infer.inference.mixture import Mixture, learn
from il6infer.inference.moves import alike, hamiltonian, hop, steered
from il6infer.inference.parts import Evaluated, Parts

logger = logging.getLogger("il6infer")

WORTH = 0.7
"""Share of the particles that the weighed ones of the next power are worth."""

ALIKE = 0.1
"""Particles are moved until no coordinate correlates more than this with where it was."""

MOVES, HOPS = 30, 2
"""Most rounds of moves of one power, and hops of a round, beside one Hamiltonian move."""

PATIENCE, GAIN = 3, 0.02
"""Moves are ended, too, where so many have not lowered that correlation by so much: modes that are apart stay so."""


class Stuck(Exception):
    """No particle, or hardly one, has a likelihood: the prior cannot be reached from there."""


@dataclass(frozen=True)
class Stage:
    """One power of the likelihood, as a run went through it.

    Attributes
    ----------
    power
        Of the likelihood.
    mixture
        By which particles move.
    step
        Of the leapfrog, at the end.
    moves
        How many there were.
    """

    power: float
    mixture: Mixture
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
        Mean over all Hamiltonian moves.
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
        shares = weights / weights.sum()
        mixture = held.mixture if held else learn(at.points, at.tempered(power)[1], shares, rng)
        at, ancestors = at[chosen], ancestors[chosen]
        at, step, left, accepted = move(parts, at, power, mixture, held.step if held else step, rng, watch, held)
        gone.append(Stage(power, mixture, step, len(accepted)))
        before = power
        worst = max(worst, left)
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


def move(
    parts: Parts, at: Evaluated, power: float, mixture: Mixture, step: float, rng: np.random.Generator,
    watch: Callable[[float], None] = lambda power: None, held: Stage | None = None, most: int = MOVES,
) -> tuple[Evaluated, float, float, list[float]]:  # fmt: skip
    """Move all particles until they have forgotten where they were, or as often as a stage says.

    Parameters
    ----------
    at
        The particles.
    power
        Of the likelihood.
    mixture
        By which they move.
    step
        Length of Hamiltonian steps, at first.
    watch
        Told the power before each round.
    held
        Stage that says how often.
    most
        Rounds, at most.

    Returns
    -------
    Evaluated
        Where they are then.
    float
        Length of a step at the end.
    float
        Largest correlation of a coordinate with where it was.
    list of float
        Share of the Hamiltonian moves that were accepted, in each round.
    """
    before, rates, history = at, [], [1.0]
    for _ in range(held.moves if held else most):
        watch(power)
        for _ in range(HOPS):
            at, _ = hop(parts, at, power, mixture, rng)
        at, rate, _ = hamiltonian(parts, at, power, mixture, step, rng)
        rates.append(rate)
        history.append(alike(before.points, at.points))
        if held:
            continue
        step = steered(step, rate)
        if history[-1] <= ALIKE + 2.0 / math.sqrt(len(at.points)):
            break
        if len(history) > PATIENCE and history[-1 - PATIENCE] - min(history[-PATIENCE:]) < GAIN:
            break
    return at, step, history[-1], rates
