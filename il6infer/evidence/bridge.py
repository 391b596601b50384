"""Evidence from the draws of a fit, by bridge sampling.

Meng and Wong 1996, Statistica Sinica 6, 831; Gronau et al. 2017, doi 10.1016/j.jmp.2017.09.005. Half of the draws give
a normal proposal in unconstrained coordinates; the posterior is made symmetric about its mean (warp III: Meng and
Schilling 2002, doi 10.1198/106186002457), so that skewness costs nothing.
"""

from __future__ import annotations

import math

import numpy as np

from il6infer.draws import effective_draws
from il6infer.draws.bridging import bridge_error, bridged
from il6infer.inference.parts import Parts
from il6infer.stages.evidence import Estimate

PROPOSALS = 2000
"""Draws of the proposal, and most draws of the posterior that are looked at."""

_FEWEST = 4
"""Draws of a half, for each dimension, below which there is no covariance worth the name."""


def bridge(parts: Parts, points: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Estimate the logarithm of the evidence from draws of the posterior.

    Parameters
    ----------
    parts
        Prior and likelihood.
    points
        (chains, draws, dimensions), unconstrained.

    Returns
    -------
    Estimate
        Without a value where there are too few draws, or the iteration comes to no end.
    """
    half, begun = points.shape[1] // 2, parts.evaluations
    learnt, used = points[:, :half].reshape(-1, parts.dimensions), points[:, half:]
    if len(learnt) < _FEWEST * parts.dimensions or half < _FEWEST:
        what = f"{2 * len(learnt)} draws are too few for {parts.dimensions} dimensions"
        return Estimate("bridge sampling", None, None, 0, what)
    used = used[:, :: max(1, math.ceil(used.shape[0] * used.shape[1] / PROPOSALS))]
    mean = learnt.mean(axis=0)
    covariance = np.atleast_2d(np.cov(learnt.T)) + 1e-12 * np.diag(learnt.var(axis=0))
    root = np.linalg.cholesky(covariance)
    drawn = np.linalg.solve(root, (used - mean).reshape(-1, parts.dimensions).T).T
    proposed = rng.normal(size=(PROPOSALS, parts.dimensions))
    size = float(np.log(np.diag(root)).sum())
    there, here = (_log_ratio(parts, z, mean, root) + size for z in (drawn, proposed))
    worth = float(np.median([effective_draws(used[..., i]) for i in range(parts.dimensions)]))
    found = bridged(there, here, worth if math.isfinite(worth) else float(len(there)))
    if found is None:
        return Estimate("bridge sampling", None, None, parts.evaluations - begun, "the iteration came to no end")
    error = bridge_error(there.reshape(len(used), -1), here.reshape(1, -1), *found)
    return Estimate("bridge sampling", found[0], error, parts.evaluations - begun, "")


def _log_ratio(parts: Parts, z: np.ndarray, mean: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Log of the symmetric posterior, but for the frame's size, over the standard normal proposal."""
    sides = [np.add(*parts.values(mean + sign * z @ root.T)) for sign in (1.0, -1.0)]
    normal = -0.5 * (z**2).sum(axis=1) - 0.5 * z.shape[1] * math.log(2.0 * math.pi)
    return np.logaddexp(*sides) - math.log(2.0) - normal
