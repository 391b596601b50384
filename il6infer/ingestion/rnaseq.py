"""RNA-seq: one comparison of two conditions a file, a gene a row, with the error of each fold change.

A fold change is a ratio of two samples' expression, each known up to a factor of the gene. So it enters as two values
of one batch, the fold change under treatment and 1 in the control, each with the error of the logarithm divided by the
square root of 2: integrated over the factor, their likelihood is that of the fold change with its error.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from il6infer._errors import Fault
from il6infer._numbers import vanishes
from il6infer._tables import Row, Sheet
from il6infer.ingestion.assay import BATCH, NAME_PATTERN, TIME_UNIT, Assay
from il6infer.ingestion.reading import Collector, Dropped, Reading, Value
from il6infer.ingestion.taking import Take

GENE, CHANGE, ERROR, P = "gene", "log2_fold_change", "log2_error", "p_adjusted"


@dataclass(frozen=True)
class RnaSeq:
    """One comparison: a gene a row, with log2 of its fold change.

    Attributes
    ----------
    genes
        Read-out -> gene.
    control
        Condition that the fold changes are relative to, at the same time.
    fold_min, p_max
        Fold change, and adjusted p, from which a gene counts as changed in the summary.
    """

    assay: ClassVar[str] = "rnaseq"
    time: ClassVar[str] = "time_min"

    path: str
    batch: str
    genes: Mapping[str, str]
    control: str
    fold_min: float = 2.0
    p_max: float = 0.05
    time_unit: str = "min"
    take: Take = Take()

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        return tuple(self.genes)

    def noise_of(self, observable: str) -> str:
        """Noise model of a read-out."""
        return "lognormal"


def read(sheet: Sheet, spec: RnaSeq) -> Reading:
    """Read the named genes, unit ``relative``.

    Parameters
    ----------
    sheet
        Columns ``gene,log2_fold_change,log2_error,condition,time_min``, and perhaps ``p_adjusted``; an empty error is
        one that is not known.
    spec
        Which genes are read, and the control.

    Returns
    -------
    Reading
        Two values a gene: that of the condition, and 1 of the control. Quality: ``genes``, ``genes_up`` and
        ``genes_down``, how many there are, and how many changed (where the file has adjusted p).
    """
    collector = Collector(sheet)
    rows: dict[str, Row] = {}
    for row in sheet.rows:
        first = rows.setdefault(row[GENE], row)
        if first is not row and row[GENE] in spec.genes.values():
            what = f"gene '{row[GENE]}' is also in row {first.number}."
            collector.fault(row, GENE, what, "Keep one of them ('where:').")
    for observable, gene in spec.genes.items():
        if gene in rows:
            _read_gene(collector, rows[gene], spec, observable)
        else:
            what = f"no row of the gene '{gene}'."
            collector.faults.append(Fault(f"{sheet.name}, column '{GENE}'", what, _alike(gene, rows)))
    return collector.reading(_changed(sheet, spec))


def _alike(gene: str, known: Collection[str]) -> str:
    """Name the gene that is meant, of tens of thousands: other species write it in other letters."""
    same = [name for name in known if name.casefold() == gene.casefold()]
    close = same or get_close_matches(gene, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"The file has {len(known)} genes; write it as the file does."


def _read_gene(collector: Collector, row: Row, spec: RnaSeq, observable: str) -> None:
    condition = collector.condition(row, "condition")
    time = collector.time(row, spec.time, spec.time_unit)
    collector.measured(row, condition, time)
    collector.measured(row, spec.control, time)
    if condition == spec.control:
        collector.fault(row, "condition", f"'{condition}' is compared with itself (control).", "Name the other one.")
    if not row[CHANGE] or row[CHANGE].upper() == "NA":
        collector.dropped.append(Dropped(observable, row.number, f"no fold change in column '{CHANGE}'"))
        return
    change = collector.number(row, CHANGE)
    error = collector.number(row, ERROR) if row[ERROR] and row[ERROR].upper() != "NA" else None
    if error is not None and error < 0:
        collector.fault(row, ERROR, f"an error of {row[ERROR]}.", "Errors are 0 or above.")
    if change is None or condition is None or time is None:
        return
    share = None if error is None else error * math.log(2.0) / math.sqrt(2.0)
    for name, value in ((condition, 2.0**change), (spec.control, 1.0)):
        found = Value(
            observable=observable,
            condition=name,
            time_min=time,
            value=value,
            unit="relative",
            noise="lognormal",
            scale=True,
            offset=False,
            row=row.number,
            error=share,
        )
        collector.values.append(found)


def _changed(sheet: Sheet, spec: RnaSeq) -> dict[str, float]:
    """Count the genes that changed; none where the file has no adjusted p."""
    if P not in sheet.columns:
        return {"genes": float(len(sheet.rows))}
    up = down = 0
    least = math.log2(spec.fold_min)
    for row in sheet.rows:
        change, p = sheet.number(row[CHANGE]), 0.0 if vanishes(row[P]) else sheet.number(row[P])
        if change is not None and p is not None and p < spec.p_max and abs(change) >= least:
            up, down = up + (change > 0), down + (change < 0)
    return {"genes": float(len(sheet.rows)), "genes_up": float(up), "genes_down": float(down)}


ASSAY = Assay(
    logarithmic=True,
    name="rnaseq",
    text="one table of differential expression a file, a gene a row, log2 of its fold change against a control",
    spec=RnaSeq,
    keys={
        "batch": BATCH,
        "genes": {
            "type": "object",
            "minProperties": 1,
            "description": "Read-out of the model -> gene, as the file writes it.",
            "propertyNames": {"pattern": NAME_PATTERN},
            "additionalProperties": {"type": "string", "minLength": 1},
        },
        "control": {
            "type": "string",
            "pattern": NAME_PATTERN,
            "description": "Condition that the fold changes are relative to, at the same time.",
        },
        "fold_min": {"type": "number", "minimum": 1, "default": 2, "description": "Fold change of a changed gene."},
        "p_max": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "default": 0.05,
            "description": "Adjusted p below which a gene counts as changed.",
        },
        "time_unit": TIME_UNIT,
    },
    required=("batch", "genes", "control"),
    columns=lambda spec: [GENE, CHANGE, ERROR, "condition", "time_min"],
    read=read,
    quality=("genes", "genes_up", "genes_down"),
    units=("relative",),
)
