"""What a model predicts to be 0 at all parameters is told where the problem is built, and not at the fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from il6infer._errors import UserError
from il6infer.building.build import build
from il6infer.engine import compile
from il6infer.library.compose import compose
from il6infer.petab_files.read import load
from il6infer.problems.zeros import predicted_zero
from tests.zoo.data_set import measurements, protocol

SAID = "predicted to be 0 at all parameters, which noise relative to the value cannot be about."
IL6 = "'sgp130Fc 2 nM at -30 min; IL-6 0.5 nM; wash at 20 min' (il6)"
KO = "'sgp130Fc 2 nM at -30 min; IL-6 0.5 nM; wash at 20 min; cells without SOCS3' (ko)"
READ = [
    # read-out, condition, time, side, offset, whether the prediction is 0
    ("IL6_medium", "vehicle", 60.0, "below", False, True),
    ("IL6_medium", "vehicle", 60.0, "", False, True),
    ("IL6_medium", "il6", -10.0, "above", False, True),
    ("IL6_medium", "il6", 10.0, "", False, False),
    ("SOCS3_mRNA", "ko", 60.0, "", False, True),
    ("SOCS3_mRNA", "il6", 60.0, "", False, False),
    ("SOCS3_protein", "ko", 60.0, "", True, False),
    ("pSTAT3", "ko", 60.0, "", False, False),
]


def test_values_that_no_parameters_could_give_are_refused_by_condition_and_others_are_not(tmp_path):
    [row] = measurements().iloc[:1].to_dict("records")
    table = pd.DataFrame(
        row | {"observable": o, "condition": c, "time_min": t, "censored": side, "offset": offset, "batch": o}
        for o, c, t, side, offset, _ in READ
    )  # fmt: skip
    steps = pd.concat([protocol(), protocol()[1:].assign(condition="ko", knock_out="SOCS3")])
    model = compose("classic_socs3+assays")
    problem = load(build(table, steps, model, tmp_path / "any", dataset="d", fitted=False))

    assert list(predicted_zero(problem)) == [zero for *_, zero in READ]
    with pytest.raises(UserError) as fault:
        build(table, steps, model, tmp_path / "problem", dataset="d")
    remedy = "Give the read-out a background (`offset: true`) or `noise: normal`, or leave these values out."
    assert str(fault.value) == (
        "problem of 'd' and model 'classic_socs3+assays': 3 faults\n"
        f"  - read-out 'IL6_medium', condition 'no stimulus' (vehicle), 60 min: 1 of its values is {SAID} {remedy}\n"
        f"  - read-out 'IL6_medium', condition {IL6}, -10 min: 1 of its values is {SAID} {remedy}\n"
        f"  - read-out 'SOCS3_mRNA', condition {KO}, 60 min: 1 of its values is {SAID} {remedy}"
    )
    assert not (tmp_path / "problem").exists()
    possible = table[[side == "below" or not zero for *_, side, _, zero in READ]]
    assert build(possible, steps, model, tmp_path / "problem", dataset="d").exists()


WASHED = [
    # read-out, time, whether the prediction is 0: IL-6 given at 0, washed away at 20 and again at 30
    ("IL6_medium", 29.0, False),
    ("IL6_medium", 30.0, True),
    ("IL6_medium", 31.0, False),  # what was bound is let go
    ("pSTAT3", 30.0, False),
]


def test_what_a_wash_has_just_taken_away_is_zero_as_the_simulation_has_it(tmp_path):
    [row] = measurements().iloc[:1].to_dict("records")
    table = pd.DataFrame(
        row | {"observable": o, "condition": "il6", "time_min": t, "offset": False, "batch": o} for o, t, _ in WASHED
    )
    steps = protocol()[protocol()["condition"] == "il6"]
    wash = steps.iloc[:1].assign(action="wash", time_min=30.0, species="", dose=float("nan"), concentration_nM=0.0)
    steps, model = pd.concat([steps, wash]), compose("classic_socs3+assays")
    problem = load(build(table, steps, model, tmp_path / "p", dataset="d", fitted=False))
    simulated = compile(problem).simulate(np.array([p.nominal for p in problem.estimated]))

    assert list(predicted_zero(problem)) == [zero for *_, zero in WASHED]
    assert list(simulated.prediction == 0) == [zero for *_, zero in WASHED]
