"""A simulated thermal cycler: plates of Ct from a stated truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from il6infer.ingestion.instruments import samples


@dataclass(frozen=True)
class QpcrSettings:
    """One qPCR plate.

    Attributes
    ----------
    samples, technical
        Samples of one condition and time, and wells of each gene for a sample.
    target_ct, reference_ct
        Ct of the target at a read-out of 1, and of the reference gene.
    noise
        Standard deviation of the natural logarithm of a sample's expression.
    well_noise
        Standard deviation of a well's Ct (0.07 cycles between duplicates).
    input_noise
        Standard deviation of a sample's amount of cDNA [cycles]; common to both genes.
    cycles
        Cycles run; a later Ct is written as Undetermined.
    """

    samples: int = 3
    technical: int = 2
    target_ct: float = 24.0
    reference_ct: float = 21.0
    noise: float = 0.1
    well_noise: float = 0.07
    input_noise: float = 0.3
    cycles: float = 40.0
    target: str = "SOCS3"
    reference: str = "HPRT"


def qpcr_plate(
    times: Sequence[float],
    conditions: Sequence[str],
    readout: pd.DataFrame,
    settings: QpcrSettings,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Write the Ct of target and reference gene, ``settings.samples`` samples for each condition and time.

    Parameters
    ----------
    times, conditions, readout, rng
        As for `western_blot_gel`.
    settings
        The plate.

    Returns
    -------
    pandas.DataFrame
        ``sample,condition,time_min,replicate,gene,ct``; `replicate` counts a sample's wells of a gene; `ct` is text
        with two decimals, or ``Undetermined``: Ct = target_ct - log2(expression) + noise.
    """
    rows = []
    design = [entry for entry in samples(times, conditions, readout) for _ in range(settings.samples)]
    for index, (condition, time, value) in enumerate(design, start=1):
        amount = rng.normal(0.0, settings.input_noise)
        expression = value * math.exp(rng.normal(0.0, settings.noise))
        target = settings.target_ct - math.log2(expression) if expression > 0 else math.inf
        for gene, mean in ((settings.target, target), (settings.reference, settings.reference_ct)):
            for replicate in range(1, settings.technical + 1):
                ct = mean - amount + rng.normal(0.0, settings.well_noise)
                rows.append(
                    {
                        "sample": f"S{index:03d}",
                        "condition": condition,
                        "time_min": time,
                        "replicate": replicate,
                        "gene": gene,
                        "ct": f"{ct:.2f}" if ct < settings.cycles else "Undetermined",
                    }
                )
    return pd.DataFrame(rows)
