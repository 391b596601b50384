"""SoftMax Pro, tables of groups: samples with their wells below each other, closed by ``~End``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from il6infer._errors import Fault
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, Format, headers, named, plain, renamed, table_below
from il6infer.ingestion.formats.plate import plates

_WELLS, _VALUES = ("Wells", "Well"), ("Values", "Value", "MeanValues", "BlankCorr", "OD", "RLU")
_SUMS = {"meanvalue", "mean value", "std dev", "sd", "cv%", "%cv", "cv", "mean", "meanresult", "mean result"}


def _head(grid: Grid) -> int | None:
    head = headers(grid, ("Sample",), _WELLS, _VALUES)
    above = grid.cell(head - 1, 0) if head else ""
    return head if above.startswith("Group:") else None


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the wells; a sample's name holds for the wells below it, means and deviations are passed over."""
    head = _head(grid)
    if head is None:
        return None, [Fault(grid.name, "has no table of a group ('Group:' above Sample, Wells, Values).", "")]
    block, faults = table_below(grid, head, stop=lambda row: row[0].startswith("~End"))
    if block is None:
        return None, faults
    names = named(block, {"sample": ("Sample",), "well": _WELLS, "value": _VALUES})
    names = {header: name for header, name in names.items() if header not in wanted}
    sample, rows = next(c for c in block.columns if plain(c) == "sample"), []
    before = ""
    for row in block.rows:
        before = row[sample] or before
        rows.append(row.with_cells({**row.cells, sample: before}))
    more = [line for line in block.footer if line.startswith("Group:")]
    if more:
        what = f"has several groups ({more[0].split('  ')[0]} is another)."
        return None, [Fault(grid.name, what, "Export each group, or the plate, as a file of its own.")]
    hidden = [c for c in block.columns if plain(c) in _SUMS and c not in wanted]
    return renamed(replace(block, rows=tuple(rows)), names, hidden), []


FORMAT = Format(
    name="softmax_group",
    text="SoftMax Pro, table of a group (plates come first, where the file has them)",
    finds=lambda grid: _head(grid) is not None and next(plates(grid), None) is None,
    read=read,
)
