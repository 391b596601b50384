"""States that end at zero, and those that a steep slope seems to hold where they are: Michaelis and Menten, roots."""

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp
from scipy.special import lambertw

from il6infer.engine import compile
from il6infer.network.denominators import denominators
from il6infer.network.functions import plain
from il6infer.network.network import TIME, symbol
from il6infer.runs.outcome import Outcome
from tests.zoo.systems import network, problem

x, y, v, k, q, n = map(symbol, ("x", "y", "v", "k", "q", "n"))
TIMES = [0.25, 0.5, 1.0]
ELIMINATED = problem(
    network({"x": -v * x / (k + x)}, {"x": symbol("x0")}, {"x0": 1.0, "v": 1.0, "k": 0.1}),
    TIMES,
    estimated={"x0": 1.0, "v": 1.0, "k": 0.1},
    observed=["x"],
)


def _eliminated(x0: float, speed: float, half: float) -> np.ndarray:
    """x of d x/dt = -v x / (k + x) by Lambert's W of a number given by its logarithm."""
    logarithm = np.log(x0 / half) + (x0 - speed * np.array(TIMES)) / half
    w = np.where(logarithm < 500, lambertw(np.exp(np.minimum(logarithm, 500))).real, logarithm)
    for _ in range(50):
        large = logarithm - np.log(np.maximum(w, 1e-300))
        w = np.where(logarithm < 500, w, large)
    return half * w


@pytest.mark.parametrize("engine", ["rodas5p", "rodas4", "diffsol"])
@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-6, 1e-8])
def test_what_is_used_up_ends_at_zero_however_small_the_constant(engine: str, rtol: float) -> None:
    rng, without = np.random.default_rng(0), 0
    compiled = compile(ELIMINATED, engine=engine, rtol=rtol, atol=rtol / 100, lower_atol=False)
    for _ in range(100):
        x0, half = 10 ** rng.uniform(-1, 1), 10 ** rng.uniform(-8, 0)
        theta = np.array([x0, x0 * rng.uniform(0.5, 3), half])
        found = compiled.simulate(theta)
        if found.ok:
            np.testing.assert_allclose(found.prediction, _eliminated(*theta), atol=100 * rtol * max(x0, 1.0))
        without += not found.ok
    assert without == 0 or engine == "diffsol"


