"""Effective draws a second beside pyPESTO with AMICI, whose best sampler is adaptive parallel tempering."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.peers import ask_peer
from benchmarks.posteriors import posterior
from benchmarks.problems import SHARED
from il6infer.inference import FitSettings
from il6infer.petab_files.read import load

PROBLEMS = {"Boehm_JProteomeRes2014": True, "Raia_CancerResearch2011": True, "Sobotta_nine": False}
"""Problem -> whether il6infer samples it here; the last one takes an hour of the processor (docs/validation.md)."""

SECONDS = 600.0
"""Of the processor, for the peer's draws of a problem; AMICI's compilation comes before."""


def peer(problem_file: Path) -> dict[str, Any]:
    """Draws of the peer, and the fewest effective ones of a parameter (bulk, in its own scales)."""
    found = ask_peer("sample", problem_file, str(SECONDS))
    draws = np.array(found.pop("draws"))
    # A parameter that never moved has no effective draw, where ArviZ counts each.
    effective = min(float(az.ess(column[None])) if np.ptp(column) > 0 else 0.0 for column in draws.T)
    moved = len(np.unique(draws, axis=0))
    return {**found, "distinct": moved, "ess_bulk": effective, "ess_bulk_per_cpu_s": effective / found["cpu_s"]}


def run(results: Path) -> None:
    """Sample, print and write `samplers.json`."""
    found: dict[str, dict[str, Any]] = {}
    table = Table("problem", "tool", "draws", "processor [s]", "bulk ESS", "bulk ESS a processor second", "passed")
    for name, both in PROBLEMS.items():
        file = SHARED / "benchmark_problems" / name / f"{name}.yaml"
        found[name] = {"pypesto + amici": peer(file)}
        if both:
            found[name]["il6infer"] = posterior(load(file), FitSettings(seed=1))
        for tool, row in found[name].items():
            values = (row["ess_bulk"], row["ess_bulk_per_cpu_s"])
            cells = (str(row.get("samples", row.get("draws"))), f"{row['cpu_s']:.0f}", *(f"{v:.3g}" for v in values))
            table.add_row(name, tool, *cells, str(row.get("passed", "not judged")))
        (results / "samplers.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    Console(width=120).print(table)
