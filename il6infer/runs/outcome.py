"""What became of a simulation: data, not an exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Outcome(IntEnum):
    """Outcome of one run; anything but `OK` and `RESCUED` makes the log-density minus infinity."""

    OK = 0
    STEP_LIMIT = 1
    STEP_TOO_SMALL = 2
    NON_FINITE = 3
    NO_STEADY_STATE = 4
    RESCUED = 5

    @property
    def message(self) -> str:
        """What happened and what to do, for a reader."""
        return _MESSAGES[self]


_MESSAGES = {
    Outcome.OK: "simulated",
    Outcome.STEP_LIMIT: "the solver took its full number of steps; raise max_steps or loosen rtol",
    Outcome.STEP_TOO_SMALL: "the solver's step shrank to nothing; the model is discontinuous or far too stiff there",
    Outcome.NON_FINITE: "the right-hand side became infinite or undefined; look at the parameters and the rate laws",
    Outcome.NO_STEADY_STATE: "no steady state was reached before stimulation; look for a species that grows for ever",
    Outcome.RESCUED: "the kernel failed, and the second engine, diffsol, simulated it",
}


@dataclass(frozen=True)
class Simulation:
    """What the instruments would read.

    Attributes
    ----------
    prediction, noise
        (measurements,), in the order of the problem's measurement table; +inf and 1 where the run failed.
    outcome
        (runs,), `Outcome` of each distinct run.
    """

    prediction: np.ndarray
    noise: np.ndarray
    outcome: np.ndarray

    @property
    def ok(self) -> bool:
        """Whether every run was simulated."""
        return bool(np.isin(self.outcome, (Outcome.OK, Outcome.RESCUED)).all())
