"""The one frozen description of an inference problem: what PEtab v2 says, in symbols ready to compile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import sympy as sp

from il6infer._once import once
from il6infer.network.network import Network
from il6infer.problems.noise import CENSORED

STEADY_STATE = float("-inf")
"""Start time of a period that is simulated to steady state (pre-equilibration)."""

LITERATURE = "literature_"
"""Begins the id of an observable that is a published finding and not data: its measurement constrains parameters."""

CARRIER = "correlation_of_"
"""Begins the id of what is read beside an observable whose errors hang together along a course, see
`il6infer.problems.courses`: formula and noise are its correlation time and correlated share. Nothing is measured of it,
and its one row in the table of measurements has no part in the likelihood but through that observable."""

SHARED = f"shared_{CARRIER}"
"""Begins the id of a carrier where replicates of one gel or plate share what goes on along the course."""

CARRIERS = (CARRIER, SHARED)

CELLS = "cells_of_predictions"
"""PEtab extension that names the experiment of `Problem.cells`; no other tool needs to know it."""


@dataclass(frozen=True)
class Prior:
    """Prior of one parameter on its linear scale, as PEtab v2 names it.

    Attributes
    ----------
    distribution
        PEtab v2 name, one of `il6infer.problems.families.FAMILIES`.
    parameters
        In PEtab's order; for ``log-normal`` the mean and standard deviation of the natural logarithm.
    """

    distribution: str
    parameters: tuple[float, ...]

    def __post_init__(self) -> None:
        """Take numbers of any kind."""
        object.__setattr__(self, "parameters", tuple(float(value) for value in self.parameters))


@dataclass(frozen=True)
class Parameter:
    """One parameter of the problem; every prior is truncated to [lower, upper].

    Attributes
    ----------
    unit, source
        Free text for the reader: unit, and where the prior comes from (DOI); empty where unknown.
    scale
        Scale on which PEtab v1 optimises it, ``lin``, ``log`` or ``log10``; gradients are reported on it. Values,
        bounds and prior stand on the linear scale all the same.
    """

    id: str
    lower: float
    upper: float
    nominal: float
    estimate: bool
    prior: Prior | None = None
    unit: str = ""
    source: str = ""
    scale: str = "lin"

    def __post_init__(self) -> None:
        """Take numbers of any kind: compiled code is called with float64."""
        for name in ("lower", "upper", "nominal"):
            object.__setattr__(self, name, float(getattr(self, name)))

    @property
    def stated_prior(self) -> Prior:
        """Prior of an estimated parameter, which `il6infer.problems.priors.check_priors` has seen."""
        if self.prior is None:
            raise ValueError(f"parameter '{self.id}' has no prior")
        return self.prior


@dataclass(frozen=True)
class Period:
    """From `time` [min, or the model's unit] on; `changes` are made at its start.

    Attributes
    ----------
    time
        Start; `STEADY_STATE` for pre-equilibration.
    changes
        Network parameter or state -> expression of problem parameters, states and network parameters,
        all evaluated just before the change.
    """

    time: float
    changes: Mapping[str, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take a number of any kind."""
        object.__setattr__(self, "time", float(self.time))


@dataclass(frozen=True)
class Experiment:
    """What happens to the cells, as periods in order of time."""

    id: str
    periods: tuple[Period, ...]


@dataclass(frozen=True)
class Observable:
    """What an instrument reads.

    Attributes
    ----------
    formula, noise
        Expressions of states, network parameters, derived quantities (already expanded), problem
        parameters, `time` and the placeholders. `noise` is the scale parameter: standard deviation for
        (log-)normal, mean absolute deviation for (log-)laplace; of the natural logarithm for the log ones.
    distribution
        One of `il6infer.problems.noise.NOISES`; the formula is the median.
    placeholders
        Names in `formula`, filled from a measurement's `observable_parameters`, in order.
    noise_placeholders
        Names in `noise`, filled from `noise_parameters`.
    """

    id: str
    formula: sp.Expr
    noise: sp.Expr
    distribution: str = "normal"
    placeholders: tuple[str, ...] = ()
    noise_placeholders: tuple[str, ...] = ()
    name: str = ""
    unit: str = ""

    @property
    def is_literature(self) -> bool:
        """Whether its measurement is a literature constraint: part of the posterior, and no data."""
        return self.id.startswith(LITERATURE)

    @property
    def is_carrier(self) -> bool:
        """Whether it is no read-out, but says how the errors of one hang together (`CARRIER`)."""
        return self.id.startswith(CARRIERS)

    @property
    def carries(self) -> str:
        """Id of the observable whose errors hang together, of a carrier."""
        return carried(self.id)


def carried(carrier: str) -> str:
    """Id of the observable whose errors hang together as the one of this id says (`CARRIERS`)."""
    return carrier.removeprefix(SHARED).removeprefix(CARRIER)


@dataclass(frozen=True, repr=False)
class Problem:
    """An inference problem.

    A problem parameter that has a network parameter's name sets it in every experiment; a period's `changes`
    come after and win.

    Attributes
    ----------
    measurements
        One row a measurement, columns: observable, experiment (ids; experiment may be ``""``: the model's
        own initial state from t=0), time, value (float), observable_parameters, noise_parameters (tuples of
        sympy expressions of problem parameters), batch (gel or plate), replicate (str, may be empty); perhaps censored
        (one of `il6infer.problems.noise.CENSORED`): value is then a limit, and the measurement below or above it.
    cells
        Experiment in whose cells is predicted what was not measured; empty: in those of the model.
    """

    id: str
    network: Network
    parameters: tuple[Parameter, ...]
    experiments: tuple[Experiment, ...]
    observables: tuple[Observable, ...]
    measurements: pd.DataFrame
    cells: str = ""

    @property
    def estimated(self) -> tuple[Parameter, ...]:
        """Parameters to infer, in the order of the engine's parameter vector."""
        return tuple(p for p in self.parameters if p.estimate)

    @property
    def nominal(self) -> dict[str, float]:
        """Nominal value of each estimated parameter."""
        return {p.id: p.nominal for p in self.estimated}

    @property
    def data(self) -> pd.DataFrame:
        """Measurements that are data: no literature constraints, no `CARRIER`; the index is that of `measurements`."""
        return self.measurements[~self.measurements["observable"].str.startswith((LITERATURE, *CARRIERS))]

    @once
    def noise_kinds(self) -> np.ndarray:
        """(measurements,) name of the noise distribution of each, read-only."""
        kinds = {o.id: o.distribution for o in self.observables}
        return _fixed(self.measurements["observable"].map(kinds).to_numpy(dtype=str))

    @once
    def sides(self) -> np.ndarray:
        """(measurements,) int, of `il6infer.problems.noise.CENSORED`, read-only: 0 for those that have a value."""
        if "censored" not in self.measurements:
            return _fixed(np.zeros(len(self.measurements), dtype=int))
        return _fixed(self.measurements["censored"].map(CENSORED).to_numpy(dtype=int))

    def __repr__(self) -> str:
        """Say how large the problem is: its symbols fill pages."""
        readouts = self.data["observable"].nunique() if len(self.measurements) else 0
        return (
            f"<Problem {self.id}: {len(self.estimated)} parameters, {len(self.data)} measurements "
            f"of {readouts} read-outs in {len(self.experiments)} experiments>"
        )

    def with_measurements(self, measurements: pd.DataFrame) -> Problem:
        """Ask the same problem at other times or read-outs (values may be NaN: nothing is compared)."""
        return replace(self, measurements=measurements.reset_index(drop=True))


def _fixed(values: np.ndarray) -> np.ndarray:
    """Give a copy that nobody can change: who asks again is given the same."""
    values = values.copy()
    values.flags.writeable = False
    return values
