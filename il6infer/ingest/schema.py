"""The measurement table that every later stage reads: its columns, checked by pandera."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pandera.pandas as pa

from il6infer._errors import Fault, raise_faults
from il6infer.ingest.reading import NOISES

_ID = r"^[A-Za-z_]\w*$"

MEASUREMENTS = pa.DataFrameSchema(
    {
        "dataset": pa.Column(str, pa.Check.str_matches(_ID)),
        "observable": pa.Column(str, pa.Check.str_matches(_ID)),
        "condition": pa.Column(str, pa.Check.str_matches(_ID)),
        "time_min": pa.Column(float),
        "replicate": pa.Column(int, pa.Check.ge(1)),
        "batch": pa.Column(str, pa.Check.str_matches(_ID)),
        "value": pa.Column(float),
        "unit": pa.Column(str, pa.Check.str_length(min_value=1)),
        "noise": pa.Column(str, pa.Check.isin(NOISES)),
        "detection_limit": pa.Column(float, pa.Check.gt(0), nullable=True),
        "assay": pa.Column(str, pa.Check.str_length(min_value=1)),
        "scale": pa.Column(bool),
        "offset": pa.Column(bool),
        "simulated": pa.Column(bool),
        "source_file": pa.Column(str, pa.Check.str_length(min_value=1)),
        "source_row": pa.Column(int, pa.Check.ge(1)),
    },
    checks=pa.Check(
        lambda table: (table["noise"] != "lognormal") | (table["value"] > 0), error="lognormal values above zero"
    ),
    unique=["observable", "condition", "time_min", "replicate", "batch"],
    strict=True,
    ordered=True,
)
"""Columns, in order; times in min, `value` and `detection_limit` in `unit`."""

COLUMNS = tuple(MEASUREMENTS.columns)


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
