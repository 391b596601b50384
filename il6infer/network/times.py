"""Times at which a model is interrupted: triggers of events, and switches of piecewise rates."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp
from sympy.core.relational import Eq, Ge, Gt, Le, Lt, Ne, Relational

from il6infer._errors import UserError
from il6infer.network.network import TIME


def trigger_time(trigger: sp.Basic, constants: set[sp.Symbol], where: str) -> sp.Expr:
    """Time at which a condition like ``time >= T`` turns true.

    Raises
    ------
    UserError
        For a trigger of any other kind, above all one that depends on states.
    """
    parts = trigger.args if isinstance(trigger, sp.And) else (trigger,)
    starts = []
    for part in parts:
        crossing = _crossing(part) if isinstance(part, (Ge, Gt, Le, Lt)) else None
        if crossing is None or crossing[0].free_symbols - constants:
            starts = []
            break
        if crossing[1]:
            starts.append(crossing[0])
    if len(starts) != 1:
        raise UserError(
            f"{where}: the trigger '{trigger}' is not a time (time >= T); an event of any other kind is not supported."
        )
    return starts[0]


def breakpoints(expressions: Iterable[sp.Expr], states: set[sp.Symbol], source: str) -> tuple[sp.Expr, ...]:
    """Find the times at which a piecewise in time switches; a switch on a state is left to the step control.

    Raises
    ------
    UserError
        For a condition on time whose switching time is not known before the simulation.
    """
    found: set[sp.Expr] = set()
    for expression in expressions:
        for step in expression.atoms(sp.floor, sp.ceiling):
            if TIME in step.free_symbols:
                raise UserError(f"{source}: '{step}' steps in time without end; this is not supported.")
        for relation in expression.atoms(Relational):
            if TIME not in relation.free_symbols:
                continue
            crossing = _crossing(relation)
            if crossing is None or crossing[0].free_symbols & states:
                raise UserError(
                    f"{source}: the condition '{relation}' is not one of time against constants; this is not supported."
                )
            found.add(crossing[0])
    return tuple(sorted(found, key=str))


def _crossing(relation: Relational) -> tuple[sp.Expr, bool] | None:
    """Time at which a relation linear in time switches, and whether it turns true there; None if there is none."""
    difference = sp.expand(relation.lhs - relation.rhs)
    slope = difference.coeff(TIME, 1)
    rest = difference - slope * TIME
    if slope == 0 or not slope.is_number or TIME in rest.free_symbols:
        return None
    rising = isinstance(relation, (Ge, Gt)) == bool(slope > 0) and not isinstance(relation, (Eq, Ne))
    return sp.expand(-rest / slope), rising
