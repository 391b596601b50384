"""Optimal bridge between two samples: Meng and Wong 1996, Statistica Sinica 6, 831."""

from __future__ import annotations

import math

import numpy as np

_ROUNDS, _PRECISION = 1000, 1e-10


def bridged(there: np.ndarray, here: np.ndarray, worth: float) -> tuple[float, float] | None:
    """Find the fixed point of the optimal bridge.

    Parameters
    ----------
    there, here
        (draws,) logarithms of an unnormalised density over a normalised one, at draws of the first and of the second.
    worth
        Independent draws that those of the first are worth.

    Returns
    -------
    tuple of float
        Logarithm of the first one's normalising constant, and the share of its draws in all that count; None where the
        iteration comes to no end.
    """
    share = worth / (worth + len(here))
    value = float(np.median(there))
    for _ in range(_ROUNDS):
        above = log_mean(here - np.logaddexp(math.log(share) + here, math.log1p(-share) + value))
        below = log_mean(-np.logaddexp(math.log(share) + there, math.log1p(-share) + value))
        new = above - below
        if not math.isfinite(new):
            return None
        if abs(new - value) < _PRECISION * max(1.0, abs(value)):
            return float(new), share
        value = float(new)
    return None


def log_mean(values: np.ndarray) -> float:
    """Logarithm of the mean of exponentials (draws,)."""
    top = values.max()
    return float(top + np.log(np.exp(values - top).mean())) if math.isfinite(top) else -math.inf
