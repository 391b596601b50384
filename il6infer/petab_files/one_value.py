"""Names that would have a value from two places of a PEtab problem, where one would win without a word.

PEtab's parameter table "must not" list what conditions set, nor placeholders (specification of v1 and of v2).
"""

from __future__ import annotations

from collections.abc import Iterator

from il6infer._errors import Fault, raise_faults
from il6infer.network.network import Network
from il6infer.petab_files.cells import Line
from il6infer.petab_files.tables import Tables


def refuse_two_values(tables: Tables, network: Network, subject: str) -> None:
    """Refuse parameters, placeholders and observables whose names already have a value.

    Parameters
    ----------
    tables
        Of the problem.
    network
        The model.
    subject
        What the message is about.

    Raises
    ------
    UserError
        With every such name.
    """
    listed = {p.id: line for p, line in zip(tables.parameters, tables.parameter_lines, strict=True)}
    places = {}
    for observable in tables.observables:
        names = (*observable.observable_placeholders, *observable.noise_placeholders)
        places |= dict.fromkeys((s.name for s in names), observable.id)
    faults = [*_set_and_listed(tables, listed, places), *_placeholders(tables, network, listed)]
    for observable, line in zip(tables.observables, tables.observable_lines, strict=True):
        if observable.id in listed:
            what = f"'{observable.id}' is a parameter, too ({_row(listed[observable.id])})."
            faults.append(line.fault("observableId", what, "Rename one of the two."))
    raise_faults(faults, subject)


def _row(line: Line) -> str:
    return f"{line.table}, row {line.row}"


def _set_and_listed(tables: Tables, listed: dict[str, Line], places: dict[str, str]) -> Iterator[Fault]:
    """Name each target once, in the first condition that sets it."""
    told: set[str] = set()
    for condition in tables.conditions:
        for target in (change.target_id for change in condition.changes):
            if target in told or target not in listed.keys() | places:
                continue
            told.add(target)
            line, column = tables.change_lines[condition.id, target]
            column = "targetId" if line["targetId"] else column
            if target in places:
                what = f"'{target}' is a placeholder of '{places[target]}', whose value stands with each measurement."
                yield line.fault(column, what, "Remove the change, or rename one of the two.")
            else:
                what = f"'{target}' is set by this condition, and {_row(listed[target])}, lists it as a parameter."
                remedy = (
                    "Remove one of the two; a value to estimate is a parameter of another name that the condition sets"
                )
                yield line.fault(column, what, f"{remedy} '{target}' to.")


def _placeholders(tables: Tables, network: Network, listed: dict[str, Line]) -> Iterator[Fault]:
    own = {*network.states, *network.parameters, *network.derived}
    observables = {o.id for o in tables.observables}
    for observable, line in zip(tables.observables, tables.observable_lines, strict=True):
        told: set[str] = set()
        for kind, names in (
            ("observable", observable.observable_placeholders),
            ("noise", observable.noise_placeholders),
        ):
            column = f"{kind}Placeholders" if line[f"{kind}Placeholders"] else f"{kind}Formula"
            for name in (s.name for s in names):
                if name in told:
                    what = f"the placeholder '{name}' stands there twice."
                elif name in listed:
                    what = f"the placeholder '{name}' is a parameter, too ({_row(listed[name])})."
                elif name in own:
                    what = f"the placeholder '{name}' is a name of the model, too."
                elif name in observables:
                    what = f"the placeholder '{name}' is an observable, too."
                else:
                    told.add(name)
                    continue
                yield line.fault(column, what, "Its value stands with each measurement: give it a name of its own.")
