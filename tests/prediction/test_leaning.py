"""What would change the answers: normal posteriors whose answers without a gel, or with a wider prior, are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from il6infer.prediction.leaning import _on_its_line, leanings
from il6infer.problems.families import FAMILIES
from il6infer.problems.priors import log_density
from il6infer.problems.spec import Parameter, Prior

DRAWS = 4000


def weighed(ys, above, prior=("normal", (0.0, 1.0)), lower=-np.inf):
    """Two gels of one measurement each, standard deviation 1; the claim is that theta lies above a number."""
    parameter = Parameter("theta", lower, np.inf, 0.0, True, Prior(*prior))
    network = SimpleNamespace(parameters={"theta": 0.0})
    problem = SimpleNamespace(estimated=(parameter,), network=network)
    precision = 1.0 + len(ys)
    theta = norm.ppf((np.arange(DRAWS) + 0.5) / DRAWS, sum(ys) / precision, precision**-0.5)
    if prior[0] == "log-normal":
        theta = np.exp(theta)
    line = np.log(theta) if prior[0] == "log-normal" else theta
    rows = np.stack([-0.5 * (y - line) ** 2 for y in ys], axis=-1)[None]
    batches = np.array([f"gel{i}" for i in range(len(ys))])
    idata = {
        "log_likelihood": xr.Dataset({"R": (("chain", "draw", "row"), rows)}),
        "constant_data": xr.Dataset({"R_batch": (("row",), batches)}),
    }
    found = leanings(problem, idata, theta[:, None], {"high": (line > above).astype(float)})  # type: ignore[arg-type]
    return {one.what: one for one in found}


def test_an_answer_without_a_gel_is_that_of_the_other_gel():
    found = weighed([2.0, -1.0], 1.0)

    assert found["R, gel1"].changes["high"] == pytest.approx(norm.sf(1.0, 1.0, 0.5**0.5), abs=0.02)
    assert found["R, gel0"].changes["high"] == pytest.approx(norm.sf(1.0, -0.5, 0.5**0.5), abs=0.02)
    assert found["theta"].changes == {}  # 0.12 is 0.17 then


@pytest.mark.parametrize("prior", [("normal", (0.0, 1.0)), ("log-normal", (0.0, 1.0))])
def test_a_prior_with_half_its_say_is_a_wider_one(prior):
    lower = 0.0 if prior[0] == "log-normal" else -np.inf
    found = weighed([3.0, 3.0], 2.2, prior, lower)["theta"]

    assert found.kind == "prior"
    assert found.changes["high"] == pytest.approx(norm.sf(2.2, 2.4, 2.5**-0.5), abs=0.02)


EXAMPLES = {
    "cauchy": (0.4, 0.7), "chisquare": (3.0,), "exponential": (0.8,), "gamma": (2.0, 0.6), "laplace": (0.3, 0.5),
    "log-laplace": (0.2, 0.5), "log-normal": (0.1, 0.7), "log-uniform": (0.1, 9.0), "normal": (0.5, 2.0),
    "rayleigh": (1.2,), "uniform": (0.0, 7.0),
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_half_the_say_of_a_prior_of_any_family_is_half_its_density_on_its_line(family):
    parameter, values = _parameter(family), np.array([0.2, 0.9, 2.6, 6.5])
    expected = np.array([log_density(parameter, v) for v in values])
    expected += np.log(values) if FAMILIES[family].logarithmic else 0.0
    found = _on_its_line(parameter, values)

    np.testing.assert_allclose(found - found[0], expected - expected[0], rtol=1e-12, atol=1e-12)


def _parameter(family):
    return Parameter("theta", -np.inf, np.inf, 0.0, True, Prior(family, EXAMPLES[family]))


def test_what_few_draws_carry_is_not_told():
    found = weighed([30.0, -30.0], 1.0)["R, gel1"]

    assert found.k is None or found.k > 0.7
    assert found.changes == {}


def test_the_only_gel_is_not_left_out():
    assert [*weighed([1.0], 1.0)] == ["theta"]
