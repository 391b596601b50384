"""Western blot: one gel a file, one lane a row, band intensities; the value is signal / normaliser."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet, repeated
from il6infer.ingestion.assay import (
    BATCH,
    COLUMN_NAME,
    NOISE,
    OBSERVABLE,
    OFFSET,
    SCALE,
    TIME_UNIT,
    Assay,
    Instrument,
    OneReadout,
)
from il6infer.ingestion.instruments import samples
from il6infer.ingestion.limits import FULL, LIMITS, Beyond, Range, beyond, limited, ratio
from il6infer.ingestion.reading import LOGARITHMIC, Collector, Dropped, Reading, Value, variation
from il6infer.ingestion.taking import Take


@dataclass(frozen=True)
class WesternBlot(OneReadout):
    """One gel: a lane a row, band intensities in columns.

    Attributes
    ----------
    signal
        Column of the band that is read.
    normalise
        Column the signal is divided by, or ``none``; if not given, the loading control where there is one.
    loading
        Column of the loading control; its lane-to-lane variation is reported.
    calibrator, calibrator_per_cell
        Column of a recombinant calibrator of known amount in every lane, which the signal is divided by, and that
        amount as molecules for each cell of the lane's lysate: the values are molecules per cell, without a scale of
        the gel (Schilling 2005, doi:10.1111/j.1742-4658.2005.05037.x). Without the amount it only normalises.
    detection_limit, saturation
        Signal at which the range of the instrument ends: beyond, a value is known by its limit.
    """

    assay: ClassVar[str] = "western_blot"
    time: ClassVar[str] = "time_min"

    path: str
    observable: str
    batch: str
    signal: str
    normalise: str | None = None
    loading: str | None = None
    calibrator: str | None = None
    calibrator_per_cell: float | None = None
    detection_limit: float | None = None
    saturation: float | None = None
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False
    time_unit: str = "min"
    take: Take = Take()

    @property
    def divisor(self) -> str | None:
        """Column that the signal is divided by, if any."""
        if self.normalise == "none":
            return None
        return self.normalise or self.calibrator or self.loading

    @property
    def absolute(self) -> bool:
        """Whether the calibrator makes the values molecules per cell."""
        return self.calibrator_per_cell is not None


def read(sheet: Sheet, spec: WesternBlot) -> Reading:
    """Read the values of one gel.

    Parameters
    ----------
    sheet
        Columns ``lane,condition,time_min`` and the band intensities.
    spec
        Which bands.

    Returns
    -------
    Reading
        Unit ``ratio`` when divided by another band of the lane (its load cancels), else ``a.u.``.
        Quality: ``loading_cv``, ``calibrator_cv``, the lane-to-lane variation of these bands; ``lane_order``, the
        largest rank correlation of lane and time within a condition (1: lanes in order of time, so that a gradient over
        the gel looks like kinetics); ``negative_bands``, how many values are below zero after subtraction of a
        background (only with normal noise).
    """
    divisor, loading = spec.divisor, spec.loading
    if spec.calibrator and spec.normalise:
        what = f"divided by the calibrator '{spec.calibrator}' and by '{spec.normalise}'."
        return Reading(faults=(Fault(sheet.name, what, "Take 'normalise' or 'calibrator' out of the description."),))
    if spec.absolute and not spec.calibrator:
        what = "an amount (calibrator_per_cell) without the column of the calibrator."
        return Reading(faults=(Fault(sheet.name, what, "Name it: 'calibrator:'."),))
    bands = [band for band in dict.fromkeys((spec.signal, divisor, loading, spec.calibrator)) if band]
    collector = Collector(sheet)
    collector.faults += repeated(sheet, ("lane",))
    loads: dict[str, list[float]] = {}
    simple = {band: _simple(sheet, band, spec) for band in bands}
    placed: dict[tuple[str, str], tuple[str, float]] = {}
    for row in sheet.rows:
        place = row.cells["condition"], row.cells["time_min"]
        if place in placed:
            condition, time = placed[place]
        else:
            condition = collector.condition(row, "condition")
            time = collector.time(row, "time_min", spec.time_unit)
            collector.measured(row, condition, time)
            if condition is not None and time is not None:
                placed[place] = condition, time
        read_bands: dict[str, float | Beyond | None] = {
            band: known[cell] if (cell := row.cells[band]) in known else _band(collector, row, band, spec)
            for band, known in simple.items()
        }
        for name, band in (("loading_cv", loading), ("calibrator_cv", spec.calibrator)):
            if band and isinstance(load := read_bands[band], float):
                loads.setdefault(name, []).append(load)
        signal, below = read_bands[spec.signal], read_bands[divisor] if divisor else 1.0
        if signal is None or below is None:
            continue
        value, side, reason = ratio(signal, below)
        if value is None:
            collector.dropped.append(Dropped(spec.observable, row.number, reason, side=side))
            continue
        if not side and not collector.positive(row, spec.signal, value, spec.noise, offset=spec.offset):
            continue
        if condition is None or time is None:
            continue
        found = Value(
            observable=spec.observable,
            condition=condition,
            time_min=time,
            value=value * (spec.calibrator_per_cell or 1.0),
            unit="molecules/cell" if spec.absolute else "ratio" if divisor else "a.u.",
            noise=spec.noise,
            scale=spec.scale and not spec.absolute,
            offset=spec.offset,
            row=row.number,
            censored=side,
        )
        limited(collector, found, side, reason)
    quality = {name: variation(found) for name, found in loads.items()}
    if (order := _lane_order(sheet, collector.values)) is not None:
        quality["lane_order"] = order
    if negative := sum(value.value < 0 for value in collector.values):
        quality["negative_bands"] = float(negative)
    return collector.reading(quality)


def _lane_order(sheet: Sheet, values: Sequence[Value]) -> float | None:
    """Largest rank correlation of lane and time within a condition, of 4 lanes and more; None without such."""
    lanes = {row.number: sheet.number(row["lane"]) for row in sheet.rows}
    courses: dict[str, list[tuple[float, float]]] = {}
    for value in values:
        lane = lanes[value.row]
        if lane is not None:
            courses.setdefault(value.condition, []).append((lane, value.time_min))
    found = []
    for course in courses.values():
        lane_ranks, time_ranks = (_ranks(column) for column in zip(*course, strict=True))
        if len(course) >= 4 and np.ptp(time_ranks) > 0 and np.ptp(lane_ranks) > 0:
            found.append(abs(float(np.corrcoef(lane_ranks, time_ranks)[0, 1])))
    return max(found, default=None)


def _ranks(values: Sequence[float]) -> np.ndarray:
    """Ranks of values, those of equal ones averaged."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _ends(band: str, spec: WesternBlot) -> tuple[float | None, float | None]:
    """Limits that are known of a band's intensities."""
    return (spec.detection_limit, spec.saturation) if band == spec.signal else (None, None)


