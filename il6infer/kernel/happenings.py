# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Events that are found during a simulation: what happens at one moment, in its order, and the adjoint of that."""

from __future__ import annotations

import numpy as np
from numba import njit

from il6infer.kernel.model_functions import (
    ASSIGNED,
    AT_ZERO,
    EVENT_OF_TIME,
    EVENTS,
    INITIALLY,
    LANES,
    MODE,
    NP,
    PERSISTENT,
    SWITCHES,
    TRIGGER_VALUES,
    N,
    event,
    event_vjp,
    rhs,
    switch_functions,
    trigger,
)
from il6infer.kernel.vectors import OPTIONS, accumulate, clear, put, spread, take_column

MOST_EVENTS = 64
"""Events that may follow each other at one moment."""


@njit(**OPTIONS)
def functions_at(y, p, t):
    """Switching functions (SWITCHES, lanes) at a state of one run, the same in each lane."""
    lanes = LANES()
    wide_y, wide_p, at = np.empty((N(), lanes)), np.empty((NP(), lanes)), np.full(lanes, t)
    g = np.empty((SWITCHES(), lanes))
    spread(wide_y, y)
    spread(wide_p, p)
    switch_functions(wide_y, wide_p, at, g)
    return g


@njit(**OPTIONS)
def holds(j, value):
    """Mode that a condition has where its function has a value."""
    return 1.0 if value > 0.0 or (AT_ZERO(j) == 1 and value == 0.0) else 0.0


@njit(**OPTIONS)
def set_modes(y, p, t):
    """Set the modes in a parameter vector to what the conditions are at a state."""
    g = functions_at(y, p, t)
    for j in range(SWITCHES()):
        p[MODE(j)] = holds(j, g[j, 0])


@njit(**OPTIONS)
def rates(y, p, t, f):
    """Right-hand side of one run."""
    lanes = LANES()
    wide_y, wide_p, at, out = np.empty((N(), lanes)), np.empty((NP(), lanes)), np.full(lanes, t), np.empty((N(), lanes))
    spread(wide_y, y)
    spread(wide_p, p)
    rhs(wide_y, wide_p, at, out)
    take_column(out, 0, f)


@njit(**OPTIONS)
def react(y, p, t, held, space):
    """Let events happen whose trigger holds and did not before: changes y, the modes in p, and `held`.

    Returns the number of events that happened, or -1 where they follow each other without end.
    """
    order, states = space.order, space.before
    now, waiting, since = np.empty(EVENTS()), np.zeros(EVENTS()), np.zeros(EVENTS(), dtype=np.int64)
    before, count = np.empty(N()), 0
    while True:
        trigger(p, now)
        for e in range(EVENTS()):
            if now[e] > 0.5 and held[e] < 0.5:
                waiting[e], since[e] = 1.0, count
            held[e] = now[e]
        put(states[count], y)
        found = -1
        for e in range(EVENTS() - 1, -1, -1):
            if waiting[e] > 0.5:
                if PERSISTENT(e) == 0 and now[e] < 0.5:
                    waiting[e] = 0.0
                else:
                    found = e
        if found < 0:
            return count
        if count == MOST_EVENTS:
            return -1
        waiting[found] = 0.0
        order[count, 0], order[count, 1] = found, since[found] if TRIGGER_VALUES(found) == 1 else count
        put(before, y)
        event(found, states[order[count, 1]], before, p, t, y)
        g_before, g = functions_at(before, p, t), functions_at(y, p, t)
        for j in range(SWITCHES()):
            # At its very time, rounding decides on which side of it a function is that the event does not move.
            if g[j, 0] != g_before[j, 0]:
                p[MODE(j)] = holds(j, g[j, 0])
        count += 1


@njit(**OPTIONS)
def held_at_rest(lane, y, p, space):
    """Set what the triggers count as after a pre-equilibration with parameters p, before which no time has passed."""
    now = np.empty(EVENTS())
    set_modes(y, p, 0.0)
    trigger(p, now)
    for e in range(EVENTS()):
        space.held[e, lane] = INITIALLY(e) if EVENT_OF_TIME(e) == 1 else now[e]
        space.fired[e, lane], space.gap[e, lane], space.faster[e, lane] = -np.inf, np.inf, 0.0


@njit(**OPTIONS)
def first_held(lane, space):
    """Set what the triggers count as before a run starts."""
    for e in range(EVENTS()):
        space.held[e, lane] = INITIALLY(e)
        space.fired[e, lane], space.gap[e, lane], space.faster[e, lane] = -np.inf, np.inf, 0.0


@njit(**OPTIONS)
def react_adjoint(count, p, t, space, lam, gp, gt):
    """Adjoint of `react`, from what it left in `space`: lam after becomes lam before; adds to gp and gt."""
    order, states = space.order, space.before
    bars = np.zeros((count + 1, N()))
    put(bars[count], lam)
    own, current = np.empty(N()), np.empty(N())
    for c in range(count - 1, -1, -1):
        e = order[c, 0]
        put(own, bars[c + 1])
        clear(current)
        for i in range(N()):
            if ASSIGNED(e, i) == 0:
                bars[c, i] += own[i]
        event_vjp(e, states[order[c, 1]], states[c], p, t, own, bars[order[c, 1]], current, gp, gt)
        accumulate(bars[c], current)
    put(lam, bars[0])
