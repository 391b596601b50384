"""Units of measurements that have no scale of their own, against those of the model's read-outs."""

from __future__ import annotations

import pandas as pd

from il6infer._errors import Fault
from il6infer.library.compose import Model

OWN = "1"
"""Unit of values that were computed from a model, and are in its own units."""


def unit_faults(measurements: pd.DataFrame, model: Model) -> list[Fault]:
    """Find read-outs whose values are taken as they are (``scale: false``) in another unit than the model's.

    Parameters
    ----------
    measurements
        Table of the ingest stage.
    model
        Of the library; its `readout_units`.
    """
    absolute = measurements[~measurements["scale"].astype(bool)]
    faults = []
    for (observable, unit), group in absolute.groupby(["observable", "unit"], sort=False):
        known = model.readout_units.get(str(observable))
        if known is None or unit in (known, OWN):
            continue
        batches = ", ".join(str(batch) for batch in group["batch"].unique())
        what = f"{observable} is measured in {unit} without a scale ({batches}), but model '{model.name}' has it in "
        what += f"{known}."
        remedy = f"Give its values in {known}, or say 'scale: true': they are then known up to a factor."
        faults.append(Fault("measurements", what, remedy))
    return faults
