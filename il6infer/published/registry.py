"""The table of published measurements: sets (``sets.csv``) and their files with digests (``registry.csv``)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from il6infer._errors import UserError, nearest

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class PublishedSet:
    """Measurements of one publication, as tables.

    Attributes
    ----------
    about
        Cells, stimuli, assays, in a line.
    record
        Where its authors keep it.
    licence
        What they allow: an identifier, then a colon and words; ``none stated`` where they say nothing.
    description
        File that describes it to `il6infer ingest`, in a clone.
    files
        Path in the set's folder -> SHA-256.
    bytes
        Of all files.
    """

    name: str
    about: str
    citation: str
    doi: str
    record: str
    licence: str
    description: str
    files: Mapping[str, str]
    bytes: int

    @property
    def source(self) -> str:
        """What to cite, and who allows what, as text for a file beside the tables."""
        return (
            f"{self.name}: {self.about}\n\nCite: {self.citation}, doi {self.doi}\nFrom: {self.record}\n"
            f"Licence: {self.licence}\n"
        )


@cache
def published_sets() -> Mapping[str, PublishedSet]:
    """Give all sets by name."""
    files: dict[str, dict[str, str]] = {}
    sizes: dict[str, int] = {}
    for row in _rows("registry.csv"):
        files.setdefault(row["set"], {})[row["path"]] = row["sha256"]
        sizes[row["set"]] = sizes.get(row["set"], 0) + int(row["bytes"])
    return {
        row["name"]: PublishedSet(**row, files=files[row["name"]], bytes=sizes[row["name"]])
        for row in _rows("sets.csv")
    }


def published_set(name: str) -> PublishedSet:
    """Give one set.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    known = published_sets()
    if name not in known:
        raise UserError(f"there are no published measurements '{name}'. {nearest(name, known)}")
    return known[name]


def licence_of(sha256: str) -> str:
    """Say what the authors of a published file allow, by its digest; empty for a file that is not of the table."""
    return _licences().get(sha256, "")


@cache
def _licences() -> Mapping[str, str]:
    return {
        sha256: f"{one.licence} ({one.citation}, doi {one.doi})"
        for one in published_sets().values()
        for sha256 in one.files.values()
    }


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
