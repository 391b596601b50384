"""Priors against SciPy's densities, transforms, and the messages for those that cannot be sampled."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from scipy.stats import kstest

from il6infer._errors import UserError
from il6infer.inference import rows
from il6infer.inference.coordinates import coordinate
from il6infer.inference.rows import CONSTANT, FAMILY, FIRST, SECOND, value_at
from il6infer.problems.families import FAMILIES
from il6infer.problems.priors import (
    check_priors,
    distribution,
    draw,
    log_density,
    log_mass,
    log_normaliser,
    quantile,
    support,
)
from il6infer.problems.spec import Parameter, Prior
from il6infer.pymc.priors import prior_variable

PLAIN = Mode("py", None)
"""No compilation. PyMC keeps some constants of its own densities in float32, hence tolerances of 1e-7."""

PRIORS = {
    "normal": (0.5, 2.0),
    "log-normal": (0.5, 0.7),
    "uniform": (0.5, 4.0),
    "log-uniform": (0.2, 30.0),
    "laplace": (0.5, 2.0),
    "log-laplace": (0.5, 0.7),
    "cauchy": (0.5, 2.0),
    "gamma": (2.5, 0.8),
    "exponential": (1.7,),
    "chisquare": (3.0,),
    "rayleigh": (1.3,),
}


def parameter(name, lower=-np.inf, upper=np.inf):
    return Parameter("k", lower, upper, 1.0, True, Prior(name, PRIORS[name]))


def log_density_of_pymc(spec, values):
    """Log-density on the linear scale, and values after a round trip through the transform."""
    with pm.Model() as model:
        variable = prior_variable(spec)
    value = pt.dscalar()
    transform = model.rvs_to_transforms[variable]
    there = value if transform is None else transform.forward(value, *variable.owner.inputs)
    back = there if transform is None else transform.backward(there, *variable.owner.inputs)
    function = pytensor.function([value], [pm.logp(variable, value), back], mode=PLAIN, on_unused_input="ignore")
    return np.array([function(v) for v in values]).T


def test_every_distribution_has_its_case():
    assert set(PRIORS) == set(FAMILIES)


@pytest.mark.parametrize("name", PRIORS)
def test_density_is_scipys(name):
    values = distribution(Prior(name, PRIORS[name])).ppf([0.02, 0.3, 0.5, 0.9, 0.99])
    found, back = log_density_of_pymc(parameter(name), values)

    np.testing.assert_allclose(found, distribution(Prior(name, PRIORS[name])).logpdf(values), atol=1e-7)
    np.testing.assert_allclose(back, values, rtol=1e-9)


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("bounds", [(0.2, 0.8), (0.0, 0.8), (0.3, 1.0)])
def test_truncated_density_is_scipys_normalised_again(name, bounds):
    frozen = distribution(Prior(name, PRIORS[name]))
    low, high = frozen.ppf(bounds)
    values = frozen.ppf(np.linspace(bounds[0], bounds[1], 7)[1:-1])
    found, back = log_density_of_pymc(parameter(name, low, high), values)

    np.testing.assert_allclose(found, frozen.logpdf(values) - np.log(bounds[1] - bounds[0]), atol=1e-7)
    np.testing.assert_allclose(back, values, rtol=1e-9)


SIDES = {"below": (None, 0.8), "above": (0.2, None), "both": (0.2, 0.8), "far": (1e-5, 1 - 1e-5), "tail": (0.999, None)}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", PRIORS)
def test_every_back_end_keeps_the_same_wall(name, side):
    """Draws, quantiles, density, coordinates, compiled rows and pm.Model of one truncated prior."""
    frozen = distribution(Prior(name, PRIORS[name]))
    low, high = (None if level is None else float(frozen.ppf(level)) for level in SIDES[side])
    spec = parameter(name, -np.inf if low is None else low, np.inf if high is None else high)
    low, high = support(spec)
    below, above = frozen.cdf(low), frozen.cdf(high)
    levels = np.array([0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
    expected = frozen.ppf(below + levels * (above - below))
    place = coordinate(spec)

    np.testing.assert_allclose([quantile(spec, level) for level in levels], expected, rtol=1e-8, atol=1e-12)
    drawn = draw([spec], 2000, np.random.default_rng(3))[:, 0]
    assert low <= drawn.min()
    assert drawn.max() <= high
    assert kstest((frozen.cdf(drawn) - below) / (above - below), "uniform").pvalue > 1e-3
    inside = expected[1:]
    normalised = frozen.logpdf(inside) - np.log(above - below)
    np.testing.assert_allclose([log_density(spec, v) for v in inside], normalised, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(place.constrained(place.unconstrained(inside)), inside, rtol=1e-9)
    wild = place.constrained(np.array([-1e200, -1e4, -50.0, 0.0, 50.0, 600.0]))
    assert low <= wild.min()
    assert wild.max() <= high
    row = np.array(rows.prior_row(spec))
    compiled = np.array([(*value_at.py_func(x, row)[:1], *prior_row(v, row)) for x, v in
                         zip(place.unconstrained(inside), inside, strict=True)])  # fmt: skip
    np.testing.assert_allclose(compiled[:, 0], inside, rtol=1e-9)
    np.testing.assert_allclose(compiled[:, 1], normalised, rtol=1e-7, atol=1e-7)
    for v in (low, high):  # beyond either wall, by a little and by far
        step = 1e-6 * max(1.0, abs(v))
        for value in (v - step, v - 1e3) if v == low else (v + step, v + 1e3):
            assert not np.isfinite(value) or log_density(spec, value) == -np.inf


def prior_row(value, row):
    """Density and slope as the compiled function has them, without compiling it."""
    family = [*FAMILIES.values()][int(row[FAMILY])]
    density, slope = family.density(value, row[FIRST], row[SECOND])
    return density + row[CONSTANT], slope


@pytest.mark.parametrize("name", PRIORS)
def test_compiled_slopes_are_differences(name):
    for side in SIDES.values():
        frozen = distribution(Prior(name, PRIORS[name]))
        low, high = (None if level is None else float(frozen.ppf(level)) for level in side)
        spec = parameter(name, -np.inf if low is None else low, np.inf if high is None else high)
        row, place = np.array(rows.prior_row(spec)), coordinate(spec)
        low, high = place.ends
        points = [place.unconstrained(np.array(quantile(spec, level))).item() for level in (0.03, 0.45, 0.95)]
        points += [low - 2 * place.bend if np.isfinite(low) else 0.3, high + 2 * place.bend if np.isfinite(high) else 0]
        for x in points:
            step = 1e-4 * place.bend
            minus, plus = value_at.py_func(x - step, row), value_at.py_func(x + step, row)
            value, slope, log_slope, bend = value_at.py_func(x, row)
            assert slope == pytest.approx((plus[0] - minus[0]) / (2 * step), rel=1e-3, abs=1e-6 * place.bend)
            assert log_slope == pytest.approx(np.log(slope), rel=1e-6, abs=1e-9)
            assert bend == pytest.approx((plus[2] - minus[2]) / (2 * step), rel=1e-3, abs=1e-3)
            densities = [prior_row(v, row)[0] for v in (value * (1 - 1e-6), value * (1 + 1e-6))]
            assert prior_row(value, row)[1] == pytest.approx(
                np.diff(densities).item() / (2e-6 * value), rel=1e-3, abs=1e-3
            )


FAR = {
    "normal far above": (Prior("normal", (0.5, 0.1)), 20.0, np.inf),
    "normal far below, narrow": (Prior("normal", (0.0, 1.0)), -30.0, -30.0 + 1e-9),
    "normal in the bulk, narrow": (Prior("normal", (0.0, 1.0)), 0.5, 0.5 + 1e-10),
    "log-normal far below": (Prior("log-normal", (0.0, 0.1)), 0.0, 1e-4),
    "laplace far above": (Prior("laplace", (0.0, 0.01)), 20.0, np.inf),
    "log-laplace far above": (Prior("log-laplace", (0.0, 0.002)), 20.0, np.inf),
    "cauchy far below": (Prior("cauchy", (0.0, 1e-6)), -np.inf, -1e6),
    "gamma far above": (Prior("gamma", (2.0, 0.01)), 20.0, np.inf),
    "gamma far below": (Prior("gamma", (300.0, 1.0)), 0.0, 1e-2),
    "exponential far above": (Prior("exponential", (0.01,)), 20.0, 21.0),
    "chisquare far above": (Prior("chisquare", (2.0,)), 3000.0, np.inf),
    "rayleigh far above": (Prior("rayleigh", (0.1,)), 20.0, np.inf),
}
"""Bounds where no probability of SciPy's is above zero, or differences of them have no digits."""


