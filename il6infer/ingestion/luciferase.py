"""Dual luciferase: one plate a file, one well a row; the value is firefly / Renilla."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import ClassVar, NamedTuple

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
from il6infer.ingestion.instruments import samples, well_name
from il6infer.ingestion.limits import LIMITS, Beyond, Range, beyond, limited, ratio
from il6infer.ingestion.reading import LOGARITHMIC, Collector, Dropped, Reading, Value, variation
from il6infer.ingestion.taking import Take


@dataclass(frozen=True)
class Luciferase(OneReadout):
    """One dual-luciferase plate: a well a row, firefly and Renilla counts in columns.

    Attributes
    ----------
    dead_below
        Share of the plate's median Renilla counts below which a well is dead and left out; 0: none is.
    blank
        Cell of the condition column in wells without cells: the mean of their counts is subtracted from those of both
        reporters; these wells give no value.
    bleed_through
        Share of the firefly counts that is still seen in the Renilla channel (unquenched firefly light).
    sample
        Column that names the sample: wells of one sample are technical, and make one value, their geometric mean;
        empty: each well is a sample.
    detection_limit, saturation
        Firefly counts at which the range of the reader ends: beyond, a value is known by its limit.
    """

    assay: ClassVar[str] = "luciferase"
    time: ClassVar[str] = "time_min"

    path: str
    observable: str
    batch: str
    firefly: str = "firefly"
    renilla: str = "renilla"
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False
    dead_below: float = 0.05
    blank: str = ""
    bleed_through: float = 0.0
    sample: str = ""
    detection_limit: float | None = None
    saturation: float | None = None
    time_unit: str = "min"
    take: Take = Take()


class _Well(NamedTuple):
    """A living well: its place, and firefly over Renilla, or the limit that it lies on one side of."""

    row: Row
    condition: str
    time: float
    ratio: float
    side: str = ""
    reason: str = ""


def read(sheet: Sheet, spec: Luciferase) -> Reading:
    """Read the values of one plate, unit ``ratio``.

    Parameters
    ----------
    sheet
        Columns ``well,condition,time_min`` and the counts of the two reporters.
    spec
        Which columns hold the counts, which wells are blank, which are technical replicates.

    Returns
    -------
    Reading
        Quality: ``renilla_cv``, the well-to-well variation of the control reporter; ``blank_share``, the blank's
        firefly counts over the lowest of a well; ``technical_cv``, the median variation within a sample.
    """
    collector = Collector(sheet)
    collector.faults += repeated(sheet, ("well",))
    blank = _blank(collector, spec)
    rows = [row for row in sheet.rows if not _is_blank(row, spec)]
    dead = _dead(sheet, rows, spec)
    counts: list[float] = []
    fireflies: list[float] = []
    wells: list[_Well] = []
    ends, endless = Range(spec.detection_limit, spec.saturation), Range()
    for row in rows:
        condition = collector.condition(row, "condition")
        time = collector.time(row, "time_min", spec.time_unit)
        collector.measured(row, condition, time)
        if row.number in dead:
            reason = f"dead well: Renilla below {spec.dead_below:g} of the plate's median"
            collector.dropped.append(Dropped(spec.observable, row.number, reason))
            continue
        firefly = _counts(collector, row, spec.firefly, ends, spec)
        renilla = _counts(collector, row, spec.renilla, endless, spec)
        if isinstance(renilla, float):
            counts.append(renilla)
        if isinstance(firefly, float):
            fireflies.append(firefly)
        if firefly is None or renilla is None or condition is None or time is None:
            continue
        firefly = _less(firefly, blank[0])
        renilla = _less(renilla, blank[1] + spec.bleed_through * (firefly if isinstance(firefly, float) else 0.0))
        if (spec.blank or spec.bleed_through) and (_none_left(renilla) or _none_left(firefly)):
            which, side = (spec.renilla, "") if _none_left(renilla) else (spec.firefly, "below")
            reason = f"not above the blank wells in column '{which}'"
            collector.dropped.append(Dropped(spec.observable, row.number, reason, side=side))
            continue
        value, side, reason = ratio(firefly, renilla)
        if value is None:
            collector.dropped.append(Dropped(spec.observable, row.number, reason, side=side))
        elif side or collector.positive(row, spec.firefly, value, spec.noise, offset=spec.offset):
            wells.append(_Well(row, condition, time, value, side, reason))
    quality = {"renilla_cv": variation(counts)} if counts else {}
    if spec.blank and fireflies and min(fireflies) > 0:
        quality["blank_share"] = blank[0] / min(fireflies)
    return collector.reading(quality | _values(collector, spec, wells))


def _counts(collector: Collector, row: Row, column: str, ends: Range, spec: Luciferase) -> float | Beyond | None:
    """Read the counts of a reporter, or their limit; None where the cell is at fault."""
    value = collector.sheet.number(row.cells[column])
    if value is not None and value > 0 and ends.low is None and ends.high is None:
        return value  # as nearly all are
    found = beyond(collector.sheet, row, column, ends)
    if found is not None:
        return found
    return collector.intensity(row, column, divisor=column == spec.renilla, signed=spec.noise not in LOGARITHMIC)


def _less(counts: float | Beyond, background: float) -> float | Beyond:
    if isinstance(counts, Beyond):
        return counts if counts.limit is None else replace(counts, limit=counts.limit - background)
    return counts - background


def _none_left(counts: float | Beyond) -> bool:
    left = counts.limit if isinstance(counts, Beyond) else counts
    return left is not None and left <= 0


def _is_blank(row: Row, spec: Luciferase) -> bool:
    return bool(spec.blank) and row["condition"] == spec.blank


def _blank(collector: Collector, spec: Luciferase) -> tuple[float, float]:
    """Mean firefly and Renilla counts of the blank wells; 0 without any."""
    if not spec.blank:
        return 0.0, 0.0
    blanks = [row for row in collector.sheet.rows if _is_blank(row, spec)]
    if not blanks:
        where = f"{collector.sheet.name}, column 'condition'"
        collector.faults.append(
            Fault(where, f"no well's condition is '{spec.blank}' (blank).", "Name the blank wells.")
        )
        return 0.0, 0.0
    counts = [[collector.intensity(row, column) for row in blanks] for column in (spec.firefly, spec.renilla)]
    firefly, renilla = ([value for value in column if value is not None] for column in counts)
    return (fmean(firefly), fmean(renilla)) if firefly and renilla else (0.0, 0.0)


def _values(collector: Collector, spec: Luciferase, wells: Sequence[_Well]) -> dict[str, float]:
    """Make a value of each sample's wells; numbers for the report."""
    samples: dict[object, list[_Well]] = {}
    for well in wells:
        name = well.row[spec.sample] if spec.sample else well.row.number
        if name == "":
            collector.fault(well.row, spec.sample, "the cell is empty, a sample is expected.")
            continue
        together = samples.setdefault(name, [])
        if together and (together[0].condition, together[0].time) != (well.condition, well.time):
            what = f"sample '{name}' has another condition or time in row {together[0].row.number}."
            collector.fault(well.row, spec.sample, what, "Give each sample a name of its own.")
        together.append(well)
    for together in samples.values():
        sides = {well.side for well in together}
        if len(sides - {""}) > 1:
            collector.dropped += [Dropped(spec.observable, well.row.number, well.reason) for well in together]
            continue
        # The mean of wells of which some have only a limit lies on the side of all their limits.
        side, reason = "".join(sides - {""}), "; ".join(filter(None, dict.fromkeys(well.reason for well in together)))
        ratios = [well.ratio for well in together]
        mean = ratios[0]
        if len(ratios) > 1:
            mean = fmean(ratios) if min(ratios) <= 0 else math.exp(fmean(map(math.log, ratios)))
        first = together[0]
        value = Value(
            observable=spec.observable,
            condition=first.condition,
            time_min=first.time,
            value=mean,
            unit="ratio",
            noise=spec.noise,
            scale=spec.scale,
            offset=spec.offset,
            row=first.row.number,
            rows=tuple(well.row.number for well in together) if len(together) > 1 else (),
            censored=side,
        )
        limited(collector, value, side, reason)
    spreads = [variation([well.ratio for well in together]) for together in samples.values() if len(together) > 1]
    return {"technical_cv": median(spreads)} if spreads else {}


