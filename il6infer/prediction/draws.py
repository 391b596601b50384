"""Draws of a posterior, evenly spread over its chains."""

from __future__ import annotations

import numpy as np

from il6infer._files import Groups
from il6infer.problems.spec import Problem


def posterior_draws(problem: Problem, idata: Groups, draws: int) -> np.ndarray:
    """Take (draws, parameters) of a posterior, on the linear scale, in the order of the engine.

    Parameters
    ----------
    draws
        At most so many, evenly spread over the chains.
    """
    flat = np.stack([idata["posterior"][p.id].values.ravel() for p in problem.estimated], axis=-1)
    return flat[chosen_draws(len(flat), draws)]


def chosen_draws(count: int, draws: int) -> np.ndarray:
    """Places of at most `draws` of `count` draws, evenly spread."""
    return np.linspace(0, count - 1, min(draws, count)).astype(int)
