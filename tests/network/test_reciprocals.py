"""Laws written by the reciprocal of a state: from zero on they are what they are when written by the state."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import compile
from il6infer.network.network import symbol
from il6infer.network.reciprocals import by_states
from tests.zoo.systems import network, problem

x, y, K, L, n = (symbol(name) for name in ("x", "y", "K", "L", "n"))

WRITTEN = {
    1 / (1 + K / x): x / (x + K),
    1 / (1 + K**2 / x**2): x**2 / (x**2 + K**2),
    1 / (1 + K / x + L * K / x**2) ** 2: x**4 / (x**2 + K * x + K * L) ** 2,
    1 / (1 + (K / x) ** n): (x / K) ** n / (1 + (x / K) ** n),
    1 / (1 + (x / K) ** -n): (x / K) ** n / (1 + (x / K) ** n),
}
LEFT = [
    1 / (1 + x / K),
    1 / (1 + K / x + L / y),  # zero in zero where both are zero
    1 / (1 + K * y / x),
    1 / (1 - K / x),
    1 / (1 + K / x**30),
    K / x,
]


@pytest.mark.parametrize("law", WRITTEN, ids=str)
def test_a_law_is_written_by_the_state(law: sp.Expr) -> None:
    assert by_states(law, [x, y]) == WRITTEN[law]


@pytest.mark.parametrize("law", LEFT, ids=str)
def test_what_may_be_zero_in_zero_then_is_left(law: sp.Expr) -> None:
    assert by_states(law, [x, y]) == law


@pytest.mark.parametrize("engine", ["diffsol", "rodas5p"])
def test_a_run_from_zero_has_values_and_slopes(engine: str) -> None:
    """x' = 1 - x and y' = the law of x, and its reading: the run had no value, and the reading no slope at 0."""
    values, found = {"K": 0.5, "L": 0.2, "n": 2.0}, []
    for laws in (WRITTEN.keys(), WRITTEN.values()):
        rates = {"x": 1 - x} | {f"y{k}": law for k, law in enumerate(laws)}
        asked = problem(network(rates, {}, values), [0.0, 0.5, 2.0], estimated=values)
        compiled = compile(asked, engine=engine, rtol=1e-9, atol=1e-11)
        theta = np.array([*values.values()])
        simulation = compiled.simulate(theta)
        assert simulation.ok
        slopes = [compiled.pullback(theta, row, np.zeros_like(row)) for row in np.eye(len(simulation.prediction))]
        found.append((simulation.prediction, np.array(slopes)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-5, atol=1e-7)
    assert np.isfinite(found[0][1]).all()
