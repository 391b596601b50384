"""ELISA: one plate a file, one well a row; standards of known concentration make the curve that reads the samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import ClassVar

from il6infer._errors import Fault
from il6infer._tables import Row, Sheet, repeated
from il6infer._units import DOSE_UNITS, by_mass, readout, substances
from il6infer.ingestion.assay import BATCH, COLUMN_NAME, NOISE, OBSERVABLE, TIME_UNIT, Assay, OneReadout
from il6infer.ingestion.curves import PARAMETERS, StandardCurve, fit_curve
from il6infer.ingestion.dilutions import dilution_of
from il6infer.ingestion.limits import Beyond, limited
from il6infer.ingestion.no_numbers import range_side
from il6infer.ingestion.reading import Collector, Dropped, Reading, Value, variation
from il6infer.ingestion.taking import Take


@dataclass(frozen=True)
class Elisa(OneReadout):
    """One ELISA plate: a well a row; wells with a known concentration are standards.

    Attributes
    ----------
    signal, background
        Column of the absorbance, and of that at a second wavelength, which is subtracted; empty: none is.
    standard, unit
        Column of the known concentrations, empty for samples, and their unit.
    substance, kDa
        What is measured, or its molecular weight, which goes before; for units of mass.
    sample
        Column of the sample's name: wells of one sample and dilution are technical replicates.
    dilution
        Column of the factor by which a sample was diluted; empty: none was.
    curve
        ``4PL`` or ``5PL``.
    backfit
        Relative error at which a standard, read back from the curve, no longer bounds the range of quantification.
    """

    assay: ClassVar[str] = "elisa"
    time: ClassVar[str] = "time_min"

    path: str
    observable: str
    batch: str
    unit: str
    signal: str = "OD450"
    background: str = ""
    standard: str = "standard"
    substance: str = ""
    kDa: float | None = None
    sample: str = "sample"
    dilution: str = ""
    curve: str = "4PL"
    backfit: float = 0.2
    noise: str = "lognormal"
    time_unit: str = "min"
    take: Take = Take()

    @property
    def mass(self) -> float | None:
        """Molecular weight [kDa] that a concentration of mass is divided by; None where the description has none."""
        return self.kDa or (substances()[self.substance].mass if self.substance else None)


@dataclass
class _Sample:
    """Wells of one sample: its place, and dilution -> rows and signals."""

    condition: str | None
    time: float | None
    wells: dict[float, list[tuple[Row, float]]] = field(default_factory=dict)


def read(sheet: Sheet, spec: Elisa) -> Reading:
    """Read the values of one plate, unit nM.

    The signals of a sample's wells at one dilution are averaged, read from the curve and multiplied by the dilution;
    the value is the geometric mean over the dilutions that lie in the range of quantification. A sample with none
    there has a limit for a value, if all its wells lie beyond one end of the range; else it is left out and counted.

    Parameters
    ----------
    sheet
        Columns ``well,condition,time_min``, those of sample, standard and signal.
    spec
        Which columns, and the curve.

    Returns
    -------
    Reading
        Quality: ``backfit_error``, the largest relative error of a standard in the range; ``curve_cv``, the median
        uncertainty of the samples that comes from the curve; ``duplicate_cv``, the median variation of the signals of
        technical replicates; ``dilution_cv``, the largest variation of one sample over its dilutions.
        ``curve_cv`` is handed on as the standard deviation of a factor that all values of the plate share.
    """
    collector = Collector(sheet)
    collector.faults += repeated(sheet, ("well",))
    if by_mass(spec.unit) and not spec.mass:
        remedy = "Say 'substance:' (such as sIL6R), or its molecular weight as 'kDa:'."
        collector.faults.append(
            Fault(sheet.name, f"the standards are in {spec.unit}, and nothing says how heavy they are.", remedy)
        )
    standards: list[tuple[float, float]] = []
    samples: dict[str, _Sample] = {}
    stimulated = {row["condition"] for row in sheet.rows if not row[spec.standard]}
    for row in sheet.rows:
        if row[spec.standard]:
            if row["condition"] and row["time_min"] and (row["condition"] in stimulated or not stimulated):
                what = f"'{row[spec.standard]}' makes the well a standard, and '{row['condition']}' a sample."
                remedy = "Leave the cell of a sample empty (a dilution stands in a column of its own, 'dilution:'; a "
                remedy += "concentration that the program read is none that is known), or the condition of a standard."
                collector.fault(row, spec.standard, what, remedy)
            _read_standard(collector, row, spec, standards)
        else:
            _read_well(collector, row, spec, samples)
    curve = _curve(collector, spec, standards)
    if curve is None or collector.faults:
        return collector.reading()
    backfit = max(
        abs(recovery - 1.0)
        for level, recovery in zip(curve.levels, curve.recoveries, strict=True)
        if curve.low <= level <= curve.high and not math.isnan(recovery)
    )
    return collector.reading({"backfit_error": backfit, **_values(collector, spec, curve, samples)})


def _read_signal(collector: Collector, row: Row, spec: Elisa) -> float | None:
    signal = collector.number(row, spec.signal)
    if signal is None or not spec.background:
        return signal
    background = collector.number(row, spec.background)
    return None if background is None else signal - background


def _read_standard(collector: Collector, row: Row, spec: Elisa, standards: list[tuple[float, float]]) -> None:
    if range_side(row[spec.signal]):
        return  # a standard that the reader could not see says nothing of the curve's form
    level, signal = collector.number(row, spec.standard), _read_signal(collector, row, spec)
    if level is not None and level < 0:
        collector.fault(row, spec.standard, f"a concentration of {row[spec.standard]}.", "Give it as 0 or above.")
    elif level is not None and signal is not None:
        standards.append((level, signal))


def _read_well(collector: Collector, row: Row, spec: Elisa, samples: dict[str, _Sample]) -> None:
    name = row[spec.sample]
    condition = collector.condition(row, "condition")
    time = collector.time(row, "time_min", spec.time_unit)
    collector.measured(row, condition, time)
    if not name:
        remedy = "Name the sample; wells without one that are no standards go out by 'where:'."
        collector.fault(row, spec.sample, "the cell is empty, a sample is expected.", remedy)
        return
    sample = samples.setdefault(name, _Sample(condition, time))
    if (sample.condition, sample.time) != (condition, time):
        what = f"sample '{name}' has another condition or time in an earlier row."
        collector.fault(row, spec.sample, what, "Give each sample a name of its own.")
    dilution: float | None = 1.0
    if spec.dilution and (dilution := dilution_of(row[spec.dilution])) is None:
        dilution = collector.number(row, spec.dilution)
    if dilution is not None and dilution < 1.0:
        remedy = "A sample diluted 1:10 has 10."
        collector.fault(row, spec.dilution, f"a dilution of {row[spec.dilution]} is below 1.", remedy)
        return
    # Beyond the reader's range: so is the mean with its replicates, for without it that mean would be biased.
    beyond = {"above": math.inf, "below": -math.inf}.get(range_side(row[spec.signal]))
    signal = _read_signal(collector, row, spec) if beyond is None else beyond
    if dilution is not None and signal is not None:
        sample.wells.setdefault(dilution, []).append((row, signal))


def _curve(collector: Collector, spec: Elisa, standards: Sequence[tuple[float, float]]) -> StandardCurve | None:
    """Fit the curve; a plate whose standards make none has a fault."""
    where, needed = f"{collector.sheet.name}, column '{spec.standard}'", PARAMETERS[spec.curve] + 1
    levels = {level for level, _ in standards}
    if len(levels) < needed:
        what = f"standards of {len(levels)} concentrations, and a {spec.curve} curve needs {needed}."
        remedy = "Say which column holds the known concentrations ('standard:')"
        remedy += "." if spec.curve == "4PL" else ", or choose 'curve: 4PL'."
        collector.faults.append(Fault(where, what, remedy))
        return None
    curve = fit_curve([level for level, _ in standards], [signal for _, signal in standards], spec.curve, spec.backfit)
    good = 0
    if curve is not None:
        good = sum(abs(recovery - 1.0) <= spec.backfit for recovery in curve.recoveries)
    if curve is None or good < 3:
        what = (
            f"the standards do not follow a {spec.curve} curve: {good} of {len(levels - {0.0})} are read back from it"
        )
        what += f" within {spec.backfit:.0%} of what they are."
        collector.faults.append(Fault(where, what, "Check which wells are standards, or try the other curve."))
        return None
    return curve


def _values(
    collector: Collector, spec: Elisa, curve: StandardCurve, samples: Mapping[str, _Sample]
) -> dict[str, float]:
    """Read all samples from the curve; numbers for the report."""
    uncertain, duplicates, diluted = [], [], []
    for sample in samples.values():
        inside: list[float] = []
        outside: dict[float, Beyond] = {}
        rows: list[int] = []
        for dilution, wells in sample.wells.items():
            mean = fmean(signal for _, signal in wells)
            if len(wells) > 1 and math.isfinite(mean):
                duplicates.append(variation([signal for _, signal in wells]))
            found = curve.concentration(mean)
            if curve.low <= found <= curve.high:
                inside.append(found * dilution)
                uncertain.append(curve.relative_sd(found))
                rows += [row.number for row, _ in wells]
            else:
                outside[dilution] = _outside(spec, curve, found, dilution)
        side, reason = "", ""
        if inside:
            here = math.exp(fmean(math.log(one) for one in inside))
            more = "; another dilution is in it"
        elif len({out.side for out in outside.values()}) == 1:
            # The closest of the limits that the dilutions set.
            first, *_ = outside.values()
            side, reason, more = first.side, first.reason, ""
            limits = [out.limit for out in outside.values() if out.limit is not None]
            here = min(limits) if side == "below" else max(limits)
            rows = [row.number for wells in sample.wells.values() for row, _ in wells]
            outside = {}
        else:
            here, more = math.nan, "; another dilution is beyond its other end"
        collector.dropped += [
            Dropped(spec.observable, row.number, out.reason + more, side=out.side)
            for dilution, out in outside.items()
            for row, _ in sample.wells[dilution]
        ]
        if math.isnan(here) or sample.condition is None or sample.time is None:
            continue
        if len(inside) > 1:
            diluted.append(variation(inside))
        value, unit = readout(here, spec.unit, spec.mass)
        limit, _ = readout(curve.low, spec.unit, spec.mass)
        found_value = Value(
            observable=spec.observable,
            condition=sample.condition,
            time_min=sample.time,
            value=value,
            unit=unit,
            noise=spec.noise,
            scale=False,
            offset=False,
            row=rows[0],
            detection_limit=limit,
            rows=tuple(rows),
            censored=side,
        )
        limited(collector, found_value, side, reason)
    # The curve is one for the plate: what it may be off by is common to all of its values.
    common = median(uncertain) if uncertain else 0.0
    collector.values = [value._replace(scale_sd=common or None) for value in collector.values]
    quality = {"curve_cv": uncertain, "duplicate_cv": duplicates}
    numbers = {name: median(values) for name, values in quality.items() if values}
    return {**numbers, "dilution_cv": max(diluted)} if diluted else numbers


def _outside(spec: Elisa, curve: StandardCurve, found: float, dilution: float) -> Beyond:
    side = "below" if found < curve.low else "above"
    limit = (curve.low if side == "below" else curve.high) * dilution
    return Beyond(side, limit, f"{side} the range of the standards ({limit:.4g} {spec.unit})")


def _columns(spec: Elisa) -> list[str]:
    optional = [column for column in (spec.background, spec.dilution) if column]
    return ["well", spec.sample, "condition", "time_min", spec.standard, spec.signal, *optional]


ASSAY = Assay(
    name="elisa",
    text="one ELISA plate a file, a well a row; wells of known concentration are standards",
    spec=Elisa,
    keys={
        "observable": OBSERVABLE,
        "batch": BATCH,
        "signal": {**COLUMN_NAME, "default": "OD450", "description": "Column of the absorbance."},
        "background": {**COLUMN_NAME, "description": "Column of a second wavelength, which is subtracted."},
        "standard": {
            **COLUMN_NAME,
            "default": "standard",
            "description": "Column of the known concentrations; empty for samples, 0 for the blank.",
        },
        "unit": {"enum": list(DOSE_UNITS), "description": "Unit of the known concentrations; values become nM."},
        "substance": {"enum": list(substances()), "description": "What is measured: its molecular weight is used."},
        "kDa": {"type": "number", "exclusiveMinimum": 0, "description": "Molecular weight, in place of it."},
        "sample": {**COLUMN_NAME, "default": "sample", "description": "Column of the sample's name."},
        "dilution": {**COLUMN_NAME, "description": "Column of the factor by which a sample was diluted (1:10, or 10)."},
        "curve": {"enum": list(PARAMETERS), "default": "4PL", "description": "Logistic of 4 or 5 parameters."},
        "backfit": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 0.5,
            "default": 0.2,
            "description": "Relative error at which a standard, read back, no longer bounds the range that is used.",
        },
        "noise": NOISE,
        "time_unit": TIME_UNIT,
    },
    required=("observable", "batch", "unit"),
    columns=lambda spec: [
        c
        for c in (
            "well",
            spec.sample,
            "condition",
            "time_min",
            spec.standard,
            spec.signal,
            spec.background,
            spec.dilution,
        )
        if c
    ],
    read=read,
    stated=lambda spec: {spec.standard: (spec.unit, False)},
    quality=("backfit_error", "curve_cv", "duplicate_cv", "dilution_cv"),
    units=("nM",),
)
