"""The engine on the library's models: gradient at many points, agreement with an independent solver."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from il6infer.building.build import build
from il6infer.engine import compile
from il6infer.library.compose import compose
from il6infer.library.names import base_names
from il6infer.network.conservation import moieties
from il6infer.petab_files.read import load
from il6infer.problems.priors import draw
from il6infer.problems.spec import Problem
from tests.zoo.data_set import measurements, protocol
from tests.zoo.third_opinion import close, scipy_prediction


def _problem(name: str, folder: Path) -> Problem:
    return load(build(measurements(), protocol(), compose(name), folder / name, dataset="toy"))


@pytest.mark.parametrize("name", ["both_socs3", pytest.param("trans_none", marks=pytest.mark.slow)])
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


def _disagreements(problem: Problem, thetas: np.ndarray) -> tuple[int, list[str]]:
    """Draws that the kernel calls ok, and those of them where neither diffsol nor SciPy agrees with it."""
    kernel, second = compile(problem, engine="rodas5p"), compile(problem, engine="diffsol", rtol=1e-8, atol=1e-11)
    simulated, wrong = 0, []
    for number, theta in enumerate(thetas):
        result = kernel.simulate(theta)
        if not result.ok:
            continue
        simulated += 1
        other = second.simulate(theta)
        if other.ok and close(result.prediction, other.prediction):
            continue
        third = scipy_prediction(problem, theta)
        if not close(result.prediction, third):
            worst = np.max(np.abs(result.prediction / third - 1))
            wrong.append(f"draw {number}: {worst:.1e}")
    return simulated, wrong


@pytest.mark.parametrize("name", ["both_socs3"])
def test_no_wrong_number_passes_as_simulated(name: str, tmp_path: Path) -> None:
    problem = _problem(name, tmp_path)
    assert _disagreements(problem, draw(problem.estimated, 15, np.random.default_rng(5))) == (15, [])


@pytest.mark.slow
@pytest.mark.parametrize("name", base_names())
def test_no_wrong_number_passes_on_a_thousand_prior_draws(name: str, tmp_path: Path) -> None:
    problem = _problem(name, tmp_path)
    assert _disagreements(problem, draw(problem.estimated, 1000, np.random.default_rng(4))) == (1000, [])


@pytest.mark.slow
def test_derivatives_agree_on_two_hundred_prior_draws(tmp_path: Path) -> None:
    """Adjoint and forward to 1e-8 of the largest term; both and central differences to 1e-5."""
    problem = _problem("both_socs3", tmp_path)
    engine, exact = compile(problem, engine="rodas5p"), compile(problem, engine="rodas5p", rtol=1e-11, atol=1e-13)
    rng = np.random.default_rng(6)
    for theta in draw(problem.estimated, 200, rng):
        weights = rng.normal(size=len(problem.measurements))
        jacobian, _ = engine.jacobian(theta)
        adjoint = engine.pullback(theta, weights, 0 * weights)
        terms = np.abs(weights) @ np.abs(jacobian)
        assert np.max(np.abs(adjoint - weights @ jacobian) / np.maximum(terms, 1e-300)) < 1e-8
        direction = rng.normal(size=len(theta))
        slope = exact.pullback(theta, weights, 0 * weights) @ (theta * direction)
        ends = [weights @ exact.simulate(theta * np.exp(sign * 1e-4 * direction)).prediction for sign in (1, -1)]
        scale = np.max(np.abs(exact.pullback(theta, weights, 0 * weights) * theta))
        assert abs((ends[0] - ends[1]) / 2e-4 - slope) < 1e-5 * scale * np.sqrt(len(theta))


@pytest.mark.parametrize("name", ["both_socs3", "trans_none"])
def test_moieties_are_conserved_to_rounding(name: str, tmp_path: Path) -> None:
    problem = _problem(name, tmp_path)
    engine, weights = compile(problem), moieties(problem.network)
    assert len(weights) > 0
    for theta in draw(problem.estimated, 5, np.random.default_rng(8)):
        for run, states in zip(engine.plan.runs, engine.states(theta), strict=True):
            if sum(not segment.steady for segment in run) > 1:
                continue  # a wash changes the totals on purpose
            totals = states @ weights.T
            sizes = np.abs(states) @ np.abs(weights.T)
            assert np.max(np.abs(totals - totals[0]) / np.maximum(sizes, 1e-300)) < 1e-12


def test_same_input_same_bits_on_any_number_of_threads(tmp_path: Path) -> None:
    problem = _problem("both_socs3", tmp_path)
    engine = compile(problem)
    thetas = draw(problem.estimated, 24, np.random.default_rng(7))
    ones = np.ones(len(problem.measurements))
    alone = [engine.pullback(theta, ones, ones) for theta in thetas]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda theta: engine.pullback(theta, ones, ones), thetas))
    np.testing.assert_array_equal(alone, together)
