"""The clock of all benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np


def clock(call: Callable[[], object], repeats: int = 50) -> float:
    """Median wall time of a call in ms, after one warm-up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))
