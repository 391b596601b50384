"""Read-outs of several data sets in one problem: each has a noise of its own, so each is an observable of its own."""

from __future__ import annotations

import re

import pandas as pd

from il6infer.library.compose import Model


def with_readouts(measurements: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Give measurements the model's read-outs as observables: those of a joint fit are ``<read-out>_<data set>``."""
    names = [
        name if name in model.readouts else name.removesuffix(f"_{dataset}")
        for name, dataset in zip(measurements["observable"], measurements["dataset"], strict=True)
    ]
    return measurements.assign(observable=names)


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
