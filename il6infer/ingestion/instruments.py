"""What all simulated instruments share: samples in their order, names of wells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd


def samples(
    times: Sequence[float], conditions: Sequence[str], readout: pd.DataFrame
) -> Iterator[tuple[str, float, float]]:
    """Yield condition, time and noise-free read-out of each sample.

    Parameters
    ----------
    times
        Of the samples [min].
    conditions
        Of the samples.
    readout
        ``condition, time_min, value``: a noise-free read-out.
    """
    values = {
        (condition, float(time)): float(value)
        for condition, time, value in zip(readout["condition"], readout["time_min"], readout["value"], strict=True)
    }
    for condition in conditions:
        for time in times:
            if (condition, float(time)) not in values:
                raise ValueError(f"the read-outs have no value of condition '{condition}' at {time:g} min")
            yield condition, time, values[condition, float(time)]


def well_name(index: int) -> str:
    """Name a well, row by row on plates of 96."""
    plate, place = divmod(index, 96)
    return (f"P{plate + 1}" if plate else "") + f"{'ABCDEFGH'[place // 12]}{place % 12 + 1}"
