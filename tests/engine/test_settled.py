"""Predictions that the relative tolerance of the states alone leaves without digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from il6infer.engine.evaluate import evaluate
from il6infer.engine.settled import settle
from il6infer.problems.spec import Problem
from il6infer.runs.outcome import Outcome, Simulation
from tests.zoo import decay_v2, toy
from tests.zoo.texts import to_sbml

# B - A^2 = (1 - exp(-2 k t)) / k, of two that are a million times as large.
GIANTS = "model giants\n A = 1e3; B = 1e6; k = 0.3; A' = -k*A; B' = 2 - 2*k*B;\nend\n"
TIMES = (0.5, 2.0, 5.0)


@dataclass
class Coarse:
    """An engine whose predictions are off by `error` of its relative tolerance."""

    problem: Problem
    error: Callable[[float], float]
    rtol: float
    outcome: Outcome = Outcome.OK

    def simulate(self, theta: np.ndarray) -> Simulation:
        rows = len(self.problem.measurements)
        value = np.full(rows, theta[0] + self.error(self.rtol))
        return Simulation(value, np.full(rows, 0.1), np.array([self.outcome], dtype=np.int8))

    def finer(self, factor: float) -> Coarse:
        return replace(self, rtol=self.rtol / factor)


def _settled(error: Callable[[float], float], **more: Any) -> tuple[float, dict[str, float]]:
    engine: Any = Coarse(toy.decay(), error, 1e-8, **more)
    found = settle(engine, np.array([2.0]), 1e-8)
    assert found.engine.simulate(np.array([2.0])).prediction[0] == 2.0 + error(found.rtol)
    return found.rtol, found.unsettled


def test_a_difference_of_giants_has_its_digits(tmp_path: Path) -> None:
    path = decay_v2.write(
        tmp_path,
        parameters="parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk\t0\t10\t0.3\ttrue\n",
        observables="observableId\tobservableFormula\tnoiseFormula\nobs\tB - A^2\t0.1\n",
        conditions="conditionId\ttargetId\ttargetValue\n",
        experiments="experimentId\ttime\tconditionId\n",
        measurements="observableId\texperimentId\ttime\tmeasurement\n" + "".join(f"obs\t\t{t}\t1\n" for t in TIMES),
    )
    (tmp_path / "model.xml").write_text(to_sbml(GIANTS))
    found = evaluate(path)
    right = [(1 - exp(-0.6 * t)) / 0.3 for t in TIMES]
    np.testing.assert_allclose(found.simulation, right, rtol=1e-4)
    assert found.rtol < 1e-8
    assert not found.moving


def test_tolerances_fall_as_far_as_predictions_move() -> None:
    assert _settled(lambda rtol: 0.0) == (1e-8, {})
    assert _settled(lambda rtol: 1.0 * rtol) == (1e-8, {})  # below what shows beside the noise
    assert _settled(lambda rtol: 1e5 * rtol) == (1e-10, {})


def test_what_moves_at_the_finest_tolerance_is_told() -> None:
    rtol, moving = _settled(lambda rtol: np.sin(1 / rtol))
    assert rtol == 1e-12
    assert set(moving) == {"obs_x"}
    assert moving["obs_x"] > 1e-3


@pytest.mark.parametrize("outcome", [Outcome.STEP_LIMIT, Outcome.NON_FINITE])
def test_what_cannot_be_simulated_is_not_tried_again(outcome: Outcome) -> None:
    assert _settled(lambda rtol: 1e6 * rtol, outcome=outcome) == (1e-8, {})
