"""What a person sees of a fit: what it does, how far it is, how long it will take."""

from __future__ import annotations

import itertools
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

logger = logging.getLogger("il6infer")

LOG_EVERY = 10.0
"""Seconds between log lines where nobody watches."""

FIRST_AFTER = 2.0
"""Seconds after which a step is told of for the first time."""

DRAW_EVERY = 1.0
"""Seconds between pictures on a terminal."""

_RECENT = 60.0
"""Seconds over which the speed is taken: the first draws of the warm-up are the slowest."""


@dataclass(frozen=True)
class Count:
    """What one chain has done so far: iterations, divergences after tuning, gradients."""

    draws: int = 0
    divergences: int = 0
    gradients: int = 0


def in_words(seconds: float) -> str:
    """Duration for a reader: ``40 s``, ``3 min``, ``2.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Say every `LOG_EVERY` seconds that the block is still at it."""
    began, done = time.monotonic(), threading.Event()

    def tell() -> None:
        while not done.wait(LOG_EVERY):
            logger.info("%s: %.0f s so far", doing, time.monotonic() - began)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


_FIRST = "; what a machine does for the first time is compiled, and kept"


class Steps:
    """Work of several steps: says what is done and how much is left, of each step that takes long.

    Parameters
    ----------
    whole
        What the steps are of, for the reader.
    count
        How many there are.
    """

    def __init__(self, whole: str, count: int) -> None:
        self._whole, self._count, self._number = whole, count, 0
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, doing: str, total: int = 0) -> Iterator[Callable[[], None]]:
        """Begin the next step; gives what is to be called after each part of it.

        Parameters
        ----------
        doing
            What is done.
        total
            How many parts it has; 0: it has none.
        """
        self._number += 1
        began, ended, parts = time.monotonic(), threading.Event(), itertools.count(1)
        said, done = f"{self._whole}, step {self._number} of {self._count}: {doing}", 0

        def tell() -> None:
            wait = FIRST_AFTER
            while not ended.wait(wait):
                wait, seconds = LOG_EVERY, time.monotonic() - began
                if not total:
                    logger.info("%s: %.0f s so far", said, seconds)
                    continue
                left = f", about {in_words(seconds * (total - done) / done)} left" if done else _FIRST
                logger.info("%s: %d of %d%s", said, done, total, left)

        def count() -> None:
            nonlocal done
            done = next(parts)

        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        try:
            yield count
        finally:
            ended.set()
            thread.join()
            self.seconds[doing] = time.monotonic() - began


def nothing_done() -> None:
    """Take no note of a part that is done: see `Steps`."""


class TimeLeft:
    """Estimate from the recent speed of all chains.

    Parameters
    ----------
    totals
        Iterations that each chain is to reach.
    """

    def __init__(self, totals: Sequence[int]) -> None:
        self._totals = totals
        self._seen: deque[tuple[float, tuple[int, ...]]] = deque()

    def __call__(self, now: float, draws: Sequence[int]) -> float | None:
        """Seconds left; None before there is a speed.

        Parameters
        ----------
        now
            Time [s] of any clock.
        draws
            Iterations of each chain by then.
        """
        self._seen.append((now, tuple(draws)))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _RECENT:
            self._seen.popleft()
        left = [total - n for total, n in zip(self._totals, draws, strict=True)]
        if not sum(left):
            return 0.0
        looks = list(itertools.pairwise(self._seen))
        whole, elapsed = sum(draws) - sum(self._seen[0][1]), now - self._seen[0][0]
        if not (whole and elapsed):
            return None
        at_work = sum((t - s) * sum(n > m for m, n in zip(a, b, strict=True)) for (s, a), (t, b) in looks)
        speeds = [self._own_speed(chain) or whole / at_work for chain in range(len(draws))]
        # All work shared by the threads, and no chain faster than it is.
        return max(sum(left) * elapsed / whole, *(rest / speed for rest, speed in zip(left, speeds, strict=True)))

    def _own_speed(self, chain: int) -> float | None:
        """Speed of a chain between looks at which it was at work; None where it has only begun.

        Chains that share a thread wait for each other: when between two looks one began is not known.
        """
        counts = [(now, draws[chain]) for now, draws in self._seen if 0 < draws[chain] < self._totals[chain]]
        if len(counts) < 2:
            return None
        (begin, first), (end, last) = counts[0], counts[-1]
        return (last - first) / (end - begin) if last > first else None


class ChainProgress:
    """A bar a chain on a terminal, log lines elsewhere.

    Parameters
    ----------
    totals
        Iterations that each chain is to reach.
    """

    def __init__(self, totals: Sequence[int]) -> None:
        self._totals = totals
        self._left = TimeLeft(totals)
        self._terminal = sys.stderr.isatty()
        self._start = self._shown = time.monotonic()
        columns = (
            TextColumn("chain {task.fields[chain]}"), BarColumn(), TextColumn("{task.completed}/{task.total} draws"),
            TextColumn("{task.fields[divergences]} divergent"), TextColumn("{task.fields[gradients]} gradients"),
            TimeElapsedColumn(), TextColumn("{task.fields[left]}"),
        )  # fmt: skip
        self._bars = Progress(*columns, console=Console(stderr=True), disable=not self._terminal)
        self._tasks = [
            self._bars.add_task("", total=total, chain=chain, divergences=0, gradients=0, left="")
            for chain, total in enumerate(totals, start=1)
        ]

    def __enter__(self) -> ChainProgress:
        """Begin to draw the bars."""
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bars as they are."""
        self._bars.stop()

    def due(self) -> bool:
        """Whether it is time to show something."""
        return time.monotonic() - self._shown >= (DRAW_EVERY if self._terminal else LOG_EVERY)

    def show(self, counts: Sequence[Count]) -> None:
        """Show how far each chain is."""
        self._shown = time.monotonic()
        seconds = self._left(self._shown, [count.draws for count in counts])
        left = f"about {in_words(seconds)} left" if seconds else ""
        if not self._terminal:
            text = "; ".join(
                f"chain {chain}: {c.draws}/{total} draws, {c.divergences} divergent, {c.gradients} gradients"
                for chain, (c, total) in enumerate(zip(counts, self._totals, strict=True), start=1)
            )
            logger.info("%.0f s: %s%s", self._shown - self._start, text, f"; {left}" if left else "")
            return
        for task, count in zip(self._tasks, counts, strict=True):
            self._bars.update(
                task, completed=count.draws, divergences=count.divergences, gradients=count.gradients, left=left
            )
