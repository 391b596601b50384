# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Adjoint of one moment: of the switches that fall on it, and of the events that they and the jumps bring about.

A moment has *stages*: 0, in which events happen that the jumps of a segment bring about, and one for each switch, in
which it turns and events follow. The time of each is its own (two inputs whose estimated times are equal), so each has
its share in the derivative, as if they came one shortly after the other. Where that would end elsewhere than all at
once, there is no derivative, and all have the time of the first.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from il6infer.kernel.happenings import functions_at, rates, react, react_adjoint
from il6infer.kernel.model_functions import EVENTS, KINK, MODE, NP, OF_TIME, SWITCHES, N, switch_vjp, trigger
from il6infer.kernel.switching import SAME_MOMENT, slope
from il6infer.kernel.vectors import OPTIONS

ELSEWHERE = 1e-9
"""Share of a state by which the end of a moment may depend on the order of its switches."""


@njit(**OPTIONS)
def held_before(p, held):
    """Set what the triggers count as before a switch, from the parameters with the modes before it."""
    if EVENTS() > 0:
        trigger(p, held)


@njit(**OPTIONS)
def turn_back(y, p, t):
    """Turn the modes back that depend on time alone and turn as a segment begins: their time is theirs, not its own."""
    gy, gp, gt = np.empty(N()), np.empty(NP()), np.empty(1)
    g = functions_at(y, p, t)
    for j in range(SWITCHES()):
        if OF_TIME(j) == 1 and KINK(j) == 0:
            gt[0] = 0.0
            switch_vjp(j, y, p, t, 1.0, gy, gp, gt)
            near = abs(g[j, 0]) <= SAME_MOMENT * max(abs(t), 1.0) * abs(gt[0])
            if near and gt[0] != 0.0 and (p[MODE(j)] > 0.5) == (gt[0] > 0.0):
                p[MODE(j)] = 1.0 - p[MODE(j)]


@njit(**OPTIONS)
def turned(which, before, after, turns):
    """List the switches whose modes differ, `which` (or -1) first; returns their number."""
    count = 0
    if which >= 0:
        turns[0], count = which, 1
    for j in range(SWITCHES()):
        if j != which and before[MODE(j)] != after[MODE(j)]:
            turns[count] = j
            count += 1
    return count


@njit(**OPTIONS)
def go_through(stage, stages, turns, count, y, p, t, held, space):
    """Go through one stage: changes y, p and `held`. Returns the number of events.

    `count` switches turn in the stages from 1 to `stages`: one in each, or all in the first.
    """
    if stage > 0:
        for m in range(count):
            if m == stage - 1 or stages == 1:
                p[MODE(turns[m])] = 1.0 - p[MODE(turns[m])]
    if EVENTS() == 0:
        return 0
    before = held.copy()
    events = react(y, p, t, held, space)
    for e in range(EVENTS()):
        if stage == 0 and before[e] > 0.5:  # what held does not turn true at this moment
            held[e] = 1.0
    return events


@njit(**OPTIONS)
def stages_of(turns, count, y, before, held, t, space):
    """Count the stages after the first: one a switch, or 1 where their order matters."""
    if count < 2:
        return count
    own, p, h = y.copy(), before.copy(), held.copy()
    f, gy, gp, gt = np.empty(N()), np.empty(N()), np.empty(NP()), np.empty(1)
    events = 0
    for stage in range(count + 1):
        if stage > 0:
            j = turns[stage - 1]
            rates(own, p, t, f)
            forth = slope(j, own, p, t, f, gy, gp, gt)
            if not (forth < 0.0 if before[MODE(j)] > 0.5 else forth > 0.0):
                return 1
        events += go_through(stage, count, turns, count, own, p, t, h, space)
    at_once, q, g = y.copy(), before.copy(), held.copy()
    for stage in range(2):
        events -= go_through(stage, 1, turns, count, at_once, q, t, g, space)
    same = events == 0
    for i in range(N()):
        same = same and abs(own[i] - at_once[i]) <= ELSEWHERE * abs(at_once[i])
    for j in range(SWITCHES()):
        same = same and p[MODE(j)] == q[MODE(j)]
    for e in range(EVENTS()):
        same = same and h[e] == g[e]
    return count if same else 1


@njit(**OPTIONS)
def moment_adjoint(which, y, before, after, held, t, lam, gp, space):
    """Adjoint of a moment: lam after becomes lam before; adds to gp.

    Parameters
    ----------
    which
        Switch that was located, or -1 at the start of a segment.
    y
        State before the events.
    before, after
        Parameters with the modes before the switches, and after them.
    held
        Triggers that held before.
    """
    if which >= 0 and KINK(which) == 1:
        return
    turns, f, gt = np.empty(SWITCHES(), dtype=np.int64), np.empty(N()), np.empty(1)
    gy, by_parameters = np.empty(N()), np.empty(NP())
    count = turned(which, before, after, turns)
    stages = stages_of(turns, count, y, before, held, t, space)
    for stage in range(stages, -1, -1):
        own, p, h = y.copy(), before.copy(), held.copy()
        for earlier in range(stage):
            go_through(earlier, stages, turns, count, own, p, t, h, space)
        start, at_start, total = own.copy(), p.copy(), 0.0
        gt[0] = 0.0
        events = go_through(stage, stages, turns, count, own, p, t, h, space)
        if stage > 0:
            rates(own, p, t, f)
            for i in range(N()):
                total -= lam[i] * f[i]
        if events > 0:
            react_adjoint(events, p, t, space, lam, gp, gt)
        if stage > 0:
            rates(start, at_start, t, f)
            for i in range(N()):
                total += lam[i] * f[i]
            total += gt[0]
            if total != 0.0:  # it is where a run only touches a switch that changes nothing
                share = -total / slope(turns[stage - 1], start, at_start, t, f, gy, by_parameters, gt)
                for i in range(N()):
                    lam[i] += share * gy[i]
                for i in range(NP()):
                    gp[i] += share * by_parameters[i]
