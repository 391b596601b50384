"""Flow cytometry, one tube a row: tables of FlowJo (``gate | Median (channel)``) and of programs that write alike."""

from __future__ import annotations

import re
from collections.abc import Collection

from il6infer._errors import Fault
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import SEARCHED, Block, Format, renamed, table_below

_STATISTIC = re.compile(
    r"(?P<gate>.*?)\s*\|\s*(?P<what>geometric mean|geo\.? ?mean|mean|median|mode|count|freq\. of .*|robust cv|cv|sd"
    r"|robust sd)"
    r"(\s*\((?P<channel>.*)\))?",
    re.IGNORECASE,
)
_WORDS = {"count": "n", "geo. mean": "geomean", "geo mean": "geomean", "geometric mean": "geomean"}
_NOT_READ = ("cv", "sd", "robust", "freq", "mode")


def _head(grid: Grid) -> int | None:
    for place, row in enumerate(grid.rows[:SEARCHED]):
        if sum(1 for cell in row if _STATISTIC.fullmatch(cell)) and not (row[0] and _STATISTIC.fullmatch(row[0])):
            return place
    return None


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the tubes: ``tube`` is the file's name, a column ``median``, ``mean`` ... where there is one of a kind.

    Rows of means and deviations at the end are no tubes. Numbers of cells (``n``) and spreads (``sd``) are passed over
    unless they are wanted.
    """
    head = _head(grid)
    if head is None:
        return None, [Fault(grid.name, "has no statistic of a gate ('gate | Median (channel)').", "")]
    block, faults = table_below(grid, head, sums=True)
    if block is None:
        return None, faults
    found = {column: m for column in block.columns if (m := _STATISTIC.fullmatch(column))}
    kind = {c: _WORDS.get(m["what"].casefold(), m["what"].casefold()) for c, m in found.items()}
    names = {c: word for c, word in kind.items() if list(kind.values()).count(word) == 1 and c not in wanted}
    spreads = [c for c, word in kind.items() if word == "n" or word.startswith(_NOT_READ)]
    hidden = [c for c in spreads if c not in wanted and names.get(c) not in wanted]
    if block.columns[0] not in found:
        names[block.columns[0]] = "tube"
    return renamed(block, names, hidden), []


FORMAT = Format(
    name="flow",
    text="FlowJo and alike: statistics of gates, a tube a row",
    finds=lambda grid: _head(grid) is not None,
    read=read,
)
