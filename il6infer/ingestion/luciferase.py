"""Dual luciferase: one plate a file, one well a row; the value is firefly / Renilla."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import ClassVar

import numpy as np
import pandas as pd

from il6infer._tables import Sheet, repeated
from il6infer.ingestion.assay import BATCH, COLUMN_NAME, NOISE, OBSERVABLE, OFFSET, SCALE, TIME_UNIT, Assay, Instrument
from il6infer.ingestion.instruments import samples, well_name
from il6infer.ingestion.reading import Collector, Dropped, Reading, Value, variation
from il6infer.ingestion.taking import Take


@dataclass(frozen=True)
class Luciferase:
    """One dual-luciferase plate: a well a row, firefly and Renilla counts in columns.

    Attributes
    ----------
    dead_below
        Share of the plate's median Renilla counts below which a well is dead and left out; 0: none is.
    """

    assay: ClassVar[str] = "luciferase"
    time: ClassVar[str] = "time_min"
    condition_column: ClassVar[str | None] = "condition"

    path: str
    observable: str
    batch: str
    firefly: str = "firefly"
    renilla: str = "renilla"
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False
    dead_below: float = 0.05
    time_unit: str = "min"
    take: Take = Take()

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        return (self.observable,)

    def noise_of(self, observable: str) -> str:
        """Noise model of a read-out."""
        return self.noise


def read(sheet: Sheet, spec: Luciferase) -> Reading:
    """Read the values of one plate, unit ``ratio``.

    Parameters
    ----------
    sheet
        Columns ``well,condition,time_min`` and the counts of the two reporters.
    spec
        Which columns hold the counts.

    Returns
    -------
    Reading
        Quality: ``renilla_cv``, the well-to-well variation of the control reporter.
    """
    collector = Collector(sheet)
    collector.faults += repeated(sheet, ("well",))
    counts = []
    dead = _dead(sheet, spec)
    for row in sheet.rows:
        condition = collector.condition(row, "condition")
        time = collector.time(row, "time_min", spec.time_unit)
        collector.measured(row, condition, time)
        if collector.outside(row, spec.firefly, spec.observable):
            continue
        if collector.outside(row, spec.renilla, spec.observable, divisor=True):
            continue
        firefly = collector.intensity(row, spec.firefly, signed=spec.noise == "normal")
        if row.number in dead:
            reason = f"dead well: Renilla below {spec.dead_below:g} of the plate's median"
            collector.dropped.append(Dropped(spec.observable, row.number, reason))
            continue
        renilla = collector.intensity(row, spec.renilla, divisor=True)
        if renilla is not None:
            counts.append(renilla)
        if (
            firefly is None
            or renilla is None
            or not collector.positive(row, spec.firefly, firefly, spec.noise, offset=spec.offset)
        ):
            continue
        if condition is None or time is None:
            continue
        collector.values.append(
            Value(
                observable=spec.observable,
                condition=condition,
                time_min=time,
                value=firefly / renilla,
                unit="ratio",
                noise=spec.noise,
                scale=spec.scale,
                offset=spec.offset,
                row=row.number,
            )
        )
    return collector.reading({"renilla_cv": variation(counts)} if counts else {})


def _dead(sheet: Sheet, spec: Luciferase) -> set[int]:
    """Rows of wells whose cells make so little Renilla that they are not there or not transfected."""
    counts = {row.number: value for row in sheet.rows if (value := sheet.number(row[spec.renilla])) is not None}
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
        "time_unit": TIME_UNIT,
    },
    required=("observable", "batch"),
    columns=lambda spec: ["well", "condition", "time_min", spec.firefly, spec.renilla],
    read=read,
    quality=("renilla_cv",),
    units=("ratio",),
    instrument=Instrument(LuciferaseSettings, luciferase_plate),
)
