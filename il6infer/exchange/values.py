"""Parameter values from a file: a PEtab parameter table, or a JSON object."""

from __future__ import annotations

import json
import math
from pathlib import Path

from il6infer._errors import Fault, UserError, raise_faults
from il6infer._files import read_text
from il6infer._numbers import VANISHES, vanishes
from il6infer._tables import sound_sheet


def read_values(path: Path) -> dict[str, float]:
    """Parameter -> value on the linear scale.

    Parameters
    ----------
    path
        ``.json``: an object of numbers. Else a table with columns parameterId and nominalValue, separated by tabs, or
        by commas in a ``.csv``; rows whose ``estimate`` is false are left out.

    Raises
    ------
    UserError
        With every row that has no number.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file.")
    if path.suffix == ".json":
        try:
            pairs = list(json.loads(read_text(path), parse_float=str).items())
        except (ValueError, AttributeError) as error:
            raise UserError(f"{path}: not a JSON object of parameter values: {error}") from error
        rows = [(f"{path.name}, key '{name}'", name, value) for name, value in pairs]
    else:
        sheet = sound_sheet(path, "parameter values", "," if path.suffix == ".csv" else "\t")
        missing = [c for c in ("parameterId", "nominalValue") if c not in sheet.columns]
        if missing:
            raise UserError(f"{path}: no column {' and no column '.join(missing)}; found {', '.join(sheet.columns)}.")
        kept = [
            (row.number, row.cells)
            for row in sheet.rows
            if row.cells.get("estimate", "1").lower() not in ("0", "false", "0.0")
        ]
        rows = [(f"{path.name}, row {n}, column nominalValue", r["parameterId"], r["nominalValue"]) for n, r in kept]
    values, faults = {}, []
    for where, name, text in rows:
        if vanishes(str(text)):
            faults.append(Fault(where, f"'{text}' {VANISHES}."))
            continue
        try:
            values[name] = float(text)
        except (TypeError, ValueError):
            values[name] = math.nan
        if not math.isfinite(values[name]):
            faults.append(Fault(where, f"'{text}' is not a finite number.", "Give the value on the linear scale."))
    raise_faults(faults, "parameter values")
    return values
