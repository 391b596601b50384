"""A receptor that an inhibitor competes for, whose predictions are known, and what is asked of it."""

from __future__ import annotations

from dataclasses import replace

import arviz as az
import numpy as np
import sympy as sp

from il6infer.network.network import symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Observable, Parameter, Period, Prior, Problem
from il6infer.stages.predictions import ModelPredictions
from tests.zoo import toy
from tests.zoo.systems import network

SOLVER = {"engine": "rodas5p", "rtol": 1e-8, "atol": 1e-10}
STEP = [{"time_min": 0, "action": "add", "species": "IL6", "dose": 1, "unit": "nM"}]
DOSES = {"species": "sgp130Fc", "low": 0.001, "high": 1000, "unit": "nM", "points": 61, "time_min": -10}
ASKED = {
    "until": 100,
    "experiments": {
        "one": {"title": "ligand", "steps": STEP},
        "half": {"title": "half the gain", "steps": STEP, "scale": {"gain": 0.5}},
        "doses": {"title": "doses of ligand", "steps": [], "doses": {"species": "IL6", "low": 0.01, "high": 10000,
                                                                    "unit": "nM", "points": 61}},
        "tight": {"title": "tight", "steps": STEP, "set": {"K": 0.1}, "doses": DOSES},
        "loose": {"title": "loose", "steps": STEP, "set": {"K": 1000}, "doses": DOSES},
        "as_fitted": {"title": "inhibitor", "steps": STEP, "doses": DOSES},
        "blocked": {"title": "blocked", "steps": [{**STEP[0], "species": "sgp130Fc"}, *STEP]},
        "absent": {"title": "no such thing", "steps": STEP, "requires": ["C_trans"]},
    },
    "predictions": [
        {"id": "courses", "title": "courses", "readout": "R", "courses": ["one", "half", "absent"], "against": "one"},
        {"id": "response", "title": "response", "readout": "R", "doses": ["doses"], "response": "level", "time": 100},
        {"id": "inhibitor", "title": "inhibitor", "readout": "R", "inhibition": ["as_fitted"], "response": "area"},
        {"id": "window", "title": "window", "readout": "R", "window": {"blocks": "tight", "spares": "loose"}},
        {"id": "none", "title": "no window", "readout": "R", "window": {"blocks": "loose", "spares": "tight"}},
        {"id": "rising", "title": "rising", "readout": "slow", "courses": ["one"]},
        {"id": "share", "title": "share", "share": {"experiments": ["one"], "parts": {"a": ["A"], "b": ["B", "C_x"]}}},
    ],
    "next": {"readouts": ["R", "A"], "experiments": ["one", "blocked", "absent"], "times": [0, 50], "lanes": 4},
}  # fmt: skip


def problem() -> Problem:
    """R follows gain IL6 / (2 + IL6) / (1 + sgp130Fc / K) at once; A and B rise as 3 to 1; R is read on a gel."""
    line, ligand, inhibitor = toy.line(), symbol("IL6"), symbol("sgp130Fc")
    level = symbol("gain") * ligand / (2 + ligand) / (1 + inhibitor / symbol("K"))
    rates = {"IL6": sp.Integer(0), "sgp130Fc": sp.Integer(0), "R": 50 * (level - symbol("R")),
             "A": 3 * ligand - symbol("A"), "B": ligand - symbol("B"), "slow": ligand}  # fmt: skip
    parameters = (
        Parameter("K", 0.0, np.inf, 1.0, True, Prior("log-normal", (0.0, 1.0)), "nM"),
        Parameter("sigma", 0.0, np.inf, 0.2, True, Prior("log-normal", (0.0, 1.0)), ""),
    )
    rows = line.measurements.assign(observable="obs_R", experiment="e", batch="gel", value=1.5)
    return replace(
        line,
        network=network(rates, dict.fromkeys(rates, 0.0), {"gain": 1.0, "K": 1.0}),
        parameters=parameters,
        experiments=(
            Experiment("e", (Period(STEADY_STATE, {"IL6": sp.Float(0), "sgp130Fc": sp.Float(0)}), Period(0.0))),
        ),
        observables=(Observable("obs_R", 2.0 * symbol("R") + 1.0, symbol("sigma")),),
        measurements=rows,
    )


def posterior(seed: int = 3) -> az.InferenceData:
    rng = np.random.default_rng(seed)
    draws = {"K": np.exp(rng.normal(0.0, 0.5, (4, 100))), "sigma": np.full((4, 100), 0.2)}
    return az.from_dict(posterior=draws)


def numbers(found: ModelPredictions, name: str) -> dict[str, np.ndarray]:
    [one] = [p for p in found.predictions if p.id == name]
    return {n.label: n.values.values for n in one.numbers if n.values is not None}
