"""Noise distributions, in one table: density and slope, draws, PyMC's form, each by PEtab v2's name.

A measurement is the median plus `scale` times a standard error; for a logarithmic kind, their logarithms are. A new
kind is one entry of `NOISES`; likelihood, compiled density, predictive draws and residuals read it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from il6infer.problems.families import log_laplace_arguments


@dataclass(frozen=True)
class StandardError:
    """Distribution of (value - median) / scale.

    Attributes
    ----------
    loss
        z -> minus its log-density up to a constant, and the derivative of that: arithmetic of scalars, which numba
        compiles, and of arrays.
    constant
        What `loss` leaves out.
    draw
        (generator, shape) -> standard errors.
    """

    loss: Callable[[Any], tuple[Any, Any]]
    constant: float
    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True)
class Noise:
    """Distribution of a measurement around its prediction, the median.

    Attributes
    ----------
    error
        Name of its standard error in `ERRORS`.
    logarithmic
        Whether value and median enter as natural logarithms.
    table
        Its name in the project's measurement tables.
    pymc
        (module ``pymc``, name, median or its logarithm, scale, keywords) -> variable of the model in context.
    """

    error: str
    logarithmic: bool
    table: str
    pymc: Callable[..., Any]


def _squared(z: Any) -> tuple[Any, Any]:
    return 0.5 * z * z, z


def _absolute(z: Any) -> tuple[Any, Any]:
    return np.abs(z), np.sign(z)


ERRORS: Mapping[str, StandardError] = MappingProxyType(
    {
        "normal": StandardError(_squared, 0.5 * math.log(2 * math.pi), lambda rng, shape: rng.normal(size=shape)),
        "laplace": StandardError(_absolute, math.log(2.0), lambda rng, shape: rng.laplace(size=shape)),
    }
)
"""Standard errors by name."""

NOISES: Mapping[str, Noise] = MappingProxyType(
    {
        "normal": Noise(
            "normal", False, "normal", lambda pm, name, median, scale, **more: pm.Normal(name, median, scale, **more)
        ),
        "log-normal": Noise(
            "normal", True, "lognormal",
            lambda pm, name, median, scale, **more: pm.LogNormal(name, median, scale, **more),
        ),
        "laplace": Noise(
            "laplace", False, "laplace", lambda pm, name, median, scale, **more: pm.Laplace(name, median, scale, **more)
        ),
        "log-laplace": Noise(
            "laplace", True, "log-laplace",
            lambda pm, name, median, scale, **more: pm.CustomDist(
                name, median, scale, **log_laplace_arguments(pm), **more
            ),
        ),
    }
)  # fmt: skip
"""Noise distribution by the name that PEtab v2 gives it."""


def logarithmic(kinds: np.ndarray) -> np.ndarray:
    """Whether each noise distribution (names, any shape) is one of logarithms."""
    return np.isin(kinds.astype(str), [name for name, noise in NOISES.items() if noise.logarithmic])


def residuals(kinds: np.ndarray, measured: np.ndarray, median: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(value - median) / scale, of logarithms where the noise is; +inf where such a median is not above zero.

    Parameters
    ----------
    kinds, measured
        (measurements,) names of noise distributions, and values.
    median, scale
        (..., measurements).
    """
    logs = logarithmic(kinds)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(logs, np.log(measured), measured)
        return (value - np.where(logs, np.log(np.maximum(median, 0.0)), median)) / scale


def log_density(kinds: np.ndarray, measured: np.ndarray, median: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Log-density of each measurement itself, with the Jacobian 1 / value of logarithmic noise; see `residuals`.

    Parameters
    ----------
    kinds, measured, median, scale
        As `residuals` has them.
    """
    z = residuals(kinds, measured, median, scale)
    found = np.zeros(z.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, error in ERRORS.items():
            density = -error.loss(z)[0] - np.log(scale) - error.constant
            found = np.where(_has_error(kinds, name), density, found)
        return found - np.where(logarithmic(kinds), np.log(measured), 0.0)


def slopes(
    kinds: np.ndarray, measured: np.ndarray, median: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Differentiate each log-density by the median and by the scale; see `residuals`.

    Parameters
    ----------
    kinds, measured, median, scale
        As `residuals` has them.
    """
    z = residuals(kinds, measured, median, scale)
    slope = np.zeros(z.shape)
    for name, error in ERRORS.items():
        slope = np.where(_has_error(kinds, name), error.loss(z)[1], slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_median = slope / scale / np.where(logarithmic(kinds), median, 1.0)
        return by_median, slope * z / scale - 1.0 / scale


def draw(kinds: np.ndarray, median: np.ndarray, scale: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One measurement of each median (..., measurements); NaN where the median is.

    Parameters
    ----------
    kinds
        (measurements,) names of noise distributions.
    median, scale
        (..., measurements).
    """
    standard = np.zeros(median.shape)
    for name, error in ERRORS.items():
        # Of every kind for each measurement, so that a read-out's draws do not hang on the kinds of the others.
        standard = np.where(_has_error(kinds, name), error.draw(rng, median.shape), standard)
    error = scale * standard
    with np.errstate(over="ignore", invalid="ignore"):  # only one of the two is used, and the other may be huge
        return np.where(logarithmic(kinds), median * np.exp(error), median + error)


def _has_error(kinds: np.ndarray, error: str) -> np.ndarray:
    return np.isin(kinds.astype(str), [name for name, noise in NOISES.items() if noise.error == error])
