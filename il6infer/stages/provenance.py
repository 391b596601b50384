"""What one command made, and from what (``.provenance/<result>.json`` beside its results)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from il6infer.stages.ingest import FileDigest


@dataclass(frozen=True)
class Provenance:
    """One call of a command.

    Attributes
    ----------
    command
        Its words, as typed.
    folder
        Where it was called, relative to the folder of the results.
    made
        When it ended, UTC.
    results, inputs
        Files with their SHA-256; paths are relative to the folder of the results.
    seed
        Root of its random numbers; null where it has none.
    source_digest
        SHA-256 of the code that it ran, see docs/architecture.md.
    lock_digest
        SHA-256 of requirements.lock; null where it stands in no clone.
    versions
        Of Python and of the packages that can change a result.
    host
        Name, system and processor of the machine.
    """

    WRITTEN_BY: ClassVar[str] = "each command of il6infer"

    command: tuple[str, ...]
    folder: str
    made: str
    results: tuple[FileDigest, ...]
    inputs: tuple[FileDigest, ...]
    seed: int | None
    source_digest: str
    lock_digest: str | None
    versions: Mapping[str, str]
    host: Mapping[str, str]
