"""The error that bridge sampling quotes covers the truth, of skewed and truncated targets and draws of chains too."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import gammaln, ndtr
from scipy.stats import gamma, norm, uniform

from il6infer.evidence.bridge import bridge

REPEATS, SIZE = 40, 5


class Target:
    """Independent coordinates; the mass of each is exp(0.7)."""

    dimensions, evaluations = SIZE, 0

    def __init__(self, log_density):
        self.log_density = log_density

    def values(self, points):
        return 0.7 * SIZE + self.log_density(points).sum(axis=1), np.zeros(len(points))


def log_gamma(x, shape=0.7):
    """Logarithm of a gamma variable: an exponential tail to the left, almost none to the right."""
    return shape * x - np.exp(x) - gammaln(shape)


def walled(x):
    """Uniform on (0, 1), its walls bent out of the way in the tenths before them: flat, with normal tails."""
    bend = 0.1
    u = np.maximum(np.maximum(1.0 - x / bend, 1.0 - (1.0 - x) / bend), 0.0)
    return np.log1p(u) - u * (1.0 + 0.5 * u)


def to_walled(p):
    """Point of a share of the interval."""
    bend = 0.1
    off = np.minimum(p, 1.0 - p)
    u = np.sqrt(1.0 - 2.0 * np.minimum(np.log(off / bend), 0.0)) - 1.0
    x = np.where(off < bend, bend * (1.0 - u), off)
    return np.where(p < 0.5, x, 1.0 - x)


TARGETS = {
    "normal": (lambda x: norm.logpdf(x), norm.ppf),
    "skewed": (log_gamma, lambda p: np.log(np.maximum(gamma(0.7).ppf(p), 1e-300))),
    "truncated": (walled, to_walled),
}


@pytest.mark.parametrize("correlation", [0.0, 0.9])
@pytest.mark.parametrize("target", TARGETS)
def test_the_quoted_error_covers_the_mass_of(target, correlation):
    density, quantile = TARGETS[target]
    misses = []
    for seed in range(REPEATS):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(4, 600, SIZE))
        for n in range(1, 600):
            z[:, n] = correlation * z[:, n - 1] + math.sqrt(1.0 - correlation**2) * z[:, n]
        found = bridge(Target(density), quantile(np.clip(ndtr(z), 1e-15, 1 - 1e-15)), rng)
        misses.append((found.log_evidence - 0.7 * SIZE) / found.se)
    misses = np.array(misses)

    # Of 40 standard normal numbers the root mean square lies in here with a probability of 0.9999.
    assert 0.5 < np.sqrt(np.mean(misses**2)) < 1.45
    assert abs(misses.mean()) < 4.0 / math.sqrt(REPEATS)


def test_the_walled_target_has_mass_one():
    x = np.linspace(-2.0, 3.0, 200_001)

    assert np.trapezoid(np.exp(walled(x)), x) == pytest.approx(1.0, abs=1e-6)
    assert uniform.cdf(0.3) == pytest.approx(np.trapezoid(np.exp(walled(x[x < 0.3])), x[x < 0.3]), abs=1e-4)
