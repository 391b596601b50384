# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""The tape: what the backward pass needs of the forward one.

A row is one attempt of all lanes: [t, h, segment, y (N), K (STAGES * N)], each number once a lane. The segment is -1 in
a lane that refused the step or had no run.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from il6infer.kernel.parts import LANES, STAGES, N, address
from il6infer.kernel.vectors import OPTIONS, put

HEAD = 3
"""Numbers of a lane in a row before y."""

BYTES = 8
"""Of a number."""


@njit(**OPTIONS)
def width():
    """Length of a row of the tape."""
    return (HEAD + N() + STAGES() * N()) * LANES()


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
        tape[row, lane], tape[row, lanes + lane], tape[row, 2 * lanes + lane] = t[lane], h[lane], -1.0
    for i in range(N()):
        for lane in range(lanes):
            tape[row, (HEAD + i) * lanes + lane] = y[i, lane]


@njit(**OPTIONS)
def increments_at(tape, row):
    """Address of K in a row of the tape."""
    return address(tape) + BYTES * (row * width() + (HEAD + N()) * LANES())


@njit(**OPTIONS)
def segment_at(tape, row, lane):
    """Segment of an accepted step, or -1."""
    return int(tape[row, 2 * LANES() + lane])


@njit(**OPTIONS)
def runs_of_segments(run_segments, count):
    """Run (segments,) of each segment."""
    found = np.full(count, -1)
    for r in range(len(run_segments)):
        for seg in range(run_segments[r, 0], run_segments[r, 1]):
            found[seg] = r
    return found


@njit(**OPTIONS)
def steps_of_runs(tape, run_segments, count):
    """List accepted steps, run by run: row of the tape and lane (steps, 2); where each run's begin (runs + 1,)."""
    run_of, lanes = runs_of_segments(run_segments, count), LANES()
    first = np.zeros(len(run_segments) + 1, dtype=np.int64)
    for filling in range(2):
        if filling:
            for r in range(len(run_segments)):
                first[r + 1] += first[r]
            found, filled = np.empty((first[len(run_segments)], 2), dtype=np.int64), first.copy()
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
    return tape[row, lane], tape[row, lanes + lane], segment_at(tape, row, lane)
