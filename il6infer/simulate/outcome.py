"""What became of a simulation: data, not an exception."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """Outcome of one run; anything but `OK` makes the log-density minus infinity."""

    OK = 0
    STEP_LIMIT = 1
    STEP_TOO_SMALL = 2
    NON_FINITE = 3
    NO_STEADY_STATE = 4

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
}
