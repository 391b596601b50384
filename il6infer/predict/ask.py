"""Simulate the experiments of claims with a problem's model, and compute each quantity at parameter draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import sympy as sp

from il6infer.fit.curves import grid
from il6infer.fit.predictive import simulate_all
from il6infer.models.network import symbol
from il6infer.predict import quantities
from il6infer.predict.claims import Claims, Plan, needs
from il6infer.problem.spec import STEADY_STATE, Experiment, Observable, Period, Problem
from il6infer.simulate import compile


class Simulator:
    """Courses of read-outs in the experiments of claims.

    Parameters
    ----------
    problem
        Gives the model, its parameters, and the state of rest from which every experiment starts.
    claims
        What will be asked.

    Attributes
    ----------
    absent
        (kind, name) of what the claims name and the model lacks, kind being readout, experiment or parameter, with the
        reason; claims that need it cannot be asked.
    times
        (times,) [min].
    """

    def __init__(self, problem: Problem, claims: Claims, *, engine: str, rtol: float, atol: float) -> None:
        self.problem, self.claims = problem, claims
        needed = dict.fromkeys(need for claim in claims.claims for need in needs(claim))
        self._known = {**{s: symbol(s) for s in problem.network.states}, **problem.network.derived}
        self._estimated = [p.id for p in problem.estimated]
        self.absent = {need: reason for need in needed if (reason := self._lacking(*need))}
        there = [need for need in needed if need not in self.absent]
        self._readouts = {name: self._known[name] for kind, name in there if kind == "readout"}
        self._runs = {name: _runs(claims.plans[name], problem) for kind, name in there if kind == "experiment"}
        self.times = grid(0.0, claims.until)
        self._engine = None
        if self._readouts and self._runs:
            self._engine = compile(self._question(), engine=engine, rtol=rtol, atol=atol)

    def _lacking(self, kind: str, name: str) -> str:
        """Say why the model does not have what a claim needs; empty where it has."""
        if kind == "readout":
            return "" if name in self._known else f"the model has no read-out '{name}'"
        if kind == "parameter":
            return "" if name in self._estimated else f"'{name}' is not a parameter that this model's fit estimates"
        network, plan = self.problem.network, self.claims.plans[name]
        for species in sorted({s.species for s in plan.steps if s.species} | set(plan.varied)):
            if species not in network.states:
                return f"the model has no species '{species}'"
        for parameter in plan.set:
            if parameter not in network.parameters:
                return f"the model has no parameter '{parameter}'"
        return ""

    def _question(self) -> Problem:
        runs = [run for runs in self._runs.values() for run in runs]
        observables = tuple(Observable(r, formula, sp.Float(1.0)) for r, formula in self._readouts.items())
        rows = [(r, run.id, t) for run in runs for r in self._readouts for t in self.times]
        table = pd.DataFrame(rows, columns=["observable", "experiment", "time"])
        table = table.assign(
            value=np.nan, observable_parameters=[()] * len(table), noise_parameters=[()] * len(table), batch="",
            replicate="",
        )  # fmt: skip
        return replace(self.problem, experiments=tuple(runs), observables=observables, measurements=table)

    def courses(self, thetas: np.ndarray, threads: int = 1) -> dict[tuple[str, str], np.ndarray]:
        """Simulate (draws, parameters), on the linear scale.

        Returns
        -------
        dict
            (read-out, experiment) -> (draws, times), or (draws, doses, times) of a varied experiment; NaN where a
            simulation failed.
        """
        if self._engine is None:
            return {}
        found = simulate_all(self._engine, thetas, threads).prediction
        runs = sum(len(runs) for runs in self._runs.values())
        found = found.reshape(len(thetas), runs, len(self._readouts), len(self.times))
        courses, first = {}, 0
        for name, own in self._runs.items():
            block = found[:, first : first + len(own)]
            first += len(own)
            for i, readout in enumerate(self._readouts):
                course = block[:, :, i]
                courses[readout, name] = course if self.claims.plans[name].doses else course[:, 0]
        return courses


def _runs(plan: Plan, problem: Problem) -> list[Experiment]:
    """Experiments of a plan: one, or one a dose."""
    rest: dict[str, sp.Expr] = {}
    for experiment in problem.experiments:
        if experiment.periods and experiment.periods[0].time == STEADY_STATE:
            rest = dict(experiment.periods[0].changes)
            break
    rest |= {name: sp.Float(value) for name, value in plan.set.items()}
    free = [name for name in rest if name in problem.network.states]
    moments: dict[float, dict[str, sp.Expr]] = {0.0: {}}
    for step in plan.steps:
        changes = moments.setdefault(step.time_min, {})
        if step.action == "wash":
            changes |= dict.fromkeys(free, sp.Float(0.0))
        elif step.action in ("add", "set"):
            before = symbol(step.species) if step.action == "add" else 0
            changes[step.species] = before + sp.Float(step.concentration_nM)
    experiments = []
    for number, dose in enumerate(plan.doses or (0.0,)):
        own = {time: dict(changes) for time, changes in moments.items()}
        for species, share in plan.varied.items():
            own[0.0][species] = own[0.0].get(species, symbol(species)) + sp.Float(share * dose)
        periods = [Period(STEADY_STATE, rest), *(Period(t, own[t]) for t in sorted(own))]
        experiments.append(Experiment(f"{plan.name}_{number}", tuple(periods)))
    return experiments


def quantity(
    asked: Mapping[str, Any], simulator: Simulator, courses: Mapping[tuple[str, str], np.ndarray], thetas: np.ndarray
) -> np.ndarray:
    """Values (draws,) of a quantity; NaN where it is not defined.

    Parameters
    ----------
    courses
        Of `Simulator.courses` at the same `thetas`.
    """
    [(kind, named)] = asked.items()
    times = simulator.times
    match kind:
        case "parameter":
            return thetas[:, [p.id for p in simulator.problem.estimated].index(named)]
        case "ratio":
            top, bottom = (quantity(inner, simulator, courses, thetas) for inner in named)
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(bottom > 0, top / bottom, np.nan)
        case "inhibition":
            return quantities.inhibition(*(courses[named["readout"], named[key]] for key in ("with", "without")))
    course = courses[named["readout"], named["experiment"]]
    match kind:
        case "ec50":
            doses, at = simulator.claims.plans[named["experiment"]].doses, named.get("time")
            each = [course[:, i] for i in range(course.shape[1])]
            rises = [quantities.rise(c) if at is None else quantities.level(times, c, at) - c[:, 0] for c in each]
            found = quantities.ec50(np.array(doses), np.stack(rises, axis=1))
            return np.where(quantities.responds(each[-1]), found, np.nan)
        case "peak":
            return quantities.peak(course)
        case "fold":
            return quantities.fold(course)
        case "level":
            return quantities.level(times, course, named["time"])
        case "persistence":
            return quantities.persistence(times, course, named["time"])
    return {"peak_time": quantities.peak_time, "duration": quantities.duration}[kind](times, course)
