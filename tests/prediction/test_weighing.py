"""Predictions of several models, averaged by their weights and written as tables."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.prediction import weighing
from il6infer.prediction.tables import write_tables
from il6infer.prediction.weighing import weigh
from il6infer.report.predictions import spread_text
from il6infer.stages.comparison import Comparison
from il6infer.stages.predictions import Array, ModelPredictions, Spread
from tests.zoo.competitor import numbers
from tests.zoo.verdicts import comparison as compared
from tests.zoo.verdicts import model_row


def other(found: ModelPredictions, factor: float) -> ModelPredictions:
    """Predictions of a model all of whose values are larger by a factor."""

    def scaled(array: Array | None) -> Array | None:
        return None if array is None else Array.of(factor * array.values)

    return replace(found, predictions=tuple(
        replace(p, curves=tuple(replace(c, values=scaled(c.values), new=scaled(c.new)) for c in p.curves),
                numbers=tuple(replace(n, values=scaled(n.values)) for n in p.numbers))
        for p in found.predictions
    ))  # fmt: skip


def comparison(**weights: float | None) -> Comparison:
    rows = tuple(model_row(m, weight=w, reproduces=w is not None) for m, w in weights.items())
    return compared("toy", 1, rows)


def test_an_average_is_the_mixture_of_the_models_by_their_weights(found):
    both = {"a": found, "b": other(found, 2.0), "c": other(found, 1000.0)}
    weighed = weigh(both, comparison(a=0.25, b=0.75, c=None))
    [ic50] = [n for p in weighed.predictions for n in p.numbers if n.label == "inhibitor: IC50"]
    draws = numbers(found, "inhibitor")["inhibitor: IC50"]
    pooled = np.concatenate([draws, *[2 * draws] * 3])

    assert ic50.average.median == pytest.approx(np.quantile(pooled, 0.5), rel=0.01)
    assert ic50.average.q05 == pytest.approx(np.quantile(pooled, 0.05), rel=0.02)
    assert ic50.average.mean == pytest.approx(pooled.mean(), rel=1e-5)
    assert (weighed.misfits.keys(), weighed.weights) == ({"c"}, {"a": 0.25, "b": 0.75})


def test_a_probability_along_doses_is_a_share_of_draws_and_no_median_of_yes_and_no(found):
    [drawn] = [p for p in found.predictions if p.id == "window"]
    said = drawn.curves[-1].values.values.copy()
    said[:] = 0.0
    said[: len(said) // 4, 3] = 100.0
    curves = (*drawn.curves[:-1], replace(drawn.curves[-1], values=Array.of(said)))
    own = replace(found, predictions=(replace(drawn, curves=curves),))
    [shown] = weigh({"a": own}, comparison(a=1.0)).predictions
    band = shown.curves[-1].average

    assert band.median[3] == pytest.approx(100 * (len(said) // 4) / len(said))
    assert band.median[2] == 0.0
    assert band.q05 == band.median == band.q95


def test_a_dose_is_written_by_mass_too_and_no_other_number_is(found, tmp_path):
    weighed = weigh({"a": found}, comparison(a=1.0))
    write_tables(tmp_path, weighed)
    masses = {n.label: n.mass for p in weighed.predictions for n in p.numbers}
    with (tmp_path / "numbers.csv").open() as handle:
        written = {row["number"]: row["kDa"] for row in csv.DictReader(handle)}

    assert (masses["inhibitor: IC50"], written["inhibitor: IC50"]) == (210, "210")
    assert (masses["doses of ligand: EC50"], written["doses of ligand: EC50"]) == (20.8, "20.8")
    assert {label for label, mass in masses.items() if mass} == {
        n.label for p in weighed.predictions for n in p.numbers if n.unit == "nM"
    }
    assert masses["inhibitor: Hill slope"] is None
    assert written["inhibitor: Hill slope"] == ""


@pytest.mark.parametrize(
    ("median", "mass", "words"),
    [
        (2.0, None, "2 (1\N{EN DASH}20) nM"),
        (2.0, 210.0, "2 (1\N{EN DASH}20) nM = 420 (210\N{EN DASH}4200) ng/ml"),
        (5.0, 210.0, "5 (1\N{EN DASH}20) nM = 1.05 (0.21\N{EN DASH}4.2) ug/ml"),
        (0.01, 20.8, "0.01 (1\N{EN DASH}20) nM = 208 (20800\N{EN DASH}416000) pg/ml"),
    ],
)
def test_a_dose_is_read_in_the_unit_of_mass_that_suits_it(median, mass, words):
    assert spread_text(Spread(3.0, 1.0, median, 20.0, 0.0), "nM", "IC50", mass) == words


def test_a_range_below_zero_is_read_without_a_dash():
    assert spread_text(Spread(-8.0, -15.2, -8.45, -3.6, 0.0), "%", "inhibition") == "-8.45 (-15.2 to -3.6) %"
    nowhere = Spread(None, None, None, None, 1.0)
    assert spread_text(nowhere, "nM", "IC50") == "not reached at any draw"
    assert spread_text(nowhere, "min", "IL-6: duration") == "none at any draw: it does not rise, or not to an end"
    assert spread_text(Spread(1.0, -1.0, 1.0, 3.0, 0.0), "%", "inhibition") == "1 (-1 to 3) %"


def test_without_a_weight_nothing_has_an_average(found):
    weighed = weigh({"a": found}, comparison(a=None))

    assert weighed.unanswered == "no model reproduces the data"
    assert {n.average for p in weighed.predictions for n in p.numbers} == {None}
    assert {c.average for p in weighed.predictions for c in p.curves} == {None}


@pytest.mark.parametrize(
    ("criterion", "weights", "expected"),
    [
        ("loo", "pseudo_bma", {"a": 0.2, "b": 0.8}), ("evidence", "stacking", {"a": 0.2, "b": 0.8}),
        ("leave_out", "stacking", {"a": 0.4, "b": 0.6}), ("evidence", "unranked", {}),
    ],
)  # fmt: skip
def test_models_in_play_are_as_probable_as_the_criterion_that_ranks_has_them(
    found, criterion, weights, expected, monkeypatch
):
    """They were weighed by single values, whatever ranks, and where nothing does."""
    rows = (model_row("a", weight=0.2, pseudo_bma=0.4), model_row("b", weight=0.8, pseudo_bma=0.6))
    rows = rows if weights != "unranked" else (model_row("a"), model_row("b"))
    asked = replace(compared("toy", 1, rows), criterion=criterion, weights=weights)
    monkeypatch.setattr(weighing, "contest", lambda readings, chances, seed: chances)
    planned = replace(found, plan="a plan")

    assert weigh({"a": planned, "b": planned}, asked).contest == expected


def test_models_that_were_asked_otherwise_are_not_averaged(found):
    asked_less = replace(found, predictions=found.predictions[:1])
    with pytest.raises(UserError) as caught:
        weigh({"a": found, "b": asked_less}, comparison(a=0.5, b=0.5))

    assert str(caught.value) == (
        "'b' was asked for other predictions than 'a'. Run `il6infer predict ask` again, with one file of predictions "
        "for all models."
    )


def test_tables_say_of_each_row_what_the_fit_is_worth(found, tmp_path):
    rows = (model_row("a", weight=1.0, conflicts=("the prior of k",)), model_row("b", reproduces=False))
    write_tables(tmp_path, weigh({"a": found, "b": found}, compared("toy", 1, rows)))
    with (tmp_path / "numbers.csv").open() as handle:
        rows = [row for row in csv.DictReader(handle) if row["number"] == "inhibitor: IC50"]

    assert [(row["model"], row["sampled"], row["reproduces"], row["agrees"]) for row in rows] == [
        ("a", "yes", "yes", "no"), ("b", "yes", "no", "yes"), ("average", "yes", "yes", "no"),
    ]  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {
        "numbers.csv", "courses.csv", "response.csv", "inhibitor.csv", "window.csv", "none.csv", "rising.csv",
    }  # fmt: skip
