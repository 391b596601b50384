"""What the programs of qPCR machines share: a well a row, a Ct, and marks of wells that are no samples."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from il6infer._errors import Fault
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, headers, named, plain, renamed, table_below

CT = ("C\u0442", "CT", "Ct", "Cq", "Cp", "Crt", "Cq (\u0394R)")
CT += ("Ct (\u0394R)", "Ct (\u0394Rn)", "Ct (dR)", "Ct (dRn)", "Cq (dR)")
WELL = ("Well Position", "Well", "Pos", "Position", "Vertiefung", "Kavit\u00e4t", "Puits")
SAMPLE = ("Sample Name", "Sample", "Name", "Probe", "Probenname", "Biological Group", "Biologische Gruppe")
SAMPLE += ("Well Name", "\u00c9chantillon", "Nom d'\u00e9chantillon", "Nom de l'\u00e9chantillon")
GENE = ("Target Name", "Target", "Detector", "Detector Name", "Assay", "Gene", "Ziel", "Zielname", "Zielsequenz", "Gen")
GENE += ("Gene Name", "Cible", "Nom de la cible", "G\u00e8ne")
TASK = ("Task", "Content", "Inhalt", "Aufgabe", "Type", "Sample Type", "Contenu", "T\u00e2che", "Probentyp")
TASK += ("Well Type",)
OMIT = ("Omit", "Omitted", "Excluded", "Auslassen", "Ausgeschlossen", "Exclu", "Omettre")
NAMES: Mapping[str, Sequence[str]] = {
    "well": WELL, "sample": SAMPLE, "gene": GENE, "ct": CT, "task": TASK, "omit": OMIT,
}  # fmt: skip
_SUMS = re.compile(
    r".*\b(se|mean|moyen|ecart|sd|std|dev|stdev|stddev|mittelwert|stdabw|abw|quantity|sq|threshold"
    r"|schwellenwert|score|conf|confidence"
    r"|baseline|auto|cycles?|efficiency|amp status|reporter|quencher|fluor|passive|rq|rq min|rq max|delta|ddct|dct"
    r"|error|epf|call|tm\d?|y intercept|slope|r superscript 2|r2|set point|setpoint|well note"
    r"|colour|comment|given conc|calc conc|var|highsd|noamp|outlierrg|expfail"
    r"|bltr"
    r"|prfdrop|thold|target color|sample color|color|curve quality|result quality issues|number of points.*|standard"
    r"|status)\b.*|\u03b4.*"
)
_OMITTED = (
    "true",
    "x",
    "yes",
    "ja",
    "oui",
    "wahr",
    "vrai",
    "1",
    "omit",
    "omitted",
    "excluded",
    "ausgeschlossen",
    "exclu",
)
"""What programs write beside a well that is not to be read."""
_SAMPLES = re.compile(
    r"(unkn|unk|unknown|unbekannt|unb|sample|smpl|test|endogenous|endogenous control|endo|ref|target|inc|inconnu)\b.*"
    r"|unkn.*|unb.*|"
)


def find(grid: Grid, *more: Sequence[str], ct: Sequence[str] = CT) -> int | None:
    """Row of a header with a well, a Ct, and one of each of `more`.

    Parameters
    ----------
    grid
        Cells of a sheet.
    ct
        Names of the column of cycles.
    more
        Names of further columns, a list for each.
    """
    return headers(grid, WELL, ct, *more)


def read_wells(
    grid: Grid, head: int | None, names: Mapping[str, Sequence[str]] = NAMES, *, omitted: Collection[str] = _OMITTED
) -> tuple[Block | None, list[Fault]]:
    """Read the wells below a header.

    Wells that the program omits, and those whose task is another than an unknown sample (no-template controls,
    standards), are left out with that reason; columns that sum wells up or say how they were measured are passed over.

    Parameters
    ----------
    names
        Column of this house -> what the program calls it.
    omitted
        What the program writes into the column ``omit`` of a well that is not to be read.
    """
    if head is None:
        return None, [Fault(grid.name, "has no header with a well and a Ct.", "")]
    block, faults = table_below(
        _named_once(grid, head), head, stop=lambda row: row[0].startswith("[") if row else False
    )
    if block is None:
        return None, faults
    found = named(block, names)
    hidden = [c for c in block.columns if c not in found and (not c or _SUMS.fullmatch(plain(c)))]
    # Newer programs number the wells, too.
    hidden += [c for c in block.columns if c not in found and plain(c) == "well"]
    block = renamed(block, found, hidden)
    left: list[tuple[int, str]] = []
    for row in block.rows:
        omit, task = row.cells.get("omit", "").casefold(), row.cells.get("task", "")
        if omit in omitted:
            left.append((row.number, "omitted by the program"))
        elif not _SAMPLES.fullmatch(plain(task)):
            left.append((row.number, f"task {task}"))
        elif not row.cells.get("ct") and not row.cells.get("sample") and not row.cells.get("gene"):
            left.append((row.number, "empty well"))
    gone = [column for column in ("omit", "task") if column in block.columns]
    rows = tuple(row.with_cells({c: row[c] for c in block.columns if c not in gone}) for row in block.rows)
    columns = tuple(c for c in block.columns if c not in gone)
    return replace(block, columns=columns, rows=rows, left=tuple(left)), []


def _named_once(grid: Grid, head: int) -> Grid:
    """Give numbers to the columns whose name comes again, as programs write them."""
    seen: dict[str, int] = {}
    names = []
    for name in grid.rows[head]:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if name and seen[name] == 1 else f"{name} ({seen[name]})" if name else "")
    rows = list(grid.rows)
    rows[head] = tuple(names)
    return replace(grid, rows=tuple(rows))
