"""The largest likelihood of a problem, and the criteria made of it."""

from __future__ import annotations

import math

import numpy as np

from il6infer.engine import Engine
from il6infer.inference.density import Density
from il6infer.inference.parts import Parts
from il6infer.inference.starts import Starts, find_starts
from il6infer.problems.courses import carriers_of
from il6infer.problems.spec import Problem
from il6infer.stages.evidence import InformationCriteria


def climbs(problem: Problem, engine: Engine, values: np.ndarray, threads: int = 1) -> Starts:
    """Climb to the largest likelihood within the bounds, whatever the priors.

    Parameters
    ----------
    problem
        With its engine.
    values
        (starts, parameters) on the linear scale, to climb from; those at a bound or beyond are moved inside.
    threads
        Climbs at a time.

    Returns
    -------
    Starts
        Of the likelihood, the best first; without starts where there is none.
    """
    density = Density(problem, engine)
    parts = Parts(density)

    def likelihood(point: np.ndarray) -> tuple[float, np.ndarray]:
        found = parts(point[None, :])
        return float(found.likelihood[0]), found.likelihood_slope[0]

    return find_starts(likelihood, parts.points(density.inside(values)), threads)


def criteria_of(problem: Problem, log_likelihood: float) -> InformationCriteria:
    """Penalise the largest log-likelihood of a problem for its parameters."""
    k, n = len(problem.estimated), len(problem.measurements) - len(carriers_of(problem))
    aic = 2.0 * k - 2.0 * log_likelihood
    corrected = aic + 2.0 * k * (k + 1) / (n - k - 1) if n > k + 1 else None
    return InformationCriteria(log_likelihood, k, n, aic, corrected, k * math.log(n) - 2.0 * log_likelihood)
