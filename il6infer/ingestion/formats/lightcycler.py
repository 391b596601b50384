"""Roche LightCycler 480, absolute quantification: ``Include, Color, Pos, Name, Cp ...`` below a line of the run."""

from __future__ import annotations

from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Format, headers
from il6infer.ingestion.formats.pcr import NAMES, read_wells


def _head(grid: Grid) -> int | None:
    return headers(grid, ("Pos",), ("Cp", "Crossing Point"), ("Name", "Sample Name"))


FORMAT = Format(
    name="lightcycler",
    small=True,
    text="Roche LightCycler 480, a well a row with its Cp (one gene a file: 'constants: {gene: ...}')",
    finds=lambda grid: _head(grid) is not None,
    read=lambda grid, wanted: read_wells(
        grid,
        _head(grid),
        {**NAMES, "omit": ("Include", "Inc"), "task": ("Type",)},
        omitted=("false", "falsch", "faux", "no"),
    ),
)
