"""Published behaviour as data: what a prior is held against, with unit, cell type and source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from il6infer._units import concentration_nM
from il6infer._yaml import read_yaml
from il6infer.prediction import quantities
from il6infer.prediction.claims import Claims, VirtualExperiment, claims_of
from il6infer.stages.prior_check import Range

_ARGUMENTS = {"readout", "experiment", "time"}
QUANTITIES = {name: q for name, q in quantities.QUANTITIES.items() if q.arguments.keys() <= _ARGUMENTS}
"""Those of claims that a row of the table can write."""

NUMBERS = ("time_min", "low", "high")
"""Columns of ``expected.csv`` that hold numbers; the others hold text."""


@dataclass(frozen=True)
class Expected:
    """Ranges, and the claim that each makes: that its quantity lies inside."""

    ranges: tuple[Range, ...]
    claims: Claims


def expected_table() -> pd.DataFrame:
    """Read the table of published behaviour (``expected.csv``), which a test holds to its schema.

    Returns
    -------
    pandas.DataFrame
        ``id, quantity, readout, experiment`` (a name in ``expected.yaml``), ``time_min`` (NaN where the quantity has
        none), ``low`` and ``high`` (ends of the published range; NaN where none was found), ``unit, cell, source,
        doi, comment``.
    """
    return _read().copy()


def expected() -> Expected:
    """Give the published ranges as claims, checked as a claims file is."""
    path = Path(str(files("il6infer.prediction").joinpath("expected.yaml")))
    return as_claims(_read(), read_yaml(path), path)


def as_claims(table: pd.DataFrame, experiments: Mapping[str, Any], path: Path) -> Expected:
    """Put ranges and experiments together.

    Parameters
    ----------
    table
        As `expected_table` gives it.
    experiments
        ``until`` and ``experiments`` of a claims file.
    path
        Named in messages.

    Raises
    ------
    UserError
        With every fault of the experiments, and of the rows that use them, in one message.
    """
    described = [
        {
            "id": row.id,
            "statement": _what(row),
            "source": row.source,
            # A row without a range claims nothing, and is computed all the same.
            "that": [{"quantity": _quantity(row), "above": -np.inf}],
        }
        for row in table.itertuples()
    ]
    claims = claims_of({**experiments, "claims": described}, path)
    return Expected(tuple(_range(row, claims.plans[row.experiment]) for row in table.itertuples()), claims)


def _quantity(row: Any) -> dict[str, Any]:
    """Quantity of a row, as claims write it."""
    time = {} if np.isnan(row.time_min) else {"time": row.time_min}
    return {row.quantity: {"readout": row.readout, "experiment": row.experiment, **time}}


def _range(row: Any, plan: VirtualExperiment) -> Range:
    low, high, unit, published = row.low, row.high, row.unit, ""
    if QUANTITIES[row.quantity].varied:
        (species, *_), published = plan.varied, f"{low:g}-{high:g} {unit}" if unit != "nM" else ""
        low, high, unit = *(concentration_nM(end, unit, species) for end in (low, high)), "nM"
    known = not np.isnan(low)
    return Range(
        row.id, row.quantity, _what(row), _done(plan), row.readout, row.experiment, low if known else None,
        high if known else None, unit, published, row.cell, row.source, row.doi, row.comment,
    )  # fmt: skip


def _what(row: Any) -> str:
    [(kind, named)] = _quantity(row).items()
    return QUANTITIES[kind].label(named)


def _done(plan: VirtualExperiment) -> str:
    """Say what a plan does to the cells."""
    steps = [f"{step.species} {step.dose:g} {step.unit}" for step in plan.steps if step.species]
    doses = [f"{species} {plan.doses[0]:g}-{plan.doses[-1]:g} nM" for species in list(plan.varied)[:1]]
    return ", ".join([*steps, *doses]) or "no stimulus"


@cache
def _read() -> pd.DataFrame:
    text = files("il6infer.prediction").joinpath("expected.csv").read_text("utf-8")
    words = [name for name in text.splitlines()[0].split(",") if name not in NUMBERS]
    table = pd.read_csv(StringIO(text), dtype={**dict.fromkeys(words, str), **dict.fromkeys(NUMBERS, float)})
    return table.fillna(dict.fromkeys(words, ""))
