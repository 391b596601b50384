"""Protocols as conditions and experiments of PEtab: cells at rest, and what is done to them when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pandas as pd

from il6infer.building.genotypes import changes_of
from il6infer.library.compose import Model
from il6infer.library.names import cells_name
from il6infer.stages.genotype import Genotype

REST = "rest"
"""Condition of the cells before stimulation: nothing dissolved in the medium."""


def protocol_tables(
    protocol: pd.DataFrame, genotypes: Mapping[str, Genotype], model: Model
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Condition and experiment tables; steps at the same time make one condition, shared where they agree.

    Parameters
    ----------
    protocol
        Table of the ingest stage.
    genotypes
        Condition -> what its cells are, where they are not those of the model.
    model
        Of the library, in which conditions can set what the genotypes set.
    """
    ids: dict[tuple, str] = {}
    rows = [{"conditionId": REST, "targetId": s, "targetValue": 0.0} for s in model.medium]
    experiments = []
    for name, steps in protocol.groupby("condition", sort=False):
        experiments.append({"experimentId": name, "time": "-inf", "conditionId": REST})
        cells = changes_of(genotypes[name], model) if name in genotypes else {}
        if cells:
            key = (REST, *cells.items())
            if key not in ids:
                ids[key] = f"cells_{name}_{len(ids) + 1}"
                rows += [{"conditionId": ids[key], "targetId": cells_name(p), "targetValue": v}
                         for p, v in cells.items()]  # fmt: skip
            experiments.append({"experimentId": name, "time": "-inf", "conditionId": ids[key]})
        start = min(0.0, steps["time_min"].min())
        moments = {start: {}} | {time: {} for time in sorted(steps["time_min"].unique())}
        for time, group in steps.groupby("time_min"):
            for step in group.itertuples():
                moments[time] |= _changes(step, moments[time], model)
        for time, changes in sorted(moments.items()):
            key = tuple(changes.items())
            if key and key not in ids:
                ids[key] = f"{name}_{len(ids) + 1}"
                rows += [{"conditionId": ids[key], "targetId": s, "targetValue": v} for s, v in key]
            experiments.append({"experimentId": name, "time": f"{time:.10g}", "conditionId": ids.get(key, "")})
    return pd.DataFrame(rows), pd.DataFrame(experiments)


_WASHED = "0.0"
"""What a wash leaves of a species."""


class _Step(Protocol):
    """One row of a protocol."""

    action: str
    species: str
    concentration_nM: float


def _changes(step: _Step, before: Mapping[str, str], model: Model) -> dict[str, str]:
    """Target -> value of one protocol step, after those `before` it at the same time.

    An addition is an expression of the species itself; PEtab reads that before the condition changes anything, so what
    a wash of the same time left is written in its place.
    """
    if step.action == "wash":
        return dict.fromkeys(model.medium, _WASHED)
    if step.action == "control":
        return {}
    dose = f"{step.concentration_nM:.12g}"
    left = before.get(step.species, step.species)
    return {step.species: dose if step.action == "set" or left == _WASHED else f"{left} + {dose}"}
