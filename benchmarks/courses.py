"""Time courses at draws of a posterior: 500 draws, 20 doses of IL-6, 80 times within 4 hours, 10,000 courses in all.

python -m benchmarks.courses results/example/MODEL [THREADS]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from il6infer._files import read_posterior
from il6infer.engine import compile
from il6infer.inference.drawn import draws_of, solver_of
from il6infer.inference.predictive import simulate_all
from il6infer.petab_files.read import load
from il6infer.prediction.claims import VirtualExperiment
from il6infer.prediction.courses import experiments_of, question

DRAWS, DOSES, TIMES, REPEATS = 500, 20, 80, 5


def run(folder: Path, threads: int) -> None:
    """Print the fastest and the slowest of some repeats, the kernel compiled before."""
    problem = load(folder / "problem" / "problem.yaml")
    idata = read_posterior(folder / "posterior.nc", "posterior")
    flat = draws_of(problem, idata).reshape(-1, len(problem.estimated))
    thetas = flat[np.linspace(0, len(flat) - 1, DRAWS).astype(int)]
    doses = tuple(float(dose) for dose in np.geomspace(0.01, 10.0, DOSES))
    plan = VirtualExperiment(
        "dose", steps=(), set={}, knock_out=(), requires=(), doses=doses, varied={"IL6": 1.0}, scale={}, dose_time=0.0
    )
    experiments = experiments_of(plan, problem)
    asked = question(problem, [("pSTAT3", experiments)], np.linspace(0.0, 240.0, TIMES))
    engine = compile(asked, **solver_of(idata))
    simulate_all(engine, thetas[:10], threads)
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = simulate_all(engine, thetas, threads)
        taken.append(time.perf_counter() - start)
    failed = int((~np.isfinite(found.prediction)).any(axis=1).sum())
    print(
        f"{folder.name}: {DRAWS * DOSES} courses of 4 h on {threads} threads in {min(taken):.2f} to "
        f"{max(taken):.2f} s; {failed} draws with a simulation that failed"
    )


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2)
