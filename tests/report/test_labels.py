"""Words for conditions: what was done to which cells, and nothing of how a joint fit writes it down."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from il6infer.library.catalogue import shipped
from il6infer.report.conclusions import summary
from il6infer.report.figures import comparison_figure
from il6infer.report.labels import features, labels_apart, model_label
from il6infer.report.sections import worded
from il6infer.stages.conditions import condition_labels, condition_names
from il6infer.stages.verdict import IDLE, check
from tests.zoo.verdicts import model_row, verdict


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ratio_IL6R_gp130=0.2", "IL-6 0.5 nM; cells with ratio_IL6R_gp130=0.2"),
        ("gp130_0=@HepG2;K_SOCS3=:mouse;k_basal=~mouse;k_import==1.0", "IL-6 0.5 nM"),
        ("IL6R_0=x5", "IL-6 0.5 nM; cells with IL6R_0 times 5"),
        (
            "K_SOCS3=x0.5:mouse;gp130_0=x2@HepG2",
            "IL-6 0.5 nM; cells with K_SOCS3 times 0.5; cells with gp130_0 times 2",
        ),
        ("gp130_0=few@HepG2;K_SOCS3=:mouse@HepG2", "IL-6 0.5 nM; cells with gp130_0=few"),
    ],
)
def test_cells_are_told_by_what_they_have_of_their_own(given, said):
    step = {"condition": "a", "time_min": "0", "action": "add", "species": "IL6", "dose": "0.5", "unit": "nM"}

    assert condition_labels([{**step, "knock_out": "", "set": given}], ["a"]) == {"a": said}


def test_inputs_that_are_off_in_most_conditions_are_not_named_and_numbers_are_short():
    """Of the public problem: input_actd held at 0.0 + input_il6 held at 40.0000000000000 + ..., cut before its end."""
    doses = {
        "a": ("40.0000000000000", "0.0"),
        "b": ("0.5", "0"),
        "c": ("0", "1.50"),
        "d": ("0.0", "0.0"),
        "e": ("1e-3", "0"),
        "f": ("1000000", "0"),
    }
    steps = [
        {"condition": name, "time_min": "0", "action": "set", "species": species, "dose": dose, "unit": ""}
        for name, given in doses.items()
        for species, dose in zip(("il6", "drug"), given, strict=True)
    ]

    assert condition_labels(steps, doses) == {
        "a": "il6 held at 40", "b": "il6 held at 0.5", "c": "il6 held at 0 + drug held at 1.5", "d": "il6 held at 0",
        "e": "il6 held at 0.001", "f": "il6 held at 1000000",
    }  # fmt: skip


def test_what_cells_lack_is_one_list():
    step = {"condition": "a", "time_min": "0", "action": "control", "species": "", "dose": "", "unit": "", "set": ""}

    said = condition_labels([{**step, "knock_out": "SOCS3;STAT1"}], ["a"])
    assert said == {"a": "no stimulus; cells without SOCS3 and STAT1"}


@pytest.mark.parametrize("feedback", sorted(shipped().feedbacks))
def test_what_socs3_does_is_said_in_words_and_not_by_the_word_of_a_name(feedback):
    assert features(f"classic_{feedback}")[1] == shipped().feedbacks[feedback].text


@pytest.mark.parametrize(
    ("models", "common"),
    [
        (("classic_socs3+deactivation@hepatocyte", "classic_loss+jak@hepatocyte"), (0, -1)),
        (("classic_socs3+deactivation@hepatocyte", "classic_socs3+deactivation+jak@hepatocyte"), (0, 2, -1)),
        (("both_socs3", "both_socs3+basal", "trans_socs3"), ()),
        (("classic_socs3", "trans_socs3"), ()),
        (("petab", "both_none"), ()),
    ],
)
def test_models_side_by_side_are_named_by_what_tells_them_apart(models, common):
    """Labels said "classic signalling; ...; mouse hepatocyte, primary" of each of twelve models."""
    labels, said = labels_apart(models, shipped())

    first = features(models[0])
    assert said == tuple(first[place] for place in common)
    for model, label in labels.items():
        assert sorted((*label.split("; "), *said)) == sorted(features(model))
    assert len({*labels.values()}) == len(models)
    assert labels_apart(models[:1], shipped()) == ({models[0]: model_label(models[0])}, ())


def test_a_figure_of_models_with_long_names_has_room_for_its_axis():
    rows = [
        model_row(f"m{i}", rank=i + 1, elpd=-10.0, elpd_diff=float(i), diff_se=1.0, weight=0.3, level=True)
        for i in range(3)
    ]
    figure = comparison_figure(
        rows, {row.model: "SOCS3 inhibits phosphorylation by JAK; " * 3 + row.model for row in rows}
    )
    assert figure is not None
    figure.canvas.draw()

    axis, below = figure.axes[0], figure.get_supxlabel()
    assert axis.get_position().width > 0.5
    label = next(text for text in figure.texts if text.get_text() == below)
    page, drawn = figure.bbox, label.get_window_extent()
    assert page.x0 <= drawn.x0 < drawn.x1 <= page.x1


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
