"""Western blot: one gel a file, one lane a row, band intensities; the value is signal / normaliser."""

from __future__ import annotations

from collections.abc import Collection

from il6infer._errors import Fault
from il6infer._tables import Sheet, repeated
from il6infer.ingestion.reading import Collector, Reading, Value, variation
from il6infer.ingestion.specs import WesternBlot


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
        Quality: ``loading_cv``, the lane-to-lane variation of the loading control.
    """
    divisor, loading = spec.divisor, spec.loading
    bands = [band for band in dict.fromkeys((spec.signal, divisor, loading)) if band]
    faults = sheet.missing(["lane", "condition", "time_min", *bands])
    if faults:
        return Reading(faults=tuple(faults))
    collector = Collector(sheet)
    collector.faults += repeated(sheet, ("lane",))
    loads = []
    for row in sheet.rows:
        condition = collector.condition(row, "condition")
        time = collector.number(row, "time_min")
        collector.measured(row, condition, time)
        read_bands = {band: collector.intensity(row, band, divisor=band in (divisor, loading)) for band in bands}
        signal = read_bands[spec.signal]
        if loading and (load := read_bands[loading]) is not None:
            loads.append(load)
        below = read_bands[divisor] if divisor else 1.0
        if signal is None or below is None or not collector.positive(row, spec.signal, signal, spec.noise):
            continue
        if condition is None or time is None:
            continue
        collector.values.append(
            Value(
                observable=spec.observable,
                condition=condition,
                time_min=time,
                value=signal / below,
                unit="ratio" if divisor else "a.u.",
                noise=spec.noise,
                scale=spec.scale,
                offset=spec.offset,
                row=row.number,
            )
        )
    return collector.reading({"loading_cv": variation(loads)} if loads else {})


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
