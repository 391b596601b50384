"""Priors of what belongs to an instrument: scale and offset of each gel or plate, noise of each read-out.

Arbitrary units have no size that could be known before, so the largest value of a gel or plate serves as its unit. No
other number of the data enters, and widths come from elsewhere: a gel in other units has the same posterior, and a lane
that happens to be faint, or replicates that happen to agree, move nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from il6infer.building.gel_noise import noise_factors
from il6infer.building.genotypes import OwnParameter
from il6infer.building.linear_noise import noise_names, of_gel
from il6infer.library.priors import Z90, log_normal
from il6infer.problems.noise import ERRORS, KINDS, NOISES
from il6infer.stages.gel_names import gel_names

SCALE_SD = 1.5
"""Of the natural log of a scale factor, around the largest value of its gel or plate: a factor of 12 either way."""

OFFSET = (0.05, 1.8)
"""Median of an offset as a share of the largest value of its gel or plate, and sd of its natural log: 90 % within 0.3
and 97 %. Of 54 blots of hepatocytes six have none and the others 0.25 to 45 % (Sobotta 2017, doi
10.3389/fphys.2017.00775, fits of the authors' own model); untreated cells of a flow cytometer have 14 to 40 % (Billing
2019, doi 10.1038/s42003-018-0259-4)."""

SIGMA = (0.2, 0.07, 0.6)
"""Median and 90 % interval of a noise sd of the natural log; blots show 0.15 to 0.5 (facts, section 6)."""

LINEAR_SIGMA = (0.05, 0.005, 0.5)
"""Median and 90 % interval of the sd of linear noise, as a share of the largest value: plates, cytometers and mass
spectrometers scatter by 0.5 to 20 %, and what a model leaves out may double that."""


def instrument_parameters(measurements: pd.DataFrame, *, gel_noise: bool) -> list[OwnParameter]:
    """Scales and offsets of each gel or plate, noise of each read-out, with their priors.

    Parameters
    ----------
    measurements
        Table of the ingest stage.
    gel_noise
        With how the noise of a read-out differs between gels (see `il6infer.building.gel_noise`).
    """
    by_gel = measurements.groupby(["observable", "batch", gel_names(measurements)], sort=False)
    found = [one for (name, _, gel), group in by_gel for one in _of_gel(str(name), str(gel), group)]
    named = measurements.groupby(["observable", noise_names(measurements)], sort=False)
    found += [_noise(str(name), str(parameter), group) for (name, parameter), group in named]
    return found + (noise_factors(measurements) if gel_noise else [])


def _of_gel(name: str, gel: str, group: pd.DataFrame) -> Iterator[OwnParameter]:
    batch, unit, top = group["batch"].iloc[0], str(group["unit"].iloc[0]), _largest(group)
    if group["scale"].any():
        why = f"largest value of {batch}, its unit; sd of ln {SCALE_SD}: arbitrary units"
        yield OwnParameter(f"scale_{gel}", f"scale of {name}", math.log(top), SCALE_SD, unit, why)
    elif group["scale_sd"].notna().any():
        sd, why = float(group["scale_sd"].max()), f"uncertainty of the calibration of {batch}"
        yield OwnParameter(f"scale_{gel}", f"calibration of {name}", 0.0, sd, "1", why)
    if group["offset"].any():
        share, sd = OFFSET
        low, high = (share * math.exp(side * Z90 * sd) for side in (-1, 1))
        why = f"{low:.1%} to {high:.0%} of the largest value of {batch}, its unit: backgrounds of blots and cytometers"
        yield OwnParameter(f"offset_{gel}", f"offset of {name}", math.log(share * top), sd, unit, why)


def _noise(name: str, parameter: str, group: pd.DataFrame) -> OwnParameter:
    """Noise of a read-out (of one of several assays) or gel: relative, or a share of the largest value."""
    kind = NOISES[KINDS[str(group["noise"].iloc[0])]]
    own = bool(of_gel(group).all())
    label = (
        f"noise of {name}" if own or parameter == f"sigma_{name}" else f"noise of {name} by {group['assay'].iloc[0]}"
    )
    if kind.logarithmic:
        why = "blots 0.15-0.5 (Kreutz 2007, doi 10.1093/bioinformatics/btm397)"
        unit = f"{ERRORS[kind.error].scale} of ln"
        return OwnParameter(parameter, label, *log_normal(*SIGMA), unit, why)
    mean, sd = log_normal(*LINEAR_SIGMA)
    of = f" of {group['batch'].iloc[0]}" if own else ""
    why = f"{LINEAR_SIGMA[1]:.1%} to {LINEAR_SIGMA[2]:.0%} of the largest value{of}, its unit"
    mean += math.log(_largest(group))
    return OwnParameter(parameter, label, mean, sd, str(group["unit"].iloc[0]), why)


def _largest(group: pd.DataFrame) -> float:
    """Largest value that is none beyond a limit, where there is one."""
    seen = group[group["censored"] == ""] if (group["censored"] == "").any() else group
    return float(seen["value"].abs().max()) or 1.0
