"""Prepared table: one sample a row, read-outs in columns; empty cells of a read-out are left out and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet, repeated
from il6infer._units import READOUT_UNITS, by_mass, readout, substances
from il6infer.ingestion.assay import BATCH, COLUMN_NAME, NAME_PATTERN, NOISE, OFFSET, SCALE, TIME_UNIT, Assay
from il6infer.ingestion.limits import LIMITS, Range, beyond, limited
from il6infer.ingestion.reading import Collector, Dropped, Reading, Value
from il6infer.ingestion.taking import Take

EMPTY = "empty cell"
COPY = "copy of an earlier row"


@dataclass(frozen=True)
class Column:
    """One read-out of a prepared table: its column, unit, noise, and whether scale and offset are unknown.

    Attributes
    ----------
    substance, kDa
        What a concentration of mass is of, or its molecular weight, which goes before.
    detection_limit, saturation
        Value at which the range of the instrument ends: beyond, a value is known by its limit.
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
    collector = Collector(sheet)
    copies = {fault.where: fault for fault in repeated(sheet, _of_the_file(sheet, spec))}
    if spec.duplicates == "refuse":
        remedy = "Remove one, or say 'duplicates: keep' (measured twice so) or 'duplicates: drop' (copies)."
        collector.faults += [Fault(fault.where, fault.what, remedy) for fault in copies.values()]
    collector.faults += _without_mass(sheet, spec)
    if collector.faults and any(by_mass(column.unit) and not column.mass for column in spec.columns.values()):
        return collector.reading()
    for row in sheet.rows:
        if spec.duplicates == "drop" and sheet.where(row) in copies:
            collector.dropped += [Dropped(observable, row.number, COPY) for observable in spec.columns]
            continue
        _read_row(collector, row, spec)
    for observable, column in spec.columns.items():
        if not spec.take.batch_column and all(not row[column.column] for row in sheet.rows):
            what = f"column '{column.column}' has no value at all."
            collector.faults.append(Fault(sheet.name, what, f"Take {observable} out of the description."))
    return collector.reading()


def _of_the_file(sheet: Sheet, spec: Table) -> list[str]:
    told = spec.take.condition
    return [column for column in sheet.columns if column != "condition" or not (told.fixed or told.read)]


def _without_mass(sheet: Sheet, spec: Table) -> list[Fault]:
    remedy = "Say 'substance:' (such as sIL6R), or its molecular weight as 'kDa:'."
    return [
        Fault(sheet.name, f"{observable} is in {column.unit}, and nothing says how heavy it is.", remedy)
        for observable, column in spec.columns.items()
        if by_mass(column.unit) and not column.mass
    ]


def _read_row(collector: Collector, row: Row, spec: Table) -> None:
    time = collector.time(row, spec.time, spec.time_unit)
    condition = collector.condition(row, "condition")
    for observable, column in spec.columns.items():
        if not row[column.column]:
            collector.dropped.append(Dropped(observable, row.number, EMPTY))
            continue
        collector.measured(row, condition, time)
        out = beyond(collector.sheet, row, column.column, Range(column.detection_limit, column.saturation))
        if out is not None and out.limit is None:
            collector.dropped.append(Dropped(observable, row.number, out.reason, side=out.side))
            continue
        value = collector.number(row, column.column) if out is None else out.limit
        if value is None or condition is None or time is None:
            continue
        if out is None and not _possible(collector, row, column, value):
            continue
        value, unit = readout(value, column.unit, column.mass)
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
        )
        limited(collector, found, found.censored, out.reason if out else "")


def _possible(collector: Collector, row: Row, column: Column, value: float) -> bool:
    """Whether the noise model can have made the value; a negative one is named as such."""
    if column.noise == "lognormal" and value < 0:
        what = f"negative intensity {row[column.column]} cannot have lognormal noise."
        remedy = "Choose 'noise: normal', or give values with their background and 'offset: true'."
        if column.offset:
            remedy = "A background was subtracted: give values with their background, or choose 'noise: normal'."
        collector.fault(row, column.column, what, remedy)
        return False
    most = {"fraction": 1.0, "percent": 100.0}.get(column.unit)
    if most is not None and not column.scale and not column.offset and value > most:
        what = f"{row[column.column]} where a {column.unit} is at most {most:g}."
        remedy = "Say its unit ('unit: percent' of 0 to 100, 'unit: fraction' of 0 to 1), or 'scale: true'."
        collector.fault(row, column.column, what, remedy)
        return False
    return collector.positive(row, column.column, value, column.noise, offset=column.offset)


def _columns(spec: Table) -> list[str]:
    told = spec.take.condition
    by_name = [] if told.fixed or told.read else ["condition"]
    return [spec.time, *by_name, *(column.column for column in spec.columns.values())]


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
    units=("a.u.", "ratio", "relative", "fraction", "molecules/cell", "nM"),
    freeze=_frozen,
)
