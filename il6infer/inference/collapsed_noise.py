"""The noise of a group of batches, which is integrated out last: where it is; compiled."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.inference.collapsed import BEGIN, END, LOGARITHMIC
from il6infer.inference.quadrature import INNER
from il6infer.inference.rows import HIGH, LOW, prior_at

_DROP, _FARTHEST = 28.0, 60.0
"""Integrands over ln(sigma) are followed until they have fallen by this factor's exponential, and no farther."""


@njit(**INNER)
def _noise_slope(y, freedom, spread, power, row):  # noqa: ANN001, ANN202
    """Slope by y = ln(sigma) of the integrand when all else is at its best."""
    sigma = math.exp(y)
    return -freedom + spread * math.exp(-power * y) + prior_at(sigma, row)[1] * sigma + 1.0


@njit(**INNER)
def _noise_height(y, freedom, spread, power, row):  # noqa: ANN001, ANN202
    return -freedom * y - spread * math.exp(-power * y) / power + prior_at(math.exp(y), row)[0] + y


@njit(**INNER)
def noise_peak(freedom, spread, power, row):  # noqa: ANN001, ANN201
    """Centre, width and ends of the integrand over y = ln(sigma).

    Parameters
    ----------
    freedom
        Measurements less scales.
    spread
        Least sum of squared (power 2) or absolute (power 1) residuals.
    row
        Of the noise's prior.
    """
    guess = math.log(max(spread, 1e-300) / freedom) / power
    low = math.log(row[LOW]) if row[LOW] > 0.0 else -np.inf
    high = math.log(row[HIGH]) if row[HIGH] < np.inf else np.inf
    low, high = max(low, min(guess, high) - _FARTHEST), min(high, max(guess, low) + _FARTHEST)
    first, last = low, high
    for _ in range(60):
        middle = 0.5 * (first + last)
        if _noise_slope(middle, freedom, spread, power, row) > 0.0:
            first = middle
        else:
            last = middle
    centre = 0.5 * (first + last)
    step = 1e-3
    bend = _noise_slope(centre - step, freedom, spread, power, row)
    bend = (bend - _noise_slope(centre + step, freedom, spread, power, row)) / (2.0 * step)
    width = min(1.0 / math.sqrt(max(bend, 1e-2)), 2.0)
    top = _noise_height(centre, freedom, spread, power, row)
    start, stop, step = centre, centre, width
    while start > low and _noise_height(start, freedom, spread, power, row) > top - _DROP:
        start, step = max(start - step, low), 1.5 * step
    step = width
    while stop < high and _noise_height(stop, freedom, spread, power, row) > top - _DROP:
        stop, step = min(stop + step, high), 1.5 * step
    return centre, width, start, stop


@njit(**INNER)
def absolute_residuals(batch, values, x, noise):  # noqa: ANN001, ANN201
    """Sum of absolute residuals of a batch of Laplace noise."""
    total = 0.0
    for j in range(int(batch[BEGIN]), int(batch[END])):
        predicted = x[j]
        if batch[LOGARITHMIC] != 0.0:
            if not predicted > 0.0:
                return np.inf
            predicted = math.log(predicted)
        total += abs(values[j] - predicted) / noise[j]
    return total
