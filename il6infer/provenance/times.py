"""Times of results after a copy: results that are what was made, from files that are what they were, are not stale.

Snakemake compares times where it has no digest: of folders always, of all files where its own notes were left behind.
A copy (``cp -r``, a checkout, an archive) sets times in any order, and a fit of hours would run again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from il6infer._errors import UserError
from il6infer.provenance.record import place_of, records
from il6infer.provenance.verify import digest_at
from il6infer.stages.ingest import FileDigest
from il6infer.stages.provenance import Provenance

STAMP = ".snakemake_timestamp"
"""File whose time Snakemake takes for that of the folder that it lies in."""

FOLDERS = ("problem", "predictions", "figures")
"""Results that are folders; the time of any other folder changes with each file that comes into it."""


@dataclass(frozen=True)
class _Made:
    """What one command made and from what: place -> SHA-256."""

    results: Mapping[Path, str]
    inputs: Mapping[Path, str]


def put_in_order(results: Path, benchmarks: Path) -> int:
    """Give results that a copy has left in disorder times that say what their digests say.

    What is as it was, and made from what is as it was, becomes no older than that; what was made from a file that has
    changed since becomes older than it. No content is touched. In order, only times are looked at.

    Parameters
    ----------
    results
        Folder that the workflow wrote into.
    benchmarks
        Folder of the tables of time and memory, which Snakemake takes for results of their jobs.

    Returns
    -------
    int
        Results that Snakemake would have taken for older than what they were made from, and that are not.
    """
    try:
        made = [_places(record, told) for record, told in records(results)]
        makers = {path: number for number, one in enumerate(made) for path in one.results}
        before = {n: {makers[path] for path in one.inputs if path in makers} - {n} for n, one in enumerate(made)}
        ordered = [made[number] for number in TopologicalSorter(before).static_order()]
    except (UserError, CycleError):  # a damaged record: `il6infer verify` says so
        return 0
    tables = list(benchmarks.rglob("*.tsv"))
    # Of a run, a table is younger than what its job wrote.
    early = tables and max(map(_time, tables)) < max(map(_time, makers), default=0.0)
    if not early and not any(_older(one) for one in made):
        return 0
    count = sum(_settle(one) for one in ordered)
    newest = max(map(_time, makers), default=0.0)
    for path in tables:
        _set(path, max(_time(path), newest))
    return count


def _places(record: Path, made: Provenance) -> _Made:
    def of(files: tuple[FileDigest, ...]) -> dict[Path, str]:
        return {place_of(record, file.path): file.sha256 for file in files}

    return _Made(of(made.results), of(made.inputs))


def _older(made: _Made) -> list[Path]:
    """Results that are older than what they were made from."""
    youngest = _youngest(made.inputs)
    return [path for path in made.results if path.is_file() and min(map(_time, _carriers(path))) < youngest]


def _settle(made: _Made) -> int:
    """Set the times of what one command made; how many were older than what they were made from, and are not stale."""
    changed = [path for path, sha256 in made.inputs.items() if path.is_file() and not _is(path, sha256)]
    if changed:
        since = min(_time(carrier) for path in changed for carrier in _carriers(path)) - 1
        for carrier in {carrier for path in made.results for carrier in _carriers(path)}:
            _set(carrier, min(_time(carrier), since))
        return 0
    youngest = _youngest(made.inputs)
    same = [path for path in _older(made) if _is(path, made.results[path])]
    for carrier in {carrier for path in same for carrier in _carriers(path)}:
        _set(carrier, max(_time(carrier), youngest))
    return len(same)


def _youngest(paths: Iterable[Path]) -> float:
    return max((_time(carrier) for path in paths for carrier in _carriers(path)), default=0.0)


def _carriers(path: Path) -> list[Path]:
    """Paths whose times Snakemake takes for that of a file: its own, and that of a folder that is one result."""
    folder = path.parent
    if not path.is_file() or folder.name not in FOLDERS:
        return [path]
    return [path, folder / STAMP if (folder / STAMP).is_file() else folder]


def _is(path: Path, sha256: str) -> bool:
    return digest_at(path, path.stat().st_mtime_ns, path.stat().st_size) == sha256


def _time(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def _set(path: Path, time: float) -> None:
    """Set the time of a file; one that may not be touched keeps its own."""
    if path.exists() and _time(path) != time:
        with suppress(OSError):
            os.utime(path, (time, time))
