"""R-hat, effective sample sizes and Monte-Carlo error of one scalar quantity.

Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021, "Rank-normalization, folding, and localization: an improved R-hat",
doi 10.1214/20-BA1221. Every function takes draws of shape (chains, draws), and gives NaN where one of them is NaN or
there are too few.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.fft import next_fast_len
from scipy.special import ndtri

_FEWEST = 4
"""Draws a chain below which nothing is said."""

_BLOM = 3 / 8
"""Offset of ranks that become normal quantiles. Blom 1958, "Statistical estimates and transformed beta-variables"."""


def rank_rhat(draws: np.ndarray) -> float:
    """Rank-normalised split R-hat, the larger of bulk and tail; NaN for one chain.

    Parameters
    ----------
    draws
        (chains, draws).
    """
    if len(draws) < 2 or not _valid(draws):
        return math.nan
    halves = _halves(draws)
    folded = np.abs(halves - np.median(halves))
    return float(max(_rhat(_normal_ranks(halves)), _rhat(_normal_ranks(folded))))


def bulk_draws(draws: np.ndarray) -> float:
    """Independent draws that the ranks of `draws`, of shape (chains, draws), are worth."""
    return _effective(_normal_ranks(_halves(draws))) if _valid(draws) else math.nan


def tail_draws(draws: np.ndarray) -> float:
    """Independent draws that the 5 % or the 95 % quantile is estimated from, whichever are fewer.

    Parameters
    ----------
    draws
        (chains, draws).
    """
    if not _valid(draws):
        return math.nan
    return min(_effective(_halves(draws <= _quantile(draws, q)).astype(float)) for q in (0.05, 0.95))


def effective_draws(draws: np.ndarray) -> float:
    """Independent draws that the mean of `draws`, of shape (chains, draws), is estimated from."""
    return _effective(_halves(draws)) if _valid(draws) else math.nan


def mean_error(draws: np.ndarray) -> float:
    """Monte-Carlo standard error of the mean of `draws`, of shape (chains, draws), in their unit."""
    return float(np.std(draws, ddof=1) / np.sqrt(effective_draws(draws))) if _valid(draws) else math.nan


SPREAD_ERROR = 0.1
"""Relative Monte-Carlo error of a standard deviation above which none is given."""


def spread_error(draws: np.ndarray) -> float:
    """Relative Monte-Carlo standard error of the standard deviation of `draws`, of shape (chains, draws).

    By the error of the mean of squared deviations: a few draws far out, which make up most of it, make it large,
    however many draws there are of the bulk.
    """
    if not _valid(draws):
        return math.nan
    squares = (draws - draws.mean()) ** 2
    error = np.std(squares, ddof=1) / np.sqrt(effective_draws(squares))
    return float(error / (2.0 * squares.mean()))


def _valid(draws: np.ndarray) -> bool:
    return draws.shape[1] >= _FEWEST and not np.isnan(draws).any()


def _halves(draws: np.ndarray) -> np.ndarray:
    """First and second half of each chain as chains of their own; the middle one of an odd number is left out."""
    half = draws.shape[1] // 2
    return np.concatenate((draws[:, :half], draws[:, -half:]))


def _normal_ranks(draws: np.ndarray) -> np.ndarray:
    """Ranks over all chains, the mean of ties, as quantiles of a standard normal."""
    _, places, counts = np.unique(draws, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places.ravel()]
    return ndtri((ranks - _BLOM) / (draws.size - 2 * _BLOM + 1)).reshape(draws.shape)


def _quantile(draws: np.ndarray, share: float) -> float:
    """Linear between order statistics (type 7 of Hyndman & Fan 1996, doi 10.2307/2684934)."""
    values, size = np.sort(draws, axis=None), draws.size
    place = size * share + (1.0 - share)
    below = math.floor(min(max(place, 1), size - 1))
    part = min(max(place - below, 0.0), 1.0)
    return float((1.0 - part) * values[below - 1] + part * values[below])


def _rhat(draws: np.ndarray) -> float:
    """Root of the pooled over the mean variance within chains."""
    size = draws.shape[1]
    between = size * np.var(draws.mean(axis=1), ddof=1)
    within = np.mean(np.var(draws, axis=1, ddof=1))
    with np.errstate(invalid="ignore", divide="ignore"):  # chains that never moved have none
        return np.sqrt((between / within + size - 1) / size)


def _effective(draws: np.ndarray) -> float:
    """Draws over the sum of their autocorrelations, up to where noise begins.

    Geyer 1992, doi 10.1214/ss/1177011137: sums of neighbouring pairs are positive and fall; the first that is not ends
    the sum.
    """
    if np.max(draws) - np.min(draws) < np.finfo(float).resolution:
        return float(draws.size)
    chains, size = draws.shape
    covariance = _autocovariance(draws)
    mean_variance = np.mean(covariance[:, 0]) * size / (size - 1.0)
    pooled = mean_variance * (size - 1.0) / size
    if chains > 1:
        pooled += np.var(draws.mean(axis=1), ddof=1)
    correlation = 1.0 - (mean_variance - covariance.mean(axis=0)) / pooled
    kept = np.zeros(size)
    kept[0] = even = 1.0
    kept[1] = odd = correlation[1]
    lag = 1
    while lag < size - 3 and even + odd > 0.0:
        even, odd = correlation[lag + 1 : lag + 3]
        if even + odd >= 0:
            kept[lag + 1 : lag + 3] = even, odd
        lag += 2
    last = lag - 2
    if even > 0:
        kept[last + 1] = even
    for lag in range(1, last - 1, 2):
        if kept[lag + 1] + kept[lag + 2] > kept[lag - 1] + kept[lag]:
            kept[lag + 1] = kept[lag + 2] = (kept[lag - 1] + kept[lag]) / 2.0
    if np.isnan(kept).any():
        return math.nan
    time = -1.0 + 2.0 * np.sum(kept[: last + 1]) + np.sum(kept[last + 1 : last + 2])
    return float(draws.size / max(time, 1 / np.log10(draws.size)))


def _autocovariance(draws: np.ndarray) -> np.ndarray:
    """(chains, lags), by the fast Fourier transform of each chain."""
    size = draws.shape[1]
    padded = next_fast_len(2 * size, real=True)
    waves = np.fft.rfft(draws - draws.mean(axis=1, keepdims=True), n=padded, axis=1)
    return np.fft.irfft(waves * np.conjugate(waves), n=padded, axis=1)[:, :size] / size
