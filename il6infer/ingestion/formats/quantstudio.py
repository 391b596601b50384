"""Applied Biosystems: QuantStudio, ViiA 7, StepOne, 7500; text with ``[Results]``, CSV, or the workbook's sheet."""

from __future__ import annotations

from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Format, has
from il6infer.ingestion.formats.pcr import GENE, SAMPLE, TASK, find, read_wells


def _head(grid: Grid) -> int | None:
    head = find(grid, GENE, SAMPLE, TASK)
    return None if head is None or has(grid, head, ("Fluor", "Content", "Inhalt", "condition")) else head


FORMAT = Format(
    name="quantstudio",
    small=True,
    text="Applied Biosystems: QuantStudio, ViiA 7, StepOne, 7500",
    finds=lambda grid: _head(grid) is not None,
    read=lambda grid, wanted: read_wells(grid, _head(grid)),
)