def _dead(sheet: Sheet, rows: Sequence[Row], spec: Luciferase) -> set[int]:
    """Rows of wells whose cells make so little Renilla that they are not there or not transfected."""
    counts = {row.number: value for row in rows if (value := sheet.number(row[spec.renilla])) is not None}
    living = median(counts.values()) if counts else 0.0
    return {row for row, value in counts.items() if 0 <= value < spec.dead_below * living}


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
    design = [entry for entry in samples(times, conditions, readout) for _ in range(settings.wells)]
    for index, (condition, time, value) in enumerate(design):
        transfected = math.exp(rng.normal(0.0, settings.transfection))
        firefly = settings.scale * (value + settings.background) * math.exp(rng.normal(0.0, settings.noise))
        rows.append(
            {
                "well": well_name(index),
                "condition": condition,
                "time_min": time,
                "firefly": round(transfected * firefly),
                "renilla": round(transfected * settings.renilla_scale),
            }
        )
    return pd.DataFrame(rows)


ASSAY = Assay(
    name="luciferase",
    text="one dual-luciferase plate a file, a well a row, firefly and Renilla counts in columns",
    spec=Luciferase,
    keys={
        "observable": OBSERVABLE,
        "batch": BATCH,
        "firefly": {**COLUMN_NAME, "default": "firefly", "description": "Column of the reporter's counts."},
        "renilla": {**COLUMN_NAME, "default": "renilla", "description": "Column of the control reporter's counts."},
        "noise": NOISE,
        "scale": SCALE,
        "offset": OFFSET,
        "dead_below": {
            "type": "number",
            "minimum": 0,
            "exclusiveMaximum": 1,
            "default": 0.05,
            "description": "Share of the plate's median Renilla counts below which a well is left out; 0: none is.",
        },
        "blank": {
            **COLUMN_NAME,
            "description": "Condition of wells without cells: the mean of their counts is subtracted.",
        },
        "bleed_through": {
            "type": "number",
            "minimum": 0,
            "exclusiveMaximum": 0.1,
            "default": 0,
            "description": "Share of the firefly counts that is still seen in the Renilla channel.",
        },
        "sample": {**COLUMN_NAME, "description": "Column of the sample: its wells are technical and make one value."},
        **LIMITS,
        "time_unit": TIME_UNIT,
    },
    required=("observable", "batch"),
    columns=lambda spec: [
        column for column in ("well", spec.sample, "condition", "time_min", spec.firefly, spec.renilla) if column
    ],
    read=read,
    quality=("renilla_cv", "blank_share", "technical_cv"),
    units=("ratio",),
    instrument=Instrument(LuciferaseSettings, luciferase_plate),
)
