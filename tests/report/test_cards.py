"""Cards of the first screen: they claim no more than the comparison does."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from il6infer.library.catalogue import shipped
from il6infer.report.cards import Card, cards
from il6infer.report.sections import PRIOR_CONFLICT, Doubt
from il6infer.stages.predictions import Number, Prediction, Predictions, Spread
from il6infer.stages.verdict import ParameterStatistics
from tests.zoo.verdicts import model_row, verdict

WORDS = {"both_socs3": "SOCS3 inhibits", "both_dual": "SOCS3 does both"}


def mechanism(*, level: bool) -> Card:
    """Give the first card of two models, of which the first has all of the weight."""
    best = model_row("both_socs3", rank=1, elpd_diff=0.0, diff_se=0.0, weight=1.0, level=True)
    rows = [best, replace(best, model="both_dual", rank=2, elpd_diff=0.9, diff_se=1.2, weight=0.0, level=level)]
    each = [row.model for row in rows]
    return cards(rows, dict.fromkeys(each, verdict()), WORDS, dict.fromkeys(each, {}), None, shipped(), {})[0]


def test_a_mechanism_that_another_matches_is_not_shown_as_certain():
    """Stacking, where it is asked for, gives one of two models that predict alike all of the weight."""
    card = mechanism(level=True)

    assert card.answer == "2 models that the data do not tell apart"
    assert card.lines[0] == (
        "Not told apart by the data: “SOCS3 inhibits”, “SOCS3 does both”. "
        "Weights share out an average, and are no chances."
    )
    assert card.tone != "good"


@pytest.mark.parametrize("most", [0.25, 0.58, 0.97])
def test_of_models_that_are_alike_none_is_the_heading(most: float):
    """One of four fibroblasts without SOCS3, 0.3 of elpd apart, was the answer; one of two of hepatocytes with 58 %."""
    each = dict.fromkeys(("both_socs3", "both_dual", "both_loss", "both_none"), verdict())
    rows = [
        model_row(m, rank=i + 1, elpd_diff=0.1 * i, diff_se=0.2, weight=(1 - most) / 3 if i else most, level=True)
        for i, m in enumerate(each)
    ]
    card = cards(rows, each, {m: f"as {m}" for m in each}, dict.fromkeys(each, {}), None, shipped(), {})[0]

    assert card.answer == "4 models that the data do not tell apart"
    assert card.lines[0].startswith(
        "Not told apart by the data: “as both_socs3”, “as both_dual”, “as both_loss”, “as both_none”."
    )


def test_a_mechanism_that_is_clearly_ahead_is_shown_so():
    card = mechanism(level=False)

    assert not any("told apart" in line for line in card.lines)
    assert "The data speak against “SOCS3 does both”." in card.lines
    assert card.tone == "good"


def test_what_the_data_speak_against_is_told_beside_models_that_they_do_not_tell_apart():
    """Of three models of hepatocytes the card named two that are alike, and not that the third is behind."""
    each = dict.fromkeys(("classic_socs3", "classic_loss", "classic_none"), verdict())
    rows = [
        model_row(m, rank=i + 1, elpd_diff=d, diff_se=5.0, weight=w, level=d < 10)
        for i, (m, d, w) in enumerate(zip(each, (0.0, 1.2, 19.4), (0.58, 0.42, 0.0), strict=True))
    ]
    made = cards(rows, each, {m: f"as {m}" for m in each}, dict.fromkeys(each, {}), None, shipped(), {})[0]

    assert made.answer == "2 models that the data do not tell apart"
    assert [line for line in made.lines if "against" in line] == [
        "The data speak against “as classic_none”.",
        "Held against nothing, for every model has it: classic signalling.",
    ]


@pytest.mark.parametrize(("bad", "doubted"), [(9, True), (1, False)])
def test_ranks_that_lean_on_values_which_weights_cannot_leave_out_are_doubted(bad: int, doubted: bool) -> None:  # noqa: FBT001
    """RPE1: loss was ahead by 18 with nine of 16 values above the limit of k, in green."""
    best = model_row("trans_loss", rank=1, elpd_diff=0.0, diff_se=0.0, weight=1.0, level=True)
    rows = [replace(best, pareto_k_bad=bad, n=16)]
    rows += [replace(best, model="trans_socs3", rank=2, elpd_diff=18.0, diff_se=3.0, weight=0.0, level=False, n=16)]
    each = dict.fromkeys((row.model for row in rows), verdict())
    words = {model: f"as {model}" for model in each}

    def first(criterion: str) -> Card:
        return cards(rows, each, words, dict.fromkeys(each, {}), None, shipped(), {}, criterion)[0]

    said = f"Not to be trusted: {bad} of 16 values of “as trans_loss” could not be left out by weights (Pareto k)"
    assert any(line.startswith(said) for line in first("loo").lines) == doubted
    assert (first("loo").tone == "good") != doubted
    assert not any("Not to be trusted" in line for line in first("evidence").lines)


def test_what_every_model_has_is_given_no_share_of_the_weight():
    """Two classic models said "classic signalling > 99 %", where trans-signalling was never asked."""
    rows = [
        model_row(m, rank=i, weight=w) for i, (m, w) in enumerate({"classic_none": 0.2, "classic_socs3": 0.8}.items())
    ]
    each = [row.model for row in rows]
    card = cards(
        rows,
        dict.fromkeys(each, verdict()),
        dict(zip(each, each, strict=True)),
        dict.fromkeys(each, {}),
        None,
        shipped(),
        {},
    )[0]

    assert [(name, len(bars)) for name, bars in card.groups] == [("feedback", 2)]
    assert card.lines[-1] == "Held against nothing, for every model has it: classic signalling."


def first_of(rows) -> Card:
    """Give the first card of models that are called by their names."""
    each = [row.model for row in rows]
    words = dict(zip(each, each, strict=True))
    return cards(rows, dict.fromkeys(each, verdict()), words, dict.fromkeys(each, {}), None, shipped(), {})[0]


def test_a_part_whose_rivals_did_not_converge_is_given_no_share_of_the_weight():
    """RPE1: "SOCS3 inhibits > 99 %", where the fit with loss was not sampled, and 18 of elpd ahead."""
    ranked = [model_row(m, rank=i, weight=0.5) for i, m in enumerate(("trans_socs3+stat1", "trans_socs3+basal+stat1"))]
    loss = model_row("trans_loss+stat1", sampled=False)
    card = first_of([*ranked, loss])

    assert card.groups == ()
    assert card.lines[0] == (
        "SOCS3 inhibits phosphorylation by JAK: held against nothing, for no fit with SOCS3 removes active receptor "
        "complexes converged."
    )
    # One that converged and misses the data was held against, and lost.
    lost = model_row("trans_loss+stat1", reproduces=False)
    assert [name for name, _ in first_of([*ranked, lost]).groups] == ["feedback"]


def through(classic: Spread, trans: Spread) -> Card:
    """Give the second card where one stimulus was asked for, and goes these ways."""
    numbers = tuple(
        Number(f"IL-6 + sIL-6R: through {part}", "%", None, {}, {}, share, 1.0)
        for part, share in {"classic signalling": classic, "trans-signalling": trans}.items()
    )
    found = Predictions(100, {"m": 1.0}, {}, {}, {}, "", (Prediction("shares", "share", "", "", "", (), numbers),))
    row = model_row("m", rank=1, elpd_diff=0.0, diff_se=0.0, weight=1.0)
    return cards([row], {"m": verdict()}, {"m": "m"}, {"m": {}}, found, shipped(), {})[1]


def test_shares_that_the_wiring_alone_makes_are_no_answer():
    """Two models of hepatocytes, both classic, said "100 % through classic signalling" under IL-6 with sIL-6R."""
    alone = through(Spread(100.0, 100.0, 100.0, 100.0, 0.0), Spread(0.0, 0.0, 0.0, 0.0, 0.0))
    told = through(Spread(22.0, 19.0, 22.0, 24.0, 0.0), Spread(78.0, 76.0, 78.0, 81.0, 0.0))

    assert (alone.answer, alone.groups) == ("Not asked", ())
    assert alone.lines == (
        "Every model with a weight has classic signalling alone: all of the signal goes there whatever the data.",
    )
    assert told.answer == "78 % of the signal through trans-signalling, with IL-6 + sIL-6R"


def test_one_model_alone_has_no_share_of_a_weight():
    row = model_row("both_socs3", rank=1, elpd_diff=0.0, diff_se=0.0, weight=1.0, level=True)
    card = cards([row], {row.model: verdict()}, WORDS, {row.model: {}}, None, shipped(), {})[0]

    assert (card.answer, card.tone, card.groups) == ("SOCS3 inhibits", "", ())
    assert card.lines == ("Only this model was fitted, so it is held against no other: name rivals under `models`.",)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"sampled": False}, "Nothing yet: first a fit that converges"),
        ({"reproduces": False}, "First a model that fits"),
    ],
)
def test_what_comes_next_depends_on_what_is_wrong(found, said):
    row = model_row("both_socs3", sampled=found.get("sampled", True), reproduces=found.get("reproduces", True))

    assert cards([row], {row.model: verdict(**found)}, WORDS, {row.model: {}}, None, shipped(), {})[-1].answer == said


@pytest.mark.parametrize(("asked", "advised"), [("auto", False), ("nutpie", True)])
def test_a_sampler_that_was_taken_is_not_advised(asked, advised):
    no = verdict(sampled=False)
    no = replace(no, sampler=replace(no.sampler, asked=asked))
    row = model_row("both_socs3", sampled=False)
    lines = cards([row], {row.model: no}, WORDS, {row.model: {}}, None, shipped(), {})[-1].lines

    assert lines[0] == "SOCS3 inhibits fails by R-hat."
    assert ("or 'sampler: auto'" in lines[1]) == advised
    assert ("more draws" in lines[1]) != advised


@pytest.mark.parametrize(("unit", "said"), [("nM", " nM;"), ("1/min", " 1/min;"), ("1", ";"), ("", ";")])
def test_a_constant_without_a_unit_is_a_number_alone(unit, said):
    """0.0502 (0.00549-0.369) 1 was a fraction, and read as two numbers."""
    row = model_row("both_socs3", rank=1, sampled=True, reproduces=True)
    known = dict.fromkeys((f.name for f in fields(ParameterStatistics)), 1.0) | {"median": 0.05, "q05": 0.005}
    judged = replace(verdict(), parameters={"Kd_x": ParameterStatistics(**known)})
    told = {row.model: {"Kd_x": {"unit": unit, "what": "dissociation constant of x"}}}
    found = cards([row], {row.model: judged}, WORDS, told, None, shipped(), {})

    [card] = [card for card in found if card.title == "Binding constants"]
    assert card.lines[1].startswith(f"x: 0.05 (0.005\N{EN DASH}1){said}")


def test_where_no_constant_is_a_dissociation_constant_no_scale_of_a_gel_is_told():
    """Six offsets of blots were the binding constants of a problem of 214 parameters, "195 of 214 known"."""
    row = model_row("both_socs3", rank=1, sampled=True, reproduces=True)
    known = ParameterStatistics(**dict.fromkeys((f.name for f in fields(ParameterStatistics)), 1.0))
    judged = replace(verdict(), parameters={"offset_gel": known, "k_on": replace(known, contraction=0.6)})
    told = {row.model: {"offset_gel": {"in_the_model": False}, "k_on": {"in_the_model": True}}}
    found = cards([row], {row.model: judged}, WORDS, told, None, shipped(), {})

    [card] = [card for card in found if card.title == "Binding constants"]
    assert card.answer == "1 of 1 known at least twice as well as before"
    assert [line.partition(":")[0] for line in card.lines[1:]] == ["k on"]


def test_models_without_a_rank_are_not_said_to_miss_the_data():
    """One gel alone has no group to leave out: the criterion has no number, and every fit may be right."""
    rows = [model_row("both_socs3"), model_row("both_dual")]
    found = {card.title: card for card in cards(rows, dict.fromkeys(WORDS, verdict()), WORDS, {}, None, shipped(), {})}

    for title in ("Which mechanism", "Binding constants", "What to measure next"):
        assert (found[title].answer, found[title].tone) == ("Not ranked", "")
    assert found["Does any model fit"].answer == "2 of 2 do"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"reproduces": False}, {"reproduces": False}, "No model reproduces the data"),
        ({"sampled": False}, {"reproduces": False}, "No model that converged reproduces the data"),
        ({"sampled": False}, {"sampled": False}, "No fit converged"),
    ],
)
def test_the_heading_of_the_lights_says_which_is_out(first, second, said):
    found = dict(zip(WORDS, (first, second), strict=True))
    rows = [model_row(m, **{"sampled": True, "reproduces": True, **own}) for m, own in found.items()]
    verdicts = {model: verdict(**own) for model, own in found.items()}
    [card] = [c for c in cards(rows, verdicts, WORDS, {}, None, shipped(), {}) if c.title == "Does any model fit"]

    assert (card.answer, card.tone) == (f"{said}: no number below is a finding", "bad")


def test_a_card_without_a_number_has_nothing_to_doubt():
    row = model_row("trans_loss", rank=1, weight=1.0)
    doubts = {row.model: [Doubt(PRIOR_CONFLICT, "", ("k lies low.",))]}
    made = cards([row], {row.model: verdict()}, {row.model: "loss"}, {row.model: {}}, None, shipped(), doubts)

    assert made[1].answer == "Not asked"
    assert [len(card.doubts) for card in made[:2]] == [1, 0]
