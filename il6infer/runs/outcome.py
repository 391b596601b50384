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
    TIME_LIMIT = 6
    SLIDING = 7

    @property
    def message(self) -> str:
        """What happened and what to do, for a reader."""
        return _MESSAGES[self]

    @property
    def ok(self) -> bool:
        """Whether the run has numbers."""
        return self in (Outcome.OK, Outcome.RESCUED)


_MESSAGES = {
    Outcome.OK: "simulated",
    Outcome.STEP_LIMIT: (
        "the solver took all the steps that it may; raise max_steps, or look for a fast oscillation, or for events "
        "that follow each other without end"
    ),
    Outcome.STEP_TOO_SMALL: "the solver's step shrank to nothing; the model is discontinuous or far too stiff there",
    Outcome.NON_FINITE: (
        "the right-hand side, a condition, a start or what is set became infinite or undefined; look at the parameters "
        "and the rate laws"
    ),
    Outcome.NO_STEADY_STATE: (
        "the run reaches no stable steady state within max_steps; look for a species that grows for ever, an "
        "oscillation, or a state that only rounding keeps where it is"
    ),
    Outcome.SLIDING: (
        "the trajectory runs along a switch, whose both sides push it back; give the switch a width or a hysteresis"
    ),
    Outcome.RESCUED: "the kernel failed, and the second engine, diffsol, simulated it",
    Outcome.TIME_LIMIT: "the wall time of the simulation was over (max_seconds); a faster machine may have finished",
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
        return all(Outcome(o).ok for o in self.outcome)
