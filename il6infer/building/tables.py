"""The ingest stage's tables as later stages read them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from il6infer._errors import Fault, raise_faults

_MEASUREMENTS = (
    "dataset", "observable", "condition", "time_min", "replicate", "batch", "value", "unit", "noise",
    "detection_limit", "assay", "scale", "offset", "simulated", "source_file", "source_row",
)  # fmt: skip
_PROTOCOL = ("condition", "time_min", "action", "species", "concentration_nM", "dose", "unit")
_TEXTS = ("dataset", "observable", "condition", "batch", "unit", "noise", "assay", "action", "species", "source_file")


def read_measurements(path: Path) -> pd.DataFrame:
    """Read ``measurements.csv``; see `il6infer.ingest.schema` for its columns."""
    return _read(path, _MEASUREMENTS)


def read_protocol(path: Path) -> pd.DataFrame:
    """Read ``protocol.csv``; `species` is ``""`` and doses NaN where an action has none."""
    return _read(path, _PROTOCOL)


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise_faults([Fault(str(path), "no such file.", "Run `il6infer ingest` first.")], "problem")
    table = pd.read_csv(path, keep_default_na=False, na_values={c: [""] for c in columns if c not in _TEXTS})
    missing = [c for c in columns if c not in table.columns]
    raise_faults(
        [Fault(path.name, f"column '{c}' is missing.", "Run `il6infer ingest` again.") for c in missing], "problem"
    )
    for name in ("scale", "offset", "simulated"):
        if name in columns:
            table[name] = table[name].astype(str).str.lower() == "true"
    return table
