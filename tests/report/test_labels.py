"""Words for conditions: what was done to which cells, and nothing of how a joint fit writes it down."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from il6infer.library.catalogue import shipped
from il6infer.report.conclusions import summary
from il6infer.report.labels import features
from il6infer.report.sections import worded
from il6infer.stages.conditions import condition_labels, condition_names
from il6infer.stages.verdict import IDLE, check
from tests.zoo.verdicts import model_row, verdict


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ratio_IL6R_gp130=0.2", "IL-6 0.5 nM; cells with ratio_IL6R_gp130=0.2"),
        ("gp130_0=@HepG2;K_SOCS3=:mouse;k_basal=~mouse;k_import==1.0", "IL-6 0.5 nM"),
        ("gp130_0=few@HepG2;K_SOCS3=:mouse@HepG2", "IL-6 0.5 nM; cells with gp130_0=few"),
    ],
)
def test_cells_are_told_by_what_they_have_of_their_own(given, said):
    step = {"condition": "a", "time_min": "0", "action": "add", "species": "IL6", "dose": "0.5", "unit": "nM"}

    assert condition_labels([{**step, "knock_out": "", "set": given}], ["a"]) == {"a": said}


def test_what_cells_lack_is_one_list():
    step = {"condition": "a", "time_min": "0", "action": "control", "species": "", "dose": "", "unit": "", "set": ""}

    said = condition_labels([{**step, "knock_out": "SOCS3;STAT1"}], ["a"])
    assert said == {"a": "no stimulus; cells without SOCS3 and STAT1"}


@pytest.mark.parametrize("feedback", sorted(shipped().feedbacks))
def test_what_socs3_does_is_said_in_words_and_not_by_the_word_of_a_name(feedback):
    assert features(f"classic_{feedback}")[1] == shipped().feedbacks[feedback].text


def test_what_acts_on_nothing_is_said_of_conditions_in_words():
    idle = replace(verdict(), idle_stimuli={"sgp130Fc": ("c1", "c2")})

    said = summary([model_row("m", rank=1, elpd=0.0)], {"m": idle}, "loo", "pseudo_bma", {"c1": "IL-6 1 nM; wash"})
    assert said[-1] == "sgp130Fc acts on nothing that is measured in 'IL-6 1 nM; wash' and 'c2' in m."


def test_a_terminal_names_conditions_by_what_was_done_and_their_names():
    rows = [("a", "add", "IL6", 10.0, "ng/ml"), ("b", "control", "", float("nan"), "")]
    table = pd.DataFrame(rows, columns=["condition", "action", "species", "dose", "unit"])
    table = table.assign(time_min=0.0, knock_out=["", "SOCS3"], set="")

    assert condition_names(table) == {"a": "'IL-6 10 ng/ml' (a)", "b": "'no stimulus; cells without SOCS3' (b)"}


def test_the_page_says_of_a_check_of_idle_stimuli_what_was_done_in_words():
    idle = replace(verdict(), idle_stimuli={"sgp130Fc": ("c1",)})
    found = worded(
        check(IDLE, 1.0, "As c1 has it.", at_most=0.0, decides=False, where="sgp130Fc"), idle, {"c1": "IL-6 1 nM"}
    )

    assert found.message.startswith("sgp130Fc, given in 'IL-6 1 nM', acts on nothing that is measured in this model")
    assert worded(found, verdict(), {}) == found
