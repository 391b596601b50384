"""What an exported analysis holds (``export.json`` in the archive), and what came of running it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from il6infer.stages.ingest import FileDigest


@dataclass(frozen=True)
class Export:
    """An analysis as one archive; paths are relative to its top.

    Attributes
    ----------
    made
        When the last of its results was made, UTC.
    configuration
        File of the configuration.
    folder
        The run directory: where the paths of the configuration start.
    results
        Folder of the results.
    moved
        Path in the configuration of the analysis -> path in that of the archive, where they differ.
    inputs, outputs
        Files below `folder` that the workflow reads, and those that it wrote.
    code
        Package and workflow that stood there when it was exported.
    licences
        Input -> what its authors allow, where that is known.
    versions
        Of Python and of the packages that can change a result.
    host
        Name, system and processor of each machine that made a result.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer export"

    title: str
    made: str
    configuration: FileDigest
    folder: str
    results: str
    moved: Mapping[str, str]
    inputs: tuple[FileDigest, ...]
    outputs: tuple[FileDigest, ...]
    code: tuple[FileDigest, ...]
    licences: Mapping[str, str]
    versions: Mapping[str, str]
    host: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class Compared:
    """One result, as exported and as made again.

    Attributes
    ----------
    outcome
        ``bytes``: the same; ``content``: the same but for times, threads, versions; ``differs``; ``missing``: not
        made again; ``not run``: made by a target that was not asked for.
    what
        What differs, in words; empty for the same bytes.
    """

    path: str
    outcome: Literal["bytes", "content", "differs", "missing", "not run"]
    what: str


@dataclass(frozen=True)
class Reproduction:
    """What came of running an exported analysis again (``reproduction.json``).

    Attributes
    ----------
    environment
        What is not as where it was exported: versions of packages, code.
    host
        Name, system and processor of this machine.
    """

    WRITTEN_BY: ClassVar[str] = "il6infer reproduce"

    title: str
    environment: tuple[str, ...]
    host: Mapping[str, str]
    files: tuple[Compared, ...]

    @property
    def same(self) -> bool:
        """Whether all that was made again is what was exported."""
        return all(file.outcome in ("bytes", "content", "not run") for file in self.files)
