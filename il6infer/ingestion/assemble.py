"""From a description and a folder of raw files to the measurement table, the protocol and a report."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from il6infer import stages
from il6infer._errors import Fault, UserError, raise_faults
from il6infer._files import digest
from il6infer._outputs import atomic_files
from il6infer._tables import Row, Sheet, number
from il6infer.ingestion.bands import added
from il6infer.ingestion.cells import read_bytes
from il6infer.ingestion.checks import against_protocol, between_files
from il6infer.ingestion.dataset import read_description
from il6infer.ingestion.floors import limits_put_for_none, untaken_backgrounds
from il6infer.ingestion.labels import Rows, step
from il6infer.ingestion.loading import load
from il6infer.ingestion.protocol import COLUMNS as PROTOCOL_COLUMNS
from il6infer.ingestion.protocol import Protocol, read_protocol, sheet_of
from il6infer.ingestion.reading import Value
from il6infer.ingestion.replicates import labels_of, numbered
from il6infer.ingestion.schema import checked
from il6infer.ingestion.sources import Source
from il6infer.ingestion.sources import sources as read_sources
from il6infer.ingestion.specs import Description
from il6infer.ingestion.summary import raw_file, summary
from il6infer.ingestion.taking import Take
from il6infer.ingestion.told_apart import other_doses, told_apart
from il6infer.ingestion.unread import differing_settings, dilutions_in_names, second_wavelengths
from il6infer.ingestion.unsaid import other_cells, technical_replicates, undone_dilutions, unsaid_remarks, unsaid_washes
from il6infer.stages import genotype
from il6infer.stages.genotype import Genotype
from il6infer.stages.ingest import IngestSummary, RawFile
from il6infer.stages.tables import MEASUREMENTS, PROTOCOL, names, write_table

ALIKE = 10
"""Faults of one kind in one column of one file that a message lists."""


@dataclass(frozen=True)
class Tables:
    """What the stage hands on.

    Attributes
    ----------
    measurements
        One value a row; columns and their types in `il6infer.stages.tables.MEASUREMENTS`.
    protocol
        One action a row: ``condition,time_min,action,species,concentration_nM,dose,unit``; in order of condition,
        time, and effect (wash before set before add); ``knock_out`` and ``set`` say what the condition's cells are.
    report
        Counts by file and read-out, what was left out and why, sha256 of every input (``ingest.json``).
    """

    measurements: pd.DataFrame
    protocol: pd.DataFrame
    report: IngestSummary


def ingest(description: Path, name: str, folder: Path) -> Tables:
    """Read a data set.

    Parameters
    ----------
    description
        YAML file (schema: `il6infer.ingestion.dataset.schema`).
    name
        Name of the data set: letters, digits and _.
    folder
        Folder that the paths of the description start from.

    Returns
    -------
    Tables
        Measurements, protocol, report.

    Raises
    ------
    UserError
        One message with every fault of every file.
    """
    found = examine(description, name, folder)
    found.raise_faults()
    described, protocol, sources = found.described, found.protocol, found.sources
    if protocol is None:
        raise UserError(f"{found.subject}: the protocol cannot be read.")
    measurements = checked(_measurements(name, described, sources), found.subject)
    inputs = {description.name: description}
    if isinstance(described.protocol, str):
        inputs[described.protocol] = folder / described.protocol
    digests = {label: digest(path) for label, path in inputs.items()}
    report = summary(name, described, protocol, sources, measurements, digests)
    return Tables(measurements, protocol_table(protocol, set(measurements["condition"])), report)


@dataclass(frozen=True)
class Examined:
    """What was found of a data set, sound or not: its description, files, protocol (None: unreadable), and faults."""

    subject: str
    described: Description
    sources: tuple[Source, ...]
    protocol: Protocol | None
    faults: tuple[Fault, ...]

    @property
    def files(self) -> tuple[RawFile, ...]:
        """What each gel or plate gives."""
        return tuple(raw_file(source) for source in self.sources)

    def raise_faults(self) -> None:
        """Raise one `UserError` with all faults; none: do nothing."""
        raise_faults(self.faults, self.subject, alike=ALIKE)


def examine(description: Path, name: str, folder: Path) -> Examined:
    """Read the files of a data set, and gather every fault.

    Parameters
    ----------
    description, name, folder
        As for `ingest`.

    Raises
    ------
    UserError
        Where there is nothing to be read: no folder, no description, no name.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise UserError(f"data set name '{name}': use letters, digits and _, with a letter or _ first.")
    if not folder.is_dir():
        raise UserError(f"data set '{name}': no such data folder {folder}. Give the folder that holds the raw files.")
    subject = f"data set '{name}'"
    described, faults = read_description(description)
    if described is None:
        raise_faults(faults, subject)
        raise UserError(f"{subject}: {description.name} cannot be read.")
    sheet, found = _protocol_sheet(described, folder)
    given = [row["condition"] for row in sheet.rows if "condition" in sheet.columns] if sheet else []
    sources = [source for spec in described.files for source in read_sources(spec, folder, given)]
    complete = not faults
    protocol = None
    if sheet is not None:
        sheet, clashes = _with_steps(sheet, sources, set(given))
        protocol, more = read_protocol(sheet, described.conditions)
        found = [*found, *clashes, *more]
    faults += found
    faults += [fault for source in sources for fault in source.reading.faults]
    if protocol is not None:
        faults += against_protocol(protocol, sources, complete=complete)
    faults += between_files(sources)
    if not faults:
        faults += [*told_apart(sources, protocol), *undone_dilutions(sources), *technical_replicates(sources)]
        faults += [*differing_settings(sources), *second_wavelengths(sources), *dilutions_in_names(sources)]
        faults += [*untaken_backgrounds(sources), *limits_put_for_none(sources), *other_cells(sources, described.cell)]
        if protocol is not None:
            faults += [*other_doses(sources, protocol), *unsaid_remarks(sources, protocol)]
            faults += unsaid_washes(sources, protocol)
    return Examined(subject, described, tuple(sources), protocol, tuple(dict.fromkeys(faults)))


