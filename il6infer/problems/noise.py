"""Noise distributions, in one table: density and slope, draws, PyMC's form, each by PEtab v2's name.

A measurement is the median plus `scale` times a standard error; for a logarithmic kind, their logarithms are. A new
kind is one entry of `NOISES`; likelihood, compiled density, predictive draws and residuals read it.

Of a censored measurement only its side of a limit is known: its likelihood is the mass of the distribution there
(`BELOW`: of smaller values).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from il6infer.problems import student
from il6infer.problems.families import log_laplace_arguments

CENSORED: Mapping[str, int] = MappingProxyType({"": 0, "below": -1, "above": 1})
"""How a measurement's side is called -> where the value lies of what is written as its value: at, below or above it."""


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
    log_mass
        z -> logarithm of the mass below z, and the derivative of that: arithmetic of scalars, which numba compiles. The
        distribution is symmetric: the mass above z is that below -z.
    draw
        (generator, shape) -> standard errors.
    information
        Fisher information of one measurement about its median, in units of 1 / scale^2, and about the logarithm of its
        scale.
    variance
        In units of scale^2.
    scale
        What the scale is called.
    """

    loss: Callable[[Any], tuple[Any, Any]]
    constant: float
    log_mass: Callable[[float], tuple[float, float]]
    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    information: tuple[float, float]
    variance: float
    scale: str


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
        Module ``pymc`` -> its class of distributions of (median or its logarithm, scale), and more keywords of that.
    """

    error: str
    logarithmic: bool
    table: str
    pymc: Callable[[Any], tuple[Any, dict[str, Any]]]


def _squared(z: Any) -> tuple[Any, Any]:
    return 0.5 * z * z, z


def _absolute(z: Any) -> tuple[Any, Any]:
    return np.abs(z), np.sign(z)


_HALF, _LOG_ROOT = math.sqrt(0.5), 0.5 * math.log(2 * math.pi)
_FAR = -30.0


def _normal_log_mass(z: float) -> tuple[float, float]:
    if z < _FAR:  # the series in 1/z^2 is exact to 1e-12 there, and erfc about to vanish
        u = 1.0 / (z * z)
        series = 1.0 - u * (1.0 - u * (3.0 - u * (15.0 - 105.0 * u)))
        return math.log(series / -z) - 0.5 * z * z - _LOG_ROOT, -z / series
    found = math.log1p(-0.5 * math.erfc(z * _HALF)) if z > 0.0 else math.log(0.5 * math.erfc(-z * _HALF))
    return found, math.exp(-0.5 * z * z - _LOG_ROOT - found)


def _laplace_log_mass(z: float) -> tuple[float, float]:
    if z < 0.0:
        return z - math.log(2.0), 1.0
    above = 0.5 * math.exp(-z)
    return math.log1p(-above), above / (1.0 - above)


ERRORS: Mapping[str, StandardError] = MappingProxyType(
    {
        "normal": StandardError(
            _squared, _LOG_ROOT, _normal_log_mass, lambda rng, shape: rng.normal(size=shape), (1.0, 2.0), 1.0, "sd"
        ),
        "laplace": StandardError(
            _absolute,
            math.log(2.0),
            _laplace_log_mass,
            lambda rng, shape: rng.laplace(size=shape),
            (1.0, 1.0),
            2.0,
            "mean absolute deviation",
        ),
        # From a stream of its own, so that the draws of the others are the same with it and without.
        "student-t": StandardError(
            student.loss,
            student.CONSTANT,
            student.log_mass,
            lambda rng, shape: rng.spawn(1)[0].standard_t(student.FREEDOM, size=shape),
            student.INFORMATION,
            student.VARIANCE,
            f"scale of Student's t, {student.FREEDOM} degrees of freedom,",
        ),
    }
)
"""Standard errors by name."""

NOISES: Mapping[str, Noise] = MappingProxyType(
    {
        "normal": Noise("normal", False, "normal", lambda pm: (pm.Normal, {})),
        "log-normal": Noise("normal", True, "lognormal", lambda pm: (pm.LogNormal, {})),
        "laplace": Noise("laplace", False, "laplace", lambda pm: (pm.Laplace, {})),
        "log-laplace": Noise("laplace", True, "log-laplace", lambda pm: (pm.CustomDist, log_laplace_arguments(pm))),
        "student-t": Noise(
            "student-t",
            False,
            "student-t",
            lambda pm: (pm.CustomDist, student.student_arguments(pm, logarithmic=False)),
        ),
        "log-student-t": Noise(
            "student-t",
            True,
            "log-student-t",
            lambda pm: (pm.CustomDist, student.student_arguments(pm, logarithmic=True)),
        ),
    }
)
"""Noise distribution by the name that PEtab v2 gives it, or that of `EXTENSION`."""

