"""The reference problem of the benchmarks: derivatives and errors at its nominal point and at draws of wide priors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.problems import reference
from il6infer.engine import compile
from il6infer.problems.spec import Problem


@pytest.fixture(scope="module")
def asked(shared: Path) -> Problem:
    assert (shared / "bench").is_dir()
    return reference()


def _points(problem: Problem, draws: int) -> np.ndarray:
    """Nominal values, and those times log-normal factors with a 90 % interval of five either way."""
    nominal = np.array([p.nominal for p in problem.estimated])
    factors = np.exp(np.random.default_rng(2).normal(0, np.log(5) / 1.645, size=(draws, len(nominal))))
    return np.vstack([nominal, nominal * factors])


def _check(problem: Problem, draws: int) -> None:
    engine = compile(problem, engine="rodas5p")
    exact, other = compile(problem, engine="rodas5p", rtol=1e-12, atol=1e-14), compile(problem, engine="diffsol")
    rng = np.random.default_rng(3)
    for theta in _points(problem, draws):
        weights = rng.normal(size=len(problem.measurements))
        found, truth, second = engine.simulate(theta), exact.simulate(theta), other.simulate(theta)
        assert found.ok
        assert truth.ok
        size = np.max(np.abs(truth.prediction))
        assert np.max(np.abs(found.prediction - truth.prediction)) < 2e-6 * size
        assert np.max(np.abs(second.prediction - truth.prediction)) < 2e-4 * size

        jacobian, _ = engine.jacobian(theta)
        adjoint = engine.pullback(theta, weights, 0 * weights)
        assert np.max(np.abs(adjoint - weights @ jacobian) / (np.abs(weights) @ np.abs(jacobian))) < 1e-8

        direction = rng.normal(size=len(theta))
        slope = exact.pullback(theta, weights, 0 * weights) * theta
        ends = [weights @ exact.simulate(theta * np.exp(sign * 1e-4 * direction)).prediction for sign in (1, -1)]
        assert abs((ends[0] - ends[1]) / 2e-4 - slope @ direction) < 1e-5 * np.linalg.norm(slope)


def test_derivatives_and_errors_at_the_nominal_point(asked: Problem) -> None:
    _check(asked, 3)


@pytest.mark.slow
def test_derivatives_and_errors_at_two_hundred_draws(asked: Problem) -> None:
    _check(asked, 200)
