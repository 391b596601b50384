"""Integrations of the second engine that would never end: found out before, for diffsol cannot be interrupted."""

from __future__ import annotations

import numpy as np
import pydiffsol as ds

from il6infer.engine.located import Failed
from il6infer.runs.numeric import Function
from il6infer.runs.outcome import Outcome

MOST_STEPS, QUICK, PIECES = 2e6, 1e4, (1e-6, 1e-4, 1e-2)
"""Steps of one integration; where it may need them, for the state moves this often within it, shares that are tried."""


def refuse_endless(
    ode: ds.Ode, rates: Function, inputs: np.ndarray, arguments: list[float], count: int, duration: float
) -> None:
    """Fail where the steps at the beginning, and no longer ones later, make more than `MOST_STEPS`.

    Parameters
    ----------
    ode, inputs
        What is to be integrated, and its inputs.
    rates, arguments
        Right-hand side of states, parameters and time, and these.
    count
        Number of states.
    duration
        Of the integration [unit of the model].

    Raises
    ------
    Failed
        With `STEP_LIMIT`.
    """
    speed = rates(arguments)
    size = np.linalg.norm(speed)
    if not 0.0 < size < np.inf:
        return
    small = 1e-7 * (np.linalg.norm(arguments[:count]) + ode.atol) / size
    ahead = rates([*(np.array(arguments[:count]) + small * speed), *arguments[count:]])
    if not np.linalg.norm(ahead - speed) / (small * size) * duration > QUICK:
        return
    for share in PIECES:
        steps = np.diff(np.asarray(ode.solve(inputs, share * duration).ts))
        longest = steps[-20:].max(initial=0.0)
        if share * duration > 1e3 * longest and duration > MOST_STEPS * longest:
            raise Failed(Outcome.STEP_LIMIT)
