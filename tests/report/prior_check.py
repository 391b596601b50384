"""What `il6infer claims prior` writes, made up: a range that the prior holds, one that it excludes, one unknown."""

from __future__ import annotations

from typing import Any

from il6infer.stages.prior_check import PriorCheck, RangeCheck

_ROW: dict[str, Any] = {
    "id": "peak", "quantity": "peak_time", "what": "peak time of y", "experiment": "IL6 10 ng/ml", "readout": "y",
    "plan": "il6", "low": 16.0, "high": 30.0, "unit": "min", "published": "", "cell": "HepG2",
    "source": "raw <data> (Someone 2025)", "doi": "10.1000/x", "comment": "coarse", "absent": "",
    "median": 20.0, "q05": 10.0, "q95": 40.0, "inside": 0.6, "below": 0.3, "above": 0.1, "undefined": 0.0,
    "silent": 0.0, "failed": 0.0, "relation": "holds",
}  # fmt: skip
_NUMBERS = ("median", "q05", "q95", "inside", "below", "above", "undefined", "silent", "failed")


def prior_check(*, silent: bool = False, failed: int = 0) -> PriorCheck:
    """Check of one model; a `silent` one does not respond."""
    fold = {
        **_ROW, "id": "fold", "quantity": "fold", "what": "fold induction of y", "low": 300.0, "high": 400.0,
        "unit": "1", "median": 20.0, "q05": 2.0, "q95": 140.0, "inside": 0.0, "below": 1.0, "above": 0.0,
        "relation": "excludes",
    }  # fmt: skip
    unknown = {
        **_ROW, "id": "duration", "quantity": "duration", "what": "duration of y", "low": None, "high": None,
        "cell": "", "source": "no published range found", "doi": "", "comment": "", "inside": None, "below": None,
        "above": None, "relation": "",
    }  # fmt: skip
    absent = {
        **_ROW, "id": "erk", "what": "fold induction of pERK", "absent": "the model has no read-out 'pERK'",
        **dict.fromkeys(_NUMBERS), "relation": "",
    }  # fmt: skip
    rows = [_ROW, fold, unknown, absent]
    if silent:
        nothing = {"median": None, "q05": None, "q95": None, "undefined": 1.0, "silent": 1.0}
        none_of = dict.fromkeys(("inside", "below", "above"), 0.0)
        rows = [
            row if row["absent"] else {**row, **nothing}
            | ({**none_of, "relation": "undefined"} if row["low"] is not None else {})
            for row in rows
        ]  # fmt: skip
    return PriorCheck("toy", 400, failed, tuple(RangeCheck(**row) for row in rows))
