"""What an assay is: one entry says how its files are described, read, checked, and made by a simulated instrument."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pandas as pd

from il6infer._errors import Fault
from il6infer._tables import Sheet
from il6infer._units import TIME_UNITS
from il6infer.ingestion.guard import guard, passed_over
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
    "type": "string",
    "pattern": NAME_PATTERN,
    "description": "Gel or plate: letters, digits and _; it becomes part of parameter names.",
}
NOISE = {"enum": list(NOISES), "default": NOISES[0], "description": "Distribution of the measurement error."}
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
TIME_UNIT = {"enum": list(TIME_UNITS), "default": "min", "description": "Unit of the time column."}


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
    def condition_column(self) -> str | None:
        """Column that tells the condition; None where one condition is that of all rows."""
        ...

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        ...

    def noise_of(self, observable: str) -> str:
        """Noise model of a read-out."""
        ...


@dataclass(frozen=True)
class Instrument:
    """A simulated instrument: the class of its settings, and what makes a raw file from noise-free read-outs."""

    settings: type
    make: Callable[..., pd.DataFrame]


def _no_more(sheet: Sheet, reading: Reading, controls: Collection[str]) -> list[Fault]:
    return []


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
                **self.keys,
                **KEYS,
            },
        }

    def file(self, entry: Mapping[str, Any]) -> File:
        """Freeze a valid entry of ``files``."""
        keys = {key: value for key, value in entry.items() if key != "assay" and key not in KEYS}
        file = self.freeze(keys) if self.freeze else self.spec(**keys)
        return replace(file, take=take_of(entry))

    def reading(self, sheet: Sheet, spec: Any) -> Reading:
        """Read a file; one that lacks columns has these faults and nothing else."""
        columns = self.columns(spec)
        taken, left, faults = select(sheet, spec.take, columns)
        if faults:
            return Reading(faults=tuple(faults))
        found = self.read(taken, spec)
        unnamed = passed_over(taken, {*columns, *spec.take.where, *spec.take.ignore})
        out = [Dropped(observable, row, reason) for observable in spec.observables for row, reason in left]
        return replace(
            found,
            faults=(*found.faults, *guard(taken, unnamed, found.values)),
            dropped=(*found.dropped, *out),
            passed_over=unnamed,
            ignored=spec.take.ignore,
        )
