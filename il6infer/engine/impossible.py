"""Measurements without a likelihood at one point: which rows of which table, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from il6infer._errors import Fault
from il6infer._tables import sound_sheet
from il6infer.engine import compile
from il6infer.engine.likelihood import pointwise
from il6infer.engine.protocol import Engine
from il6infer.network.answers import may_be_no_number
from il6infer.network.graphs import of_kinds
from il6infer.network.network import Network
from il6infer.petab_files.files import read_listing
from il6infer.problems.courses import carriers_of
from il6infer.problems.noise import logarithmic
from il6infer.problems.spec import Problem
from il6infer.runs.outcome import Outcome, Simulation

ALIKE = 3
"""Faults of one kind that a message lists: a wrong formula makes every row of its observable wrong."""


def without_likelihood(
    path: Path, problem: Problem, engine: Engine, theta: np.ndarray, simulation: Simulation
) -> Iterator[Fault]:
    """Find experiments that could not be simulated, and measurements that have no likelihood where they could.

    Parameters
    ----------
    path
        YAML file of the problem.
    problem, engine
        As read from there, and compiled.
    theta
        (parameters,), the point that is asked about.
    simulation
        There.
    """
    failed = set()
    for name, run in engine.plan.experiments.items():
        outcome = Outcome(simulation.outcome[run])
        if not outcome.ok:
            failed.add(name)
            where = f"experiment '{name}'" if name else "the model, without a condition"
            asked = _of_a_run(problem.network) if outcome is Outcome.NON_FINITE else []
            yield Fault(where, f"{outcome.name.lower()}: {outcome.message}.", *_conditions(asked))
    kept = np.delete(np.arange(len(problem.measurements)), [*carriers_of(problem).values()])
    rows = problem.measurements.iloc[kept]
    lost = ~np.isfinite(pointwise(problem, simulation.prediction, simulation.noise)[kept])
    lost &= ~rows["experiment"].isin(failed).to_numpy()
    if not lost.any():
        return
    prediction, noise = simulation.prediction[kept], simulation.noise[kept]
    if (~np.isfinite(prediction[lost])).any():
        noise = compile(_noise_alone(problem)).simulate(theta).prediction[kept]
    logs = logarithmic(problem.noise_kinds)[kept]
    for row, (place, measured) in enumerate(zip(_places(path), rows.itertuples(), strict=True)):
        if lost[row]:
            what, remedy = _reason(float(prediction[row]), float(noise[row]), logarithmic=bool(logs[row]))
            during = f" in experiment '{measured.experiment}'" if measured.experiment else ""
            where = f"'{measured.observable}'{during} at time {measured.time:g}"
            untold = _conditions(_of_a_value(problem, measured, noise[row])) if "no value" in what else []
            yield Fault(place, f"{where}: {what}", " ".join([*untold, remedy]))


def _of_a_run(network: Network) -> list[sp.Basic]:
    """Expressions that a run asks for values and truths."""
    asked = [*network.rhs, *network.initial, *network.derived.values()]
    return asked + [e for event in network.events for e in (event.trigger, *event.changes.values())]


def _of_a_value(problem: Problem, measured: Any, noise: float) -> list[sp.Basic]:
    """Expressions on which a value that is not there hangs: its observable's, or its noise's, and what these name."""
    [own] = [o for o in problem.observables if o.id == measured.observable]
    if not np.isfinite(noise):
        asked = [own.noise, *measured.noise_parameters]
    else:
        asked = [own.formula, *measured.observable_parameters]
    derived = problem.network.expand
    for expression in asked:  # grows: a derived quantity may name others
        asked += [derived[s] for s in expression.free_symbols if s in derived and derived[s] not in asked]
    return asked


def _conditions(asked: Sequence[sp.Basic]) -> list[str]:
    """Remedy where a condition may have had no truth: which ones hold a root, a logarithm or the like."""
    found = sorted(str(r) for r in of_kinds(asked, Relational) if any(map(may_be_no_number, r.args)))
    if not found:
        return []
    more = f" and {len(found) - ALIKE} more" if len(found) > ALIKE else ""
    return [f"Conditions that can be neither true nor false: {', '.join(map(repr, found[:ALIKE]))}{more}."]


def _noise_alone(problem: Problem) -> Problem:
    """Problem whose observables are the noise: an engine does not tell which of the two has no value."""
    table = problem.measurements.copy()
    table["observable_parameters"] = table["observable_parameters"] + table["noise_parameters"]
    table["noise_parameters"] = [()] * len(table)
    observables = [
        replace(
            o,
            formula=o.noise,
            noise=sp.Float(1.0),
            distribution="normal",
            placeholders=o.placeholders + o.noise_placeholders,
            noise_placeholders=(),
        )
        for o in problem.observables
    ]
    return replace(problem, observables=tuple(observables), measurements=table)


def at_nominal(path: Path, problem: Problem, max_seconds: float) -> list[Fault]:
    """Simulate a problem at its nominal values, all of which it has, and find what has no likelihood there.

    Parameters
    ----------
    path
        YAML file of the problem.
    problem
        As read from there.
    max_seconds
        Wall time of the simulation [s].
    """
    theta = np.array([p.nominal for p in problem.estimated], dtype=float)
    engine = compile(problem, rtol=1e-8, atol=1e-10, at=theta, max_seconds=max_seconds)
    return list(without_likelihood(path, problem, engine, theta, engine.simulate(theta)))


def _reason(prediction: float, noise: float, *, logarithmic: bool) -> tuple[str, str]:
    """Say what is wrong, and its remedy; an infinite noise is one without a value."""
    values = "or the values that it names."
    if not noise > 0 or np.isinf(noise):
        found = f"is {noise:.4g}" if np.isfinite(noise) else "has no value"
        return f"the noise {found} there, which must be above zero.", f"Correct the noise formula, {values}"
    if not np.isfinite(prediction):
        return "the observable has no value there.", f"Correct its formula, {values}"
    if logarithmic and prediction <= 0:
        what = f"the observable is {prediction:.4g} there, which must be above zero under logarithmic noise."
        return what, f"Use normal noise, or correct its formula, {values}"
    what = f"the value is impossible where the observable is {prediction:.4g} with noise {noise:.4g}."
    return what, "Correct the value, or the parameters."


def _places(path: Path) -> Iterator[str]:
    for table in read_listing(path).paths("measurement"):
        for row in sound_sheet(table, "PEtab problem", "\t", ragged=True).rows:
            yield f"{table.name}, row {row.number}, column measurement"
