"""Options as values: the solver's tolerances, which simulation and fit share, and priors with units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer.library.compose import Model
from il6infer.stages.codec import check_fields
from il6infer.stages.settings import Count, Tolerance


@dataclass(frozen=True)
class Solver:
    """How equations are solved.

    Attributes
    ----------
    engine
        ``rosenbrock`` (the project's own, with diffsol for a run that it cannot do) or ``diffsol``.
    rtol, atol
        Tolerances, relative and absolute.
    max_steps
        Steps that one simulation may take; one that needs more fails.

    Raises
    ------
    UserError
        With every option that cannot be.
    """

    engine: Literal["rosenbrock", "diffsol"] = "rosenbrock"
    rtol: Tolerance = 1e-6
    atol: Tolerance = 1e-8
    max_steps: Count = 10_000

    def __post_init__(self) -> None:
        """Check."""
        check_fields(self, "options of the solver")

    @property
    def settings(self) -> dict[str, Any]:
        """The options by name."""
        return asdict(self)


@dataclass(frozen=True)
class LogNormal:
    """A log-normal prior, said as people know a parameter: median and 90 % interval, in its unit.

    Attributes
    ----------
    median, low, high
        Median, and the ends of the central 90 %.
    unit
        Unit of all three; it must be that of the parameter.
    source
        Where it comes from.
    """

    median: float
    low: float
    high: float
    unit: str
    source: str = "given by the user"

    def __post_init__(self) -> None:
        """Check."""
        if not 0 < self.low < self.median < self.high < math.inf:
            raise UserError(
                f"prior: 0 < low < median < high was expected, found {self.low}, {self.median}, {self.high}."
            )

    @staticmethod
    def replace_in(model: Model, priors: Mapping[str, LogNormal]) -> Model:
        """Put these priors in place of a model's own; see `il6infer.Model.with_priors`."""
        table = model.priors.copy()
        units = dict(zip(table["parameter"], table["unit"], strict=True))
        faults = []
        for name, prior in priors.items():
            if name not in units:
                faults.append(Fault(f"prior of '{name}'", "the model has no such parameter.", nearest(name, units)))
            elif prior.unit != units[name]:
                what = f"it is given in '{prior.unit}', the parameter's unit is '{units[name]}'."
                faults.append(Fault(f"prior of '{name}'", what, "Convert it: nothing is converted here."))
        raise_faults(faults, f"priors for model '{model.name}'")
        for name, prior in priors.items():
            row = table["parameter"] == name
            table.loc[row, ["distribution", "median", "low", "high"]] = [
                "log-normal", prior.median, prior.low, prior.high,
            ]  # fmt: skip
            table.loc[row, ["source", "doi", "why"]] = [prior.source, "", "given by the user"]
        return replace(model, priors=table)
