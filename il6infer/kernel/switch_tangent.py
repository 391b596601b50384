# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Tangents of switches and located events; see `il6infer.kernel.switching`."""

from __future__ import annotations

import numpy as np
from numba import njit

from il6infer.kernel.forward import apply_jumps
from il6infer.kernel.happenings import rates, react, set_modes
from il6infer.kernel.model_functions import (
    ACTIVE,
    ACTIVE_COUNT,
    ASSIGNED,
    EVENTS,
    KINK,
    NP,
    N,
    event_vjp,
    trigger,
)
from il6infer.kernel.switching import (
    slope,
)
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
    """Tangent of the located events that the jumps at the start of a segment bring about."""
    state, held, scratch, out = np.empty(N()), np.empty(EVENTS()), np.empty(N()), np.empty(2)
    put(state, before[: N()])
    put(held, before[N() :])
    apply_jumps(seg, tables, state, d, scratch, out)
    set_modes(state, p, tables.segment_start[seg])
    count = react(state, p, tables.segment_start[seg], held, space)
    react_tangent(count, p, tables.segment_start[seg], space, s, dp, np.zeros(s.shape[1]))


@njit(**OPTIONS)
def switch_tangent(which, y, before, flipped, t, s, dp, space):
    """Tangent of a switch: s before, at its time, becomes s after."""
    if KINK(which) == 1:
        return
    after, own, held, f, dt = flipped.copy(), y.copy(), np.empty(EVENTS()), np.empty(N()), np.zeros(s.shape[1])
    gy, gp, gt = np.empty(N()), np.empty(NP()), np.empty(1)
    rates(y, before, t, f)
    speed = slope(which, y, before, t, f, gy, gp, gt)
    for i in range(N()):
        add_scaled(dt, -gy[i] / speed, s[i])
    for a in range(ACTIVE_COUNT()):
        add_scaled(dt, -gp[ACTIVE(a)] / speed, dp[a])
    for i in range(N()):
        add_scaled(s[i], f[i], dt)
    if EVENTS() > 0:
        trigger(before, held)
        count = react(own, after, t, held, space)
        react_tangent(count, flipped, t, space, s, dp, dt)
    rates(own, after, t, f)
    for i in range(N()):
        add_scaled(s[i], -f[i], dt)
