"""Meso Scale Discovery, Discovery Workbench: a row a well and spot, with its signal and calculated concentration."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from il6infer._errors import Fault
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, Format, headers, named, plain, renamed, table_below

_CALCULATED, _RANGE = "Calc. Concentration", "Detection Range"
_SUMS = {"mean", "adj sig mean", "cv", "% recovery", "% recovery mean", "calc conc mean", "calc conc cv", "curve name"}
_SUMS |= {"std dev", "calc conc std dev", "fit statistic rsquared", "adj signal", "detection limits calc low"}
_SUMS |= {"detection limits calc high", "concentration"}


def _head(grid: Grid) -> int | None:
    return headers(grid, ("Assay",), ("Well",), ("Spot",), ("Signal",))


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the spots; a concentration that the program calls below or above its range is below or above it."""
    head = _head(grid)
    if head is None:
        return None, [Fault(grid.name, "has no header with Assay, Well, Spot and Signal.", "")]
    block, faults = table_below(grid, head)
    if block is None:
        return None, faults
    hidden = [c for c in block.columns if plain(c) in _SUMS and c not in wanted]
    block = renamed(block, named(block, {"well": ("Well",), "sample": ("Sample", "Sample ID")}), hidden)
    if _RANGE not in block.columns or _CALCULATED not in block.columns:
        return block, []
    rows = tuple(row.with_cells(_ranged(row.cells)) for row in block.rows)
    kept = tuple(column for column in block.columns if column != _RANGE)
    return replace(block, columns=kept, rows=rows, passed_over=(*block.passed_over, _RANGE)), []


def _ranged(cells: Mapping[str, str]) -> dict[str, str]:
    made = dict(cells)
    said = plain(made.pop(_RANGE))
    if said.startswith(("below", "above")):
        made[_CALCULATED] = said.split(" ")[0]
    return made


FORMAT = Format(
    name="msd",
    text="MSD Discovery Workbench: a row a well and spot",
    finds=lambda grid: _head(grid) is not None,
    read=read,
)
