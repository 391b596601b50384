"""Priors against published behaviour: the sentences, and the figure."""

from __future__ import annotations

from dataclasses import replace

from il6infer.report.numbers import interval
from il6infer.report.prior_checks import findings, prior_figure
from il6infer.stages.prior_check import PriorCheck
from tests.report.prior_check import prior_check


def absent(check: PriorCheck) -> PriorCheck:
    return replace(check, checks=tuple(replace(row, absent="the model has no read-out 'y'") for row in check.checks))


def test_what_does_not_fit_is_said_once_with_its_models():
    checks = {"a": prior_check(), "b": prior_check(), "c": prior_check(silent=True)}

    assert findings(checks) == [
        "fold induction of y (IL6 10 ng/ml), in HepG2 300\N{EN DASH}400: "
        "outside the 90 % interval of the prior of a, b.",
        "IL6 10 ng/ml: no response in c.",
    ]


def test_failures_are_said():
    assert findings({"a": prior_check(silent=True, failed=7)})[-1] == (
        "a: 7 of 400 draws of the prior could not be simulated in every experiment."
    )


def test_a_model_of_another_kind_is_said_to_be_one():
    assert findings({"petab": absent(prior_check())}) == [
        "petab: cannot be asked, for it has none of the read-outs and species of the experiments.",
    ]
    assert prior_figure({"petab": absent(prior_check())}) is None


def test_nothing_amiss_is_said_too():
    check = prior_check()
    check = replace(check, checks=check.checks[:1])

    assert findings({"a": check}) == ["No published range lies outside the 90 % interval of a prior."]


def test_figure_has_a_panel_a_quantity_and_words_where_there_is_no_number():
    figure = prior_figure({"a": prior_check(), "b": prior_check(silent=True)})
    shown = [axis for axis in figure.axes if axis.get_visible()]
    words = [[text.get_text() for text in axis.texts] for axis in shown]

    assert [axis.get_title(loc="left").splitlines()[0] for axis in shown] == [
        "peak time of y", "fold induction of y", "duration of y",
    ]  # fmt: skip
    assert words == [["no response"], ["no response"], ["no published range found", "no response"]]
    assert [label.get_text() for label in shown[0].get_yticklabels()] == ["a", "b"]
    assert [axis.get_xscale() for axis in shown] == ["linear", "log", "linear"]


def test_interval_is_written_with_its_digits():
    assert interval(0.04375, 0.0769) == "0.0437\N{EN DASH}0.0769"
    assert interval(None, None) == ""
