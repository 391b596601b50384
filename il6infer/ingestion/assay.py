"""What an assay is: one entry says how its files are described, read, checked, and made by a simulated instrument."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pandas as pd

from il6infer._errors import Fault
from il6infer._tables import Sheet
from il6infer._units import TIME_UNITS
from il6infer.ingestion.bands import Joined, with_bands, with_lanes, with_replicates
from il6infer.ingestion.blocks import repeated
from il6infer.ingestion.cells import Merged
from il6infer.ingestion.guard import guard, marked, passed_over, summed_up
from il6infer.ingestion.headers import contradicted, logarithms, transformed
from il6infer.ingestion.join import CLOCKS, with_conditions, with_house_names, with_times
from il6infer.ingestion.join import KEYS as JOINED_BY
from il6infer.ingestion.reading import NOISES, Dropped, Reading
from il6infer.ingestion.taking import KEYS, Take, select, take_of

NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
COLUMN_NAME = {"type": "string", "minLength": 1}
OBSERVABLE = {
    "type": "string",
    "pattern": NAME_PATTERN,
    "description": "Read-out of the model (il6infer models show).",
}
BATCH = {
    "type": ["string", "object"],
    "pattern": NAME_PATTERN,
    "additionalProperties": False,
    "required": ["column"],
    "properties": {
        "column": {**COLUMN_NAME, "description": "Column that tells gel or plate."},
        "empty": {
            "type": "string",
            "pattern": NAME_PATTERN,
            "description": "Gel or plate of rows whose cell is empty; without the key they are a fault.",
        },
    },
    "description": "Gel or plate: letters, digits and _, it becomes part of parameter names; or the column that tells.",
}
_ERRORS = (
    "Distribution of the measurement error: of the value's logarithm (lognormal) or of the value (normal); laplace, "
    "log-laplace, student-t and log-student-t (four degrees of freedom) have heavy tails, for gels with outliers."
)
NOISE = {"enum": list(NOISES), "default": NOISES[0], "description": _ERRORS}
SCALE = {
    "type": "boolean",
    "default": True,
    "description": "Whether the values are known only up to a factor of their gel or plate.",
}
OFFSET = {
    "type": "boolean",
    "default": False,
    "description": "Whether the values stand on an unknown background of their gel or plate.",
}
TIME = {**COLUMN_NAME, "description": "Column of the times; without the key, the one whose name says so."}
TIME_UNIT = {
    "enum": [*TIME_UNITS, *CLOCKS],
    "default": "min",
    "description": "Unit of the times; without the key, that which the column's name says.",
}


class File(Protocol):
    """One raw file as the description has it, frozen."""

    @property
    def assay(self) -> str:
        """Name of its assay."""
        ...

    @property
    def path(self) -> str:
        """File, relative to the data folder."""
        ...

    @property
    def batch(self) -> str:
        """Gel or plate."""
        ...

    @property
    def time(self) -> str:
        """Column of the times."""
        ...

    @property
    def take(self) -> Take:
        """Rows that are read of it, columns that are passed over, and how its numbers are written."""
        ...

    @property
    def time_unit(self) -> str:
        """Unit of the times."""
        ...

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        ...

    def noise_of(self, observable: str) -> str:
        """Noise model of a read-out."""
        ...


class OneReadout:
    """A `File` that measures one read-out, `observable`, with one `noise`."""

    observable: str
    noise: str

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        return (self.observable,)

    def noise_of(self, observable: str) -> str:
        """Noise model of a read-out."""
        return self.noise


NO_CONDITION = (
    "Say what tells conditions apart: `condition: {column: NAME}` (of several columns `{columns: [a, b], map: "
    "{'KO, 10': ko_high}}`), `condition: {doses: {IL-6: {column: NAME, unit: ng/ml}}}`, or a `layout:` (docs/data.md)."
)
"""What to do about a file without conditions."""


@dataclass(frozen=True)
class Instrument:
    """A simulated instrument: the class of its settings, and what makes a raw file from noise-free read-outs."""

    settings: type
    make: Callable[..., pd.DataFrame]


def _no_more(sheet: Sheet, reading: Reading, controls: Collection[str]) -> list[Fault]:
    return []


def _nothing_stated(spec: Any) -> Mapping[str, tuple[str, bool]]:
    return {}


@dataclass(frozen=True)
class Assay:
    """One kind of raw file.

    Attributes
    ----------
    text
        What a file holds, in a few words.
    spec
        Frozen form of its entry in a description.
    keys, required
        JSON schema of the entry's keys, besides ``path`` and ``assay``, and those that must be there.
    columns
        Columns that a file must have, by its entry.
    read
        Reads (sheet with these columns, entry).
    check
        Faults of (sheet, reading, conditions in which nothing is added) that show only beside the protocol.
    quality
        Names of the numbers that a reading may give for the report.
    units
        Units that its values may have.
    instrument
        Makes such files from a stated truth; None where there is none.
    freeze
        Entry -> `spec`, where it is not the same keys.
    stated
        Entry -> columns whose unit the description says, with that unit, and whether it is known up to a factor only.
    logarithmic
        Whether it reads logarithms.
    """

    name: str
    text: str
    spec: type
    keys: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    columns: Callable[[Any], list[str]]
    read: Callable[[Sheet, Any], Reading]
    check: Callable[[Sheet, Reading, Collection[str]], list[Fault]] = _no_more
    quality: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    instrument: Instrument | None = None
    freeze: Callable[[Mapping[str, Any]], Any] | None = None
    stated: Callable[[Any], Mapping[str, tuple[str, bool]]] = _nothing_stated
    logarithmic: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of an entry of ``files``."""
        return {
            "type": "object",
            "description": f"{self.text[0].upper()}{self.text[1:]}.",
            "additionalProperties": False,
            "required": ["path", "assay", *self.required],
            "properties": {
                "path": {**COLUMN_NAME, "description": "File, relative to the data folder."},
                "assay": {"const": self.name},
                **KEYS,
                "time": TIME,
                **self.keys,
            },
        }

    def file(self, entry: Mapping[str, Any]) -> File:
        """Freeze a valid entry of ``files``."""
        others = {"assay", *KEYS, *({"time"} - set(self.keys))}
        own = {key: value for key, value in entry.items() if key not in others}
        if isinstance(own.get("batch"), Mapping):
            own["batch"] = ""  # one for each cell of the column
        file = self.freeze(own) if self.freeze else self.spec(**own)
        return replace(file, take=take_of(entry))

    def wanted(self, spec: Any) -> set[str]:
        """Columns by which the table of a file is found: those that the assay and the description read."""
        take = spec.take
        names = {*self.columns(spec), *take.where, *take.ignore, *take.labels, *take.columns, *take.columns.values()}
        return {*names, *take.condition.read, take.condition.kinds.column, take.batch_column, take.time} - {""}

    def reading(
        self, sheet: Sheet, spec: Any, *, protocol: Collection[str] = (), step: Joined | None = None
    ) -> Reading:
        """Read a file; one that lacks columns has these faults and nothing else.

        Parameters
        ----------
        sheet
            Its table.
        protocol
            Conditions whose steps the description gives.
        step
            What was done to the sheet before; None: it is as the file has it, and rows are still to be selected.
        """
        take = spec.take
        if take.decimal is not None:
            sheet = replace(sheet, decimal=take.decimal, thousands=take.thousands or "")
        joined = (
            Joined(sheet)
            if step is None
            else replace(
                step, sheet=sheet, left=[], faults=[], notes=[*step.notes], used=set(step.used), steps={}, faulty=set()
            )
        )
        faults = _marks_faults(sheet, take)
        if step is None:
            joined.sheet, joined.left, found = select(sheet, take)
            faults += found
        columns = self.columns(spec)
        with_times(joined, spec.time, spec.time_unit, timed=take.timed, called=take.time)
        with_house_names(joined, [c for c in columns if c not in ("condition", spec.time)])
        with_bands(joined, columns)
        with_lanes(joined, columns)
        with_replicates(joined, columns)
        both = [column for column in take.ignore if column in {*columns, *take.where}]
        lacking = [c for c in columns if c not in joined.sheet.columns and c != "condition"]
        faults += joined.sheet.missing([take.time if c == spec.time and take.time else c for c in lacking])
        here = {*sheet.columns, *joined.sheet.columns}
        faults += sheet.missing([column for column in take.ignore if column not in here])
        faults += [
            Fault(sheet.name, f"column '{c}' is read, and listed under ignore.", "Take it out of one.") for c in both
        ]
        unit = spec.time_unit if take.timed or not joined.time_unit else joined.time_unit
        if not faults:
            with_conditions(joined, take.condition, protocol, unit)
        if faults or "condition" not in joined.sheet.columns:
            untold = [] if joined.faults or faults else joined.sheet.missing(["condition"])
            untold = [replace(fault, remedy=f"{fault.remedy} {NO_CONDITION}") for fault in untold]
            return Reading(faults=(*faults, *joined.faults, *untold))
        out = {row for row, _ in joined.left} | joined.faulty
        taken = replace(joined.sheet, rows=tuple(row for row in joined.sheet.rows if row.number not in out))
        if not take.timed and joined.time_unit:
            spec = replace(spec, time_unit=joined.time_unit)
        elif spec.time_unit in CLOCKS:
            spec = replace(spec, time_unit="min")
        measured = [c for c in columns if c not in {*JOINED_BY, spec.time}]
        stated = self.stated(spec)
        units = {column: unit for column, (unit, _) in stated.items()}
        units |= {dose.column: dose.unit for dose in take.condition.doses if dose.column}
        factors = [column for column in units if column not in stated or not stated[column][1]]
        headers = [*contradicted(taken, units, factors)]
        numbers = [*(() if self.logarithmic else measured), *(dose.column for dose in take.condition.doses)]
        headers += [*logarithms(taken, numbers), *transformed(taken, () if self.logarithmic else measured)]
        faults = [*joined.faults, *headers, *_merged(taken, measured)]
        found = self.read(taken, spec)
        unnamed = passed_over(
            taken, {*columns, "condition", *take.where, *take.ignore, *joined.used, take.batch_column or "condition"}
        )
        lost = tuple(c for c in joined.lost if c not in {*take.where, *take.ignore, *joined.used})
        found_lost = marked(joined.bands, lost, out) if joined.bands is not None else []
        naming = [c for c in ("replicate", "sample", "well", "lane", "tube") if c in taken.columns and c not in unnamed]
        sums = [fault] if (fault := summed_up(taken, naming, found.values)) else []
        again = [fault] if (fault := repeated(taken, measured, {*unnamed, *take.ignore})) else []
        left = [Dropped(observable, row, reason) for row, reason in joined.left for observable in spec.observables]
        return replace(
            found,
            faults=(*faults, *found.faults, *guard(taken, unnamed, found.values), *sums, *again, *found_lost),
            dropped=(*found.dropped, *left),
            passed_over=(*unnamed, *lost),
            ignored=take.ignore,
            steps=joined.steps,
            notes=tuple(joined.notes),
            sheet=taken,
        )


def _marks_faults(sheet: Sheet, take: Take) -> list[Fault]:
    if take.decimal is None or take.decimal != take.thousands:
        return []
    what = f"decimal and thousands are both '{take.decimal}'."
    return [Fault(sheet.name, what, "Say how its numbers are written: two different marks.")]


def _merged(sheet: Sheet, measured: Collection[str]) -> list[Fault]:
    """Find numbers that a merged cell would give to several rows: of which they are is not said."""
    return [
        Fault(
            sheet.where(row, column),
            f"{row[column]} stands in a merged cell: it is one value of several rows.",
            "Take the merged cell apart, and leave the cells empty that were not measured.",
        )
        for column in measured
        if Merged in {type(row.cells[column]) for row in sheet.rows}
        for row in sheet.rows
        if isinstance(row[column], Merged)
    ]
