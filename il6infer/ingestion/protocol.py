"""Protocol: who was added when and at which dose; washes, pulses, pre-incubations; doses converted to nM."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from il6infer._errors import Fault, UserError, nearest
from il6infer._once import once
from il6infer._tables import Row, Sheet, not_a_number
from il6infer._units import DOSE_UNITS, concentration_nM, species_of, substances
from il6infer.stages import genotype
from il6infer.stages.genotype import Genotype, read_genotype

COLUMNS = ("condition", "time_min", "action", "species", "dose", "unit")
ACTIONS = ("wash", "set", "add", "control")
"""In the order in which actions of the same time take effect: a pulse's new medium comes after its wash."""
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class Step:
    """One action; `concentration_nM` and `dose` are None for wash and control.

    Attributes
    ----------
    action
        ``add``: the concentration in the medium rises by the dose; ``set``: it becomes the dose; ``wash``: all that
        is dissolved leaves the medium; ``control``: nothing is added.
    """

    condition: str
    time_min: float
    action: str
    species: str
    concentration_nM: float | None
    dose: float | None
    unit: str
    row: int


@dataclass(frozen=True)
class Protocol:
    """All steps, by condition in order of first appearance, then by time and action.

    Attributes
    ----------
    conditions
        Condition -> the row in which it first stands.
    genotypes
        Condition -> what its cells are, where they are not those of the model.
    """

    sheet: Sheet
    steps: tuple[Step, ...]
    conditions: Mapping[str, int]
    genotypes: Mapping[str, Genotype] = field(default_factory=dict)

    @property
    def controls(self) -> frozenset[str]:
        """Conditions in which nothing is ever added (vehicle)."""
        stimulated = {step.condition for step in self.steps if step.action in ("add", "set") and step.dose != 0}
        return frozenset(self.conditions) - stimulated

    def start(self, condition: str) -> float:
        """Time of the first step of a condition, at most 0 [min]."""
        return self._starts.get(condition, 0.0)

    @once
    def _starts(self) -> Mapping[str, float]:
        starts: dict[str, float] = {}
        for step in self.steps:
            starts[step.condition] = min(step.time_min, starts.get(step.condition, 0.0))
        return starts


def sheet_of(rows: Iterable[Mapping[str, Any]], name: str) -> Sheet:
    """Put rows given inside a description into the sheet that a CSV file would be."""
    columns = (*COLUMNS, *genotype.COLUMNS)
    return Sheet(
        name=f"{name}, protocol",
        columns=columns,
        rows=tuple(Row(i, {c: genotype.written(row.get(c, "")) for c in columns}) for i, row in enumerate(rows, 1)),
        entry="entry",
    )


def read_protocol(
    sheet: Sheet, conditions: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Protocol | None, list[Fault]]:
    """Read the steps of a protocol sheet, and what the cells of its conditions are.

    Parameters
    ----------
    sheet
        Columns ``condition,time_min,action,species,dose,unit``, and ``knock_out`` and ``set`` where it has them: one
        row of a condition that fills them is enough.
    conditions
        The same two by condition, as a description gives them beside the protocol.

    Returns
    -------
    tuple
        The protocol (without the faulty rows; None when a column is missing), and every fault.
    """
    faults = sheet.missing(COLUMNS)
    if faults:
        return None, faults
    steps: list[Step] = []
    first: dict[str, int] = {}
    for row in sheet.rows:
        if row["condition"]:
            first.setdefault(row["condition"], row.number)
        step, found = _step(sheet, row)
        faults += found
        if step is not None:
            steps.append(step)
    faults += _clashes(sheet, steps)
    genotypes, found = _genotypes(sheet, conditions or {})
    faults += found
    order = {condition: i for i, condition in enumerate(first)}
    steps.sort(key=lambda step: (order[step.condition], step.time_min, ACTIONS.index(step.action), step.row))
    return Protocol(sheet, tuple(steps), first, genotypes), faults


def _genotypes(sheet: Sheet, described: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Genotype], list[Fault]]:
    """Read what the cells of each condition are: as the description and its rows say, which must agree."""
    faults: list[Fault] = []
    found: dict[str, tuple[Genotype, str]] = {}
    known = dict.fromkeys(row["condition"] for row in sheet.rows)
    asked: list[tuple[str, str, dict[str, str]]] = []
    for name, given in described.items():
        where = f"description, conditions, {name}"
        if name not in known:
            faults.append(Fault(where, f"condition '{name}' is not in the protocol.", nearest(name, known)))
        asked.append((name, where, {column: genotype.written(given.get(column, "")) for column in genotype.COLUMNS}))
    columns = [column for column in genotype.COLUMNS if column in sheet.columns]
    asked += [(row["condition"], sheet.where(row), {c: row[c] for c in columns}) for row in sheet.rows]
    for name, where, cells in asked:
        if not any(cells.values()):
            continue
        this, wrong = read_genotype(cells.get("knock_out", ""), cells.get("set", ""))
        faults += [Fault(f"{where}, {column}", what, _GENOTYPE[column]) for column, what in wrong]
        before, place = found.setdefault(name, (this, where))
        if before != this and not wrong:
            what = f"the cells of condition '{name}' are others than in {place}."
            faults.append(
                Fault(where, what, "A condition is of one kind of cell: give the others a name of their own.")
            )
    return {name: this for name, (this, _) in found.items()}, faults


