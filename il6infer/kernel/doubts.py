# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Steps whose error estimate is not to be believed, and that are refused whatever it says.

**Over an end.** A substrate that Michaelis and Menten's enzyme uses up falls at a constant speed, and stops at zero. A
step that ends below zero, beyond -K_m, finds the same speed there: two smooth pieces, on which the error is small, and
a concentration that falls for ever. So a step is refused where a state becomes negative whose own rate drives it
further, and would not at zero; and where a denominator such as K_m + x, which is above zero for whatever is not
negative, is so no more. Shampine, Thompson, Kierzenka & Byrne 2005 (doi:10.1016/j.amc.2004.12.011) have more on
solutions that cannot be negative.

**Against a wall that is none.** The method solves linear equations, once a step: a state on which its rate depends
steeply moves by -f / J only. Where that slope is far less a little further on (x / (K_m + x) beyond a small K_m,
sqrt(x) beyond 0), the state is held where it was, and the error estimate, divided by the same slope, is small. A solver
that iterates would not converge there. So where the slope takes a good share of a rate away, and that rate would move
the state by more than its tolerance, the rate of the second stage must have changed as the slope says, or half as
much (``strained``, see `il6infer.kernel.method`).
"""

from __future__ import annotations

from numba import njit

from il6infer.kernel.contracts import ERROR, FACTOR
from il6infer.kernel.model_functions import DENOMINATORS, LANES, N, denominators, rhs
from il6infer.kernel.vectors import OPTIONS

MATTERS = 1e-3
"""A state that is driven away from zero matters where it has moved, or would in such a step, by this share of its
tolerance."""

REFUSED, SHORTER = 2.0, 0.2
"""Error that a refused step counts with, and the factor of the next."""


@njit(**OPTIONS)
def refuse(lane, errors):
    """Have the step of a lane count as one with a large error, where it has none."""
    # One return each: with several, numba counts references to arrays at each call, with locked instructions.
    if errors[ERROR, lane] < REFUSED:
        errors[ERROR, lane], errors[FACTOR, lane] = REFUSED, min(errors[FACTOR, lane], SHORTER)


@njit(**OPTIONS)
def goes_over(lane, moving, t, passes, work):
    """Whether the step of a lane leads a state below zero where no solution goes."""
    y, p, _, _, step, _ = moving
    for other in range(LANES()):
        work.stage_time[other] = t[other] + step[other] if passes else t[other]
    rhs(work.stage, p, work.stage_time, work.rates)
    over = False
    if DENOMINATORS() > 0:
        denominators(y, p, t, work.divided)
        denominators(work.stage, p, work.stage_time, work.divided_after)
        for m in range(DENOMINATORS()):
            over = over or work.divided[m, lane] * work.divided_after[m, lane] < 0.0
    for i in range(N()):
        over = over or is_driven_away(i, lane, y, p, step, work)
    return over


@njit(**OPTIONS)
def is_driven_away(i, lane, y, p, h, work):
    """Whether a state that was not negative before is, and its rate drives it further, but would not at zero.

    Parameters
    ----------
    i, lane
        Which state of which lane.
    y
        States before.
    p, h
        Parameters and step sizes.
    work
        The new states, their rates at the end, and their tolerances.
    """
    state, speed, atol = work.stage[i, lane], work.rates[i, lane], work.atol[i, lane]
    matters = max(-speed * h[lane], -state) > MATTERS * atol
    found = state < 0.0 and speed < 0.0 and y[i, lane] > -atol and matters
    if found:
        work.stage[i, lane] = 0.0
        rhs(work.stage, p, work.stage_time, work.at_zero)
        work.stage[i, lane] = state
        found = work.at_zero[i, lane] > 0.5 * speed
    return found
