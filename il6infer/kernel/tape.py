# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""The tape: what the backward pass needs of the forward one.

A row is one attempt of all lanes: [t, h, segment, y (N), K (STAGES * N)], each number once a lane. The segment is -1 in
a lane that refused the step or had no run.

Where the model has switches, K is followed by [fraction of the step at which a switch is, time up to which the step
says what is measured, switch or -1, time up to which the step before it has said what is measured, modes (SWITCHES),
modes after the switch (SWITCHES)].
"""

from __future__ import annotations

import numpy as np
from numba import njit

from il6infer.kernel.model_functions import LANES, MODE, STAGES, SWITCHES, N, address
from il6infer.kernel.vectors import OPTIONS, put

TIME, STEP, SEGMENT, HEAD = range(4)
"""Places of a lane's numbers in a row; y begins at the last."""

FRACTION, UNTIL, WHICH, SINCE, MODES = range(5)
"""Places of the numbers of a switch, after `switches_begin`."""

BYTES = 8
"""Of a number."""


@njit(**OPTIONS)
def switches_begin():
    """Numbers of a lane before those of its switch."""
    return HEAD + N() + STAGES() * N()


@njit(**OPTIONS)
def width():
    """Length of a row of the tape."""
    return (switches_begin() + (MODES + 2 * SWITCHES() if SWITCHES() > 0 else 0)) * LANES()


@njit(**OPTIONS)
def lengthened(tape):
    """Copy of a tape with twice as many rows."""
    longer = np.empty((2 * len(tape), width()))
    for i in range(len(tape)):
        put(longer[i], tape[i])
    return longer


@njit(**OPTIONS)
def record(tape, row, y, t, h):
    """Write an attempt of all lanes, refused for now; K is written by the attempt itself, at `increments_at`."""
    lanes = LANES()
    for lane in range(lanes):
        tape[row, TIME * lanes + lane], tape[row, STEP * lanes + lane] = t[lane], h[lane]
        accept(tape, row, lane, -1)
    for i in range(N()):
        for lane in range(lanes):
            tape[row, (HEAD + i) * lanes + lane] = y[i, lane]


@njit(**OPTIONS)
def accept(tape, row, lane, segment):
    """Write that the step of a lane was taken, in this segment."""
    tape[row, SEGMENT * LANES() + lane] = segment


@njit(**OPTIONS)
def time_of(tape, row, lane):
    """Time at the start of a lane's attempt."""
    return tape[row, TIME * LANES() + lane]


@njit(**OPTIONS)
def step_of(tape, row, lane):
    """Size of a lane's attempt."""
    return tape[row, STEP * LANES() + lane]


@njit(**OPTIONS)
def place(tape, row, number):
    """Address of a number of all lanes in a row of the tape."""
    return address(tape) + BYTES * (row * width() + number * LANES())


@njit(**OPTIONS)
def times_at(tape, row):
    """Address of the times of an attempt."""
    return place(tape, row, TIME)


@njit(**OPTIONS)
def steps_at(tape, row):
    """Address of the sizes of an attempt."""
    return place(tape, row, STEP)


@njit(**OPTIONS)
def states_at(tape, row):
    """Address of the states at the start of an attempt."""
    return place(tape, row, HEAD)


@njit(**OPTIONS)
def increments_at(tape, row):
    """Address of K in a row of the tape."""
    return place(tape, row, HEAD + N())


@njit(**OPTIONS)
def segment_at(tape, row, lane):
    """Segment of an accepted step, or -1."""
    return int(tape[row, SEGMENT * LANES() + lane])


@njit(**OPTIONS)
def switch_number(tape, row, lane, number):
    """Give one of the numbers of a lane's switch."""
    return tape[row, (switches_begin() + number) * LANES() + lane]


@njit(**OPTIONS)
def switch_at(tape, row, lane):
    """Switch at which a lane's step ends, or -1."""
    return int(switch_number(tape, row, lane, WHICH))


