"""A small data set in the ingest stage's form."""

from __future__ import annotations

import pandas as pd


def measurements(**changes: object) -> pd.DataFrame:
    """Two gels of pSTAT3 and one absolute fraction, two conditions."""
    rows = [
        {
            "dataset": "toy", "observable": "pSTAT3", "condition": condition, "time_min": time, "replicate": 1,
            "batch": batch, "value": value, "unit": "ratio", "noise": "lognormal", "detection_limit": float("nan"),
            "censored": "", "error": float("nan"), "scale_sd": float("nan"),
            "assay": "western_blot", "scale": True, "offset": True, "simulated": True,
            "source_file": "f", "source_row": 2,
        }
        for batch, factor in (("gel1", 1.0), ("gel2", 3.0))
        for condition, level in (("vehicle", 0.02), ("il6", 0.4))
        for time, value in ((0.0, 0.02 * factor), (30.0, level * factor), (60.0, 0.5 * level * factor))
    ]  # fmt: skip
    rows.append({**rows[-1], "observable": "luciferase", "batch": "plate", "offset": False, "value": 5.0})
    return pd.DataFrame(rows).assign(**changes)


def protocol() -> pd.DataFrame:
    """Vehicle, and a 20 min pulse of IL-6 after pre-incubation with sgp130Fc."""
    columns = ["condition", "time_min", "action", "species", "concentration_nM", "dose", "unit"]
    nothing = ("", float("nan"), float("nan"), "")
    return pd.DataFrame(
        [
            ("vehicle", 0.0, "control", *nothing),
            ("il6", -30.0, "add", "sgp130Fc", 2.0, 2.0, "nM"),
            ("il6", 0.0, "add", "IL6", 0.5, 0.5, "nM"),
            ("il6", 20.0, "wash", *nothing),
        ],
        columns=columns,
    ).assign(knock_out="", set="")
