"""Which replicate a value is of: what the file says of its row, else its place among those of its time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from il6infer.ingestion.sources import Source

NAMED_BY = ("replicate", "well")
"""Columns that say which replicate a row is of, the first that there is; a well does where it is read many times."""

_COURSE = ["observable", "batch", "condition"]


def labels_of(sources: Sequence[Source]) -> list[str]:
    """Name the replicate of each value as its file does; empty where that says nothing."""
    return [label for source in sources for label in _labels(source)]


def _labels(source: Source) -> list[str]:
    columns = source.sheet.columns if source.sheet else ()
    column = next((column for column in NAMED_BY if column in columns), None)
    if column is None or source.sheet is None:
        return [""] * len(source.reading.values)
    called = {row.number: row.cells.get(column, "").strip() for row in source.sheet.rows}
    # A mean of several rows, as of technical replicates of a qPCR, is not of the one that its first row names.
    return ["" if value.rows else called.get(value.row, "") for value in source.reading.values]


def numbered(values: pd.DataFrame, labels: Sequence[str]) -> np.ndarray:
    """Give replicates numbers from 1 on, the same one at all times of a condition on a gel or plate.

    Errors that hang together along a course do so by these numbers, and a replicate that lacks a time, or stands in
    another order there, must not lend its number to another.

    Parameters
    ----------
    values
        Columns ``observable``, ``batch``, ``condition``, ``time_min``.
    labels
        See `labels_of`. They count where all values of a condition have one, none stands twice at one time, and some
        stands at several; else replicates of a time are numbered in the order of files and rows.

    Returns
    -------
    numpy.ndarray
        (values,) of integers.
    """
    course = values.groupby(_COURSE, sort=False).ngroup()
    frame = pd.DataFrame({"course": course, "time": values["time_min"], "label": list(labels)})
    frame["unclear"] = frame["label"].eq("") | frame.duplicated(keep=False)
    of_course = frame.groupby("course", sort=False)
    again = of_course["label"].transform("size") > of_course["label"].transform("nunique")
    by_name = of_course["label"].transform(lambda own: pd.factorize(own)[0] + 1)
    by_order = frame.groupby(["course", "time"], sort=False).cumcount() + 1
    return np.where(again & ~of_course["unclear"].transform("any"), by_name, by_order).astype(int)