@pytest.mark.parametrize("case", FAR)
def test_bounds_far_out_in_a_tail(case):
    prior, low, high = FAR[case]
    spec = Parameter("k", low, high, np.nan, True, prior)
    logs = FAMILIES[prior.distribution].logarithmic
    levels = (0.05, 0.5, 0.95)
    found = np.array([quantile(spec, level) for level in levels])
    # The density relative to that of a quantile, integrated over the line by a rule of its own.
    with mpmath.workdps(30):
        ends = [mpmath.mpf(e) for e in (low, high)]
        nodes = [ends[0], *found, ends[1]]

        def density(v):
            first, second = (*prior.parameters, 0.0)[:2]
            logs_only = {"normal": lambda: -((v - first) / second) ** 2 / 2,
                         "log-normal": lambda: -((mpmath.log(v) - first) / second) ** 2 / 2 - mpmath.log(v),
                         "laplace": lambda: -abs(v - first) / second,
                         "log-laplace": lambda: -abs(mpmath.log(v) - first) / second - mpmath.log(v),
                         "cauchy": lambda: -mpmath.log(1 + ((v - first) / second) ** 2),
                         "gamma": lambda: (first - 1) * mpmath.log(v) - v / second,
                         "exponential": lambda: -v / first,
                         "chisquare": lambda: (mpmath.mpf(first) / 2 - 1) * mpmath.log(v) - v / 2,
                         "rayleigh": lambda: mpmath.log(v) - (v / mpmath.mpf(first)) ** 2 / 2}  # fmt: skip
            return logs_only[prior.distribution]() if v > 0 or not logs else mpmath.mpf("-inf")

        top = density(mpmath.mpf(found[1]))
        parts = [mpmath.quad(lambda v: mpmath.exp(density(v) - top), pair) for pair in itertools.pairwise(nodes)]
        total = mpmath.fsum(parts)
        shares = [float(mpmath.fsum(parts[: i + 1]) / total) for i in range(3)]
        mass = log_normaliser(prior) + float(top + mpmath.log(total))
    np.testing.assert_allclose(shares, levels, atol=5e-5)
    assert log_mass(spec) == pytest.approx(mass, rel=1e-7, abs=1e-5)
    assert log_density(spec, found[1]) == pytest.approx(float(top - mpmath.log(total)) - float(top), abs=1e-4)
    drawn = draw([spec], 500, np.random.default_rng(1))[:, 0]
    assert ((drawn >= low) & (drawn <= high)).all()
    assert (drawn < found[1]).mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("levels", [(0.2, 0.8), (1e-6, 1 - 1e-6)])
