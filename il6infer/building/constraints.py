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
from typing import Any

import pandas as pd

from il6infer._errors import Fault, nearest
from il6infer.building.genotypes import changes_of, is_of_joint
from il6infer.library.compose import Model
from il6infer.library.constraint_names import CONSTRAINTS, models_lacking_molecule
from il6infer.library.names import cells_name
from il6infer.library.priors import Z90
from il6infer.problems.spec import LITERATURE
from il6infer.stages.genotype import Genotype

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


def constrained_cells(
    names: Sequence[str], genotypes: Mapping[str, Genotype], protocol: pd.DataFrame, model: Model
) -> dict[str, list[dict[str, str]]]:
    """Cells that each constraint is about: parameters of its formula -> their values, once for each kind of cells.

    They are the model's, nothing being changed; where a joint fit gives data sets parameters of their own, those of
    each. Cells that a condition alone makes others (a knock-out, few receptors) are not those of the literature.

    Parameters
    ----------
    names
        Of constraints.
    genotypes
        Condition -> what its cells are, where they are not those of the model.
    protocol
        Table of the ingest stage.
    """
    found = {}
    for row in _chosen(names):
        words = set(re.findall(r"[A-Za-z_]\w*", row.formula))
        kinds: dict[tuple, dict[str, str]] = {}
        for condition in protocol["condition"].unique():
            genotype = genotypes.get(condition, Genotype())
            changes = {name: v for name, v in changes_of(genotype, model).items() if name in words}
            if all(is_of_joint(genotype, name, model) for name in changes):
                kinds[tuple(changes.items())] = changes
        found[row.constraint] = list(kinds.values())
    return found


def cells_faults(
    names: Sequence[str], genotypes: Mapping[str, Genotype], protocol: pd.DataFrame, model: Model
) -> list[Fault]:
    """Find constraints that would be about no cells that were measured.

    Parameters
    ----------
    names
        Of constraints.
    genotypes
        Condition -> what its cells are, where they are not those of the model.
    protocol
        Table of the ingest stage.
    """
    return [
        Fault("constraints", f"'{name}' is about parameters that every condition sets: no cells are the model's own.",
              "Leave it out, or set these parameters in some conditions only (of all: 'values').")
        for name, cells in constrained_cells(names, genotypes, protocol, model).items() if not cells
    ]  # fmt: skip


def _chosen(names: Sequence[str]) -> list[Any]:
    return [row for row in constraint_table().itertuples() if row.constraint in names]


def with_constraints(
    tables: Mapping[str, pd.DataFrame], names: Sequence[str], cells: Mapping[str, Sequence[Mapping[str, str]]]
) -> dict[str, pd.DataFrame]:
    """Tables of a PEtab problem with an observable more for each constraint, and a measurement for each of its cells.

    Each experiment is the model's initial state at time 0: the formula needs the parameters only.

    Parameters
    ----------
    names
        Of constraints.
    cells
        As `constrained_cells` finds them.
    """
    tables = dict(tables)
    if not names:
        return tables
    chosen = _chosen(names)
    each = [
        (c, f"{_id(c.constraint)}_{n}" if len(cells[c.constraint]) > 1 else _id(c.constraint), changes)
        for c in chosen
        for n, changes in enumerate(cells[c.constraint], start=1)
    ]
    rows = {
        "conditions": [
            {"conditionId": name, "targetId": cells_name(p), "targetValue": value}
            for _, name, changes in each
            for p, value in changes.items()
        ],
        "experiments": [
            {"experimentId": name, "time": "0", "conditionId": name if changes else ""} for _, name, changes in each
        ],
        "observables": [
            {
                "observableId": _id(c.constraint),
                "observableName": f"literature, not data: {c.description} ({c.source}; doi {c.doi})",
                "observableFormula": _of_cells(c.formula, cells[c.constraint]),
                "noiseFormula": f"{_sd(c.low, c.high, c.distribution):.6g}",
                "noiseDistribution": c.distribution,
                "observablePlaceholders": "",
            }
            for c in chosen
        ],
        "measurements": [
            {
                "observableId": _id(c.constraint),
                "experimentId": name,
                "time": 0.0,
                "measurement": c.value,
                "observableParameters": "",
                "noiseParameters": "",
                "datasetId": f"{LITERATURE}{re.sub(r'[^0-9A-Za-z]', '_', c.doi)}",
                "replicateId": "1",
            }
            for c, name, _ in each
        ],
    }
    return tables | {name: pd.concat([tables[name], pd.DataFrame(new)], ignore_index=True)
                     for name, new in rows.items()}  # fmt: skip


def _of_cells(formula: str, cells: Sequence[Mapping[str, str]]) -> str:
    """Write a formula of what cells have, where they have parameters of their own."""
    for name in dict.fromkeys(name for changes in cells for name in changes):
        formula = re.sub(rf"\b{name}\b", cells_name(name), formula)
    return formula


def _sd(low: float, high: float, distribution: str) -> float:
    """Give the standard deviation of the value, or of its natural logarithm, whose 90 % reach from low to high."""
    width = math.log(high / low) if distribution == "log-normal" else high - low
    return width / 2 / Z90


def _id(constraint: str) -> str:
    return f"{LITERATURE}{constraint}"
