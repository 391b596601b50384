"""Time value, gradient and peers on the reference problem in one run on one core.

Usage: python -m benchmarks [--peers diffsol casadi diffrax amici]
Writes benchmarks/results/reference.json and prints the table of benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.problems import SHARED, reference
from il6infer.simulate import compile

RESULTS = Path(__file__).parent / "results"


def clock(call: Callable[[], object], repeats: int = 50) -> float:
    """Median wall time of a call in ms, after one warm-up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def measure_engine(method: str, rtol: float, exact: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Measure times and errors of one method at one tolerance (atol = rtol / 100), against the exact solution."""
    problem = reference()
    engine = compile(problem, engine=method, rtol=rtol, atol=rtol / 100)
    theta = np.array([p.nominal for p in problem.estimated])
    ones = np.ones(len(problem.measurements))
    prediction, gradient = engine.simulate(theta).prediction, engine.pullback(theta, ones, 0 * ones)
    value_ms = clock(lambda: engine.simulate(theta))
    return {
        "value_ms": value_ms,
        "gradient_ms": clock(lambda: engine.pullback(theta, ones, 0 * ones)),
        "value_error": float(np.max(np.abs(prediction - exact[0])) / np.max(np.abs(exact[0]))),
        "gradient_error": float(np.max(np.abs((gradient - exact[1]) * theta)) / np.max(np.abs(exact[1] * theta))),
    }


def main() -> None:
    """Run all and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", nargs="*", default=["diffsol"], help="engines of ../shared/bench/peers.py")
    arguments = parser.parse_args()
    problem = reference()
    theta = np.array([p.nominal for p in problem.estimated])
    ones = np.ones(len(problem.measurements))
    exact_engine = compile(problem, rtol=1e-12, atol=1e-14)
    exact = exact_engine.simulate(theta).prediction, exact_engine.pullback(theta, ones, 0 * ones)
    table = Table("engine", "rtol", "value [ms]", "value + gradient [ms]", "error of value", "error of gradient")
    rows = {}
    for method in ("rodas4", "rodas5p"):
        for rtol in (1e-4, 1e-5, 1e-6, 1e-7):
            row = rows[f"{method}_{rtol:g}"] = measure_engine(method, rtol, exact)
            cells = [f"{row[k]:.2f}" for k in ("value_ms", "gradient_ms")]
            table.add_row(method, f"{rtol:g}", *cells, *(f"{row[k]:.1e}" for k in ("value_error", "gradient_error")))
    result = {**rows["rodas5p_1e-06"], "work_precision": rows}
    sys.path.insert(0, str(SHARED / "bench"))
    import peers

    peer_problem = peers.load()
    for name in arguments.peers:
        value_ms, gradient_ms, how = getattr(peers, name)(peer_problem)
        result |= {f"{name}_value_ms": value_ms, f"{name}_gradient_ms": gradient_ms}
        table.add_row(f"{name} ({how})", "1e-06", f"{value_ms:.2f}", f"{gradient_ms:.2f}", "", "")
        result[f"{name}_gradient_ratio"] = gradient_ms / result["gradient_ms"]
    Console(width=120).print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "reference.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
