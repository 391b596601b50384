"""Public benchmark problems beside pyPESTO with AMICI, where `make peers` has installed them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.peers import PEERS, ask_peer
from benchmarks.problems import SHARED
from benchmarks.timing import clock
from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.engine.likelihood import slopes
from il6infer.inference.density import Density
from il6infer.petab_files.read import load

PROBLEMS = ("Boehm_JProteomeRes2014", "Raia_CancerResearch2011")

FARTHEST = 30.0
"""How far out a coordinate is at most."""


def ours(problem_file: Path) -> dict[str, float]:
    """Value and value + gradient at AMICI's tolerances (rtol 1e-8, atol 1e-16), one core.

    The first two are of the log-likelihood, from Python; ``fit_ms`` is the log-posterior's, as a fit calls it.
    """
    problem = load(problem_file)
    engine = compile(problem, rtol=1e-8, atol=1e-16, lower_atol=False)
    theta = np.array([p.nominal for p in problem.estimated])

    def gradient() -> np.ndarray:
        prediction, noise, kept = engine.forward(theta, keep=True)
        return engine.backward(theta, kept, *slopes(problem, prediction, noise))

    density = Density(problem, engine)
    at = np.array([p.nominal for p in density.parameters])
    point = np.clip(density.unconstrained(at), -FARTHEST, FARTHEST)  # one at its bound is infinitely far out
    value, both = clock(lambda: engine.log_likelihood(theta)), clock(gradient)
    fit = clock(lambda: density(point))
    return {"value_ms": value, "gradient_ms": both, "fit_ms": fit, "llh": float(engine.log_likelihood(theta).sum())}


def problems_of(folder: Path) -> list[Path]:
    """Problem files of a folder laid out as the public collection is: one folder a problem, with one YAML file."""
    files = {file.parent.name: file for file in sorted(folder.glob("*/*.yaml"), reverse=True)}
    return [files[name] for name in sorted(files)]


def run(results: Path, folder: Path | None = None) -> None:
    """Time, print and write `public.json`: two problems, or all of a folder. What a tool refuses is said."""
    here = SHARED / "benchmark_problems"
    files = problems_of(folder) if folder else [here / name / f"{name}.yaml" for name in PROBLEMS]
    tools: dict[str, Callable[[Path], dict[str, float]]] = {"il6infer": ours}
    if (PEERS / "bin" / "python").exists():
        tools["pypesto + amici"] = partial(ask_peer, "clock")
    found: dict[str, dict[str, dict[str, float]]] = {}
    table = Table("problem", "tool", "value [ms]", "value + gradient [ms]", "in a fit [ms]", "log-likelihood")
    for file in files:
        name = file.parent.name
        found[name] = {}
        for tool, timed in tools.items():
            try:
                row = found[name][tool] = timed(file)
            except (UserError, RuntimeError) as error:
                table.add_row(name, tool, str(error).strip().splitlines()[-1])
                continue
            times = (f"{row[key]:.3g}" if key in row else "" for key in ("value_ms", "gradient_ms", "fit_ms"))
            table.add_row(name, tool, *times, f"{row['llh']:.6f}")
    (results / "public.json").write_text(json.dumps(found, indent=2), "utf-8")
    Console(width=120).print(table)
