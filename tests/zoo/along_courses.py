"""Small problems whose errors hang together along courses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from il6infer.network.network import symbol
from il6infer.problems.courses import with_correlation
from il6infer.problems.spec import Parameter, Prior, Problem
from tests.zoo import toy
from tests.zoo.systems import log_normal

TIME, SHARE = "correlation_time", "correlated_share"


def correlated(problem: Problem, time: float = 1.5, most: float = 0.95, *, shared: bool = False) -> Problem:
    """Let errors of every read-out hang together, with a correlation time and a share that are estimated."""
    more = (log_normal(TIME, time), Parameter(SHARE, 0.0, most, 0.5, True, Prior("uniform", (0.0, most))))
    given = {o.id: (symbol(TIME), symbol(SHARE)) for o in problem.observables}
    return with_correlation(replace(problem, parameters=(*problem.parameters, *more)), given, given if shared else ())


def decays(gels: int = 3, kind: str = "log-normal", seed: int = 0) -> Problem:
    """As `toy.noisy_decay`, on some gels, one with two replicates, one with two lanes of one time."""
    problem = toy.noisy_decay()
    rng = np.random.default_rng(seed)
    tables = []
    for gel in range(gels):
        times = np.array([0.5, 1.0, 2.0, 4.0, 6.0, 9.0]) if gel != 1 else np.array([0.5, 2.0, 2.0, 5.0])
        values = np.exp(-0.35 * times) * np.exp(0.15 * rng.normal(size=len(times)))
        table = toy.measurements(values, times, "obs_x").assign(batch=f"gel{gel}")
        tables.append(table.assign(replicate=["1", "2"] * 3) if gel == 2 else table)
    observable = replace(problem.observables[0], distribution=kind)
    return replace(problem, observables=(observable,)).with_measurements(pd.concat(tables, ignore_index=True))
