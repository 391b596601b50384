"""The tables say of a change in which experiments it acts on nothing, and not of others."""

from __future__ import annotations

import pandas as pd

from il6infer.building.idle import notes


def test_a_note_names_the_experiments_in_which_a_change_does_nothing_and_spares_those_in_which_it_acts():
    conditions = pd.DataFrame(
        [("rest", "drug", "0.0"), ("given", "drug", "drug + 5"), ("given", "IL6", "IL6 + 1"), ("more", "drug", "9")],
        columns=["conditionId", "targetId", "targetValue"],
    )
    experiments = pd.DataFrame(
        [("alone", "rest"), ("alone", "given"), ("both", "given"), ("both", "more")],
        columns=["experimentId", "conditionId"],
    )

    told = notes(conditions, experiments, {"drug": ("alone",)}, "m")

    assert told == ["", "acts on nothing that is measured in alone in m", "", ""]
