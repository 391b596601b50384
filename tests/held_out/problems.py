"""Decay seen by gels of their own scale: what was fitted, and what was held out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import sympy as sp
import xarray as xr

from il6infer.network.network import symbol
from il6infer.problems.spec import Experiment, Observable, Period, Problem
from tests.zoo.systems import log_normal, network

TIMES = (0.5, 1.0, 2.0, 4.0, 6.0, 9.0, 12.0)


def decay(batches: dict[str, float], *, offset: bool = True, sigma: float | None = None) -> Problem:
    """Decay x' = -k x from several starts, read as scale * x (+ offset) on each gel.

    Parameters
    ----------
    batches
        Gel -> start of the decay on it, which makes its experiment.
    sigma
        Noise of the logarithm; None: estimated.
    """
    places = ("observableParameter1_x", "observableParameter2_x")[: 1 + offset]
    formula = symbol(places[0]) * symbol("x") + (symbol(places[1]) if offset else 0)
    parameters = [log_normal("k", 0.3, 0.7)]
    parameters += [log_normal(f"scale_{b}", 2.0, 1.5) for b in batches]
    parameters += [log_normal(f"offset_{b}", 0.1, 0.7) for b in batches] if offset else []
    parameters += [] if sigma else [log_normal("sigma", 0.2, 0.4)]
    own = [(symbol(f"scale_{b}"), *([symbol(f"offset_{b}")] if offset else [])) for b in batches for _ in TIMES]
    table = pd.DataFrame(
        {
            "observable": "obs_x", "experiment": [f"from_{b}" for b in batches for _ in TIMES],
            "time": [t for _ in batches for t in TIMES], "value": 1.0, "observable_parameters": own,
            "noise_parameters": [()] * len(own), "batch": [b for b in batches for _ in TIMES], "replicate": "1",
        }
    )  # fmt: skip
    return Problem(
        id="decay",
        network=network({"x": -symbol("k") * symbol("x")}, {"x": 1.0}, {"k": 0.3}),
        parameters=tuple(parameters),
        experiments=tuple(Experiment(f"from_{b}", (Period(0.0, {"x": sp.Float(x)}),)) for b, x in batches.items()),
        observables=(
            Observable("obs_x", formula, sp.Float(sigma) if sigma else symbol("sigma"), "log-normal", places),
        ),
        measurements=table,
    )


def posterior(**values: np.ndarray) -> dict[str, xr.Dataset]:
    """A posterior with these draws, in one chain."""
    return {"posterior": xr.Dataset({name: (("chain", "draw"), np.atleast_2d(v)) for name, v in values.items()})}
