"""A sheet on its way from a file to an assay; bands of lanes side by side, wells of samples numbered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet, repeated
from il6infer.ingestion.labels import Rows


@dataclass
class Joined:
    """A sheet on its way from the file to an assay.

    Attributes
    ----------
    used
        Columns that were read, or brought in by the description.
    steps
        Protocol of conditions that say theirs.
    converted
        Whether its times were written with units or colons, and are min by now.
    notes
        What a reader of the values must know.
    labels
        Row -> fault of its label, which counts if the row is read.
    exempt
        Cells of blank wells and controls, which are no samples.
    standard
        Column of known concentrations, by whose cells a row is a standard and no sample; empty where there is none.
    bands
        Rows of the bands that are read, before they were put side by side.
    lost
        Columns of them that differ from band to band of a lane, and are gone since.
    """

    sheet: Sheet
    left: list[tuple[int, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    steps: dict[str, Rows] = field(default_factory=dict)
    time_unit: str = ""
    converted: bool = False
    faulty: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    labels: dict[int, Fault] = field(default_factory=dict)
    exempt: frozenset[str] = frozenset()
    standard: str = ""
    bands: Sheet | None = None
    lost: tuple[str, ...] = ()


def renamed(sheet: Sheet, header: str, name: str) -> Sheet:
    """Give a column another name.

    Parameters
    ----------
    sheet, header, name
        The sheet, its column, and the name.
    """
    columns = tuple(name if c == header else c for c in sheet.columns)
    known = dict(zip(sheet.columns, columns, strict=True))
    rows = tuple(
        Row(number, {known[c]: cell for c, cell in cells.items()}, line, place)
        for number, cells, line, place in sheet.rows
    )
    return replace(sheet, columns=columns, rows=rows)


def added(sheet: Sheet, cells: Mapping[str, Sequence[str]]) -> Sheet:
    """Add columns (name -> a cell for each row), or put them in place of those of the same names."""
    if len(cells) == 1:
        ((name, new),) = cells.items()
        rows = tuple(
            Row(number, {**old, name: cell}, line, place)
            for (number, old, line, place), cell in zip(sheet.rows, new, strict=True)
        )
    else:
        rows = tuple(
            Row(number, {**old, **dict(zip(cells, more, strict=True))}, line, place)
            for (number, old, line, place), more in zip(sheet.rows, zip(*cells.values(), strict=True), strict=True)
        )
    return replace(sheet, columns=tuple(dict.fromkeys((*sheet.columns, *cells))), rows=rows)


def with_bands(joined: Joined, wanted: Collection[str]) -> None:
    """Put the bands of a lane, which programs of gels write below each other, side by side.

    Column ``intensity`` of band x becomes column x, another column y that is wanted ``x y``.
    """
    sheet = joined.sheet
    if not {"band", "intensity"} <= set(sheet.columns):
        return
    if "lane" not in sheet.columns:
        counts: dict[str, int] = {}
        lanes = []
        for row in sheet.rows:
            counts[row["band"]] = counts.get(row["band"], 0) + 1
            lanes.append(str(counts[row["band"]]))
        sheet = added(sheet, {"lane": lanes})
    bands = list(dict.fromkeys(row["band"] for row in sheet.rows))
    others = [c for c in sheet.columns if c not in ("lane", "band", "intensity")]
    measures = [c for c in others if any(f"{band} {c}" in wanted for band in bands)]
    lanes_of: dict[str, list[Row]] = {}
    for row in sheet.rows:
        lanes_of.setdefault(row["lane"], []).append(row)
    kept = [
        c
        for c in others
        if c not in measures
        and all(
            len(rows) == 1 or len({row.cells[c] for row in rows}) == 1  # most columns differ in the first lane already
            for rows in lanes_of.values()
        )
    ]
    for column in [c for c in others if c in ("condition", "time", "time_min", "replicate") and c not in kept]:
        rows = next(rows for rows in lanes_of.values() if len({row[column] for row in rows}) > 1)
        what = f"lane {rows[0]['lane']} has several: {', '.join(dict.fromkeys(row[column] for row in rows))}."
        joined.faults.append(Fault(sheet.where(rows[0], column), what, "Number the lanes of each gel on its own."))
    made = []
    for lane, rows in lanes_of.items():
        first: dict[str, Row] = {}
        for row in rows:
            before = first.setdefault(row["band"], row)
            if before is not row:
                what = f"lane {lane} has band '{row['band']}' twice (row {before.line or before.number}, too)."
                joined.faults.append(
                    Fault(sheet.where(row), what, "Give each band a label of its own, or choose by 'where'.")
                )
        begun = rows[0].cells
        cells = {"lane": lane, **{c: begun[c] for c in kept}}
        for band in bands:
            here = first[band].cells if band in first else None
            cells[band] = here["intensity"] if here else ""
            for m in measures:
                cells[f"{band} {m}"] = here[m] if here else ""
        made.append(rows[0].with_cells(cells))
    columns = tuple(made[0].cells) if made else ("lane", *kept, *bands)
    read = [band for band in bands if {band, *(f"{band} {m}" for m in measures)} & set(wanted)]
    joined.bands = replace(sheet, rows=tuple(row for row in sheet.rows if row["band"] in read))
    joined.lost = tuple(c for c in others if c not in (*kept, *measures))
    joined.sheet = replace(sheet, columns=columns, rows=tuple(made))


def with_lanes(joined: Joined, wanted: Collection[str]) -> None:
    """Count the rows of a gel as its lanes, where nothing says which they are; rows that are alike are then a fault."""
    sheet = joined.sheet
    if "lane" not in wanted or "lane" in sheet.columns:
        return
    joined.faults += repeated(sheet, sheet.columns)
    joined.notes.append("no column says the lanes: rows count as lanes, in their order.")
    joined.sheet = added(sheet, {"lane": [str(number) for number in range(1, len(sheet.rows) + 1)]})
    joined.used.add("lane")


def with_replicates(joined: Joined, wanted: Collection[str]) -> None:
    """Count the wells of each gene of a sample, where an assay needs it and the file does not."""
    sheet = joined.sheet
    if "replicate" not in wanted or "replicate" in sheet.columns or not {"sample", "gene"} <= set(sheet.columns):
        return
    counts: dict[tuple[str, str], int] = {}
    numbers = []
    for row in sheet.rows:
        key = row["sample"], row["gene"]
        counts[key] = counts.get(key, 0) + 1
        numbers.append(str(counts[key]))
    joined.sheet = added(sheet, {"replicate": numbers})
