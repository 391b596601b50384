"""Leave-one-out densities and weights against known answers."""

from __future__ import annotations

import math
from pathlib import Path

import arviz as az
import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.comparison import Fit, compare
from il6infer.comparison.loo import loo
from il6infer.comparison.weights import pseudo_bma, shares, stacking
from il6infer.stages.codec import read, write
from il6infer.stages.comparison import Comparison
from tests.zoo.posterior import exact_loo, normal_mean
from tests.zoo.verdicts import verdict

PASSED, FAILED, MISFIT = verdict(), verdict(sampled=False), verdict(reproduces=False)


def _worse(by: float) -> az.InferenceData:
    """A model whose every measurement is denser by less, as if it knew nothing more and erred more."""
    idata = normal_mean(seed=2)
    idata["log_likelihood"]["y"].values[:] -= by
    return idata


def test_psis_loo_is_the_exact_one_for_a_normal_mean() -> None:
    result = loo(normal_mean())
    np.testing.assert_allclose(result.pointwise, exact_loo(), atol=0.02)
    assert result.elpd == pytest.approx(exact_loo().sum(), abs=0.1)
    assert result.p_loo == pytest.approx(1.0, abs=0.3)
    assert (result.pareto_k < 0.7).all()


def test_psis_loo_agrees_with_arviz() -> None:
    idata = normal_mean()
    theirs = az.loo(idata)
    ours = loo(idata)
    assert ours.elpd == pytest.approx(theirs.elpd_loo, abs=1e-6)
    assert ours.p_loo == pytest.approx(theirs.p_loo, abs=1e-6)
    assert ours.se == pytest.approx(theirs.se, rel=1e-6)


def test_stacking_puts_all_weight_on_a_model_that_is_always_better() -> None:
    pointwise = np.column_stack([np.full(40, -1.0), np.full(40, -2.0)])
    np.testing.assert_allclose(stacking(pointwise), [1.0, 0.0], atol=1e-6)
    weights = pseudo_bma(pointwise, np.random.default_rng(0))
    assert weights[0] > 0.999


def test_stacking_shares_between_models_that_are_each_right_for_half() -> None:
    half = np.r_[np.full(20, -1.0), np.full(20, -5.0)]
    np.testing.assert_allclose(stacking(np.column_stack([half, half[::-1]])), [0.5, 0.5], atol=1e-4)


def test_an_average_shares_out_between_models_that_the_data_do_not_tell_apart() -> None:
    """One is 0.9 elpd behind, +- 1.2: stacking gives it nothing, the average must not."""
    apart = np.random.default_rng(0).standard_normal(300)
    apart = 0.9 / 300 + 1.2 / math.sqrt(300) * (apart - apart.mean()) / apart.std()
    values = {"ahead": np.full(300, -1.0), "behind": -1.0 - apart}
    ways = ("pseudo_bma", "stacking")
    found = {way: shares(way, values, ["ahead", "behind"], np.random.default_rng(1)) for way in ways}

    assert found["stacking"]["behind"] < 0.01
    assert 0.25 < found["pseudo_bma"]["behind"] < 0.4
    for way in found.values():
        assert sum(way.values()) == pytest.approx(1.0)


def test_the_better_model_ranks_first_with_its_difference() -> None:
    result = compare("toy", [Fit("worse", _worse(0.5), PASSED), Fit("right", normal_mean(), PASSED)])
    first, second = result.models
    assert (first.model, first.rank, first.elpd_diff) == ("right", 1, 0.0)
    assert second.elpd_diff == pytest.approx(30.0, abs=0.5)
    assert first.stacking == pytest.approx(1.0, abs=1e-3)


def test_a_failed_fit_is_shown_as_failed_and_not_ranked() -> None:
    result = compare("toy", [Fit("right", normal_mean(), FAILED), Fit("worse", _worse(0.5), PASSED)])
    first, second = result.models
    assert (first.model, first.rank, first.stacking) == ("worse", 1, 1.0)
    assert second.sampled is False
    assert (second.rank, second.elpd_diff, second.stacking, second.pseudo_bma) == (None,) * 4
    assert result.notes == (
        "right did not sample and is not ranked: R-hat 1.5 (limit: at most 1.01) at mu. Draw more.",
    )


def test_when_all_failed_nothing_is_ranked() -> None:
    result = compare("toy", [Fit("a", normal_mean(), FAILED), Fit("b", _worse(1.0), FAILED)])
    assert [row.rank for row in result.models] == [None, None]
    assert result.notes[0] == "No fit sampled: the models cannot be ranked."


