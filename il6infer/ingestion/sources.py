"""Each file of a description to what was read of it: one source a gel or plate."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from il6infer._errors import Fault
from il6infer._files import digest
from il6infer._once import once
from il6infer._tables import Row, Sheet
from il6infer.ingestion.assay import File
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.bands import Joined
from il6infer.ingestion.cells import read_bytes
from il6infer.ingestion.hidden_rows import hidden_rows
from il6infer.ingestion.join import with_house_names, with_names
from il6infer.ingestion.labels import name_of
from il6infer.ingestion.layout import PLACES, joined, places_of, read_layout
from il6infer.ingestion.loading import Loaded, load
from il6infer.ingestion.reading import Dropped, Reading, Value
from il6infer.ingestion.taking import select


@dataclass(frozen=True)
class Source:
    """One gel or plate of one raw file.

    Attributes
    ----------
    sheet
        Its cells; None when unreadable.
    loaded
        How its table was found.
    layout_sha256
        Digest of the layout's own table, where it has one.
    """

    spec: File
    sheet: Sheet | None
    reading: Reading
    sha256: str = ""
    loaded: Loaded | None = None
    layout_sha256: str = ""

    @property
    def part(self) -> tuple[str, str]:
        """File and sheet."""
        return self.spec.path, self.loaded.grid.sheet if self.loaded else ""


@dataclass(frozen=True)
class Sound:
    """A gel or plate that was read without a fault.

    Attributes
    ----------
    passed_over
        Columns of its sheet that nobody named.
    """

    source: Source
    sheet: Sheet
    passed_over: tuple[str, ...]

    @once
    def read(self) -> tuple[tuple[Value, Row], ...]:
        """Each value with each row that it is read of."""
        rows = {row.number: row for row in self.sheet.rows}
        return tuple((one, rows[place]) for one in self.source.reading.values for place in one.rows or (one.row,))

    def where(self, column: str) -> str:
        """Name a column of its file, for a message."""
        return f"{self.source.spec.path}, column '{column}'"


def without_faults(sources: Iterable[Source]) -> Iterator[Sound]:
    """Gels and plates that were read without a fault.

    Parameters
    ----------
    sources
        Each gel or plate.
    """
    for source in sources:
        sheet = source.reading.sheet
        if sheet is not None and not source.reading.faults:
            yield Sound(source, sheet, tuple(c for c in source.reading.passed_over if c in sheet.columns))


def sources(spec: File, folder: Path, protocol: Collection[str]) -> list[Source]:
    """Read a file.

    Parameters
    ----------
    spec
        Its entry.
    folder
        That its path starts from.
    protocol
        Conditions whose steps the description gives.

    Returns
    -------
    list
        One source, or one for each cell of the column that tells gel or plate.
    """
    path, take, assay = folder / spec.path, spec.take, ASSAYS[spec.assay]
    content, faults = read_bytes(path, spec.path)
    if content is None:
        return [Source(spec, None, Reading(faults=tuple(faults)))]
    sha256 = digest(path)
    loaded, faults = load(content, spec.path, take, assay.wanted(spec))
    if loaded is None:
        return [Source(spec, None, Reading(faults=tuple(faults)))]
    kept_names = frozenset(name for key in ("blank", "control") if (name := getattr(spec, key, "")))
    sheet, left = _samples(loaded, kept_names)
    step = Joined(sheet, exempt=kept_names, standard=getattr(spec, "standard", ""))
    with_names(step, take)
    layout_sha256 = ""
    if take.layout and not step.faults:
        with_house_names(step, [c for c in PLACES if c != "row"])
        if isinstance(take.layout, str):
            places, faults = read_layout(folder / take.layout, take.layout, step.sheet, kept_names)
            layout_sha256 = "" if faults else digest(folder / take.layout)
            name = take.layout
        else:
            places, faults = places_of(step.sheet, take.layout, kept_names)
            name = f"{step.sheet.name}, layout"
        step.faults += faults
        if not faults:
            before = set(step.sheet.columns)
            step.sheet, out, faults = joined(step.sheet, places, name, step.standard, loaded.sheet.rows if left else ())
            step.faults += faults
            left += out
            step.used |= {*places, *(set(step.sheet.columns) - before)}
    kept, out, faults = (step.sheet, [], []) if step.faults else select(step.sheet, take)
    faults = [*faults, *(step.labels[row.number] for row in kept.rows if row.number in step.labels)]
    if step.faults or faults:
        return [Source(spec, None, Reading(faults=(*step.faults, *faults)), sha256, loaded)]
    left += out
    found = []
    empty = [row for row in kept.rows if take.batch_column and not row.cells.get(take.batch_column, "-")]
    if empty and not take.batch_empty:
        more = f", and so in {len(empty) - 1} more" if empty[1:] else ""
        what = f"the cell is empty, a gel or plate is expected{more}."
        said = f"batch: {{column: {take.batch_column}, empty: ...}}"
        fault = Fault(kept.where(empty[0], take.batch_column), what, f"Fill it in, or name it: '{said}'.")
        return [Source(spec, None, Reading(faults=(fault,)), sha256, loaded)]
    if faults := [*_alike(kept, take.batch_column), *_unseen(content, kept, loaded)]:
        return [Source(spec, None, Reading(faults=tuple(faults)), sha256, loaded)]
    rows = {row.number: row for row in loaded.sheet.rows}
    for batch, sheet, mine in _batches(spec, kept, left, rows):
        one: Any = replace(spec, batch=batch) if sheet is not None and spec.take.batch_column else spec  # type: ignore[type-var]
        if sheet is None:
            missing = kept.missing([take.batch_column])
            return [Source(spec, None, Reading(faults=tuple(missing)), sha256, loaded)]
        reading = assay.reading(sheet, one, protocol=protocol, step=step)
        drops = tuple(Dropped(observable, row, reason) for observable in spec.observables for row, reason in mine)
        passed = (*reading.passed_over, *loaded.block.passed_over)
        reading = replace(reading, dropped=(*reading.dropped, *drops), passed_over=passed)
        whole = _with_left_out(reading.sheet or sheet, [*sheet.rows, *(rows[row] for row, _ in mine if row in rows)])
        found.append(Source(one, whole, reading, sha256, loaded, layout_sha256))
    return _with_values(found)


def _alike(kept: Sheet, column: str) -> list[Fault]:
    """Find gels or plates of a column whose names in the file differ, and would become one."""
    first: dict[str, Row] = {}
    faults: dict[tuple[str, str], Fault] = {}
    for row in kept.rows if column in kept.columns else ():
        cell = row[column]
        name = _batch_name(column, cell)
        other = first.setdefault(name, row)
        if cell and other[column] and cell != other[column]:
            what = f"'{cell}' and '{other[column]}' of row {other.number} would both be called {name}."
            remedy = "Write them alike if they are one gel or plate, else name one of them otherwise."
            faults.setdefault((cell, other[column]), Fault(kept.where(row, column), what, remedy))
    return list(faults.values())


def _unseen(content: bytes, kept: Sheet, loaded: Loaded) -> list[Fault]:
    """Find rows that would be read, and that the workbook hides from who looks at it."""
    hidden = hidden_rows(content, loaded.grid.sheet) if loaded.grid.sheet else frozenset()
    lines = sorted({row.line or row.number for row in kept.rows} & hidden)
    if not lines:
        return []
    shown = ", ".join(map(str, lines[:5])) + (" ..." if len(lines) > 5 else "")
    are = "a row that would be read is" if len(lines) == 1 else f"{len(lines)} rows that would be read are"
    what = f"{are} hidden in the workbook (row {shown})."
    return [Fault(kept.name, what, "Show what is to be read; delete the rest, or leave it out by 'where'.")]


def _with_values(found: list[Source]) -> list[Source]:
    """Add the fault of each read-out that no gel or plate of a file has a value of."""
    first = found[0]
    faults = []
    for observable in first.spec.observables:
        drops = [drop for source in found for drop in source.reading.dropped if drop.observable == observable]
        read = any(value.observable == observable for source in found for value in source.reading.values)
        if not read and not any(drop.side for drop in drops) and not any(source.reading.faults for source in found):
            reasons = Counter(drop.reason for drop in drops)
            why = (
                f" ({', '.join(f'{count} rows: {reason}' for reason, count in reasons.most_common(2))})"
                if reasons
                else ""
            )
            what = f"{observable} has no value at all{why}."
            faults.append(Fault(first.spec.path, what, f"Mend that, or take {observable} out of the description."))
    reading = replace(first.reading, faults=(*first.reading.faults, *faults))
    return [replace(first, reading=reading), *found[1:]]


def _samples(loaded: Loaded, controls: Collection[str]) -> tuple[Sheet, list[tuple[int, str]]]:
    """Rows of samples, and of controls that the description names; those that the program marks as others are left."""
    left, rows = dict(loaded.block.left), []
    if not left:
        return loaded.sheet, []
    for row in loaded.sheet.rows:
        reason = left.get(row.number, "")
        task = reason.removeprefix("task ") if reason.startswith("task ") else ""
        name = next((c for c in controls if task and c in (task, row.cells.get("sample"))), "")
        if name:
            del left[row.number]
            row = row.with_cells({**row.cells, "sample": name})
        if row.number not in left:
            rows.append(row)
    return replace(loaded.sheet, rows=tuple(rows)), list(left.items())


def _with_left_out(read: Sheet, rows: Iterable[Row]) -> Sheet:
    """Sheet of a source for messages and counts: the rows that were read, and the others of its gel or plate."""
    have = {row.number for row in read.rows}
    return replace(read, rows=(*read.rows, *(row for row in rows if row.number not in have)))


def _batches(
    spec: File, kept: Sheet, left: list[tuple[int, str]], file: Mapping[int, Row]
) -> list[tuple[str, Sheet | None, list[tuple[int, str]]]]:
    """Batch, rows, and rows left out; all in one where no column tells; a None sheet where the column is missing."""
    column = spec.take.batch_column
    if not column:
        return [(spec.batch, kept, left)]
    if column not in kept.columns:
        return [("", None, [])]
    read: dict[str, list[Row]] = {}
    for row in kept.rows:
        read.setdefault(row[column], []).append(row)
    first = next(iter(read), "")
    out: dict[str, list[tuple[int, str]]] = {}
    for row, reason in left:
        cell = file[row].cells.get(column, "") if row in file else ""
        out.setdefault(cell if cell in read else first, []).append((row, reason))
    return [
        (_batch_name(column, cell or spec.take.batch_empty), replace(kept, rows=tuple(rows)), out.get(cell, []))
        for cell, rows in read.items()
    ]


def _batch_name(column: str, cell: str) -> str:
    if re.fullmatch(r"[A-Za-z_]\w*", cell, re.ASCII):
        return cell
    return name_of(f"{column} {cell}")
