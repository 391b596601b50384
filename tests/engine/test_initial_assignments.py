"""What a condition sets in the first period comes before the model's initial assignments; later ones do not."""

from __future__ import annotations

import numpy as np
import pytest

from il6infer.engine import compile
from il6infer.network.network import symbol
from il6infer.problems.spec import Experiment, Period
from tests.zoo.systems import problem
from tests.zoo.texts import from_antimony

MODEL = """
model m
  compartment c = 1; species A in c; species B in c; species D in c;
  A = 3; B = 2*A; q = A; D = B + q; k1 = 1; k2 = 2*k1;
  J: -> A; c*k2;
end
"""
k1, a = symbol("k1"), symbol("A")


def _predict(engine: str, *periods: Period) -> np.ndarray:
    """Rows: A, B, D at 0 and 1 and 3; k1 is 0.5."""
    asked = problem(from_antimony(MODEL), [0.0, 1.0, 3.0], [Experiment("e", periods)], {"s": 5.0, "k1": 0.5})
    return compile(asked, engine=engine).simulate(np.array([5.0, 0.5])).prediction.reshape(3, 3)


def test_without_changes() -> None:
    np.testing.assert_allclose(_predict("diffsol", Period(0.0)), [[3, 6, 9], [4, 6, 9], [6, 6, 9]], rtol=1e-6)


@pytest.mark.parametrize("engine", ["diffsol", "rodas5p"])
def test_initial_assignments_follow_the_first_period_only(engine: str) -> None:
    """D = B + q = 3 A; k2 = 2 k1 stays 1 as k1 is set to 9."""
    found = _predict(engine, Period(0.0, {"A": symbol("s")}), Period(1.0, {"A": a + 1, "k1": k1 + 9}))
    np.testing.assert_allclose(found, [[5, 10, 15], [7, 10, 15], [9, 10, 15]], rtol=1e-6)


def test_a_parameter_of_the_first_period_moves_what_is_assigned_from_it() -> None:
    found = _predict("diffsol", Period(0.0, {"k1": 3 * k1, "B": a + 1}))
    np.testing.assert_allclose(found, [[3, 4, 7], [6, 4, 7], [12, 4, 7]], rtol=1e-6)


def test_the_gradient_goes_through_an_assignment() -> None:
    asked = problem(from_antimony(MODEL), [0.0], [Experiment("e", (Period(0.0, {"A": a + symbol("s")}),))], {"s": 5.0})
    engine = compile(asked, engine="diffsol")
    np.testing.assert_allclose(engine.simulate(np.array([5.0])).prediction, [8, 16, 24])
    np.testing.assert_allclose(engine.pullback(np.array([5.0]), np.ones(3), np.zeros(3)), [6.0])
