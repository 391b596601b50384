"""Priors as SciPy distributions, and draws from them within their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from il6infer.problem.spec import Parameter, Prior


def distribution(prior: Prior) -> Any:
    """Frozen SciPy distribution of a PEtab prior, before truncation."""
    a, b = (*prior.parameters, float("nan"))[:2]
    makers = {
        "normal": lambda: stats.norm(a, b),
        "log-normal": lambda: stats.lognorm(s=b, scale=np.exp(a)),
        "uniform": lambda: stats.uniform(a, b - a),
        "log-uniform": lambda: stats.loguniform(a, b),
        "laplace": lambda: stats.laplace(a, b),
        "log-laplace": lambda: stats.loglaplace(c=1 / b, scale=np.exp(a)),
        "cauchy": lambda: stats.cauchy(a, b),
        "gamma": lambda: stats.gamma(a, scale=b),
        "exponential": lambda: stats.expon(scale=a),
        "chisquare": lambda: stats.chi2(a),
        "rayleigh": lambda: stats.rayleigh(scale=a),
    }
    return makers[prior.distribution]()


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
