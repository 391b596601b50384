"""A reaction network in symbols: what any SBML model that the project can read becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import sympy as sp
from sympy.logic.boolalg import Boolean

from il6infer.network.graphs import symbols_of

COPIES_UNIT = "copies_reference"
"""Constant of the library's models that is a unit: the copies per cell in which active gp130 is counted."""

TIME = sp.Symbol("time", real=True)


@cache
def symbol(name: str) -> sp.Symbol:
    """Make the one symbol that stands for an id; every expression of the project is built from these."""
    return sp.Symbol(name, real=True)


def internal(name: str) -> sp.Symbol:
    """Make a symbol of our own, which no id can be: an id has no point."""
    return sp.Symbol(f".{name}", real=True)


@dataclass(frozen=True)
class Event:
    """A change of states or parameters that happens as a condition turns true.

    Attributes
    ----------
    trigger
        Condition on time, states and parameters.
    changes
        State or parameter -> expression of states, parameters, time.
    initial_value
        Value that the trigger counts as having had before the start; an event whose trigger holds from the start on
        happens there only if this is false.
    persistent
        Whether it happens even if an event of the same moment that comes before it makes the trigger false again.
    use_trigger_values
        Whether `changes` are evaluated as the trigger turns true; else when the event's turn comes, after other events
        of the same moment.
    priority
        Of events of the same moment, the one of highest priority comes first; None: the order is not stated.
    dilution
        Concentration -> compartment that the event resizes: the amount of the species stays.
    """

    id: str
    trigger: Boolean
    changes: Mapping[str, sp.Expr]
    initial_value: bool = True
    persistent: bool = True
    use_trigger_values: bool = True
    priority: sp.Expr | None = None
    dilution: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mode:
    """A condition that holds, or does not, for a while: a parameter that is 1 or 0 in its place.

    Attributes
    ----------
    parameter
        Id of the network parameter.
    condition
        Relation whose truth it is.
    function, at_zero
        Of a mode that the simulation locates: the condition holds where the function is above zero, and at zero if
        `at_zero`. A scheduled mode, whose times are known before, has None.
    kink
        Whether the rates only bend where the function is zero, and nothing jumps.
    """

    parameter: str
    condition: Boolean
    function: sp.Expr | None = None
    at_zero: bool = False
    kink: bool = False

    @property
    def located(self) -> bool:
        """Whether the simulation has to find out when it changes."""
        return self.function is not None

    @property
    def located_function(self) -> sp.Expr:
        """`function` of a mode that the simulation locates."""
        if self.function is None:
            raise ValueError(f"mode '{self.parameter}' is scheduled and has no function")
        return self.function


@dataclass(frozen=True)
class Reaction:
    """A reaction, or a rate rule.

    Attributes
    ----------
    id
        As the model has it.
    changes
        (states,): what one turn of it makes (above 0) or consumes.
    rate
        Of the simplest volume that it takes part in.
    """

    id: str
    changes: np.ndarray
    rate: sp.Expr


@dataclass(frozen=True)
class Network:
    """States, parameters and right-hand side, in symbols made by `symbol`.

    Attributes
    ----------
    states
        Ids of what changes in time. Values are concentrations, or amounts where the model says so.
    parameters
        Ids of every constant that a condition may set (parameters, compartments, constant species).
    defaults
        One expression a parameter: a number, an expression of other parameters, or NaN where none is given.
    initial
        State at the start: expressions of parameters.
    rhs
        d(state)/dt: expressions of states, parameters and `TIME`.
    derived
        Assignment rules, expanded to states, parameters and `TIME`.
    stoichiometry
        (states, fluxes): rhs = stoichiometry @ fluxes, in the unit of the state.
    fluxes
        Reaction rates (and rate rules, one flux each): expressions of states, parameters and `TIME`.
    flux_ids
        Id of each flux's reaction; one that crosses volumes has a flux, and stands, for each of them.
    modes
        Conditions of the rates and of triggers that change with time; none before `il6infer.runs.modes` names them.
    units
        Id -> unit, where the model states it.
    names
        Id -> name for the reader, where the model states it.
    assignments
        State or parameter -> its value at the start as the model states it, of other states and parameters. `initial`
        and `defaults` say the same with the states replaced.
    start_time
        Parameter that is the time at which an experiment starts, for initial values that name the time; empty: none
        does.
    computed
        Parameter -> expression of others whose value it has at all times, whatever becomes of these.
    compartments
        Those of `parameters` that are sizes of compartments.
    """

    id: str
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    defaults: tuple[sp.Expr, ...]
    initial: tuple[sp.Expr, ...]
    rhs: tuple[sp.Expr, ...]
    derived: Mapping[str, sp.Expr]
    stoichiometry: np.ndarray
    fluxes: tuple[sp.Expr, ...]
    flux_ids: tuple[str, ...]
    events: tuple[Event, ...] = ()
    modes: tuple[Mode, ...] = ()
    units: Mapping[str, str] | None = None
    names: Mapping[str, str] | None = None
    assignments: Mapping[str, sp.Expr] | None = None
    start_time: str = ""
    computed: Mapping[str, sp.Expr] = field(default_factory=dict)
    compartments: tuple[str, ...] = ()

    @property
    def named(self) -> frozenset[sp.Symbol]:
        """Symbols on which a course depends: of rates and starts, and of switches and events that name no rate.

        Two experiments that differ in none of them have one course; what none of them is may be without a value.
        """
        own: list[sp.Basic] = [*self.rhs, *self.initial, *self.computed.values()]
        own += [e for mode in self.modes for e in (mode.condition, mode.function) if e is not None]
        for event in self.events:
            own += [event.trigger, *event.changes.values(), *map(symbol, event.dilution.values())]
            own += [] if event.priority is None else [event.priority]
        found = frozenset[sp.Symbol]().union(*map(symbols_of, own))
        return found.union(*[symbols_of(self.derived[s.name]) for s in found if s.name in self.derived])

    @property
    def reactions(self) -> tuple[Reaction, ...]:
        """Reactions whole: those that cross volumes with what they change in all of them."""
        positions: dict[str, list[int]] = {}
        for position, name in enumerate(self.flux_ids):
            positions.setdefault(name, []).append(position)
        return tuple(
            Reaction(
                name,
                self.stoichiometry[:, own].sum(axis=1),
                min((self.fluxes[position] for position in own), key=lambda flux: len(flux.free_symbols)),
            )
            for name, own in positions.items()
        )

    @property
    def expand(self) -> dict[sp.Symbol, sp.Expr]:
        """Substitution that replaces each derived quantity by its expression."""
        return {symbol(name): expression for name, expression in self.derived.items()}
