"""What parameters of one gel or plate are called: in a joint fit the read-out has said the data set already."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd


def gel_names(measurements: pd.DataFrame) -> pd.Series:
    """Name what parameters of one read-out on one gel end in: ``pSTAT3_gel1``, of a joint fit ``pSTAT3_cells_gel1``.

    In a joint fit the data set stands behind the read-out and before the gel (`il6infer.ingestion.joint`), in each of
    which it is needed alone; together it is said once.

    Parameters
    ----------
    measurements
        Table of the ingest stage: ``observable``, ``batch`` and ``dataset`` among its columns.

    Returns
    -------
    pandas.Series
        (measurements,); with all that was said twice, where two gels would have one name without it.
    """
    readout, batch = measurements["observable"].astype(str), measurements["batch"].astype(str)
    full = readout + "_" + batch
    if "dataset" not in measurements:
        return full
    short = full.copy()
    for dataset, rows in measurements.groupby("dataset", sort=False):
        ends, begins = readout[rows.index].str.endswith(f"_{dataset}"), batch[rows.index].str.startswith(f"{dataset}_")
        if ends.all() and begins.all():
            short[rows.index] = readout[rows.index] + "_" + batch[rows.index].map(lambda b, d=dataset: _without(b, d))
    return short if short.nunique() == full.nunique() else full


def endings(readout: str, batch: str) -> Iterator[str]:
    """Give what names of parameters of a read-out on a gel may end in, behind the read-out.

    Parameters
    ----------
    readout, batch
        As the problem has them.
    """
    yield batch
    words = readout.split("_")
    for first in range(1, len(words)):
        dataset = "_".join(words[first:])
        if batch.startswith(f"{dataset}_"):
            yield _without(batch, dataset)


def _without(batch: str, dataset: str) -> str:
    """Name of a gel without its data set's; people write it into names of gels, too: ``rpe1_rpe1_pSTAT3``."""
    once = batch.removeprefix(f"{dataset}_")
    return once.removeprefix(f"{dataset}_") or once
