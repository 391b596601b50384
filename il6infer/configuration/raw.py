"""Raw files of a data set, as its description names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
