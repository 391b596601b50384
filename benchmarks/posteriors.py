"""Whole posteriors: time, gradients and effective draws a second; and the public IL-6 problem's gradient.

A machine that others use too stretches the wall time, not the processor's: effective draws are told by both.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import arviz as az
import numpy as np

from benchmarks.problems import SHARED, simulated_reference
from benchmarks.timing import clock
from il6infer.diagnosis.verdict import Thresholds, diagnose
from il6infer.engine import compile
from il6infer.inference import FitSettings, fit_problem
from il6infer.petab_files.read import load
from il6infer.problems.spec import Problem

SETTINGS = FitSettings(seed=1, chains=4, tune=300, draws=1000, starts=4, threads=2, rtol=3e-5)
"""The absolute tolerance is the default: luciferase of 1e-10 on a logarithmic scale lowers it to 1e-14."""


def posterior(problem: Problem, settings: FitSettings = SETTINGS) -> dict[str, object]:
    """Sample and judge."""
    start, processor = time.perf_counter(), time.process_time()
    idata = fit_problem(problem, settings)
    wall, cpu = time.perf_counter() - start, time.process_time() - processor
    attrs = idata["posterior"].attrs
    table = az.summary(idata["posterior"], kind="diagnostics")
    judged = diagnose(idata, Thresholds())
    return {
        "parameters": len(problem.estimated),
        "draws": settings.chains * settings.draws,
        "wall_s": round(wall, 1),
        "cpu_s": round(cpu, 1),
        "sampling_s": attrs["sampling_time_s"],
        "gradients": attrs["gradients"],
        "gradients_per_s": round(attrs["gradients"] / attrs["sampling_time_s"]),
        "rhat": float(table["r_hat"].max()),
        "ess_bulk": float(table["ess_bulk"].min()),
        "ess_tail": float(table["ess_tail"].min()),
        "ess_bulk_per_s": round(float(table["ess_bulk"].min()) / wall, 1),
        "ess_bulk_per_cpu_s": round(float(table["ess_bulk"].min()) / cpu, 1),
        "divergences": int(idata["sample_stats"]["diverging"].sum()),
        "passed": judged.sampled.passed,
        "reproduces": judged.reproduces.passed,
        "failed_checks": [r.message for r in (*judged.sampled.failed, *judged.reproduces.failed)],
    }


def public_problem() -> dict[str, float]:
    """Value and gradient of Sobotta_nine at its nominal parameters, one core."""
    problem = load(SHARED / "benchmark_problems" / "Sobotta_nine" / "Sobotta_nine.yaml")
    engine = compile(problem)
    theta, ones = np.array([p.nominal for p in problem.estimated]), np.ones(len(problem.measurements))
    return {
        "parameters": len(theta),
        "runs": len(engine.plan.runs),
        "llh": float(engine.log_likelihood(theta).sum()),
        "value_ms": clock(lambda: engine.simulate(theta), 20),
        "gradient_ms": clock(lambda: engine.pullback(theta, ones, 0 * ones), 20),
    }


def run(folder: Path) -> None:
    """Measure all and write posteriors.json."""
    boehm = load(SHARED / "benchmark_problems" / "Boehm_JProteomeRes2014" / "Boehm_JProteomeRes2014.yaml")
    result = {
        "sobotta_nine": public_problem(),
        "reference": posterior(simulated_reference()),
        "boehm": posterior(boehm, FitSettings(seed=1, threads=2)),
    }
    print(json.dumps(result, indent=2))
    (folder / "posteriors.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
