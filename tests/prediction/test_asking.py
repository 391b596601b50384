"""The file that asks for predictions: what is wrong in it is said with its place."""

from __future__ import annotations

import pytest
import yaml

from il6infer._errors import UserError
from il6infer.prediction.interventions import read_interventions
from tests.zoo.competitor import ASKED

FAULTS = [
    ({"courses": ["one"], "doses": ["doses"], "readout": "R"},
     "has 2 of courses, doses, inhibition, window and share. Give exactly one of them."),
    ({"readout": "R"}, "has none of courses, doses, inhibition, window and share. Give exactly one of them."),
    ({"courses": ["oen"], "readout": "R"}, "unknown experiment 'oen'. Did you mean 'one'?"),
    ({"courses": ["doses"], "readout": "R"}, "courses cannot use one with 'doses'; 'doses' has them."),
    ({"doses": ["one"], "readout": "R"}, "doses needs an experiment with 'doses'; 'one' has none."),
    ({"courses": ["one"]}, "has no read-out. Give one, such as 'readout: pSTAT3'."),
    ({"doses": ["doses"], "readout": "R", "response": "level"},
     "'time' goes with 'response: level', and only with it. Give both, or neither."),
    ({"doses": ["doses"], "readout": "R", "response": "level", "time": 101},
     "time 101 min is after the last simulated time, 100 min."),
    ({"doses": ["doses"], "against": "one", "readout": "R"},
     "'against' goes with courses only. Inhibition is against dose 0 of the same experiment."),
    ({"window": {"blocks": "tight", "spares": "doses"}, "readout": "R"},
     "the two experiments of a window have other doses. Give both the same 'doses'."),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "fault"), FAULTS, ids=[f[:30] for _, f in FAULTS])
def test_faults_of_a_predictions_file_say_where_and_what_to_do(entry, fault, tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump({**ASKED, "predictions": [{"id": "x", "title": "t", **entry}]}))
    with pytest.raises(UserError) as caught:
        read_interventions(path)

    assert f"p.yaml, prediction 'x': {fault}" in str(caught.value)


def test_faults_of_candidates_say_where(tmp_path):
    path = tmp_path / "p.yaml"
    bad = {"readouts": ["R"], "experiments": ["oen", "doses"], "times": [5, 500], "costs": {"Q": 1}}
    path.write_text(yaml.safe_dump({**ASKED, "next": bad}))
    with pytest.raises(UserError) as caught:
        read_interventions(path)

    for fault in (
        "p.yaml, next: unknown experiment 'oen'. Did you mean 'one'?",
        "p.yaml, next: 'doses' has 'doses'. Name an experiment of one dose a lane.",
        "p.yaml, next: time 500 min is after the last simulated time. Raise 'until'.",
        "p.yaml, next, costs: 'Q' is none of the read-outs.",
    ):
        assert fault in str(caught.value)


def test_the_file_of_the_project_is_in_order(root):
    found = read_interventions(root / "config" / "predictions.yaml")

    assert {one.kind for one in found.asked} == {"courses", "doses", "inhibition", "window", "share"}
