"""Linear noise of arbitrary units: one a gel or plate, for it is in the units of that gel, which no other gel has."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from il6infer.building.noise_parameters import with_noise_parameter
from il6infer.problems.noise import KINDS, NOISES


def noise_names(measurements: pd.DataFrame) -> pd.Series:
    """Name the noise parameter of each measurement.

    It is one a read-out where noise is relative, or values are in a unit that all gels have; linear noise of a gel
    whose scale is unknown is that gel's own. A common one would be as large as the gel with the largest numbers asks
    for, and gels with small numbers would say nothing.

    Parameters
    ----------
    measurements
        Table of the ingest stage.
    """
    readout, batch = measurements["observable"].astype(str), measurements["batch"].astype(str)
    linear = measurements["noise"].map(lambda word: not NOISES[KINDS[word]].logarithmic)
    scaled = measurements.groupby(["observable", "batch"])["scale"].transform("any")
    return ("sigma_" + readout).where(~(linear & scaled), "sigma_" + readout + "_" + batch)


def with_linear_noise(tables: Mapping[str, pd.DataFrame], measurements: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of a PEtab problem in which each measurement has the noise that `noise_names` gives it.

    Parameters
    ----------
    tables
        ``observables`` and ``measurements`` among them, with one noise a read-out.
    measurements
        Table of the ingest stage, in the order of that of the problem.
    """
    names = noise_names(measurements)
    own = measurements["observable"][names != "sigma_" + measurements["observable"].astype(str)].unique()
    return with_noise_parameter(tables, "{own}", names.where(measurements["observable"].isin(own), "").tolist())
