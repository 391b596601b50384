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
    return flat[np.linspace(0, len(flat) - 1, min(draws, len(flat))).astype(int)]