def write(tables: Tables, output: Path) -> None:
    """Write ``measurements.csv``, ``protocol.csv`` and ``ingest.json`` (UTF-8, LF, floats as ``%.10g``)."""
    subject = f"data set '{tables.report.dataset}'"
    with atomic_files(output) as folder:
        write_table(folder / "measurements.csv", tables.measurements, MEASUREMENTS, subject)
        write_table(folder / "protocol.csv", tables.protocol, PROTOCOL, subject)
        stages.write(folder / "ingest.json", tables.report)


def _protocol_sheet(described: Description, folder: Path) -> tuple[Sheet | None, list[Fault]]:
    if not isinstance(described.protocol, str):
        return sheet_of(described.protocol, described.path.name), []
    content, faults = read_bytes(folder / described.protocol, described.protocol)
    if content is None:
        return None, faults
    loaded, faults = load(content, described.protocol, Take(format="table"), PROTOCOL_COLUMNS)
    return (loaded.sheet if loaded else None), faults


def _with_steps(sheet: Sheet, sources: Sequence[Source], given: Collection[str]) -> tuple[Sheet, list[Fault]]:
    """Protocol with the steps of conditions that say theirs (labels, doses), and those that say two things."""
    lacking = [column for column in genotype.COLUMNS if column not in sheet.columns]
    if lacking and any(row.get(column) for row in _steps(sources) for column in lacking):
        sheet = added(sheet, {column: [""] * len(sheet.rows) for column in lacking})
    rows, faults = list(sheet.rows), []
    said: dict[str, tuple[Rows, str]] = {}
    first: dict[str, float] = {}
    for source in sources:
        for condition, (time, _) in source.reading.times.items():
            first[condition] = min(time, first.get(condition, 0.0))
    for source in sources:
        for condition, steps in source.reading.steps.items():
            before, where = said.get(condition, (steps, source.spec.path))
            if condition in given:
                continue
            if before != steps:
                what = f"condition '{condition}' is not what it is in {where}."
                faults.append(Fault(source.spec.path, what, "Give one of the two another name."))
            if condition not in said:
                place = f"condition '{condition}' of {source.spec.path}"
                begun = min(0.0, *(float(step["time_min"]) for step in steps))
                if first.get(condition, 0.0) < begun:  # measured at rest, before anything was done
                    steps = (step(condition, first[condition], "control"), *steps)
                cells = [{column: _as_in(sheet, one.get(column, "")) for column in sheet.columns} for one in steps]
                rows += [Row(len(rows) + 2 + i, each, place=place) for i, each in enumerate(cells)]
            said.setdefault(condition, (source.reading.steps[condition], source.spec.path))
    return replace(sheet, rows=tuple(rows)), faults


def _steps(sources: Sequence[Source]) -> Iterator[Mapping[str, str]]:
    """Rows of a protocol that the files say themselves."""
    for source in sources:
        for steps in source.reading.steps.values():
            yield from steps


def _as_in(sheet: Sheet, cell: str) -> str:
    """Write a cell of a step as the protocol's table writes its numbers."""
    value = number(cell)
    return cell if value is None else sheet.written(value)


def _measurements(name: str, described: Description, sources: Sequence[Source]) -> pd.DataFrame:
    """All values, in the order of files and rows."""
    found = [value for source in sources for value in source.reading.values]
    specs = [source.spec for source in sources for _ in source.reading.values]
    lines = [source.sheet.lines() if source.sheet and source.reading.values else {} for source in sources]
    cells = {
        "dataset": name,
        "replicate": 0,
        "batch": [spec.batch for spec in specs],
        "assay": [spec.assay for spec in specs],
        "simulated": described.simulated,
        "source_file": [spec.path for spec in specs],
        "source_row": [of[one.row] for of, source in zip(lines, sources, strict=True) for one in source.reading.values],
    }
    own = dict(zip(Value._fields, zip(*found, strict=True) if found else [()] * len(Value._fields), strict=True))
    cells |= {key: own[key] for key in names(MEASUREMENTS) if key not in cells}
    cells |= {key: np.array(cells[key], float) for key in ("detection_limit", "error", "scale_sd")}  # None is NaN
    frame = pd.DataFrame(cells, index=range(len(found)), columns=list(names(MEASUREMENTS)))
    return frame.assign(replicate=numbered(frame, labels_of(sources)))


def protocol_table(protocol: Protocol, measured: Collection[str]) -> pd.DataFrame:
    """Write the steps of all conditions that have a value; where all wells lay below range, nothing can be fitted.

    Parameters
    ----------
    protocol
        As it was read.
    measured
        Conditions that have a value.
    """
    steps = [step for step in protocol.steps if step.condition in measured]
    own = [column for column in names(PROTOCOL) if column not in genotype.COLUMNS]
    cells = {name: protocol.genotypes.get(name, Genotype()).cells for name in measured}
    rows = [
        {column: getattr(step, column) for column in own}
        | dict(zip(genotype.COLUMNS, cells[step.condition], strict=True))
        for step in steps
    ]
    frame = pd.DataFrame(rows, columns=list(names(PROTOCOL)))
    return frame.astype({"time_min": float, "concentration_nM": float, "dose": float})
