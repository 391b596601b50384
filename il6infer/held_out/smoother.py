"""A smoother that knows no biology: how well a measurement is predicted by the others of its gel alone.

A Gaussian process (Rasmussen and Williams 2006, chapters 2 and 5): one smooth curve over time that all conditions of a
gel share, one of each condition around it, alike where doses are, and noise; of logarithms where the noise is of
logarithms. Its five parameters are integrated out, given the other values: with the single best of them a value unlike
all others (the one at rest, before a plateau) was called impossible by hundreds of log units, and any mechanism was
ahead of that.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import norm, qmc

FEWEST = 5
"""Values below which no curve is laid through them."""

EARLY = 10.0
"""Times [min] are stretched as ln(1 + time / this), for responses rise early and fall late."""

# Prior of the parameters, normal, of the logarithms of: sd of the shared curve, sd of a condition's own, length of both
# over time, sd of the noise (of logarithms of values in e-folds, of values in their sd), length over doses in e-folds.
_MEAN = np.log([0.7, 0.7, 1.0, 0.3, 1.5])
_SD = np.array([1.0, 1.0, 0.7, 1.0, 0.7])

_LEVEL = 100.0
"""Variance of the unknown level, beside what the curves do."""

_NEAR = 0.4
"""Width of the points around an optimum, in standard deviations of the prior."""

_EFFECTIVE = 100.0
"""Points that the parameters given the other values are worth at least, while centres can be added."""

_CENTRES = 8

_ENTRIES = 2_000_000
"""Of covariances that are held at once."""


def left_out(times: np.ndarray, unlike: np.ndarray, values: np.ndarray, *, logarithmic: bool) -> np.ndarray | None:
    """Log-density of each value given the others (values,); None where they are too few.

    Parameters
    ----------
    times, values
        (values,) of one read-out on one gel or plate; times in min.
    unlike
        (values, values) how far their conditions lie apart (`il6infer.held_out.unlike`): 0 for the same.
    logarithmic
        Whether the curve is one of logarithms.
    """
    if len(values) < FEWEST:
        return None
    line = np.log(values) if logarithmic else values
    unit = 1.0 if logarithmic else float(line.std()) or 1.0
    y = (line - line.mean()) / unit
    x = np.log1p((times - times.min()) / EARLY)
    apart = np.abs(x[:, None] - x[None])
    # Importance sampling: points of the prior and around optima; one inverse each has all values left out in turn.
    centres, points, densities = [], [], []
    while True:
        points.append(_MEAN + _SD * _normal() if not centres else centres[-1] + _NEAR * _SD * _normal())
        densities.append(_log_densities(points[-1], apart, unlike, y))
        at = np.concatenate(points)
        whole, each = (np.concatenate(part) for part in zip(*densities, strict=True))
        prior = norm.logpdf(at, _MEAN, _SD).sum(1)
        near = [norm.logpdf(at, centre, _NEAR * _SD).sum(1) for centre in centres]
        weights = (prior - logsumexp([prior, *near], axis=0))[:, None] + whole[:, None] - each
        effective = np.exp(2 * logsumexp(weights, axis=0) - logsumexp(2 * weights, axis=0))
        worst = int(effective.argmin())
        if effective[worst] >= _EFFECTIVE or len(centres) == _CENTRES:
            break
        others = np.delete(np.arange(len(y)), worst)
        centres.append(_best(apart[np.ix_(others, others)], unlike[np.ix_(others, others)], y[others]))
    found = logsumexp(weights + each, axis=0) - logsumexp(weights, axis=0) - math.log(unit)
    return found - line if logarithmic else found


@cache
def _normal() -> np.ndarray:
    """Evenly spread standard normal numbers, (points, parameters)."""
    return norm.ppf(qmc.Sobol(len(_MEAN), seed=1).random(1024))


def _best(apart: np.ndarray, unlike: np.ndarray, y: np.ndarray) -> np.ndarray:
    def loss(logs: np.ndarray) -> float:
        whole, _ = _log_densities(logs[None], apart, unlike, y)
        return float(0.5 * (((logs - _MEAN) / _SD) ** 2).sum() - whole[0])

    # Rounded, for where the climb ends hangs in the fourth digit on the machine, and points lie around it far wider.
    return np.round(minimize(loss, _MEAN, method="L-BFGS-B").x, 2)


def _log_densities(logs: np.ndarray, apart: np.ndarray, unlike: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Log-density of all values at parameters (points, 5), and of each given the others (points, values).

    Of one value given the others mean and variance stand in the inverse (Rasmussen and Williams, section 5.4.2).
    """
    size = max(1, _ENTRIES // apart.size)
    parts = [_at_once(logs[i : i + size], apart, unlike, y) for i in range(0, len(logs), size)]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _at_once(logs: np.ndarray, apart: np.ndarray, unlike: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    covariance = _covariance(logs, apart, unlike)
    inverse = np.linalg.inv(covariance)
    told, precision = inverse @ y, np.diagonal(inverse, axis1=-2, axis2=-1)
    half = 0.5 * math.log(2 * math.pi)
    whole = -0.5 * (told @ y) - 0.5 * np.linalg.slogdet(covariance)[1] - len(y) * half
    return whole, 0.5 * np.log(precision) - 0.5 * told**2 / precision - half


def _covariance(logs: np.ndarray, apart: np.ndarray, unlike: np.ndarray) -> np.ndarray:
    shared, own, length, noise, doses = (np.exp(logs[..., i])[..., None, None] for i in range(len(_MEAN)))
    same = np.where(np.isfinite(unlike), _matern(np.where(np.isfinite(unlike), unlike, 0.0) / doses), 0.0)
    own_curve = own**2 * same
    return _LEVEL + (shared**2 + own_curve) * _matern(apart / length) + (noise**2 + 1e-6) * np.eye(len(apart))


def _matern(distance: np.ndarray) -> np.ndarray:
    """Correlation of a curve that is twice differentiable (Matern's, 5/2)."""
    r = math.sqrt(5.0) * distance
    return (1.0 + r + r * r / 3.0) * np.exp(-r)
