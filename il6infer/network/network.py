"""A reaction network in symbols: what any SBML model that the project can read becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import sympy as sp
from sympy.logic.boolalg import Boolean

TIME = sp.Symbol("time", real=True)


@cache
def symbol(name: str) -> sp.Symbol:
    """Make the one symbol that stands for an id; every expression of the project is built from these."""
    return sp.Symbol(name, real=True)


@dataclass(frozen=True)
class Event:
    """A change of states or parameters at a known time.

    Attributes
    ----------
    time
        Expression of parameters.
    changes
        State or parameter -> expression of states, parameters, time, evaluated just before the event.
    condition
        Condition that turns true at `time`; by default ``TIME >= time``.
    initial_value
        Value that the condition counts as having had before the start; an event whose condition holds from the start
        on happens there only if this is false.
    dilution
        Concentration -> expression, of species in compartments that the event resizes: their amounts stay.
    """

    id: str
    time: sp.Expr
    changes: Mapping[str, sp.Expr]
    condition: Boolean | None = None
    initial_value: bool = True
    dilution: Mapping[str, sp.Expr] = field(default_factory=dict)

    @property
    def trigger(self) -> Boolean:
        """Condition on time at which the event happens as it turns true."""
        return sp.Ge(TIME, self.time) if self.condition is None else self.condition


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
        Name of each flux.
    breakpoints
        Times (expressions of parameters) where the right-hand side is discontinuous.
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
    breakpoints: tuple[sp.Expr, ...] = ()
    units: Mapping[str, str] | None = None
    names: Mapping[str, str] | None = None
    assignments: Mapping[str, sp.Expr] | None = None
    start_time: str = ""
    computed: Mapping[str, sp.Expr] = field(default_factory=dict)

    @property
    def expand(self) -> dict[sp.Symbol, sp.Expr]:
        """Substitution that replaces each derived quantity by its expression."""
        return {symbol(name): expression for name, expression in self.derived.items()}
