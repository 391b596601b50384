"""Conditions of cells of several kinds: a column that says the genotype beside what was done to the cells."""

from __future__ import annotations

from collections.abc import Collection

from il6infer._errors import Fault
from il6infer._tables import Row
from il6infer.ingestion.bands import Joined, added
from il6infer.ingestion.labels import name_of
from il6infer.ingestion.taking import Kinds

_ALLELES = {"-/-": " ko", "+/+": " wt", "+/-": " het", "-/+": " het"}


def kind_name(cell: str) -> str:
    """Give the name that conditions of a kind of cells begin with: ``SOCS3-/-`` is ``SOCS3_ko``."""
    for signs, word in _ALLELES.items():
        cell = cell.replace(signs, word)
    return name_of(cell)


def with_kinds(joined: Joined, kinds: Kinds, protocol: Collection[str]) -> None:
    """Make conditions of cells of another kind conditions of their own, with the steps that they have.

    Parameters
    ----------
    joined
        The sheet, with its column ``condition``.
    kinds
        The column that says the kind, and what each is; empty: all cells are of one.
    protocol
        Conditions whose steps the description gives.
    """
    if not kinds.column:
        return
    if missing := joined.sheet.missing([kinds.column]):
        joined.faults += missing
        return
    joined.used.add(kinds.column)
    if clash := _alike(joined, kinds):
        joined.faults.append(clash)
        return
    names, first = [], {}
    for row in joined.sheet.rows:
        condition = row["condition"]
        if not condition or condition in joined.exempt or row.number in joined.faulty:
            names.append(condition)
            continue
        name, fault = _named(joined, row, kinds, protocol)
        if fault is not None:
            joined.faulty.add(row.number)
            if first.setdefault(fault.what, row.number) == row.number:
                joined.faults.append(fault)
        names.append(name)
    joined.sheet = added(joined.sheet, {"condition": names})
    joined.steps = {name: steps for name, steps in joined.steps.items() if name in names}


def _named(joined: Joined, row: Row, kinds: Kinds, protocol: Collection[str]) -> tuple[str, Fault | None]:
    """Condition of a row, whose steps are noted; a fault where its cells or its steps are not known."""
    sheet, cell, condition = joined.sheet, row[kinds.column], row["condition"]
    known = next((key for key in kinds.map if key.casefold() == cell.casefold() or _same(joined, key, cell)), None)
    if known is None:
        what = f"'{cell}' is not in the map of cells." if cell else "the cell is empty, a kind of cells is expected."
        remedy = f"Known: {', '.join(kinds.map)}. Say what such cells are, or null where they are those of the model."
        return "", Fault(sheet.where(row, kinds.column), what, remedy)
    if not any(kinds.map[known].values()):
        return condition, None
    name = f"{kind_name(known)}_{condition}"
    steps = joined.steps.get(condition)
    if steps is None or name in protocol:
        listed = condition if steps is None else name
        what = (
            f"condition '{listed}' has its steps in the protocol, and 'cells' makes conditions of its own of '{known}'."
        )
        remedy = (
            "Say in the protocol what the cells of its conditions are (knock_out, set), or take the condition out of "
        )
        return "", Fault(sheet.where(row, kinds.column), what, f"{remedy}it and write its doses.")
    joined.steps.setdefault(name, tuple({**step, "condition": name, **kinds.map[known]} for step in steps))
    return name, None


def _same(joined: Joined, key: str, cell: str) -> bool:
    value = joined.sheet.number(cell)
    return value is not None and joined.sheet.number(key) == value


def _alike(joined: Joined, kinds: Kinds) -> Fault | None:
    """Find two kinds of cells whose conditions would have one name."""
    before: dict[str, str] = {}
    for cell in (cell for cell, told in kinds.map.items() if any(told.values())):
        other = before.setdefault(kind_name(cell), cell)
        if other != cell:
            what = f"conditions of '{other}' and '{cell}' (cells) would both be called {kind_name(cell)}_..."
            return Fault(f"{joined.sheet.name}, column '{kinds.column}'", what, "Write one of them otherwise.")
    return None
