"""Recovery of known truth: data simulated at draws of the prior, and how often intervals of the posterior hold it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import multivariate_t

from il6infer.engine import compile
from il6infer.inference.density import Density
from il6infer.inference.starts import find_starts, frame_at
from il6infer.problems.courses import draw
from il6infer.problems.priors import draw as draw_priors
from il6infer.problems.spec import Problem

STARTS = 4
"""Draws of the prior that are climbed from."""

ROUNDS = (400, 400, 1200)
"""Draws of each round."""


def simulated(problem: Problem, rng: np.random.Generator) -> tuple[Problem, dict[str, float]]:
    """The problem with measurements made at one draw of its priors, and that draw."""
    theta = draw_priors(problem.estimated, 1, rng)[0]
    found = compile(problem).simulate(theta)
    values = draw(problem, found.prediction, found.noise, rng)
    truth = dict(zip([p.id for p in problem.estimated], theta, strict=True))
    return problem.with_measurements(problem.measurements.assign(value=values)), truth


def weighted_draws(problem: Problem, rng: np.random.Generator) -> tuple[Density, np.ndarray, np.ndarray]:
    """Density of a problem, draws (draws, parameters; unconstrained) around its mode, and their weights.

    Draws of a t distribution, weighted by the posterior over their own density: exact but for noise of simulation,
    where the normal approximation alone is too narrow for a skewed posterior. The t has the curvature at the mode
    first, then the mean and covariance of the draws before.
    """
    density = Density(problem, compile(problem))
    points = density.unconstrained(draw_priors(problem.estimated, STARTS, rng))
    found = find_starts(density, points)
    frame, _ = frame_at(density, found.points[0], found.spread)
    centre, spread = frame.origin, frame.matrix @ frame.matrix.T
    for draws in ROUNDS:
        shape = multivariate_t(centre, 1.2 * spread, df=5)
        drawn = shape.rvs(draws, random_state=rng)
        logs = np.array([density(x)[0] for x in drawn]) - shape.logpdf(drawn)
        weights = np.exp(logs - logs.max())
        weights /= weights.sum()
        centre = weights @ drawn
        spread = (drawn - centre).T @ (weights[:, None] * (drawn - centre)) + 1e-4 * frame.matrix @ frame.matrix.T
    return density, drawn, weights


def ranks(problem: Problem, truth: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Parameter -> share of its posterior below the truth: uniform over data sets where all is right."""
    density, drawn, weights = weighted_draws(problem, rng)
    at = density.unconstrained(np.array([truth[name] for name in density.names]))
    return dict(zip(density.names, weights @ (drawn < at), strict=True))


def coverage(shares: np.ndarray, level: float) -> float:
    """Share of the truths that lie in the central interval of a level."""
    return float(np.mean(np.abs(np.asarray(shares) - 0.5) <= level / 2))
