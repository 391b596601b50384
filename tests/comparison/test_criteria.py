"""Criteria side by side: leave-group-out, evidence in words, AIC and BIC, and where they disagree."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.comparison import Fit, compare
from il6infer.comparison.compare import ALONE, OTHER_ERRORS
from il6infer.comparison.criteria import in_words
from il6infer.comparison.weights import shares
from il6infer.stages.leave_out import LeaveOut, LeftOut
from il6infer.stages.verdict import SerialCorrelation
from tests.zoo.posterior import normal_mean
from tests.zoo.verdicts import evidence, verdict

PASSED, FAILED, MISFIT = verdict(), verdict(sampled=False), verdict(reproduces=False)
GELS = ("gel1", "gel2", "gel3", "gel4")


def left_out(values, unit="batch", why=""):
    groups = tuple(
        LeftOut(name, 15, value, None if value is None else 0.01, 0.3, "psis" if value is not None else "refit", why)
        for name, value in zip(GELS, values, strict=True)
    )
    return (LeaveOut("m", unit, 4, groups[:3], ""), LeaveOut("m", unit, 4, groups[3:], ""))


def worse(by):
    """A model whose every measurement is denser by less."""
    idata = normal_mean(seed=2)
    idata["log_likelihood"]["y"].values[:] -= by
    return idata


def two(first=None, second=None, **same):
    """`a`, better by single values, and `b`; each with more that is known of it."""
    a = Fit("a", normal_mean(), PASSED)
    b = Fit("b", worse(0.5), PASSED)
    return replace(a, **(first or {}), **same), replace(b, **(second or {}), **same)


@pytest.mark.parametrize(
    ("log_factor", "words"),
    [(0.0, "not worth more than a bare mention"), (0.99, "not worth more than a bare mention"), (1.01, "positive"),
     (3.01, "strong"), (5.01, "very strong"), (100.0, "very strong")],
)  # fmt: skip
def test_bayes_factors_are_called_what_kass_and_raftery_call_them(log_factor, words):
    assert in_words(log_factor) == words


def test_the_criterion_that_is_named_ranks_and_weighs():
    fits = two({"evidence": evidence(-60.0)}, {"evidence": evidence(-58.0)})
    by_values, by_evidence = (compare("toy", fits, criterion=name) for name in ("loo", "evidence"))

    assert [row.model for row in by_values.models] == ["a", "b"]
    assert by_values.models[0].weight == by_values.models[0].pseudo_bma
    assert [(row.model, row.rank) for row in by_evidence.models] == [("b", 1), ("a", 2)]
    share = 1.0 / (1.0 + math.exp(-2.0))
    assert [row.weight for row in by_evidence.models] == pytest.approx([share, 1.0 - share])
    assert by_evidence.models[1].scores["evidence"].words == "positive evidence against it"
    assert by_evidence.models[1].level
    assert "b against a: log-evidence difference 2.0 +- 0.1 (positive evidence against it)" in by_evidence.notes[0]


def test_estimates_that_disagree_make_no_bayes_factor():
    fits = two({"evidence": evidence(None)}, {"evidence": evidence(-58.0)})
    found = compare("toy", fits, criterion="evidence")
    b, a = found.models

    assert (b.model, b.rank, b.weight) == ("b", 1, 1.0)
    assert (a.rank, a.weight, a.scores["evidence"].value, a.scores["evidence"].difference) == (None,) * 4
    assert a.reasons == ("no number by the evidence: The two estimates do not agree: -1 and -2.",)


def test_a_criterion_without_a_number_of_any_model_ranks_nothing_and_no_other_does_in_its_place():
    """Weights and differences of single values stood beside "not ranked", and chose what to measure next."""
    known = {"evidence": evidence(None), "left_out": left_out([-1.0, -2.0, -1.0, -3.0])}
    found = compare("toy", two(known, known), criterion="evidence", weights="stacking")

    assert {row.rank for row in found.models} == {row.weight for row in found.models} == {None}
    assert all(row.elpd is not None and row.reproduces for row in found.models)
    for row in found.models:
        assert (row.elpd_diff, row.diff_se, row.stacking, row.pseudo_bma) == (None,) * 4
        for own in row.scores.values():
            assert (own.difference, own.difference_se, own.weight) == (None,) * 3
    assert not any("against" in own.words for row in found.models for own in row.scores.values())
    assert found.disagreements == ()
    assert found.notes[0].endswith(f"the models cannot be ranked. {ALONE}")
    by_groups = compare("toy", two({"left_out": left_out([None] * 4, why="x"), "evidence": evidence(-60.0)},
                                   {"left_out": left_out([None] * 4, why="x"), "evidence": evidence(-70.0)}),
                        criterion="leave_out")  # fmt: skip
    assert [row.scores["evidence"].words for row in by_groups.models] == ["", ""]


def test_a_model_that_the_criterion_cannot_rank_is_held_against_no_other_by_single_values():
    fits = two({"evidence": evidence(None)}, {"evidence": evidence(-58.0)})
    b, a = compare("toy", fits, criterion="evidence").models

    assert (a.model, a.elpd_diff, a.stacking, a.pseudo_bma) == ("a", None, None, None)
    assert (b.model, b.elpd_diff, b.stacking, b.pseudo_bma) == ("b", 0.0, 1.0, 1.0)


def test_fits_that_failed_have_no_bayes_factor_and_misfits_no_probability():
    a, b = two({"evidence": evidence(-40.0)}, {"evidence": evidence(-58.0)})
    failed = compare("toy", [replace(a, verdict=FAILED), b], criterion="evidence")
    missed = compare("toy", [replace(a, verdict=MISFIT), b], criterion="evidence")

    assert [(row.model, row.rank, row.weight) for row in failed.models] == [("b", 1, 1.0), ("a", None, None)]
    assert [(row.model, row.rank, row.weight) for row in missed.models] == [("a", 1, None), ("b", 2, 1.0)]


def test_models_with_other_literature_constraints_are_not_compared_by_evidence():
    fits = two({"evidence": evidence(-60.0, constraints=("literature_x",))}, {"evidence": evidence(-58.0)})
    found = compare("toy", fits)

    for row in found.models:
        assert row.scores["evidence"].difference is None
        assert row.scores["evidence"].words == "models with other literature constraints: no Bayes factor"


@pytest.mark.parametrize("criterion", ["loo", "leave_out"])
@pytest.mark.parametrize("weights", ["pseudo_bma", "stacking"])
def test_the_weights_that_are_named_share_out_the_average(weights, criterion):
    first, second = [-10.0, -11.0, -12.0, -13.0], [-10.4, -10.9, -12.2, -13.0]
    fits = two({"left_out": left_out(first)}, {"left_out": left_out(second)})
    a, b = compare("toy", fits, criterion=criterion, weights=weights).models
    values = {"a": np.array(first), "b": np.array(second)}
    on_groups = shares(weights, values, ["a", "b"], np.random.default_rng(1))
    on_values = {row.model: getattr(row, weights) for row in (a, b)}

    assert {"a": a.weight, "b": b.weight} == pytest.approx(on_groups if criterion == "leave_out" else on_values)
    assert a.weight + b.weight == pytest.approx(1.0)


def test_groups_left_out_have_differences_with_errors_over_the_groups():
    first, second = [-10.0, -11.0, -12.0, -13.0], [-12.0, -12.0, -15.0, -13.5]
    fits = two({"left_out": left_out(first)}, {"left_out": left_out(second)})
    a, b = compare("toy", fits, criterion="leave_out", weights="stacking").models
    apart = np.subtract(first, second)

    assert (a.model, a.rank, b.rank) == ("a", 1, 2)
    assert a.scores["leave_out"].value == pytest.approx(-46.0)
    assert b.scores["leave_out"].difference == pytest.approx(apart.sum())
    assert b.scores["leave_out"].difference_se == pytest.approx(math.sqrt(4.0) * apart.std(ddof=1))
    assert a.weight == pytest.approx(1.0, abs=1e-6)
    assert a.scores["leave_out"].words == "4 times one gel or plate left out, 0 of them by a refit"


def test_a_group_without_a_number_leaves_its_model_without_one():
    lost = left_out([-1.0, None, -1.0, -1.0], why="the refit did not converge: R-hat 1.2 (limit: at most 1.01)")
    fits = two({"left_out": lost}, {"left_out": left_out([-2.0] * 4)})
    b, a = compare("toy", fits, criterion="leave_out").models

    assert (b.model, b.weight) == ("b", 1.0)
    assert a.scores["leave_out"].value is None
    assert a.reasons[0].startswith("no number by leaving groups out: without gel2: the refit did not converge")


def test_files_that_do_not_belong_together_are_refused():
    fits = two({"left_out": left_out([-1.0] * 4)[:1]}, {"left_out": left_out([-1.0] * 4)})
    with pytest.raises(UserError) as raised:
        compare("toy", fits)

    assert str(raised.value) == (
        "'a': its files of `il6infer leaveout` do not belong together (3 groups of 4, by batch). "
        "Give those of all jobs of one run."
    )


def test_models_that_left_out_other_things_are_refused():
    fits = two({"left_out": left_out([-1.0] * 4)}, {"left_out": left_out([-1.0] * 4, unit="condition")})
    with pytest.raises(UserError, match="the models left out different things"):
        compare("toy", fits)


def test_a_criterion_that_was_not_computed_is_refused():
    with pytest.raises(UserError) as raised:
        compare("toy", two({"evidence": evidence(-60.0)}), criterion="evidence")

    assert str(raised.value) == (
        "comparison of 'toy': the criterion is evidence, which is not known of all models. "
        "Give the files of `il6infer evidence` or `il6infer leaveout` for each."
    )


def test_differences_of_aic_and_bic_are_halved():
    fits = two(
        {"evidence": evidence(-60.0, best=-50.0, parameters=2)}, {"evidence": evidence(-58.0, best=-49.0, parameters=5)}
    )
    a, b = compare("toy", fits).models

    assert a.scores["aic"].difference == 0.0
    assert b.scores["aic"].difference == pytest.approx(2.0)
    assert b.scores["bic"].difference == pytest.approx(1.5 * math.log(60) - 1.0)
    assert (a.scores["aicc"].value, a.scores["aicc"].words) == (None, "does not exist")


def test_criteria_that_disagree_are_named_with_how_far_and_why():
    fits = two({"evidence": evidence(-65.0, best=-50.0)}, {"evidence": evidence(-58.0, best=-55.0)})
    found = compare("toy", fits).disagreements
    [said] = [line for line in found if "Leaving single values" in line and "the evidence prefers" in line]

    assert "the evidence prefers b to a by 7.0 +- 0.1" in said
    assert said.endswith("Largest log-likelihood less log-evidence: 15.0 in a, 3.0 in b.")


def test_criteria_that_agree_are_not_said_to_disagree():
    fits = two({"evidence": evidence(-50.0)}, {"evidence": evidence(-58.0, best=-57.0)})

    assert compare("toy", fits).disagreements == ()


def test_correlated_residuals_make_single_values_optimistic():
    following = replace(PASSED, serial={"y": SerialCorrelation(0.62, 0.001, 20)})
    fits = two(verdict=following)
    one = compare("toy", fits).notes
    both = compare("toy", [replace(fit, left_out=left_out([-1.0] * 4)) for fit in fits]).notes

    start = "a: the elpd of single values is optimistic, for residuals of neighbours in time follow each other: y"
    assert [n for n in one if n.startswith(start)] == [
        f"{start} (correlation 0.62, p 0.001); leave whole gels out ('comparison.leave_out: batch')."
    ]
    assert [n for n in both if n.startswith(start)] == [f"{start} (correlation 0.62, p 0.001)."]


def along_courses(fit, replicates=0):
    told = {"pSTAT3": {"time": 30.0, "share": 0.8, "replicates": replicates}}
    fit.idata["posterior"].attrs["correlated"] = json.dumps(told)
    return fit


def test_single_values_are_not_compared_where_errors_are_correlated_in_one_fit_alone():
    a, b = two()
    with pytest.raises(UserError) as refused:
        compare("toy", [along_courses(a), b])
    assert str(refused.value) == (
        "comparison of 'toy': errors are correlated along courses of other read-outs in one fit than in another "
        "('a' of pSTAT3, 'b' of none), so what loo leaves out is not the same. Leave out whole gels (`il6infer "
        "leaveout` for each, criterion leave_out), or compare by evidence."
    )
    assert OTHER_ERRORS not in compare("toy", [a, along_courses(b)]).notes
    with pytest.raises(UserError, match=r"'a' of pSTAT3, 'b' of pSTAT3 \(shared by replicates\)"):
        compare("toy", [a, along_courses(b, replicates=1)])


def test_where_errors_are_correlated_in_one_fit_alone_gels_left_out_rank():
    a, b = two({"left_out": left_out([-20.0, -21, -19, -22])}, {"left_out": left_out([-18.0, -20, -18.5, -20])})
    found = compare("toy", [along_courses(a), b], criterion="leave_out")

    assert [(row.model, row.rank) for row in found.models] == [("b", 1), ("a", 2)]
    assert "loo" not in found.models[0].scores
    assert found.models[1].elpd_diff is None
    assert OTHER_ERRORS in found.notes
