"""Every noise distribution of the table, through every form that the house has of it."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor
import pytest
from petab.v2.core import NoiseDistribution, PriorDistribution
from pytensor.compile.mode import Mode
from scipy.integrate import quad
from scipy.stats import laplace, norm

from il6infer.engine.likelihood import pointwise, slopes
from il6infer.inference import posterior
from il6infer.petab_files import version1
from il6infer.problems import noise
from il6infer.problems.families import FAMILIES
from il6infer.problems.noise import ERRORS, NOISES
from tests.zoo import toy

MEDIAN, SCALE, VALUE = 2.0, 0.3, 1.7
ERROR = {"normal": norm, "laplace": laplace}


def one(function, kind, value, median=MEDIAN, scale=SCALE):
    found = function(np.array([kind]), np.array([value]), np.array([median]), np.array([scale]))
    return tuple(float(f[0]) for f in found) if isinstance(found, tuple) else float(found[0])


def test_the_tables_are_those_of_petab():
    assert set(NOISES) == {kind.value for kind in NoiseDistribution}
    assert set(FAMILIES) == {kind.value for kind in PriorDistribution}
    assert {*version1._LINEAR.values(), *version1._ON_SCALE.values()} <= set(FAMILIES)
    assert {f"{log}{kind}" for kind in version1._NOISE for log in ("", "log-")} == set(NOISES)
    assert set(ERROR) == set(ERRORS)


@pytest.mark.parametrize("kind", NOISES)
def test_density_is_that_of_the_value_itself(kind):
    low = 1e-9 if NOISES[kind].logarithmic else MEDIAN - 15
    parts = [
        quad(lambda v: np.exp(one(noise.log_density, kind, v)), *ends, limit=400)[0]
        for ends in ((low, VALUE), (VALUE, MEDIAN), (MEDIAN, np.inf))
    ]
    z = (np.log(VALUE / MEDIAN) if NOISES[kind].logarithmic else VALUE - MEDIAN) / SCALE

    assert sum(parts) == pytest.approx(1.0, abs=1e-6)
    assert parts[0] == pytest.approx(ERROR[NOISES[kind].error].cdf(z), abs=1e-6)


@pytest.mark.parametrize("kind", NOISES)
def test_slopes_are_differences(kind):
    by_median, by_scale = one(noise.slopes, kind, VALUE)
    step = 1e-6
    across = [one(noise.log_density, kind, VALUE, MEDIAN + d) for d in (-step, step)]
    along = [one(noise.log_density, kind, VALUE, MEDIAN, SCALE + d) for d in (-step, step)]

    assert by_median == pytest.approx(np.diff(across).item() / (2 * step), rel=1e-7)
    assert by_scale == pytest.approx(np.diff(along).item() / (2 * step), rel=1e-7)


@pytest.mark.parametrize("kind", NOISES)
def test_draws_have_that_distribution(kind):
    shape = (4000, 1)
    drawn = noise.draw(np.array([kind]), np.full(shape, MEDIAN), np.full(shape, SCALE), np.random.default_rng(1))
    z = (np.log(drawn / MEDIAN) if NOISES[kind].logarithmic else drawn - MEDIAN) / SCALE

    np.testing.assert_allclose(np.mean(z < -1), ERROR[NOISES[kind].error].cdf(-1), atol=0.02)
    np.testing.assert_allclose(z, noise.residuals(np.array([kind]), drawn, np.full(shape, MEDIAN), SCALE), atol=1e-9)
    np.testing.assert_allclose(np.median(drawn), MEDIAN, rtol=0.02)


@pytest.mark.parametrize("kind", NOISES)
def test_pymc_has_that_density(kind):
    median = np.log(MEDIAN) if NOISES[kind].logarithmic else MEDIAN
    with pm.Model() as model:
        NOISES[kind].pymc(pm, "y", median, SCALE, observed=np.array([VALUE]))
    [found] = pytensor.function([], model.logp(sum=False), mode=Mode("py", None))()

    assert found.item() == pytest.approx(one(noise.log_density, kind, VALUE), abs=1e-6)


def test_the_compiled_density_is_the_same_of_all_kinds():
    problem = toy.families()
    rng = np.random.default_rng(2)
    size = len(problem.measurements)
    prediction, scale = rng.lognormal(0, 1, size), rng.lognormal(-1, 1, size)
    kinds = [NOISES[kind] for kind in problem.noise_kinds]
    measured = np.column_stack([[[*ERRORS].index(k.error) for k in kinds], [k.logarithmic for k in kinds],
                                problem.measurements["value"]]).astype(float)  # fmt: skip
    by_median, by_scale = np.empty(size), np.empty(size)
    found = posterior.likelihood_at(prediction, scale, measured, by_median, by_scale)

    assert set(problem.noise_kinds) == set(NOISES)
    assert found == pytest.approx(pointwise(problem, prediction, scale).sum(), rel=1e-12)
    for compiled, expected in zip((by_median, by_scale), slopes(problem, prediction, scale), strict=True):
        np.testing.assert_allclose(compiled, expected, rtol=1e-12)


def test_a_median_of_zero_makes_logarithmic_noise_impossible():
    for kind, entry in NOISES.items():
        assert (one(noise.log_density, kind, VALUE, median=0.0) == -np.inf) == entry.logarithmic
