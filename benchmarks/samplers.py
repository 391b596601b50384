"""Effective draws a second beside pyPESTO with AMICI, whose best sampler is adaptive parallel tempering."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import flagship, posteriors, reference_petab
from benchmarks.peers import ask_peer
from benchmarks.posteriors import posterior
from benchmarks.problems import SHARED
from il6infer.inference import FitSettings
from il6infer.petab_files.read import load

PROBLEMS = ("Boehm_JProteomeRes2014", "reference", "Raia_CancerResearch2011", "Sobotta_nine")
"""The last one with the priors of `benchmarks.flagship`; docs/validation.md tells of il6infer's half hour for it."""

SETTINGS = {
    "Boehm_JProteomeRes2014": FitSettings(seed=1),
    "reference": posteriors.SETTINGS,
    "Raia_CancerResearch2011": FitSettings(seed=1, sampler="auto", draws=600),
}

SECONDS = 600.0
"""Of the processor, for the peer's four chains of a problem; AMICI's compilation comes before."""


def problem_file(name: str, results: Path) -> Path:
    """Give the PEtab problem of that name; the reference problem and the largest one are written to `results`."""
    if name == "reference":
        return reference_petab.write(results / name)
    if name == "Sobotta_nine":
        return flagship.write(results / "flagship")
    return SHARED / "benchmark_problems" / name / f"{name}.yaml"


def peer(file: Path) -> dict[str, Any]:
    """Draws of the peer's chains; R-hat and the fewest effective ones of a parameter (bulk, in its own scales)."""
    found = ask_peer("sample", file, str(SECONDS))
    draws = np.array(found.pop("draws"))
    # A parameter that never moved has no effective draw, where ArviZ counts each.
    columns = [draws[:, :, i] for i in range(draws.shape[2])]
    effective = min(float(az.ess(column)) if np.ptp(column) > 0 else 0.0 for column in columns)
    rhat = max(float(az.rhat(column)) if np.ptp(column) > 0 else np.inf for column in columns)
    moved = len(np.unique(draws.reshape(-1, draws.shape[2]), axis=0))
    per_second = effective / found["cpu_s"]
    return {**found, "distinct": moved, "rhat": rhat, "ess_bulk": effective, "ess_bulk_per_cpu_s": per_second}


def run(results: Path) -> None:
    """Sample, print and write `samplers.json`."""
    found: dict[str, dict[str, Any]] = {}
    table = Table("problem", "tool", "draws", "processor [s]", "R-hat", "bulk ESS", "a processor second", "passed")
    for name in PROBLEMS:
        file = problem_file(name, results)
        found[name] = {"pypesto + amici": peer(file)}
        if name in SETTINGS:
            found[name]["il6infer"] = posterior(load(file), SETTINGS[name])
        for tool, row in found[name].items():
            values = (row["ess_bulk"], row["ess_bulk_per_cpu_s"])
            cells = (f"{row['cpu_s']:.0f}", f"{row['rhat']:.3f}", *(f"{v:.3g}" for v in values))
            draws = str(row.get("samples", row.get("draws")))
            table.add_row(name, tool, draws, *cells, str(row.get("passed", "not judged")))
        (results / "samplers.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    Console(width=120).print(table)
