"""Prepared table: one sample a row, read-outs in columns; empty cells of a read-out are left out and counted."""

from __future__ import annotations

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet, number, repeated
from il6infer._units import minutes, readout
from il6infer.ingestion.reading import Collector, Dropped, Reading, Value
from il6infer.ingestion.specs import Column, Table

EMPTY = "empty cell"
LEFT_OUT = "condition left out by the description"
COPY = "copy of an earlier row"


def read(sheet: Sheet, spec: Table) -> Reading:
    """Read the values of a table.

    Parameters
    ----------
    sheet
        A column of times, perhaps one of conditions, one for each read-out.
    spec
        Which columns, with unit, noise, scale and offset of each.

    Returns
    -------
    Reading
        Values in the order of rows, then of read-outs.
    """
    told_by = [spec.condition_column] if spec.condition_column else []
    faults = sheet.missing([spec.time, *told_by, *(column.column for column in spec.columns.values())])
    if faults:
        return Reading(faults=tuple(faults))
    collector = Collector(sheet)
    copies = {fault.where: fault for fault in repeated(sheet, sheet.columns)}
    if spec.duplicates == "refuse":
        remedy = "Remove one, or say 'duplicates: keep' (measured twice so) or 'duplicates: drop' (copies)."
        collector.faults += [Fault(fault.where, fault.what, remedy) for fault in copies.values()]
    for row in sheet.rows:
        if spec.duplicates == "drop" and sheet.where(row) in copies:
            collector.dropped += [Dropped(observable, row.number, COPY) for observable in spec.columns]
            continue
        _read_row(collector, row, spec)
    for observable, column in spec.columns.items():
        if all(not row[column.column] for row in sheet.rows):
            what = f"column '{column.column}' has no value at all."
            collector.faults.append(Fault(sheet.name, what, f"Take {observable} out of the description."))
    return collector.reading()


def _read_row(collector: Collector, row: Row, spec: Table) -> None:
    time = collector.number(row, spec.time)
    if time is not None:
        time = minutes(time, spec.time_unit)
    condition, left_out = _condition(collector, row, spec)
    if left_out:
        collector.dropped += [Dropped(observable, row.number, LEFT_OUT) for observable in spec.columns]
        return
    for observable, column in spec.columns.items():
        if not row[column.column]:
            collector.dropped.append(Dropped(observable, row.number, EMPTY))
            continue
        collector.measured(row, condition, time)
        value = collector.number(row, column.column)
        if value is None or not _possible(collector, row, column, value) or condition is None or time is None:
            continue
        value, unit = readout(value, column.unit)
        collector.values.append(
            Value(
                observable=observable,
                condition=condition,
                time_min=time,
                value=value,
                unit=unit,
                noise=column.noise,
                scale=column.scale,
                offset=column.offset,
                row=row.number,
            )
        )


def _possible(collector: Collector, row: Row, column: Column, value: float) -> bool:
    """Whether the noise model can have made the value; a negative one is named as such."""
    if column.noise == "lognormal" and value < 0:
        what = f"negative intensity {row[column.column]} cannot have lognormal noise."
        remedy = "Choose 'noise: normal', or give values with their background and 'offset: true'."
        collector.fault(row, column.column, what, remedy)
        return False
    return collector.positive(row, column.column, value, column.noise)


def _condition(collector: Collector, row: Row, spec: Table) -> tuple[str | None, bool]:
    """Condition of a row, and whether the description leaves it out."""
    if spec.condition_column is None:
        return spec.condition, False
    cell = collector.condition(row, spec.condition_column)
    if cell is None or spec.condition_map is None:
        return cell, False
    for key, condition in spec.condition_map.items():
        if key == cell or (number(cell) is not None and number(key) == number(cell)):
            return condition, condition is None
    what = f"'{cell}' is not in the map of conditions."
    collector.fault(row, spec.condition_column, what, f"Known: {', '.join(spec.condition_map)}.")
    return None, False
