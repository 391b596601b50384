"""What lies where no chain has been: mass of the posterior there, and what it adds to the variance of a parameter.

Chains cannot tell what none of them met: where a narrow optimum stands on a broad base, or hops join some modes of
many, they agree (R-hat, effective draws) on less than the whole. Points that owe nothing to where chains went, drawn
from the prior and around the draws, are weighed by the density there: importance sampling by a mixture that has the
prior in it, so that no weight is without a bound (Hesterberg 1995, doi 10.1080/00401706.1995.10484303). How much the
draws hold themselves is known by bridge sampling. Where the prior is far wider than the posterior in many dimensions,
no point arrives anywhere, and nothing is found.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from il6infer.draws import SPREAD_ERROR, spread_error
from il6infer.draws.bridging import bridged
from il6infer.inference.mixture import Mixture, learn
from il6infer.inference.parts import Parts
from il6infer.stages.elsewhere import MASS, VARIANCE, Elsewhere

POINTS, MORE, DRAWS = 2000, 8, 1000
"""Points that are weighed, and how many times as many where these leave open whether there is too much; draws that the
mixture is learnt from, and as many others that say what the draws hold."""

SUSPECT = 0.5
"""Share of what may be elsewhere above which too much is not excluded."""

SHARES, WIDER = (0.4, 0.2, 0.4), 3.0
"""Of the points: from a mixture learnt from the draws, from one so many times as wide, from the prior."""

ERRORS, PLAIN = 3.0, 0.5
"""A sum is believed that is so many standard errors from none; a mass, too, that is larger than the second, for it is
right on average: by Markov's inequality one of a hundred posteriors with 0.005 elsewhere has as much by chance."""

FEWEST = 10
"""Draws for each dimension below which nothing is said."""


def look_elsewhere(parts: Parts, drawn: np.ndarray, rng: np.random.Generator) -> Elsewhere | None:
    """Weigh what lies where no draw is.

    A point is elsewhere where the learnt mixture has less density than at any draw; for the variance of a parameter,
    also where its value is beyond those of all draws.

    Parameters
    ----------
    parts
        Prior and likelihood of the sampled parameters.
    drawn
        (chains, draws, dimensions) values of these.
    rng
        Of the points.

    Returns
    -------
    Elsewhere
        None where the draws are too few, one parameter has never moved, or what they hold is not found.
    """
    flat = drawn.reshape(-1, parts.dimensions)
    if not parts.dimensions or len(flat) < FEWEST * parts.dimensions or (np.ptp(flat, axis=0) == 0.0).any():
        return None
    points = parts.points(flat)
    learnt, others = (half[:: math.ceil(len(half) / DRAWS)] for half in (points[::2], points[1::2]))
    near = learn(learnt, np.zeros_like(learnt), np.full(len(learnt), 1.0 / len(learnt)), rng)
    wide, lowest = replace(near, roots=WIDER * near.roots), near.log_density(points).min()
    there = _log_ratio(parts, near, wide, others)
    known = [i for i in range(parts.dimensions) if spread_error(drawn[..., i]) <= SPREAD_ERROR]
    proposed, here = np.empty((0, parts.dimensions)), np.empty(0)
    for size in (POINTS, (MORE - 1) * POINTS):
        new = _proposed(parts, near, wide, size, rng)
        proposed, here = np.concatenate([proposed, new]), np.concatenate([here, _log_ratio(parts, near, wide, new)])
        outside = near.log_density(proposed) < lowest
        inside = bridged(there, np.where(outside, -np.inf, here), float(len(there)))
        if inside is None:
            return None
        weights = np.exp(np.minimum(here - inside[0], 700.0)) / len(here)
        values = parts.density.constrained(proposed)
        added = {parts.density.names[i]: _added(weights, values[:, i], flat[:, i], outside) for i in known}
        beyond = np.where(outside, weights, 0.0)
        mass, variance = _believed(beyond, PLAIN), {name: _believed(one) for name, one in added.items()}
        found = Elsewhere(mass / (1.0 + mass), variance)
        most = max([beyond.sum() / MASS, *(one.sum() / VARIANCE for one in added.values())])
        if found.missed or most < SUSPECT:
            break
    return found


def _added(weights: np.ndarray, own: np.ndarray, drawn: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Variance that each point (points,) adds to that of the draws of one parameter."""
    beyond = outside | (own < drawn.min()) | (own > drawn.max())
    with np.errstate(over="ignore"):
        return np.where(beyond, weights * ((own - drawn.mean()) / drawn.std()) ** 2, 0.0)


def _proposed(parts: Parts, near: Mixture, wide: Mixture, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the points (points, dimensions)."""
    counts = [round(share * size) for share in SHARES]
    blank, everything = np.zeros((max(counts), parts.dimensions)), np.arange(parts.dimensions)
    around = [m.redrawn(blank[:count], everything, rng) for m, count in zip((near, wide), counts, strict=False)]
    return np.concatenate([*around, parts.draw_prior(counts[-1], rng)])


def _log_ratio(parts: Parts, near: Mixture, wide: Mixture, at: np.ndarray) -> np.ndarray:
    """Logarithm (points,) of the density over that of all points."""
    prior, likelihood = parts.values(at)
    logs = [near.log_density(at), wide.log_density(at), prior]
    both = np.logaddexp.reduce([math.log(s) + one for s, one in zip(SHARES, logs, strict=True)], axis=0)
    return np.where(np.isfinite(likelihood), prior + likelihood, -np.inf) - both


def _believed(added: np.ndarray, plain: float = math.inf) -> float:
    """Sum of what points (points,) add; 0 where it may be chance."""
    total, error = float(added.sum()), float(np.sqrt((added**2).sum()))
    return total if total > min(ERRORS * error, plain) else 0.0
