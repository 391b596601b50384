"""The same work on many rows, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

_ROWS = 64
"""Rows that a thread takes at once, at most: to hand over one costs as much as to simulate a small model."""

_SHARES = 8
"""Parts that a thread has at least, so that none waits long for the others."""

Row = TypeVar("Row")
Result = TypeVar("Result")


def side_by_side(
    work: Callable[[Row], Result], rows: Sequence[Row] | np.ndarray, threads: int, done: Callable[[], None]
) -> list[Result]:
    """Give the result of each row, in order.

    Parameters
    ----------
    work
        Of one row.
    rows
        As many as there are.
    threads
        Rows at a time.
    done
        Called after each row.
    """
    size = max(1, min(_ROWS, len(rows) // (_SHARES * max(1, threads))))

    def part(first: int) -> list[Result]:
        found = []
        for row in rows[first : first + size]:
            found.append(work(row))
            done()
        return found

    with ThreadPoolExecutor(max(1, threads)) as pool:
        return [result for found in pool.map(part, range(0, len(rows), size)) for result in found]
