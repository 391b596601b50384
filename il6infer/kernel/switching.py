# ruff: noqa: ANN001, ANN202, SIM110  (see vectors.py)
"""Switches of rates and events that are found during a simulation, and what their time does to derivatives.

A condition on states (or on a time that is estimated) is a mode: a parameter that is 1 or 0, and stays for as long as
the run does not switch, so that each step sees smooth rates. After a step, the first place is located where a condition
disagrees with its mode (`locating`); the run goes on from there, with the other mode, and events whose trigger turned
true have happened.

The time t* of a switch depends on the state: with g its function, f- and f+ the rates before and after, and J what the
events do, a change of the state before, dy, changes the state after by

    J_y dy + J_p dp + (J_y f- + J_t - f+) dt*,  dt* = -(g_y dy + g_p dp) / (g_y f- + g_t)

(the jump of sensitivities of Rozenvasser 1967; Galan, Feehery & Barton 1999, doi:10.1016/S0168-9274(98)00125-1; of
adjoints, Serban & Recchia 2009, doi:10.1002/fld.1944).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.kernel.contracts import ERROR, Switching
from il6infer.kernel.happenings import MOST_EVENTS, first_held, rates, react, set_modes
from il6infer.kernel.lanes import GOES_ON, NON_FINITE, STEP_LIMIT
from il6infer.kernel.locating import SAMPLES, disagrees, functions_inside
from il6infer.kernel.model_functions import (
    AT_ZERO,
    EVENT_OF_TIME,
    EVENTS,
    KINK,
    LANES,
    MODE,
    NP,
    OF_TIME,
    SWITCHES,
    N,
    dense,
    switch_vjp,
    trigger,
)
from il6infer.kernel.tape import record_modes, record_switch
from il6infer.kernel.vectors import OPTIONS, clear, put_column, take_column
from il6infer.runs.outcome import Outcome

SAME_PLACE = 1e-10
"""Switches within this fraction of a step are one."""

SAME_MOMENT = 1e-12
"""What is measured within this share of the time of an event is measured when it happens."""

SOONER, ENOUGH, NEAR_BY = 0.9995, 4, 1e-6
"""Events come ever faster where each waits less than this share of the wait before, so many times on end, and then less
than this share of the time."""

NEARLY = 0.9
"""A switch beyond this share of a step is at its end."""

SLIDING = int(Outcome.SLIDING)


@njit(**OPTIONS)
def switching_space():
    """Scratch memory; nothing is located."""
    lanes, count, events = LANES(), SWITCHES(), EVENTS()
    n = N() if count > 0 else 0
    at_once = MOST_EVENTS if events > 0 else 0
    return Switching(
        fraction=np.zeros(lanes),
        inside=np.empty((n, lanes)),
        time=np.empty(lanes),
        clock=np.ones(lanes),
        functions=np.empty((count, lanes)),
        samples=np.empty((SAMPLES + 1, count, lanes)),
        low=np.zeros(lanes),
        high=np.full(lanes, 2.0),
        which=np.full(lanes, -1),
        until=np.zeros(lanes),
        since=np.full(lanes, -np.inf),
        held=np.zeros((events, lanes)),
        fired=np.full((events, lanes), -np.inf),
        gap=np.full((events, lanes), np.inf),
        faster=np.zeros((events, lanes)),
        order=np.empty((at_once, 2), dtype=np.int64),
        before=np.empty((at_once + 1, n)),
    )


@njit(**OPTIONS)
def waits(lane, moving, start, k, space):
    """Whether all that was located depends on time alone, and comes at the end of the segment.

    Then it is left to the next segment, after whose changes it happens, as what is known to happen then.
    """
    y, p, t, _, step, end = moving
    latest = end[lane] - SAME_MOMENT * max(abs(end[lane]), 1.0)
    if t[lane] != end[lane] or start[lane] + space.high[lane] * step[lane] < latest:
        return False
    for other in range(LANES()):
        space.fraction[other] = 0.0
    space.fraction[lane] = 1.0
    functions_inside(y, p, start, step, k, space)
    for j in range(SWITCHES()):
        if OF_TIME(j) == 0 and disagrees(j, lane, space.functions, p):
            return False
    return True


@njit(**OPTIONS)
def overshoots(lane, moving, start, k, space, work):
    """Whether a step goes so far beyond a switch that its error says nothing of the state there; then it is undone.

    Beyond the switch the rates go on with the old modes, to states that may be far larger than any of the solution, and
    by whose size the error was judged: a parabola where it is above zero, a step of a thousand times its width.
    """
    y, _, t, h, step, _ = moving
    share, ratio = 1.0, 1.0
    if space.high[lane] < NEARLY:
        for other in range(LANES()):
            space.fraction[other] = 0.0
        space.fraction[lane] = space.high[lane]
        dense(y, k, space.fraction, space.inside)
        share = 1.05 * space.high[lane]
        for i in range(N()):
            began, atol, rtol = abs(y[i, lane]), work.atol[i, lane], work.rtol[lane]
            beyond = atol + rtol * max(began, abs(work.stage[i, lane]))
            ratio = max(ratio, beyond / (atol + rtol * max(began, abs(space.inside[i, lane]))))
    again = ratio * work.errors[ERROR, lane] > 1.0 and share * step[lane] > SAME_MOMENT * max(abs(start[lane]), 1.0)
    if again:
        t[lane], h[lane] = start[lane], share * step[lane]
    return again


@njit(**OPTIONS)
def turn(lane, moving, start, k, space, tape, row, keep):
    """End the step of a lane at the switch that was located: moves its time and modes, sets `which` and `until`."""
    y, p, t, _, step, _ = moving
    which = -1
    for place in range(2):
        for other in range(LANES()):
            space.fraction[other] = 0.0
        space.fraction[lane] = space.high[lane] if place == 0 else min(1.0, space.high[lane] + SAME_PLACE)
        functions_inside(y, p, start, step, k, space)
        for j in range(SWITCHES()):
            if disagrees(j, lane, space.functions, p):
                p[MODE(j), lane] = 1.0 - p[MODE(j), lane]
                # Of switches at one place, one that changes more than a slope has the say.
                which = j if which < 0 or (KINK(which) == 1 and KINK(j) == 0) else which
    if space.high[lane] < 1.0:
        t[lane] = start[lane] + space.high[lane] * step[lane]
    space.which[lane], space.until[lane] = which, t[lane]
    if EVENTS() > 0:
        parameters, now, fires = np.empty(NP()), np.empty(EVENTS()), False
        take_column(p, lane, parameters)
        trigger(parameters, now)
        for e in range(EVENTS()):
            fires = fires or (now[e] > 0.5 and space.held[e, lane] < 0.5)
        # What is measured at the moment of an event is measured after it, unless its condition is strict.
        if fires:
            after = (AT_ZERO(which) == 1) == (p[MODE(which), lane] > 0.5)
            space.until[lane] = t[lane] + (-1.0 if after else 1.0) * SAME_MOMENT * max(abs(t[lane]), 1.0)
    space.since[lane] = space.until[lane]
    if keep:
        record_switch(tape, row, lane, space.high[lane], space.until[lane], which)
        record_modes(tape, row, lane, p, True)


@njit(**OPTIONS)
def happen(lane, moving, start, k, space, before):
    """State of a lane after the switch at its time, and after the events there; returns its outcome, or `GOES_ON`.

    It ends where what has a kink is no number, where events follow each other without end, and where both sides push
    the run back to the switch. `before` (NP,) are the parameters with the modes before the switch.
    """
    y, p, t, _, step, _ = moving
    state, parameters = np.empty(N()), np.empty(NP())
    for other in range(LANES()):
        space.fraction[other] = 0.0
    space.fraction[lane] = space.high[lane]
    functions_inside(y, p, start, step, k, space)
    for j in range(SWITCHES()):
        if KINK(j) == 1 and math.isnan(space.functions[j, lane]):
            return NON_FINITE
    take_column(space.inside, lane, state)
    take_column(p, lane, parameters)
    count = 0
    if EVENTS() > 0:
        held = np.empty(EVENTS())
        take_column(space.held, lane, held)
        count = react(state, parameters, t[lane], held, space)
        put_column(space.held, lane, held)
        put_column(p, lane, parameters)
    put_column(y, lane, state)
    if count < 0 or (count > 0 and ever_faster(count, lane, t[lane], space)):
        return STEP_LIMIT
    if count == 0 and pushes_back(space.which[lane], state, before, parameters, t[lane], space.clock[lane]):
        return SLIDING
    return GOES_ON


@njit(**OPTIONS)
def ever_faster(count, lane, t, space):
    """Whether an event that has just happened comes ever sooner, and will have come without end at a time near by.

    So does a ball that bounces lower each time (Zeno of Elea); rounding would end it, and the ball fall for ever.
    """
    endless = False
    for c in range(count):
        e = space.order[c, 0]
        gap = t - space.fired[e, lane]
        if gap == 0.0:
            continue
        space.faster[e, lane] = space.faster[e, lane] + 1.0 if gap < SOONER * space.gap[e, lane] < math.inf else 0.0
        space.fired[e, lane], space.gap[e, lane] = t, gap
        endless = endless or (space.faster[e, lane] >= ENOUGH and gap < NEAR_BY * abs(t))
    return endless


@njit(**OPTIONS)
def begins_with_event(lane, y, p, t, passes, space):
    """Set the modes in p before a steady state is looked for; whether an event would happen at once.

    Where time `passes`, the run has come to this state, and what happens in it has happened.
    """
    set_modes(y, p, t)
    if EVENTS() == 0:
        return False
    now = np.empty(EVENTS())
    trigger(p, now)
    if passes:
        put_column(space.held, lane, now)
        return False
    first_held(lane, space)
    happens = False
    for e in range(EVENTS()):
        happens = happens or (now[e] > 0.5 and space.held[e, lane] < 0.5 and EVENT_OF_TIME(e) == 0)
        space.held[e, lane] = now[e]
    return happens


@njit(**OPTIONS)
def cross(lane, moving, start, k, space):
    """Go over a switch on the way to a steady state; whether events or a sliding run make that impossible.

    What is left of an event at a steady state has no derivative by the implicit function theorem: another engine's.
    """
    p, events = moving.p, np.empty(EVENTS())
    before, after = np.empty(NP()), np.empty(NP())
    take_column(p, lane, before)
    turn(lane, moving, start, k, space, np.empty((1, 1)), 0, False)
    if EVENTS() > 0:
        take_column(p, lane, after)
        trigger(after, events)
        for e in range(EVENTS()):
            if events[e] > 0.5 and space.held[e, lane] < 0.5:
                return True
    return happen(lane, moving, start, k, space, before) != GOES_ON


@njit(**OPTIONS)
def slope(j, y, p, t, f, gy, gp, gt):
    """Rate of change of a switching function along the rates f; leaves its gradients."""
    clear(gy)
    clear(gp)
    clear(gt)
    switch_vjp(j, y, p, t, 1.0, gy, gp, gt)
    total = gt[0]
    for i in range(N()):
        total += gy[i] * f[i]
    return total


@njit(**OPTIONS)
def pushes_back(which, y, before, after, t, clock):
    """Whether the rates after a switch take the run back to where those before came from; at a kink they agree."""
    if KINK(which) == 1:
        return False
    f, gy, gp, gt = np.empty(N()), np.empty(N()), np.empty(NP()), np.empty(1)
    rates(y, before, clock * t, f)
    forth = slope(which, y, before, clock * t, f, gy, gp, gt) - (1.0 - clock) * gt[0]
    rates(y, after, clock * t, f)
    back = slope(which, y, after, clock * t, f, gy, gp, gt) - (1.0 - clock) * gt[0]
    return forth * back < 0.0 and abs(back) > 1e-9 * abs(forth)