@njit(**OPTIONS)
def record_modes(tape, row, lane, p, after):
    """Write the modes of a lane's parameters, before or after the switch at the end of its step."""
    begin = switches_begin() + MODES + (SWITCHES() if after else 0)
    for j in range(SWITCHES()):
        tape[row, (begin + j) * LANES() + lane] = p[MODE(j), lane]


@njit(**OPTIONS)
def record_switch(tape, row, lane, fraction, until, which):
    """Write where a lane's step ends."""
    first, lanes = switches_begin(), LANES()
    tape[row, (first + FRACTION) * lanes + lane] = fraction
    tape[row, (first + UNTIL) * lanes + lane] = until
    tape[row, (first + WHICH) * lanes + lane] = which


@njit(**OPTIONS)
def record_since(tape, row, lane, since):
    """Write up to when what is measured is measured before a lane's step."""
    tape[row, (switches_begin() + SINCE) * LANES() + lane] = since


@njit(**OPTIONS)
def take_modes(tape, row, lane, p, after):
    """Set the modes in a parameter vector to those of a lane's step, or those after its switch."""
    begin = MODES + (SWITCHES() if after else 0)
    for j in range(SWITCHES()):
        p[MODE(j)] = switch_number(tape, row, lane, begin + j)


@njit(**OPTIONS)
def runs_of_segments(tables):
    """Run (segments,) of each segment, or -1."""
    found = np.full(len(tables.segment_start), -1)
    for r in range(len(tables.run_begin)):
        for seg in range(tables.run_begin[r], tables.run_end[r]):
            found[seg] = r
    return found


@njit(**OPTIONS)
def steps_of_runs(tape, tables):
    """List accepted steps, run by run: row of the tape and lane (steps, 2); where each run's begin (runs + 1,)."""
    run_of, lanes, runs = runs_of_segments(tables), LANES(), len(tables.run_begin)
    first = np.zeros(runs + 1, dtype=np.int64)
    for filling in range(2):
        if filling:
            for r in range(runs):
                first[r + 1] += first[r]
            found, filled = np.empty((first[runs], 2), dtype=np.int64), first.copy()
        for row in range(len(tape)):
            for lane in range(lanes):
                seg = segment_at(tape, row, lane)
                if seg >= 0:
                    r = run_of[seg]
                    if not filling:
                        first[r + 1] += 1
                    else:
                        found[filled[r], 0], found[filled[r], 1] = row, lane
                        filled[r] += 1
    return found, first


@njit(**OPTIONS)
def take_step(tape, row, lane, y, k):
    """Copy a step out of the tape; returns its time, size and segment."""
    lanes = LANES()
    for i in range(N()):
        y[i] = tape[row, (HEAD + i) * lanes + lane]
    for i in range(STAGES() * N()):
        k[i] = tape[row, (HEAD + N() + i) * lanes + lane]
    return time_of(tape, row, lane), step_of(tape, row, lane), segment_at(tape, row, lane)


def states_at_starts(tape: np.ndarray, lanes: int, size: int) -> np.ndarray:
    """States (starts, states) with which those segments begin that take a step; in Python.

    Parameters
    ----------
    tape
        (attempts, width).
    lanes
        Runs that went together.
    size
        Number of states.
    """
    rows = tape[:, : (HEAD + size) * lanes].reshape(len(tape), HEAD + size, lanes)
    segments, first = rows[:, SEGMENT].astype(int), {}
    for row, lane in np.argwhere(segments >= 0):
        first.setdefault(segments[row, lane], rows[row, HEAD:, lane])
    return np.array([*first.values()]).reshape(-1, size)


def largest_states(tape: np.ndarray, lanes: int, size: int) -> np.ndarray:
    """Largest size (states,) of each state at the starts of all steps that were taken; in Python.

    Parameters
    ----------
    tape
        (attempts, width).
    lanes, size
        Number of lanes, and of states.
    """
    rows = tape[:, : (HEAD + size) * lanes].reshape(len(tape), HEAD + size, lanes)
    taken = np.moveaxis(rows[:, HEAD:], 1, 2)[rows[:, SEGMENT] >= 0]
    return np.max(np.abs(taken), axis=0, initial=0.0)
