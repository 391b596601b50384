"""What the programs that measure bands share: a row a band, with lane, band and intensity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

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
    return replace(block, left=out), []


def find(grid: Grid, *groups: Sequence[str]) -> int | None:
    """Row of a header that has one name of each group."""
    return headers(grid, *groups)
