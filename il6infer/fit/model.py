"""A problem as a PyMC model: one scalar variable a parameter, one observed variable a read-out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from il6infer._errors import UserError
from il6infer.problem.priors import distribution
from il6infer.problem.spec import Parameter, Problem
from il6infer.simulate import RosenbrockEngine
from il6infer.simulate.op import simulate

# A bound that cuts off less prior mass than this is left out: it would only bend the geometry.
_NEGLIGIBLE_MASS = 1e-3


def _log_laplace_logp(value: TensorVariable, mu: TensorVariable, b: TensorVariable) -> TensorVariable:
    return -pt.abs(pt.log(value) - mu) / b - pt.log(2 * b) - pt.log(value)


def _log_laplace_random(mu: np.ndarray, b: np.ndarray, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return np.exp(rng.laplace(mu, b, size))


LOG_LAPLACE: dict[str, Any] = {"logp": _log_laplace_logp, "random": _log_laplace_random, "class_name": "LogLaplace"}
"""Exponential of a Laplace variable, for `pymc.CustomDist`."""


def _log_laplace(location: float, scale: float) -> TensorVariable:
    return pm.CustomDist.dist(location, scale, **LOG_LAPLACE)


def _log_uniform(low: float, high: float) -> pm.Distribution:
    def logp(value: TensorVariable, a: TensorVariable, b: TensorVariable) -> TensorVariable:
        inside = pt.and_(value >= a, value <= b)
        return pt.switch(inside, -pt.log(value) - pt.log(pt.log(b / a)), -np.inf)

    def random(a: float, b: float, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return np.exp(rng.uniform(np.log(a), np.log(b), size))

    return pm.CustomDist.dist(low, high, logp=logp, random=random, class_name="LogUniform")


DISTRIBUTIONS: dict[str, Callable[..., TensorVariable]] = {
    "normal": lambda a, b: pm.Normal.dist(a, b),
    "log-normal": lambda a, b: pm.LogNormal.dist(a, b),
    "uniform": lambda a, b: pm.Uniform.dist(a, b),
    "log-uniform": _log_uniform,
    "laplace": lambda a, b: pm.Laplace.dist(a, b),
    "log-laplace": _log_laplace,
    "cauchy": lambda a, b: pm.Cauchy.dist(a, b),
    "gamma": lambda shape, scale: pm.Gamma.dist(alpha=shape, beta=1 / scale),
    "exponential": lambda scale: pm.Exponential.dist(scale=scale),
    "chisquare": lambda dof: pm.ChiSquared.dist(dof),
    "rayleigh": lambda scale: pm.Weibull.dist(alpha=2.0, beta=scale * np.sqrt(2.0)),
}
"""PEtab's prior distributions by name, each from PEtab's parameters."""


def _transform(parameter: Parameter) -> pm.distributions.transforms.Transform | None:
    """Interval transform for a prior that PyMC does not know to be bounded."""
    if parameter.prior is not None and parameter.prior.distribution == "log-uniform":
        return pm.distributions.transforms.Interval(*parameter.prior.parameters)
    if parameter.prior is not None and parameter.prior.distribution == "log-laplace":
        return pm.distributions.transforms.log
    return None


def prior_variable(parameter: Parameter) -> TensorVariable:
    """Add the free variable of one parameter to the model in context, on the linear scale.

    Raises
    ------
    UserError
        If the parameter has no proper prior.
    """
    prior = parameter.prior
    if prior is None or prior.distribution not in DISTRIBUTIONS:
        raise UserError(f"parameter '{parameter.id}': no prior that can be sampled ({prior}).")
    if not np.isfinite(prior.parameters).all():
        raise UserError(f"parameter '{parameter.id}': its prior {prior.distribution}{prior.parameters} is improper.")
    base = DISTRIBUTIONS[prior.distribution](*prior.parameters)
    transform = _transform(parameter)
    if transform is None and cut_mass(parameter) > _NEGLIGIBLE_MASS:
        bounds = [b if np.isfinite(b) else None for b in (parameter.lower, parameter.upper)]
        return pm.Truncated(parameter.id, base, *bounds)
    model = pm.modelcontext(None)
    arguments = {} if transform is None else {"default_transform": transform}
    return model.register_rv(base, parameter.id, **arguments)


def cut_mass(parameter: Parameter) -> float:
    """Prior mass outside of the parameter's bounds."""
    frozen = distribution(parameter.prior)
    return float(frozen.cdf(parameter.lower) + frozen.sf(parameter.upper))


def variable_name(observable_id: str) -> str:
    """Name of an observable's variable: its id without PEtab's customary prefix."""
    return observable_id.removeprefix("obs_")


def build_model(problem: Problem, engine: RosenbrockEngine) -> pm.Model:
    """Build the model.

    Parameters
    ----------
    engine
        Compiled from the same problem.

    Returns
    -------
    pymc.Model
        Free variables named by parameter id, on the linear scale; observed variables named by read-out, with
        dimension ``<read-out>_row`` in the order of the measurement table. The prediction is the median; where a
        simulation fails it is infinite and the log-density minus infinity.
    """
    table = problem.measurements
    with pm.Model() as model:
        theta = pt.stack([prior_variable(parameter) for parameter in problem.estimated])
        prediction, noise = simulate(engine, theta)
        for observable in problem.observables:
            rows = np.flatnonzero(table["observable"].to_numpy() == observable.id)
            if not len(rows):
                continue
            name = variable_name(observable.id)
            model.add_coord(f"{name}_row", np.arange(len(rows)))
            value = table["value"].to_numpy(dtype=float)[rows]
            mean, scale = prediction[rows], noise[rows]
            family = observable.distribution
            arguments = {"observed": value, "dims": f"{name}_row"}
            if family == "normal":
                pm.Normal(name, mean, scale, **arguments)
            elif family == "log-normal":
                pm.LogNormal(name, pt.log(mean), scale, **arguments)
            elif family == "laplace":
                pm.Laplace(name, mean, scale, **arguments)
            else:
                pm.CustomDist(name, pt.log(mean), scale, **LOG_LAPLACE, **arguments)
    return model
