"""What would change the answers to claims: priors with half their say, gels or plates left out, one at a time.

Nothing is fitted anew: the draws of the posterior are weighed by what the likelihood or a prior would have been without
it, with Pareto-smoothed weights (Vehtari et al. 2024, arXiv 1507.02646; for priors raised to a power: Kallioinen et al.
2024, Statistics and Computing 34:57, doi 10.1007/s11222-023-10366-5). Where few draws would carry the weight, Pareto k
says that only a fit can tell, and no number is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from il6infer._files import Groups
from il6infer.draws.importance import smoothed_weights
from il6infer.prediction.draws import chosen_draws
from il6infer.problems.families import FAMILIES
from il6infer.problems.spec import Parameter, Problem
from il6infer.stages.claims import Leaning

SAY = 0.5
"""Power to which a prior is raised: a normal one becomes 1.4 times as wide."""

K_MAX = 0.7
"""Pareto k above which weighed draws cannot tell."""

CHANGE = 0.1
"""Change of a probability that is named."""

_Weighted = tuple[Literal["prior", "data"], str, np.ndarray]


def leanings(
    problem: Problem, idata: Groups, thetas: np.ndarray, holds: Mapping[str, np.ndarray]
) -> tuple[Leaning, ...]:
    """Weigh the draws of a posterior anew for each prior and each gel or plate.

    Parameters
    ----------
    problem, idata
        What was fitted, and its posterior with the log-likelihood of each measurement.
    thetas
        (draws, parameters) at which the claims were asked.
    holds
        Claim -> (draws,) 1 where it holds, 0 where not, NaN where it is undefined.
    """
    found = []
    for kind, what, log_weights in (*_priors(problem, thetas), *_gels(idata, len(thetas))):
        weights, shapes = smoothed_weights(log_weights[None])
        k = float(shapes[0])
        if not k <= K_MAX:
            found.append(Leaning(kind, what, k if np.isfinite(k) else None, {}))
            continue
        share = np.exp(weights[0])
        changes = {}
        for claim, own in holds.items():
            known = np.isfinite(own)
            if not known.any() or share[known].sum() <= 0:
                continue
            then = float(share[known] @ own[known] / share[known].sum())
            if abs(then - own[known].mean()) >= CHANGE:
                changes[claim] = then
        found.append(Leaning(kind, what, k, changes))
    return tuple(found)


def _priors(problem: Problem, thetas: np.ndarray) -> Iterator[_Weighted]:
    for i, parameter in enumerate(problem.estimated):
        if parameter.id in problem.network.parameters:
            yield "prior", parameter.id, (SAY - 1.0) * _on_its_line(parameter, thetas[:, i])


def _on_its_line(parameter: Parameter, values: np.ndarray) -> np.ndarray:
    """Log-density of a prior, up to a constant, in the coordinate in which it is smooth: ln where it lives above 0."""
    prior = parameter.stated_prior
    if not np.isfinite(prior.parameters).all():
        return np.full(len(values), np.nan)  # improper
    family, (first, second) = FAMILIES[prior.distribution], (*prior.parameters, 0.0)[:2]
    density = np.array([family.density(v, first, second)[0] for v in values.tolist()])
    return density + (np.log(values) if family.logarithmic else 0.0)


def _gels(idata: Groups, draws: int) -> Iterator[_Weighted]:
    """Give the weights of the draws without each gel or plate of each read-out."""
    if "log_likelihood" not in idata or "constant_data" not in idata:
        return
    told = idata["constant_data"]
    for readout, pointwise in idata["log_likelihood"].data_vars.items():
        values = pointwise.values
        flat = values.reshape(values.shape[0] * values.shape[1], -1)
        flat = flat[chosen_draws(len(flat), draws)]
        batches = told[f"{readout}_batch"].values.astype(str) if f"{readout}_batch" in told else np.array([])
        names = list(dict.fromkeys(batches.tolist()))
        if len(names) < 2 and len(idata["log_likelihood"].data_vars) < 2:
            continue  # without its only gel there are no data
        for name in names:
            yield "data", f"{readout}, {name}", -flat[:, batches == name].sum(axis=1)
