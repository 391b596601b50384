"""Literature constraints: published findings on several parameters together, each as one measurement of a problem.

A prior is of one parameter. A finding that joins several is an observable of the problem, computed from them, with
the published value as its measurement and a noise for what is not known of it: any tool that reads PEtab applies it.
Its id, experiment and batch begin with `LITERATURE`, so that it is never taken for data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import StringIO

import pandas as pd

from il6infer._errors import Fault, nearest
from il6infer.library.compose import Model
from il6infer.library.constraint_names import CONSTRAINTS, models_lacking_molecule
from il6infer.library.priors import Z90
from il6infer.problems.spec import LITERATURE

_TEXTS = ("constraint", "description", "formula", "distribution", "source", "doi", "why")


@cache
def constraint_table() -> pd.DataFrame:
    """All constraints: formula of parameters, value with its 90 % interval, source, DOI, and why so."""
    text = files("il6infer.building").joinpath("constraints.csv").read_text("utf-8")
    return pd.read_csv(StringIO(text), dtype=dict.fromkeys(_TEXTS, str))


def constraint_faults(names: Sequence[str], model: Model, conditions: Sequence[str]) -> list[Fault]:
    """Find unknown constraints, those that the model cannot express, and conditions that bear their name.

    Parameters
    ----------
    names
        Of constraints, as asked for.
    model
        What the parameters of their formulas belong to.
    conditions
        All of the protocol.
    """
    unknown = [name for name in names if name not in CONSTRAINTS]
    faults = [Fault("constraints", f"unknown constraint '{name}'.", nearest(name, CONSTRAINTS)) for name in unknown]
    faults += models_lacking_molecule(names, [model.name], "constraints", model.library)
    if names:
        faults += [
            Fault("protocol", f"condition '{c}': names that begin with '{LITERATURE}' are those of constraints.",
                  "Give it another name.")
            for c in conditions if c.startswith(LITERATURE)
        ]  # fmt: skip
    return faults


def with_constraints(tables: Mapping[str, pd.DataFrame], names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Tables of a PEtab problem with one observable, experiment and measurement more for each constraint.

    Each experiment is the model's initial state at time 0: the formula needs the parameters only.
    """
    tables = dict(tables)
    if not names:
        return tables
    chosen = [row for row in constraint_table().itertuples() if row.constraint in names]
    rows = {
        "experiments": [{"experimentId": _id(c.constraint), "time": "0", "conditionId": ""} for c in chosen],
        "observables": [
            {
                "observableId": _id(c.constraint),
                "observableName": f"literature, not data: {c.description} ({c.source}; doi {c.doi})",
                "observableFormula": c.formula,
                "noiseFormula": f"{_sd(c.low, c.high, c.distribution):.6g}",
                "noiseDistribution": c.distribution,
                "observablePlaceholders": "",
            }
            for c in chosen
        ],
        "measurements": [
            {
                "observableId": _id(c.constraint),
                "experimentId": _id(c.constraint),
                "time": 0.0,
                "measurement": c.value,
                "observableParameters": "",
                "noiseParameters": "",
                "datasetId": f"{LITERATURE}{re.sub(r'[^0-9A-Za-z]', '_', c.doi)}",
                "replicateId": "1",
            }
            for c in chosen
        ],
    }
    return tables | {name: pd.concat([tables[name], pd.DataFrame(new)], ignore_index=True)
                     for name, new in rows.items()}  # fmt: skip


def _sd(low: float, high: float, distribution: str) -> float:
    """Give the standard deviation of the value, or of its natural logarithm, whose 90 % reach from low to high."""
    width = math.log(high / low) if distribution == "log-normal" else high - low
    return width / 2 / Z90


def _id(constraint: str) -> str:
    return f"{LITERATURE}{constraint}"
