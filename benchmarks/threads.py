"""One gradient on two threads: the growing cascade at 64 conditions and more, one and two threads in turn."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.growth import cascade
from il6infer.engine import compile

CONDITIONS = (64, 96, 128, 160, 256, 1000)
REPEATS = 80


def run(folder: Path) -> None:
    """Time each size; write threads.csv: milliseconds, and how often as fast, in the median and at best."""
    rows = []
    for conditions in CONDITIONS:
        problem = cascade(20, 20, conditions, 10)
        theta, ones = np.array([p.nominal for p in problem.estimated]), np.ones(len(problem.measurements))
        engines = [
            compile(problem, engine="rodas5p", rtol=1e-6, atol=1e-8, lower_atol=False, threads=threads)
            for threads in (1, 2)
        ]
        taken = np.empty((REPEATS + 3, len(engines)))
        for repeat in range(len(taken)):
            for number, engine in enumerate(engines):
                start = time.perf_counter()
                engine.pullback(theta, ones, 0 * ones)
                taken[repeat, number] = 1e3 * (time.perf_counter() - start)
        usual, best = np.median(taken[3:], axis=0), taken[3:].min(axis=0)
        rows.append(
            {"conditions": conditions, "one_ms": usual[0], "two_ms": usual[1],
             "times_as_fast": usual[0] / usual[1], "at_best": best[0] / best[1]}
        )  # fmt: skip
    table = pd.DataFrame(rows)
    table.to_csv(folder / "threads.csv", index=False)
    print(table.round(2).to_string(index=False))
