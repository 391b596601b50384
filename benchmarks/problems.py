"""The problems that are timed."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import antimony
import numpy as np
import pandas as pd
import sympy as sp

from il6infer.engine import compile
from il6infer.network.network import symbol
from il6infer.network.sbml import read_sbml
from il6infer.problems.spec import Experiment, Observable, Parameter, Period, Prior, Problem

SHARED = Path(__file__).resolve().parents[2] / "shared"
TIMES = (2.0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240)


def reference() -> Problem:
    """Build the reference problem: 20 states, 26 free parameters, 8 conditions, 12 times, 4 read-outs."""
    folder = SHARED / "bench"
    if not folder.is_dir():
        raise SystemExit(f"{folder}: not found; the reference problem and its peers are kept there.")
    if antimony.loadAntimonyFile(str(folder / "reference.ant")) < 0:
        raise SystemExit(antimony.getLastError())
    network = read_sbml(antimony.getSBMLString("il6_reference"), "reference.ant")
    with (folder / "reference_conditions.csv").open() as rows:
        conditions = list(csv.DictReader(rows))
    experiments = tuple(
        Experiment(row["condition_id"], (Period(0.0, {s: sp.Float(row[s]) for s in row if s != "condition_id"}),))
        for row in conditions
    )
    constants = [
        (name, float(value)) for name, value in zip(network.parameters, network.defaults, strict=True) if name != "cell"
    ]
    readouts = tuple(name for name in network.derived)
    rows = [
        {
            "observable": o, "experiment": e.id, "time": t, "value": 1.0,
            "observable_parameters": (), "noise_parameters": (), "batch": "", "replicate": "",
        }
        for e in experiments for t in TIMES for o in readouts
    ]  # fmt: skip
    return Problem(
        id="reference",
        network=network,
        parameters=tuple(
            Parameter(name, 0.0, np.inf, value, True, Prior("log-normal", (float(np.log(value)), 1.0)))
            for name, value in constants
        ),
        experiments=experiments,
        observables=tuple(Observable(o, symbol(o), sp.Float(0.1), "log-normal") for o in readouts),
        measurements=pd.DataFrame(rows),
    )


def simulated_reference(sigma: float = 0.1) -> Problem:
    """Build the reference problem with data drawn from it: log-normal noise, 384 values."""
    problem = reference()
    theta = np.array([p.nominal for p in problem.estimated])
    prediction = compile(problem).simulate(theta).prediction
    noise = np.random.default_rng(1).normal(scale=sigma, size=len(prediction))
    table = problem.measurements.assign(value=prediction * np.exp(noise))
    return dataclasses.replace(problem, measurements=table)
