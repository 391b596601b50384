"""What a row of the table of published behaviour must be."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from il6infer._units import DOSE_UNITS
from il6infer.prediction.expected import QUANTITIES
from il6infer.prediction.quantities import OF_READOUT

_NAME, _TEXT = pa.Check.str_matches(r"^[A-Za-z_]\w*$"), pa.Check.str_length(min_value=1)

EXPECTED = pa.DataFrameSchema(
    {
        "id": pa.Column(str, _NAME, unique=True),
        "quantity": pa.Column(str, pa.Check.isin(tuple(QUANTITIES))),
        "readout": pa.Column(str, _NAME),
        "experiment": pa.Column(str, _NAME),
        "time_min": pa.Column(float, pa.Check.gt(0), nullable=True),
        "low": pa.Column(float, pa.Check.ge(0), nullable=True),
        "high": pa.Column(float, pa.Check.gt(0), nullable=True),
        "unit": pa.Column(str),
        "cell": pa.Column(str),
        "source": pa.Column(str, _TEXT),
        "doi": pa.Column(str, pa.Check.str_matches(r"^(10\.\d{4,}/\S+)?$")),
        "comment": pa.Column(str),
    },
    checks=[
        pa.Check(
            lambda t: (t["low"] < t["high"]) | (t["low"].isna() & t["high"].isna()), error="low < high, or neither"
        ),
        pa.Check(lambda t: t["low"].isna() | (t["cell"] != ""), error="a range is that of some cell"),
        pa.Check(lambda t: t["time_min"].notna() == t["quantity"].map(_timed), error="a time where it needs one"),
        pa.Check(
            lambda t: pd.Series([u in _units(q) for q, u in zip(t["quantity"], t["unit"], strict=True)], t.index),
            error="a unit of the quantity",
        ),
    ],
    strict=True,
)  # fmt: skip


def _units(quantity: str) -> tuple[str, ...]:
    unit = QUANTITIES[quantity].unit
    return DOSE_UNITS if unit == "nM" else ("fraction",) if unit == OF_READOUT else (unit,)


def _timed(quantity: str) -> bool:
    return "time" in QUANTITIES[quantity].arguments
