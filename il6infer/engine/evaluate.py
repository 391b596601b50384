"""A PEtab problem at one parameter vector: likelihood, residuals, prior, gradient, simulations, outcomes."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from il6infer._errors import Fault, nearest, raise_faults
from il6infer._tables import sound_sheet
from il6infer.engine import MAX_STEPS, compile
from il6infer.engine.gradients import Gradient, settled_gradient
from il6infer.engine.impossible import without_likelihood
from il6infer.engine.likelihood import pointwise, residuals
from il6infer.engine.settled import settle
from il6infer.petab_files.files import read_listing
from il6infer.petab_files.read import load
from il6infer.problems.courses import carriers_of
from il6infer.problems.priors import log_density
from il6infer.problems.spec import Problem
from il6infer.runs.outcome import Outcome

MAX_SECONDS = 600.0
"""Wall time of a simulation [s], where nothing else is said."""

UNSETTLED = 1e-4
"""Change of a derivative, over itself, that is told: it may be wrong by more than that."""


@dataclass(frozen=True)
class Evaluation:
    """What a problem gives at one point.

    Attributes
    ----------
    parameters
        Estimated parameter -> value on the linear scale.
    llh, chi2
        Log-likelihood, and sum of squared residuals in units of the noise; None where a simulation failed.
    log_prior
        Estimated parameter -> log-density of its prior, truncated to its bounds, on the linear scale.
    outcomes
        Experiment -> outcome of its simulation.
    gradient
        Estimated parameter -> derivative of the log-likelihood on the parameter's scale; None where not asked for.
    gradient_rtol
        Relative tolerance at which the gradient was taken; see `il6infer.engine.gradients`.
    unsettled
        Estimated parameter -> change of its derivative, over itself, when the tolerance last fell by ten, where that is
        more than `UNSETTLED`.
    simulation
        (measurements,) in the order of the measurement tables; NaN where the simulation failed.
    rtol, atol
        Relative and absolute tolerance that were used.
    moving
        Observable -> change of its predictions, over their size, when tolerances last fell by ten, where it is more
        than `il6infer.engine.settled.SETTLED`.
    seconds
        Stage -> wall time.
    faults
        Why there is no log-likelihood; empty where there is one.
    """

    parameters: Mapping[str, float]
    llh: float | None
    chi2: float | None
    log_prior: Mapping[str, float | None]
    outcomes: Mapping[str, str]
    gradient: Mapping[str, float | None] | None
    gradient_rtol: float | None
    unsettled: Mapping[str, float]
    simulation: np.ndarray
    rtol: float
    atol: float
    moving: Mapping[str, float]
    seconds: Mapping[str, float]
    faults: tuple[Fault, ...] = ()

    def summary(self) -> dict[str, Any]:
        """All but the simulations, ready for JSON; what could not be computed is null."""
        posterior = None if self.llh is None else _finite(self.llh + sum(v or 0.0 for v in self.log_prior.values()))
        if any(value is None for value in self.log_prior.values()):
            posterior = None
        return {
            "llh": self.llh,
            "chi2": self.chi2,
            "log_prior": dict(self.log_prior),
            "unnorm_log_posterior": posterior,
            "outcomes": dict(self.outcomes),
            "gradient": None if self.gradient is None else dict(self.gradient),
            "gradient_rtol": self.gradient_rtol,
            "gradient_unsettled": dict(self.unsettled),
            "simulation_unsettled": dict(self.moving),
            "parameters": dict(self.parameters),
            "seconds": {name: round(value, 6) for name, value in self.seconds.items()},
        }


def evaluate(
    path: Path,
    values: Mapping[str, float] | None = None,
    *,
    gradient: bool = False,
    engine: str = "rosenbrock",
    rtol: float = 1e-8,
    atol: float = 1e-10,
    max_steps: int = MAX_STEPS,
    max_seconds: float = MAX_SECONDS,
) -> Evaluation:
    """Evaluate a problem of PEtab v1 or v2.

    Parameters
    ----------
    path
        Its YAML file.
    values
        Estimated parameter -> value on the linear scale; those not named stay at their nominal value.
    gradient
        Also the gradient.
    engine, rtol, atol, max_steps, max_seconds
        As `il6infer.engine.compile` has them; the tolerances are lowered where the predictions need it.

    Raises
    ------
    UserError
        If the problem cannot be read, or a parameter is unknown or has no value.
    """
    clock = [time.perf_counter()]
    problem = load(path)
    theta = parameter_vector(problem, values or {}, path)
    clock.append(time.perf_counter())
    budget = {"max_steps": max_steps, "max_seconds": max_seconds}
    first = compile(problem, engine=engine, rtol=rtol, atol=atol, at=theta, **budget)
    settled = settle(first, theta, rtol)
    compiled = settled.engine
    clock.append(time.perf_counter())
    simulation = compiled.simulate(theta)
    clock.append(time.perf_counter())
    density = pointwise(problem, simulation.prediction, simulation.noise)
    derivative = settled_gradient(first, theta, first.simulate(theta), rtol) if gradient else None
    clock.append(time.perf_counter())
    stages = ("read", "compile", "simulate", "gradient") if gradient else ("read", "compile", "simulate")
    runs = {name: Outcome(simulation.outcome[run]) for name, run in compiled.plan.experiments.items()}
    valued = problem.sides == 0  # a limit that was not crossed has no residual
    return Evaluation(
        parameters={p.id: float(v) for p, v in zip(problem.estimated, theta, strict=True)},
        llh=_finite(density.sum()),
        chi2=_finite(np.sum(residuals(problem, simulation.prediction, simulation.noise)[valued] ** 2)),
        log_prior={
            p.id: _finite(log_density(p, v)) if p.prior else None for p, v in zip(problem.estimated, theta, strict=True)
        },
        outcomes={name or "(no experiment)": outcome.name.lower() for name, outcome in runs.items()},
        gradient=derivative and _on_scales(problem, derivative.values, theta),
        gradient_rtol=derivative and derivative.rtol,
        unsettled=_unsettled(problem, derivative) if derivative else {},
        simulation=np.delete(
            np.where(np.isfinite(simulation.prediction), simulation.prediction, np.nan),
            [*carriers_of(problem).values()],
        ),
        rtol=settled.rtol,
        atol=compiled.atol,
        moving=settled.unsettled,
        seconds={name: end - start for name, start, end in zip(stages, clock, clock[1:], strict=False)},
        faults=tuple(without_likelihood(path, problem, compiled, theta, simulation)),
    )


def parameter_vector(problem: Problem, values: Mapping[str, float], path: Path) -> np.ndarray:
    """Estimated parameters in the engine's order, those not in `values` at their nominal value.

    Parameters
    ----------
    values
        Parameter -> value, on the linear scale.
    path
        Problem, named in messages.
    """
    known = {p.id: p.nominal for p in problem.estimated}
    faults = [
        Fault(f"parameter '{name}'", "is not an estimated parameter of the problem.", nearest(name, known))
        for name in values
        if name not in known
    ]
    known |= {name: value for name, value in values.items() if name in known}
    faults += [
        Fault(f"parameter '{name}'", "has no nominal value.", "Give one with --parameters.")
        for name, value in known.items()
        if not math.isfinite(value)
    ]
    raise_faults(faults, f"PEtab problem {path}")
    return np.array(list(known.values()), dtype=float)


def simulation_table(path: Path, simulation: np.ndarray) -> pd.DataFrame:
    """PEtab's simulation table: the measurement tables with column ``simulation`` in place of ``measurement``."""
    sheets = [sound_sheet(name, "PEtab problem", "\t", ragged=True) for name in read_listing(path).paths("measurement")]
    table = pd.concat([pd.DataFrame([row.cells for row in sheet.rows]) for sheet in sheets], ignore_index=True)
    table = table.fillna("")  # a column that only one of the files has
    column = list(table.columns).index("measurement")
    table = table.drop(columns="measurement")
    table.insert(column, "simulation", simulation)
    return table


def _on_scales(problem: Problem, found: np.ndarray, theta: np.ndarray) -> dict[str, float | None]:
    """Take derivatives to each parameter's scale."""
    factor = {"lin": lambda v: 1.0, "log": lambda v: v, "log10": lambda v: v * math.log(10.0)}
    return {p.id: _finite(g * factor[p.scale](v)) for p, g, v in zip(problem.estimated, found, theta, strict=True)}


def _unsettled(problem: Problem, derivative: Gradient) -> dict[str, float]:
    changes = zip(problem.estimated, derivative.change, strict=True)
    return {p.id: float(change) for p, change in changes if change > UNSETTLED}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
