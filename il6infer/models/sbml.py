"""SBML to a symbolic network. What cannot be simulated right is refused by its SBML name and id."""

from __future__ import annotations

from collections.abc import Mapping

import libsbml
import numpy as np
import sympy as sp

from il6infer._errors import Fault, UserError, raise_faults
from il6infer.models.formula import Translator
from il6infer.models.network import TIME, Event, Network, symbol


def read_sbml(text: str, source: str = "model") -> Network:
    """Read an SBML document.

    Species are concentrations unless they have only substance units; their reactions' rates are divided by the
    compartment's volume.

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
    document = libsbml.readSBMLFromString(text)
    errors = [document.getError(i) for i in range(document.getNumErrors())]
    fatal = [e for e in errors if e.getSeverity() >= libsbml.LIBSBML_SEV_ERROR]
    raise_faults(
        [Fault(f"{source}, line {e.getLine()}", " ".join(e.getMessage().split())) for e in fatal], "SBML"
    )
    model = document.getModel()
    if model is None:
        raise UserError(f"{source}: no SBML model in the file.")
    raise_faults(_unsupported(model, source), "SBML")
    return _Reader(model, source).network()


def _unsupported(model: libsbml.Model, source: str) -> list[Fault]:
    """Elements that change the result and cannot be simulated."""
    faults = []

    def refuse(what: str) -> None:
        faults.append(Fault(source, f"{what} is not supported."))

    for rule in model.getListOfRules():
        if rule.isAlgebraic():
            refuse("algebraicRule")
        compartment = model.getCompartment(rule.getVariable())
        if compartment is not None:
            refuse(f"a rule for compartment '{compartment.getId()}' (a volume that varies)")
    for reaction in model.getListOfReactions():
        if reaction.isSetFast() and reaction.getFast():
            refuse(f"fast reaction '{reaction.getId()}'")
        if reaction.getKineticLaw() is None or reaction.getKineticLaw().getMath() is None:
            refuse(f"reaction '{reaction.getId()}' without a kineticLaw")
        for reference in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
            if reference.isSetStoichiometryMath() or not reference.getStoichiometry() == reference.getStoichiometry():
                refuse(f"stoichiometryMath of '{reference.getSpecies()}' in reaction '{reaction.getId()}'")
            if reference.getId() and model.getRule(reference.getId()) is not None:
                refuse(f"a rule for the stoichiometry '{reference.getId()}'")
    for event in model.getListOfEvents():
        if event.isSetDelay():
            refuse(f"delay of event '{event.getId()}'")
        if event.isSetPriority():
            refuse(f"priority of event '{event.getId()}'")
        for assignment in event.getListOfEventAssignments():
            if model.getCompartment(assignment.getVariable()) is not None:
                refuse(f"event '{event.getId()}' that changes compartment '{assignment.getVariable()}'")
    return faults


class _Reader:
    def __init__(self, model: libsbml.Model, source: str) -> None:
        self.model, self.source = model, source
        self.translate = Translator(
            {
                f.getId(): (tuple(f.getArgument(i).getName() for i in range(f.getNumArguments())), f.getBody())
                for f in model.getListOfFunctionDefinitions()
            }
        )
        self.rules = {r.getVariable(): r for r in model.getListOfRules()}
        self.initial_assignments = {
            a.getSymbol(): self.translate(a.getMath(), f"{source}, initialAssignment of '{a.getSymbol()}'")
            for a in model.getListOfInitialAssignments()
        }
        self.changed_by_events = {
            a.getVariable() for e in model.getListOfEvents() for a in e.getListOfEventAssignments()
        }

    def network(self) -> Network:
        """Assemble the network."""
        derived = self._derived()
        expand = {symbol(name): e for name, e in derived.items()}
        states = self._states(derived)
        fluxes, flux_ids, stoichiometry = self._fluxes(states, expand)
        parameters, defaults = self._parameters(states, derived)
        rhs = tuple(
            sp.Add(*[_scaled(n, flux) for n, flux in zip(row, fluxes, strict=True) if n != 0]) for row in stoichiometry
        )
        numeric, plain = self._plain(stoichiometry, fluxes)
        names = {s.getId(): s.getName() for s in self.model.getListOfSpecies() if s.getName()}
        return Network(
            id=self.model.getId() or "model",
            states=tuple(states),
            parameters=parameters,
            defaults=defaults,
            initial=tuple(self._initial(s).xreplace(expand) for s in states),
            rhs=rhs,
            derived=derived,
            stoichiometry=numeric,
            fluxes=plain,
            flux_ids=flux_ids,
            events=self._events(expand),
            breakpoints=_breakpoints([*rhs, *derived.values()], set(map(symbol, states)), self.source),
            names=names,
        )

    def _derived(self) -> dict[str, sp.Expr]:
        rules = {
            name: self.translate(r.getMath(), f"{self.source}, assignmentRule of '{name}'")
            for name, r in self.rules.items()
            if r.isAssignment()
        }
        for _ in range(len(rules) + 1):
            inner = {symbol(name): e for name, e in rules.items()}
            if not any(e.free_symbols & set(inner) for e in rules.values()):
                return rules
            rules = {name: e.xreplace(inner) for name, e in rules.items()}
        raise UserError(f"{self.source}: assignmentRules depend on each other in a circle: {', '.join(sorted(rules))}.")

    def _states(self, derived: Mapping[str, sp.Expr]) -> list[str]:
        rated = [name for name, rule in self.rules.items() if rule.isRate()]
        species = [
            s.getId()
            for s in self.model.getListOfSpecies()
            if s.getId() not in derived and s.getId() not in rated and not s.getConstant()
        ]
        return [*species, *rated, *sorted(self.changed_by_events - set(species) - set(rated) - set(derived))]

    def _volume(self, species: libsbml.Species) -> sp.Expr:
        return sp.Integer(1) if species.getHasOnlySubstanceUnits() else symbol(species.getCompartment())

    def _fluxes(self, states: list[str], expand: dict) -> tuple[tuple, tuple, list[list[sp.Expr]]]:
        index = {s: i for i, s in enumerate(states)}
        fluxes, ids, columns = [], [], []
        for reaction in self.model.getListOfReactions():
            law = reaction.getKineticLaw()
            local = {
                p.getId(): sp.Float(p.getValue())
                for p in (*law.getListOfParameters(), *law.getListOfLocalParameters())
            }
            rate = self.translate(law.getMath(), f"{self.source}, reaction '{reaction.getId()}'", local)
            column: list[sp.Expr] = [sp.Integer(0)] * len(states)
            for sign, references in ((-1, reaction.getListOfReactants()), (1, reaction.getListOfProducts())):
                for reference in references:
                    species = self.model.getSpecies(reference.getSpecies())
                    if species.getBoundaryCondition() or species.getId() not in index:
                        continue
                    amount = sp.Float(sign * reference.getStoichiometry())
                    column[index[species.getId()]] += amount / self._volume(species)
            fluxes.append(rate.xreplace(expand))
            ids.append(reaction.getId())
            columns.append(column)
        for name, rule in self.rules.items():
            if rule.isRate():
                rate = self.translate(rule.getMath(), f"{self.source}, rateRule of '{name}'")
                fluxes.append(rate.xreplace(expand))
                ids.append(f"d({name})/dt")
                columns.append([sp.Integer(int(s == name)) for s in states])
        rows = [[column[i] for column in columns] for i in range(len(states))]
        return tuple(fluxes), tuple(ids), rows

    def _plain(self, rows: list[list[sp.Expr]], fluxes: tuple) -> tuple[np.ndarray, tuple[sp.Expr, ...]]:
        """Numbers for the stoichiometry: a volume that all of a reaction's species share goes into its flux."""
        numeric, plain = np.zeros((len(rows), len(fluxes))), []
        for r, flux in enumerate(fluxes):
            column = [row[r] for row in rows]
            volumes = {sp.Integer(1) / n.as_independent(*n.free_symbols)[1] for n in column if n != 0 and n.free_symbols}
            shared = volumes.pop() if len(volumes) == 1 and all(n == 0 or n.free_symbols for n in column) else None
            constants = {symbol(c.getId()): sp.Float(c.getSize()) for c in self.model.getListOfCompartments()}
            for i, n in enumerate(column):
                value = n * shared if shared is not None else n.xreplace(constants)
                numeric[i, r] = float(value) if not value.free_symbols else np.nan
            plain.append(flux / shared if shared is not None else flux)
        return numeric, tuple(plain)

    def _parameters(self, states: list[str], derived: Mapping[str, sp.Expr]) -> tuple[tuple, tuple]:
        values: dict[str, sp.Expr] = {}
        for compartment in self.model.getListOfCompartments():
            values[compartment.getId()] = sp.Float(compartment.getSize() if compartment.isSetSize() else 1.0)
        for parameter in self.model.getListOfParameters():
            values[parameter.getId()] = sp.Float(parameter.getValue()) if parameter.isSetValue() else sp.nan
        for species in self.model.getListOfSpecies():
            values[species.getId()] = self._initial(species.getId())
        for name, expression in self.initial_assignments.items():
            values[name] = expression
        kept = {n: v for n, v in values.items() if n not in states and n not in derived}
        expand = {symbol(name): e for name, e in derived.items()}
        return tuple(kept), tuple(v.xreplace(expand) for v in kept.values())

    def _initial(self, name: str) -> sp.Expr:
        if name in self.initial_assignments:
            return self.initial_assignments[name].xreplace({TIME: sp.Integer(0)})
        species = self.model.getSpecies(name)
        if species is None:
            parameter = self.model.getParameter(name)
            return sp.Float(parameter.getValue()) if parameter is not None and parameter.isSetValue() else sp.nan
        volume = symbol(species.getCompartment())
        if species.isSetInitialAmount():
            amount = sp.Float(species.getInitialAmount())
            return amount if species.getHasOnlySubstanceUnits() else amount / volume
        if species.isSetInitialConcentration():
            concentration = sp.Float(species.getInitialConcentration())
            return concentration * volume if species.getHasOnlySubstanceUnits() else concentration
        return sp.nan

    def _events(self, expand: dict) -> tuple[Event, ...]:
        events = []
        for event in self.model.getListOfEvents():
            where = f"{self.source}, event '{event.getId()}'"
            trigger = self.translate(event.getTrigger().getMath(), where).xreplace(expand)
            changes = {
                a.getVariable(): self.translate(a.getMath(), where).xreplace(expand)
                for a in event.getListOfEventAssignments()
            }
            events.append(Event(event.getId(), _trigger_time(trigger, where), changes))
        return tuple(events)


