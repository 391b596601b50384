"""Every noise distribution of the table, through every form that the house has of it."""

from __future__ import annotations

import mpmath
import numpy as np
import pymc as pm
import pytensor
import pytest
from petab.v2.core import NoiseDistribution, PriorDistribution
from pytensor.compile.mode import Mode
from scipy.integrate import quad
from scipy.stats import laplace, norm, t

from il6infer.engine.likelihood import pointwise, slopes
from il6infer.inference import posterior
from il6infer.petab_files import version1
from il6infer.problems import noise
from il6infer.problems.families import FAMILIES
from il6infer.problems.noise import CENSORED, ERRORS, NOISES, WITHOUT
from tests.zoo import toy

MEDIAN, SCALE, VALUE = 2.0, 0.3, 1.7
ERROR = {"normal": norm, "laplace": laplace, "student-t": t(4)}


def one(function, kind, value, median=MEDIAN, scale=SCALE, side=0):
    found = function(np.array([kind]), np.array([value]), np.array([median]), np.array([scale]), np.array([side]))
    return tuple(float(f[0]) for f in found) if isinstance(found, tuple) else float(found[0])


def test_the_tables_are_those_of_petab():
    assert set(NOISES) == {kind.value for kind in NoiseDistribution} | set(WITHOUT)
    assert set(WITHOUT.values()) <= {kind.value for kind in NoiseDistribution}
    assert all(NOISES[own].logarithmic == NOISES[like].logarithmic for own, like in WITHOUT.items())
    assert set(FAMILIES) == {kind.value for kind in PriorDistribution}
    assert {*version1._LINEAR.values(), *version1._ON_SCALE.values()} <= set(FAMILIES)
    assert {f"{log}{kind}" for kind in version1._NOISE for log in ("", "log-")} == set(NOISES) - set(WITHOUT)
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


@pytest.mark.parametrize("side", CENSORED.values())
@pytest.mark.parametrize("kind", NOISES)
def test_slopes_are_differences(kind, side):
    by_median, by_scale = one(noise.slopes, kind, VALUE, side=side)
    step = 1e-6
    across = [one(noise.log_density, kind, VALUE, MEDIAN + d, side=side) for d in (-step, step)]
    along = [one(noise.log_density, kind, VALUE, MEDIAN, SCALE + d, side) for d in (-step, step)]

    assert by_median == pytest.approx(np.diff(across).item() / (2 * step), rel=1e-7)
    assert by_scale == pytest.approx(np.diff(along).item() / (2 * step), rel=1e-7)


@pytest.mark.parametrize("kind", NOISES)
def test_a_censored_measurement_has_the_mass_on_its_side(kind):
    z = (np.log(VALUE / MEDIAN) if NOISES[kind].logarithmic else VALUE - MEDIAN) / SCALE
    below, above = (one(noise.log_density, kind, VALUE, side=CENSORED[side]) for side in ("below", "above"))

    assert np.exp(below) == pytest.approx(ERROR[NOISES[kind].error].cdf(z), rel=1e-12)
    assert np.exp(above) == pytest.approx(ERROR[NOISES[kind].error].sf(z), rel=1e-12)


def _laplace_cdf(z):
    return mpmath.exp(z) / 2 if z < 0 else 1 - mpmath.exp(-z) / 2


def _student_cdf(z):
    """By the incomplete beta function, of any number of degrees of freedom."""
    tail = mpmath.betainc(2, mpmath.mpf(1) / 2, 0, 4 / (4 + z * z), regularized=True) / 2
    return tail if z < 0 else 1 - tail


