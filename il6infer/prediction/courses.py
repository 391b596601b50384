"""Courses of read-outs in experiments that were not measured: what is done to cells at rest, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import sympy as sp
import xarray as xr

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.engine import compile
from il6infer.inference.predictive import simulate_all
from il6infer.library.names import cells_name
from il6infer.network.network import Network, symbol
from il6infer.prediction.claims import VirtualExperiment
from il6infer.problems.spec import STEADY_STATE, Experiment, Observable, Period, Problem


def readable(network: Network) -> dict[str, sp.Expr]:
    """Everything of a model that can be read, by name: its states and what is derived from them."""
    return {**{species: symbol(species) for species in network.states}, **network.derived}


def experiments_of(plan: VirtualExperiment, problem: Problem) -> list[Experiment]:
    """Experiments of a plan, from the problem's state of rest on: one, or one for each of its doses."""
    rest = _rest(problem)
    # Where these cells have a parameter of their own, the plan changes that.
    own = {name: cells for name in problem.network.parameters if (cells := cells_name(name)) in rest}
    rest |= {own.get(name, name): sp.Float(0.0) for name in plan.knock_out if name in problem.network.parameters}
    rest |= {own.get(name, name): sp.Float(value) for name, value in plan.set.items()}
    rest |= {
        own.get(name, name): sp.Float(factor) * rest.get(own.get(name, ""), symbol(name))
        for name, factor in plan.scale.items()
    }
    dissolved = [name for name in rest if name in problem.network.states]
    moments: dict[float, dict[str, sp.Expr]] = {0.0: {}}
    for step in plan.steps:
        changes = moments.setdefault(step.time_min, {})
        if step.action == "wash":
            changes |= dict.fromkeys(dissolved, sp.Float(0.0))
        elif step.action in ("add", "set"):
            left = changes.get(step.species, symbol(step.species))  # a wash of the same time comes first
            changes[step.species] = sp.Float(step.concentration_nM) + (left if step.action == "add" else 0)
    experiments = []
    for number, dose in enumerate(plan.doses or (0.0,)):
        these = {time: dict(changes) for time, changes in moments.items()}
        added = these.setdefault(plan.dose_time, {})
        for species, share in plan.varied.items():
            added[species] = added.get(species, symbol(species)) + sp.Float(share * dose)
        periods = [Period(STEADY_STATE, rest), *(Period(t, these[t]) for t in sorted(these))]
        experiments.append(Experiment(f"{plan.name}_{number}", tuple(periods)))
    return experiments


def _rest(problem: Problem) -> dict[str, sp.Expr]:
    """Give the cells at rest: those that the problem names, or of the model; else those of what was measured first."""
    states = set(problem.network.states)
    starts = {
        e.id: dict(e.periods[0].changes) for e in problem.experiments if e.periods and e.periods[0].time == STEADY_STATE
    }
    if problem.cells in starts:
        return starts[problem.cells]
    measured = [starts[name] for name in dict.fromkeys(problem.measurements["experiment"]) if name in starts]
    everything = [*measured, *starts.values()]
    return next((changes for changes in everything if changes.keys() <= states), everything[0] if everything else {})


def question(problem: Problem, asked: Sequence[tuple[str, Sequence[Experiment]]], times: np.ndarray) -> Problem:
    """Ask a problem for other read-outs, experiments and times than were measured; nothing is compared.

    Parameters
    ----------
    asked
        Read-out, and the experiments in which it is read.
    times
        (times,), the same in each.

    Returns
    -------
    Problem
        Its measurements are, for each of `asked`, each experiment, each time, in this order.
    """
    known = readable(problem.network)
    runs = tuple(dict.fromkeys(run.id for _, experiments in asked for run in experiments))
    by_id = {run.id: run for _, experiments in asked for run in experiments}
    readouts = tuple(Observable(r, known[r], sp.Float(1.0)) for r in dict(asked))
    rows = [(r, run.id, t) for r, experiments in asked for run in experiments for t in times]
    table = pd.DataFrame(rows, columns=["observable", "experiment", "time"])
    table = table.assign(
        value=np.nan, observable_parameters=[()] * len(table), noise_parameters=[()] * len(table), batch="",
        replicate="",
    )  # fmt: skip
    return replace(problem, experiments=tuple(by_id[run] for run in runs), observables=readouts, measurements=table)


def simulate_plans(
    problem: Problem,
    plans: Mapping[tuple[Any, ...], VirtualExperiment],
    dimensions: Mapping[str, Sequence[Any]],
    readouts: Sequence[str],
    times: np.ndarray,
    thetas: np.ndarray,
    *,
    solver: Mapping[str, Any],
    threads: int = 1,
) -> xr.Dataset:
    """Simulate read-outs for every combination of varied doses.

    Parameters
    ----------
    problem
        Gives the model, its parameters, and the state of rest from which every experiment starts.
    plans
        Combination of the values of `dimensions` -> what is done; one plan under ``()`` where nothing is varied.
    dimensions
        Name of each varied dose -> its values.
    times
        (times,) in the model's unit of time.
    thetas
        (draws, parameters), on the linear scale.
    solver
        Settings of the engine: engine, rtol, atol.

    Returns
    -------
    xarray.Dataset
        Each read-out (draw, *dimensions, time); NaN where a simulation failed. Attribute ``failed`` counts draws with a
        failed simulation.

    Raises
    ------
    UserError
        With every read-out, species and parameter that the model lacks.
    """
    raise_faults(_absent(problem, list(plans.values()), readouts), f"prediction of '{problem.id}'")
    experiments = [
        replace(run, id=f"plan_{number}")
        for number, key in enumerate(product(*dimensions.values()))
        for run in experiments_of(plans[key], problem)
    ]
    engine = compile(question(problem, [(r, experiments) for r in readouts], times), **solver)
    found = simulate_all(engine, np.atleast_2d(thetas), threads)
    shape = (len(found.prediction), len(readouts), *(len(v) for v in dimensions.values()), len(times))
    values = found.prediction.reshape(shape)
    units = problem.network.units or {}
    names = problem.network.names or {}
    dataset = xr.Dataset(
        {
            name: (("draw", *dimensions, "time"), values[:, i], {"units": units.get(name, ""), "long_name": name})
            for i, name in enumerate(readouts)
        },
        coords={**dimensions, "time": np.asarray(times, dtype=float)},
        attrs={"model": problem.network.id, "failed": int(found.failed.sum()), "draws": len(found.failed)},
    )
    dataset["time"].attrs["units"] = "min"
    for name in dimensions:
        dataset[name].attrs.update(units="nM", long_name=names.get(name, name))
    return dataset


def _absent(problem: Problem, plans: Sequence[VirtualExperiment], readouts: Sequence[str]) -> list[Fault]:
    network, known = problem.network, readable(problem.network)
    faults = [
        Fault(f"read-out '{name}'", "the model has none of that name.", nearest(name, known))
        for name in readouts
        if name not in known
    ]
    dosed = dict.fromkeys(step.species for plan in plans for step in plan.steps if step.species)
    faults += [
        Fault(f"dose of '{name}'", "the model has no species of that name.", nearest(name, network.states))
        for name in dosed
        if name not in network.states
    ]
    changed = dict.fromkeys(name for plan in plans for name in (*plan.set, *plan.scale, *plan.knock_out))
    faults += [
        Fault(f"parameter '{name}'", "the model has none of that name.", nearest(name, network.parameters))
        for name in changed
        if name not in network.parameters
    ]
    return faults
