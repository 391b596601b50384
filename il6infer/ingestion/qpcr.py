"""qPCR: one well a row, Ct of a gene; the value is 2^-(Ct target - mean Ct reference) of a sample."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from il6infer._errors import Fault, nearest
from il6infer._tables import Row, Sheet, repeated
from il6infer.ingestion.assay import BATCH, COLUMN_NAME, NOISE, OBSERVABLE, OFFSET, SCALE, TIME_UNIT, Assay, Instrument
from il6infer.ingestion.instruments import samples
from il6infer.ingestion.reading import Collector, Dropped, Reading, Value, range_side, variation
from il6infer.ingestion.taking import Take

COLUMNS = ("sample", "condition", "time_min", "replicate", "gene", "ct")
UNDETERMINED = frozenset({"", "undetermined", "undet", "n/a", "na", "nan", "no ct", "-"})
"""What machines write, in any case, when the threshold was never crossed."""
BELOW = "Ct undetermined: expression below the detection limit"
NO_REFERENCE = "Ct of every reference well of the sample undetermined"


@dataclass(frozen=True)
class Qpcr:
    """One qPCR plate: a well a row, Ct of a gene.

    Attributes
    ----------
    target, reference
        Gene that is read, and the gene that the sample's amount is judged by.
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
    condition_column: ClassVar[str | None] = "condition"

    path: str
    observable: str
    batch: str
    target: str
    reference: str
    cycles: float = 40.0
    technical: str = "mean"
    spread_max: float = 2.0
    noise: str = "lognormal"
    scale: bool = True
    offset: bool = False
    time_unit: str = "min"
    take: Take = Take()

    @property
    def observables(self) -> tuple[str, ...]:
        """Read-outs that the file measures."""
        return (self.observable,)

    def noise_of(self, observable: str) -> str:
        """Noise model of a read-out."""
        return self.noise


def read(sheet: Sheet, spec: Qpcr) -> Reading:
    """Read the values of one plate, unit ``relative``.

    An undetermined Ct, or one of the last cycle, gives no value: the well is left out and counted, with the detection
    limit 2^-(cycles - mean Ct reference) of its sample. So are all wells of a sample whose replicates disagree.

    Parameters
    ----------
    sheet
        Columns ``sample,condition,time_min,replicate,gene,ct``; other genes than the two of `spec` are passed over.
    spec
        Genes, cycles, and what to do with technical replicates.

    Returns
    -------
    Reading
        `Value.row` is the first target well. Quality: ``reference_ct_cv`` over all samples.
    """
    collector = Collector(sheet)
    collector.faults += repeated(sheet, ("sample", "replicate", "gene"))
    collector.faults += _gene_faults(sheet, spec)
    samples: dict[str, list[Row]] = {}
    for row in sheet.rows:
        if not row["sample"]:
            collector.fault(row, "sample", "the cell is empty, a sample is expected.")
        elif row["gene"] in (spec.target, spec.reference):
            samples.setdefault(row["sample"], []).append(row)
        else:
            collector.dropped.append(Dropped(spec.observable, row.number, f"another gene: {row['gene']}"))
    references = []
    for name, rows in samples.items():
        reference = _read_sample(collector, name, rows, spec)
        if reference is not None:
            references.append(reference)
    return collector.reading({"reference_ct_cv": variation(references)} if references else {})


def _gene_faults(sheet: Sheet, spec: Qpcr) -> list[Fault]:
    genes = {row["gene"] for row in sheet.rows}
    where = f"{sheet.name}, column 'gene'"
    if spec.target == spec.reference:
        return [Fault(where, f"target and reference are both '{spec.target}'.", "Name two genes.")]
    return [
        Fault(where, f"no well of the {role} gene '{gene}'.", nearest(gene, genes))
        for role, gene in (("target", spec.target), ("reference", spec.reference))
        if gene not in genes
    ]


