"""Student's t with four degrees of freedom: errors of measurements of which some are outliers.

Four are the usual choice where too few outliers were seen to estimate the number (Lange, Little and Taylor 1989, doi
10.1080/01621459.1989.10478852; Gelman et al., Bayesian Data Analysis, chapter 17): ten scales are exceeded as often as
3.4 standard deviations of a normal distribution, and an error of ten pulls at a fit as one of 0.4.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

FREEDOM = 4
"""Degrees of freedom. The functions below hold for this number alone."""

CONSTANT = math.log(8.0 / 3.0)
"""What `loss` leaves out."""

INFORMATION = ((FREEDOM + 1) / (FREEDOM + 3), 2 * FREEDOM / (FREEDOM + 3))
"""About the median, in units of 1 / scale^2, and about the logarithm of the scale."""

VARIANCE = FREEDOM / (FREEDOM - 2)
"""In units of scale^2."""

_LN_4, _FAR = math.log(4.0), 1e150


def loss(z: Any) -> tuple[Any, Any]:
    """Minus the log-density, up to `CONSTANT`, and its derivative; an infinite error is infinitely unlikely."""
    near = np.minimum(np.maximum(z, -_FAR), _FAR)  # whose square is a number
    return 5.0 * np.log(np.hypot(1.0, 0.5 * z)), 5.0 * near / (4.0 + near * near)


def log_mass(z: float) -> tuple[float, float]:
    """Logarithm of the mass below z, and its derivative.

    With s = z / sqrt(4 + z^2) the mass is (1 + s)^2 (2 - s) / 4, and 1 + s is written so that nothing cancels.
    """
    away, root = -abs(z), math.hypot(2.0, z)
    tail = 2.0 * (_LN_4 - math.log(root) - math.log(root - away)) + math.log(2.0 - away / root) - _LN_4
    found = math.log1p(-math.exp(tail)) if z > 0.0 else tail
    return found, math.exp(-CONSTANT - 5.0 * math.log(math.hypot(1.0, 0.5 * z)) - found)


def student_arguments(pm: Any, *, logarithmic: bool) -> dict[str, Any]:
    """Give the distribution (location and scale, of the logarithm where it is of that), for `pymc.CustomDist`.

    Parameters
    ----------
    pm
        Module ``pymc``.
    logarithmic
        Whether the logarithm of the value has it.
    """

    def logp(value: Any, location: Any, scale: Any) -> Any:
        line = pm.math.log(value) if logarithmic else value
        z = (line - location) / scale
        found = -2.5 * pm.math.log(1.0 + 0.25 * z**2) - CONSTANT - pm.math.log(scale)
        return found - line if logarithmic else found

    def logcdf(value: Any, location: Any, scale: Any, **_: Any) -> Any:
        z = ((pm.math.log(value) if logarithmic else value) - location) / scale
        away, root = -pm.math.abs(z), pm.math.sqrt(4.0 + z**2)
        tail = 2.0 * pm.math.log(4.0 / (root * (root - away))) + pm.math.log(0.25 * (2.0 - away / root))
        return pm.math.switch(z > 0.0, pm.math.log(1.0 - pm.math.exp(tail)), tail)

    def random(location: np.ndarray, scale: np.ndarray, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        drawn = location + scale * rng.standard_t(FREEDOM, size)
        return np.exp(drawn) if logarithmic else drawn

    called = "LogStudentT" if logarithmic else "StudentT"
    return {"logp": logp, "logcdf": logcdf, "random": random, "class_name": called}
