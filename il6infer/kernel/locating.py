# ruff: noqa: ANN001, ANN202, SIM110  (see vectors.py)
"""The first place in a step, by its continuous extension, at which a condition is not what its mode says.

Conditions are looked at in `SAMPLES` places, and between two of them where the polynomial through five turns towards
zero (`look_between`): the extension is of the fourth degree, so of a function that is linear in states, and changes
with time as they do, no turn is missed, however short its way beyond zero is.
"""

from __future__ import annotations

import math

from numba import njit

from il6infer.kernel.model_functions import AT_ZERO, KINK, LANES, MODE, SWITCHES, dense, switch_functions
from il6infer.kernel.vectors import OPTIONS

SAMPLES = 8
"""Places within a step at which conditions are looked at."""

MARGIN = 0.5
"""Share of the nearer of two samples that a function must come to for its turn between them to be looked at."""

HALVINGS, LOOKS = 52, 6


@njit(**OPTIONS)
def disagrees(j, lane, g, p):
    """Whether a condition is not what its mode says."""
    if KINK(j) == 1 and math.isnan(g[j, lane]):
        return True
    holds = g[j, lane] > 0.0 or (AT_ZERO(j) == 1 and g[j, lane] == 0.0)
    return holds != (p[MODE(j), lane] > 0.5)


@njit(**OPTIONS)
def any_disagrees(lane, g, p):
    """Whether any condition of a lane is not what its mode says."""
    for j in range(SWITCHES()):
        if disagrees(j, lane, g, p):
            return True
    return False


@njit(**OPTIONS)
def functions_inside(y, p, start, step, k, space):
    """Switching functions at the fraction of the step that is set for each lane."""
    dense(y, k, space.fraction, space.inside)
    for lane in range(LANES()):
        space.time[lane] = space.clock[lane] * (start[lane] + space.fraction[lane] * step[lane])
    switch_functions(space.inside, p, space.time, space.functions)


@njit(**OPTIONS)
def locate(y, p, start, step, k, taken, space):
    """Find the fraction of the step at which a condition first disagrees with its mode, in the lanes that took it.

    Returns whether there is any; see `Switching.high`.
    """
    fraction, g, samples, low, high = space.fraction, space.functions, space.samples, space.low, space.high
    for lane in range(LANES()):
        low[lane], high[lane] = 0.0, 2.0
    for sample in range(SAMPLES + 1):
        for lane in range(LANES()):
            fraction[lane] = sample / SAMPLES
        functions_inside(y, p, start, step, k, space)
        for lane in range(LANES()):
            for j in range(SWITCHES()):
                samples[sample, j, lane] = g[j, lane]
            if not taken[lane] or high[lane] <= 1.0:
                continue
            if sample > 0 and any_disagrees(lane, g, p):
                high[lane] = fraction[lane]
            else:
                low[lane] = fraction[lane]
    look_between(y, p, start, step, k, taken, space)
    some = False
    for lane in range(LANES()):
        some = some or high[lane] <= 1.0
    if not some:
        return False
    for _ in range(HALVINGS):
        for lane in range(LANES()):
            fraction[lane] = 0.5 * (low[lane] + high[lane]) if high[lane] <= 1.0 else 0.0
        functions_inside(y, p, start, step, k, space)
        for lane in range(LANES()):
            if high[lane] <= 1.0:
                if any_disagrees(lane, g, p):
                    high[lane] = fraction[lane]
                else:
                    low[lane] = fraction[lane]
    return True


@njit(**OPTIONS)
def look_between(y, p, start, step, k, taken, space):
    """Find the places between two samples at which a function passes zero and turns back, before `high`.

    The continuous extension is of the fourth degree, so the polynomial through five samples is a function that is
    linear in states; where it comes near zero, the function itself is asked, and its turn looked for.
    """
    for lane in range(LANES()):
        if taken[lane]:
            for sample in range(SAMPLES):
                for j in range(SWITCHES()):
                    if space.high[lane] < (sample + 1) / SAMPLES:
                        break
                    place = turning_place(space.samples[:, j, lane], sample)
                    if place > 0.0:
                        look_at_turn(j, lane, sample, place / SAMPLES, y, p, start, step, k, space)


@njit(**OPTIONS)
def look_at_turn(j, lane, sample, place, y, p, start, step, k, space):
    """Look for a turn of a function beyond zero, from a place between two samples on: sets `low` and `high`."""
    before, after = sample / SAMPLES, (sample + 1) / SAMPLES
    first, last = abs(space.samples[sample, j, lane]), abs(space.samples[sample + 1, j, lane])
    for _ in range(LOOKS):
        for other in range(LANES()):
            space.fraction[other] = 0.0
        space.fraction[lane] = place
        functions_inside(y, p, start, step, k, space)
        if any_disagrees(lane, space.functions, p):
            space.low[lane], space.high[lane] = sample / SAMPLES, place
            return
        here = abs(space.functions[j, lane])
        if not here < min(first, last):
            return
        # Vertex of the parabola through the three places.
        left, right = (here - first) / (place - before), (last - here) / (after - place)
        bend = (right - left) / (after - before)
        vertex = 0.5 * (before + place - left / bend)
        if not here + (vertex - place) * (left + (vertex - before) * bend) < MARGIN * here:
            return
        if vertex < place:
            after, last = place, here
        else:
            before, first = place, here
        place = vertex


@njit(**OPTIONS)
def turning_place(values, sample):
    """Place, in samples, at which a function is nearest to zero between two samples where it may reach it; else 0."""
    a, b = values[sample], values[sample + 1]
    if not a * b > 0.0:
        return 0.0
    first = min(max(sample - 2, 0), SAMPLES - 4)
    c = differences(values, first)
    low, high, side = sample - first + 0.0, sample - first + 1.0, 1.0 if a > 0.0 else -1.0
    if not (side * newton_slope(c, low) < 0.0 and side * newton_slope(c, high) > 0.0):
        return 0.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        if side * newton_slope(c, middle) < 0.0:
            low = middle
        else:
            high = middle
    place = 0.5 * (low + high)
    if side * newton_value(c, place) > MARGIN * min(abs(a), abs(b)):
        return 0.0
    return first + place


@njit(**OPTIONS)
def differences(values, first):
    """Coefficients of the polynomial through five samples from `first` on, in Newton's form over 0, 1, 2, 3."""
    c0, c1, c2, c3, c4 = values[first], values[first + 1], values[first + 2], values[first + 3], values[first + 4]
    return (
        c0,
        c1 - c0,
        (c2 - 2.0 * c1 + c0) / 2.0,
        (c3 - 3.0 * c2 + 3.0 * c1 - c0) / 6.0,
        (c4 - 4.0 * c3 + 6.0 * c2 - 4.0 * c1 + c0) / 24.0,
    )


@njit(**OPTIONS)
def newton_value(c, x):
    """Value of a polynomial in Newton's form."""
    return c[0] + x * (c[1] + (x - 1.0) * (c[2] + (x - 2.0) * (c[3] + (x - 3.0) * c[4])))


@njit(**OPTIONS)
def newton_slope(c, x):
    """Slope of a polynomial in Newton's form."""
    value, slope = c[4], 0.0
    for i in range(3, -1, -1):
        slope = value + (x - i) * slope
        value = c[i] + (x - i) * value
    return slope
