"""Parameters of read-outs that held-out data estimate alone: scale, offset and noise of a gel that no fit has seen.

At each draw of the fit the dynamics are given, and the few parameters that are left are weighed by importance sampling:
a normal proposal that adapts to them (population Monte Carlo, Cappe 2004, doi 10.1198/106186004X12803), mixed with
their prior, so that what one value alone decides is still covered when this value is left out. It begins around the
mode at each draw: what a gel with little noise leaves of a scale is a thousandth of its prior, and no sample finds it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from il6infer.held_out.modes import LogDensity, highest

ROUNDS, SAMPLES = 3, 300
"""Most rounds of adaptation, and samples of each, at each draw of the fit."""

ENOUGH, ALL_BUT = 60.0, 0.95
"""Effective samples of a draw that need no more rounds, and the share of such draws at which rounds end."""

POORLY = 10.0
"""Effective samples below which what a draw says of a gel is poor."""

FROM_PRIOR = 0.3
"""Share of the samples that the prior gives."""

FAR, FROM_FAR = 3.0, 0.25
"""How much wider a second normal proposal is, and its share of what the prior does not give: a posterior of tails, or
with an edge at its mode, where its curvature says nothing (Laplace noise), is wider than the first."""

WIDER = 0.5
"""How much wider a proposal is than the posterior, in sds of one parameter; divided by the root of their number, for
each parameter costs its share of the samples."""

FLAT = 1e-3
"""Standard deviation of a proposal, in that of the prior, that is added so that none is flat."""


Guess = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Samples of the prior (draws, samples, parameters) -> more places of that shape, for any number of samples; and widths
(draws, parameters) in which the density changes there."""


@dataclass(frozen=True)
class Weighed:
    """Samples of the parameters at each draw of a fit.

    Attributes
    ----------
    coordinates
        (draws, samples, parameters).
    log_weights
        (draws, samples), all measurements known; normalised at each draw.
    log_density
        (draws, samples, measurements).
    log_mean
        (draws,) of the density of all measurements together, averaged over the prior; its exponential has no bias.
    """

    coordinates: np.ndarray
    log_weights: np.ndarray
    log_density: np.ndarray
    log_mean: np.ndarray

    @property
    def effective(self) -> np.ndarray:
        """Effective samples of each draw (draws,), which are all alike where nothing is weighed."""
        if not self.coordinates.shape[-1]:
            return np.full(len(self.log_weights), math.inf)
        return np.exp(-logsumexp(2.0 * self.log_weights, axis=1))

    @property
    def poor(self) -> bool:
        """Whether at more than half of the draws fewer than `POORLY` samples count."""
        return bool((self.effective < POORLY).mean() > 0.5)

    def without(self, row: int) -> np.ndarray:
        """Logarithms of the weights (draws, samples) with one measurement unknown, normalised at each draw."""
        own = self.log_density[..., row]
        # What is impossible has no weight already, or nothing is weighed: there is nothing to take back.
        found = self.log_weights - np.where(np.isfinite(self.log_weights) & np.isfinite(own), own, 0.0)
        return found - logsumexp(found, axis=1, keepdims=True)

    def left_out(self, row: int) -> float:
        """Log-density of a measurement given the others, averaged over the draws."""
        # At one draw: the sum over w / p of p, where w / p are the weights without it.
        each = logsumexp(self.without(row) + self.log_density[..., row], axis=1)
        return float(logsumexp(each) - np.log(len(each)))


def weigh(
    log_density: LogDensity, mean: np.ndarray, sd: np.ndarray, draws: int, rng: np.random.Generator,
    guess: Guess | None = None,
) -> Weighed:  # fmt: skip
    """Sample the parameters at each draw of the fit.

    Parameters
    ----------
    log_density
        Of the measurements, given coordinates at each draw.
    mean, sd
        (parameters,) of the normal prior of the coordinates; empty where everything is known.
    draws
        Of the fit.
    rng
        Of the samples.
    guess
        Where to look for the modes beside samples of the prior, which narrow ones lie between.
    """
    size = len(mean)
    if not size:
        nothing = np.zeros((draws, 1, 0))
        known = log_density(nothing)
        return Weighed(nothing, np.zeros((draws, 1)), known, known[:, 0].sum(-1))
    starts, width = mean + sd * rng.normal(size=(draws, SAMPLES, size)), None
    if guess is not None:
        more, width = guess(starts)
        starts = np.concatenate([starts, more], axis=1)
    centre, spread = highest(log_density, mean, sd, starts, width)
    for _ in range(ROUNDS):
        found = _round(log_density, mean, sd, centre, spread, rng)
        well = found.effective >= ENOUGH
        if well.mean() > ALL_BUT:
            break
        nearer = _moments(found.coordinates, found.log_weights, sd)
        centre = np.where(well[:, None], nearer[0], centre)
        spread = np.where(well[:, None, None], nearer[1], spread)
    return found


def _round(
    log_density: LogDensity, mean: np.ndarray, sd: np.ndarray, centre: np.ndarray, spread: np.ndarray,
    rng: np.random.Generator,
) -> Weighed:  # fmt: skip
    draws, size = centre.shape
    fresh = round(FROM_PRIOR * SAMPLES)
    factor = (1.0 + WIDER / math.sqrt(size)) * np.linalg.cholesky(spread)
    apart = rng.normal(size=(draws, SAMPLES - fresh, size))
    beyond = round(FROM_FAR * (SAMPLES - fresh))
    apart[:, :beyond] *= FAR
    near = centre[:, None] + np.einsum("dij,dsj->dsi", factor, apart)
    wide = mean + sd * rng.normal(size=(draws, fresh, size))
    found = np.concatenate([near, wide], axis=1)
    prior = -0.5 * (((found - mean) / sd) ** 2).sum(-1) - np.log(sd).sum()
    apart = np.einsum("dij,dsj->dsi", np.linalg.inv(factor), found - centre[:, None])
    squares, volume = 0.5 * (apart**2).sum(-1), np.log(np.abs(np.linalg.det(factor)))[:, None]
    share = beyond / (SAMPLES - fresh)
    far = math.log(share) - squares / FAR**2 - size * math.log(FAR)
    proposal = np.logaddexp(math.log1p(-share) - squares, far) - volume
    mixture = np.logaddexp(math.log1p(-fresh / SAMPLES) + proposal, math.log(fresh / SAMPLES) + prior)
    density = log_density(found)
    density = np.where(np.isnan(density), -np.inf, density)
    logs = density.sum(-1) + prior - mixture
    return Weighed(found, _normalised(logs), density, logsumexp(logs, axis=1) - math.log(SAMPLES))


def _normalised(logs: np.ndarray) -> np.ndarray:
    return logs - logsumexp(logs, axis=1, keepdims=True)


def _moments(points: np.ndarray, log_weights: np.ndarray, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (draws, parameters) and covariance of weighted samples, which is never flat."""
    weights = np.exp(log_weights)
    mean = np.einsum("ds,dsi->di", weights, points)
    apart = points - mean[:, None]
    covariance = np.einsum("ds,dsi,dsj->dij", weights, apart, apart)
    return mean, covariance + np.diag((FLAT * sd) ** 2)
