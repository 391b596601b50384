"""A run that is killed again and again loses nothing that was finished; `python -m tests.faults.kill` kills oftener."""

from __future__ import annotations

import random

import pytest

from tests.faults.kill import trial


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_whole(tmp_path):
    found = trial(tmp_path, 4, 40.0, random.Random(2))

    assert (found["exit code at last"], found["page"]) == (0, True)
    assert [found[name] for name in ("half-written", "finished fits redone", "not as written", "refused")] == [
        [],
        [],
        [],
        0,
    ]
