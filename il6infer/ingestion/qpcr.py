"""qPCR: one well a row, Ct of a gene; the value is 2^-(Ct target - mean Ct reference) of a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from il6infer._errors import Fault, nearest
from il6infer._tables import Row, Sheet, not_a_number, number, repeated
from il6infer.ingestion.reading import Collector, Dropped, Reading, Value, variation
from il6infer.ingestion.specs import Qpcr

COLUMNS = ("sample", "condition", "time_min", "replicate", "gene", "ct")
UNDETERMINED = frozenset({"", "undetermined", "undet", "n/a", "na", "nan", "no ct", "-"})
"""What machines write, in any case, when the threshold was never crossed."""
BELOW = "Ct undetermined: expression below the detection limit"
NO_REFERENCE = "Ct of every reference well of the sample undetermined"


def read(sheet: Sheet, spec: Qpcr) -> Reading:
    """Read the values of one plate, unit ``relative``.

    An undetermined Ct gives no value: the well is left out and counted, with the detection limit
    2^-(cycles - mean Ct reference) of its sample.

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
    faults = sheet.missing(COLUMNS)
    if faults:
        return Reading(faults=tuple(faults))
    collector = Collector(sheet)
    collector.faults += repeated(sheet, ("sample", "replicate", "gene"))
    collector.faults += _gene_faults(sheet, spec)
    samples: dict[str, list[Row]] = {}
    for row in sheet.rows:
        if not row["sample"]:
            collector.fault(row, "sample", "the cell is empty, a sample is expected.")
        elif row["gene"] in (spec.target, spec.reference):
            samples.setdefault(row["sample"], []).append(row)
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
    time = collector.number(first, "time_min")
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
        collector.dropped += [Dropped(spec.observable, row.number, NO_REFERENCE) for row in targets]
        return None
    reference = sum(references) / len(references)
    limit = 2.0 ** (reference - spec.cycles)
    collector.dropped += [
        Dropped(spec.observable, row.number, BELOW, limit) for row in targets if row.number not in cts
    ]
    determined = [row for row in targets if row.number in cts]
    if not determined:
        return reference
    collector.measured(first, condition, time)
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
            )
        )
    return reference


def _cycle_thresholds(collector: Collector, rows: Sequence[Row], spec: Qpcr) -> tuple[Mapping[int, float], bool]:
    """Row number -> Ct of the wells that have one, and whether any cell is at fault."""
    cts: dict[int, float] = {}
    faulty = False
    for row in rows:
        if row["ct"].lower() in UNDETERMINED:
            continue
        ct = number(row["ct"])
        if ct is None:
            collector.faults.append(not_a_number(collector.sheet, row, "ct", ", nor 'Undetermined'"))
        elif not 0 < ct <= spec.cycles:
            what = f"Ct {row['ct']} is not between 0 and the {spec.cycles:g} cycles of the run."
            collector.fault(row, "ct", what, "Correct it, or give the run's 'cycles'.")
        else:
            cts[row.number] = ct
            continue
        faulty = True
    return cts, faulty