EXTENSION, WITHOUT = "student_t_noise", MappingProxyType({"student-t": "normal", "log-student-t": "log-normal"})
"""PEtab extension that has the noise distributions that PEtab has not, and of each the one that is most like it."""

KINDS: Mapping[str, str] = MappingProxyType({noise.table: name for name, noise in NOISES.items()})
"""Word of a table of measurements -> kind of noise."""


def logarithmic(kinds: np.ndarray) -> np.ndarray:
    """Whether each noise distribution (names, any shape) is one of logarithms."""
    return np.isin(kinds.astype(str), [name for name, noise in NOISES.items() if noise.logarithmic])


def error_of(kind: str) -> StandardError:
    """Give the standard error of a noise distribution."""
    return ERRORS[NOISES[kind].error]


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


def log_density(
    kinds: np.ndarray, measured: np.ndarray, median: np.ndarray, scale: np.ndarray, side: np.ndarray
) -> np.ndarray:
    """Log-density of each measurement itself, with the Jacobian 1 / value of logarithmic noise; see `residuals`.

    Parameters
    ----------
    kinds, measured, median, scale
        As `residuals` has them.
    side
        (measurements,), of `CENSORED`: where it is not 0, the logarithm of the mass on that side of `measured`.
    """
    z = residuals(kinds, measured, median, scale)
    found = np.zeros(z.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, error in ERRORS.items():
            density = -error.loss(z)[0] - np.log(scale) - error.constant
            found = np.where(_has_error(kinds, name), density, found)
        found = found - np.where(logarithmic(kinds), np.log(measured), 0.0)
    return np.where(side == 0, found, _log_masses(kinds, z, median, side)[0])


def slopes(
    kinds: np.ndarray, measured: np.ndarray, median: np.ndarray, scale: np.ndarray, side: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Differentiate each log-density by the median and by the scale; see `residuals`.

    Parameters
    ----------
    kinds, measured, median, scale, side
        As `log_density` has them.
    """
    z = residuals(kinds, measured, median, scale)
    slope = np.zeros(z.shape)
    for name, error in ERRORS.items():
        slope = np.where(_has_error(kinds, name), error.loss(z)[1], slope)
    # All mass lies on its side, as it does for medians around this one.
    sure = ((side < 0) & np.isposinf(z)) | ((side > 0) & np.isneginf(z))
    slope = np.where(side == 0, slope, -_log_masses(kinds, z, median, side)[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        by_median = slope / scale / np.where(logarithmic(kinds), median, 1.0)
        by_scale = (slope * z - (side == 0)) / scale
    return np.where(sure, 0.0, by_median), np.where(sure, 0.0, by_scale)


def _log_masses(
    kinds: np.ndarray, z: np.ndarray, median: np.ndarray, side: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of the mass on its side of each censored measurement, and its derivative by z; zeros elsewhere.

    Where the median is infinite, no simulation stands behind it, and it has no mass on any side.
    """
    found, slope = np.zeros(z.shape), np.zeros(z.shape)
    for column in np.flatnonzero(side):
        towards = -float(side[column])
        log_mass = np.vectorize(ERRORS[NOISES[str(kinds[column])].error].log_mass, otypes=[float, float])
        here, ends = towards * z[..., column], np.isinf(median[..., column])
        sound = np.isfinite(here)
        mass, by_z = log_mass(np.where(sound, here, 0.0))
        beyond = np.where(np.isposinf(here) & ~ends, 0.0, np.where(np.isnan(here), np.nan, -np.inf))
        found[..., column] = np.where(sound, mass, beyond)
        slope[..., column] = np.where(sound, towards * by_z, 0.0)
    return found, slope


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


def correlation_at(distances: np.ndarray, time: float | np.ndarray, share: float | np.ndarray) -> np.ndarray:
    """Correlation matrices (..., lanes, lanes) of errors of one course.

    Parameters
    ----------
    distances
        (lanes, lanes) in time between its measurements.
    time, share
        (..., 1, 1) or a number: correlation time, in the unit of the distances, and correlated share.
    """
    same = np.eye(len(distances))
    return share * np.exp(-distances / time) * (1.0 - same) + same
