"""Bio-Rad Image Lab: analysis table, a row a band, or with the lanes side by side; volumes less background first."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from il6infer._errors import Fault
from il6infer._tables import Row
from il6infer.ingestion.cells import SEARCHED, Grid
from il6infer.ingestion.formats.format import Block, Format, has, plain
from il6infer.ingestion.formats.gels import find, read_bands

_VOLUME = ("Adj. Volume (Int)", "Adj. Vol. (Int)", "Adjusted Volume", "Adj. Volume", "Volume (Int)", "Volume")
_VOLUME = ("Local Bg. Corr. Vol.", "Volume (Background Subtracted)", *_VOLUME)  # iBright, AzureSpot
_VOLUME += ("Adj. Volumen (Int)", "Angep. Volumen (Int)", "Volumen (Int)", "Adj. Volumen", "Volumen")
_LANE, _LABEL = ("Lane", "Bahn", "Spur"), ("Band Label", "Label", "Bandenbezeichnung", "Bandbezeichnung", "Band Name")
_NUMBER = ("Band No.", "Band No", "Band Number", "Band", "No.", "Banden-Nr.", "Band-Nr.", "Bandennummer")
_ABOUT = {"mol wt kda", "relative front", "abs quant", "rel quant", "band %", "lane %", "mol wt", "rf", "band no"}
_ABOUT |= {"norm factor", "norm vol int", "quantity", "std", "mean value int", "of pixels", "min value int", "area mm2"}
_ABOUT |= {"bahn %", "spur %", "mol gew kda", "mol gew", "relative front", "abs menge", "rel menge"}
_ABOUT |= {
    "max value int",
    "std dev",
    "mean bkgd int",
    "mean bkgd",
    "density",
    "band number",
    "no",
    "normalization factor",
    "# of pixels",
}


def _volumes(grid: Grid) -> int | None:
    """Row of the header of a table of volumes, that people have drawn: a row each, numbered, with label and type."""
    head = find(grid, ("No.", "No"), ("Label",), ("Type",))
    return head if head is not None and has(grid, head, _VOLUME) else None


def _long(grid: Grid) -> int | None:
    return find(grid, _LANE, _NUMBER, _VOLUME)


def _beside(grid: Grid) -> int | None:
    """Row with ``Lane 1``, ``Lane 2`` ... above a header that comes again below each."""
    for place, row in enumerate(grid.rows[:-1][:SEARCHED]):
        lanes = [cell for cell in row if re.fullmatch(r"lane\s*\d+", cell, re.IGNORECASE)]
        below = {plain(cell) for cell in grid.rows[place + 1]}
        if len(set(lanes)) > 1 and below & {plain(name) for name in _VOLUME}:
            return place
    return None


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the bands; one without a label is called ``band`` and its number."""
    if (drawn := _volumes(grid)) is not None and _long(grid) is None:
        names = {"lane": ("No.", "No"), "label": ("Label",), "type": ("Type",)}
        names["intensity"] = tuple(name for name in _VOLUME if name not in wanted)
        names["Volume (Int)"] = ("Volume (Int)", "Volumen (Int)")
        return read_bands(
            grid, drawn, names, hidden=lambda name: name in _ABOUT, left=lambda row: _drawn(row.cells.get("type", ""))
        )
    beside, lines = _beside(grid), []
    if beside is not None:
        grid, lines = _below_each_other(grid, beside)
    names = {"lane": _LANE, "number": _NUMBER, "band": _LABEL}
    names |= {} if set(_VOLUME[:6]) & set(wanted) else {"intensity": _VOLUME}  # it is asked for by its own name
    names["Volume (Int)"] = ("Volume (Int)", "Volumen (Int)")
    block, faults = read_bands(grid, _long(grid), names, hidden=lambda name: name in _ABOUT)
    if block is None:
        return None, faults
    columns = tuple(dict.fromkeys(("lane", "band", *(c for c in block.columns if c != "number"))))
    rows = tuple(row.with_cells(_labelled(row, columns)) for row in block.rows)
    if lines:
        of = {row.number: lines[row.number - 1] for row in rows}
        rows = tuple(
            Row(row.number, row.cells, of[row.number], f"row {of[row.number]}, lane {row['lane']}") for row in rows
        )
    return replace(block, columns=columns, rows=rows), []


def _drawn(kind: str) -> str:
    return "" if plain(kind) in ("unknown", "unbekannt", "inconnu", "") else f"volume of type {kind}"


def _labelled(row: Row, columns: Collection[str]) -> dict[str, str]:
    label = row.cells.get("band", "")
    if not label or label == "N/A":
        label = f"band {row.cells.get('number', '')}".strip()
    own = {**row.cells, "band": label}
    return {c: own.get(c, "") for c in columns}


def _below_each_other(grid: Grid, head: int) -> tuple[Grid, list[int]]:
    """Write the bands of lanes that stand side by side below each other; and the row of the file of each row."""
    top, names = grid.rows[head], grid.rows[head + 1]
    starts = [
        i for i, cell in enumerate(top) if re.fullmatch(r"lane\s*\d+", cell, re.IGNORECASE) and cell not in top[:i]
    ]
    parts = list(zip(starts, [*starts[1:], max(len(names), len(top))], strict=True))
    first = [name for name in names[parts[0][0] : parts[0][1]] if name]
    made: list[tuple[str, ...]] = [("Lane", *first)]
    lines = [head + 2]
    for start, end in parts:
        called = {plain(name): start + i for i, name in enumerate(names[start:end]) if name}
        for line, row in enumerate(grid.rows[head + 2 :], start=head + 3):
            places = [called.get(plain(name), len(row)) for name in first]
            cells = [row[place] if place < len(row) else "" for place in places]
            if any(cells):
                made.append((re.sub(r"\D", "", top[start]), *cells))
                lines.append(line)
    return replace(grid, rows=tuple(made)), lines


FORMAT = Format(
    name="image_lab",
    text="Bio-Rad Image Lab: analysis table (a row a band, or lanes side by side), or volumes",
    finds=lambda grid: any(find is not None for find in (_long(grid), _beside(grid), _volumes(grid))),
    read=read,
)
