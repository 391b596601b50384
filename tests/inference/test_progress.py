"""What a fit says of work that takes long."""

from __future__ import annotations

import logging
import time

from il6infer.inference import progress
from il6infer.inference.progress import Steps


def test_a_step_that_takes_long_says_what_is_done_and_how_much_is_left(monkeypatch, caplog):
    monkeypatch.setattr(progress, "FIRST_AFTER", 0.05)
    caplog.set_level(logging.INFO, "il6infer")
    steps = Steps("toy: after sampling", 3)
    for doing, total in (("simulating", 40), ("checking", 0)):
        with steps(doing, total) as done:
            for _ in range(20):
                done()
            told, end = len(caplog.messages), time.monotonic() + 10.0
            while len(caplog.messages) == told and time.monotonic() < end:
                time.sleep(0.01)
    with steps("writing"):
        pass

    assert caplog.messages == [
        "toy: after sampling, step 1 of 3: simulating: 20 of 40, about 0 s left",
        "toy: after sampling, step 2 of 3: checking: 0 s so far",
    ]
    assert list(steps.seconds) == ["simulating", "checking", "writing"]
    assert steps.seconds["simulating"] > 0.05 > steps.seconds["writing"]


def test_a_step_of_which_nothing_is_done_yet_says_what_it_may_be_at(monkeypatch, caplog):
    """The first draw that is drawn back on a machine waits for a compiler, for a minute or two where it is busy."""
    monkeypatch.setattr(progress, "FIRST_AFTER", 0.02)
    caplog.set_level(logging.INFO, "il6infer")
    with Steps("toy", 1)("drawing", 40):
        end = time.monotonic() + 10.0
        while not caplog.messages and time.monotonic() < end:
            time.sleep(0.01)

    assert caplog.messages[0] == (
        "toy, step 1 of 1: drawing: 0 of 40; what a machine does for the first time is compiled, and kept"
    )


def test_a_step_that_fails_ends_what_tells_of_it(caplog):
    steps = Steps("toy", 1)
    try:
        with steps("failing"):
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass

    assert "failing" in steps.seconds
    assert caplog.messages == []
