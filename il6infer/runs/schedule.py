"""What happens at times that are known before a simulation: events in their order, and switches of rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations

import sympy as sp
from sympy.core.relational import Relational

from il6infer._errors import UserError
from il6infer.network.graphs import replaced, symbols_of
from il6infer.network.network import TIME, Event, Mode, Network, symbol
from il6infer.network.times import crossing_time
from il6infer.runs.modes import scheduled_events

SAME_MOMENT = 1e-12
"""Times that differ by less than this share are one moment."""

Values = dict[sp.Symbol, sp.Expr]


def _moment(relation: Relational) -> sp.Expr:
    found = crossing_time(relation)
    if found is None:
        raise ValueError(f"'{relation}' has no known time: it cannot be scheduled")
    return found


class Schedule:
    """Scheduled events and modes along one experiment.

    Parameters
    ----------
    network
        With modes, see `il6infer.runs.modes`.
    known
        Number (or truth) that an expression has with the parameter values given.
    """

    def __init__(self, network: Network, known: Callable[[sp.Basic, Values], sp.Basic]) -> None:
        self._network, self._known = network, known
        self._events = scheduled_events(network)
        self._modes = [mode for mode in network.modes if not mode.located]
        conditions = [*(m.condition for m in self._modes), *(e.trigger for e in self._events)]
        relations = set().union(*[c.atoms(Relational) for c in conditions], set())
        times = {_moment(r) for r in relations if TIME in symbols_of(r)}
        self._times = sorted(times, key=str)
        self._named = sorted(set().union(*[symbols_of(t) for t in times], set()), key=str)
        self._held = {e.id: e.initial_value for e in self._events}
        self._cached: tuple[tuple, list[float]] = ((), [])

    def following(self, now: float, values: Values) -> float:
        """Next time at which a scheduled condition changes."""
        key = tuple(values.get(s) for s in self._named)
        if not self._cached[1] or self._cached[0] != key:
            self._cached = key, [float(self._known(t, values)) for t in self._times]
        least = now + SAME_MOMENT * max(abs(now), 1.0)
        return min((time for time in self._cached[1] if time > least), default=math.inf)

    def between(self, now: float, values: Values) -> float:
        """Give a time after `now` before which nothing scheduled changes."""
        following = self.following(now, values)
        return now + 0.5 * max(abs(now), 1.0) if following == math.inf else 0.5 * (now + following)

    def set_modes(self, time: float, values: Values) -> bool:
        """Set the scheduled modes as they are at a time; returns whether one changed."""
        now = {symbol(mode.parameter): self._truth(mode, time, values) for mode in self._modes}
        changed = any(values[own] != value for own, value in now.items())
        values.update(now)
        return changed

    def fired(self, time: float, values: Values) -> list[Event]:
        """Events whose trigger holds at a time and did not before."""
        holds = {e.id: self._holds(e, time, values) for e in self._events}
        fired = [e for e in self._events if holds[e.id] and not self._held[e.id]]
        self._held = holds
        return fired

    def changes(self, fired: Sequence[Event], time: float, at: float, values: Values) -> dict[str, sp.Expr]:
        """Compose what events of one moment do, one after the other, into expressions of what was before.

        Parameters
        ----------
        fired
            What `fired` gave.
        time
            Of the moment [model unit].
        at
            Time that `fired` was given: where one fires just after the moment (time > 5), its trigger holds there.
        values
            Parameter -> value before the moment.

        Raises
        ------
        UserError
            Where the result depends on an order that the model leaves open.
        """
        rank = {e.id: self._priority(e, at, values) for e in fired}
        for one, other in combinations(fired, 2):
            stated = None not in (one.priority, other.priority) and rank[one.id] != rank[other.id]
            if not stated and (name := self._conflict(one, other, at, values)):
                raise UserError(
                    f"events '{one.id}' and '{other.id}' both happen at {time:g}, and what becomes of '{name}' depends "
                    "on which comes first. Give them priorities, or, for doses that add up, "
                    "useValuesFromTriggerTime=false."
                )
        return self._compose(sorted(fired, key=lambda e: -rank[e.id]), at, values)

    def _compose(self, order: Sequence[Event], at: float, values: Values) -> dict[str, sp.Expr]:
        stated = len({e.priority for e in order}) > 1
        assigned = set() if stated else {name for e in order for name in e.changes}
        total: dict[str, sp.Expr] = {}
        for event in order:
            current = {symbol(name): e for name, e in total.items()}
            if not event.persistent and not self._holds(event, at, {**values, **current}):
                continue
            source = {} if event.use_trigger_values else current
            own = {name: replaced(e, self._network.expand).xreplace(source) for name, e in event.changes.items()}
            # The amount is that of the moment, whatever the new volume was evaluated with.
            diluted = {
                name: (symbol(name) * symbol(volume)).xreplace(current) / own[volume]
                for name, volume in event.dilution.items()
                if name not in assigned
            }
            total |= {**diluted, **own}
        return total

    def _conflict(self, one: Event, other: Event, at: float, values: Values) -> str:
        shared = [one, other]
        forth, back = self._compose(shared, at, values), self._compose(shared[::-1], at, values)
        differ = (n for n in sorted({*forth, *back}) if sp.expand(forth.get(n, symbol(n)) - back.get(n, symbol(n))))
        return next(differ, "")

    def _truth(self, mode: Mode, time: float, values: Values) -> sp.Integer:
        return sp.Integer(bool(self._known(replaced(mode.condition, {TIME: sp.Float(time)}), values)))

    def _holds(self, event: Event, time: float, values: Values) -> bool:
        return bool(self._known(replaced(event.trigger, {TIME: sp.Float(time)}), values))

    def _priority(self, event: Event, time: float, values: Values) -> float:
        now = {TIME: sp.Float(time)}
        return 0.0 if event.priority is None else float(self._known(replaced(event.priority, now), values))
