"""Families of priors, in one table: parameters, density and slope, SciPy's and PyMC's form, each by PEtab v2's name.

A new family is one entry of `FAMILIES`; everything that draws, differentiates, compiles or lists priors reads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import scipy


@dataclass(frozen=True)
class Family:
    """One family of priors, over its whole support.

    Attributes
    ----------
    parameters
        Names of its parameters, one or two, in PEtab's order.
    positive
        Those of them that must be above zero.
    logarithmic
        Whether it lives on the positive half-line, and is smooth in ln(value).
    scipy
        Parameters -> frozen SciPy distribution.
    density
        (value, first, second) -> log-density up to a constant, and its derivative by value: plain arithmetic, which
        numba compiles. `second` is 0 where there is no second parameter.
    pymc
        (module ``pymc``, *parameters) -> unnamed PyMC distribution.
    ordered
        Whether the first parameter must lie below the second.
    """

    parameters: tuple[str, ...]
    positive: tuple[str, ...]
    logarithmic: bool
    scipy: Callable[..., Any]
    density: Callable[[float, float, float], tuple[float, float]]
    pymc: Callable[..., Any]
    ordered: bool = False


def _normal(v: float, a: float, b: float) -> tuple[float, float]:
    z = (v - a) / b
    return -0.5 * z * z, -z / b


def _log_normal(v: float, a: float, b: float) -> tuple[float, float]:
    z = (math.log(v) - a) / b
    return -0.5 * z * z - math.log(v), -(z / b + 1.0) / v


def _uniform(v: float, a: float, b: float) -> tuple[float, float]:
    return 0.0, 0.0


def _log_uniform(v: float, a: float, b: float) -> tuple[float, float]:
    return -math.log(v), -1.0 / v


def _laplace(v: float, a: float, b: float) -> tuple[float, float]:
    return -abs(v - a) / b, -np.sign(v - a) / b


def _log_laplace(v: float, a: float, b: float) -> tuple[float, float]:
    z = math.log(v) - a
    return -abs(z) / b - math.log(v), -(np.sign(z) / b + 1.0) / v


def _cauchy(v: float, a: float, b: float) -> tuple[float, float]:
    z = (v - a) / b
    return -math.log1p(z * z), -2.0 * z / (b * (1.0 + z * z))


def _gamma(v: float, a: float, b: float) -> tuple[float, float]:
    return (a - 1.0) * math.log(v) - v / b, (a - 1.0) / v - 1.0 / b


def _exponential(v: float, a: float, b: float) -> tuple[float, float]:
    return -v / a, -1.0 / a


def _chisquare(v: float, a: float, b: float) -> tuple[float, float]:
    return (0.5 * a - 1.0) * math.log(v) - 0.5 * v, (0.5 * a - 1.0) / v - 0.5


def _rayleigh(v: float, a: float, b: float) -> tuple[float, float]:
    return math.log(v) - 0.5 * (v / a) ** 2, 1.0 / v - v / (a * a)


def _pymc_log_uniform(pm: Any, low: Any, high: Any) -> Any:
    def logp(value: Any, low: Any, high: Any) -> Any:
        inside = pm.math.and_(value >= low, value <= high)
        return pm.math.switch(inside, -pm.math.log(value) - pm.math.log(pm.math.log(high / low)), -np.inf)

    def random(low: float, high: float, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), size))

    return pm.CustomDist.dist(low, high, logp=logp, random=random, class_name="LogUniform")


def log_laplace_arguments(pm: Any) -> dict[str, Any]:
    """Exponential of a Laplace variable (location and scale of its logarithm), for `pymc.CustomDist`."""

    def logp(value: Any, location: Any, scale: Any) -> Any:
        logarithm = pm.math.log(value)
        return -pm.math.abs(logarithm - location) / scale - pm.math.log(2 * scale) - logarithm

    def logcdf(value: Any, location: Any, scale: Any, **_: Any) -> Any:
        z = (pm.math.log(value) - location) / scale
        upper = pm.math.log(1.0 - 0.5 * pm.math.exp(-pm.math.maximum(z, 0.0)))
        return pm.math.switch(z < 0.0, z - pm.math.log(2.0), upper)

    def random(location: np.ndarray, scale: np.ndarray, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return np.exp(rng.laplace(location, scale, size))

    return {"logp": logp, "logcdf": logcdf, "random": random, "class_name": "LogLaplace"}


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "normal": Family(
            ("mean", "sd"), ("sd",), False, lambda mean, sd: scipy.stats.norm(mean, sd), _normal,
            lambda pm, mean, sd: pm.Normal.dist(mean, sd),
        ),
        "log-normal": Family(
            ("mean of ln", "sd of ln"), ("sd of ln",), True,
            lambda mean, sd: scipy.stats.lognorm(s=sd, scale=np.exp(mean)), _log_normal,
            lambda pm, mean, sd: pm.LogNormal.dist(mean, sd),
        ),
        "uniform": Family(
            ("low", "high"), (), False, lambda low, high: scipy.stats.uniform(low, high - low), _uniform,
            lambda pm, low, high: pm.Uniform.dist(low, high), ordered=True,
        ),
        "log-uniform": Family(
            ("low", "high"), ("low", "high"), True, lambda low, high: scipy.stats.loguniform(low, high), _log_uniform,
            _pymc_log_uniform, ordered=True,
        ),
        "laplace": Family(
            ("location", "scale"), ("scale",), False,
            lambda location, scale: scipy.stats.laplace(location, scale), _laplace,
            lambda pm, location, scale: pm.Laplace.dist(location, scale),
        ),
        "log-laplace": Family(
            ("location of ln", "scale of ln"), ("scale of ln",), True,
            lambda location, scale: scipy.stats.loglaplace(c=1 / scale, scale=np.exp(location)), _log_laplace,
            lambda pm, location, scale: pm.CustomDist.dist(location, scale, **log_laplace_arguments(pm)),
        ),
        "cauchy": Family(
            ("location", "scale"), ("scale",), False,
            lambda location, scale: scipy.stats.cauchy(location, scale), _cauchy,
            lambda pm, location, scale: pm.Cauchy.dist(location, scale),
        ),
        "gamma": Family(
            ("shape", "scale"), ("shape", "scale"), True,
            lambda shape, scale: scipy.stats.gamma(shape, scale=scale), _gamma,
            lambda pm, shape, scale: pm.Gamma.dist(alpha=shape, beta=1 / scale),
        ),
        "exponential": Family(
            ("scale",), ("scale",), True, lambda scale: scipy.stats.expon(scale=scale), _exponential,
            lambda pm, scale: pm.Exponential.dist(scale=scale),
        ),
        "chisquare": Family(
            ("degrees of freedom",), ("degrees of freedom",), True, lambda dof: scipy.stats.chi2(dof), _chisquare,
            lambda pm, dof: pm.ChiSquared.dist(dof),
        ),
        "rayleigh": Family(
            ("scale",), ("scale",), True, lambda scale: scipy.stats.rayleigh(scale=scale), _rayleigh,
            lambda pm, scale: pm.Weibull.dist(alpha=2.0, beta=scale * np.sqrt(2.0)),
        ),
    }
)  # fmt: skip
"""Family of priors by the name that PEtab v2 gives it."""