_GENOTYPE = {
    "knock_out": "Name genes or parameters, with ; between them: SOCS3.",
    "set": "Write PARAMETER=NUMBER, PARAMETER=x0.5 for half of the model's own, or "
    "PARAMETER=NAME to estimate it apart, with ; between them: ratio_IL6R_gp130=0.2.",
}


def _step(sheet: Sheet, row: Row) -> tuple[Step | None, list[Fault]]:
    """Read the step of one row, and all its faults."""
    faults: list[Fault] = []
    condition, action = row["condition"], row["action"]
    if not condition:
        faults.append(Fault(sheet.where(row, "condition"), "the cell is empty, a condition is expected."))
    elif not _NAME.fullmatch(condition):
        what = f"'{condition}' cannot name a condition."
        faults.append(
            Fault(sheet.where(row, "condition"), what, "Use letters, digits and _, with a letter or _ first.")
        )
    time = sheet.number(row["time_min"])
    if time is None:
        faults.append(not_a_number(sheet, row, "time_min"))
    if action not in ACTIONS:
        faults.append(Fault(sheet.where(row, "action"), f"unknown action '{action}'.", nearest(action, ACTIONS)))
        return None, faults
    doses = action in ("add", "set")
    dose, concentration = None, None
    if doses:
        dose, concentration, found = _dose(sheet, row)
        faults += found
    else:
        faults += [
            Fault(sheet.where(row, column), f"'{row[column]}' where {action} takes no {column}.", _EMPTY[action])
            for column in ("species", "dose", "unit")
            if row[column]
        ]
    if faults or time is None:
        return None, faults
    return Step(condition, time, action, species_of(row["species"]), concentration, dose, row["unit"], row.number), []


_EMPTY = {
    "wash": "A wash removes all that is dissolved; leave the cell empty.",
    "control": "A control adds nothing; leave the cell empty.",
}


def _dose(sheet: Sheet, row: Row) -> tuple[float | None, float | None, list[Fault]]:
    faults: list[Fault] = []
    species, unit = species_of(row["species"]), row["unit"]
    if species not in substances():
        what = f"unknown species '{row['species']}'." if species else "the cell is empty, a species is expected."
        faults.append(Fault(sheet.where(row, "species"), what, nearest(species, substances())))
    dose = sheet.number(row["dose"])
    if dose is None:
        faults.append(not_a_number(sheet, row, "dose"))
    elif dose < 0:
        faults.append(Fault(sheet.where(row, "dose"), f"negative dose {row['dose']}."))
    if not unit:
        dosed = f"dose {row['dose']} has no unit." if row["dose"] else "the cell is empty, a unit is expected."
        faults.append(Fault(sheet.where(row, "unit"), dosed, f"Known: {', '.join(DOSE_UNITS)}."))
        return dose, None, faults
    try:
        concentration = concentration_nM(1.0 if dose is None else dose, unit, next(iter(substances())))
        if species in substances():
            concentration = concentration_nM(1.0 if dose is None else dose, unit, species)
    except UserError as error:
        return dose, None, [*faults, Fault(sheet.where(row, "unit"), str(error))]
    return dose, concentration, faults


def _clashes(sheet: Sheet, steps: list[Step]) -> list[Fault]:
    """Find steps that say the same twice, or whose order at one time is open."""
    faults = []
    seen: dict[tuple[str, float, str], Step] = {}
    for step in steps:
        first = seen.setdefault((step.condition, step.time_min, step.species or step.action), step)
        if first is step:
            continue
        at = f"condition {step.condition}, {step.time_min:g} min, {step.species or step.action}"
        if first.action == step.action and first.concentration_nM == step.concentration_nM:
            fault = Fault(sheet.where(step.row), f"duplicate of {sheet.entry} {first.row} ({at}).", "Remove one.")
        else:
            what = f"a second dose beside {sheet.entry} {first.row} ({at})."
            fault = Fault(sheet.where(step.row), what, "Give one dose of a species at a time.")
        faults.append(fault)
    return faults
