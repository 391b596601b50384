"""PEtab priors as PyMC variables on the linear scale, with transforms that keep the geometry smooth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.transforms import Chain, Interval, Transform, log
from pytensor.tensor import TensorVariable

from il6infer.fit.coordinates import Coordinate, Map, coordinate
from il6infer.problem.priors import distribution
from il6infer.problem.spec import Parameter, Prior


def _log_laplace_logp(value: TensorVariable, mu: TensorVariable, b: TensorVariable) -> TensorVariable:
    return -pt.abs(pt.log(value) - mu) / b - pt.log(2 * b) - pt.log(value)


def _log_laplace_random(mu: np.ndarray, b: np.ndarray, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return np.exp(rng.laplace(mu, b, size))


LOG_LAPLACE: dict[str, Any] = {"logp": _log_laplace_logp, "random": _log_laplace_random, "class_name": "LogLaplace"}
"""Exponential of a Laplace variable, for `pymc.CustomDist`."""


def _log_uniform_logp(value: TensorVariable, low: TensorVariable, high: TensorVariable) -> TensorVariable:
    inside = pt.and_(value >= low, value <= high)
    return pt.switch(inside, -pt.log(value) - pt.log(pt.log(high / low)), -np.inf)


def _log_uniform_random(low: float, high: float, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


DISTRIBUTIONS: dict[str, Callable[..., TensorVariable]] = {
    "normal": lambda mean, sd: pm.Normal.dist(mean, sd),
    "log-normal": lambda mean, sd: pm.LogNormal.dist(mean, sd),
    "uniform": lambda low, high: pm.Uniform.dist(low, high),
    "log-uniform": lambda low, high: pm.CustomDist.dist(
        low, high, logp=_log_uniform_logp, random=_log_uniform_random, class_name="LogUniform"
    ),
    "laplace": lambda location, scale: pm.Laplace.dist(location, scale),
    "log-laplace": lambda location, scale: pm.CustomDist.dist(location, scale, **LOG_LAPLACE),
    "cauchy": lambda location, scale: pm.Cauchy.dist(location, scale),
    "gamma": lambda shape, scale: pm.Gamma.dist(alpha=shape, beta=1 / scale),
    "exponential": lambda scale: pm.Exponential.dist(scale=scale),
    "chisquare": lambda dof: pm.ChiSquared.dist(dof),
    "rayleigh": lambda scale: pm.Weibull.dist(alpha=2.0, beta=scale * np.sqrt(2.0)),
}
"""PEtab's prior distributions by name, each from PEtab's parameters."""


def _base(prior: Prior) -> TensorVariable:
    # As arrays: PyTensor makes a bare 2.0 a float32, and its logarithm has float32's precision.
    return DISTRIBUTIONS[prior.distribution](*(np.asarray(value, dtype=np.float64) for value in prior.parameters))


def prior_variable(parameter: Parameter) -> TensorVariable:
    """Add the free variable of one parameter to the model in context, on the linear scale.

    Its support, truncation and transform are those of `il6infer.fit.coordinates.coordinate`.
    """
    place = coordinate(parameter)
    base = _base(parameter.prior) if place.mass == 1.0 else _truncated(parameter, place)
    return pm.modelcontext(None).register_rv(base, parameter.id, default_transform=_transform(place))


def _truncated(parameter: Parameter, place: Coordinate) -> TensorVariable:
    prior, frozen = parameter.prior, distribution(parameter.prior)

    def logp(value: TensorVariable, low: TensorVariable, high: TensorVariable) -> TensorVariable:
        inside = pt.and_(value >= low, value <= high)
        density = pm.logp(_base(prior), value)
        return pt.switch(inside, density - np.log(place.mass), -np.inf)

    def random(low: float, high: float, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return frozen.ppf(rng.uniform(frozen.cdf(low), frozen.cdf(high), size))

    return pm.CustomDist.dist(place.low, place.high, logp=logp, random=random, class_name="TruncatedPrior")


def _transform(place: Coordinate) -> Transform | None:
    match place.map:
        case Map.IDENTITY:
            return None
        case Map.ABOVE if place.low == 0:
            return log
        case Map.BETWEEN_LOGARITHMS:
            return Chain([log, Interval(np.log(place.low), np.log(place.high))])
    return Interval(*(end if np.isfinite(end) else None for end in (place.low, place.high)))
