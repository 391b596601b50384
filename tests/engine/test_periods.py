"""What happens at the start of a later period, against sums written by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from il6infer.engine import compile
from il6infer.network.network import TIME, Event, symbol
from il6infer.problems.spec import Experiment, Period
from tests.zoo.systems import network, problem

x, k = symbol("x"), symbol("k")


@pytest.mark.parametrize("engine", ["diffsol", "rodas5p"])
def test_event_at_the_start_of_a_period_follows_its_changes(engine: str) -> None:
    """x' = k from 0; at 2 the condition sets x = time + 1 = 3, then the event doubles it: 6 + k (t - 2)."""
    net = replace(network({"x": k}, {}, {"k": 0.5}), events=(Event("E", TIME >= 2, {"x": 2 * x}),))
    steps = Experiment("e", (Period(0.0), Period(2.0, {"x": TIME + 1})))
    compiled = compile(problem(net, [1.0, 2.0, 4.0], [steps], {"k": 0.5}), engine=engine)
    np.testing.assert_allclose(compiled.simulate(np.array([0.5])).prediction, [0.5, 6.0, 7.0], rtol=1e-6)
    gradient = compiled.pullback(np.array([0.5]), np.ones(3), np.zeros(3))
    np.testing.assert_allclose(gradient, [1.0 + 0.0 + 2.0], rtol=1e-6)
