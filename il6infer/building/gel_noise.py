"""Noise that differs between gels: that of the read-out times a factor of each gel."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from il6infer.building.genotypes import OwnParameter

SPREAD = 0.5
"""Standard deviation, of the natural log, of noise between gels of one read-out: 0.28 of 13 blots of pgp130, 0.55 of 24
of pSTAT3, 0.53 of 15 plates of SOCS3 mRNA (Sobotta 2017, doi 10.3389/fphys.2017.00775, fits of the authors' model). It
is not estimated, so that each gel's factor can be integrated out."""


def noise_factors(measurements: pd.DataFrame) -> list[OwnParameter]:
    """Factor of the noise on each gel, of read-outs with more than one; their common noise is what they share."""
    why = f"sd of ln {SPREAD} between gels (Sobotta 2017, doi 10.3389/fphys.2017.00775)"
    return [
        OwnParameter(_factor(name, batch), f"noise of {name}: {batch}'s over the common one", 0.0, SPREAD, "1", why)
        for name, batches in _several(measurements).items()
        for batch in batches
    ]


def with_gel_noise(tables: Mapping[str, pd.DataFrame], measurements: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of a PEtab problem in which the noise of a read-out is ``sigma * factor`` of each gel.

    Parameters
    ----------
    tables
        ``observables`` and ``measurements`` among them.
    measurements
        Table of the ingest stage, in the order of that of the problem.
    """
    observables, measured = tables["observables"].copy(), tables["measurements"].copy()
    if "noisePlaceholders" not in observables:
        observables["noisePlaceholders"] = ""
    several = _several(measurements)
    for i, row in observables[observables["observableName"].isin(list(several))].iterrows():
        name = row["observableName"]
        places = [place for place in row["noisePlaceholders"].split(";") if place]
        place = f"noiseParameter{len(places) + 1}_{name}"
        observables.loc[i, "noiseFormula"] = row["noiseFormula"].replace(f"sigma_{name}", f"(sigma_{name}*{place})")
        observables.loc[i, "noisePlaceholders"] = ";".join([*places, place])
    given = zip(measured["noiseParameters"], measurements["observable"], measurements["batch"], strict=True)
    measured["noiseParameters"] = [
        ";".join(part for part in (before, _factor(name, batch) if name in several else "") if part)
        for before, name, batch in given
    ]
    return {**tables, "observables": observables, "measurements": measured}


def _several(measurements: pd.DataFrame) -> dict[str, list[str]]:
    """Read-outs that were measured on more than one gel, and these."""
    found = measurements.groupby("observable", sort=False)["batch"].unique()
    return {str(name): [str(batch) for batch in batches] for name, batches in found.items() if len(batches) > 1}


def _factor(readout: str, batch: str) -> str:
    return f"sigma_{readout}_factor_{batch}"
