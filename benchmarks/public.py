"""Public benchmark problems beside pyPESTO with AMICI, where `make peers` has installed them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.peers import PEERS, ask_peer
from benchmarks.problems import SHARED
from benchmarks.timing import clock
from il6infer.engine import compile
from il6infer.engine.likelihood import slopes
from il6infer.petab_files.read import load

PROBLEMS = ("Boehm_JProteomeRes2014", "Raia_CancerResearch2011")


def ours(problem_file: Path) -> dict[str, float]:
    """Value and value + gradient of the log-likelihood at AMICI's tolerances (rtol 1e-8, atol 1e-16), one core."""
    problem = load(problem_file)
    engine = compile(problem, rtol=1e-8, atol=1e-16, lower_atol=False)
    theta = np.array([p.nominal for p in problem.estimated])

    def gradient() -> np.ndarray:
        prediction, noise, kept = engine.forward(theta, keep=True)
        return engine.backward(theta, kept, *slopes(problem, prediction, noise))

    value, both = clock(lambda: engine.log_likelihood(theta)), clock(gradient)
    return {"value_ms": value, "gradient_ms": both, "llh": float(engine.log_likelihood(theta).sum())}


def run(results: Path) -> None:
    """Time, print and write `public.json`."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    table = Table("problem", "tool", "value [ms]", "value + gradient [ms]", "log-likelihood")
    for name in PROBLEMS:
        file = SHARED / "benchmark_problems" / name / f"{name}.yaml"
        found[name] = {"il6infer": ours(file)}
        if (PEERS / "bin" / "python").exists():
            found[name]["pypesto + amici"] = ask_peer("clock", file)
        for tool, row in found[name].items():
            table.add_row(name, tool, f"{row['value_ms']:.3g}", f"{row['gradient_ms']:.3g}", f"{row['llh']:.6f}")
    (results / "public.json").write_text(json.dumps(found, indent=2), "utf-8")
    Console(width=120).print(table)