def _simple(sheet: Sheet, band: str, spec: WesternBlot) -> Mapping[str, float]:
    """Cells of a band that need no second look, as nearly all: numbers above zero, of which no limit is said."""
    if _ends(band, spec) != (None, None):
        return {}
    numbers = {cell: sheet.number(cell) for cell in {row.cells[band] for row in sheet.rows}}
    return {cell: value for cell, value in numbers.items() if value is not None and value > 0 and value != FULL}


def _band(collector: Collector, row: Row, band: str, spec: WesternBlot) -> float | Beyond | None:
    """Intensity of a band, or its limit; None where the cell is at fault."""
    found = beyond(collector.sheet, row, band, Range(*_ends(band, spec), camera=True))
    if found is not None:
        return found
    return collector.intensity(row, band, divisor=band != spec.signal, signed=spec.noise not in LOGARITHMIC)


def control_lane(sheet: Sheet, reading: Reading, controls: Collection[str]) -> list[Fault]:
    """Find the fault of a gel without a lane of unstimulated cells; none where a lane's own place is in doubt.

    Parameters
    ----------
    sheet, reading
        The gel.
    controls
        Conditions in which nothing is added (vehicle).
    """
    conditions = reading.conditions or {}
    if not reading.placed or any(condition in controls for condition in conditions):
        return []
    if any(time <= 0 for time, _ in reading.times.values()):
        return []
    what = "the gel has no control lane (none at time 0, none of a condition without stimulus"
    what += f": {', '.join(sorted(controls))})." if controls else ")."
    return [Fault(sheet.name, what, "Without one, background and stimulus cannot be told apart: add its control lane.")]


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
    for lane, (condition, time, value) in enumerate(samples(times, conditions, readout), start=1):
        load = math.exp(rng.normal(0.0, settings.lane_load))
        bands = {
            settings.signal: (settings.scale * (value + settings.background), settings.noise),
            settings.total: (settings.total_scale, settings.total_noise),
            settings.loading: (settings.loading_scale, settings.loading_noise),
        }
        intensities = {band: round(load * mean * math.exp(rng.normal(0.0, sd))) for band, (mean, sd) in bands.items()}
        rows.append({"lane": lane, "condition": condition, "time_min": time, **intensities})
    return pd.DataFrame(rows)


def _columns(spec: WesternBlot) -> list[str]:
    bands = [band for band in dict.fromkeys((spec.signal, spec.divisor, spec.loading, spec.calibrator)) if band]
    return ["lane", "condition", "time_min", *bands]


ASSAY = Assay(
    name="western_blot",
    text="one gel a file, a lane a row, band intensities in columns",
    spec=WesternBlot,
    keys={
        "observable": OBSERVABLE,
        "batch": BATCH,
        "signal": {**COLUMN_NAME, "description": "Column of the band that is read."},
        "normalise": {
            **COLUMN_NAME,
            "description": "Column the signal is divided by, or none; without the key: the loading control, if given.",
        },
        "loading": {**COLUMN_NAME, "description": "Column of the loading control."},
        "calibrator": {
            **COLUMN_NAME,
            "description": "Column of a recombinant calibrator: the signal is divided by it.",
        },
        "calibrator_per_cell": {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": "Its molecules in a lane for each cell of the lysate: the values are molecules per cell.",
        },
        **LIMITS,
        "noise": NOISE,
        "scale": SCALE,
        "offset": OFFSET,
        "time_unit": TIME_UNIT,
    },
    required=("observable", "batch", "signal"),
    columns=_columns,
    read=read,
    check=control_lane,
    quality=("loading_cv", "calibrator_cv", "lane_order", "negative_bands"),
    units=("ratio", "a.u.", "molecules/cell"),
    instrument=Instrument(BlotSettings, western_blot_gel),
)
