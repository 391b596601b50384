"""SBML to a symbolic network."""

from __future__ import annotations

from collections.abc import Mapping

import libsbml
import numpy as np
import sympy as sp

from il6infer._errors import UserError
from il6infer.network.answers import answered
from il6infer.network.checks import parse
from il6infer.network.formula import Translator, number
from il6infer.network.graphs import replaced, symbols_of
from il6infer.network.network import TIME, Event, Network, symbol


def read_sbml(text: str, source: str = "model") -> Network:
    """Read an SBML document (Level 2 or 3).

    A species is a concentration unless it has only substance units; rates of its reactions are then divided by the
    volume. Constant species, and boundary species that nothing changes, become parameters; any other species is a
    state, even if no reaction changes it: a condition may set it, and it keeps that value.

    Parameters
    ----------
    text
        The XML.
    source
        Name for messages, e.g. the file.

    Raises
    ------
    UserError
        If the XML is invalid, or naming every element that is not supported.
    """
    document = parse(text, source)
    return _Reader(document.getModel(), source).network()


class _Reader:
    """Collects the elements of one model by id, then assembles the network."""

    def __init__(self, model: libsbml.Model, source: str) -> None:
        self.model, self.source = model, source
        self.species = {s.getId(): s for s in model.getListOfSpecies()}
        self.compartments = {c.getId(): c for c in model.getListOfCompartments()}
        self.parameters = {p.getId(): p for p in model.getListOfParameters()}
        self.rules = {r.getVariable(): r for r in model.getListOfRules()}
        self.references = {
            reference.getId(): reference
            for reaction in model.getListOfReactions()
            for reference in (*reaction.getListOfReactants(), *reaction.getListOfProducts())
            if reference.getId()
        }
        reactions = {r.getId() for r in model.getListOfReactions()}
        taken = {*self.species, *self.compartments, *self.parameters}
        self.start_time = next(n for i in range(len(taken) + 1) if (n := f"start_time{'_' * i}") not in taken)
        self.translate = Translator(
            {*self.species, *self.compartments, *self.parameters, *self.references, *reactions},
            {
                f.getId(): (tuple(f.getArgument(i).getName() for i in range(f.getNumArguments())), f.getBody())
                for f in model.getListOfFunctionDefinitions()
            },
        )
        self.assigned = {
            a.getSymbol(): self.translate(a.getMath(), f"{source}, initialAssignment of '{a.getSymbol()}'")
            for a in model.getListOfInitialAssignments()
        }
        self.rates = {r.getId(): self._rate(r) for r in model.getListOfReactions()}
        self.expand, self.derived = self._definitions()

    def network(self) -> Network:
        """Assemble the network."""
        events = self._events()
        states = self._states(events)
        self.initial = self._initial_values(states)
        stoichiometry, fluxes, flux_ids = self._fluxes(states)
        rhs = tuple(
            sp.Add(*[number(n) * flux for n, flux in zip(row, fluxes, strict=True) if n]) for row in stoichiometry
        )
        known = {*self.compartments, *self.parameters, *self.species} - set(states) - set(self.derived)
        parameters = tuple(n for n in (*self.compartments, *self.parameters, *self.species) if n in known)
        elements = {**self.compartments, **self.parameters, **self.species}
        timed = any(symbol(self.start_time) in symbols_of(e) for e in self.initial.values())
        own = (self.start_time,) if timed else ()
        return Network(
            id=self.model.getId() or "model",
            states=states,
            parameters=parameters + own,
            defaults=(*(self.initial[p] for p in parameters), *(sp.Integer(0) for _ in own)),
            initial=tuple(self.initial[s] for s in states),
            rhs=rhs,
            derived=self.derived,
            stoichiometry=stoichiometry,
            fluxes=fluxes,
            flux_ids=flux_ids,
            events=events,
            units={i: self._unit(e.getUnits()) for i, e in elements.items() if e.getUnits()},
            names={i: e.getName() for i, e in elements.items() if e.getName()},
            assignments=self.assignments,
            start_time=self.start_time if timed else "",
            compartments=tuple(name for name in self.compartments if name in known),
        )

    def _rate(self, reaction: libsbml.Reaction) -> sp.Expr:
        law = reaction.getKineticLaw()
        local = {
            p.getId(): number(p.getValue()) if p.isSetValue() else sp.nan
            for p in (*law.getListOfParameters(), *law.getListOfLocalParameters())
        }
        return self.translate(law.getMath(), f"{self.source}, reaction '{reaction.getId()}'", local)

    def _definitions(self) -> tuple[dict[sp.Symbol, sp.Expr], dict[str, sp.Expr]]:
        """Substitution for ids that stand for an expression (rules, rates, stoichiometries); the rules by id."""
        rules = {
            name: self.translate(rule.getMath(), f"{self.source}, assignmentRule of '{name}'")
            for name, rule in self.rules.items()
            if rule.isAssignment()
        }
        stoichiometries = {name: number(self._stoichiometry(r)) for name, r in self.references.items()}
        expand = resolve({**stoichiometries, **self.rates, **rules}, f"{self.source}: assignmentRules")
        return {symbol(name): e for name, e in expand.items()}, {name: expand[name] for name in rules}

    def _stoichiometry(self, reference: libsbml.SpeciesReference) -> float:
        given = self.assigned.get(reference.getId()) if reference.getId() else None
        if given is not None and not given.is_number:
            name = reference.getId()
            raise UserError(
                f"{self.source}, initialAssignment of '{name}': a stoichiometry must be a number, not {given}."
            )
        value = reference.getStoichiometry() if given is None else float(given)
        if reference.isSetStoichiometryMath():
            value = reference.getStoichiometryMath().getMath().getValue()
        if value != value:
            raise UserError(f"{self.source}, speciesReference of '{reference.getSpecies()}': it has no stoichiometry.")
        return value

    def _states(self, events: tuple[Event, ...]) -> tuple[str, ...]:
        rated = {name for name, rule in self.rules.items() if rule.isRate()}
        changed = {name for event in events for name in event.changes}
        states = [
            name
            for name, species in self.species.items()
            if name in rated | changed
            or not (name in self.derived or species.getConstant() or species.getBoundaryCondition())
        ]
        others = [name for name in self.parameters if name in rated]
        # A parameter that events set from parameters alone stays one; set from states, it needs a place in the state.
        own = {symbol(name) for name in (*states, *others, *(changed & set(self.parameters)))} | {TIME}
        set_here = {**self.compartments, **self.parameters}
        while more := {
            name: None
            for event in events
            for name, e in event.changes.items()
            if name in set_here and name not in others and symbols_of(e) & own
        }:
            others += more
            own |= {symbol(name) for name in more}
        # What is in a volume that is set from states is diluted by a factor that depends on these.
        kept = {name for event in events for name, volume in event.dilution.items() if volume in others}
        return (*(name for name in self.species if name in kept.union(states)), *others)

    def _volume(self, species: libsbml.Species) -> sp.Expr:
        return symbol(species.getCompartment())

    def _weight(self, species: libsbml.Species) -> sp.Expr:
        """Give the factor that turns a reaction's rate into that of the state."""
        factor = species.getConversionFactor() or self.model.getConversionFactor()
        weight = symbol(factor) if factor else sp.Integer(1)
        return weight if species.getHasOnlySubstanceUnits() else weight / self._volume(species)

    def _fluxes(self, states: tuple[str, ...]) -> tuple[np.ndarray, tuple[sp.Expr, ...], tuple[str, ...]]:
        """Stoichiometry of numbers only: a reaction across volumes gives one flux for each volume."""
        index = {s: i for i, s in enumerate(states)}
        columns, fluxes, ids = [], [], []
        for reaction in self.model.getListOfReactions():
            parts: dict[sp.Expr, np.ndarray] = {}
            for sign, references in ((-1, reaction.getListOfReactants()), (1, reaction.getListOfProducts())):
                for reference in references:
                    species = self.species[reference.getSpecies()]
                    if species.getBoundaryCondition() or species.getId() not in index:
                        continue
                    column = parts.setdefault(self._weight(species), np.zeros(len(states)))
                    column[index[species.getId()]] += sign * self._stoichiometry(reference)
            parts = {weight: column for weight, column in parts.items() if column.any()}
            for weight, column in parts.items():
                rate = replaced(self.rates[reaction.getId()], self.expand)
                columns.append(column)
                fluxes.append(sp.Add(*[term * weight for term in sp.Add.make_args(rate)]))
                ids.append(reaction.getId())
        for name, rule in self.rules.items():
            if rule.isRate():
                rate = self.translate(rule.getMath(), f"{self.source}, rateRule of '{name}'")
                columns.append(np.array([float(s == name) for s in states]))
                fluxes.append(replaced(rate, self.expand))
                ids.append(f"d({name})/dt")
        matrix = np.array(columns).T if columns else np.zeros((len(states), 0))
        return matrix, tuple(fluxes), tuple(ids)

    def _initial_values(self, states: tuple[str, ...]) -> dict[str, sp.Expr]:
        """Value at the start of everything but rules: states by parameters, parameters by other parameters."""
        given = {name: self._given(name) for name in (*self.compartments, *self.parameters, *self.species)}
        given = {
            name: answered(replaced(e, self.expand)).xreplace({TIME: symbol(self.start_time)})
            for name, e in given.items()
            if name not in self.derived
        }
        self.assignments = {name: e for name, e in given.items() if symbols_of(e)}
        at_start = {
            symbol(name): e
            for name, e in resolve({name: given[name] for name in states}, f"{self.source}: initial values").items()
        }
        result = {name: replaced(e, at_start) for name, e in given.items()}
        resolve({n: e for n, e in result.items() if n not in states}, f"{self.source}: initial values")
        return result

    def _given(self, name: str) -> sp.Expr:
        if name in self.assigned:
            return self.assigned[name]
        if name in self.compartments:
            compartment = self.compartments[name]
            return number(compartment.getSize()) if compartment.isSetSize() else sp.Integer(1)
        if name in self.parameters:
            parameter = self.parameters[name]
            return number(parameter.getValue()) if parameter.isSetValue() else sp.nan
        species = self.species[name]
        volume, amounts = self._volume(species), species.getHasOnlySubstanceUnits()
        if species.isSetInitialAmount():
            amount = number(species.getInitialAmount())
            return amount if amounts else amount / volume
        if species.isSetInitialConcentration():
            concentration = number(species.getInitialConcentration())
            return concentration * volume if amounts else concentration
        return sp.nan

    def _events(self) -> tuple[Event, ...]:
        events = []
        for event in self.model.getListOfEvents():
            where = f"{self.source}, event '{event.getId()}'"
            trigger = event.getTrigger()
            if trigger is None:
                raise UserError(f"{where}: it has no trigger.")
            changes: Mapping[str, sp.Expr] = {
                a.getVariable(): self.translate(a.getMath(), where).xreplace(self.expand)
                for a in event.getListOfEventAssignments()
            }
            given = event.getPriority()
            events.append(
                Event(
                    id=event.getId(),
                    trigger=self.translate.condition(trigger.getMath(), where).xreplace(self.expand),
                    changes=changes,
                    initial_value=trigger.getInitialValue(),
                    persistent=trigger.getPersistent(),
                    use_trigger_values=event.getUseValuesFromTriggerTime(),
                    priority=None if given is None else self.translate(given.getMath(), where).xreplace(self.expand),
                    dilution=self._dilution(changes),
                )
            )
        return tuple(events)

    def _dilution(self, changes: Mapping[str, sp.Expr]) -> dict[str, str]:
        """Concentrations in the compartments that change: amounts are kept."""
        return {
            name: species.getCompartment()
            for name, species in self.species.items()
            if species.getCompartment() in changes
            and name not in {*changes, *self.derived}
            and not (species.getHasOnlySubstanceUnits() or species.getConstant())
        }

    def _unit(self, unit: str) -> str:
        definition = self.model.getUnitDefinition(unit)
        return definition.getName() if definition is not None and definition.getName() else unit


def resolve(definitions: Mapping[str, sp.Expr], where: str) -> dict[str, sp.Expr]:
    """Replace defined ids in each definition until none is left.

    Raises
    ------
    UserError
        When definitions depend on each other in a circle.
    """
    done: dict[sp.Symbol, sp.Expr] = {}
    waiting = {symbol(name): expression for name, expression in definitions.items()}
    while waiting:
        ready = [s for s, e in waiting.items() if not symbols_of(e) & waiting.keys()]
        if not ready:
            circle = ", ".join(sorted(f"'{s}'" for s in waiting))
            raise UserError(f"{where} depend on each other in a circle, among {circle}.")
        done |= {s: waiting.pop(s).xreplace(done) for s in ready}
    return {str(s): done[s] for s in map(symbol, definitions)}
