# ruff: noqa: ANN001, ANN202  (see vectors.py)
"""Wall time in compiled code, and the budget of a call: steps of each run, seconds of all runs together."""

from __future__ import annotations

import time

import numpy as np
from numba import njit, types

from il6infer.kernel.model_functions import address
from il6infer.kernel.vectors import OPTIONS

CLOCK = time.CLOCK_MONOTONIC
"""Its number differs between systems."""

ATTEMPTS = 256
"""Attempts between two looks at the clock."""

_clock_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.int64))


@njit(**OPTIONS)
def now():
    """Seconds of a clock that only goes forward."""
    stamp = np.zeros(2, dtype=np.int64)
    _clock_gettime(CLOCK, address(stamp))
    return stamp[0] + 1e-9 * stamp[1]


@njit(**OPTIONS)
def is_late(attempts, deadline):
    """Whether the time is over; looks at the clock at every `ATTEMPTS`-th attempt."""
    return attempts % ATTEMPTS == 0 and deadline < np.inf and now() > deadline
