"""A run that is killed again and again loses nothing that was finished; `python -m tests.faults.kill` kills oftener."""

from __future__ import annotations

import random

import pytest

from tests.faults.kill import trial


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_whole(tmp_path):
    stages = ["problem", "fit", "fit", "predict", "report"]
    found = trial(tmp_path, stages, random.Random(2))

    assert found.kills.total() == len(stages)
    assert found.whole == [True] * len(found.whole)
    assert (found.half, found.redone, found.unlike, found.not_as_written, found.refused) == ([], [], [], [], 0)