def _scaled(n: sp.Expr, flux: sp.Expr) -> sp.Expr:
    return (sp.Integer(int(n)) if n.is_number and float(n).is_integer() else n) * flux


def _trigger_time(trigger: sp.Expr, where: str) -> sp.Expr:
    """Time at which ``time >= T`` turns true; a trigger of any other kind is refused."""
    if isinstance(trigger, (sp.Ge, sp.Gt, sp.Le, sp.Lt)):
        greater, smaller = trigger.gts, trigger.lts
        if greater == TIME and TIME not in smaller.free_symbols:
            return smaller
    raise UserError(f"{where}: the trigger '{trigger}' is not a time (time >= T); state-triggered events are refused.")


def _breakpoints(expressions: list[sp.Expr], states: set[sp.Symbol], source: str) -> tuple[sp.Expr, ...]:
    """Times at which a piecewise in time switches; one that switches on a state is left to the step control."""
    found: set[sp.Expr] = set()
    relations = {r for e in expressions for r in e.atoms(sp.core.relational.Relational) if TIME in r.free_symbols}
    for relation in sorted(relations, key=str):
        difference = relation.lhs - relation.rhs
        if difference.free_symbols & states:
            raise UserError(f"{source}: the condition '{relation}' mixes time and states; this is not supported.")
        slope = sp.diff(difference, TIME)
        if TIME in slope.free_symbols or slope == 0:
            raise UserError(f"{source}: the condition '{relation}' is not linear in time; this is not supported.")
        found.add(sp.simplify(TIME - difference / slope))
    return tuple(sorted(found, key=str))