def test_draws_of_pymc_lie_within_the_bounds(name, levels):
    low, high = distribution(Prior(name, PRIORS[name])).ppf(levels)
    with pm.Model() as model:
        variable = prior_variable(parameter(name, low, high))
    draws = pm.draw(variable, 200, random_seed=1, mode=PLAIN)

    assert (draws >= low).all()
    assert (draws <= high).all()
    assert model.free_RVs == [variable]
    beyond = pytensor.function([], pm.logp(variable, float(high) * 1.001 + 1e-3), mode=PLAIN)
    assert beyond() == -np.inf


def test_bounds_beyond_the_support_leave_the_prior_plain():
    with pm.Model():
        variable = prior_variable(parameter("log-normal", 0.0))

    assert variable.owner.op.name == "lognormal"


@pytest.mark.parametrize("scale", ["log", "log10"])
@pytest.mark.parametrize("name", ["normal", "cauchy", "laplace"])
def test_a_parameter_on_a_log_scale_is_never_negative(name, scale):
    spec = Parameter("k", -np.inf, np.inf, 1.0, True, Prior(name, PRIORS[name]), scale=scale)
    place = coordinate(spec)

    assert support(spec) == (0.0, np.inf)
    assert place.logarithmic
    assert (draw([spec], 500, np.random.default_rng(1)) > 0).all()
    assert log_density(spec, -0.1) == -np.inf


