"""Names in the tables of a PEtab problem that mean nothing, each with its row and what could be meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import libsbml
import sympy as sp

from il6infer._errors import Fault, nearest, raise_faults
from il6infer.network.network import Network
from il6infer.petab_files.cells import CONSTANTS, MAX_LISTED, Line
from il6infer.petab_files.tables import Tables


def refuse_unknown(tables: Tables, network: Network, model: libsbml.Model, subject: str) -> None:
    """Refuse formulas, placeholders' values and conditions that name what is nowhere, and parameters of no use.

    Parameters
    ----------
    tables
        Of the problem.
    network, model
        The model as it is simulated, and as SBML has it.
    subject
        What the message is about.

    Raises
    ------
    UserError
        With every such name.
    """
    faults: list[Fault] = []
    rates = {r.getId(): r.getKineticLaw() for r in model.getListOfReactions()}
    reactions = {name: libsbml.formulaToL3String(law.getMath()) for name, law in rates.items() if law is not None}
    targets = {change.target_id for condition in tables.conditions for change in condition.changes}
    mapped = {m.petab_id for m in tables.mappings}
    named = {p.id for p in tables.parameters} | targets | mapped
    used = {*mapped}
    for observable, line in zip(tables.observables, tables.observable_lines, strict=True):
        places = {s.name for s in (*observable.observable_placeholders, *observable.noise_placeholders)}
        inside = named | places | {o.id for o in tables.observables}
        for column, expression in (
            ("observableFormula", observable.formula),
            ("noiseFormula", observable.noise_formula),
        ):
            used |= _meaningless(line, column, expression, inside, network, reactions, faults)
    for measurement, line in zip(tables.measurements, tables.measurement_lines, strict=True):
        for column, values in (
            ("observableParameters", measurement.observable_parameters),
            ("noiseParameters", measurement.noise_parameters),
        ):
            for value in values:
                if not value.is_number:
                    used |= _meaningless(line, column, value, named, network, reactions, faults)
    own = {*network.states, *network.parameters, *network.derived}
    for name in sorted(own):
        if name.lower() in CONSTANTS:
            faults.append(
                Fault("the model", f"'{name}' is a constant in PEtab's formulas, no id.", f"Rename '{name}'.")
            )
    for condition in tables.conditions:
        for change in condition.changes:
            line, column = tables.change_lines[condition.id, change.target_id]
            if change.target_id not in own | used:
                what = f"sets '{change.target_id}', which is neither in the model nor in a formula."
                faults.append(line.fault(column, what, _hint(change.target_id, own | used)))
            used |= _meaningless(line, column, change.target_value, named, network, reactions, faults)
    rules = {rule.getVariable() for rule in model.getListOfRules()}
    species = {s.getId() for s in model.getListOfSpecies()}
    for parameter, line in zip(tables.parameters, tables.parameter_lines, strict=True):
        ruled = parameter.id in rules
        if ruled or (parameter.id in species and parameter.id in network.states):
            what = f"'{parameter.id}' is {'set by a rule' if ruled else 'a species'} of the model, no parameter."
            remedy = "Give the parameter another name, and let a condition set the initial value to it."
            faults.append(line.fault("parameterId", what, remedy))
        elif parameter.id not in own | used:
            what = f"'{parameter.id}' is no parameter of the model and stands in no formula."
            faults.append(line.fault("parameterId", what, "Remove the row, or correct the name."))
    raise_faults(faults, subject)


def _hint(name: str, known: Collection[str]) -> str:
    return nearest(name, known) if len(known) <= MAX_LISTED else "Correct the name."


def _meaningless(
    line: Line,
    column: str,
    expression: sp.Basic,
    named: Collection[str],
    network: Network,
    reactions: Mapping[str, str],
    faults: list[Fault],
) -> set[str]:
    """Refuse names in a formula that neither the model nor `named` has; give the names."""
    own = {*network.states, *network.parameters, *network.derived, "time"}
    names = {s.name for s in expression.free_symbols}
    for name in sorted(names - own - {*named}):
        if name in reactions:
            what = f"'{name}' is a reaction of the model, and a reaction has no value in PEtab."
            rule = "add a parameter with that assignment rule to the model"
            remedy = f"Write its rate in place of it, {reactions[name]}, or {rule}."
        else:
            what = f"'{name}' is neither in the model nor in the parameter table."
            remedy = _hint(name, own | {*named})
        faults.append(line.fault(column, what, remedy))
    return names
