"""Notes among the files of a folder: they are no tables, and may say which cells were measured."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from il6infer.ingestion.loading import Loaded
from il6infer.ingestion.marks import numeric

NOTES = frozenset({".txt", ".md"})
"""Of files that may be notes."""
MOST_BYTES = 1_000_000
"""Of notes that are looked at."""


def is_prose(loaded: Loaded) -> bool:
    """Tell whether a text is words and no table: one column, or none whose cells are numbers for the most part."""
    if loaded.grid.sheet or loaded.format != "table":
        return False
    columns = [[row[column] for row in loaded.sheet.rows if row[column]] for column in loaded.sheet.columns]
    return len(columns) < 2 or not any(2 * sum(map(numeric, cells)) >= len(cells) > 0 for cells in columns)


def cell_said(folder: Path, files: Iterable[Path], cells: Collection[str]) -> str:
    """Give the cell that the names of folder and files, or notes in it, say; empty where they say none, or several.

    Parameters
    ----------
    folder
        With the raw files.
    files
        Of it, that may be tables.
    cells
        Names of cells that may be said, as words of their own, in any case.
    """
    texts = [folder.resolve().name, *(path.name for path in files)]
    for path in folder.iterdir():
        if path.suffix.lower() in NOTES and path.is_file() and path.stat().st_size < MOST_BYTES:
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
    words = {word for text in texts for word in re.split(r"[^a-z0-9]+", text.casefold())}
    said = [cell for cell in cells if cell.casefold() in words]
    return said[0] if len(said) == 1 else ""
