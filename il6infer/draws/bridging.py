"""Optimal bridge between two samples: Meng and Wong 1996, Statistica Sinica 6, 831.

Standard error: Frühwirth-Schnatter 2004, doi 10.1111/j.1368-423X.2004.00125.x.
"""

from __future__ import annotations

import math

import numpy as np

from il6infer.draws.convergence import effective_draws

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


def bridge_error(there: np.ndarray, here: np.ndarray, value: float, share: float) -> float:
    """Relative error of the normalising constant, which is the error of its logarithm.

    Parameters
    ----------
    there, here
        (chains, draws) as those of `bridged`.
    value, share
        Its answer.
    """
    with np.errstate(over="ignore"):  # to zero, then
        first = 1.0 / (share + (1.0 - share) * np.exp(value - here))
        second = 1.0 / (share * np.exp(there - value) + 1.0 - share)
    total = 0.0
    for terms in (first, second):
        independent = effective_draws(terms) if terms.std() > 0.0 else float(terms.size)
        total += terms.var() / terms.mean() ** 2 / (independent if math.isfinite(independent) else 1.0)
    return math.sqrt(total)


def log_mean(values: np.ndarray) -> float:
    """Logarithm of the mean of exponentials (draws,)."""
    top = values.max()
    return float(top + np.log(np.exp(values - top).mean())) if math.isfinite(top) else -math.inf
