"""qPCR: one well a row, Ct of a gene; the value of a sample is its target's amount over that of the reference genes.

An amount is E^-Ct, where E is how much one cycle multiplies a gene by, 2 unless it was measured (Pfaffl, Nucleic Acids
Res 2001, doi:10.1093/nar/29.9.e45); several reference genes count by their geometric mean (Vandesompele, Genome Biol
2002, doi:10.1186/gb-2002-3-7-research0034).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean, stdev
from types import MappingProxyType
from typing import Any, ClassVar

from il6infer._errors import Fault, nearest
from il6infer._tables import Row, Sheet, repeated
from il6infer.ingestion.assay import (
    BATCH,
    COLUMN_NAME,
    NOISE,
    OBSERVABLE,
    OFFSET,
    SCALE,
    TIME_UNIT,
    Assay,
    Instrument,
    OneReadout,
)
from il6infer.ingestion.cycler import QpcrSettings, qpcr_plate
from il6infer.ingestion.no_numbers import range_side
from il6infer.ingestion.reading import Collector, Dropped, Reading, Value, variation
from il6infer.ingestion.taking import Take

COLUMNS = ("sample", "condition", "time_min", "replicate", "gene", "ct")
UNDETERMINED = frozenset({"undetermined", "undet", "n/a", "na", "nan", "no ct", "-"})
"""What machines write, in any case, when the threshold was never crossed."""
EMPTY = "the Ct is empty: not measured, for a machine says Undetermined"
NO_REFERENCE = "Ct of every reference well of the sample undetermined"


@dataclass(frozen=True)
class Qpcr(OneReadout):
    """One qPCR plate: a well a row, Ct of a gene.

    Attributes
    ----------
    target, reference
        Gene that is read, and the genes that the sample's amount is judged by.
    efficiency
        Gene -> how much one cycle multiplies it by (1.9 for 90 %); 2 for genes that are not named.
    control
        Cell of the sample column in wells without template: none of the genes may come up there within
        `control_margin` cycles of its latest sample; these wells give no value.
    cycles
        Cycles that the machine ran: an undetermined Ct is at least this.
    technical
        ``mean``: one value a sample, from the mean Ct of its technical replicates (they share the sample's
        biology and are not independent); ``keep``: one value a target well.
    spread_max
        Cycles that technical replicates of a gene may lie apart; a sample whose wells disagree more is left out.
    """

    assay: ClassVar[str] = "qpcr"
    time: ClassVar[str] = "time_min"

    path: str
    observable: str
    batch: str
    target: str
    reference: tuple[str, ...]
    efficiency: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    control: str = ""
    control_margin: float = 3.0
    cycles: float = 40.0
    technical: str = "mean"
    spread_max: float = 2.0
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False
    time_unit: str = "min"
    take: Take = Take()

    def cycle(self, gene: str) -> float:
        """Cycles of doubling that one cycle of a gene is worth: log2 of its efficiency."""
        return math.log2(self.efficiency.get(gene, 2.0))


def read(sheet: Sheet, spec: Qpcr) -> Reading:
    """Read the values of one plate, unit ``relative``.

    An undetermined Ct, or one of the last cycle, is at least that: its sample's value is a limit, and the expression
    below it. All wells of a sample whose replicates disagree are left out and counted.

    Parameters
    ----------
    sheet
        Columns ``sample,condition,time_min,replicate,gene,ct``; other genes than those of `spec` are passed over.
    spec
        Genes, efficiencies, cycles, and what to do with technical replicates.

    Returns
    -------
    Reading
        `Value.row` is the first target well. Quality: ``reference_ct_cv`` over all samples; ``reference_drift``, of
        several reference genes the largest standard deviation over samples of one against another [cycles];
        ``control_gap``, cycles between the latest sample and the earliest well without template.
    """
    collector = Collector(sheet)
    collector.faults += repeated(sheet, ("sample", "replicate", "gene"))
    collector.faults += _gene_faults(sheet, spec)
    samples: dict[str, list[Row]] = {}
    controls: list[Row] = []
    for row in sheet.rows:
        if not row["sample"]:
            collector.fault(row, "sample", "the cell is empty, a sample is expected.")
        elif row["gene"] not in (spec.target, *spec.reference):
            collector.dropped.append(Dropped(spec.observable, row.number, f"another gene: {row['gene']}"))
        elif spec.control and row["sample"] == spec.control:
            controls.append(row)
        else:
            samples.setdefault(row["sample"], []).append(row)
    if spec.control and not controls:
        where = f"{sheet.name}, column 'sample'"
        what = f"no well of the control '{spec.control}'."
        collector.faults.append(Fault(where, what, "Name the wells without template as they are called in the file."))
    found = [_read_sample(collector, name, rows, spec) for name, rows in samples.items()]
    references = [one for one in found if one]
    quality = {}
    if references:
        quality["reference_ct_cv"] = variation([fmean(one.values()) for one in references])
    if len(spec.reference) > 1 and len(references) > 1:
        quality["reference_drift"] = max(
            stdev(one[a] - one[b] for one in references) for a, b in combinations(spec.reference, 2)
        )
    return collector.reading(quality | _control_gap(collector, controls, spec))


def _gene_faults(sheet: Sheet, spec: Qpcr) -> list[Fault]:
    genes = {row["gene"] for row in sheet.rows}
    where = f"{sheet.name}, column 'gene'"
    if spec.target in spec.reference:
        return [Fault(where, f"target and reference are both '{spec.target}'.", "Name two genes.")]
    roles = [("target", spec.target), *(("reference", gene) for gene in spec.reference)]
    faults = [
        Fault(where, f"no well of the {role} gene '{gene}'.", nearest(gene, genes))
        for role, gene in roles
        if gene not in genes
    ]
    named = [gene for gene in spec.efficiency if gene not in {known for _, known in roles}]
    remedy = f"Target and reference: {', '.join(gene for _, gene in roles)}."
    return faults + [
        Fault(sheet.name, f"efficiency of '{gene}', which is neither target nor reference.", remedy) for gene in named
    ]


def _control_gap(collector: Collector, controls: Sequence[Row], spec: Qpcr) -> dict[str, float]:
    """Cycles that wells without template lie behind the samples; a fault where that is too few."""
    gaps = []
    for gene in (spec.target, *spec.reference):
        wells = [row for row in controls if row["gene"] == gene and row["ct"]]
        cts, _ = _cycle_thresholds(collector, wells, spec)
        others = [
            ct
            for row in collector.sheet.rows
            if row["gene"] == gene
            and row["sample"] != spec.control
            and (ct := collector.sheet.number(row["ct"])) is not None
            and ct < spec.cycles
        ]
        for row in wells:
            if row.number not in cts or not others:
                continue
            gap = cts[row.number] - max(others)
            gaps.append(gap)
            if gap < spec.control_margin:
                what = f"{gene} comes up without template at Ct {row['ct']}, {gap:.3g} cycles after its latest sample"
                what += f" (at least {spec.control_margin:g} are expected)."
                remedy = "Leave the gene or the late samples out ('where:'), or state the 'control_margin' you accept."
                collector.fault(row, "ct", what, remedy)
    return {"control_gap": min(gaps)} if gaps else {}


def _read_sample(collector: Collector, name: str, rows: Sequence[Row], spec: Qpcr) -> dict[str, float] | None:
    """Read the values of one sample; mean Ct of each reference gene, None where it lacks one."""
    first = rows[0]
    for row in rows[1:]:
        for column in ("condition", "time_min"):
            if row[column] != first[column]:
                what = f"sample '{name}' is '{row[column]}' here and '{first[column]}' in row {first.number}."
                collector.fault(row, column, what, "Give each sample a name of its own.")
    condition = collector.condition(first, "condition")
    time = collector.time(first, "time_min", spec.time_unit)
    present = {row["gene"] for row in rows}
    empty = [row for row in rows if not row["ct"]]
    collector.dropped += [Dropped(spec.observable, row.number, EMPTY) for row in empty if row["gene"] == spec.target]
    rows = [row for row in rows if row["ct"]]
    cts, faulty = _cycle_thresholds(collector, rows, spec)
    targets = [row for row in rows if row["gene"] == spec.target]
    for gene in spec.reference:
        if gene not in present:
            collector.fault(first, "gene", f"sample '{name}' has no well of the reference gene '{gene}'.")
            faulty = True
    references = {
        gene: [cts[r.number] for r in rows if r["gene"] == gene and r.number in cts] for gene in spec.reference
    }
    collector.measured(first, condition, time)
    if faulty:
        return None
    if not all(references.values()):
        collector.dropped += [Dropped(spec.observable, row.number, NO_REFERENCE) for row in targets]
        return None
    means = {gene: fmean(wells) for gene, wells in references.items()}
    reference = fmean(spec.cycle(gene) * mean for gene, mean in means.items())
    limit = 2.0 ** (reference - spec.cycle(spec.target) * spec.cycles)
    came_up = any(row.number in cts for row in targets)
    wells = [cts.get(row.number, spec.cycles) for row in targets] if came_up else []
    for found in (*references.values(), wells):
        if found and max(found) - min(found) > spec.spread_max:
            reason = f"Ct of technical replicates more than {spec.spread_max:g} cycles apart"
            collector.dropped += [Dropped(spec.observable, row.number, reason) for row in targets]
            return means
    if condition is None or time is None:
        return means
    groups = [targets] if spec.technical == "mean" and targets else [[row] for row in targets]
    for group in groups:
        # A well that never came up has a Ct of at least the cycles run, and so has the mean with it.
        target = fmean(cts.get(row.number, spec.cycles) for row in group)
        side = "" if all(row.number in cts for row in group) else "below"
        value = Value(
            observable=spec.observable,
            condition=condition,
            time_min=time,
            value=2.0 ** (reference - spec.cycle(spec.target) * target),
            unit="relative",
            noise=spec.noise,
            scale=spec.scale,
            offset=spec.offset,
            row=group[0].number,
            detection_limit=limit,
            rows=tuple(row.number for row in group),
            censored=side,
        )
        collector.values.append(value)
    return means


def _cycle_thresholds(collector: Collector, rows: Sequence[Row], spec: Qpcr) -> tuple[Mapping[int, float], bool]:
    """Row number -> Ct of the wells that have one, and whether any cell is at fault."""
    cts: dict[int, float] = {}
    faulty = False
    for row in rows:
        if row["ct"].lower() in UNDETERMINED or range_side(row["ct"]):
            continue
        ct = collector.number(row, "ct", ", nor 'Undetermined'")
        if ct == spec.cycles:
            continue  # some machines write the last cycle where the threshold was never crossed
        if ct is None:
            pass
        elif not 0 < ct <= spec.cycles:
            what = f"Ct {row['ct']} is not between 0 and the {spec.cycles:g} cycles of the run."
            collector.fault(row, "ct", what, "Correct it, or give the run's 'cycles'.")
        else:
            cts[row.number] = ct
            continue
        faulty = True
    return cts, faulty


def _frozen(entry: Mapping[str, Any]) -> Qpcr:
    """Freeze a valid entry of ``files``."""
    genes = entry["reference"]
    reference = (genes,) if isinstance(genes, str) else tuple(genes)
    efficiency = MappingProxyType(dict(entry.get("efficiency", {})))
    return Qpcr(**{**entry, "reference": reference, "efficiency": efficiency})


ASSAY = Assay(
    name="qpcr",
    text="one qPCR plate a file, a well a row, Ct of a gene",
    spec=Qpcr,
    keys={
        "observable": OBSERVABLE,
        "batch": BATCH,
        "target": {**COLUMN_NAME, "description": "Gene that is read."},
        "reference": {
            "type": ["string", "array"],
            "minLength": 1,
            "items": COLUMN_NAME,
            "minItems": 1,
            "uniqueItems": True,
            "description": "Reference gene, or several: their geometric mean.",
        },
        "efficiency": {
            "type": "object",
            "description": "Gene -> how much one cycle multiplies it by; 2 where it is not named.",
            "additionalProperties": {"type": "number", "exclusiveMinimum": 1, "maximum": 2.2},
        },
        "control": {**COLUMN_NAME, "description": "Sample of wells without template (NTC): checked, gives no value."},
        "control_margin": {
            "type": "number",
            "default": 3,
            "description": "Cycles that the control must come up after the latest sample.",
        },
        "cycles": {
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 40,
            "description": "Cycles run; an undetermined Ct is at least this.",
        },
        "technical": {
            "enum": ["mean", "keep"],
            "default": "mean",
            "description": "mean: one value a sample; keep: one value a target well.",
        },
        "spread_max": {
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 2,
            "description": "Cycles that technical replicates may lie apart; a sample that exceeds it is left out.",
        },
        "noise": NOISE,
        "scale": SCALE,
        "offset": OFFSET,
        "time_unit": TIME_UNIT,
    },
    required=("observable", "batch", "target", "reference"),
    columns=lambda spec: list(COLUMNS),
    read=read,
    quality=("reference_ct_cv", "reference_drift", "control_gap"),
    units=("relative",),
    instrument=Instrument(QpcrSettings, qpcr_plate),
    freeze=_frozen,
    logarithmic=True,
)
