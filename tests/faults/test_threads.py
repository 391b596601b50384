"""Threads that want a processor are counted however busy the machine; `tests.faults.threads` does so for commands."""

from __future__ import annotations

import sys

from tests.faults.threads import watch


def test_threads_that_want_a_processor_are_counted():
    busy = "import threading, hashlib; b = bytes(10**8); f = lambda: [hashlib.sha256(b) for _ in range(4)]; "
    two = busy + "t = threading.Thread(target=f); t.start(); f(); t.join()"
    one, both = (watch([sys.executable, "-c", text]) for text in (busy + "f()", two))

    assert one["share"] < 0.05
    assert both["share"] > 0.5
    assert (one["usual"], both["usual"]) == (1, 2)
