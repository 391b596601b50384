"""The chain of a result, down to the raw files and their rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from il6infer._errors import UserError
from il6infer._files import digest
from il6infer.provenance.record import FOLDER, place_of, read_record
from il6infer.stages.provenance import Provenance


def chain(result: Path) -> list[str]:
    """Tell where a result came from, a line a file, each further in than what was made from it.

    Parameters
    ----------
    result
        A file, or a folder that a command has written.

    Raises
    ------
    UserError
        If nothing says where it came from.
    """
    target = Path(result).resolve()
    record = _record_of(target)
    if record is None:
        raise UserError(f"{result}: nothing says where it came from: no command of il6infer wrote it.")
    return [*_told(target, record, 0, set())]


def _told(path: Path, record: Path, depth: int, told: set[Path]) -> Iterator[str]:
    made = read_record(record)
    indent = "  " * depth
    yield f"{indent}{_shown(path)}{_state(path, record, made)}"
    if record in told:
        yield f"{indent}  (as above)"
        return
    told.add(record)
    seed = "" if made.seed is None else f", seed {made.seed}"
    yield f"{indent}  by `{' '.join(made.command)}`"
    yield f"{indent}  on {made.made}, {made.host['name']} ({made.host.get('system', '?')}){seed}"
    packages = ", ".join(f"{name} {made.versions[name]}" for name in ("il6infer", "python") if name in made.versions)
    lock = f", lock file {made.lock_digest[:12]}" if made.lock_digest else ""
    yield f"{indent}  with {packages}, code {made.source_digest[:12]}{lock}"
    yield f"{indent}  from"
    used = _rows(path.parent if path.is_file() else path) if made.command[1] == "ingest" else {}
    seen: set[Path] = set()
    for file in made.inputs:
        place = place_of(record, file.path)
        below = _record_of(place)
        if below is None:
            changed = "" if place.is_file() and digest(place) == file.sha256 else ", NOT as it was"
            rows = next((f", {text}" for name, text in used.items() if place.as_posix().endswith(f"/{name}")), "")
            yield f"{indent}    {_shown(place)}  sha256 {file.sha256[:12]}{changed}{rows}"
        elif below not in seen:
            seen.add(below)
            yield from _told(place, below, depth + 2, told)


def _record_of(path: Path) -> Path | None:
    """Record of the command that wrote a file, or that wrote into a folder."""
    for folder in [path, *path.parents][: 4 if path.is_dir() else 5]:
        for record in sorted((folder / FOLDER).glob("*.json")):
            places = [place_of(record, file.path) for file in read_record(record).results]
            if path in places or (path.is_dir() and folder == path and places):
                return record
    return _record_beside(path)


def _record_beside(path: Path) -> Path | None:
    """Record in a folder beside those above a path: figures lie beside the page whose command drew them."""
    for folder in path.parents[:2]:
        for record in sorted(folder.glob(f"*/{FOLDER}/*.json")):
            places = [place_of(record, file.path) for file in read_record(record).results]
            if path in places or any(place.parent == path for place in places):
                return record
    return None


def _state(path: Path, record: Path, made: Provenance) -> str:
    for file in made.results:
        if place_of(record, file.path) == path:
            same = path.is_file() and digest(path) == file.sha256
            return f"  sha256 {file.sha256[:12]}" + ("" if same else ", ALTERED since")
    return ""


def _shown(path: Path) -> str:
    """Path from here where that is shorter."""
    here = Path.cwd().resolve()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)


def _rows(folder: Path) -> dict[str, str]:
    """Raw file -> rows of it that the table of measurements in a folder holds."""
    table = folder / "measurements.csv"
    if not table.is_file():
        return {}
    rows: dict[str, set[int]] = {}
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row.get("source_row", "").isdecimal():
                rows.setdefault(row["source_file"], set()).add(int(row["source_row"]))
    return {name: f"rows {_ranges(sorted(numbers))}" for name, numbers in rows.items()}


def _ranges(numbers: list[int]) -> str:
    """``2-7, 9`` of 2, 3, 4, 5, 6, 7, 9."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
