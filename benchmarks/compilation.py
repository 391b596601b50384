"""What a model costs before its first value and gradient: cascades of 5 to 1,000 states, and models of the library.

Times are of this process on the processor (CPU seconds), the integrator there, nothing of the model in the cache.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import sympy as sp
from rich.console import Console
from rich.table import Table

from benchmarks.growth import cascade
from il6infer.engine import RosenbrockEngine
from il6infer.kernel.link import prepare
from il6infer.library.compose import compose, gallery
from il6infer.library.names import base_names
from il6infer.network.network import symbol
from il6infer.network.sbml import read_sbml
from il6infer.problems.spec import Experiment, Observable, Parameter, Period, Prior, Problem

STATES = (5, 10, 20, *range(28, 37), 50, 100, 140, 200, 500, 1000)
LARGE = ("both_socs3+akt+mapk+targets", "both_socs3+antibodies+drugs@HepG2", "both_dual+akt+mapk+targets")


def library_problem(name: str) -> Problem:
    """Four doses of IL-6 on a model of the library, all parameters with a prior estimated, all read-outs read."""
    model = compose(name)
    network = read_sbml(model.sbml, name)
    values = dict(zip(network.parameters, network.defaults, strict=True))
    free = [p for p in model.priors["parameter"] if p in values and not values[p].free_symbols]
    experiments = tuple(Experiment(f"e{n}", (Period(0.0, {"IL6": sp.Float(0.1 + n)}),)) for n in range(4))
    observables = tuple(Observable(r, symbol(r), sp.Float(0.1), "normal") for r in model.readouts)
    rows = [
        {"observable": o.id, "experiment": e.id, "time": float(t), "value": 1.0, "observable_parameters": (),
         "noise_parameters": (), "batch": "", "replicate": ""}
        for e in experiments for o in observables for t in (5, 15, 60)
    ]  # fmt: skip
    parameters = tuple(Parameter(p, 0.0, np.inf, float(values[p]), True, Prior("log-normal", (0.0, 1.0))) for p in free)
    return Problem(name, network, parameters, experiments, observables, pd.DataFrame(rows))


def measure(problem: Problem) -> dict[str, float]:
    """CPU seconds of the equations (sympy) and of the machine code of value and gradient."""
    start = time.process_time()
    engine = RosenbrockEngine(problem)
    written = time.process_time()
    for entry in ("simulate", "pullback"):
        engine.kernel._compiled(entry)
    done = time.process_time()
    network = problem.network
    return {
        "states": len(network.states),
        "reactions": len(network.fluxes),
        "equations_s": round(written - start, 2),
        "code_s": round(done - written, 2),
        "total_s": round(done - start, 2),
    }


def run(folder: Path) -> None:
    """Measure all, print the table, write compilation.json."""
    prepare("simulate", "pullback")
    problems = {f"cascade of {n}": lambda n=n: cascade(n, 20, 4, 10) for n in STATES}
    problems |= {
        name: lambda name=name: library_problem(name) for name in dict.fromkeys((*base_names(), *gallery(), *LARGE))
    }
    table = Table("model", "states", "reactions", "equations [s]", "machine code [s]", "total [s]")
    found = {}
    for name, build in problems.items():
        found[name] = row = measure(build())
        table.add_row(name, *map(str, row.values()))
        (folder / "compilation.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    Console(width=110).print(table)