def test_gradients_beyond_the_end_are_those_of_the_solution() -> None:
    compiled = compile(ELIMINATED, rtol=1e-8, atol=1e-10, lower_atol=False)
    for half in (1e-1, 1e-3, 1e-5):
        theta = np.array([2.0, 3.0, half])
        # x + k log(x) = x0 + k log(x0) - v t
        state = np.maximum(_eliminated(*theta), 1e-300)
        exact = (
            np.transpose([1 + half / 2.0 + 0 * state, -np.array(TIMES), np.log(2.0 / state)])
            / (1 + half / state)[:, None]
        )
        found = compiled.jacobian(theta)[0]
        np.testing.assert_allclose(found * theta, exact * theta, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(compiled.pullback(theta, np.ones(3), np.zeros(3)), found.sum(axis=0), rtol=1e-6)


LAWS = {
    "Hill, 2": (x**2 / (k**2 + x**2), 0.5),
    "Hill, 4": (x**4 / (k**4 + x**4), 0.5),
    "Hill, estimated exponent": (x**n / (k**n + x**n), 0.5),
    "one minus": (1 - k / (k + x), 0.5),
    "two of them": (0.5 * x / (k + x) + 0.5 * x / (k + x) * y / (k + y), 0.5),
    "a source that is as strong": (x / (k + x), 0.95),
    "a stronger source": (x / (k + x), 1.5),
    "a source that comes and goes": (x / (k + x), 0.8 * (1 + sp.sin(2 * TIME))),
}


@pytest.mark.parametrize("law", LAWS)
def test_saturated_rates_from_zero_and_to_zero(law: str) -> None:
    rate, source = LAWS[law]
    rates = {"x": q * source - v * rate, "y": v * rate - y}
    values = {"q": 1.0, "v": 1.0, "k": 1.0, "n": 2.0}
    times = [0.3, 1.0, 2.5, 6.0]
    function = sp.lambdify([x, y, *map(symbol, values), TIME], [rates["x"], rates["y"]], "math")
    compiled = {
        (start, rtol): compile(
            problem(
                network(rates, {"x": sp.Float(start), "y": sp.Float(0)}, values),
                times, estimated=values, observed=["x", "y"],
            ),
            engine="rodas5p", rtol=rtol, atol=rtol / 100, lower_atol=False,
        )
        for start in (0.0, 1e-15, 1.0) for rtol in (1e-3, 1e-6)
    }  # fmt: skip
    for half in (1e-2, 1e-4, 1e-6):
        theta = np.array([1.0, 1.0, half, 2.0])
        for (start, rtol), engine in compiled.items():
            solution = solve_ivp(
                lambda t, s, theta=theta: function(max(s[0], 0.0), max(s[1], 0.0), *theta, t),
                (0.0, 6.0), [start, 0.0], method="Radau", rtol=1e-9, atol=1e-12, t_eval=times, first_step=1e-9,
            )  # fmt: skip
            assert engine.simulate(theta).ok
            np.testing.assert_allclose(engine.states(theta)[0][:, :2], solution.y.T, atol=200 * rtol)


ROOTS = {
    "two tanks": sp.sign(x - y) * sp.sqrt(sp.Abs(x - y)),
    "two tanks, by cases": sp.Piecewise((sp.sqrt(x - y), x > y), (-sp.sqrt(y - x), True)),
    "one way": sp.sqrt(sp.Abs(x - y)),
    "third root": sp.Abs(x - y) ** sp.Rational(1, 3),
}


@pytest.mark.parametrize("flow", ROOTS)
def test_a_flow_whose_slope_has_no_bound_where_it_turns_does_not_stop_there(flow: str) -> None:
    values = {"q": 1.0, "v": 0.5, "k": 0.3}
    rates = {"x": -v * ROOTS[flow], "y": v * ROOTS[flow] + q - k * y}
    function = sp.lambdify([x, y, *map(symbol, values)], [rates["x"], rates["y"]], "numpy")
    with np.errstate(invalid="ignore"):
        exact = solve_ivp(
            lambda _, s: function(*s, *values.values()), (0.0, 4.0), [2.0, 0.5], method="DOP853", rtol=1e-11,
            max_step=0.005,
        ).y[:, -1]  # fmt: skip
    for rtol in (1e-4, 1e-6, 1e-8):
        compiled = compile(
            problem(network(rates, {"x": sp.Float(2), "y": sp.Float(0.5)}, values), [4.0], estimated=values),
            engine="rodas5p", rtol=rtol, atol=rtol / 100, lower_atol=False,
        )  # fmt: skip
        theta = np.array([*values.values()])
        if flow == "third root" and not compiled.simulate(theta).ok:
            continue  # at some tolerances it turns back and forth until the steps are used up, and says so
        np.testing.assert_allclose(compiled.states(theta)[0][-1, :2], exact, atol=300 * rtol)


def test_states_that_may_be_negative_are_left_alone() -> None:
    """An oscillator's cross zero and are driven on by their own rate; unstable growth below zero is growth."""
    van_der_pol = {"x": y, "y": k * (1 - x**2) * y - x}
    values = {"k": 5.0}
    exact = solve_ivp(
        lambda _, s: [s[1], 5.0 * (1 - s[0] ** 2) * s[1] - s[0]], (0.0, 30.0), [2.0, 0.0], method="Radau", rtol=1e-10,
        atol=1e-12, t_eval=[7.0, 11.0, 30.0],
    ).y.T  # fmt: skip
    start = {"x": sp.Float(2), "y": sp.Float(0)}
    compiled = compile(
        problem(network(van_der_pol, start, values), [7.0, 11.0, 30.0], estimated=values, observed=["x"]),
        engine="rodas5p", rtol=1e-8, atol=1e-10, lower_atol=False,
    )  # fmt: skip
    np.testing.assert_allclose(compiled.states(np.array([5.0]))[0], exact, atol=1e-5)
    growth = problem(network({"x": x * k}, {"x": sp.Float(-1)}, values), [1.0], estimated=values, observed=["x"])
    grown = compile(growth, engine="rodas5p").simulate(np.array([2.0]))
    assert grown.prediction[0] == pytest.approx(-np.exp(2.0), rel=1e-5)


def test_a_constant_loss_that_nothing_stops_goes_below_zero_as_it_says() -> None:
    loss = problem(network({"x": -k}, {"x": sp.Float(1)}, {"k": 2.0}), [1.0], estimated={"k": 2.0}, observed=["x"])
    found = compile(loss, engine="rodas5p").simulate(np.array([2.0]))
    assert Outcome(found.outcome[0]) is Outcome.OK
    assert found.prediction[0] == pytest.approx(-1.0)


def test_denominators_are_sums_that_no_concentration_makes_zero() -> None:
    rates = [v * x / (k + x), x / (k**2 + x**2 + x * y), 1 / (1 + k / x), x / (x - k), 1 / (1 + k)]
    found = denominators(map(plain, rates), [x, y])
    assert {*found} == {k + x, k**2 + x**2 + x * y}
