"""Raw files of a data set, as its description names them, and the truth beside those that were simulated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from il6infer.configuration.configuration import DataSet

TRUTH = "truth_parameters.csv"


def named_files(description: Mapping[str, Any]) -> list[str]:
    """Give the files that a description names, from its data folder; one that is malformed is left to `ingest`.

    Parameters
    ----------
    description
        As read from YAML.
    """
    files = description.get("files")
    entries = [entry for entry in files if isinstance(entry, Mapping)] if isinstance(files, list) else []
    names = [entry.get(key) for entry in entries for key in ("path", "layout")]
    names.append(description.get("protocol"))
    return sorted({name for name in names if isinstance(name, str)})


def truth_of(described: DataSet, top: Path = Path()) -> Path | None:
    """Table of the values that simulated data were made with, where one lies beside them; the report shows it.

    Parameters
    ----------
    described
        The data set in the configuration.
    top
        Folder from which its data folder is named.
    """
    path = None if described.folder is None else top / described.folder / TRUTH
    return path if path is not None and path.is_file() else None
