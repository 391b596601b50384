"""What the columns of a table seem to hold: values, their errors, logarithms, replicates of one read-out."""

from __future__ import annotations

import copy
import re
from typing import Any

from il6infer._tables import Sheet
from il6infer._units import DOSE_UNITS
from il6infer.ingestion.dataset import BLANK
from il6infer.ingestion.formats.format import known_as, plain, time_unit
from il6infer.ingestion.guard import numbered, tells_error, tells_places, tells_warmth
from il6infer.ingestion.headers import dosed, is_transformed, unit_of
from il6infer.ingestion.labels import name_of
from il6infer.ingestion.marks import numeric
from il6infer.ingestion.proposed_description import Proposal

TIMES = frozenset({"time", "zeit", "t", "timepoint", "time point", "zeitpunkt"})
"""Plain headers of columns of times that say no unit."""

_NO_VALUES = {"row", "peak", "no", "nr", "gel", "plate", "blot", "experiment", "exp", "run", "image", ""}
_NO_VALUES |= TIMES | {"exposure", "exposure s", "ph", "gain", "pmt", "passage"}
_TREATMENTS = {"input", "dose", "inhibitor", "drug", "dmso", "treatment", "ligand"}
_BEYOND = re.compile(r"[<>\u2264\u2265].*|n\.?d\.?|bdl|lod|<?lloq|over|ovrflw|oor.*", re.IGNORECASE)
_MEANS = re.compile(r"(mean|average|avg|mittelwert|mw|moyenne|median)\b.*", re.IGNORECASE)


def treatment(column: str) -> bool:
    """Tell whether a column's name is that of a dose or a treatment."""
    return bool(dosed(column)) or bool(set(plain(column).split()) & _TREATMENTS) or tells_warmth(column)


def concentrations(sheet: Sheet) -> dict[str, str]:
    """Columns called after a substance that hold what was measured of it, and no dose: column -> substance.

    Limits stand in them (``<3.9``, ``ND``), or conditions have a column of their own and nothing else was measured.
    """
    found = {}
    told = any(known_as(column) == "condition" for column in sheet.columns)
    alone = not any(_is_value(sheet, c) for c in sheet.columns)
    for column in sheet.columns:
        if (species := dosed(column)) and unit_of(column) in DOSE_UNITS:
            beyond = any(_BEYOND.fullmatch(row[column].strip()) for row in sheet.rows if row[column])
            if beyond or told and alone:
                found[column] = species
    return found


def values(sheet: Sheet) -> list[str]:
    """Columns of numbers that are no places, times, doses, errors or logarithms."""
    measured = concentrations(sheet)
    return [column for column in sheet.columns if column in measured or _is_value(sheet, column)]


def _is_value(sheet: Sheet, column: str) -> bool:
    cells = [row[column] for row in sheet.rows if row[column]]
    place = known_as(column) or plain(column) in _NO_VALUES or time_unit(column) or tells_places(column)
    other = treatment(column) or tells_error(column) or is_transformed(column)
    return bool(cells) and not place and not other and sum(map(numeric, cells)) * 2 > len(cells)


def marked(sheet: Sheet) -> list[str]:
    """Columns of errors, numbers or marks of values, which are passed over."""
    marks = re.compile(r"\b(sd|se|sem|n|n cells|std|flag|omit|exclude)\b")
    return [c for c in sheet.columns if tells_error(c) or marks.search(plain(c))]


def transformed_of(sheet: Sheet) -> list[str]:
    """Columns of numbers that by their header are no signal but made of one, such as ``ddCt`` or ``arcsinh pSTAT3``."""
    return [c for c in sheet.columns if is_transformed(c) and not dosed(c)]


def observable(sheet: Sheet, column: str) -> dict[str, Any]:
    """Entry of a read-out: its column, unit, and substance where it is a concentration."""
    species = concentrations(sheet).get(column)
    if species:
        return {"column": column, "unit": unit_of(column), "substance": species, "scale": False}
    return {"column": column, "unit": "a.u."}


def one_for_each_replicate(one: Proposal) -> list[Proposal]:
    """Propose an entry for each of the columns that are replicates of one read-out; else the one that there is."""
    observables = one.entry.get("observables", {})
    columns = {entry["column"]: name for name, entry in observables.items() if name != BLANK}
    alike = numbered(columns)
    if len(alike) != 1:
        return [one]
    ((name, replicates),) = alike.items()
    others = [c for c in columns if c not in replicates and not _MEANS.fullmatch(c)]
    if others:
        return [one]
    means = [c for c in columns if c not in replicates]
    told = f"columns {', '.join(replicates)} are replicates of one read-out, and listed once each"
    one.todo.append(told + (f"; {', '.join(means)}, of these, is passed over" if means else "") + ": is that right?")
    found = []
    for column in replicates:
        each = copy.deepcopy(one) if found else one
        each.entry["observables"] = {name_of(name): {"column": column, "unit": "a.u."}}
        rest = [c for c in (*replicates, *means) if c != column]
        each.entry["ignore"] = [*(c for c in one.entry.get("ignore", []) if c not in columns), *rest]
        each.todo = each.todo if each is one else []
        found.append(each)
    return found
