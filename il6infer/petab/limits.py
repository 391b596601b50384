"""Sizes beyond which a problem is refused before anything reads it: an answer in seconds instead of hours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from il6infer._errors import Fault, raise_faults

MAX_ROWS = 100_000
"""Of one table."""

MAX_BYTES = 50_000_000
"""Of one file."""

MAX_SPECIES = 1_000
"""Of one model: the code generated for more would compile for hours."""

_CHUNK = 1 << 20


def check_files(paths: list[Path]) -> None:
    """Refuse files that are too large.

    Raises
    ------
    UserError
        With every such file.
    """
    raise_faults([fault for path in paths for fault in _faults(path)], "PEtab problem")


def _faults(path: Path) -> Iterator[Fault]:
    if not path.is_file():
        return
    size = path.stat().st_size
    if size > MAX_BYTES:
        yield Fault(path.name, f"{size / 1e6:.0f} MB, at most {MAX_BYTES / 1e6:.0f} MB are supported.", "Split it.")
    elif path.suffix in (".tsv", ".csv"):
        with path.open("rb") as file:
            rows = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))
        if rows > MAX_ROWS:
            yield Fault(path.name, f"{rows} rows, at most {MAX_ROWS} are supported.", "Split the problem.")
    elif path.suffix in (".xml", ".sbml"):
        count = path.read_bytes().count(b"<species ")
        if count > MAX_SPECIES:
            what = f"{count} species, at most {MAX_SPECIES} are supported."
            yield Fault(path.name, what, "Lump species, or cut the model.")
