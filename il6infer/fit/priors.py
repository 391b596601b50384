"""PEtab priors as PyMC variables on the linear scale, with transforms that keep the geometry smooth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.transforms import Chain, Interval, Transform, log
from pytensor.tensor import TensorVariable

from il6infer._errors import Fault, raise_faults
from il6infer.problem.priors import distribution
from il6infer.problem.spec import Parameter, Prior

NEGLIGIBLE_MASS = 1e-3
"""A bound that cuts off less prior mass than this is left out: it would only bend the geometry."""

_DECADE = 10.0


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


def check_priors(parameters: Sequence[Parameter]) -> None:
    """Refuse, in one message, parameters whose prior cannot be sampled."""
    faults = []
    for parameter in parameters:
        where, prior = f"parameter '{parameter.id}'", parameter.prior
        if prior is None or prior.distribution not in DISTRIBUTIONS:
            name = "none" if prior is None else f"'{prior.distribution}'"
            known = ", ".join(DISTRIBUTIONS)
            faults.append(Fault(where, f"its prior distribution is {name}, one of {known} was expected."))
        elif not np.isfinite(prior.parameters).all():
            remedy = "Give finite prior parameters or, for a uniform prior, finite bounds."
            faults.append(Fault(where, f"its prior {prior.distribution}{prior.parameters} is improper.", remedy))
        elif not 1.0 - cut_mass(parameter) > 0:
            what = f"no mass of its prior {prior.distribution}{prior.parameters} lies within its bounds"
            faults.append(Fault(where, f"{what} {parameter.lower:g} to {parameter.upper:g}.", "Widen the bounds."))
    raise_faults(faults, "priors")


def cut_mass(parameter: Parameter) -> float:
    """Prior mass outside of the parameter's bounds."""
    frozen = distribution(parameter.prior)
    return float(frozen.cdf(parameter.lower) + frozen.sf(parameter.upper))


def prior_variable(parameter: Parameter) -> TensorVariable:
    """Add the free variable of one parameter to the model in context, on the linear scale.

    The prior is truncated to the parameter's bounds where they cut off more than `NEGLIGIBLE_MASS`, and then
    normalised again. Positive variables are sampled on the logarithmic scale.
    """
    prior = parameter.prior
    cut = cut_mass(parameter)
    low, high = (float(end) for end in distribution(prior).support())
    if cut <= NEGLIGIBLE_MASS:
        base = _base(prior)
    else:
        low, high = max(low, parameter.lower), min(high, parameter.upper)
        base = _truncated(parameter, low, high, 1.0 - cut)
    return pm.modelcontext(None).register_rv(base, parameter.id, default_transform=_transform(low, high))


def _truncated(parameter: Parameter, low: float, high: float, mass: float) -> TensorVariable:
    prior, frozen = parameter.prior, distribution(parameter.prior)

    def logp(value: TensorVariable, low: TensorVariable, high: TensorVariable) -> TensorVariable:
        inside = pt.and_(value >= low, value <= high)
        density = pm.logp(_base(prior), value)
        return pt.switch(inside, density - np.log(mass), -np.inf)

    def random(low: float, high: float, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return frozen.ppf(rng.uniform(frozen.cdf(low), frozen.cdf(high), size))

    return pm.CustomDist.dist(low, high, logp=logp, random=random, class_name="TruncatedPrior")


def _transform(low: float, high: float) -> Transform | None:
    """From (low, high) to the real line: logarithmic where the values are positive and span more than a decade."""
    if np.isinf(low) and np.isinf(high):
        return None
    if low == 0 and np.isinf(high):
        return log
    if low > 0 and high > _DECADE * low:
        return Chain([log, _interval(np.log(low), np.log(high))])
    return _interval(low, high)


def _interval(low: float, high: float) -> Transform:
    return Interval(low if np.isfinite(low) else None, high if np.isfinite(high) else None)
