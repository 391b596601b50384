"""How the cost grows with states, parameters, conditions and times, on a generated signalling cascade."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import sympy as sp

from benchmarks.timing import clock
from il6infer.engine import compile
from il6infer.network.network import Network, symbol
from il6infer.problems.spec import Experiment, Observable, Parameter, Period, Prior, Problem

BASE = {"states": 20, "parameters": 20, "conditions": 4, "times": 10}
RANGES = {
    "states": (10, 20, 50, 100, 200),
    "parameters": (2, 5, 10, 20, 50, 100, 200),
    "conditions": (1, 10, 100, 1000),
    "times": (5, 50, 500),
}
"""One size varies, the others stay as in `BASE`."""

LINES = {"value_ms": "value", "gradient_ms": "value + adjoint", "forward_ms": "value + forward"}


def cascade(states: int, parameters: int, conditions: int, times: int) -> Problem:
    """Chain of activation cycles, x_i' = a_i x_(i-1) (1 - x_i) - d_i x_i, driven by a ligand of another dose each time.

    Parameters
    ----------
    parameters
        How many of the rates are estimated, at most 2 a state; more are scales of the read-out.
    """
    names = [f"x{i}" for i in range(states)]
    x = [symbol(name) for name in names]
    rates = [(f"a{i}", 1.0 + 0.1 * np.sin(i)) for i in range(states)] + [(f"d{i}", 0.5) for i in range(states)]
    before = [symbol("ligand"), *x[:-1]]
    on = [symbol(f"a{i}") * before[i] * (1 - x[i]) for i in range(states)]
    off = [symbol(f"d{i}") * x[i] for i in range(states)]
    stoichiometry = np.hstack([np.eye(states), -np.eye(states)])
    network = Network(
        id="cascade",
        states=tuple(names),
        parameters=("ligand", *(name for name, _ in rates)),
        defaults=(sp.Float(1), *(sp.Float(value) for _, value in rates)),
        rhs=tuple(a - b for a, b in zip(on, off, strict=True)),
        initial=(sp.Float(0),) * states,
        stoichiometry=stoichiometry,
        fluxes=(*on, *off),
        derived={},
        flux_ids=tuple(f"{kind}{i}" for kind in ("on", "off") for i in range(states)),
    )
    free = [*rates, *((f"s{i}", 1.0) for i in range(max(0, parameters - len(rates))))][:parameters]
    scale = sp.Mul(*[symbol(name) for name, _ in free if name.startswith("s")])
    experiments = tuple(
        Experiment(f"e{c}", (Period(0.0, {"ligand": sp.Float(0.1 + c / conditions)}),)) for c in range(conditions)
    )
    rows = [
        {"observable": "last", "experiment": e.id, "time": float(t), "value": 1.0,
         "observable_parameters": (), "noise_parameters": (), "batch": "", "replicate": ""}
        for e in experiments for t in np.linspace(0.5, 30.0, times)
    ]  # fmt: skip
    return Problem(
        id="cascade",
        network=network,
        parameters=tuple(
            Parameter(name, 0.0, np.inf, value, True, Prior("log-normal", (float(np.log(value)), 1.0)))
            for name, value in free
        ),
        experiments=experiments,
        observables=(Observable("last", scale * x[-1] + 0.01, sp.Float(0.1), "log-normal"),),
        measurements=pd.DataFrame(rows),
    )


def measure(sizes: dict[str, int]) -> dict[str, float]:
    """Measure times of one size [ms], compile time [s] and peak memory [MB] of this process."""
    problem = cascade(**sizes)
    theta, ones = np.array([p.nominal for p in problem.estimated]), np.ones(len(problem.measurements))
    start = time.perf_counter()
    engine = compile(problem)
    engine.simulate(theta)
    engine.pullback(theta, ones, 0 * ones)
    compiled = time.perf_counter() - start
    repeats = 20 if sizes["conditions"] <= 100 else 5
    row = {
        "compile_s": compiled,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "value_ms": clock(lambda: engine.simulate(theta), repeats),
        "gradient_ms": clock(lambda: engine.pullback(theta, ones, 0 * ones), repeats),
    }
    if sizes["states"] <= 100 and sizes["conditions"] <= 100:
        row["forward_ms"] = clock(lambda: engine.jacobian(theta), 5)
    return row


def run(folder: Path) -> None:
    """Measure every size in a process of its own with an empty cache; write growth.json and growth.png."""
    rows = []
    for name, sizes in RANGES.items():
        for size in sizes:
            wanted = {**BASE, name: size}
            if name == "states":
                wanted["parameters"] = min(20, 2 * size)
            code = f"import json; from benchmarks.growth import measure; print(json.dumps(measure({wanted})))"
            answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
            rows.append({"varied": name, **wanted, **json.loads(answer.stdout)})
            print(json.dumps(rows[-1]), flush=True)
    (folder / "growth.json").write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    plot(rows, folder / "growth.png")


def slope(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Exponent of the growth between the two largest sizes."""
    return float(np.log(times[-1] / times[-2]) / np.log(sizes[-1] / sizes[-2]))


def plot(rows: list[dict], path: Path) -> None:
    """One panel a size, log-log, with the exponent of the growth at its end."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), layout="constrained", sharey=True)
    for axis, name in zip(axes, RANGES, strict=True):
        own = [row for row in rows if row["varied"] == name]
        for key, label in LINES.items():
            there = [row for row in own if key in row]
            x, y = [row[name] for row in there], [row[key] for row in there]
            axis.loglog(x, y, "o-", ms=4, label=f"{label} (exponent {slope(x, y):.2f})")
        axis.set_xlabel(name)
        axis.legend(fontsize=7, frameon=False)
    axes[0].set_ylabel("time [ms]")
    figure.savefig(path, dpi=150)
