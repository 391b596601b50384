"""Functions that compiled loops take several lanes at a time, against NumPy's and SciPy's."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit
from scipy.special import log_ndtr

from il6infer.inference.collapsed import OFFSET_PRIOR, SCALE_PRIOR, given_noise, given_noises, tabulate
from il6infer.inference.elementary import LANES, exp_of, log_of, log_tail_of

RNG = np.random.default_rng(1)


@njit(**LANES)
def logarithms(x, out):
    for i in range(len(x)):
        out[i] = log_of(x[i])


@njit(**LANES)
def exponentials(x, out):
    for i in range(len(x)):
        out[i] = exp_of(x[i])


@njit(**LANES)
def tails(x, out):
    for i in range(len(x)):
        out[i] = log_tail_of(x[i])


EXPONENTS = np.concatenate([RNG.uniform(-690, 690, 2001), RNG.uniform(-1, 1, 2001), [0.0, -1e-300, 0.34657359]])
POSITIVE = np.concatenate(
    [np.exp(EXPONENTS), 1.0 + RNG.normal(scale=1e-3, size=2001), [1.0, 2.3e-308, 1e308, 0.70710678]]
)
DISTANCES = np.concatenate([RNG.uniform(0, 8, 4001), np.geomspace(1e-12, 1e5, 500), [0.0]])


@pytest.mark.parametrize(
    ("function", "x", "known", "error"),
    [
        (logarithms, POSITIVE, np.log, 4e-16),
        (exponentials, EXPONENTS, np.exp, 4e-16),
        (tails, DISTANCES, lambda x: log_ndtr(-x), 3e-14),
    ],
)
def test_lanes_give_what_the_library_does(function, x, known, error):
    found, right = np.empty_like(x), known(x)
    function(x, found)

    scale = np.abs(right) if known is np.exp else np.maximum(np.abs(right), 1.0)
    assert np.max(np.abs(found - right) / scale) < error


def test_exponential_far_below_is_as_good_as_zero():
    found = np.empty(2)
    exponentials(np.array([-701.0, -1e9]), found)

    assert np.all(found < 1e-303)


@pytest.mark.parametrize("scaled", [1.0, 0.0])
@pytest.mark.parametrize(
    "walls", [(-np.inf, np.inf), (-1.0, np.inf), (-np.inf, 0.5), (-0.3, 0.4), (3.0, np.inf), (2.0, 1.0)]
)
def test_all_noises_at_once_are_each_noise_alone(walls, scaled):
    """Mass, mean and mean square of u, where no wall, one or both are near, and where they leave nothing."""
    batch = np.zeros(OFFSET_PRIOR + 5)
    batch[3], batch[SCALE_PRIOR : SCALE_PRIOR + 5] = scaled, (0.3, -0.2, 0.1, *walls)
    ys = np.linspace(-4.0, 1.0, 23)
    levels, total, mean, spread = len(ys), 7.0, 0.2, 1.5
    table, best = np.empty((4, levels)), np.full(levels, -np.inf)
    found, means, squares = np.empty(levels), np.empty(levels), np.empty(levels)
    tabulate(batch, total, ys, levels, table)
    given_noises(batch, 0.0, mean, spread, total, table, levels, 0.0, best, found, means, squares)

    one = np.array([given_noise(batch, 0.0, mean, spread, total, np.exp(y))[:3] for y in ys])
    seen = one[:, 0] > -500
    np.testing.assert_allclose(found[seen], one[seen, 0], rtol=1e-12, atol=1e-12)
    assert np.all(found[~seen] < -400)
    np.testing.assert_allclose(means[seen], one[seen, 1], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(squares[seen], one[seen, 2], rtol=1e-8, atol=1e-8)


def test_what_is_integrated_out_is_compiled_to_the_letter(root):
    """No leave to reorder or to fuse: what a process computes must not depend on whether it compiled the code."""
    files = list((root / "il6infer" / "inference").glob("*.py"))

    assert len(files) > 20
    assert [path.name for path in files if "fastmath" in path.read_text("utf-8")] == []


AT_POINTS = """
import hashlib
import numpy as np
from il6infer.engine import compile
from il6infer.inference.density import Density
from il6infer.inference.nuisance import find_nuisance
from il6infer.inference.restored import restore
from tests.inference.test_nuisance import gel

problem = gel(gels=2)
engine, nuisance = compile(problem), find_nuisance(problem)
density, found = Density(problem, engine, nuisance), hashlib.sha256()
for point in np.random.default_rng(2).normal(size=(50, density.dimensions)):
    value, gradient = density(point)
    assert np.isfinite(value)
    found.update(np.append(gradient, value).tobytes())
sampled = np.full((20, density.dimensions), 1.0)
found.update(restore(problem, engine, nuisance, sampled, np.random.SeedSequence(4), 2).tobytes())
print(found.hexdigest())
"""


@pytest.mark.slow  # it compiles all: a minute of processor
def test_the_run_that_compiles_has_the_digits_of_those_that_read_its_code(root, tmp_path):
    own = os.environ | {"IL6INFER_CACHE": str(tmp_path)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", AT_POINTS], cwd=root, env=own, capture_output=True, text=True, check=False
        )
        for _ in range(2)
    ]

    assert [run.stderr for run in runs] == ["", ""]
    assert runs[0].stdout == runs[1].stdout != ""
