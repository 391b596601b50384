"""Priors as data: one table with unit, source and the reason for each width."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from io import StringIO
from statistics import NormalDist

import pandas as pd
import pandera.pandas as pa

Z90 = NormalDist().inv_cdf(0.95)
"""Standard deviations from the median to the end of a central 90 % interval."""

PRIORS = pa.DataFrameSchema(
    {
        "parameter": pa.Column(str, pa.Check.str_matches(r"^[A-Za-z_]\w*$"), unique=True),
        "description": pa.Column(str, pa.Check.str_length(min_value=1)),
        "distribution": pa.Column(str, pa.Check.isin(("log-normal", "fixed"))),
        "median": pa.Column(float, pa.Check.gt(0)),
        "low": pa.Column(float, pa.Check.gt(0), nullable=True),
        "high": pa.Column(float, pa.Check.gt(0), nullable=True),
        "unit": pa.Column(str, pa.Check.str_length(min_value=1)),
        "source": pa.Column(str, pa.Check.str_length(min_value=1)),
        "doi": pa.Column(str, pa.Check.str_matches(r"^(10\.\d{4,}/\S+)?$")),
        "cell_type": pa.Column(str, pa.Check.str_length(min_value=1)),
        "temperature": pa.Column(str, pa.Check.str_matches(r"^(\d+ C|not stated|does not apply)( \(|;|$)")),
        "why": pa.Column(str, pa.Check.str_length(min_value=1)),
    },
    checks=pa.Check(
        lambda t: (t["distribution"] == "fixed") | ((t["low"] < t["median"]) & (t["median"] < t["high"])),
        error="low < median < high",
    ),
    strict=True,
)


def prior_table() -> pd.DataFrame:
    """Read the whole table, checked against `PRIORS`.

    Returns
    -------
    pandas.DataFrame
        ``parameter, description, distribution`` (``log-normal`` or ``fixed``), ``median``, ``low`` and ``high`` (ends
        of the 90 % interval; NaN where fixed), ``unit, source, doi``, ``cell_type`` and ``temperature`` of the
        measurement (``not stated`` in what was read of the source, often its abstract), ``why``.
    """
    return _read().copy()


def cell_table() -> pd.DataFrame:
    """Read the table of cell presets: columns as in `prior_table`, after ``cell``."""
    return _read_cells().copy()


def for_model(name: str) -> pd.DataFrame:
    """Rows of the table for one model of the library, e.g. ``both_socs3+mapk@HUVEC``.

    Raises
    ------
    UserError
        If there is no such model; the message names the nearest.
    """
    from il6infer.library.compose import compose

    return compose(name).priors.copy()


@cache
def _read() -> pd.DataFrame:
    return PRIORS.validate(_csv("priors.csv"))


@cache
def _read_cells() -> pd.DataFrame:
    table = _csv("cells.csv")
    for _, rows in table.groupby("cell"):
        PRIORS.validate(rows.drop(columns="cell"))
    return table


def _csv(name: str) -> pd.DataFrame:
    text = files("il6infer.library").joinpath(name).read_text("utf-8")
    kinds = {**dict.fromkeys((*PRIORS.columns, "cell"), str), **dict.fromkeys(("median", "low", "high"), float)}
    return pd.read_csv(StringIO(text), dtype=kinds).fillna({"doi": ""})


def log_normal(median: float, low: float, high: float) -> tuple[float, float]:
    """Give the mean and standard deviation of the natural logarithm.

    The width is that of the 90 % interval [low, high]; where the median is not its geometric middle the wider side
    counts, so that the interval is always inside.
    """
    sd = max(math.log(median / low), math.log(high / median)) / Z90
    return math.log(median), sd


def interval(median: float, low: float, high: float) -> tuple[float, float]:
    """Give the ends of the prior's central 90 %: [low, high], or beyond it on the side that is nearer to the median."""
    mean, sd = log_normal(median, low, high)
    return math.exp(mean - Z90 * sd), math.exp(mean + Z90 * sd)
