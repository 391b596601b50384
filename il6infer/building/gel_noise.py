"""Noise that differs between gels: that of the read-out times a factor of each gel."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pandas as pd

from il6infer.building.genotypes import OwnParameter
from il6infer.building.linear_noise import noise_names, of_gel
from il6infer.building.noise_parameters import with_noise_parameter
from il6infer.stages.gel_names import gel_names

logger = logging.getLogger("il6infer")

SPREAD = 0.5
"""Standard deviation, of the natural log, of noise between gels of one read-out: 0.28 of 13 blots of pgp130, 0.55 of 24
of pSTAT3, 0.53 of 15 plates of SOCS3 mRNA (Sobotta 2017, doi 10.3389/fphys.2017.00775, fits of the authors' model). It
is not estimated, so that each gel's factor can be integrated out."""


def noise_factors(measurements: pd.DataFrame) -> list[OwnParameter]:
    """Factor of the noise of each read-out on each gel; also where there is one gel, for others may be held out.

    A gel that has a noise of its own (see `il6infer.building.linear_noise`) needs none.
    """
    why = f"sd of ln {SPREAD} between gels (Sobotta 2017, doi 10.3389/fphys.2017.00775)"
    gels = _with_factors(measurements)[_common(measurements)].drop_duplicates("factor").itertuples(index=False)
    return [
        OwnParameter(gel.factor, f"noise of {gel.observable}: {gel.batch}'s over the common one", 0.0, SPREAD, "1", why)
        for gel in gels
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
    common = _common(measurements)
    varied = set(measurements["observable"][common])
    named = zip(measurements["observable"], _with_factors(measurements)["factor"], common, strict=True)
    factors = ["" if name not in varied else factor if own else "1" for name, factor, own in named]
    return with_noise_parameter(tables, "({sigma}*{own})", factors)


def _common(measurements: pd.DataFrame) -> pd.Series:
    """Whether each measurement has the noise of its read-out (and assay), and not one of its own gel."""
    return ~of_gel(measurements)


def _with_factors(measurements: pd.DataFrame) -> pd.DataFrame:
    """Read-out, gel, and the name of the factor of its noise, of each measurement."""
    readouts = measurements["observable"].astype(str)
    named = zip(readouts, gel_names(measurements), strict=True)
    factors = [f"sigma_{readout}_factor{gel.removeprefix(readout)}" for readout, gel in named]
    return measurements[["observable", "batch"]].assign(factor=factors)


def tell_noise_by_assay(measurements: pd.DataFrame) -> None:
    """Say which read-outs several assays measure: each of these has a noise of its own."""
    names = noise_names(measurements)
    for readout, rows in measurements[_common(measurements)].groupby("observable", sort=False):
        assays = sorted(set(rows["assay"]))
        if len(assays) > 1:
            logger.info(
                "%s is measured by %s: each has a noise of its own (%s).",
                readout, " and ".join(assays), ", ".join(sorted(set(names[rows.index]))),
            )  # fmt: skip
