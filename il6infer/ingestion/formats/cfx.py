"""Bio-Rad CFX Manager and CFX Maestro: ``Quantification Cq Results``, in English, German and French."""

from __future__ import annotations

from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Format, has
from il6infer.ingestion.formats.pcr import NAMES, find, read_wells

_SAMPLE = ("Sample", "Probe", "Sample Name", "Probenname", "\u00c9chantillon")
_SET = ("Biological Set Name", "Biological Group Name", "Name der biologischen Gruppe", "Biologischer Gruppenname")
_SET += ("Biologischer Set-Name", "Name des biologischen Sets")
_SET += ("Nom de l'ensemble biologique", "Nom du groupe biologique")


def _head(grid: Grid) -> int | None:
    head = find(grid, ("Fluor", "Fluorophore", "Fluorophor"))
    return head if head is not None and has(grid, head, ("Content", "Inhalt", "Contenu", *_SET)) else None


FORMAT = Format(
    name="cfx",
    small=True,
    text="Bio-Rad CFX Manager and Maestro, Quantification Cq Results (English, German, French)",
    finds=lambda grid: _head(grid) is not None,
    read=lambda grid, wanted: read_wells(grid, _head(grid), {**NAMES, "sample": _SAMPLE, "set": _SET}),
)
