"""Priors against SciPy's densities, transforms, and the messages for those that cannot be sampled."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

from il6infer._errors import UserError
from il6infer.fit.coordinates import check_priors
from il6infer.problem.priors import FAMILIES, distribution
from il6infer.problem.spec import Parameter, Prior
from il6infer.pymc.priors import DISTRIBUTIONS, prior_variable

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


def log_density(spec, values):
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
    assert set(PRIORS) == set(DISTRIBUTIONS) == set(FAMILIES)


@pytest.mark.parametrize("name", PRIORS)
def test_density_is_scipys(name):
    values = distribution(Prior(name, PRIORS[name])).ppf([0.02, 0.3, 0.5, 0.9, 0.99])
    found, back = log_density(parameter(name), values)

    np.testing.assert_allclose(found, distribution(Prior(name, PRIORS[name])).logpdf(values), atol=1e-7)
    np.testing.assert_allclose(back, values, rtol=1e-9)


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("bounds", [(0.2, 0.8), (0.0, 0.8), (0.3, 1.0)])
def test_truncated_density_is_scipys_normalised_again(name, bounds):
    frozen = distribution(Prior(name, PRIORS[name]))
    low, high = frozen.ppf(bounds)
    values = frozen.ppf(np.linspace(bounds[0], bounds[1], 7)[1:-1])
    found, back = log_density(parameter(name, low, high), values)

    np.testing.assert_allclose(found, frozen.logpdf(values) - np.log(bounds[1] - bounds[0]), atol=1e-7)
    np.testing.assert_allclose(back, values, rtol=1e-9)


@pytest.mark.parametrize("name", PRIORS)
def test_truncated_draws_lie_within_the_bounds(name):
    low, high = distribution(Prior(name, PRIORS[name])).ppf((0.2, 0.8))
    with pm.Model() as model:
        variable = prior_variable(parameter(name, low, high))
    draws = pm.draw(variable, 200, random_seed=1, mode=PLAIN)

    assert (draws >= low).all()
    assert (draws <= high).all()
    assert model.free_RVs == [variable]


def test_bounds_that_cut_nothing_leave_the_prior_plain():
    with pm.Model() as model:
        variable = prior_variable(parameter("log-normal", 1e-6, 1e6))

    assert variable.owner.op.name == "lognormal"
    assert type(model.rvs_to_transforms[variable]).__name__ == "LogTransform"


def test_faults_of_all_priors_come_in_one_message():
    bad = [
        Parameter("k_on", 0.0, 1.0, 1.0, True, None),
        Parameter("Kd", 0.0, np.inf, 1.0, True, Prior("uniform", (0.0, np.inf))),
        Parameter("k_off", 5.0, 9.0, 1.0, True, Prior("uniform", (0.0, 1.0))),
    ]

    with pytest.raises(UserError) as caught:
        check_priors([*bad, parameter("normal")])
    assert str(caught.value) == (
        "priors: 3 faults\n"
        "  - parameter 'k_on': its prior distribution is none, one of normal, log-normal, uniform, log-uniform, "
        "laplace, log-laplace, cauchy, gamma, exponential, chisquare, rayleigh was expected.\n"
        "  - parameter 'Kd': its prior uniform(0.0, inf) is improper. Give finite prior parameters or, for a uniform "
        "prior, finite bounds.\n"
        "  - parameter 'k_off': no mass of its prior uniform(0.0, 1.0) lies within its bounds 5 to 9. Widen the bounds."
    )
