"""The measurement table that every later stage reads: what its columns may hold, checked before it is handed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from il6infer._errors import Fault, raise_faults
from il6infer.ingestion.reading import CENSORED, LOGARITHMIC, NOISES
from il6infer.stages.tables import MEASUREMENTS, NAME, Column

KEY = ["observable", "condition", "time_min", "replicate", "batch"]
"""Columns that tell all rows apart."""

_TYPES: Mapping[str, Callable[[pd.Series], bool]] = {
    "number": pd.api.types.is_float_dtype,
    "count": pd.api.types.is_integer_dtype,
    "flag": pd.api.types.is_bool_dtype,
    "id": pd.api.types.is_string_dtype,
    "text": pd.api.types.is_string_dtype,
}
_KINDS: Mapping[str, tuple[str, Callable[[pd.Series], pd.Series]]] = {
    "id": ("letters, digits and _", lambda cells: cells.str.fullmatch(NAME)),
    "text": ("a text", lambda cells: cells.str.len() > 0),
    "count": ("at least 1", lambda cells: cells >= 1),
}
_COLUMNS: Mapping[str, tuple[str, Callable[[pd.Series], pd.Series]]] = {
    "noise": (f"one of {', '.join(NOISES)}", lambda cells: cells.isin(NOISES)),
    "censored": ("below, above, or nothing", lambda cells: cells.isin(CENSORED)),
    "detection_limit": ("above 0", lambda cells: cells > 0),
    "error": ("at least 0", lambda cells: cells >= 0),
    "scale_sd": ("above 0", lambda cells: cells > 0),
}
"""Column -> what its cells are, in words and as a test of them; of other columns that of their kind."""


def checked(measurements: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Return the same table if it has the columns of `MEASUREMENTS` and nothing in them that these do not hold.

    Raises
    ------
    UserError
        With every breach.
    """
    raise_faults([*_breaches(measurements)], subject)
    return measurements


def _breaches(table: pd.DataFrame) -> Iterator[Fault]:
    if list(table.columns) != [column.name for column in MEASUREMENTS]:
        expected = ", ".join(column.name for column in MEASUREMENTS)
        yield Fault("measurements", f"columns {', '.join(map(str, table.columns))}: expected {expected}.")
        return
    logarithmic = table["noise"].isin(LOGARITHMIC) & ~(table["value"] > 0)
    for row in table.index[logarithmic]:
        yield _at(row, f"expected {' and '.join(LOGARITHMIC)} values above zero")
    for row in table.index[table.duplicated(KEY)]:
        yield _at(row, f"expected another {', '.join(KEY)} than in a row before")
    for column in MEASUREMENTS:
        yield from _of_column(table[column.name], column)


def _of_column(cells: pd.Series, column: Column) -> Iterator[Fault]:
    if not _TYPES[column.kind](cells):
        yield Fault("measurements", f"column {column.name} is of type {cells.dtype}: expected a {column.kind}.")
        return
    missing = cells.isna()
    if not column.empty:
        for row in cells.index[missing]:
            yield _at(row, f"{column.name} is empty: expected {column.what}")
    words, holds = _COLUMNS.get(column.name, _KINDS.get(column.kind, ("", None)))
    if holds is None or missing.all() or (column.empty and column.kind == "text" and column.name not in _COLUMNS):
        return
    # Texts are few in many rows, and are looked at once each.
    different = cells[~missing].drop_duplicates()
    good = different[holds(different).astype(bool)]
    for row, cell in cells[~missing & ~cells.isin(good)].items():
        yield _at(row, f"{column.name} = {cell}: expected {words}")


def _at(row: object, what: str) -> Fault:
    return Fault(f"measurements, row {int(str(row)) + 2}", f"{what}.")
