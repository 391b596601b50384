"""What was read of a data set, what was left out and why (``ingest.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class FileDigest:
    """A file and its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Dropped:
    """Cells of one read-out left out for one reason.

    Attributes
    ----------
    rows
        Of the file, the header being row 1.
    detection_limit
        The highest of them; null where there is none.
    side
        Where the missing values would lie: below or above what could be measured; empty where nothing says so.
    """

    observable: str
    reason: str
    count: int
    rows: tuple[int, ...]
    detection_limit: float | None
    side: str = ""


@dataclass(frozen=True)
class QualityCheck:
    """A number that says how good a file is, and the limit beyond which it should be looked at.

    Attributes
    ----------
    name, what
        Of the number: its name, and in words.
    good
        Whether it lies on the side of the limit that calls for no second look.
    """

    name: str
    what: str
    value: float
    limit: float
    good: bool


@dataclass(frozen=True)
class RawFile:
    """One file of measurements.

    Attributes
    ----------
    rows
        That it has, without the header.
    values, censored
        Read-out -> values that were read, and how many of them are limits of what lies below or above them.
    quality
        What its assay reports of it, by name.
    ignored, passed_over
        Columns that the description leaves out on purpose, and others that it does not name.
    warnings
        What a reader of its values must know, such as which way values that were left out bias the rest.
    format, sheet
        Kind of file that it was read as, and the sheet of the workbook.
    encoding, decimal, thousands
        How its text and numbers are written; no encoding for a workbook.
    around
        Lines that stand above and below the table.
    layout
        File that says what is where; null where none does.
    checks
        Numbers of `quality` beside their limits.
    """

    path: str
    assay: str
    batch: str
    sha256: str
    rows: int
    values: Mapping[str, int]
    dropped: tuple[Dropped, ...]
    quality: Mapping[str, float]
    ignored: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    format: str = ""
    sheet: str = ""
    encoding: str = ""
    decimal: str = "."
    thousands: str = ""
    around: tuple[str, ...] = ()
    layout: FileDigest | None = None
    censored: Mapping[str, int] = field(default_factory=dict)
    checks: tuple[QualityCheck, ...] = ()


@dataclass(frozen=True)
class MolecularWeight:
    """Molecular weight [kDa] that doses were converted with, its range, and where it is from."""

    kDa: float
    low: float
    high: float
    source: str
    doi: str


@dataclass(frozen=True)
class IngestSummary:
    """A data set as it was read.

    Attributes
    ----------
    description, protocol
        The files that say what was measured, and what was done to the cells; null for a PEtab problem.
    values
        How many.
    observables, conditions
        Read-out, and condition -> values of it.
    molecular_weights
        Species -> what its doses were converted with.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer ingest"

    dataset: str
    title: str
    simulated: bool
    cell: str
    source: str
    notes: str
    description: FileDigest | None
    protocol: FileDigest | None
    values: int
    observables: Mapping[str, int]
    conditions: Mapping[str, int]
    files: tuple[RawFile, ...]
    molecular_weights: Mapping[str, MolecularWeight]
