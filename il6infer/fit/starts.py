"""Starting points: prior draws improved by optimisation, so that chains begin where the posterior is."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pymc as pm
from scipy.optimize import minimize

from il6infer.problem.priors import draw
from il6infer.problem.spec import Problem

logger = logging.getLogger("il6infer")

ITERATIONS = 300
"""Of the optimiser, for each start."""

WINDOW = 10.0
"""Starts whose optimised log-density is this far below the best are not used; those within it are modes to explore."""


@dataclass(frozen=True)
class Starts:
    """Optimised points, the best first.

    Attributes
    ----------
    points
        (starts, dimensions), unconstrained, in the order of the model's continuous value variables.
    logp
        (starts,) log-density of each; those that could not be simulated are left out.
    spread
        (dimensions,) standard deviation of the prior draws.
    """

    points: np.ndarray
    logp: np.ndarray
    spread: np.ndarray

    def chosen(self) -> np.ndarray:
        """Points near enough to the best one to be started from."""
        return self.points[self.logp >= self.logp[0] - WINDOW]


def _unconstrained(model: pm.Model, values: dict[str, float]) -> np.ndarray:
    """Flat unconstrained point of parameter values, in the order of the model's value variables."""
    point = []
    for rv in model.free_RVs:
        transform = model.rvs_to_transforms[rv]
        value = np.asarray(values[rv.name], dtype=float)
        point.append(float(value if transform is None else transform.forward(value, *rv.owner.inputs).eval()))
    return np.array(point)


def find_starts(problem: Problem, model: pm.Model, count: int, rng: np.random.Generator) -> Starts:
    """Draw from the prior and climb.

    Parameters
    ----------
    count
        Starts; the first is the nominal point.
    """
    names = [p.id for p in problem.estimated]
    draws = draw(problem.estimated, count, rng)
    nominal = np.array([p.nominal for p in problem.estimated])
    if np.isfinite(nominal).all():
        draws[0] = nominal
    points = np.array([_unconstrained(model, dict(zip(names, row, strict=True))) for row in draws])
    # The sampler's metric is not known yet: the spread of the prior makes directions comparable.
    spread = np.maximum(np.std(points[1:], axis=0), 1e-3) if count > 2 else np.ones(points.shape[1])
    density = model.logp_dlogp_function(ravel_inputs=True, mode="NUMBA")
    density.set_extra_values({})

    def objective(x: np.ndarray, origin: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = density(origin + spread * x)
        if not (np.isfinite(value) and np.isfinite(slope).all()):
            return 1e12, np.zeros_like(x)
        return -float(value), -slope * spread

    found = []
    for number, origin in enumerate(points):
        result = minimize(
            objective, np.zeros_like(origin), args=(origin,), jac=True, method="L-BFGS-B",
            options={"maxiter": ITERATIONS, "maxcor": 20},
        )  # fmt: skip
        logger.info("start %d of %d: log-density %.2f after %d gradients", number + 1, count, -result.fun, result.nfev)
        if result.fun < 1e11:
            found.append((-float(result.fun), origin + spread * result.x))
    if not found:
        return Starts(points[:1], np.array([-np.inf]), spread)
    found.sort(key=lambda pair: -pair[0])
    return Starts(np.array([x for _, x in found]), np.array([value for value, _ in found]), spread)
