"""Noise parameters: one a read-out, or one a read-out and assay; of linear noise in units of a gel, one a gel."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from il6infer.building.noise_parameters import with_noise_parameter
from il6infer.problems.noise import KINDS, NOISES
from il6infer.stages.gel_names import gel_names


def of_gel(measurements: pd.DataFrame) -> pd.Series:
    """Tell whether each measurement has linear noise in the units of its own gel or plate, boolean (measurements,)."""
    linear = measurements["noise"].map(lambda word: not NOISES[KINDS[word]].logarithmic)
    scaled = measurements.groupby(["observable", "batch"])["scale"].transform("any")
    return linear & scaled


def noise_names(measurements: pd.DataFrame) -> pd.Series:
    """Name the noise parameter of each measurement.

    It is one a read-out and assay where noise is relative, or values are in a unit that all gels have: a blot is no
    cytometer. Linear noise of a gel whose scale is unknown is that gel's own: a common one would be as large as the gel
    with the largest numbers asks for, and gels with small numbers would say nothing.

    Parameters
    ----------
    measurements
        Table of the ingest stage.

    Returns
    -------
    pandas.Series
        ``sigma_READOUT``, ``sigma_READOUT_ASSAY`` where several assays measure it, or ``sigma_`` and
        what `il6infer.stages.gel_names` calls the gel.
    """
    readout, gel = measurements["observable"].astype(str), "sigma_" + gel_names(measurements)
    own = of_gel(measurements)
    assay = measurements["assay"].astype(str) if "assay" in measurements else pd.Series("", measurements.index)
    several = assay[~own].groupby(readout[~own]).transform("nunique").reindex(readout.index, fill_value=1) > 1
    name = "sigma_" + readout
    taken = set(gel[own])
    by_assay = (name + "_" + assay).map(lambda one: f"{one}_assay" if one in taken else one)
    return name.where(~several, by_assay).where(~own, gel)


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
