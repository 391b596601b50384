"""Conditions that a file tells by doses in its columns: what is added when, and when it is washed off."""

from __future__ import annotations

import re
from datetime import date, timedelta

from il6infer._errors import Fault
from il6infer._tables import Row
from il6infer._units import DOSE_UNITS, minutes, species_of
from il6infer.ingestion.bands import Joined, added
from il6infer.ingestion.formats.format import told_time_unit
from il6infer.ingestion.labels import spelled_unit, steps_of_doses
from il6infer.ingestion.reading import SERIALS
from il6infer.ingestion.taking import ConditionOf, Dose
from il6infer.ingestion.times import spoken_time

SPOKEN = re.compile(r"(?P<number>[\d.,' \u00a0]+?)\s*(?P<unit>[^\W\d]+\s*(?:/\s*[^\W\d]+)?)")
"""A dose that says its unit."""
_UNITS = ("s", "min", "h", "d")

_Given = tuple[str, str, str, float, float | None]
"""Species, dose, unit, time of its addition [min], and of the wash that ends it, or none."""


class _NoNumber(ValueError):
    """Column, what is wrong with its cell, and what to do."""

    def __init__(self, column: str, what: str, remedy: str = "Correct it, or leave the row out."):
        super().__init__(column, what, remedy)
        self.column, self.what, self.remedy = column, what, remedy


def with_doses(joined: Joined, told: ConditionOf, unit: str) -> None:
    """Make conditions and their steps of the doses in a row's columns.

    Parameters
    ----------
    joined
        The sheet.
    told
        Doses, and where they stand.
    unit
        Of the file's times: where it is not min, a wash has to say its own.
    """
    known: dict[tuple[str, ...], str] = {}
    names: list[str] = []
    for row in joined.sheet.rows:
        if row.cells.get(joined.standard):
            names.append("")
            continue
        key = tuple(row[column] for column in told.read)
        if key not in known:
            known[key] = _dosed_so(joined, row, told, unit)
        elif not known[key]:
            joined.faulty.add(row.number)
        names.append(known[key])
    joined.sheet = added(joined.sheet, {"condition": names})


def _dosed_so(joined: Joined, row: Row, told: ConditionOf, unit: str) -> str:
    """Condition of the doses in a row, whose steps are noted; empty, with a fault, where a cell is no dose."""
    doses: list[_Given] = []
    for dose in told.doses:
        try:
            doses.append(_given(joined, row, dose, unit))
        except _NoNumber as fault:
            joined.faults.append(Fault(joined.sheet.where(row, fault.column), fault.what, fault.remedy))
            joined.faulty.add(row.number)
    if row.number not in joined.faulty:
        for column, what, remedy in _contradictions(told, doses):
            joined.faults.append(Fault(joined.sheet.where(row, column), what, remedy))
            joined.faulty.add(row.number)
    if row.number in joined.faulty:
        return ""
    label = steps_of_doses(doses)
    joined.steps.setdefault(label.name, label.rows)
    return label.name


def _given(joined: Joined, row: Row, dose: Dose, unit: str) -> _Given:
    cell, unit_of_dose = row[dose.column] if dose.column else dose.dose, dose.unit
    value = joined.sheet.number(str(cell))
    if value is not None and SERIALS[0] <= value < SERIALS[1] and value == int(value) and value % 10:
        day = date(1899, 12, 30) + timedelta(days=int(value))
        what = f"{cell} looks like a spreadsheet's date ({day}), and not like a dose of {dose.species}."
        raise _NoNumber(
            dose.column, what, "Write the dose; if it is one, with its unit in the cell, as in '45.123 ug/ml'."
        )
    if value is None and (found := SPOKEN.fullmatch(str(cell).strip())):
        value, said = joined.sheet.number(found["number"]), spelled_unit(found["unit"])
        if value is not None and said not in DOSE_UNITS:
            raise _NoNumber(dose.column, f"'{cell}' is no dose: its unit is none of {', '.join(DOSE_UNITS)}.")
        unit_of_dose = said
    if value is None or value < 0:
        what = f"'{cell}' is no dose." if cell else "the cell is empty, a dose is expected (0 for none)."
        raise _NoNumber(dose.column, what)
    ends = _wash(joined, row, dose.until, unit) if isinstance(dose.until, str) else dose.until
    return species_of(dose.species), f"{value:.12g}", unit_of_dose, dose.time_min, None if ends is None else float(ends)


def _wash(joined: Joined, row: Row, column: str, unit: str) -> float | None:
    """Time of a wash [min]; an empty cell is none."""
    cell = row[column]
    if not cell:
        return None
    spoken = spoken_time(cell)
    if spoken is not None:
        return spoken
    value = joined.sheet.number(cell)
    if value is None:
        raise _NoNumber(column, f"'{cell}' is no time of a wash: a number is expected, or nothing where none was.")
    own = told_time_unit(column)
    if own not in _UNITS and (unit != "min" or joined.converted) and value != 0:
        what = f"the unit of {cell} is not said, and the times of the file are not plain minutes."
        remedy = f"Write its unit into its name, such as '{column} (min)', or into the cells ('30 min')."
        raise _NoNumber(column, what, remedy)
    return minutes(value, own if own in _UNITS else "min")


def _contradictions(told: ConditionOf, doses: list[_Given]) -> list[tuple[str, str, str]]:
    """Find washes of what was not added yet, and what a wash of something else takes away: column, what, remedy."""
    given = [one for one in doses if float(one[1]) != 0]
    found = []
    for dose, one in zip(told.doses, doses, strict=True):
        species, _, _, time, end = one
        column = dose.until if isinstance(dose.until, str) else dose.column
        if one in given and end is not None and end <= time:
            what = f"{species} is washed off at {end:g} min, and added at {time:g} min."
            found.append((column, what, "Correct it; leave the cell empty where nothing is washed off."))
        for other, _, _, begin, others_end in given:
            if end is not None and time < end and begin <= end and (others_end is None or others_end > end):
                what = f"{species} is washed off at {end:g} min, and {other} "
                what += "is not" if others_end is None else f"only at {others_end:g} min"
                what += ": a wash takes away all that the medium holds."
                remedy = "Give both the same 'until', or write the steps of this condition as a protocol (wash, add)."
                found.append((column, what, remedy))
    return found
