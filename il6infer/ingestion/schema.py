"""The measurement table that every later stage reads: its columns, checked by pandera."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pandera.pandas as pa

from il6infer._errors import Fault, raise_faults
from il6infer.ingestion.reading import CENSORED, LOGARITHMIC, NOISES
from il6infer.stages import tables
from il6infer.stages.tables import NAME, Column

_CHECKS = {
    "noise": pa.Check.isin(NOISES),
    "censored": pa.Check.isin(tuple(CENSORED)),
    "detection_limit": pa.Check.gt(0),
    "error": pa.Check.ge(0),
    "scale_sd": pa.Check.gt(0),
}


def _column(column: Column) -> pa.Column:
    """Type and check of one column; an id has the pattern of one, a count starts at 1, a text is not empty."""
    kinds = {"number": float, "count": int, "flag": bool}
    checks = {
        "id": pa.Check.str_matches(f"^{NAME}$"),
        "text": pa.Check.str_length(min_value=1),
        "count": pa.Check.ge(1),
    }
    check = _CHECKS.get(column.name, checks.get(column.kind))
    return pa.Column(kinds.get(column.kind, str), check, nullable=column.empty)


MEASUREMENTS = pa.DataFrameSchema(
    {column.name: _column(column) for column in tables.MEASUREMENTS},
    checks=pa.Check(
        lambda table: ~table["noise"].isin(LOGARITHMIC) | (table["value"] > 0),
        error="lognormal and log-laplace values above zero",
    ),
    unique=["observable", "condition", "time_min", "replicate", "batch"],
    strict=True,
    ordered=True,
)
"""Columns of `il6infer.stages.tables.MEASUREMENTS`, checked."""


def checked(measurements: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Return the same table if it keeps to `MEASUREMENTS`; else raise one `UserError` with every breach."""
    try:
        return MEASUREMENTS.validate(measurements, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise_faults(_faults(error.failure_cases), subject)
        raise


def _faults(cases: pd.DataFrame) -> Iterable[Fault]:
    """Describe each breach once; pandera repeats that of a whole row for every column."""
    found: dict[str, Fault] = {}
    for case in cases.to_dict("records"):
        row = "" if pd.isna(case["index"]) else f", row {int(case['index']) + 2}"
        whole = case["schema_context"] == "DataFrameSchema"
        cell = "" if whole else f"{case['column']} = {case['failure_case']}: "
        fault = Fault(f"measurements{row}", f"{cell}expected {case['check']}.")
        found.setdefault(str(fault), fault)
    return found.values()
