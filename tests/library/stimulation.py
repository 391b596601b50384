"""A library model's cells at rest, given everything that the medium may hold, and pulsed: for draws of the prior."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from il6infer.building.build import build
from il6infer.library.compose import compose
from il6infer.petab_files.read import load
from il6infer.problems.spec import Problem

TIMES = (0.0, 5.0, 15.0, 30.0, 60.0, 120.0, 240.0, 1440.0)
DOSES = {
    "IL6": 0.48, "sIL6R": 0.5, "sgp130Fc": 2.4, "HyperIL6": 0.18, "sgp130": 3.0, "tocilizumab": 5.0, "anti_IL6": 1.0,
    "ruxolitinib": 500.0, "stattic": 1e4, "actinomycinD": 1e3, "cycloheximide": 1e4,
}  # fmt: skip
"""nM, as protocols have them."""

_LIGANDS = ("IL6", "sIL6R", "HyperIL6")


def stimulation(name: str, folder: Path) -> Problem:
    """Build a problem that reads all read-outs in three experiments.

    ``vehicle``: nothing is done; ``dosed``: everything that the model's medium may hold is added at 0, and stays;
    ``pulsed``: what binds or inhibits at -30, ligands at 0, a wash at 20 min.
    """
    model = compose(name)
    doses = {species: dose for species, dose in DOSES.items() if species in model.medium}
    steps = [("vehicle", 0.0, "control", "", float("nan"))]
    steps += [("dosed", 0.0, "add", species, dose) for species, dose in doses.items()]
    steps += [
        ("pulsed", 0.0 if species in _LIGANDS else -30.0, "add", species, dose) for species, dose in doses.items()
    ]
    steps.append(("pulsed", 20.0, "wash", "", float("nan")))
    protocol = pd.DataFrame(steps, columns=["condition", "time_min", "action", "species", "concentration_nM"])
    protocol = protocol.assign(knock_out="", set="")
    rows = [
        {
            "dataset": "draws", "observable": readout, "condition": condition, "time_min": time, "replicate": 1,
            "batch": "all", "value": 1.0, "unit": "1", "noise": "normal", "scale": False,
            "scale_sd": float("nan"), "offset": False, "detection_limit": float("nan"), "censored": "",
            "error": float("nan"),
        }
        for readout in model.readouts for condition in ("vehicle", "dosed", "pulsed") for time in TIMES
    ]  # fmt: skip
    return load(build(pd.DataFrame(rows), protocol, model, folder / model.identifier, dataset="draws"))
