"""Switches and events that the second engine locates: in numpy, from the same expressions, by code of its own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import sympy as sp

from il6infer.kernel.truths import ROUNDED
from il6infer.network.graphs import replaced, symbols_of
from il6infer.network.network import TIME, Network, symbol
from il6infer.runs.modes import HOLDS, located, located_events
from il6infer.runs.numeric import Function
from il6infer.runs.outcome import Outcome
from il6infer.runs.truths import doubtful_conditions

SAME_MOMENT = 1e-9
"""Conditions that change within this share of the time change together."""

FOUND = 1e-12
"""How exactly the solver finds the time of a zero, as a share of the time."""

MOST_EVENTS = 64

SOONER, ENOUGH, NEAR_BY = 0.9995, 4, 1e-6
"""Events come ever faster where each waits less than this share of the wait before, so many times on end, and then less
than this share of the time."""


class Failed(Exception):  # noqa: N818 (an outcome, not an error)
    """An outcome on its way out of a run."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class Switching:
    """Modes and located events of a network along one run.

    Vectors: states y, network parameters p with the modes among them; tangents s (states, parameters) and dp.

    Parameters
    ----------
    network
        As the solver has it.
    rates
        Its right-hand side.
    written
        The right-hand side with the conditions of parameters alone that the solver does not look at.

    Attributes
    ----------
    timed
        (events,) whether a trigger asks for nothing but the time.
    """

    def __init__(self, network: Network, rates: Function, written: Iterable[sp.Expr]) -> None:
        self._rates = rates
        self.modes, self.events = located(network), located_events(network)
        self._fired: dict[int, tuple[float, float, int]] = {}
        own = {symbol(s) for s in network.states}
        self._of_time = np.array([not symbols_of(m.located_function) & own for m in self.modes], dtype=bool)
        asked = {symbol(m.parameter) for m, alone in zip(self.modes, self._of_time, strict=True) if not alone}
        self.timed = np.array([not symbols_of(e.trigger) & asked for e in self.events], dtype=bool)
        index = {name: i for i, name in enumerate(network.parameters)}
        self.place = [index[mode.parameter] for mode in self.modes]
        states, parameters = [symbol(s) for s in network.states], [symbol(p) for p in network.parameters]
        self._functions = Function([*states, *parameters, TIME], [mode.located_function for mode in self.modes])
        self._triggers = Function(parameters, [sp.Piecewise((1, e.trigger), (0, True)) for e in self.events])
        truths = [e for both in doubtful_conditions(network, written) for e in both]
        self._truths = Function(parameters, [sp.Piecewise((1, e), (0, True)) for e in truths]) if truths else None
        now = {s: sp.Dummy(f"{s}_now", real=True) for s in states}
        self._size = len(states)
        self._targets, self._values = [], []
        for event in self.events:
            changes = {symbol(name): replaced(e, network.expand) for name, e in event.changes.items()}
            diluted = {
                symbol(name): now[symbol(name)] * now.get(symbol(volume), symbol(volume)) / changes[symbol(volume)]
                for name, volume in event.dilution.items()
            }
            both = {**changes, **diluted}
            self._targets.append([states.index(target) for target in both])
            self._values.append(Function([*states, *now.values(), *parameters, TIME], list(both.values())))

    def first_held(self) -> np.ndarray:
        """Give what the triggers count as having been before a run starts."""
        self._fired.clear()
        return np.array([e.initial_value for e in self.events], dtype=bool)

    def held(self, p: np.ndarray) -> np.ndarray:
        """Which triggers hold in the modes of p."""
        return self._triggers(p) > 0.5

    def with_modes(self, y: np.ndarray, p: np.ndarray, t: float) -> np.ndarray:
        """Parameters with the modes that the conditions have at a state.

        Parameters
        ----------
        y, p
            (states,) and (parameters,).
        t
            Time [model unit].
        """
        after = p.copy()
        for mode, place, g in zip(self.modes, self.place, self._functions([*y, *p, t]), strict=True):
            if mode.kink and np.isnan(g):
                raise Failed(Outcome.NON_FINITE)
            after[place] = float(g > 0 or (mode.at_zero and g == 0))
        return after

    def undecided(self, points: Iterable[tuple[np.ndarray, float]], p: np.ndarray, atol: float) -> bool:
        """Whether a condition that counts is neither true nor false at any point of a run.

        Parameters
        ----------
        points
            (state, time) along it.
        p
            (parameters,) with the modes.
        atol
            Absolute tolerance: a state that is below zero by ten of it at most is zero.
        """
        if self._truths is None:
            return False
        kinks = np.array([mode.kink for mode in self.modes], dtype=bool)
        for y, t in points:
            g = np.asarray(self._functions([*np.where((y < 0) & (y > -ROUNDED * atol), 0.0, y), *p, t]), dtype=float)
            lacking = p.copy()
            lacking[np.array(self.place, dtype=int)[np.isnan(g) & ~kinks]] = np.nan
            if (np.reshape(self._truths(lacking), (-1, 2)) < HOLDS).all(axis=1).any():
                return True
        return False

    def react(
        self, y: np.ndarray, s: np.ndarray, p: np.ndarray, dp: np.ndarray, t: float, held: np.ndarray, dt: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
        """Let events happen whose trigger holds and did not before; changes `held`. Whether any did comes last.

        Parameters
        ----------
        y, s
            (states,), (states, estimated parameters).
        p, dp
            (parameters,) of the network, (parameters, estimated parameters).
        t, dt
            Time [model unit], and its tangent (estimated parameters,).
        held
            (events,) which triggers held before; changed.
        """
        waiting: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for count in range(MOST_EVENTS):
            now = self.held(p)
            waiting |= {e: (y, s) for e in np.flatnonzero(now & ~held).tolist()}
            held[:] = now
            waiting = {e: w for e, w in waiting.items() if self.events[e].persistent or now[e]}
            if not waiting:
                return y, s, p, count > 0
            e = min(waiting)
            values, tangents = waiting.pop(e)
            self._refuse_ever_faster(e, t)
            if not self.events[e].use_trigger_values:
                values, tangents = y, s
            arguments = np.array([*values, *y, *p, t])
            local, size = self._values[e].jacobian(arguments), self._size
            after, slopes = y.copy(), s.copy()
            after[self._targets[e]] = self._values[e](arguments)
            slopes[self._targets[e]] = (
                local[:, :size] @ tangents
                + local[:, size : 2 * size] @ s
                + local[:, 2 * size : -1] @ dp
                + np.outer(local[:, -1], dt)
            )
            unmoved = self._functions([*y, *p, t]) == self._functions([*after, *p, t])
            y, s = after, slopes
            # At its very time, rounding decides on which side of it a function is that the event does not move.
            changed, kept = self.with_modes(y, p, t), np.array(self.place, dtype=int)[unmoved]
            changed[kept] = p[kept]
            p = changed
        raise Failed(Outcome.STEP_LIMIT)

    def _refuse_ever_faster(self, e: int, t: float) -> None:
        """Fail where an event comes ever sooner, and will have come without end at a time near by."""
        last, gap, faster = self._fired.get(e, (-np.inf, np.inf, 0))
        now = t - last
        if now > 0:
            faster = faster + 1 if now < SOONER * gap < np.inf else 0
            self._fired[e] = t, now, faster
            if faster >= ENOUGH and now < NEAR_BY * abs(t):
                raise Failed(Outcome.STEP_LIMIT)

    def arrive(
        self, y: np.ndarray, s: np.ndarray, p: np.ndarray, dp: np.ndarray, t: float, held: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """State, tangent and parameters at the start of a segment, after its jumps.

        Parameters
        ----------
        y, s, p, dp, t, held
            As `react` has them.
        """
        p, turns = self.with_modes(y, p, t), []
        g, speed = self._functions([*y, *p, t]), self._functions.jacobian([*y, *p, t])[:, -1]
        back = p.copy()
        for j in np.flatnonzero(self._of_time & (speed != 0) & (np.abs(g) <= FOUND * max(abs(t), 1.0) * np.abs(speed))):
            if not self.modes[j].kink and p[self.place[j]] == float(speed[j] > 0):
                back[self.place[j]] = 1.0 - p[self.place[j]]
                turns.append(int(j))
        return self._moment(y, s, back, dp, t, held, turns)[:3]

    def _moment(
        self, y: np.ndarray, s: np.ndarray, p: np.ndarray, dp: np.ndarray, t: float, held: np.ndarray, turns: list[int]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
        """Let switches turn, and events happen, at one moment: each switch at a time of its own where that is the same.

        Changes `held`; whether any event happened comes last.
        """
        ends = []
        for groups in ([[j] for j in turns], [turns] if turns else [])[: 1 + (len(turns) > 1)]:
            own = held.copy()
            ends.append((*self._in_turn(y, s, p, dp, t, own, groups), own))
        one, *others = ends
        for other in others:
            same = np.allclose(one[0], other[0], rtol=1e-9, atol=0.0) and np.array_equal(one[2], other[2])
            if not (same and np.array_equal(one[-1], other[-1])):
                one = other
        held[:] = one[-1]
        return one[:4]

    def _in_turn(
        self, y: np.ndarray, s: np.ndarray, p: np.ndarray, dp: np.ndarray, t: float, held: np.ndarray,
        groups: list[list[int]],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:  # fmt: skip
        before = held.copy()
        y, s, p, happened = self.react(y, s, p, dp, t, held, np.zeros(s.shape[1]))
        held |= before & bool(groups)  # what held does not turn true at this moment
        for group in groups:
            rates, slopes = self._rates([*y, *p, t]), self._functions.jacobian([*y, *p, t])[group[0]]
            speed = slopes[: self._size] @ rates + slopes[-1]
            dt = -(slopes[: self._size] @ s + slopes[self._size : -1] @ dp) / speed
            p = p.copy()
            for j in group:
                p[self.place[j]] = 1.0 - p[self.place[j]]
            y, s, p, more = self.react(y, s + np.outer(rates, dt), p, dp, t, held, dt)
            s = s - np.outer(self._rates([*y, *p, t]), dt)
            happened = happened or more
        return y, s, p, happened

    def settle(
        self, y: np.ndarray, s: np.ndarray, p: np.ndarray, dp: np.ndarray, t: float, held: np.ndarray, slack: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """State, tangent and parameters where the solver starts, after all switches that turn there.

        An event may leave another function at its very zero.

        Parameters
        ----------
        y, s, p, dp, t, held, slack
            As `switch` has them.
        """
        for _ in range(MOST_EVENTS):
            before = p
            y, s, p, _ = self.switch(y, s, p, dp, t, held, slack, 0.0, False)
            if np.array_equal(before[self.place], p[self.place]):
                return y, s, p
        raise Failed(Outcome.STEP_LIMIT)

    def _crosses(
        self, j: int, y: np.ndarray, p: np.ndarray, t: float, rates: np.ndarray, g: float, speed: float, moment: float
    ) -> bool:
        """Whether a function is beyond its zero a moment later: one with a kink there, as -|u|, only touches it."""
        ahead = moment + 4 * abs(g / speed)
        later = self._functions([*(y + ahead * rates), *p, t + ahead])[j]
        return (later > 0) == (speed > 0)

    def switch(
        self, y: np.ndarray, s: np.ndarray, p: np.ndarray, dp: np.ndarray, t: float, held: np.ndarray,
        slack: np.ndarray, span: float, ends: bool,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:  # fmt: skip
        """State, tangent and parameters after a switch, where the run has come to one.

        The last tells whether events happened that what is measured now is measured after (1) or before (-1).

        Parameters
        ----------
        y, s, p, dp, t, held
            As `react` has them.
        slack
            (states,) by how much the solver may have each wrong.
        span
            How long the solver took to come here; 0 where it is yet to start.
        ends
            Whether another segment begins here: what depends on time alone comes after its changes.
        """
        before = self._rates([*y, *p, t])
        g, slopes = self._functions([*y, *p, t]), self._functions.jacobian([*y, *p, t])
        speed = slopes[:, : self._size] @ before + slopes[:, -1]
        moment = SAME_MOMENT * max(abs(t), 1.0)
        # However fast it changes, a function is at its zero only where state and time, as exact as they are, may be.
        inexact = np.abs(slopes[:, : self._size]) @ slack + np.abs(slopes[:, -1]) * moment
        inexact += np.abs(speed) * FOUND * max(abs(t), span)
        near = (speed != 0) & (np.abs(g) <= np.minimum(moment * np.abs(speed), inexact))
        near &= ~(self._of_time & ends)
        turns = [int(j) for j in np.flatnonzero(near) if p[self.place[j]] != float(speed[j] > 0)]
        turns = [j for j in turns if self._crosses(j, y, p, t, before, g[j], speed[j], moment)]
        if not turns:
            return y, s, p, 0
        which = min(turns, key=lambda j: self.modes[j].kink)
        turns = [which, *(j for j in turns if j != which)]
        y, s, after, happened = self._moment(y, s, p, dp, t, held, turns)
        back = slopes[which, : self._size] @ self._rates([*y, *after, t]) + slopes[which, -1]
        bends = self.modes[which].kink
        if not (happened or bends) and back * speed[which] < 0 and abs(back) > 1e-9 * abs(speed[which]):
            raise Failed(Outcome.SLIDING)
        holds_now = self.modes[which].at_zero == bool(speed[which] > 0)
        return y, s, after, (1 if holds_now else -1) if happened else 0
