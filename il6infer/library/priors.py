"""Priors as data: one table with unit, source and the reason for each width."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from statistics import NormalDist

import pandas as pd
import pandera.pandas as pa

from il6infer._errors import Fault, UserError, nearest, raise_faults
from il6infer._numbers import vanishes

Z90 = NormalDist().inv_cdf(0.95)
"""Standard deviations from the median to the end of a central 90 % interval."""

UNITS = {
    "nM": "nM",
    "1/min": "per_min",
    "1/(nM min)": "per_nM_min",
    "1": "dimensionless",
    "ml": "ml",
    "molecules/cell": "per_cell",
    "nM/(molecule/cell)": "nM_per_copy",
}
"""Unit in the table -> id of the unit in the models."""

NUMBERS = ("median", "low", "high")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)

_TEXT = pa.Check.str_length(min_value=1, error="a text that is not empty")
_ABOVE_0 = pa.Check.gt(0, error="a number above 0")


def _one_of(names: Iterable[str]) -> pa.Check:
    return pa.Check.isin(tuple(names), error=f"one of {', '.join(names)}")


def _like(pattern: str, words: str) -> pa.Check:
    return pa.Check.str_matches(pattern, error=words)


PRIORS = pa.DataFrameSchema(
    {
        "parameter": pa.Column(str, _like(r"^[A-Za-z_]\w*$", "a name of letters, digits and _"), unique=True),
        "description": pa.Column(str, _TEXT),
        "distribution": pa.Column(str, _one_of(("log-normal", "fixed"))),
        "median": pa.Column(float, _ABOVE_0),
        "low": pa.Column(float, _ABOVE_0, nullable=True),
        "high": pa.Column(float, _ABOVE_0, nullable=True),
        "unit": pa.Column(str, _one_of(UNITS)),
        "source": pa.Column(str, _TEXT),
        "doi": pa.Column(str, _like(r"^(10\.\d{4,}/\S+)?$", "a DOI (10.1000/xyz), or nothing")),
        "cell_type": pa.Column(str, _TEXT),
        "temperature": pa.Column(
            str, _like(r"^(\d+ C|not stated|does not apply)( \(|;|$)", "such as 37 C, 'not stated' or 'does not apply'")
        ),
        "why": pa.Column(str, _TEXT),
    },
    checks=pa.Check(
        lambda t: (t["distribution"] == "fixed") | ((t["low"] < t["median"]) & (t["median"] < t["high"])),
        error="low < median < high",
    ),
    strict=True,
)


def prior_table(own: Path | None = None) -> pd.DataFrame:
    """Read the whole table, checked against `PRIORS`.

    Parameters
    ----------
    own
        Table of the user's, whose rows are put below those of the package.

    Returns
    -------
    pandas.DataFrame
        ``parameter, description, distribution`` (``log-normal`` or ``fixed``), ``median``, ``low`` and ``high`` (ends
        of the 90 % interval; NaN where fixed), ``unit, source, doi``, ``cell_type`` and ``temperature`` of the
        measurement (``not stated`` in what was read of the source, often its abstract), ``why``.

    Raises
    ------
    UserError
        With every fault of the user's table, and every parameter that the package has already.
    """
    table = _shipped()
    if own is None:
        return table.copy()
    return pd.concat([table, _own(own, set(table["parameter"]) | set(cell_table()["parameter"]))], ignore_index=True)


def cell_table() -> pd.DataFrame:
    """Read the table of cell presets: columns as in `prior_table`, after ``cell``."""
    return _cells().copy()


@cache
def _shipped() -> pd.DataFrame:
    return PRIORS.validate(_typed(_csv("priors.csv")))


@cache
def _cells() -> pd.DataFrame:
    table = _typed(_csv("cells.csv"))
    for _, rows in table.groupby("cell"):
        PRIORS.validate(rows.drop(columns="cell"))
    return table


def _csv(name: str) -> pd.DataFrame:
    text = files("il6infer.library").joinpath(name).read_text("utf-8")
    return pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as numbers, an empty one as NaN."""
    return table.assign(**{c: [float(text or "nan") for text in table[c]] for c in NUMBERS})


def _own(path: Path, taken: Collection[str]) -> pd.DataFrame:
    """Read a user's table; each fault names its row as a spreadsheet shows it."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise UserError(f"{path}: is not a table of comma-separated UTF-8 text ({error}).") from None
    known = list(PRIORS.columns)
    faults = [Fault(path.name, f"column '{c}' is missing.", nearest(c, table.columns)) for c in known if c not in table]
    faults += [Fault(path.name, f"column '{c}' is unknown.", nearest(c, known)) for c in table if c not in known]
    raise_faults(faults, str(path))
    table = table[known]
    for row, name in enumerate(table["parameter"], start=2):
        if name in taken:
            where = f"{path.name}, row {row}, column 'parameter'"
            faults.append(Fault(where, f"'{name}' is a parameter of the package.", "Choose another name."))
    for column in NUMBERS:
        for row, text in enumerate(table[column], start=2):
            empty = text == "" and column != "median"
            if not empty and (not _NUMBER.fullmatch(text) or vanishes(text)):
                where = f"{path.name}, row {row}, column '{column}'"
                faults.append(Fault(where, f"'{text}' is not a number.", "Write 0.5 or 1e-3."))
    raise_faults(faults, str(path))
    try:
        return PRIORS.validate(_typed(table), lazy=True)
    except pa.errors.SchemaErrors as error:
        raise_faults(_breaches(error.failure_cases, path.name), str(path))
        raise


def _breaches(cases: pd.DataFrame, name: str) -> Iterable[Fault]:
    """Describe each breach once; pandera repeats that of a whole row for every column."""
    found: dict[str, Fault] = {}
    for case in cases.to_dict("records"):
        row = "" if pd.isna(case["index"]) else f", row {int(case['index']) + 2}"
        whole = case["schema_context"] == "DataFrameSchema"
        cell = "" if whole else f"{case['column']} = {case['failure_case']!r}: "
        expected = "one row for each parameter" if case["check"] == "field_uniqueness" else case["check"]
        fault = Fault(f"{name}{row}", f"{cell}expected {expected}.")
        found.setdefault(str(fault), fault)
    return found.values()


def log_normal(median: float, low: float, high: float) -> tuple[float, float]:
    """Give the mean and standard deviation of the natural logarithm.

    The width is that of the 90 % interval [low, high]; where the median is not its geometric middle the wider side
    counts, so that the interval is always inside.

    Parameters
    ----------
    median, low, high
        Median and ends of the 90 % interval, all above zero.
    """
    sd = max(math.log(median / low), math.log(high / median)) / Z90
    return math.log(median), sd


def interval(median: float, low: float, high: float) -> tuple[float, float]:
    """Give the ends of the prior's central 90 %: [low, high], or beyond it on the side that is nearer to the median.

    Parameters
    ----------
    median, low, high
        As a table of priors states them; see `log_normal`.
    """
    mean, sd = log_normal(median, low, high)
    return math.exp(mean - Z90 * sd), math.exp(mean + Z90 * sd)


def preset_of(cell: str) -> tuple[str, ...]:
    """Parameters that a cell preset gives; none of no cell.

    Raises
    ------
    UserError
        If there is no such preset.
    """
    table = cell_table()
    if cell and cell not in set(table["cell"]):
        raise UserError(f"unknown cell '{cell}'. {nearest(cell, set(table['cell']))}")
    return tuple(table[table["cell"] == cell]["parameter"])
