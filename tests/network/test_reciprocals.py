"""Laws written by the reciprocal of a state: from zero on they are what they are when written by the state."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad

from il6infer.engine import compile
from il6infer.network.network import symbol
from il6infer.network.reciprocals import by_states
from il6infer.runs.numeric import Function
from tests.zoo.systems import network, problem

x, y, K, L, n = (symbol(name) for name in ("x", "y", "K", "L", "n"))

WRITTEN = {
    1 / (1 + K / x): x / (x + K),
    1 / (1 + K**2 / x**2): x**2 / (x**2 + K**2),
    1 / (1 + K / x + L * K / x**2) ** 2: x**4 / (x**2 + K * x + K * L) ** 2,
    1 / (1 + (K / x) ** n): (x / K) ** n / (1 + (x / K) ** n),
    1 / (1 + (x / K) ** -n): (x / K) ** n / (1 + (x / K) ** n),
}
OF_TWO = {
    1 / (1 + K / x + L / y): lambda x, y, K, L: x * y / (x * y + K * y + L * x),
    1 / (1 + K / x + L / y + K * L / (x * y)): lambda x, y, K, L: x * y / (x * y + K * y + L * x + K * L),
    1 / (1 + (K / x) ** sp.Float(1.5) + (L / y) ** 2): lambda x, y, K, L: 1 / (1 + (K / x) ** 1.5 + (L / y) ** 2),
    1 / (K / x + L / y): lambda x, y, K, L: x * y / (K * y + L * x),
    (1 / x + 2 / y) ** -2: lambda x, y, K, L: (x * y / (y + 2 * x)) ** 2,
    1 / (1 + K / x + y / L + K * K / x**2): lambda x, y, K, L: x**2 / (x**2 + K * x + y * x**2 / L + K * K),
}
"""Law -> the same above zero; all are zero where both states are."""
LEFT = [
    1 / (1 + x / K),
    1 / (1 + K * y / x),
    1 / (x + K * y / x + L / y),
    1 / (1 + (K / x) ** n + (L / y) ** n),
    1 / (1 + K / x**5 + L / y**5),
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


@pytest.mark.parametrize("engine", ["diffsol", pytest.param("rodas5p", marks=pytest.mark.slow)])
def test_a_law_of_two_reciprocals_has_values_and_slopes_from_zero_on(engine: str) -> None:
    """x = t and y = t / 2 from zero on, where such a run had no value; each law is added up."""
    values, times = {"K": 0.5, "L": 0.2}, [0.0, 0.3, 2.0]
    # diffsol takes all its steps beside a power of 1.5 of what is zero.
    laws = [law for law in OF_TWO if engine == "rodas5p" or not law.atoms(sp.Float)]
    rates = {"x": sp.Float(1), "y": sp.Float(0.5)} | {f"z{k}": law for k, law in enumerate(laws)}
    asked = problem(network(rates, {}, values), times, estimated=values, observed=[f"z{k}" for k in range(len(laws))])
    compiled = compile(asked, engine=engine, rtol=1e-9, atol=1e-11)

    def exact(K: float, L: float) -> np.ndarray:  # noqa: N803 (as in the laws)
        return np.array(
            [
                quad(lambda t, law=OF_TWO[law]: law(t, t / 2, K, L), 0, end, epsabs=1e-12, epsrel=1e-11)[0]
                for law in laws
                for end in times
            ]
        )

    theta = np.array([*values.values()])
    found = compiled.simulate(theta)
    assert found.ok
    order = np.argsort(asked.measurements["observable"].to_numpy(), kind="stable")
    np.testing.assert_allclose(found.prediction[order], exact(*theta), rtol=1e-6, atol=1e-9)
    slopes = np.array([compiled.pullback(theta, row, np.zeros_like(row)) for row in np.eye(len(order))])
    steps = [np.array([1e-4, 0]), np.array([0, 1e-4])]
    expected = np.array([(exact(*(theta + h)) - exact(*(theta - h))) / 2e-4 for h in steps]).T
    np.testing.assert_allclose(slopes[order], expected, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["diffsol", "rodas5p"])
def test_where_terms_of_both_signs_are_infinite_there_is_no_value(engine: str) -> None:
    rates = {"x": sp.Float(1), "y": sp.Float(0.5), "z": 1 / (1 + K / x + L / y)}
    asked = problem(network(rates, {}, {"K": 1.0, "L": 0.2}), [0.5], estimated={"K": 1.0, "L": 0.2}, observed=["z"])
    assert not compile(asked, engine=engine).simulate(np.array([-0.5, 0.2])).ok


def test_random_laws_of_reciprocals_are_the_same_away_from_zero() -> None:
    rng = np.random.default_rng(5)
    written = 0
    for _ in range(150):
        terms = [
            sp.Float(round(rng.uniform(-1, 3), 2)) * rng.choice([K, L, 1, x, y]) * x ** -int(rng.integers(-1, 3))
            * y ** -int(rng.integers(-1, 3))
            for _ in range(rng.integers(2, 5))
        ]  # fmt: skip
        law = sp.Add(1, *terms) ** -int(rng.integers(1, 3))
        found = by_states(law, [x, y])
        written += found != law
        values = rng.uniform(0.1, 3, 4)
        same = Function([x, y, K, L], [law, found])(values)
        np.testing.assert_allclose(same[1], same[0], rtol=1e-9, err_msg=str(law))
    assert written > 30
