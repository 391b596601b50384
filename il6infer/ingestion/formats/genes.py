"""Tables of differential expression, a gene a row: DESeq2, edgeR, limma."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from il6infer._errors import Fault
from il6infer._tables import Row, number
from il6infer.ingestion.cells import Grid, Typed
from il6infer.ingestion.formats.format import Block, Format, headers, named, renamed, table_below

_DESEQ2 = (("baseMean",), ("log2FoldChange",), ("lfcSE", "padj"))
_EDGER = (("logFC",), ("logCPM",), ("PValue", "FDR"))
_LIMMA = (("logFC",), ("AveExpr",), ("P.Value", "adj.P.Val"))
_NAMES = {
    "gene": (
        "",
        "gene",
        "symbol",
        "gene_name",
        "gene symbol",
        "external_gene_name",
        "row names",
        "rownames",
        "genes",
        "x",
    ),
    "log2_fold_change": ("log2FoldChange", "logFC"),
    "p_adjusted": ("padj", "FDR", "adj.P.Val"),
}
ERROR = "log2_error"
_DATE = re.compile(
    r"(\d{1,2}-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\d{4}-\d\d-\d\d.*|\d{1,2}\.(mrz|sep|dez|okt))\Z", re.I
)
_ABOUT = (
    "stat",
    "pvalue",
    "p value",
    "logCPM",
    "F",
    "LR",
    "AveExpr",
    "t",
    "B",
    "lfcSE",
    "baseMean",
    "PValue",
    "P.Value",
    "CI.L",
    "CI.R",
    "CI.025",
    "CI.975",
)


def _head(grid: Grid) -> int | None:
    found = (headers(grid, *groups) for groups in (_DESEQ2, _EDGER, _LIMMA))
    return next((head for head in found if head is not None), None)


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the genes: ``gene``, ``log2_fold_change``, ``fold_change`` (2 to its power), ``p_adjusted``.

    Where it is asked for, ``log2_error`` has the standard error of the logarithm: lfcSE of DESeq2, the quotient of
    logarithm and t of limma, empty for edgeR, which gives none.

    Genes without a fold change (NA: no counts) are left out. A name that a spreadsheet has turned into a date is a
    fault only where it is asked for, and is left out else.
    """
    head = _head(grid)
    if head is None:
        return None, [Fault(grid.name, "has no header of DESeq2, edgeR or limma.", "")]
    block, faults = table_below(_with_gene(grid, head), head)
    if block is None:
        return None, faults
    cells = {row.number: row.cells for row in block.rows}
    names = named(block, _NAMES)
    hidden = [c for c in block.columns if c not in names and c in _ABOUT and c not in wanted]
    block = renamed(block, names, hidden)
    left = []
    rows: list[Row] = []
    for row in block.rows:
        value = row.cells["log2_fold_change"].replace(",", ".")
        fold = number(value)
        if _DATE.match(row.cells.get("gene", "")):
            left.append((row.number, "a gene's name that a spreadsheet turned into a date"))
        elif value.upper() in ("NA", ""):
            left.append((row.number, "no fold change (NA)"))
        text = Typed(f"{2**fold:.10g}") if fold is not None and abs(fold) < 60 else ""
        rows.append(row.with_cells({**row.cells, "fold_change": text, ERROR: _error(cells[row.number], fold)}))
    added = ("fold_change", ERROR) if ERROR in wanted else ("fold_change",)
    return replace(block, columns=(*block.columns, *added), rows=tuple(rows), left=tuple(left)), []


def _error(cells: Mapping[str, str], change: float | None) -> str:
    """Give the standard error of log2 of a fold change, as text; empty where the table has none."""
    if cells.get("lfcSE"):
        return cells["lfcSE"]
    t = number(cells.get("t", "").replace(",", "."))
    return Typed(f"{abs(change / t):.10g}") if change is not None and t else ""


def _with_gene(grid: Grid, head: int) -> Grid:
    """Write a header for the column of genes where R wrote one name fewer than columns."""
    names = grid.rows[head]
    below = next((row for row in grid.rows[head + 1 :] if any(row)), ())
    if len(below) != len(names) + 1:
        return grid
    rows = list(grid.rows)
    rows[head] = ("gene", *names)
    return replace(grid, rows=tuple(rows))


FORMAT = Format(
    name="genes",
    small=True,
    text="DESeq2, edgeR, limma: results, a gene a row",
    finds=lambda grid: _head(grid) is not None,
    read=read,
)
