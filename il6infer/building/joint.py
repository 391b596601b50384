"""Read-outs of several data sets in one problem: each has a noise of its own, so each is an observable of its own."""

from __future__ import annotations

import re

import pandas as pd

from il6infer._errors import Fault
from il6infer.library.compose import Model


def with_readouts(measurements: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Give measurements the model's read-outs as observables: those of a joint fit are ``<read-out>_<data set>``."""
    names = [
        name if name in model.readouts else name.removesuffix(f"_{dataset}")
        for name, dataset in zip(measurements["observable"], measurements["dataset"], strict=True)
    ]
    return measurements.assign(observable=names)


def readout_name_faults(measurements: pd.DataFrame, model: Model) -> list[Fault]:
    """Find read-outs that can be read in two ways: pSTAT3 of a joint fit's data set ``nucleus`` is no pSTAT3_nucleus.

    Parameters
    ----------
    measurements
        Table of the ingest stage.
    """
    faults = []
    for (name, dataset), rows in measurements.groupby(["observable", "dataset"], sort=False):
        short = str(name).removesuffix(f"_{dataset}")
        joined = all(rows[column].str.startswith(f"{dataset}_").all() for column in ("condition", "batch"))
        if joined and short != name and {name, short} <= set(model.readouts):
            what = f"'{name}' is a read-out of its own, and {short} of data set '{dataset}' of a joint fit."
            faults.append(Fault("measurements", what, "Give the data set another name."))
    return faults


def of_readouts(observables: pd.DataFrame, named: pd.Series, readouts: pd.Series) -> pd.DataFrame:
    """Give observables formulas that read the model.

    Parameters
    ----------
    named, readouts
        (measurements,) as the table of measurements names them, and the read-outs of the model.
    """
    meant = dict(zip(named, readouts, strict=True))
    formulas = [
        re.sub(rf"\b{name}\b", meant[name], formula)
        for name, formula in zip(observables["observableName"], observables["observableFormula"], strict=True)
    ]
    return observables.assign(observableFormula=formulas)
