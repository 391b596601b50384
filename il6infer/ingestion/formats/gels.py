"""What the programs that measure bands share: a row a band, with lane, band and intensity."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from string import digits as DIGITS

from il6infer._errors import Fault
from il6infer._tables import Row
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, headers, named, plain, renamed, table_below


def read_bands(
    grid: Grid,
    head: int | None,
    names: Mapping[str, Sequence[str]],
    *,
    hidden: Callable[[str], bool] = lambda name: False,
    left: Callable[[Row], str] = lambda row: "",
) -> tuple[Block | None, list[Fault]]:
    """Read the bands below a header.

    Parameters
    ----------
    names
        ``lane``, ``band``, ``intensity`` ... -> what the program calls them, the first that is there.
    hidden
        Tells columns (as `plain`) that say nothing of a band's intensity.
    left
        Tells why a row is no band; empty: it is one.
    """
    if head is None:
        return None, [Fault(grid.name, "has no header of this format.", "")]
    block, faults = table_below(grid, head)
    if block is None:
        return None, faults
    found = named(block, names)
    gone = [column for column in block.columns if column not in found and hidden(plain(column))]
    block = renamed(block, found, gone)
    out = tuple((row.number, reason) for row in block.rows if (reason := left(row)))
    return _paired(replace(block, left=out)), []


def _paired(block: Block) -> Block:
    """Name a lane alike in all bands where each band names lanes in its own way: ``pSTAT3 L1`` and ``STAT3 L1``.

    So it is if no lane stands in two bands, and what follows the words that the lanes of a band begin with is the same
    in all of them.
    """
    lanes: dict[str, dict[str, str]] = {}
    for row in block.rows:
        lanes.setdefault(row.cells.get("band", ""), {})[row.cells.get("lane", "")] = ""
    names = [name for own in lanes.values() for name in own]
    if len(lanes) < 2 or len(set(names)) < len(names) or min(map(len, lanes.values())) < 2:
        return block
    for own in lanes.values():
        begins = os.path.commonprefix([*own]).rstrip(DIGITS)
        own.update({name: name.removeprefix(begins) for name in own})
    first, *others = (sorted(own.values()) for own in lanes.values())
    if len(set(first)) < len(first) or "" in first or any(other != first for other in others):
        return block
    alike = " and ".join(next(iter(own)) for own in lanes.values())
    note = f"lanes are named by band: {alike} are lane {next(iter(next(iter(lanes.values())).values()))}"
    rows = [row.with_cells({**row.cells, "lane": lanes[row.cells["band"]][row.cells["lane"]]}) for row in block.rows]
    return replace(block, rows=tuple(rows), preamble=(*block.preamble, note))


def find(grid: Grid, *groups: Sequence[str]) -> int | None:
    """Row of a header that has one name of each group."""
    return headers(grid, *groups)
