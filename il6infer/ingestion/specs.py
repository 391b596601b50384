"""The frozen description of a data set: which files, which assay, which columns, which read-outs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class WesternBlot:
    """One gel: a lane a row, band intensities in columns.

    Attributes
    ----------
    signal
        Column of the band that is read.
    normalise
        Column the signal is divided by, or ``none``; if not given, the loading control where there is one.
    loading
        Column of the loading control; its lane-to-lane variation is reported.
    """

    path: str
    observable: str
    batch: str
    signal: str
    normalise: str | None = None
    loading: str | None = None
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False
    assay: str = "western_blot"

    @property
    def divisor(self) -> str | None:
        """Column that the signal is divided by, if any."""
        if self.normalise == "none":
            return None
        return self.normalise or self.loading

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        return (self.observable,)


@dataclass(frozen=True)
class Luciferase:
    """One dual-luciferase plate: a well a row, firefly and Renilla counts in columns."""

    path: str
    observable: str
    batch: str
    firefly: str = "firefly"
    renilla: str = "renilla"
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False
    assay: str = "luciferase"

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        return (self.observable,)


@dataclass(frozen=True)
class Qpcr:
    """One qPCR plate: a well a row, Ct of a gene.

    Attributes
    ----------
    target, reference
        Gene that is read, and the gene that the sample's amount is judged by.
    cycles
        Cycles that the machine ran: an undetermined Ct is at least this.
    technical
        ``mean``: one value a sample, from the mean Ct of its technical replicates (they share the sample's
        biology and are not independent); ``keep``: one value a target well.
    """

    path: str
    observable: str
    batch: str
    target: str
    reference: str
    cycles: float = 40.0
    technical: str = "mean"
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False
    assay: str = "qpcr"

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        return (self.observable,)


@dataclass(frozen=True)
class Column:
    """One read-out of a prepared table: its column, unit, noise, and whether scale and offset are unknown."""

    column: str
    unit: str
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False


@dataclass(frozen=True)
class Table:
    """A prepared table: a sample a row, read-outs in columns.

    Attributes
    ----------
    condition
        The one condition of all rows, when `condition_column` is None.
    condition_map
        Cell text of `condition_column` -> condition, None to leave its rows out; numbers compare as numbers.
        None when the cells name the conditions themselves.
    duplicates
        What to do with rows that are equal in every cell: ``refuse``, ``keep`` (measured so) or ``drop`` (copies).
    """

    path: str
    batch: str
    columns: Mapping[str, Column]
    time: str = "time"
    time_unit: str = "min"
    condition: str | None = None
    condition_column: str | None = None
    condition_map: Mapping[str, str | None] | None = None
    duplicates: str = "refuse"
    assay: str = "table"

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        return tuple(self.columns)


File = WesternBlot | Luciferase | Qpcr | Table


@dataclass(frozen=True)
class Description:
    """A data set.

    Attributes
    ----------
    path
        The YAML file.
    protocol
        Name of the protocol's CSV file in the data folder, or its rows.
    files
        The raw files, in the order of the description.
    """

    path: Path
    title: str
    protocol: str | tuple[Mapping[str, Any], ...]
    files: tuple[File, ...]
    simulated: bool = False
    cell: str = ""
    source: str = ""
    notes: str = field(default="", repr=False)


def file_of(entry: Mapping[str, Any]) -> File:
    """Freeze one valid entry of ``files``."""
    entry = dict(entry)
    assay = entry.pop("assay")
    if assay == "western_blot":
        return WesternBlot(**entry)
    if assay == "luciferase":
        return Luciferase(**entry)
    if assay == "qpcr":
        return Qpcr(**entry)
    condition = entry.pop("condition")
    if isinstance(condition, str):
        entry["condition"] = condition
    else:
        entry["condition_column"] = condition["column"]
        mapping = condition.get("map")
        entry["condition_map"] = None if mapping is None else {str(key): value for key, value in mapping.items()}
    entry["columns"] = {observable: Column(**column) for observable, column in entry.pop("observables").items()}
    return Table(**entry)
