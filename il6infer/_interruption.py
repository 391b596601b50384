"""Work that can be stopped: by Ctrl-C, by a scheduler's signal, by a time limit; also while a compiler does not listen.

Python looks at signals between two of its own steps, in the main thread. A compiler's call lasts up to a minute. So
the work goes to a thread, and the main thread waits for whatever comes first.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

logger = logging.getLogger("il6infer")

Result = TypeVar("Result")

GRACE = 20.0
"""Seconds that work may take to put away what it has; SLURM kills 30 s after its SIGTERM (``KillWait``)."""

TIME_LIMIT_EXIT = 124
"""Exit code where a time limit ended the work, as that of coreutils' ``timeout``."""

_TICK = 0.2
"""Seconds after which a signal is heard, at the latest."""

_STACK = 1 << 26
"""Of the thread: compilers recurse."""


class Stopped(BaseException):
    """Work that was asked to stop has put away what it had."""


class Interruption:
    """Whether work is to stop; shared by the thread that works and the one that listens.

    Attributes
    ----------
    state
        What is kept and what is lost where the work is left now, and what comes next: told when that happens.
    """

    def __init__(self) -> None:
        self.state = ""
        self._asked = threading.Event()
        self._keeping = threading.Lock()

    def ask(self) -> None:
        """Ask the work to stop."""
        self._asked.set()

    @property
    def asked(self) -> bool:
        """Whether the work is to stop."""
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, and say whether the work is to stop, which ends the sleep."""
        return self._asked.wait(seconds)

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Mark a block that has something to put away: it is given `GRACE` seconds when it is asked to stop."""
        with self._keeping:
            yield

    @property
    def has_something(self) -> bool:
        """Whether such a block is under way."""
        return self._keeping.locked()


def run(work: Callable[[Interruption], Result], time_limit: float | None = None) -> Result:
    """Run `work` in a thread, and end the process when a signal or the time limit comes first.

    Exit codes are 128 and the number of the signal (130: Ctrl-C; 143: SIGTERM), 124 at the time limit. Work within
    `Interruption.keeping` is asked to stop and waited for; other work is left where it is. Where the work ends well
    all the same, its result stands.

    Parameters
    ----------
    work
        Given what says whether to stop.
    time_limit
        In seconds; None: none.
    """
    interruption, ended, came = Interruption(), threading.Event(), list[int]()
    results: list[Result] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(work(interruption))
        except BaseException as error:  # noqa: BLE001 (raised again, in the main thread)
            errors.append(error)
        ended.set()

    def heard(number: int, _: object) -> None:
        came.append(number)
        interruption.ask()
        ended.set()

    before = _listen(heard)
    try:
        _start(target)
        if not _waited(ended, time_limit):
            interruption.ask()
        elif not came:
            return _outcome(results, errors)
        code = 128 + came[0] if came else TIME_LIMIT_EXIT
        if interruption.has_something:
            ended.clear()
            if not (results or errors):
                _waited(ended, GRACE)
        if results:
            return results[0]
        state = f": {interruption.state}" if interruption.state else ""
        logger.warning("%s%s", "interrupted" if came else "the time limit is reached", state)
        if errors and isinstance(errors[0], Stopped):
            raise SystemExit(code)
        _leave(code)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    raise AssertionError  # _leave does not return


def _waited(event: threading.Event, seconds: float | None) -> bool:
    """Wait for an event, but look up often: a signal that the system gives to another thread does not end a wait.

    So it is with a process that was stopped when the signal came: SLURM's scancel wakes it, and any thread may take it.
    """
    end = math.inf if seconds is None else time.monotonic() + seconds
    while not event.wait(min(_TICK, max(0.0, end - time.monotonic()))):
        if time.monotonic() >= end:
            return False
    return True


def _outcome(results: list[Result], errors: list[BaseException]) -> Result:
    if errors:
        raise errors[0]
    return results[0]


def _listen(handler: Callable[[int, object], None]) -> dict[int, Any]:
    """Install a handler of what ends a process, except for what it was started to ignore (nohup)."""
    before: dict[int, Any] = {}
    if threading.current_thread() is not threading.main_thread():
        return before  # only the main thread may
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    return before


def _start(target: Callable[[], None]) -> None:
    size = threading.stack_size(_STACK)
    try:
        threading.Thread(target=target, name="work", daemon=True).start()
    finally:
        threading.stack_size(size)


def _leave(code: int) -> None:
    """End the process at once, whatever its other threads are in, and its children with it."""
    for child in _children():
        with suppress(ProcessLookupError, PermissionError):
            os.kill(child, signal.SIGTERM)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _children() -> list[int]:
    """List the processes that this one started and that are still there, where the system tells."""
    found = []
    for path in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in path.read_text("ascii").split()]
    return found