WRONG = {
    "no prior": (Parameter("k", 0.0, 1.0, 1.0, True, None),
        "its prior distribution is none, one of normal, log-normal, uniform, log-uniform, laplace, log-laplace, "
        "cauchy, gamma, exponential, chisquare, rayleigh was expected."),
    "improper": (Parameter("k", 0.0, np.inf, 1.0, True, Prior("uniform", (0.0, np.inf))),
        "its prior uniform(0.0, inf) is improper. Give finite prior parameters or, for a uniform prior, finite "
        "bounds."),
    "no mass": (Parameter("k", 5.0, 9.0, 6.0, True, Prior("uniform", (0.0, 1.0))),
        "no mass of its prior uniform(0.0, 1.0) lies within its bounds 5 to 9. Widen the bounds."),
    "one point": (Parameter("k", 1.0, 1.0, 1.0, True, Prior("normal", (0.0, 1.0))),
        "no mass of its prior normal(0.0, 1.0) lies within its bounds 1 to 1. Widen the bounds."),
    "swapped": (Parameter("k", 3.0, 2.0, 1.0, True, Prior("normal", (0.0, 1.0))),
        "its lower bound lies above its upper bound (3 to 2). Swap them."),
    "not a number": (Parameter("k", np.nan, 2.0, 1.0, True, Prior("normal", (0.0, 1.0))),
        "its bounds are nan to 2, numbers were expected. Give both bounds, or leave the cells empty."),
    "nan in prior": (Parameter("k", 0.0, 2.0, 1.0, True, Prior("normal", (np.nan, 1.0))),
        "its prior normal(nan, 1.0) is improper. Give finite prior parameters or, for a uniform prior, finite "
        "bounds."),
    "count": (Parameter("k", 0.0, 2.0, 1.0, True, Prior("normal", (1.0,))),
        "its prior normal(1.0,) has 1 parameter, expected: mean, sd."),
    "sd": (Parameter("k", 0.0, 2.0, 1.0, True, Prior("normal", (1.0, 0.0))),
        "its prior normal(1.0, 0.0) has a sd that is not above zero."),
    "order": (Parameter("k", 0.0, 2.0, 1.0, True, Prior("uniform", (2.0, 1.0))),
        "its prior uniform(2.0, 1.0) ends before it begins. Give the lower end first."),
    "zero on a log scale": (Parameter("k", 0.0, 2.0, 1.0, True, Prior("log-uniform", (0.0, 2.0)), scale="log10"),
        "its prior log-uniform(0.0, 2.0) has a low that is not above zero. On the scale log10 a bound must be above "
        "zero: give a small positive one, or the scale lin."),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_prior_that_cannot_be_used_is_named(case):
    spec, message = WRONG[case]
    with pytest.raises(UserError) as caught:
        check_priors([spec])
    assert str(caught.value) == f"priors: 1 fault\n  - parameter 'k': {message}"


def test_faults_of_all_priors_come_in_one_message():
    bad = [WRONG["no prior"][0], parameter("normal"), WRONG["improper"][0]]

    with pytest.raises(UserError, match="^priors: 2 faults\n"):
        check_priors(bad)
