"""Flow cytometry, one tube a row: tables of FlowJo (``gate | Median (channel)``) and of programs that write alike."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from il6infer._errors import Fault
from il6infer.ingestion.cells import SEARCHED, Grid, filled
from il6infer.ingestion.formats.format import Block, Format, headers, named, plain, renamed, table_below

_STATISTIC = re.compile(
    r"(?P<gate>.*?)\s{0,9}\|\s{0,9}(?P<what>geometric mean|geo\.? ?mean|mean|median|mode|count|freq\. of .*|robust cv"
    r"|cv|sd|robust sd)"
    r"(\s{0,9}\((?P<channel>.*)\))?",
    re.IGNORECASE,
)
_POPULATION = re.compile(
    r"(?P<what>mean|median|geo\.? ?mean|cv|sd|rsd|rcv|mode)\s{1,9}(?P<channel>\S.*)"
    r"|(?P<channel2>\S.*?)\s{1,9}(?P<what2>mean|median|geo\.? ?mean|cv|sd|rsd|rcv|mode)",
    re.IGNORECASE,
)
_TUBE, _GATE = ("Tube", "Tube Name", "Tube Name:"), ("Population", "Gate")
_PARTS = {"#events", "events", "%parent", "% parent", "%total", "% total"}
_WORDS = {"count": "n", "geo. mean": "geomean", "geo mean": "geomean", "geometric mean": "geomean"}
_NOT_READ = ("cv", "sd", "robust", "freq", "mode")


def _head(grid: Grid) -> int | None:
    for place, row in enumerate(grid.rows[:SEARCHED]):
        if sum(1 for cell in row if _STATISTIC.fullmatch(cell)) and not (row[0] and _STATISTIC.fullmatch(row[0])):
            return place
    return None


def _below(grid: Grid) -> Grid:
    """Write the tubes of FACSDiva, whose tables stand below their names, as one table with a column of the tube."""
    rows: list[tuple[str, ...]] = []
    tube = ""
    head: tuple[str, ...] = ()
    for row in grid.rows:
        first = plain(row[0]) if row else ""
        if first == "tube name" and filled(row) == 2:
            tube, head = row[1], ()
            rows.append(())
        elif tube and not head and first in ("population", "gate") and filled(row) > 1:
            head = row
            known = ("Tube Name:", *row) in rows
            rows.append(() if known else ("Tube Name:", *row))
        else:
            rows.append((tube, *row) if head and filled(row) > 1 else ())
    return replace(grid, rows=tuple(rows)) if head else grid


def _gated(grid: Grid) -> int | None:
    """Row of a header of FACSDiva or CytExpert: a gate a row, statistics as ``PE-A Median`` or ``Median PE-A``."""
    head = headers(grid, _TUBE, _GATE)
    if head is None and headers(grid, _GATE) is not None:
        grid = _below(grid)
        head = headers(grid, _TUBE, _GATE)
    return head if head is not None and any(map(_POPULATION.fullmatch, grid.rows[head])) else None


def _read_gated(grid: Grid, head: int, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the gates of the tubes, columns as the program calls them; which gate is read is for ``where`` to say."""
    block, faults = table_below(grid if headers(grid, _TUBE, _GATE) == head else _below(grid), head)
    if block is None:
        return None, faults
    names = named(block, {"tube": _TUBE, "population": _GATE, "sample": ("Sample ID:", "Sample ID")})
    about = [c for c in block.columns if plain(c) in _PARTS or c in ("#Events", "%Parent", "%Total")]
    found = {c: m for c in block.columns if (m := _POPULATION.fullmatch(c))}
    spreads = [
        c for c, m in found.items() if (m["what"] or m["what2"]).casefold() in ("cv", "sd", "rsd", "rcv", "mode")
    ]
    return renamed(block, names, [c for c in (*about, *spreads) if c not in wanted]), []


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the tubes: ``tube`` is the file's name, a column ``median``, ``mean`` ... where there is one of a kind.

    Rows of means and deviations at the end are no tubes. Numbers of cells (``n``) and spreads (``sd``) are passed over
    unless they are wanted.
    """
    head = _head(grid)
    if head is None and (gated := _gated(grid)) is not None:
        return _read_gated(grid, gated, wanted)
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
    text="FlowJo and alike: statistics of gates, a tube a row; FACSDiva, CytExpert: a gate a row",
    finds=lambda grid: _head(grid) is not None or _gated(grid) is not None,
    read=read,
)
