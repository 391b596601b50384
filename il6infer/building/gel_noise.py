"""Noise that differs between gels: one parameter a read-out and gel, drawn around that of the read-out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from il6infer.building.genotypes import OwnParameter
from il6infer.library.priors import log_normal

SPREAD = (0.3, 0.05, 1.0)
"""Median and 90 % interval of the spread of noise between gels, sd of the natural log: five gels of hepatocytes have
standard deviations of 0.18 to 0.62 of one read-out."""


def noise_parameters(measurements: pd.DataFrame) -> list[OwnParameter]:
    """Spread of the noise of each read-out between gels, and where each gel lies, in spreads around the mean."""
    found = []
    for name, group in measurements.groupby("observable", sort=False):
        what = f"noise of {name}"
        spread = log_normal(*SPREAD)
        found.append(
            OwnParameter(f"sigma_{name}_spread", f"{what}: sd of ln between gels", *spread, "sd of ln", "weak")
        )
        found += [
            OwnParameter(_deviation(str(name), batch), f"{what}: where {batch} lies, in sds around the mean", 0.0, 1.0,
                         "1", "standard normal", False)
            for batch in group["batch"].unique()
        ]  # fmt: skip
    return found


def with_gel_noise(tables: Mapping[str, pd.DataFrame], measurements: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of a PEtab problem in which the noise of a read-out is ``sigma * exp(spread * deviation)`` of each gel.

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
    for i, row in observables.iterrows():
        name = row["observableName"]
        places = [place for place in row["noisePlaceholders"].split(";") if place]
        place = f"noiseParameter{len(places) + 1}_{name}"
        own = f"sigma_{name}*exp(sigma_{name}_spread*{place})"
        observables.loc[i, "noiseFormula"] = row["noiseFormula"].replace(f"sigma_{name}", f"({own})")
        observables.loc[i, "noisePlaceholders"] = ";".join([*places, place])
    deviations = [_deviation(n, b) for n, b in zip(measurements["observable"], measurements["batch"], strict=True)]
    given = zip(measured["noiseParameters"], deviations, strict=True)
    measured["noiseParameters"] = [f"{before};{own}" if before else own for before, own in given]
    return {**tables, "observables": observables, "measurements": measured}


def _deviation(readout: str, batch: str) -> str:
    return f"sigma_{readout}_deviation_{batch}"
