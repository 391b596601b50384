"""Values that no parameters of a model could give, told before anything is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from il6infer._errors import Fault
from il6infer.problems.noise import CENSORED, logarithmic
from il6infer.problems.spec import Problem
from il6infer.problems.zeros import predicted_zero

REMEDY = "Give the read-out a background (`offset: true`) or `noise: normal`, or leave these values out."
"""What to do about values that are predicted to be 0."""


def zero_faults(problem: Problem, conditions: Mapping[str, str] = MappingProxyType({})) -> list[Fault]:
    """Find values that are predicted to be 0 while their noise is relative: their density is 0 at all parameters.

    A value below its limit is none of them: that is where 0 lies.

    Parameters
    ----------
    conditions
        Experiment -> what was done in it, in words.
    """
    told = predicted_zero(problem) & logarithmic(problem.noise_kinds) & (problem.sides != CENSORED["below"])
    faults = []
    for (observable, experiment), rows in problem.measurements[told].groupby(["observable", "experiment"], sort=False):
        what = (
            f"{len(rows)} of its values {'is' if len(rows) == 1 else 'are'} predicted to be 0 at all parameters, which "
        )
        what += "noise relative to the value cannot be about."
        name = str(observable).removeprefix("obs_")
        where = f"read-out '{name}', condition {conditions.get(experiment, repr(experiment))}"
        at = ", ".join(f"{time:g}" for time in dict.fromkeys(rows["time"]))
        faults.append(Fault(f"{where}, {at} min", what, REMEDY))
    return faults
