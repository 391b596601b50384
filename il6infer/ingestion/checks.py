"""Checks that need more than one file: conditions against the protocol, noise, gels, controls."""

from __future__ import annotations

from collections.abc import Sequence

from il6infer._errors import Fault, nearest
from il6infer._tables import Sheet
from il6infer.ingestion.assay import File
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.protocol import Protocol
from il6infer.ingestion.sources import Source


def against_protocol(protocol: Protocol, sources: Sequence[Source], *, complete: bool) -> list[Fault]:
    """Faults of data and protocol that only show side by side.

    Parameters
    ----------
    protocol
        The steps.
    sources
        The raw files.
    complete
        Whether every file of the data set could be read; else no condition is called unmeasured.
    """
    faults: list[Fault] = []
    measured: set[str] = set()
    for source in sources:
        if source.sheet is None or source.reading.conditions is None:
            complete = False
            continue
        measured |= set(source.reading.conditions)
        faults += _unknown_conditions(protocol, source, source.sheet)
        faults += _too_early(protocol, source, source.sheet)
        faults += ASSAYS[source.spec.assay].check(source.sheet, source.reading, protocol.controls)
    if complete:
        sheet = protocol.sheet
        faults += [
            Fault(
                sheet.where(row, "condition"),
                f"condition '{condition}' is never measured: no file has a value of it.",
                "Remove it, or list the file that measures it.",
            )
            for condition, row in protocol.conditions.items()
            if condition not in measured
        ]
    return faults


_COLUMN = (
    "The file has a column of that name, and 'condition:' names one condition for all rows: "
    "write 'columns: {{condition: {}}}' in its place."
)


def _unknown_conditions(protocol: Protocol, source: Source, sheet: Sheet) -> list[Fault]:
    column = source.spec.take.condition.shown
    return [
        Fault(
            sheet.where(row, column) if column else sheet.name,
            f"condition '{condition}' is not in the protocol.",
            _COLUMN.format(condition) if condition in sheet.columns else nearest(condition, protocol.conditions),
        )
        for condition, row in (source.reading.conditions or {}).items()
        if condition not in protocol.conditions
    ]


def _too_early(protocol: Protocol, source: Source, sheet: Sheet) -> list[Fault]:
    return [
        Fault(
            sheet.where(row, source.spec.time),
            f"{time:g} min is before the protocol of '{condition}' starts ({protocol.start(condition):g} min).",
            f"Add a control step at {time:g} min to the protocol, or correct the time.",
        )
        for condition, (time, row) in source.reading.times.items()
        if condition in protocol.conditions and time < protocol.start(condition)
    ]


def between_files(sources: Sequence[Source]) -> list[Fault]:
    """Files that contradict or repeat each other.

    One gel's name given to two, one read-out with two noise models, a value or a whole file read twice.
    """
    faults: list[Fault] = []
    batches: dict[tuple[str, str], str] = {}
    noises: dict[str, tuple[str, str]] = {}
    for spec in (source.spec for source in sources):
        for observable in spec.observables:
            key = (observable, spec.batch)
            if batches.get(key, spec.path) != spec.path:
                what = f"batch '{spec.batch}' of {observable} is also that of {batches[key]}."
                faults.append(Fault(spec.path, what, "Give each gel or plate a batch of its own, and list it once."))
            batches.setdefault(key, spec.path)
            noise = spec.noise_of(observable)
            known, where = noises.setdefault(observable, (noise, spec.path))
            if noise != known:
                what = f"noise of {observable} is {noise}, but {known} in {where}."
                faults.append(Fault(spec.path, what, "A read-out has one noise model in all files."))
    return faults + _read_twice(sources)


def _read_twice(sources: Sequence[Source]) -> list[Fault]:
    faults: list[Fault] = []
    read: dict[tuple[str, str, str, str], dict[int, str]] = {}
    contents: dict[str, str] = {}
    for source in sources:
        path, digest = source.spec.path, source.sha256
        same = contents.setdefault(digest, path) if digest else path
        if same != path:
            faults.append(Fault(path, f"has the same content as {same}.", "List each measurement once."))
        for observable in source.spec.observables:
            rows = {value.row: source.spec.batch for value in source.reading.values if value.observable == observable}
            before = read.setdefault((*source.part, observable, _column(source.spec, observable)), {})
            twice = sorted(rows.keys() & before.keys())
            if twice:
                what = f"{observable} of {len(twice)} rows, the first row {twice[0]}, is read for two batches"
                what += f" ({before[twice[0]]}, {source.spec.batch})."
                faults.append(Fault(path, what, "List each measurement once."))
            before.update(rows)
    return faults


def _column(spec: File, observable: str) -> str:
    """Column of a read-out's values, where an entry names one: replicates may stand in columns, an entry for each."""
    columns = getattr(spec, "columns", {})
    return columns[observable].column if observable in columns else getattr(spec, "signal", "")
