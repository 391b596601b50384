"""What to measure next: lanes whose outcome, over the draws of a posterior, tells most of chosen parameters.

A lane is a read-out of an experiment at a time. What it would read and the parameters vary together over the draws of
the posterior; of that joint distribution the means and covariances are used, as in linear Bayesian design (Chaloner &
Verdinelli 1995, Statistical Science 10:273, doi 10.1214/ss/1177009939): exact where the model is linear within the
posterior, and an approximation elsewhere. All lanes of a plan stand on one new gel or plate, whose scale is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

SCALE = 1.0
"""Standard deviation of the logarithm of a new gel's or plate's scale: it says nothing before it is exposed."""

RANDOM_PLANS = 200
_RIDGE = 1e-9


@dataclass(frozen=True)
class Design:
    """Lanes in the order in which they are chosen.

    Attributes
    ----------
    lanes
        Columns of the candidates.
    gains
        What each adds to those before it [nats of the parameters]; the first two are chosen together, and share.
    shrinkage
        (parameters,): standard deviation after over before.
    random
        Gain of the median of as many random plans of as many lanes [nats].
    """

    lanes: tuple[int, ...]
    gains: tuple[float, ...]
    shrinkage: np.ndarray
    random: float


def design(
    parameters: np.ndarray,
    readings: np.ndarray,
    noise: np.ndarray,
    scaling: np.ndarray,
    groups: Sequence[str],
    lanes: int,
    costs: np.ndarray,
    rng: np.random.Generator,
) -> Design:
    """Choose lanes one by one, the first two together: one lane of unknown scale says nothing alone.

    Parameters
    ----------
    parameters
        (draws, parameters), logarithms of those that are positive.
    readings
        (draws, lanes) what each lane would read, without noise; logarithms where the noise is of them.
    noise
        (lanes,) standard deviation of a reading, or that of normal noise which tells as much.
    scaling
        (lanes,) slope of a reading by the logarithm of its gel's scale: 1 of a logarithm, its value otherwise.
    groups
        (lanes,) gel or plate that each lane would stand on, which has one scale: its read-out.
    lanes
        How many to choose; a lane may be chosen again, as a replicate.
    costs
        (lanes,) of a lane; the gain for each unit of cost is made largest.
    rng
        Of the random plans.
    """
    joint = np.cov(np.concatenate([parameters, readings], axis=1), rowvar=False)
    k, count = parameters.shape[1], readings.shape[1]
    prior = joint[:k, :k] + _RIDGE * np.eye(k) * np.trace(joint[:k, :k]) / k
    cross = joint[:k, k:]
    shared = np.array([[a == b for b in groups] for a in groups])
    own = joint[k:, k:] + SCALE**2 * np.outer(scaling, scaling) * shared
    # What is left of the readings once the parameters are known: other parameters, and the scale.
    known = own - cross.T @ np.linalg.solve(prior, cross)

    def gain(chosen: Sequence[int]) -> float:
        """Mutual information of the readings of a plan and the parameters."""
        at = np.ix_(chosen, chosen)
        errors = np.diag(noise[list(chosen)] ** 2)
        before, after = np.linalg.slogdet(own[at] + errors), np.linalg.slogdet(known[at] + errors)
        return 0.5 * float(before[1] - after[1]) if before[0] > 0 and after[0] > 0 else -np.inf

    chosen: list[int] = []
    gains: list[float] = []
    if lanes >= 2:
        pair = max(combinations_with_replacement(range(count), 2), key=lambda p: gain(p) / (costs[p[0]] + costs[p[1]]))
        chosen, gains = list(pair), [gain(pair) / 2] * 2
    while len(chosen) < lanes:
        so_far = gain(chosen) if chosen else 0.0
        best = max(range(count), key=lambda i: (gain([*chosen, i]) - so_far) / costs[i])
        gains.append(gain([*chosen, best]) - so_far)
        chosen.append(best)
    others = [gain(rng.integers(0, count, lanes).tolist()) for _ in range(RANDOM_PLANS)]
    at = np.ix_(chosen, chosen)
    heard = own[at] + np.diag(noise[chosen] ** 2)
    left = prior - cross[:, chosen] @ np.linalg.solve(heard, cross[:, chosen].T)
    shrinkage = np.sqrt(np.clip(np.diag(left) / np.diag(prior), 0.0, 1.0))
    return Design(tuple(chosen), tuple(gains), shrinkage, float(np.median(others)))
