"""The frozen description of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from il6infer.ingestion.assay import File


@dataclass(frozen=True)
class Description:
    """A data set.

    Attributes
    ----------
    path
        The YAML file.
    protocol
        Name of the protocol's CSV file in the data folder, or its rows.
    files
        The raw files, in the order of the description.
    conditions
        Condition -> ``knock_out`` and ``set`` of its cells, where they are not those of the model.
    """

    path: Path
    title: str
    protocol: str | tuple[Mapping[str, Any], ...]
    files: tuple[File, ...]
    simulated: bool = False
    cell: str = ""
    source: str = ""
    notes: str = field(default="", repr=False)
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
