"""Parameters of read-outs that held-out data estimate alone: scale, offset and noise of a gel that no fit has seen.

At each draw of the fit the dynamics are given, and the few parameters that are left are weighed by importance sampling:
a normal proposal that adapts to them (population Monte Carlo, Cappe 2004, doi 10.1198/106186004X12803), mixed with
their prior, so that what one value alone decides is still covered when this value is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

ROUNDS, SAMPLES = 4, 300
"""Rounds of adaptation, and samples of each, at each draw of the fit."""

FIRST = 20_000
"""Samples of the prior from which the first proposal is made, at the middle of the draws."""

FROM_PRIOR = 0.3
"""Share of the samples that the prior gives."""

WIDER = 1.5
"""Standard deviations of a proposal, in those of the samples before."""

LogDensity = Callable[[np.ndarray], np.ndarray]
"""Coordinates (draws, samples, parameters) -> log-density of each measurement given the others (draws, samples,
measurements), and where those hang together one more column: what makes their sum that of all together."""


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
    """

    coordinates: np.ndarray
    log_weights: np.ndarray
    log_density: np.ndarray

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
    log_density: LogDensity, mean: np.ndarray, sd: np.ndarray, draws: int, middle: LogDensity, rng: np.random.Generator
) -> Weighed:
    """Sample the parameters at each draw of the fit.

    Parameters
    ----------
    log_density
        Of the measurements, given coordinates at each draw.
    mean, sd
        (parameters,) of the normal prior of the coordinates; empty where everything is known.
    draws
        Of the fit.
    middle
        As `log_density`, of one draw that stands for all (1, samples, parameters).
    rng
        Of the samples.
    """
    size = len(mean)
    if not size:
        nothing = np.zeros((draws, 1, 0))
        return Weighed(nothing, np.zeros((draws, 1)), log_density(nothing))
    first = mean + sd * rng.normal(size=(1, FIRST, size))
    start = middle(first).sum(axis=-1)
    centre, spread = _moments(first, _normalised(start), sd)
    centre, spread = np.repeat(centre, draws, axis=0), np.repeat(spread, draws, axis=0)
    for _ in range(ROUNDS):
        found = _round(log_density, mean, sd, centre, spread, rng)
        centre, spread = _moments(found.coordinates, found.log_weights, sd)
    return found


def _round(
    log_density: LogDensity, mean: np.ndarray, sd: np.ndarray, centre: np.ndarray, spread: np.ndarray,
    rng: np.random.Generator,
) -> Weighed:  # fmt: skip
    draws, size = centre.shape
    fresh = round(FROM_PRIOR * SAMPLES)
    factor = WIDER * np.linalg.cholesky(spread)
    near = centre[:, None] + np.einsum("dij,dsj->dsi", factor, rng.normal(size=(draws, SAMPLES - fresh, size)))
    wide = mean + sd * rng.normal(size=(draws, fresh, size))
    found = np.concatenate([near, wide], axis=1)
    prior = -0.5 * (((found - mean) / sd) ** 2).sum(-1) - np.log(sd).sum()
    apart = np.einsum("dij,dsj->dsi", np.linalg.inv(factor), found - centre[:, None])
    proposal = -0.5 * (apart**2).sum(-1) - np.log(np.abs(np.linalg.det(factor)))[:, None]
    mixture = np.logaddexp(np.log(1 - FROM_PRIOR) + proposal, np.log(FROM_PRIOR) + prior)
    density = log_density(found)
    density = np.where(np.isnan(density), -np.inf, density)
    return Weighed(found, _normalised(density.sum(-1) + prior - mixture), density)


def _normalised(logs: np.ndarray) -> np.ndarray:
    return logs - logsumexp(logs, axis=1, keepdims=True)


def _moments(points: np.ndarray, log_weights: np.ndarray, sd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (draws, parameters) and covariance of weighted samples, which is never flat."""
    weights = np.exp(log_weights)
    mean = np.einsum("ds,dsi->di", weights, points)
    apart = points - mean[:, None]
    covariance = np.einsum("ds,dsi,dsj->dij", weights, apart, apart)
    return mean, covariance + np.diag((0.01 * sd) ** 2)
