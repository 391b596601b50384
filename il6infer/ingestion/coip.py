"""Co-immunoprecipitation: one blot a file, one lane a row; the value is prey over bait, less what beads bring down."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from statistics import fmean
from typing import ClassVar

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet, repeated
from il6infer.ingestion.assay import BATCH, COLUMN_NAME, NOISE, OBSERVABLE, OFFSET, SCALE, TIME_UNIT, Assay, OneReadout
from il6infer.ingestion.limits import LIMITS, Beyond, Range, beyond, limited, ratio
from il6infer.ingestion.reading import LOGARITHMIC, Collector, Dropped, Reading, Value, variation
from il6infer.ingestion.taking import Take


@dataclass(frozen=True)
class CoIP(OneReadout):
    """One blot of immunoprecipitates: a lane a row, band intensities in columns.

    Attributes
    ----------
    prey
        Column of the band that came down with the bait.
    bait
        Column of the precipitated protein's band, which the prey is divided by: what was pulled down differs from lane
        to lane.
    input
        Column of the prey in the lysate; where it is named, prey over bait is divided by it, relative to its mean, too:
        for a prey whose amount differs between lanes.
    control
        Cell of the condition column in lanes of the isotype control (IgG): the mean of their prey is subtracted from
        that of the others; these lanes give no value.
    detection_limit, saturation
        Prey at which the range of the instrument ends: beyond, a value is known by its limit.
    """

    assay: ClassVar[str] = "coip"
    time: ClassVar[str] = "time_min"

    path: str
    observable: str
    batch: str
    prey: str
    bait: str
    input: str = ""
    control: str = ""
    detection_limit: float | None = None
    saturation: float | None = None
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False
    time_unit: str = "min"
    take: Take = Take()

    @property
    def bands(self) -> tuple[str, ...]:
        """Columns of bands that are read."""
        return tuple(column for column in (self.prey, self.bait, self.input) if column)


def read(sheet: Sheet, spec: CoIP) -> Reading:
    """Read the values of one blot, unit ``ratio``.

    Parameters
    ----------
    sheet
        Columns ``lane,condition,time_min`` and the band intensities.
    spec
        Which bands, and which lanes are the control.

    Returns
    -------
    Reading
        Quality: ``bait_cv``, ``input_cv``, the variation from lane to lane; ``control_share``, the prey of the control
        lanes over the mean prey of the others.
    """
    collector = Collector(sheet)
    collector.faults += repeated(sheet, ("lane",))
    if spec.input == spec.bait or spec.prey in (spec.bait, spec.input):
        collector.faults.append(Fault(sheet.name, "prey, bait and input are not three columns.", "Name each band."))
        return collector.reading()
    collector.faults += _precipitations(sheet.name, spec)
    if collector.faults:
        return collector.reading()
    lanes: list[tuple[Row, str | None, float | None, dict[str, float | Beyond]]] = []
    background: list[float] = []
    for row in sheet.rows:
        if spec.control and row["condition"] == spec.control:
            prey = collector.intensity(row, spec.prey)
            background += [] if prey is None else [prey]
            continue
        condition = collector.condition(row, "condition")
        time = collector.time(row, "time_min", spec.time_unit)
        collector.measured(row, condition, time)
        bands = _bands(collector, row, spec)
        if bands is not None:
            lanes.append((row, condition, time, bands))
    if spec.control and not background and not collector.faults:
        what = f"no lane's condition is '{spec.control}' (control)."
        collector.faults.append(Fault(f"{sheet.name}, column 'condition'", what, "Name the lanes of the isotype."))
    beads = fmean(background) if background else 0.0
    numbers = {band: [b for *_, bands in lanes if isinstance(b := bands[band], float)] for band in spec.bands}
    for row, condition, time, bands in lanes:
        prey = bands[spec.prey]
        left = prey.limit if isinstance(prey, Beyond) else prey
        left = None if left is None else left - beads
        if beads and left is not None and left <= 0 and spec.noise in LOGARITHMIC:
            reason = f"prey not above that of the control lanes ({beads:.4g})"
            collector.dropped.append(Dropped(spec.observable, row.number, reason, side="below"))
            continue
        top = replace(prey, limit=left) if isinstance(prey, Beyond) else prey - beads
        value, side, reason = ratio(top, bands[spec.bait])
        if spec.input and numbers[spec.input] and value is not None:
            value, side, reason = ratio(Beyond(side, value, reason) if side else value, bands[spec.input])
            value = None if value is None else value * fmean(numbers[spec.input])
        if value is None:
            collector.dropped.append(Dropped(spec.observable, row.number, reason, side=side))
            continue
        if not side and not collector.positive(row, spec.prey, value, spec.noise, offset=spec.offset):
            continue
        if condition is None or time is None:
            continue
        found = Value(
            observable=spec.observable,
            condition=condition,
            time_min=time,
            value=value,
            unit="ratio",
            noise=spec.noise,
            scale=spec.scale,
            offset=spec.offset,
            row=row.number,
            censored=side,
        )
        limited(collector, found, side, reason)
    quality = {"bait_cv": variation(numbers[spec.bait])} if numbers[spec.bait] else {}
    if spec.input and numbers[spec.input]:
        quality["input_cv"] = variation(numbers[spec.input])
    if background and numbers[spec.prey] and fmean(numbers[spec.prey]):
        quality["control_share"] = beads / fmean(numbers[spec.prey])
    return collector.reading(quality)


_WHOM, _BLOTTED = r"(?:anti)?(?P<{}>[a-z]\w*)", r"(?:ib|wb|blot|blotted)(?: for)?"
_BOTH = [
    re.compile(rf"\b{form}\b")
    for form in (
        rf"ip {_WHOM.format('ip')} {_BLOTTED} {_WHOM.format('blot')}",
        rf"{_BLOTTED} {_WHOM.format('blot')} ip {_WHOM.format('ip')}",
        rf"{_WHOM.format('ip')} ip {_WHOM.format('blot')} {_BLOTTED}",
        rf"{_WHOM.format('blot')} {_BLOTTED} {_WHOM.format('ip')} ip",
    )
]
"""Names of bands that say what was precipitated and what was blotted."""


def _said(column: str) -> tuple[str, str]:
    """Give what was precipitated and what was blotted, by a band's name that says both: ``IP gp130 WB IL6R``."""
    one = re.sub(r"(?<=[a-z0-9])-(?=[a-z0-9])", "", column.casefold())  # IL-6R, anti-gp130
    plain = " ".join(re.sub(r"[\W_]", " ", one).split())
    found = next((match for form in _BOTH if (match := form.search(plain))), None)
    return (found["ip"], found["blot"]) if found else ("", "")


