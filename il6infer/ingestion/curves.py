"""Standard curves of plates: a logistic of four or five parameters, fitted to wells of known concentration.

The model and its weights are those of Findlay and Dillard, AAPS J 2007 (doi:10.1208/aapsj0902029): the spread of a
signal grows with the signal, so residuals count relative to it; the curve holds where its standards, read back from it,
are near what they are known to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PARAMETERS = {"4PL": 4, "5PL": 5}
"""Curve -> how many parameters it has: bottom, span, half-maximal concentration, slope, and asymmetry."""
_FLOOR = 0.02
"""Of the span: below this share a signal's spread no longer falls with it (reader's own noise)."""


@dataclass(frozen=True)
class StandardCurve:
    """A fitted curve: signal = bottom + span / (1 + (half / x)^slope)^asymmetry.

    Attributes
    ----------
    parameters
        bottom, span (negative where the signal falls with the concentration), ln half, ln slope, and, of five, ln
        asymmetry.
    covariance
        Of `parameters`, from the residuals of the standards.
    levels, recoveries
        Concentrations of the standards above zero, rising, and what the curve reads of their mean signal, over what
        it should read; NaN where that signal lies outside the curve.
    low, high
        Range of quantification: the lowest and the highest level that the curve reads back well enough; NaN without.
    """

    parameters: NDArray[np.float64]
    covariance: NDArray[np.float64]
    levels: tuple[float, ...]
    recoveries: tuple[float, ...]
    low: float
    high: float

    def concentration(self, signal: float) -> float:
        """Read the concentration of a signal: 0 or infinity beyond the ends of the curve."""
        share = (signal - self.parameters[0]) / self.parameters[1]
        if not 0.0 < share < 1.0:
            return 0.0 if share <= 0.0 else math.inf
        asymmetry = math.exp(self.parameters[4]) if len(self.parameters) == 5 else 1.0
        odds = math.expm1(-math.log(share) / asymmetry)
        return math.exp(self.parameters[2] - math.log(odds) / math.exp(self.parameters[3]))

    def relative_sd(self, concentration: float) -> float:
        """Compute the standard deviation of ln concentration that comes from the curve alone."""
        at = np.array([concentration])
        step = 1e-6
        by_log = (
            _signal(self.parameters, at * math.exp(step)) - _signal(self.parameters, at * math.exp(-step))
        ).item() / (2 * step)
        gradient = np.zeros(len(self.parameters))
        for index in range(len(gradient)):
            shift = np.zeros(len(gradient))
            shift[index] = step * max(1.0, abs(self.parameters[index]))
            up, down = _signal(self.parameters + shift, at), _signal(self.parameters - shift, at)
            gradient[index] = (up - down).item() / (2 * shift[index])
        return float(math.sqrt(max(gradient @ self.covariance @ gradient, 0.0)) / abs(by_log))


def _signal(parameters: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    bottom, span, half, slope = parameters[:4]
    asymmetry = math.exp(parameters[4]) if len(parameters) == 5 else 1.0
    with np.errstate(divide="ignore", over="ignore"):
        log_ratio = math.exp(min(slope, 50.0)) * (half - np.log(x))
    return bottom + span * np.exp(-asymmetry * np.logaddexp(0.0, log_ratio))


def fit_curve(
    concentrations: Sequence[float], signals: Sequence[float], kind: str, backfit: float
) -> StandardCurve | None:
    """Fit a standard curve by weighted least squares.

    Parameters
    ----------
    concentrations, signals
        One well each; a concentration of 0 is a blank, which the curve passes at its bottom.
    kind
        One of `PARAMETERS`.
    backfit
        Largest relative error of a level that the curve may be used at.

    Returns
    -------
    StandardCurve or None
        None where no curve was found.

    Raises
    ------
    ValueError
        If there are not more levels than parameters.
    """
    from scipy.optimize import least_squares

    x, y = np.asarray(concentrations, dtype=float), np.asarray(signals, dtype=float)
    known = np.unique(x)
    if len(known) <= PARAMETERS[kind]:
        raise ValueError(f"{len(known)} levels for the {PARAMETERS[kind]} parameters of a curve")
    means = np.array([y[x == level].mean() for level in known])
    span = means[-1] - means[0]
    if span == 0.0:
        return None
    weights = 1.0 / np.maximum(np.abs(means[np.searchsorted(known, x)]), _FLOOR * abs(span))
    positive = known[known > 0]
    half = float(np.interp(0.5, np.sort((means - means[0]) / span), np.log(np.maximum(known, positive[0] / 4))))
    best: Any = None
    for slope in (0.0, -0.5, 0.5):
        start = [means[0], 1.05 * span, half, slope, 0.0][: PARAMETERS[kind]]
        found = least_squares(lambda p: (_signal(p, x) - y) * weights, start, x_scale="jac", max_nfev=500)
        if found.success and np.isfinite(found.cost) and (best is None or found.cost < best.cost):
            best = found
    if best is None or best.x[1] == 0.0:
        return None
    left = max(len(x) - len(best.x), 1)
    covariance = np.linalg.pinv(best.jac.T @ best.jac) * 2.0 * best.cost / left
    curve = StandardCurve(best.x, covariance, tuple(positive.tolist()), (), math.nan, math.nan)
    read = [curve.concentration(mean) / level for level, mean in zip(known, means, strict=True) if level > 0]
    recoveries = tuple(value if 0 < value < math.inf else math.nan for value in read)
    good = [level for level, value in zip(positive, recoveries, strict=True) if abs(value - 1.0) <= backfit]
    low, high = (min(good), max(good)) if good else (math.nan, math.nan)
    return StandardCurve(best.x, covariance, curve.levels, recoveries, float(low), float(high))
