"""Prepared table: one sample a row, read-outs in columns; empty cells of a read-out are left out and counted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet, repeated
from il6infer._units import READOUT_UNITS, by_mass, readout, substances
from il6infer.ingestion.assay import BATCH, COLUMN_NAME, NAME_PATTERN, NOISE, OFFSET, SCALE, TIME_UNIT, Assay
from il6infer.ingestion.bands import added
from il6infer.ingestion.limits import LIMITS, Range, beyond, limited
from il6infer.ingestion.reading import LOGARITHMIC, Collector, Dropped, Reading, Value
from il6infer.ingestion.taking import Take

EMPTY = "empty cell"
COPY = "copy of an earlier row"
_MOST: Mapping[str, float] = {"fraction": 1.0, "percent": 100.0}
"""The most that can be, by unit."""


@dataclass(frozen=True)
class Column:
    """One read-out of a prepared table: its column, unit, noise, and whether scale and offset are unknown.

    Attributes
    ----------
    substance, kDa
        What a concentration of mass is of, or its molecular weight, which goes before.
    detection_limit, saturation
        Value at which the range of the instrument ends: beyond, a value is known by its limit.
    sd, n
        Columns of the standard deviation and the number of what a value is the mean of, such as the cells of a tube.
    sem
        Column of the standard error of the mean, in place of both.
    """

    column: str
    unit: str
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False
    substance: str = ""
    kDa: float | None = None
    detection_limit: float | None = None
    saturation: float | None = None
    sd: str = ""
    sem: str = ""
    n: str = ""

    @property
    def mass(self) -> float | None:
        """Molecular weight [kDa] that a concentration of mass is divided by; None where the description has none."""
        return self.kDa or (substances()[self.substance].mass if self.substance else None)


@dataclass(frozen=True)
class Table:
    """A prepared table: a sample a row, read-outs in columns.

    Attributes
    ----------
    duplicates
        What to do with rows that are equal in every cell: ``refuse``, ``keep`` (measured so) or ``drop`` (copies).
    """

    assay: ClassVar[str] = "table"

    path: str
    batch: str
    columns: Mapping[str, Column]
    time: str = "time"
    time_unit: str = "min"
    duplicates: str = "refuse"
    take: Take = Take()

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        return tuple(self.columns)

    def noise_of(self, observable: str) -> str:
        """Noise model of a read-out."""
        return self.columns[observable].noise


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
    sheet, faults = _without_percent(sheet, spec)
    collector = Collector(sheet)
    collector.faults += [*faults, *_half_told(sheet, spec)]
    copies = {fault.where: fault for fault in repeated(sheet, _of_the_file(sheet, spec))}
    if spec.duplicates == "refuse":
        remedy = "Remove one, or say 'duplicates: keep' (measured twice so) or 'duplicates: drop' (copies)."
        collector.faults += [Fault(fault.where, fault.what, remedy) for fault in copies.values()]
    collector.faults += _without_mass(sheet, spec)
    if collector.faults and any(by_mass(column.unit) and not column.mass for column in spec.columns.values()):
        return collector.reading()
    ranges = {observable: Range(c.detection_limit, c.saturation) for observable, c in spec.columns.items()}
    simple = {observable: _simple(sheet, c, ranges[observable]) for observable, c in spec.columns.items()}
    placed: dict[tuple[str, str], tuple[str, float]] = {}
    for row in sheet.rows:
        if copies and spec.duplicates == "drop" and sheet.where(row) in copies:
            collector.dropped += [Dropped(observable, row.number, COPY) for observable in spec.columns]
            continue
        place = row.cells["condition"], row.cells[spec.time]
        if place not in placed:
            time = collector.time(row, spec.time, spec.time_unit)
            condition = collector.condition(row, "condition")
            _read_row(collector, row, spec, ranges, condition, time)
            if condition is not None and time is not None and any(row.cells[c.column] for c in spec.columns.values()):
                placed[place] = condition, time
            continue
        condition, time = placed[place]
        values = [simple[observable].get(row.cells[column.column]) for observable, column in spec.columns.items()]
        if None in values:
            _read_row(collector, row, spec, ranges, condition, time)
            continue
        for value, (observable, c) in zip(values, spec.columns.items(), strict=True):
            number, unit = value  # type: ignore[misc]
            collector.values.append(
                Value(observable, condition, time, number, unit, c.noise, c.scale, c.offset, row.number)
            )
    for observable, column in spec.columns.items():
        if not spec.take.batch_column and all(not row[column.column] for row in sheet.rows):
            what = f"column '{column.column}' has no value at all."
            collector.faults.append(Fault(sheet.name, what, f"Take {observable} out of the description."))
    collector.faults += _fractions(sheet, spec, collector.values)
    return collector.reading()


def _without_percent(sheet: Sheet, spec: Table) -> tuple[Sheet, list[Fault]]:
    """Read ``85.3%`` as 85.3 where the unit is percent; a column has the sign in all cells or in none."""
    faults: list[Fault] = []
    for column in (c.column for c in spec.columns.values() if c.unit == "percent"):
        signed = [row for row in sheet.rows if row[column].endswith("%")]
        bare = next((row for row in sheet.rows if row[column] and sheet.number(row[column]) is not None), None)
        if signed and bare is not None:
            what = f"'{bare[column]}' has no %, and other cells of the column have."
            faults.append(Fault(sheet.where(bare, column), what, "Write all of them in one way."))
        if signed and bare is None:
            sheet = added(sheet, {column: [row[column].removesuffix("%").rstrip() for row in sheet.rows]})
    return sheet, faults


def _fractions(sheet: Sheet, spec: Table, values: Sequence[Value]) -> list[Fault]:
    """Refuse percentages that are all at most 1: a spreadsheet holds 85 % as 0.85."""
    faults = []
    for name, column in spec.columns.items():
        read = [value.value for value in values if value.observable == name]
        if column.unit == "percent" and not column.scale and len(set(read)) > 1 and 0 < max(read) <= 0.01:
            what = f"all values are at most {100 * max(read):g} %: a spreadsheet holds 85 % as 0.85."
            remedy = "Say 'unit: fraction' if these are fractions; if they are percentages, divide them by 100."
            faults.append(Fault(f"{sheet.name}, column '{column.column}'", what, remedy))
    return faults


def _half_told(sheet: Sheet, spec: Table) -> list[Fault]:
    """Refuse a standard deviation without the number of what it is of, and the like."""
    faults = []
    for name, column in spec.columns.items():
        if bool(column.sd) != bool(column.n) or (column.sem and column.sd):
            what = f"{name}: the error of a mean is its 'sem', or its 'sd' and 'n'."
            faults.append(Fault(sheet.name, what, "Say one of these, or none: the noise is estimated from the values."))
    return faults


def _error(collector: Collector, row: Row, column: Column, value: float) -> float | None:
    """Give the standard error of a mean, on the scale of its noise; a fault where its cells are none."""
    if not column.sem and not column.sd:
        return None
    number = collector.number(row, column.n) if column.n else 1.0
    spread = collector.number(row, column.sem or column.sd)
    if number is None or spread is None:
        return None
    if number < 1 or spread < 0:
        at = column.n if number < 1 else column.sem or column.sd
        collector.fault(row, at, f"{row[at]} where {'a number' if number < 1 else 'an error'} of a mean is expected.")
        return None
    error = spread / math.sqrt(number)
    return error / value if column.noise in LOGARITHMIC else error


def _of_the_file(sheet: Sheet, spec: Table) -> list[str]:
    """Columns that the file itself has: that of conditions stands in no file where another column tells it."""
    told = spec.take.condition
    made = bool(told.fixed or told.read) and "condition" not in told.read
    return [column for column in sheet.columns if not (made and column == "condition")]


def _without_mass(sheet: Sheet, spec: Table) -> list[Fault]:
    remedy = "Say 'substance:' (such as sIL6R), or its molecular weight as 'kDa:'."
    return [
        Fault(sheet.name, f"{observable} is in {column.unit}, and nothing says how heavy it is.", remedy)
        for observable, column in spec.columns.items()
        if by_mass(column.unit) and not column.mass
    ]


def _simple(sheet: Sheet, column: Column, known: Range) -> Mapping[str, tuple[float, str]]:
    """Cells of a column that need no second look -> value and unit: numbers above zero, of which no limit is said."""
    if known != Range() or column.sd or column.sem or not (column.scale or column.offset or column.unit not in _MOST):
        return {}
    numbers = {cell: sheet.number(cell) for cell in {row.cells[column.column] for row in sheet.rows}}
    return {
        cell: readout(value, column.unit, column.mass)
        for cell, value in numbers.items()
        if value is not None and value > 0
    }


def _read_row(
    collector: Collector,
    row: Row,
    spec: Table,
    ranges: Mapping[str, Range],
    condition: str | None,
    time: float | None,
) -> None:
    for observable, column in spec.columns.items():
        if not row[column.column]:
            collector.dropped.append(Dropped(observable, row.number, EMPTY))
            continue
        collector.measured(row, condition, time)
        out = beyond(collector.sheet, row, column.column, ranges[observable])
        if out is not None and out.limit is None:
            collector.dropped.append(Dropped(observable, row.number, out.reason, side=out.side))
            continue
        value = collector.number(row, column.column) if out is None else out.limit
        if value is None or condition is None or time is None:
            continue
        if out is None and not _possible(collector, row, column, value):
            continue
        error = None if out else _error(collector, row, column, value)
        value, unit = readout(value, column.unit, column.mass)
        if error is not None and column.noise not in LOGARITHMIC:
            error *= readout(1.0, column.unit, column.mass)[0]
        found = Value(
            observable=observable,
            condition=condition,
            time_min=time,
            value=value,
            unit=unit,
            noise=column.noise,
            scale=column.scale,
            offset=column.offset,
            row=row.number,
            censored=out.side if out else "",
            error=error,
        )
        limited(collector, found, found.censored, out.reason if out else "")


def _possible(collector: Collector, row: Row, column: Column, value: float) -> bool:
    """Whether the noise model can have made the value; a negative one is named as such."""
    if column.noise in LOGARITHMIC and value < 0:
        what = f"negative intensity {row[column.column]} cannot have {column.noise} noise."
        remedy = "Choose 'noise: normal', or give values with their background and 'offset: true'."
        if column.offset:
            remedy = "A background was subtracted: give values with their background, or choose 'noise: normal'."
        collector.fault(row, column.column, what, remedy)
        return False
    most = _MOST.get(column.unit)
    if most is not None and not column.scale and not column.offset and value > most:
        what = f"{row[column.column]} where a {column.unit} is at most {most:g}."
        remedy = "Say its unit ('unit: percent' of 0 to 100, 'unit: fraction' of 0 to 1), or 'scale: true'."
        collector.fault(row, column.column, what, remedy)
        return False
    return collector.positive(row, column.column, value, column.noise, offset=column.offset)


def _columns(spec: Table) -> list[str]:
    told = spec.take.condition
    by_name = [] if told.fixed or told.read else ["condition"]
    return [spec.time, *by_name, *_read_columns(spec)]


def _read_columns(spec: Table) -> list[str]:
    """Columns of the values, and of their errors."""
    return list(dict.fromkeys(c for one in spec.columns.values() for c in (one.column, one.sd, one.sem, one.n) if c))


def _frozen(entry: Mapping[str, Any]) -> Table:
    """Freeze a valid entry of ``files``."""
    entry = dict(entry)
    entry["columns"] = {observable: Column(**column) for observable, column in entry.pop("observables").items()}
    return Table(**entry)


ASSAY = Assay(
    name="table",
    text="a prepared table: a sample a row, read-outs in columns",
    spec=Table,
    keys={
        "batch": BATCH,
        "time": {**COLUMN_NAME, "default": "time", "description": "Column of the time."},
        "time_unit": TIME_UNIT,
        "duplicates": {
            "enum": ["refuse", "keep", "drop"],
            "default": "refuse",
            "description": "What to do with rows equal in every cell.",
        },
        "observables": {
            "type": "object",
            "minProperties": 1,
            "description": "Read-out of the model -> its column.",
            "propertyNames": {"pattern": NAME_PATTERN},
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["column", "unit"],
                "properties": {
                    "column": {**COLUMN_NAME, "description": "Column of the values."},
                    "unit": {
                        "enum": list(READOUT_UNITS),
                        "description": "Unit of the values; percent becomes fraction, a concentration nM.",
                    },
                    "substance": {
                        "enum": list(substances()),
                        "description": "What a concentration of mass is of: it is divided by its molecular weight.",
                    },
                    "kDa": {
                        "type": "number",
                        "exclusiveMinimum": 0,
                        "description": "Molecular weight, in place of that of the substance.",
                    },
                    "sd": {
                        **COLUMN_NAME,
                        "description": "Column of the standard deviation of what a value is the mean of.",
                    },
                    "n": {**COLUMN_NAME, "description": "Column of the number of what a value is the mean of."},
                    "sem": {**COLUMN_NAME, "description": "Column of the standard error, in place of sd and n."},
                    **LIMITS,
                    "noise": NOISE,
                    "scale": SCALE,
                    "offset": OFFSET,
                },
            },
        },
    },
    required=("batch", "observables"),
    columns=_columns,
    read=read,
    stated=lambda spec: {c.column: (c.unit, c.scale) for c in spec.columns.values()},
    units=("a.u.", "ratio", "relative", "fraction", "molecules/cell", "nM"),
    freeze=_frozen,
)