def _precipitations(name: str, spec: CoIP) -> list[Fault]:
    """Find bands that are not of one precipitation, and a bait that is not what was precipitated."""
    (prey, _), (bait, pulled) = _said(spec.prey), _said(spec.bait)
    wrong = []
    if prey and bait and prey != bait:
        what = f"prey '{spec.prey}' is of another precipitation than bait '{spec.bait}', so that it is divided by"
        remedy = "Take both bands from one precipitation; those of the other are an entry of their own."
        wrong.append(Fault(name, f"{what} what came down elsewhere.", remedy))
    elif bait and bait != pulled:
        what = f"bait '{spec.bait}' is not the protein that was precipitated."
        wrong.append(Fault(name, what, "Name the band of the precipitated protein, or swap prey and bait."))
    if spec.input and _said(spec.input)[0]:
        wrong.append(Fault(name, f"input '{spec.input}' is of a precipitation.", "Name the band in the lysate."))
    return wrong


def _bands(collector: Collector, row: Row, spec: CoIP) -> dict[str, float | Beyond] | None:
    """Intensities of a lane, or their limits; None where a cell is at fault."""
    bands: dict[str, float | Beyond] = {}
    for band in spec.bands:
        ends = (spec.detection_limit, spec.saturation) if band == spec.prey else (None, None)
        value = beyond(collector.sheet, row, band, Range(*ends, camera=True))
        if value is None:
            value = collector.intensity(row, band, divisor=band != spec.prey, signed=spec.noise not in LOGARITHMIC)
        if value is None:
            return None
        bands[band] = value
    return bands


ASSAY = Assay(
    name="coip",
    text="one blot of immunoprecipitates a file, a lane a row, bands of prey and bait in columns",
    spec=CoIP,
    keys={
        "observable": OBSERVABLE,
        "batch": BATCH,
        "prey": {**COLUMN_NAME, "description": "Column of the band that came down with the bait."},
        "bait": {**COLUMN_NAME, "description": "Column of the precipitated protein's band: the prey is divided by it."},
        "input": {**COLUMN_NAME, "description": "Column of the prey in the lysate: it is divided by that, too."},
        "control": {
            **COLUMN_NAME,
            "description": "Condition of lanes with an isotype control (IgG): their mean prey is subtracted.",
        },
        **LIMITS,
        "noise": NOISE,
        "scale": SCALE,
        "offset": OFFSET,
        "time_unit": TIME_UNIT,
    },
    required=("observable", "batch", "prey", "bait"),
    columns=lambda spec: ["lane", "condition", "time_min", *spec.bands],
    read=read,
    quality=("bait_cv", "input_cv", "control_share"),
    units=("ratio",),
)
