# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Conditions that are neither true nor false, as x < sqrt(k - 5) where k is 1: what hangs on them has no value.

A comparison with what is no number is false, and so is its contrary; a run that took either for an answer would go on
with rates that nobody has written. A condition counts where the model asks for it, and where no other decides: none
does in ``x > 0 && ln(x) < -3`` beyond zero, nor within a piece that is not chosen.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from il6infer.kernel.happenings import functions_at
from il6infer.kernel.locating import SAMPLES
from il6infer.kernel.model_functions import CONDITIONS, KINK, LANES, MODE, NP, SWITCHES, N, dense, truths
from il6infer.kernel.vectors import OPTIONS, take_column

ROUNDED = 10.0
"""A state below zero by this many absolute tolerances at most is zero."""


@njit(**OPTIONS)
def undecided(p):
    """Whether a condition that counts is neither true nor false; a mode that is no number is neither."""
    found = False
    if CONDITIONS() > 0:
        out = np.empty(2 * CONDITIONS())
        truths(p, out)
        for c in range(CONDITIONS()):
            found = found or (out[2 * c] < 0.5 and out[2 * c + 1] < 0.5)
    return found


@njit(**OPTIONS)
def lacks_truth(lane, moving, start, k, space, work):
    """Whether a condition that counts is neither true nor false somewhere in a step, before the switch that ends it."""
    found = False
    if CONDITIONS() > 0:
        for sample in range(SAMPLES + 1):
            missing = False
            for j in range(SWITCHES()):
                missing = missing or (KINK(j) == 0 and math.isnan(space.samples[sample, j, lane]))
            if missing and sample < SAMPLES * space.high[lane] and not found:
                found = undecided_at(lane, sample / SAMPLES, moving, start, k, space, work)
    return found


@njit(**OPTIONS)
def undecided_at(lane, fraction, moving, start, k, space, work):
    """Whether a condition that counts is neither true nor false at a fraction of a step.

    A state that rounding, or the tolerance, has below zero is zero.
    """
    y, p, _, _, step, _ = moving
    state, parameters = np.empty(N()), np.empty(NP())
    for other in range(LANES()):
        space.fraction[other] = 0.0
    space.fraction[lane] = fraction
    dense(y, k, space.fraction, space.inside)
    take_column(space.inside, lane, state)
    take_column(p, lane, parameters)
    for i in range(N()):
        if state[i] < 0.0 and -state[i] < ROUNDED * work.atol[i, lane]:
            state[i] = 0.0
    g = functions_at(state, parameters, space.clock[lane] * (start[lane] + fraction * step[lane]))
    for j in range(SWITCHES()):
        if math.isnan(g[j, 0]):
            parameters[MODE(j)] = math.nan
    return undecided(parameters)
