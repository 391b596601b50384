"""The engine on the library's models: gradient at many points, agreement with an independent solver."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from il6infer.models.library import compose, names
from il6infer.problem.build import build
from il6infer.problem.petab import load
from il6infer.problem.priors import draw
from il6infer.problem.spec import Problem
from il6infer.simulate import compile
from tests.problem.tables import measurements, protocol


def _problem(name: str, folder: Path) -> Problem:
    return load(build(measurements(), protocol(), compose(name), folder / name, dataset="toy"))


@pytest.mark.parametrize("name", ["both_socs3", "trans_none"])
def test_adjoint_through_rest_doses_and_wash_equals_central_differences(name: str, tmp_path: Path) -> None:
    problem = _problem(name, tmp_path)
    engine = compile(problem, rtol=1e-11, atol=1e-13)
    weights = np.random.default_rng(2).normal(size=len(problem.measurements))
    for theta in draw(problem.estimated, 3, np.random.default_rng(3)):
        gradient = engine.pullback(theta, weights, 0.3 * weights) * theta
        differences = np.empty_like(theta)
        for i in range(len(theta)):
            step = np.zeros_like(theta)
            step[i] = 1e-4 * theta[i]
            ends = [engine.simulate(theta + sign * step) for sign in (1, -1)]
            values = [weights @ (end.prediction + 0.3 * end.noise) for end in ends]
            differences[i] = (values[0] - values[1]) / 2e-4
        assert np.max(np.abs(gradient - differences)) < 1e-5 * np.max(np.abs(differences))


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_prior_draws_simulate_without_failure(name: str, tmp_path: Path) -> None:
    problem = _problem(name, tmp_path)
    engine = compile(problem)
    failed = sum(not engine.simulate(theta).ok for theta in draw(problem.estimated, 1000, np.random.default_rng(4)))
    assert failed == 0