def _read_sample(collector: Collector, name: str, rows: Sequence[Row], spec: Qpcr) -> float | None:
    """Read the values of one sample; its mean reference Ct, None where it has none."""
    first = rows[0]
    for row in rows[1:]:
        for column in ("condition", "time_min"):
            if row[column] != first[column]:
                what = f"sample '{name}' is '{row[column]}' here and '{first[column]}' in row {first.number}."
                collector.fault(row, column, what, "Give each sample a name of its own.")
    condition = collector.condition(first, "condition")
    time = collector.time(first, "time_min", spec.time_unit)
    cts, faulty = _cycle_thresholds(collector, rows, spec)
    targets = [row for row in rows if row["gene"] == spec.target]
    references = [cts[row.number] for row in rows if row["gene"] == spec.reference and row.number in cts]
    if not any(row["gene"] == spec.reference for row in rows):
        collector.fault(first, "gene", f"sample '{name}' has no well of the reference gene '{spec.reference}'.")
        faulty = True
    if faulty:
        collector.measured(first, condition, time)
        return None
    if not references:
        collector.measured(first, condition, time)
        collector.dropped += [Dropped(spec.observable, row.number, NO_REFERENCE) for row in targets]
        return None
    reference = sum(references) / len(references)
    limit = 2.0 ** (reference - spec.cycles)
    collector.measured(first, condition, time)
    collector.dropped += [
        Dropped(spec.observable, row.number, BELOW, limit, "below") for row in targets if row.number not in cts
    ]
    determined = [row for row in targets if row.number in cts]
    for found in (references, [cts[row.number] for row in determined]):
        if found and max(found) - min(found) > spec.spread_max:
            reason = f"Ct of technical replicates more than {spec.spread_max:g} cycles apart"
            collector.dropped += [Dropped(spec.observable, row.number, reason) for row in determined]
            return reference
    if not determined:
        return reference
    if condition is None or time is None:
        return reference
    groups = [determined] if spec.technical == "mean" else [[row] for row in determined]
    for group in groups:
        target = sum(cts[row.number] for row in group) / len(group)
        collector.values.append(
            Value(
                observable=spec.observable,
                condition=condition,
                time_min=time,
                value=2.0 ** (reference - target),
                unit="relative",
                noise=spec.noise,
                scale=spec.scale,
                offset=spec.offset,
                row=group[0].number,
                detection_limit=limit,
                rows=tuple(row.number for row in group),
            )
        )
    return reference


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


@dataclass(frozen=True)
class QpcrSettings:
    """One qPCR plate.

    Attributes
    ----------
    samples, technical
        Samples of one condition and time, and wells of each gene for a sample.
    target_ct, reference_ct
        Ct of the target at a read-out of 1, and of the reference gene.
    noise
        Standard deviation of the natural logarithm of a sample's expression.
    well_noise
        Standard deviation of a well's Ct (0.07 cycles between duplicates).
    input_noise
        Standard deviation of a sample's amount of cDNA [cycles]; common to both genes.
    cycles
        Cycles run; a later Ct is written as Undetermined.
    """

    samples: int = 3
    technical: int = 2
    target_ct: float = 24.0
    reference_ct: float = 21.0
    noise: float = 0.1
    well_noise: float = 0.07
    input_noise: float = 0.3
    cycles: float = 40.0
    target: str = "SOCS3"
    reference: str = "HPRT"


def qpcr_plate(
    times: Sequence[float],
    conditions: Sequence[str],
    readout: pd.DataFrame,
    settings: QpcrSettings,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Write the Ct of target and reference gene, ``settings.samples`` samples for each condition and time.

    Parameters
    ----------
    times, conditions, readout, rng
        As for `western_blot_gel`.
    settings
        The plate.

    Returns
    -------
    pandas.DataFrame
        ``sample,condition,time_min,replicate,gene,ct``; `replicate` counts a sample's wells of a gene; `ct` is text
        with two decimals, or ``Undetermined``: Ct = target_ct - log2(expression) + noise.
    """
    rows = []
    design = [entry for entry in samples(times, conditions, readout) for _ in range(settings.samples)]
    for index, (condition, time, value) in enumerate(design, start=1):
        amount = rng.normal(0.0, settings.input_noise)
        expression = value * math.exp(rng.normal(0.0, settings.noise))
        target = settings.target_ct - math.log2(expression) if expression > 0 else math.inf
        for gene, mean in ((settings.target, target), (settings.reference, settings.reference_ct)):
            for replicate in range(1, settings.technical + 1):
                ct = mean - amount + rng.normal(0.0, settings.well_noise)
                rows.append(
                    {
                        "sample": f"S{index:03d}",
                        "condition": condition,
                        "time_min": time,
                        "replicate": replicate,
                        "gene": gene,
                        "ct": f"{ct:.2f}" if ct < settings.cycles else "Undetermined",
                    }
                )
    return pd.DataFrame(rows)


ASSAY = Assay(
    name="qpcr",
    text="one qPCR plate a file, a well a row, Ct of a gene",
    spec=Qpcr,
    keys={
        "observable": OBSERVABLE,
        "batch": BATCH,
        "target": {**COLUMN_NAME, "description": "Gene that is read."},
        "reference": {**COLUMN_NAME, "description": "Reference gene."},
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
    quality=("reference_ct_cv",),
    units=("relative",),
    instrument=Instrument(QpcrSettings, qpcr_plate),
)
