"""Random groups of which the noise alone, or noise and scale, are integrated out, against a dense rule over the noise.

These are the random groups of docs/inference.md whose noise has priors of all families, within bounds or not, up to six
e-foldings from the noise of the data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from il6infer.inference.nuisance import find_nuisance
from il6infer.network.network import symbol
from il6infer.problems.families import FAMILIES
from il6infer.problems.priors import distribution, log_mass, log_normaliser, support
from il6infer.problems.spec import Prior, Problem
from tests.inference.test_nuisance import gel, marginal, parameter

KINDS = ("normal", "log-normal", "laplace", "log-laplace", "log-normal with a scale")
SCALE = Prior("log-normal", (0.3, 0.8))
REACH = 32.0
"""The dense rule covers ln(sigma) between minus and plus this."""


@dataclass(frozen=True)
class Group:
    """A problem of one group, and what it is evaluated at."""

    kind: str
    problem: Problem
    x: np.ndarray
    c: np.ndarray

    @property
    def measured(self):
        return self.problem.measurements["value"].to_numpy()


def group(kind, prior, low, high, measured, x, c):
    distribution_, scaled = kind.split(" ")[0], kind.endswith("scale")
    problem = gel(distribution_, formula="scale * A" if scaled else "A", size=len(measured))
    kept = [p for p in problem.parameters if not p.id.startswith(("scale", "offset", "sigma"))]
    kept += [parameter("scale_1", SCALE)] if scaled else []
    given = [(symbol("scale_1"),) if scaled else ()] * len(measured)
    problem = replace(
        problem,
        measurements=problem.measurements.assign(observable_parameters=given, value=measured),
        parameters=(*kept, parameter("sigma", prior, low, high)),
        observables=(replace(problem.observables[0], placeholders=("scale",) if scaled else ()),),
    )
    return Group(kind, problem, x, c)


def prior_about(noise, rng):
    """A prior of any family whose middle lies up to some six e-foldings from the noise."""
    at = noise * math.exp(rng.choice([0.0, 1.0, 3.0, 6.0]) * rng.normal() / 1.5)
    width = 10.0 ** rng.uniform(-1.5, 0.7)
    return [
        Prior("log-uniform", (at * math.exp(-5.0 * width), at * math.exp(5.0 * width))),
        Prior("log-normal", (math.log(at), width)),
        Prior("log-laplace", (math.log(at), width)),
        Prior("uniform", (rng.choice([0.0, at / 3.0]), 3.0 * at)),
        Prior("normal", (at, min(width, 1.0) * at)),
        Prior("laplace", (at, min(width, 1.0) * at)),
        Prior("cauchy", (at, width * at)),
        Prior("gamma", (10.0 ** rng.uniform(-0.3, 1.5), at)),
        Prior("exponential", (at,)),
        Prior("chisquare", (rng.uniform(0.8, 9.0),)),
        Prior("rayleigh", (at,)),
    ][rng.integers(11)]


def drawn(seed):
    """A random group, some of whose data miss the predictions by far or hardly; None where none is possible."""
    rng = np.random.default_rng(seed)
    kind, size = KINDS[seed % len(KINDS)], int(rng.choice([4, 6, 9, 20, 60]))
    noise = 10.0 ** rng.uniform(-3.0, 0.3 if kind.startswith("log") else 1.0)
    x = np.exp(rng.normal(0.0, 2.0, size))
    c = np.exp(rng.normal(0.0, 0.0 if kind.endswith("scale") else rng.choice([0.0, 0.3, 2.0]), size))
    errors = (rng.laplace if "laplace" in kind else rng.normal)(size=size)
    errors = errors * rng.choice([1.0, 1.0, 1e-3]) + rng.choice([0.0, 0.0, 30.0]) * rng.normal()
    measured = x * np.exp(noise * c * errors) if kind.startswith("log") else x + noise * c * errors
    prior, low, high = prior_about(noise, rng), 0.0, math.inf
    if rng.random() < 0.3:
        low = noise * math.exp(rng.normal(0.0, 2.0))
    if rng.random() < 0.3:
        high = max(low, 1e-3 * noise) * math.exp(abs(rng.normal(1.0, 2.0)) + 0.01)
    if not (np.isfinite(measured) & (measured != 0.0)).all():
        return None
    found = group(kind, prior, low, high, measured, x, c)
    [own] = [p for p in found.problem.estimated if p.id == "sigma"]
    return found if support(own)[0] < support(own)[1] else None


def dense(found):
    """Marginal log-likelihood by thousands of panels over ln(sigma), and its slopes by predictions and noise."""
    [own] = [p for p in found.problem.estimated if p.id == "sigma"]
    low, high = (math.log(min(max(end, math.exp(-REACH)), math.exp(REACH))) for end in support(own))
    near = np.geomspace(1e-9, 0.01, 80)  # at a bound an integrand may fall within a millionth
    edges = np.linspace(low, high, max(3, int((high - low) / 0.01)) + 1)
    edges = np.unique(np.clip(np.concatenate([edges, low + near, high - near]), low, high))
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = 0.5 * np.diff(edges)[:, None]
    y, weights = (edges[:-1, None] + half * (1.0 + nodes)).ravel(), (half * weights).ravel()
    sigma = np.exp(y)
    with np.errstate(divide="ignore"):
        logs = distribution(own.stated_prior).logpdf(sigma)
    first, second = (*own.prior.parameters, 0.0)[:2]
    # SciPy's densities are 0 from some 700 e-foldings below the middle.
    far = [FAMILIES[own.prior.distribution].density(s, first, second)[0] for s in sigma[~np.isfinite(logs)]]
    logs[~np.isfinite(logs)] = np.array(far) + log_normaliser(own.prior)
    logs += y + np.log(weights) - log_mass(own)
    logarithmic, absolute, size = found.kind.startswith("log"), "laplace" in found.kind, len(found.x)
    values, x, c = found.measured, found.x, found.c
    away = np.log(values / x) if logarithmic else values - x
    fixed = -np.log(c).sum() - (np.log(values).sum() if logarithmic else 0.0)
    fixed -= size * (math.log(2.0) if absolute else 0.5 * math.log(2.0 * math.pi))
    if absolute:
        logs = logs - size * y - np.abs(away / c).sum() / sigma
    elif found.kind.endswith("scale"):
        mean, sd = SCALE.parameters
        whole = sigma**2 + size * sd**2
        logs = logs - (size - 1) * y - 0.5 * np.log(whole) - 0.5 * np.sum((away - away.mean()) ** 2) / sigma**2
        logs = logs - 0.5 * size * (away.mean() - mean) ** 2 / whole
    else:
        logs = logs - size * y - 0.5 * np.sum((away / c) ** 2) / sigma**2
    total = np.logaddexp.reduce(logs)
    if not np.isfinite(total):
        return None
    share = np.exp(logs - total)
    if found.kind.endswith("scale"):
        inner = (share / sigma**2).sum()
        by_value = (away - away.mean()) * inner + (away.mean() - mean) * (share / whole).sum()
        by_noise = None
    else:
        inner = (share / sigma ** (1 if absolute else 2)).sum()
        by_value = (np.sign(away) / c if absolute else away / c**2) * inner
        by_noise = (np.abs(away) / c**2 if absolute else away**2 / c**3) * inner - 1.0 / c
    return total + fixed, by_value / x if logarithmic else by_value, by_noise


def compared(seeds):
    """(groups, 3) seed, error of the log-likelihood beyond a billionth of itself, and of its slopes to the largest."""
    rows = []
    for seed in seeds:
        found = drawn(seed)
        expected = dense(found) if found else None
        if expected is None:
            continue
        names = {"sigma", "scale_1"} if found.kind.endswith("scale") else {"sigma"}
        assert set(find_nuisance(found.problem).parameters) == names
        exact, by_value, by_noise = expected
        value, *slopes = marginal(found.problem, found.x, found.c)
        pairs = [(own, known) for own, known in zip(slopes, (by_value, by_noise), strict=True) if known is not None]
        largest = max(1.0, *(float(np.abs(known).max()) for _, known in pairs))
        error = max(float(np.abs(own - known).max()) for own, known in pairs) / largest
        rows.append((seed, max(abs(value - exact) - 1e-9 * abs(exact), 0.0), error))
    return np.array(rows)


def held(found):
    assert np.quantile(found[:, 1], 0.5) < 1e-6
    assert found[:, 1].max() < 0.02, found[found[:, 1].argmax()]
    assert found[:, 2].max() < 0.02, found[found[:, 2].argmax()]


def test_random_groups_are_those_of_a_dense_rule_over_the_noise():
    held(compared(range(100)))


@pytest.mark.slow
def test_six_hundred_random_groups_are_those_of_a_dense_rule_over_the_noise():
    found = compared(range(1000, 1600))
    print(
        "groups, and quantiles of the errors:", len(found), np.quantile(found[:, 1:], [0.5, 0.9, 0.99, 1.0], axis=0).T
    )

    held(found)


PRIORS = {
    "normal": Prior("normal", (0.06, 0.0049)),
    "laplace": Prior("laplace", (0.06, 0.0024)),
    "cauchy": Prior("cauchy", (0.06, 0.0005)),
}


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_where_its_prior_and_where_the_data_have_it(kind, prior):
    """Far below the middle of these priors their density hardly changes: a second peak, of far less noise."""
    x, errors = np.exp(-np.linspace(0.0, 2.0, 6)), np.array([1.0, -1.2, 0.4, -0.6, 0.9, -0.5])
    scale = math.exp(SCALE.parameters[0]) if kind.endswith("scale") else 1.0
    for noise in (4e-5, 4e-4, 4e-3, 1.0):
        measured = scale * x * np.exp(noise * errors) if kind.startswith("log") else x + noise * errors
        found = group(kind, PRIORS[prior], 0.0, math.inf, measured, x, np.ones(6))
        exact, by_value, _ = dense(found)
        value, slopes, _ = marginal(found.problem, x, found.c)

        assert value == pytest.approx(exact, abs=0.02)
        np.testing.assert_allclose(slopes, by_value, rtol=0, atol=0.02 * max(1.0, np.abs(by_value).max()))
