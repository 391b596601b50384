"""Dual luciferase: one plate a file, one well a row; the value is firefly / Renilla."""

from __future__ import annotations

from il6infer._tables import Sheet, repeated
from il6infer.ingestion.reading import Collector, Reading, Value, variation
from il6infer.ingestion.specs import Luciferase


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
    faults = sheet.missing(["well", "condition", "time_min", spec.firefly, spec.renilla])
    if faults:
        return Reading(faults=tuple(faults))
    collector = Collector(sheet)
    collector.faults += repeated(sheet, ("well",))
    counts = []
    for row in sheet.rows:
        condition = collector.condition(row, "condition")
        time = collector.number(row, "time_min")
        collector.measured(row, condition, time)
        firefly = collector.intensity(row, spec.firefly)
        renilla = collector.intensity(row, spec.renilla, divisor=True)
        if renilla is not None:
            counts.append(renilla)
        if firefly is None or renilla is None or not collector.positive(row, spec.firefly, firefly, spec.noise):
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
