"""What the second engine's language can say: against the closed form, and refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad

from il6infer._errors import UserError
from il6infer.engine import Outcome, compile
from il6infer.network.network import TIME, symbol
from il6infer.network.primitives import Power
from tests.zoo.systems import network, problem

x, k = symbol("x"), symbol("k")
FUNCTIONS = {
    "exp": sp.exp, "log": sp.log, "sin": sp.sin, "cos": sp.cos, "tan": sp.tan, "sinh": sp.sinh, "cosh": sp.cosh,
    "tanh": sp.tanh, "asinh": sp.asinh, "acosh": lambda e: sp.acosh(1 + e), "abs": lambda e: sp.Abs(e - 1),
    "min": lambda e: sp.Min(e, 0.5, 2 * e), "max": lambda e: sp.Max(e, 0.5, 2 * e),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_has_its_value_and_its_slope(name: str) -> None:
    """x' = 1 from k, y' = f(x): y(t) is the integral of f over [k, k + t], its slope in k is f(k + t) - f(k)."""
    rate = FUNCTIONS[name](x)
    f = sp.lambdify(x, rate, "scipy")
    net = network({"x": sp.Integer(1), "y": rate}, {"x": k}, {"k": 0.2})
    asked = problem(net, [0.6], estimated={"k": 0.2}, observed=["y"])
    engine = compile(asked, engine="diffsol", rtol=1e-9, atol=1e-11)
    at = np.array([0.2])
    expected = quad(f, 0.2, 0.8, points=[0.25, 0.5])[0]
    np.testing.assert_allclose(engine.simulate(at).prediction, [expected], rtol=1e-5)
    np.testing.assert_allclose(engine.pullback(at, np.ones(1), np.zeros(1)), [f(0.8) - f(0.2)], rtol=1e-3)


@pytest.mark.parametrize("exponent", [5, 6, -5, -6, 3, -2])
def test_whole_powers_of_a_negative_base(exponent: int) -> None:
    net = network({"x": sp.Integer(1), "y": x**exponent}, {"x": k}, {"k": -2.0})
    asked = problem(net, [1.0], observed=["y"])
    engine = compile(asked, engine="diffsol", rtol=1e-9, atol=1e-11)
    n = exponent + 1
    np.testing.assert_allclose(engine.simulate(np.array([])).prediction, [((-1.0) ** n - (-2.0) ** n) / n], rtol=1e-6)


@pytest.mark.parametrize("exponent", [2.0, 3.0, -1.0])
def test_a_negative_base_has_powers_with_a_parameter_that_is_whole(exponent: float) -> None:
    n = symbol("n")
    net = network({"x": sp.Integer(1), "y": x**n}, {"x": k}, {"k": -2.0, "n": exponent})
    engine = compile(problem(net, [1.0], observed=["y"]), engine="diffsol", rtol=1e-9, atol=1e-11)
    right = quad(lambda u: u**exponent, -2.0, -1.0)[0]
    np.testing.assert_allclose(engine.simulate(np.array([])).prediction, [right], rtol=1e-6)


@pytest.mark.parametrize("exponent", [2.5, 0.5])
def test_a_negative_base_with_a_broken_exponent_fails_and_is_no_number(exponent: float) -> None:
    """From 1 through 0 to -1: where the base is negative between two measurements, too."""
    n = symbol("n")
    for estimated in ({}, {"n": exponent}):
        falling = network({"x": -2 * sp.cos(TIME), "y": x**n}, {"x": 1.0}, {"n": exponent})
        engine = compile(problem(falling, [2 * np.pi], estimated=estimated, observed=["y"]), engine="diffsol")
        found = engine.simulate(np.array([*estimated.values()]))
        assert found.outcome.tolist() != [Outcome.OK]


def test_a_plain_power_with_a_whole_number_takes_a_negative_base() -> None:
    net = network({"x": sp.Integer(-1), "y": Power(symbol("x"), sp.Integer(3))}, {"x": -1.0}, {"k": 1.0})
    found = compile(problem(net, [1.0], estimated={"k": 1.0}, observed=["y"]), engine="diffsol").simulate(np.ones(1))

    np.testing.assert_allclose(found.prediction, [-3.75], rtol=1e-5)


def test_a_rate_that_is_no_number_is_refused() -> None:
    with pytest.raises(UserError, match="engine diffsol cannot do the value nan. Use engine rosenbrock."):
        compile(problem(network({"x": sp.Piecewise((x, x > 1), (sp.nan, True))}, {}), [1.0]), engine="diffsol")


def test_the_warning_of_a_run_that_diffsol_cannot_try_names_no_way_that_was_gone(caplog) -> None:
    """The kernel fails (a rate becomes infinite), and diffsol has no floor: no advice to use the kernel."""
    net = network({"x": sp.floor(symbol("k")) / (2 - x)}, {"x": 1.0}, {"k": 2.5})
    engine = compile(problem(net, [5.0], estimated={"k": 2.5}))
    with caplog.at_level("WARNING", logger="il6infer"):
        assert engine.simulate(np.array([2.5])).outcome.tolist() != [Outcome.OK]
    assert caplog.messages == ["zoo: failed runs are not tried again: engine diffsol cannot do the function floor."]
