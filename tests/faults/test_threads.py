"""A command that was asked for one thread wants one processor."""

from __future__ import annotations

import sys

import pytest

from tests.faults.threads import watch
from tests.zoo import decay_v1


def test_threads_that_want_a_processor_are_counted():
    busy = "import threading, hashlib; b = bytes(10**8); f = lambda: [hashlib.sha256(b) for _ in range(4)]; "
    two = busy + "t = threading.Thread(target=f); t.start(); f(); t.join()"
    one, both = (watch([sys.executable, "-c", text]) for text in (busy + "f()", two))

    assert one["share"] < 0.05
    assert both["share"] > 0.5


@pytest.mark.slow
def test_a_fit_of_one_thread_wants_one_processor(tmp_path):
    decay_v1.write(tmp_path)
    words = ["fit", str(tmp_path / "problem.yaml"), "--output", str(tmp_path / "posterior.nc"), "--chains", "2"]
    words += ["--starts", "2", "--threads", "1"]
    # What is compiled first is kept: the machine's first fit compiles in two processes.
    watch([sys.executable, "-m", "il6infer", *words, "--tune", "20", "--draws", "5"])
    found = watch([sys.executable, "-m", "il6infer", *words, "--tune", "300", "--draws", "5000"])

    assert found["looks"] > 100
    assert found["mean"] < 1.15
    assert found["share"] < 0.1
