# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Tangent of one moment; see `il6infer.kernel.moment`."""

from __future__ import annotations

import numpy as np
from numba import njit

from il6infer.kernel.forward import apply_jumps
from il6infer.kernel.happenings import rates, set_modes
from il6infer.kernel.model_functions import (
    ACTIVE,
    ACTIVE_COUNT,
    ASSIGNED,
    EVENTS,
    KINK,
    NP,
    SWITCHES,
    N,
    event_vjp,
)
from il6infer.kernel.moment import go_through, stages_of, turn_back, turned
from il6infer.kernel.switching import slope
from il6infer.kernel.vectors import OPTIONS, clear, put


@njit(**OPTIONS)
def add_scaled(target, factor, source):
    """Add a multiple of a vector."""
    for i in range(len(target)):
        target[i] += factor * source[i]


@njit(**OPTIONS)
def react_tangent(count, p, t, space, s, dp, dt):
    """Tangent of `react`, from what it left in `space`; `dt` is the tangent of the time."""
    order, states = space.order, space.before
    tangents = np.empty((count + 1, N(), len(dt)))
    tangents[0] = s
    one, gy, gz, gp, gt = np.zeros(N()), np.empty(N()), np.empty(N()), np.empty(NP()), np.empty(1)
    for c in range(count):
        e, source = order[c, 0], order[c, 1]
        for i in range(N()):
            after = tangents[c + 1, i]
            if ASSIGNED(e, i) == 0:
                put(after, tangents[c, i])
                continue
            clear(gy)
            clear(gz)
            clear(gp)
            clear(gt)
            one[i] = 1.0
            event_vjp(e, states[source], states[c], p, t, one, gy, gz, gp, gt)
            one[i] = 0.0
            clear(after)
            for j in range(N()):
                add_scaled(after, gy[j], tangents[source, j])
                add_scaled(after, gz[j], tangents[c, j])
            for a in range(ACTIVE_COUNT()):
                add_scaled(after, gp[ACTIVE(a)], dp[a])
            add_scaled(after, gt[0], dt)
    s[:] = tangents[count]


@njit(**OPTIONS)
def arrive_tangent(seg, tables, before, d, p, s, dp, space):
    """Tangent of the located events and switches at the start of a segment, after its jumps."""
    state, held, scratch, out = np.empty(N()), np.empty(EVENTS()), np.empty(N()), np.empty(2)
    start, after, earlier = tables.segment_start[seg], p.copy(), p.copy()
    put(state, before[: N()])
    put(held, before[N() :])
    apply_jumps(seg, tables, state, d, scratch, out)
    set_modes(state, after, start)
    put(earlier, after)
    turn_back(state, earlier, start)
    moment_tangent(-1, state, earlier, after, held, start, s, dp, space)


@njit(**OPTIONS)
def moment_tangent(which, y, before, after, held, t, s, dp, space):
    """Tangent of a moment, see `il6infer.kernel.moment`: s before, at its time, becomes s after."""
    if which >= 0 and KINK(which) == 1:
        return
    turns, f, dt = np.empty(SWITCHES(), dtype=np.int64), np.empty(N()), np.zeros(s.shape[1])
    gy, gp, gt = np.empty(N()), np.empty(NP()), np.empty(1)
    count = turned(which, before, after, turns)
    stages = stages_of(turns, count, y, before, held, t, space)
    own, p, h = y.copy(), before.copy(), held.copy()
    for stage in range(stages + 1):
        if stage > 0:
            rates(own, p, t, f)
            speed = slope(turns[stage - 1], own, p, t, f, gy, gp, gt)
            clear(dt)
            for i in range(N()):
                add_scaled(dt, -gy[i] / speed, s[i])
            for a in range(ACTIVE_COUNT()):
                add_scaled(dt, -gp[ACTIVE(a)] / speed, dp[a])
            for i in range(N()):
                add_scaled(s[i], f[i], dt)
        events = go_through(stage, stages, turns, count, own, p, t, h, space)
        if events > 0:
            react_tangent(events, p, t, space, s, dp, dt)
        if stage > 0:
            rates(own, p, t, f)
            for i in range(N()):
                add_scaled(s[i], -f[i], dt)
