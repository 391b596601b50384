"""Pareto-smoothed importance sampling.

Vehtari, Simpson, Gelman, Yao & Gabry 2024, "Pareto smoothed importance sampling", arXiv 1507.02646.
"""

from __future__ import annotations

import math

import numpy as np

_FEWEST = 5
"""Draws of a tail below which none is fitted."""

_FLAT = 1e-3
"""Share of all weights that so few draws may add beyond the start of the tail for it to be none."""

_SMALLEST = math.log(np.finfo(float).tiny)


def smoothed_weights(log_weights: np.ndarray, efficiency: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Smooth the largest importance weights of each row.

    Parameters
    ----------
    log_weights
        (rows, draws) natural logarithms, each row up to a constant.
    efficiency
        Independent draws a draw: tails of less efficient chains are taken longer.

    Returns
    -------
    log_weights
        (rows, draws), of each row normalised to the sum 1.
    shapes
        (rows,) Pareto k; above 0.7 means under the weights cannot be trusted, infinite where the tail has too few
        distinct draws, 0 where these add next to nothing: weights that are alike have no tail.
    """
    size = log_weights.shape[-1]
    tail = math.ceil(min(size / 5.0, 3 * (size / efficiency) ** 0.5))
    smoothed = [_smoothed(row, tail) for row in log_weights]
    return np.array([row for row, _ in smoothed]).reshape(log_weights.shape), np.array([k for _, k in smoothed])


def _smoothed(log_weights: np.ndarray, length: int) -> tuple[np.ndarray, float]:
    """Replace the `length` largest weights by quantiles of the generalised Pareto distribution fitted to them."""
    values = log_weights - np.max(log_weights)
    cut = max(np.partition(values, -length - 1)[-length - 1], _SMALLEST)
    (places,) = np.nonzero(values > cut)
    shape = math.inf
    if len(places) >= _FEWEST:
        order = np.argsort(values[places])
        shape, scale = _pareto((np.exp(values[places]) - np.exp(cut))[order])
        if np.isfinite(shape):
            probabilities = np.arange(0.5, len(places)) / len(places)
            values[places[order]] = np.log(_pareto_quantiles(probabilities, shape, scale) + np.exp(cut))
            values[values > 0] = 0
    elif np.sum(np.exp(values[places]) - np.exp(cut)) <= _FLAT * np.exp(values).sum():
        shape = 0.0
    return values - np.log(np.exp(values - values.max()).sum()) - values.max(), shape


def _pareto(excesses: np.ndarray) -> tuple[float, float]:
    """Shape and scale of a generalised Pareto distribution; excesses sorted upwards.

    Zhang & Stephens 2009, doi 10.1198/tech.2009.08017, with the weak prior of the reference above.
    """
    size = len(excesses)
    grid = 30 + int(size**0.5)
    theta = 1 - np.sqrt(grid / (np.arange(1, grid + 1, dtype=float) - 0.5))
    theta /= 3 * excesses[int(size / 4 + 0.5) - 1]
    theta += 1 / excesses[-1]
    shapes = np.log1p(-theta[:, None] * excesses).mean(axis=1)
    likelihood = size * (np.log(-(theta / shapes)) - shapes - 1)
    weights = 1 / np.exp(likelihood - likelihood[:, None]).sum(axis=1)
    kept = weights >= 10 * np.finfo(float).eps
    weights, theta = weights[kept], theta[kept]
    best = np.sum(theta * (weights / weights.sum()))
    shape = np.log1p(-best * excesses).mean()
    return float((size * shape + 5.0) / (size + 10.0)), float(-shape / best)


def _pareto_quantiles(probabilities: np.ndarray, shape: float, scale: float) -> np.ndarray:
    """Inverse distribution function, for probabilities between 0 and 1."""
    if scale <= 0:
        return np.full_like(probabilities, np.nan)
    logarithm = np.log1p(-probabilities)
    if abs(shape) < np.finfo(float).eps:
        return -logarithm * scale
    return np.expm1(-shape * logarithm) / shape * scale
