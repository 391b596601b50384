"""Columns that nobody named, and that tell the samples of one gel, plate or file from those of another.

`il6infer.ingestion.guard` looks at the rows of one gel. A genotype or a drug that differs from gel to gel is constant
in each: passed over, it would make one condition of cells that are not the same, and the fit of them can pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from il6infer._errors import Fault
from il6infer._tables import number
from il6infer._units import DOSE_UNITS, concentration_nM
from il6infer.ingestion.formats.format import plain
from il6infer.ingestion.guard import COLD, is_run, tells_treatment, tells_warmth, warmth
from il6infer.ingestion.headers import dosed, unit_of
from il6infer.ingestion.protocol import Protocol
from il6infer.ingestion.sources import Source, without_faults
from il6infer.ingestion.unsaid import contradicts_dose, says_time, unsaid_substance, unsaid_time

_CHANGED = re.compile(
    r"[-/+]/[-/]|\b(ko|k\.o|knock|crispr|sg|null|mutant|mut|sirna|shrna|overexpress\w*|dominant|deleted|deficient)"
    r"|\b(si|sh|sg)[ _-]?[A-Z]",
    re.IGNORECASE,
)
ALIKE = 0.15
"""Share by which doses in other units may differ: molecular weights are not the same to all."""

_KINDS = {"genotype", "sirna", "shrna", "knockdown", "strain", "construct", "plasmid", "transfection", "cells", "line"}
_SCRAMBLED = re.compile(r"scr|ctrl|control|non.?target|luc|\bnt\b|\bneg", re.IGNORECASE)


def told_apart(sources: Sequence[Source], protocol: Protocol | None) -> list[Fault]:
    """Find columns that are passed over, and that by their names and cells say what samples are.

    Parameters
    ----------
    sources
        Each gel or plate.
    protocol
        What was done; None where it cannot be read.

    Returns
    -------
    list
        A fault for each column by whose cells one condition is several samples on different gels, plates or files; that
        says a substance, or a pre-incubation, which the protocol of its condition lacks; or that says a knock-out or
        alike of cells of which the description says nothing.
    """
    faults: list[Fault] = []
    seen: dict[tuple[str, str], tuple[str, str, Source]] = {}
    told: set[str] = set()
    for source, column, condition, cells in _cells(sources):
        where = f"{source.spec.path}, column '{column}'"
        if where in told or len(cells) != 1:  # several in one gel: `guard` has seen them
            continue
        ((said, cell),) = cells.items()
        before, others, other = seen.setdefault((plain(column), condition), (said, cell, source))
        fault = None
        if before != said:
            what = f"'{cell}' in {_place(source)}, and '{others}' in {_place(other)}, where both are condition"
            what += f" '{condition}': they are read as the same cells under the same treatment."
            fault = Fault(where, what, _remedy(column))
        elif protocol is not None:
            fault = _unsaid(protocol, where, column, condition, cell)
        if fault is not None:
            told.add(where)
            faults.append(fault)
    return faults


def other_doses(sources: Sequence[Source], protocol: Protocol) -> list[Fault]:
    """Find doses of a file, whose header says substance and unit, that a map makes a condition of another dose.

    Parameters
    ----------
    sources
        Each gel or plate.
    protocol
        What was done.
    """
    faults: dict[tuple[str, str, str], Fault] = {}
    for source in sources:
        sheet, told = source.reading.sheet, source.spec.take.condition
        if sheet is None or not told.names:
            continue
        columns = [c for c in told.columns if dosed(c) and unit_of(c) in DOSE_UNITS]
        for row in sheet.rows if columns else ():
            for column in columns:
                species, unit, value = dosed(column), unit_of(column), sheet.number(row[column])
                steps = [step for step in protocol.steps if step.condition == row["condition"]]
                given = [step for step in steps if step.species == species and step.concentration_nM]
                if value is None or not steps or not (value or given):
                    continue
                meant = concentration_nM(value, unit, species)
                if not any(abs(meant / one.concentration_nM - 1) < ALIKE for one in given if one.concentration_nM):
                    doses = ", ".join(f"{one.dose:g} {one.unit}" for one in given) or "none"
                    what = f"{row[column]} {unit} of {species} is made condition '{row['condition']}', "
                    what += f"to which the protocol gives {doses}."
                    remedy = (
                        "Correct the map or the protocol; or give the column a name that says no unit ('columns:')."
                    )
                    fault = Fault(sheet.where(row, column), what, remedy)
                    faults.setdefault((source.spec.path, column, row[column]), fault)
    return list(faults.values())


def _cells(sources: Sequence[Source]) -> Iterator[tuple[Source, str, str, dict[str, str]]]:
    """Each column that says a treatment and is passed over, condition by condition: what its cells say -> the first."""
    for one in without_faults(sources):
        for column in one.passed_over:
            if not dosed(column) and not _says(column):
                continue
            conditions: dict[str, dict[str, str]] = {}
            for value, row in one.read:
                cell = warmth(row[column]) if tells_warmth(column) else _level(row[column])
                conditions.setdefault(value.condition, {}).setdefault(cell, row[column].strip())
            for condition, cells in conditions.items():
                yield one.source, column, condition, cells


def _says(column: str) -> bool:
    return (tells_treatment(column) or says_time(column)) and not is_run(column)


def _listed(given: Iterable[str]) -> str:
    names = sorted(filter(None, given))
    return f"{', '.join(names)} alone" if names else "nothing"


def _quoted(column: str) -> str:
    return column if re.fullmatch(r"\w+", column) else "'" + column.replace("'", "''") + "'"


def _level(cell: str) -> str:
    value = number(cell)
    return cell.strip() if value is None else f"{value:.12g}"


def _unsaid(protocol: Protocol, where: str, column: str, condition: str, cell: str) -> Fault | None:
    """Fault of a substance, or of cells, that the file names and the condition does not have."""
    species, dose = dosed(column), number(cell)
    given = {step.species for step in protocol.steps if step.condition == condition}
    if species and dose and species not in given:
        what = f"{cell} of {species} in rows of condition '{condition}', to which the protocol gives none."
        return Fault(where, what, _remedy(column))
    # A row of dose 0 may say which ligand it has none of.
    named = given - {""} or {step.species for step in protocol.steps}
    if not species and (said := unsaid_substance(named, column, cell)):
        what = f"{said} in rows of condition '{condition}', to which the protocol gives {_listed(given)}."
        remedy = (
            "Give it in the protocol or as a dose, 'doses: {NAME: {dose: ..., unit: ..., time_min: ...}}', read other "
        )
        remedy += f"rows by 'where', or, if it makes no difference, list it under 'ignore: [{_quoted(column)}]'."
        return Fault(where, what, remedy)
    if said := unsaid_time([step for step in protocol.steps if step.condition == condition], column, cell):
        what = f"{said} ('{condition}')."
        remedy = "Say when it was added: 'time_min: -60' beside its dose or in the protocol, or '... 60 min before' in "
        remedy += f"the label. If nothing of the models was, list it under 'ignore: [{_quoted(column)}]'."
        return Fault(where, what, remedy)
    if not species and contradicts_dose(given, column, cell):
        what = f"'{cell}' in rows of condition '{condition}', to which the protocol gives {_listed(given)}."
        remedy = "Correct the cell or the dose; or, if it makes no difference, list it under "
        return Fault(where, what, f"{remedy}'ignore: [{_quoted(column)}]'.")
    if tells_warmth(column) and warmth(cell) == COLD:
        what = f"'{cell}' in rows of condition '{condition}': the rates of the models are those of warm cells (37 C)."
        remedy = "Read other rows by 'where'; or, if only lysates or plates were cold, list it under "
        return Fault(where, what, f"{remedy}'ignore: [{_quoted(column)}]'.")
    words = set(plain(column).split())
    changed = words & _KINDS and _CHANGED.search(cell) and not _SCRAMBLED.search(cell)
    if changed and condition not in protocol.genotypes:
        what = f"'{cell}' in rows of condition '{condition}', of whose cells the description says nothing."
        return Fault(where, what, _remedy(column))
    return None


def _place(source: Source) -> str:
    return f"{source.spec.batch} ({source.spec.path})"


def _remedy(column: str) -> str:
    name = _quoted(column)
    if tells_warmth(column):
        made = "Make it part of the condition"
    elif dosed(column):
        made = f"Make it part of the condition, 'doses: {{{dosed(column)}: {{column: {name}, unit: ...}}}}'"
    else:
        made = f"Say what these cells are, 'condition: {{..., cells: {{column: {name}, map: {{...}}}}}}'"
        made += " (docs/data.md), or make it part of the condition"
    return f"{made}, read one kind of row by 'where', or, if it makes no difference, list it under 'ignore: [{name}]'."
