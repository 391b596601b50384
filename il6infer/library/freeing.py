"""Constants that the library holds fixed, estimated in a model all the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.library.compose import Model
from il6infer.network.network import COPIES_UNIT

FACTOR = 10.0
"""A constant that is freed without an interval lies within this factor of its value, either way, with 90 %."""


INPUTS = ("cell_number", "medium_volume", COPIES_UNIT)
"""Fixed, and nothing to learn: what a well holds, and the unit in which active gp130 is counted."""


def held_constants(model: Model) -> list[str]:
    """Constants that a model holds fixed at a value around which it could be freed, but `INPUTS`."""
    rows = model.priors[(model.priors["distribution"] == "fixed") & (model.priors["median"].astype(float) > 0)]
    return [name for name in rows["parameter"] if name not in INPUTS]


def with_free(model: Model, free: Mapping[str, tuple[float, float] | None]) -> Model:
    """Let constants of a model be estimated, with a log-normal prior.

    Parameters
    ----------
    free
        Constant -> ends of the 90 % interval of its prior; None: a factor of `FACTOR` either way of its value.

    Raises
    ------
    UserError
        With every name that is no parameter of the model, or is estimated already, and every interval that is none.
    """
    faults = [fault for name, interval in free.items() if (fault := free_fault(name, name, interval, model))]
    raise_faults(faults, f"constants to free in model '{model.name}'")
    priors, rows = model.priors.copy(), model.priors.set_index("parameter")
    for name, interval in free.items():
        value = float(rows.loc[name, "median"])
        low, high = interval or (value / FACTOR, value * FACTOR)
        median = math.sqrt(low * high) if interval else value
        width = "the interval is the user's" if interval else f"a factor of {FACTOR:g} either way"
        row = priors["parameter"] == name
        priors.loc[row, ["distribution", "median", "low", "high"]] = ["log-normal", median, low, high]
        priors.loc[row, "source"] = f"freed, {width}; else held at {value:g}: {rows.loc[name, 'source']}"
    return replace(model, priors=priors)


def free_fault(where: str, name: str, interval: tuple[float, float] | None, model: Model) -> Fault | None:
    """Fault of a constant that is to be freed: unknown, estimated already, or with an interval that is none.

    Parameters
    ----------
    where
        Place that the fault is reported at.
    name, interval
        The constant, and the ends of the 90 % interval of its prior, or None.
    """
    rows = model.priors.set_index("parameter")
    fixed = rows.index[rows["distribution"] == "fixed"]
    if name not in rows.index:
        return Fault(where, f"model '{model.name}' has no parameter of that name.", nearest(name, fixed))
    if name not in fixed:
        return Fault(where, f"is estimated in model '{model.name}' already.", "Leave it out.")
    if interval is None and not float(rows.loc[name, "median"]) > 0:
        return Fault(where, "is held at 0, around which there is no factor.", "Give an interval, such as 0.01 to 1.")
    if interval is not None and not 0 < interval[0] < interval[1] < math.inf:
        what = f"the interval {interval[0]:g} to {interval[1]:g} is given, but 0 < low < high was expected."
        return Fault(where, what, "Its unit is that of `il6infer models show`.")
    return None
