"""Weights of models from their pointwise predictive densities. Yao et al. 2018, doi 10.1214/17-BA1091."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import scipy


def shares(
    weights: str, values: Mapping[str, np.ndarray], models: Sequence[str], rng: np.random.Generator
) -> dict[str, float]:
    """Share of each model in an average.

    Parameters
    ----------
    weights
        pseudo_bma or stacking.
    values
        Model -> its log-densities, of values or of groups (what was left out,).
    models
        Those that have a share, the others have none; their shares add up to 1.
    rng
        Of the bootstrap of pseudo-BMA+.
    """
    if not models:
        return {}
    pointwise = np.column_stack([values[model] for model in models])
    found = stacking(pointwise) if weights == "stacking" else pseudo_bma(pointwise, rng)
    return dict(zip(models, map(float, found), strict=True))


def stacking(pointwise: np.ndarray) -> np.ndarray:
    """Weights (models,) that maximise the log score of the mixture; pointwise is (measurements, models)."""
    count = pointwise.shape[1]
    if count == 1:
        return np.ones(1)
    density = np.exp(pointwise - pointwise.max(axis=1, keepdims=True))

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        mixture = density @ w
        return -float(np.log(mixture).sum()), -(density / mixture[:, None]).sum(axis=0)

    best = scipy.optimize.minimize(
        loss, np.full(count, 1 / count), jac=True, method="SLSQP", bounds=[(1e-12, 1.0)] * count,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones_like(w)},
        options={"maxiter": 1000, "ftol": 1e-12},
    )  # fmt: skip
    weights = np.clip(best.x, 0, None)
    return weights / weights.sum()


def pseudo_bma(pointwise: np.ndarray, rng: np.random.Generator, replicates: int = 1000) -> np.ndarray:
    """Pseudo-BMA+ weights (models,): Akaike-type weights averaged over the Bayesian bootstrap.

    Parameters
    ----------
    pointwise
        (measurements, models) expected log predictive density.
    rng
        Of the bootstrap.
    replicates
        Of the bootstrap.
    """
    n = len(pointwise)
    shares = rng.dirichlet(np.ones(n), size=replicates)
    scores = n * shares @ pointwise
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (scores / scores.sum(axis=1, keepdims=True)).mean(axis=0)
