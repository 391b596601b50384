"""Raw files as instruments write them, from noise-free read-outs: the readers of this package turned round.

Every function is pure: the same read-outs, settings and generator state give the same table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class BlotSettings:
    """One gel of a Western blot.

    Attributes
    ----------
    scale
        Band intensity of a read-out of 1, and of the other two bands at mean lane load.
    background
        Read-out that an empty band shows: the offset of the gel.
    noise, total_noise, loading_noise
        Standard deviation of the natural logarithm of each band (15 % is usual for a blot).
    lane_load
        Standard deviation of the natural logarithm of the lysate in a lane; common to its bands.
    signal, total, loading
        Names of the columns.
    """

    scale: float = 200_000.0
    total_scale: float = 150_000.0
    loading_scale: float = 300_000.0
    background: float = 0.02
    noise: float = 0.15
    total_noise: float = 0.05
    loading_noise: float = 0.05
    lane_load: float = 0.15
    signal: str = "pSTAT3"
    total: str = "total_STAT3"
    loading: str = "loading_control"


@dataclass(frozen=True)
class LuciferaseSettings:
    """One dual-luciferase plate.

    Attributes
    ----------
    wells
        Wells of one condition and time.
    scale, renilla_scale
        Firefly counts of a read-out of 1, and Renilla counts, at mean transfection.
    background
        Read-out that an unstimulated, leaky reporter shows.
    noise
        Standard deviation of the natural logarithm of firefly at given transfection.
    transfection
        Standard deviation of the natural logarithm of the transfection of a well; common to both reporters.
    """

    wells: int = 3
    scale: float = 100_000.0
    renilla_scale: float = 50_000.0
    background: float = 0.0
    noise: float = 0.1
    transfection: float = 0.25


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


def western_blot_gel(
    times: Sequence[float],
    conditions: Sequence[str],
    readout: pd.DataFrame,
    settings: BlotSettings,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Write the band intensities of one gel, a lane for each condition and time.

    Parameters
    ----------
    times, conditions
        Lanes, in the order condition by condition; times in min.
    readout
        Columns ``condition,time_min,value``: noise-free read-outs; has every pair of condition and time.
    settings
        The gel.
    rng
        Source of noise.

    Returns
    -------
    pandas.DataFrame
        ``lane,condition,time_min`` and the three bands, as whole numbers:
        signal = scale * load * (readout + background) * exp(noise).
    """
    rows = []
    for lane, (condition, time, value) in enumerate(_design(times, conditions, readout), start=1):
        load = math.exp(rng.normal(0.0, settings.lane_load))
        bands = {
            settings.signal: (settings.scale * (value + settings.background), settings.noise),
            settings.total: (settings.total_scale, settings.total_noise),
            settings.loading: (settings.loading_scale, settings.loading_noise),
        }
        intensities = {band: round(load * mean * math.exp(rng.normal(0.0, sd))) for band, (mean, sd) in bands.items()}
        rows.append({"lane": lane, "condition": condition, "time_min": time, **intensities})
    return pd.DataFrame(rows)


def luciferase_plate(
    times: Sequence[float],
    conditions: Sequence[str],
    readout: pd.DataFrame,
    settings: LuciferaseSettings,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Write the counts of one dual-luciferase plate, ``settings.wells`` wells for each condition and time.

    Parameters
    ----------
    times, conditions, readout, rng
        As for `western_blot_gel`.
    settings
        The plate.

    Returns
    -------
    pandas.DataFrame
        ``well,condition,time_min,firefly,renilla``; wells A1, A2 ... H12, then of a second plate P2A1 ...
    """
    rows = []
    design = [entry for entry in _design(times, conditions, readout) for _ in range(settings.wells)]
    for index, (condition, time, value) in enumerate(design):
        transfected = math.exp(rng.normal(0.0, settings.transfection))
        firefly = settings.scale * (value + settings.background) * math.exp(rng.normal(0.0, settings.noise))
        rows.append(
            {
                "well": _well(index),
                "condition": condition,
                "time_min": time,
                "firefly": round(transfected * firefly),
                "renilla": round(transfected * settings.renilla_scale),
            }
        )
    return pd.DataFrame(rows)


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
    design = [entry for entry in _design(times, conditions, readout) for _ in range(settings.samples)]
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


def _design(
    times: Sequence[float], conditions: Sequence[str], readout: pd.DataFrame
) -> Iterator[tuple[str, float, float]]:
    """Yield condition, time and noise-free read-out of each sample."""
    values = {
        (condition, float(time)): float(value)
        for condition, time, value in zip(readout["condition"], readout["time_min"], readout["value"], strict=True)
    }
    for condition in conditions:
        for time in times:
            if (condition, float(time)) not in values:
                raise ValueError(f"the read-outs have no value of condition '{condition}' at {time:g} min")
            yield condition, time, values[condition, float(time)]


def _well(index: int) -> str:
    """Name a well, row by row on plates of 96."""
    plate, place = divmod(index, 96)
    return (f"P{plate + 1}" if plate else "") + f"{'ABCDEFGH'[place // 12]}{place % 12 + 1}"
