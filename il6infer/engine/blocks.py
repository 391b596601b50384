"""Many runs in blocks whose tape stays small: a gradient of a thousand runs otherwise waits for fresh memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np

from il6infer.kernel.calls import Described
from il6infer.kernel.contracts import Tables

RUNS = 32
"""Runs in a block, about. Their tape takes a MB or two: it stays in the processor's cache, and the system is not asked
for fresh memory."""

_LANES = 4
"""Blocks begin at a multiple of it, so that lanes are filled."""


class Block(NamedTuple):
    """Some runs of a problem, as tables of their own."""

    described: Described
    rows: np.ndarray
    """(measurements of the block,) their places among all measurements."""

    @property
    def tables(self) -> Tables:
        """What the kernel reads of it."""
        return self.described.tables


def blocks_of(tables: Tables, runs: int = RUNS) -> tuple[Block, ...]:
    """Split tables by runs; one block where there are not more than `runs`."""
    count = len(tables.run_begin)
    if count <= runs:
        return (Block(Described(tables), np.arange(len(tables.measured_run))),)
    edges = edges_of(count, runs)
    return tuple(_block(tables, first, last) for first, last in zip(edges, edges[1:], strict=False))


def edges_of(count: int, runs: int = RUNS) -> list[int]:
    """First runs of the blocks, and the end of the last: an even number of blocks of one size, for two threads.

    Three blocks take two threads as long as four, and the threads must not decide: sums go block by block.
    """
    blocks = -(-count // runs)
    blocks += blocks % 2
    inner = _LANES * np.rint(np.arange(1, blocks) * (count / (_LANES * blocks))).astype(int)
    return sorted({0, *inner.tolist(), count})


def _block(tables: Tables, first: int, last: int) -> Block:
    """Tables of the runs from `first` up to `last`."""
    own = tables.run_equilibration[first:last]
    equilibrations, place = np.unique(own[own >= 0], return_inverse=True)
    equilibration = np.full(last - first, -1)
    equilibration[own >= 0] = place
    begin, end = tables.run_begin[first], tables.run_end[last - 1]
    segments = np.concatenate([np.arange(begin, end), tables.equilibration_segment[equilibrations]])
    jumps, jump_ptr = _members(tables.jump_ptr, segments)
    start, stop = tables.time_ptr[first], tables.time_ptr[last]
    rows = np.flatnonzero((tables.measured_run >= first) & (tables.measured_run < last))
    inputs, input_ptr = _members(tables.input_ptr, rows)
    changed = {
        "segment_start": tables.segment_start[segments],
        "segment_late": tables.segment_late[segments],
        "segment_values": tables.segment_values[segments],
        "jump_ptr": jump_ptr,
        "jump_state": tables.jump_state[jumps],
        "jump_kind": tables.jump_kind[jumps],
        "jump_index": tables.jump_index[jumps],
        "run_equilibration": equilibration,
        "run_begin": tables.run_begin[first:last] - begin,
        "run_end": tables.run_end[first:last] - begin,
        "equilibration_segment": np.arange(end - begin, len(segments)),
        "equilibration_laws": tables.equilibration_laws[equilibrations],
        "run_laws": tables.run_laws[first:last],
        "time_ptr": tables.time_ptr[first : last + 1] - start,
        "times": tables.times[start:stop],
        "measured_run": tables.measured_run[rows] - first,
        "measured_at": tables.measured_at[rows] - start,
        "measured_observable": tables.measured_observable[rows],
        "input_ptr": input_ptr,
        "input_index": tables.input_index[inputs],
    }
    for name, array in changed.items():
        changed[name] = np.array(array, dtype=getattr(tables, name).dtype, order="C")
        changed[name].flags.writeable = False
    return Block(Described(tables._replace(**changed)), rows)


def _members(starts: np.ndarray, lists: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of the members of some of several lists that stand one after the other, and where each list begins."""
    members = [np.arange(int(starts[n]), int(starts[n + 1])) for n in lists]
    return np.concatenate([np.empty(0, int), *members]), np.cumsum([0, *map(len, members)])


_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Spread:
    """Map on several threads, of which the caller's is one: at a millisecond a block it would be late to wake up.

    Parameters
    ----------
    threads
        At least 1.
    """

    def __init__(self, threads: int) -> None:
        self._others = threads - 1
        self._pool = ThreadPoolExecutor(self._others) if self._others else None

    def __call__(self, function: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
        """Results in the order of the items; an error is raised when no thread is at work any more."""
        if self._pool is None:
            return [function(item) for item in items]
        results: dict[int, _Result] = {}
        left = iter(range(len(items)))  # `next` is one step of the interpreter: no two threads get the same

        def work() -> None:
            for place in left:
                results[place] = function(items[place])

        others = [self._pool.submit(work) for _ in range(min(self._others, len(items) - 1))]
        try:
            work()
        finally:
            for other in others:
                other.result()
        return [results[place] for place in range(len(items))]
