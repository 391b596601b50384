"""Experiments of claims and predictions: what is done before time 0 alone, or after the last simulated time."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6infer.prediction.claims import plans_of

ADDED = {"action": "add", "species": "IL6", "dose": 10, "unit": "ng/ml"}
WASH = {"action": "wash"}
DOSES = {"species": "IL6", "low": 0.01, "high": 10, "unit": "nM", "points": 5}

BEFORE = (
    "c.yaml, experiment 'e': nothing is done after -30 min, and rises, areas and fold changes count from time 0 on. "
    "Give the stimulus at time 0, and what comes before it a time below 0."
)
LATE = "c.yaml, experiment 'e': 150 min is after the last simulated time, 100 min. Raise 'until'."


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ({"steps": [{"time_min": -30, **ADDED}]}, BEFORE),
        ({"steps": [], "doses": {**DOSES, "time_min": -30}}, BEFORE),
        ({"steps": [{"time_min": 0, **ADDED}, {"time_min": 150, **WASH}]}, LATE),
        ({"steps": []}, None),
        ({"steps": [{"time_min": -30, **ADDED}, {"time_min": 0, **WASH}]}, None),
        ({"steps": [{"time_min": 100, **ADDED}], "doses": {**DOSES, "time_min": -30}}, None),
    ],
    ids=["before", "doses before", "late", "nothing", "washed at 0", "doses before, then a step"],
)
def test_what_is_done_where_nobody_looks_is_refused(described, said):
    """IL-6 at -30 min had risen and fallen by 0: its inhibition against IL-6 at 0 was 99 %."""
    plans, faults = plans_of({"e": described}, Path("c.yaml"), 100.0)

    assert [str(fault) for fault in faults] == ([] if said is None else [said])
    assert list(plans) == ["e"]
