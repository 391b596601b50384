"""Priors as SciPy distributions, and draws from them within their bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import stats

from il6infer.problem.spec import Parameter, Prior

FAMILIES: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "normal": lambda mean, sd: stats.norm(mean, sd),
        "log-normal": lambda mean, sd: stats.lognorm(s=sd, scale=np.exp(mean)),
        "uniform": lambda low, high: stats.uniform(low, high - low),
        "log-uniform": lambda low, high: stats.loguniform(low, high),
        "laplace": lambda location, scale: stats.laplace(location, scale),
        "log-laplace": lambda location, scale: stats.loglaplace(c=1 / scale, scale=np.exp(location)),
        "cauchy": lambda location, scale: stats.cauchy(location, scale),
        "gamma": lambda shape, scale: stats.gamma(shape, scale=scale),
        "exponential": lambda scale: stats.expon(scale=scale),
        "chisquare": lambda dof: stats.chi2(dof),
        "rayleigh": lambda scale: stats.rayleigh(scale=scale),
    }
)
"""Prior distributions as PEtab v2 names them -> SciPy's, from PEtab's parameters."""


def distribution(prior: Prior) -> Any:
    """Frozen SciPy distribution of a PEtab prior, before truncation."""
    return FAMILIES[prior.distribution](*prior.parameters)


def draw(parameters: Sequence[Parameter], size: int, rng: np.random.Generator) -> np.ndarray:
    """Draws (size, parameters) from the priors truncated to their bounds, by inversion."""
    columns = []
    for parameter in parameters:
        frozen = distribution(parameter.prior)
        low, high = frozen.cdf(parameter.lower), frozen.cdf(parameter.upper)
        columns.append(frozen.ppf(rng.uniform(low, high, size)))
    return np.column_stack(columns) if columns else np.empty((size, 0))


def log_density(parameter: Parameter, value: float) -> float:
    """Log-density of a parameter's prior at `value`, truncated to its bounds; -inf beyond them."""
    frozen = distribution(parameter.prior)
    if not parameter.lower <= value <= parameter.upper:
        return -np.inf
    mass = frozen.cdf(parameter.upper) - frozen.cdf(parameter.lower)
    return float(frozen.logpdf(value) - np.log(mass))


def quantile(parameter: Parameter, level: float) -> float:
    """Quantile of a parameter's prior truncated to its bounds."""
    frozen = distribution(parameter.prior)
    low, high = frozen.cdf(parameter.lower), frozen.cdf(parameter.upper)
    return float(frozen.ppf(low + level * (high - low)))