def test_a_model_that_misses_the_data_is_ranked_and_has_no_weight() -> None:
    result = compare("toy", [Fit("misfit", normal_mean(), MISFIT), Fit("right", _worse(0.5), PASSED)])
    first, second = result.models
    assert (first.model, first.rank, first.stacking, first.pseudo_bma) == ("misfit", 1, None, None)
    assert (second.rank, second.stacking, second.pseudo_bma) == (2, 1.0, 1.0)
    assert result.notes[0] == (
        "misfit does not reproduce the data and has no weight: lack-of-fit p 1e-06 (limit: at least 0.01) at y. "
        "The model misses the data."
    )
    assert "1. misfit, elpd 0.0 +- 0.0 behind, no weight; DOES NOT REPRODUCE THE DATA" in repr(result)


def test_where_no_model_reproduces_the_data_there_are_no_weights() -> None:
    result = compare("toy", [Fit("a", normal_mean(), MISFIT), Fit("b", _worse(0.5), MISFIT)])
    assert [row.rank for row in result.models] == [1, 2]
    assert [row.stacking for row in result.models] == [None, None]
    assert result.notes[0] == ("No model reproduces the data: ranks say which misses least, and there are no weights.")


def test_a_fit_with_a_draw_that_could_not_be_simulated_is_not_ranked() -> None:
    result = compare("toy", [Fit("a", normal_mean(broken=True), PASSED), Fit("b", normal_mean(), PASSED)])
    assert [row.model for row in result.ranked] == ["b"]
    assert result.models[1].reasons == ("some draws could not be simulated: no leave-one-out density",)


@pytest.mark.parametrize(("few", "k"), [(0, ()), (3, (None,))])
def test_limits_that_hold_at_every_draw_lean_on_none_and_k_may_be_infinite(tmp_path: Path, few: int, k: tuple) -> None:
    """A value below its limit where the model predicts 0 has the probability 1 at each draw."""
    idata = normal_mean()
    density = idata["log_likelihood"]["y"].values
    density[..., 0] = 0.0
    density[0, :few, 0] = -9.0
    found = compare("d", [Fit("a", idata, PASSED), Fit("b", _worse(1.0), PASSED)])
    write(tmp_path / "comparison.json", found)

    [row] = [row for row in read(tmp_path / "comparison.json", Comparison).models if row.model == "a"]
    assert (row.pareto_k_bad, tuple(one.k for one in row.pareto_k_worst)) == (len(k), k)


def test_fits_of_other_measurements_are_refused() -> None:
    with pytest.raises(UserError) as error:
        compare("toy", [Fit("a", normal_mean(), PASSED), Fit("b", normal_mean(shift=0.1), PASSED)])
    assert str(error.value) == (
        "comparison of 'toy': 'b' was fitted to other measurements (60) than 'a' (60). "
        "Models can be compared only on the same data; fit them again."
    )


def test_rows_in_another_order_are_the_same_measurements_and_change_no_number() -> None:
    other = normal_mean(seed=2)
    turned = az.InferenceData(**{group: other[group].copy() for group in other.groups()})
    rows = np.random.default_rng(1).permutation(other["observed_data"].sizes["y_row"])
    for group in ("observed_data", "constant_data", "log_likelihood"):
        for name, values in turned[group].data_vars.items():
            turned[group][name] = (values.dims, values.values[..., rows])
    found = [
        {row.model: row for row in compare("toy", [Fit("a", normal_mean(), PASSED), Fit("b", one, PASSED)]).models}
        for one in (other, turned)
    ]

    for model in "ab":
        for number in ("elpd", "se", "elpd_diff", "diff_se", "stacking", "pseudo_bma"):
            assert getattr(found[0][model], number) == pytest.approx(getattr(found[1][model], number), rel=1e-9), number
    turned["constant_data"]["y_time"].values[:] += 1.0
    with pytest.raises(UserError, match="'b' was fitted to other measurements"):
        compare("toy", [Fit("a", normal_mean(), PASSED), Fit("b", turned, PASSED)])


def test_literature_constraints_are_named_and_those_who_hold_them() -> None:
    held, free = normal_mean(), normal_mean()
    held["posterior"].attrs["literature"] = '{"literature_x": {}}'
    start = "'literature_x' is a literature constraint and no measurement: it counts in the posterior"
    both = compare("toy", [Fit("a", held, PASSED), Fit("b", held, PASSED)])
    one = compare("toy", [Fit("a", held, PASSED), Fit("b", free, PASSED)])

    assert both.notes[-1] == f"{start}; the elpd is over the data alone."
    assert one.notes[-1] == (
        f"{start} of a, and not in that of b, whose prior knowledge is thus less; the elpd is over the data alone."
    )
    assert both.n == one.n == len(loo(free).pointwise)
