"""A problem turned into runs: which distinct simulations serve which measurements, as flat tables.

Every number that a run needs (parameter values, doses, scale factors) is a *quantity*: an estimated parameter, a
constant, or an expression of estimated parameters. Runs and measurements hold indices into the vector of quantities,
so experiments that the dynamics cannot tell apart share one simulation, and gradients are scattered back by index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from il6infer._errors import Fault, raise_faults
from il6infer.network.graphs import replaced, symbols_of
from il6infer.network.network import TIME, Network, symbol
from il6infer.problems.spec import Experiment, Problem
from il6infer.runs.rest import never_rests
from il6infer.runs.segments import Quantities, Segment, Unroller


@dataclass(frozen=True)
class Plan:
    """All runs and measurements of a problem.

    Attributes
    ----------
    quantities
        Expression of each quantity.
    runs
        Segments of each distinct run, in order of time.
    run_times
        Times [model unit] at which each run is read, ascending.
    measured
        (measurements, 3): run, index into the run's times, observable.
    inputs
        Per observable, the symbols (neither states nor time) of its formula and noise.
    measured_inputs
        Per measurement, the quantity index of each of its observable's inputs.
    experiments
        Experiment id -> run.
    expressions
        New values of states that depend on states: expressions of states and estimated parameters.
    """

    quantities: tuple[sp.Expr, ...]
    runs: tuple[tuple[Segment, ...], ...]
    run_times: tuple[np.ndarray, ...]
    measured: np.ndarray
    inputs: tuple[tuple[sp.Symbol, ...], ...]
    measured_inputs: tuple[tuple[int, ...], ...]
    experiments: Mapping[str, int]
    expressions: tuple[sp.Expr, ...]


def _key(segments: list[Segment], used: list[int]) -> tuple:
    return tuple((s.start, s.steady, s.late, tuple(s.values[i] for i in used), s.jumps) for s in segments)


def make_plan(problem: Problem) -> Plan:
    """Work out the distinct runs of a problem and how measurements read them.

    Raises
    ------
    UserError
        Naming each measurement that refers to an unknown observable or experiment, starts before its experiment
        does, or needs what has no value.
    """
    network: Network = problem.network
    quantities = Quantities(problem.parameters)
    unroller = Unroller(problem, quantities)
    parameters = [symbol(name) for name in network.parameters]
    named = network.named
    used = [i for i, parameter in enumerate(parameters) if parameter in named]
    experiments = {e.id: e for e in problem.experiments}
    observables = {o.id: i for i, o in enumerate(problem.observables)}
    formulas = [(replaced(o.formula, network.expand), replaced(o.noise, network.expand)) for o in problem.observables]
    hidden = {TIME, *unroller.states}
    inputs = tuple(tuple(sorted((symbols_of(f) | symbols_of(n)) - hidden, key=str)) for f, n in formulas)
    runs: list[list[Segment]] = []
    run_of: dict[tuple, int] = {}
    experiment_run: dict[str, int] = {}
    segments_of: dict[str, list[Segment]] = {}
    faults, rows, moving = [], [], never_rests(network)
    for row in problem.measurements.itertuples():
        where = f"measurement {row.Index + 1}"
        if row.observable not in observables:
            faults.append(Fault(where, f"unknown observable '{row.observable}'."))
            continue
        if row.experiment not in experiment_run:
            experiment = experiments.get(row.experiment) or (Experiment("", ()) if row.experiment == "" else None)
            if experiment is None:
                faults.append(Fault(where, f"unknown experiment '{row.experiment}'."))
                continue
            segments = unroller.segments(experiment)
            key = _key(segments, used)
            if key not in run_of:
                run_of[key] = len(runs)
                runs.append(segments)
            experiment_run[row.experiment], segments_of[row.experiment] = run_of[key], segments
        start = next(s.start for s in runs[experiment_run[row.experiment]] if not s.steady)
        if row.time < start or np.isnan(row.time):
            faults.append(Fault(where, f"time {row.time:g} is before the experiment starts, at {start:g}."))
            continue
        if row.time == np.inf and moving:
            what = f"time inf asks for a steady state, and {moving} depends on time."
            faults.append(Fault(where, what, "Measure at a time that is late enough."))
            continue
        rows.append((row, experiment_run[row.experiment], observables[row.observable]))
    raise_faults(faults, f"problem '{problem.id}'")

    times = [np.unique([row.time for row, r, _ in rows if r == run]) for run in range(len(runs))]
    measured = np.empty((len(rows), 3), dtype=np.int64)
    measured_inputs, known = [], {*quantities.estimated}
    for m, (row, run, o) in enumerate(rows):
        measured[m] = run, int(np.searchsorted(times[run], row.time)), o
        observable = problem.observables[o]
        given = dict(zip(map(symbol, observable.placeholders), row.observable_parameters, strict=True))
        given |= dict(zip(map(symbol, observable.noise_placeholders), row.noise_parameters, strict=True))
        segment = [
            s
            for s in segments_of[row.experiment]
            if not s.steady and (s.start < row.time or (s.start == row.time and not s.late))
        ][-1]
        values = dict(zip(parameters, segment.values, strict=True))
        measured_inputs.append(
            tuple(
                values[s]
                if s in values
                else quantities.add(sp.sympify(given.get(s, s)).xreplace(unroller.problem_symbols))
                for s in inputs[o]
            )
        )
        for s, index in zip(inputs[o], measured_inputs[-1], strict=True):
            entry = quantities.entries[index]
            if (s in values and entry is sp.nan) or symbols_of(entry) - known:
                what = f"observable '{row.observable}' names '{s}', which has no value at time {row.time:g}."
                remedy = f"Set it in a condition of experiment '{row.experiment}', or in the parameter table."
                faults.append(Fault(f"measurement {row.Index + 1}", what, remedy))
    raise_faults(faults, f"problem '{problem.id}'")
    return Plan(
        quantities=tuple(quantities.entries),
        runs=tuple(tuple(run) for run in runs),
        run_times=tuple(times),
        measured=measured,
        inputs=inputs,
        measured_inputs=tuple(measured_inputs),
        experiments=experiment_run,
        expressions=tuple(unroller.expressions),
    )