@pytest.mark.parametrize(
    ("error", "cdf", "pdf"),
    [
        ("normal", mpmath.ncdf, mpmath.npdf),
        ("laplace", _laplace_cdf, lambda z: mpmath.exp(-abs(z)) / 2),
        ("student-t", _student_cdf, lambda z: mpmath.mpf(3) / 8 * (1 + z * z / 4) ** mpmath.mpf(-2.5)),
    ],
)
def test_log_masses_hold_far_out(error, cdf, pdf):
    for z in (-5000.0, -400.0, -30.001, -29.999, -5.0, -1e-9, 0.0, 1e-9, 3.0, 38.0, 1e3):
        mass, slope = ERRORS[error].log_mass(z)
        with mpmath.workdps(60):
            assert mass == pytest.approx(float(mpmath.log(cdf(mpmath.mpf(z)))), rel=1e-12, abs=1e-18)
            assert slope == pytest.approx(float(pdf(mpmath.mpf(z)) / cdf(mpmath.mpf(z))), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("kind", NOISES)
def test_what_cannot_be_seen_of_a_median_at_the_ends(kind):
    logarithmic = NOISES[kind].logarithmic
    below, above = CENSORED["below"], CENSORED["above"]

    assert one(noise.log_density, kind, VALUE, median=np.inf, side=above) == -np.inf  # no simulation stands behind it
    assert one(noise.log_density, kind, VALUE, median=np.inf, side=below) == -np.inf
    assert (one(noise.log_density, kind, VALUE, median=0.0, side=below) == 0.0) == logarithmic
    assert (one(noise.log_density, kind, VALUE, median=0.0, side=above) == -np.inf) == logarithmic
    assert np.isfinite(one(noise.slopes, kind, VALUE, median=0.0, side=below)).all()


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
        family, more = NOISES[kind].pymc(pm)
        family("y", median, SCALE, **more, observed=np.array([VALUE]))
    [found] = pytensor.function([], model.logp(sum=False), mode=Mode("py", None))()

    assert found.item() == pytest.approx(one(noise.log_density, kind, VALUE), abs=1e-6)


@pytest.mark.parametrize("median", ["positive", "zero", "infinite"])
def test_the_compiled_density_is_the_same_of_all_kinds(median):
    problem = toy.families()
    rng = np.random.default_rng(2)
    size = len(problem.measurements)
    sides = np.arange(size) % 3 - 1
    prediction, scale = rng.lognormal(0, 1, size), rng.lognormal(-1, 1, size)
    prediction[np.flatnonzero(sides < 0)[0 if median == "zero" else size :]] = 0.0
    prediction[np.flatnonzero(sides > 0)[0 if median == "infinite" else size :]] = np.inf
    censored = problem.measurements.assign(censored=[[*CENSORED][[*CENSORED.values()].index(side)] for side in sides])
    problem = problem.with_measurements(censored)
    kinds = [NOISES[kind] for kind in problem.noise_kinds]
    measured = np.column_stack([[[*ERRORS].index(k.error) for k in kinds], [k.logarithmic for k in kinds],
                                problem.measurements["value"], problem.sides]).astype(float)  # fmt: skip
    by_median, by_scale = np.empty(size), np.empty(size)
    found = posterior.likelihood_at(prediction, scale, measured, by_median, by_scale)

    assert set(problem.noise_kinds) == set(NOISES)
    assert set(problem.sides) == {-1, 0, 1}
    assert found == pytest.approx(pointwise(problem, prediction, scale).sum(), rel=1e-12)
    if median == "infinite":
        assert found == -np.inf
        return
    for compiled, expected in zip((by_median, by_scale), slopes(problem, prediction, scale), strict=True):
        np.testing.assert_allclose(compiled, expected, rtol=1e-12)


def test_a_median_of_zero_makes_logarithmic_noise_impossible():
    for kind, entry in NOISES.items():
        assert (one(noise.log_density, kind, VALUE, median=0.0) == -np.inf) == entry.logarithmic


def test_what_is_asked_twice_of_a_problem_cannot_be_changed_between():
    line = toy.line()
    with pytest.raises(ValueError, match="read-only"):
        line.sides[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        line.noise_kinds[0] = "laplace"

    other = line.with_measurements(line.measurements.assign(censored="below"))
    assert (set(line.sides), set(other.sides)) == ({0}, {-1})
