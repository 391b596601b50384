"""Whether results are still what was made, and from what is still there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from il6infer._errors import UserError
from il6infer._files import digest
from il6infer.provenance.record import FOLDER, place_of, read_record, records
from il6infer.stages.provenance import Provenance


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was.

    Attributes
    ----------
    path
        The file.
    what
        What is wrong with it, and what made it or was made from it.
    """

    path: Path
    what: str


def verify(folder: Path, known: Mapping[Path, Provenance] | None = None) -> tuple[int, list[Finding]]:
    """Recompute the digest of each result, and of each file that it was made from.

    Parameters
    ----------
    folder
        Results, with their records.
    known
        Records to look at, with their paths; None: all of the folder.

    Returns
    -------
    count
        Results that were looked at.
    findings
        In the order of the records: results that were altered or are gone; inputs that are not those that a result
        was made from.

    Raises
    ------
    UserError
        If the folder has no record, or one that cannot be read.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder. Give the folder of the results.")
    looked: set[Path] = set()
    findings: list[Finding] = []
    known = dict(records(folder)) if known is None else known
    if not known:
        raise UserError(f"{folder}: nothing here says where it came from: no command of il6infer wrote into it.")
    for record, made in known.items():
        command = " ".join(made.command[:2])
        for file in made.results:
            path = place_of(record, file.path)
            looked.add(path)
            findings += _findings(path, file.sha256, f"was altered after `{command}` wrote it", f"`{command}` wrote it")
        first = place_of(record, made.results[0].path).name
        more = f" and {len(made.results) - 1} more" if len(made.results) > 1 else ""
        for file in made.inputs:
            path = place_of(record, file.path)
            findings += _findings(
                path, file.sha256, f"is not the file that {first}{more} was made from: run `{command}` again",
                f"{first}{more} was made from it",
            )  # fmt: skip
    return len(looked), list(dict.fromkeys(findings))


def changed_inputs(result: Path) -> list[Path] | None:
    """Files that are not those that a result was made from, by their digests: copies and clocks change nothing.

    Parameters
    ----------
    result
        A file that a command wrote as its only one, or its first.

    Returns
    -------
    list[pathlib.Path] | None
        None where no record tells. A file that is gone has not changed.
    """
    record = result.parent / FOLDER / f"{result.name}.json"
    try:
        made = read_record(record)
    except UserError:
        return None
    inputs = {place_of(record, file.path): file.sha256 for file in made.inputs}
    return [path for path, sha256 in inputs.items() if path.is_file() and digest(path) != sha256]


def _findings(path: Path, sha256: str, altered: str, gone: str) -> Iterator[Finding]:
    if not path.is_file():
        yield Finding(path, f"is gone; {gone}.")
    elif digest_at(path, path.stat().st_mtime_ns, path.stat().st_size) != sha256:
        yield Finding(path, f"{altered}.")


@cache
def digest_at(path: Path, changed: int, size: int) -> str:
    """Digest of a file that changed last at a time and has a size: it is read once.

    Parameters
    ----------
    path
        Of the file.
    changed
        Time of its last change [ns].
    size
        Of the file [bytes].
    """
    return digest(path)
