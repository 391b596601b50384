"""The statistics of draws are ArviZ's."""

from __future__ import annotations

import warnings

import arviz as az
import numpy as np
import pytest

from il6infer.draws import bulk_draws, effective_draws, mean_error, rank_rhat, smoothed_weights, tail_draws


def _chains() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    noise = rng.standard_normal((4, 501))
    slow = noise.copy()
    for draw in range(1, 501):
        slow[:, draw] = 0.95 * slow[:, draw - 1] + noise[:, draw]
    stuck = noise.copy()
    stuck[2] = 0.3
    return {
        "independent": noise,
        "slow": slow,
        "swinging": noise * (-1.0) ** np.arange(501),
        "apart": noise + 3 * np.arange(4)[:, None],
        "heavy": np.exp(4 * slow),
        "ties": np.round(noise),
        "one chain stuck": stuck,
        "one chain": noise[:1],
        "few": noise[:, :5],
        "fewest": noise[:2, :4],
        "too few": noise[:, :3],
        "constant": np.ones((4, 100)),
        "with NaN": np.where(noise > 3, np.nan, noise),
    }


STATISTICS = {
    "rank R-hat": (rank_rhat, lambda draws: az.rhat(draws, method="rank")),
    "bulk": (bulk_draws, lambda draws: az.ess(draws, method="bulk")),
    "tail": (tail_draws, lambda draws: az.ess(draws, method="tail")),
    "mean": (effective_draws, lambda draws: az.ess(draws, method="mean")),
    "error": (mean_error, lambda draws: az.mcse(draws, method="mean")),
}


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("chains", _chains())
def test_statistic_is_that_of_arviz(statistic: str, chains: str) -> None:
    ours, theirs = STATISTICS[statistic]
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore")
        expected = float(np.ravel(theirs(_chains()[chains]))[0])
        found = ours(_chains()[chains])

    assert found == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("efficiency", [1.0, 0.2, 1.7])
def test_weights_are_those_of_arviz(efficiency: float) -> None:
    rng = np.random.default_rng(3)
    rows = {
        "light": 0.1 * rng.standard_normal(800), "heavy": 3 * rng.standard_normal(800),
        "heavier": 40 * rng.standard_t(2, 800), "constant": np.zeros(800), "ties": np.round(rng.standard_normal(800)),
        "one": np.r_[900.0, rng.standard_normal(799)], "alike": np.r_[0.02, 1e-9, np.zeros(798)],
        "one of twice the weight": np.r_[np.log(2.0), np.zeros(799)],
    }  # fmt: skip
    log_weights = np.array([*rows.values()])
    before = log_weights.copy()

    weights, shapes = smoothed_weights(log_weights, efficiency)
    expected, k = az.psislw(log_weights, reff=efficiency)

    np.testing.assert_allclose(weights, expected, rtol=1e-12, atol=1e-12)
    flat = np.isin([*rows], ["constant", "alike"])  # ArviZ calls k infinite where too few draws differ, however little
    assert np.isinf(k[flat]).all()
    np.testing.assert_allclose(shapes, np.where(flat, 0.0, k), rtol=1e-12)
    np.testing.assert_array_equal(log_weights, before)
