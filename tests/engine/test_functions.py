"""Each function of a formula in a rate: value, gradient and curvature, in both engines and against Python's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad

from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.network.functions import BY_NAME, FUNCTIONS, plain
from il6infer.network.network import symbol
from il6infer.runs.numeric import Function
from il6infer.runs.time_scale import step_limits
from tests.zoo.systems import network, problem

x, s, k = symbol("x"), symbol("s"), symbol("k")

# Name -> the same by other means, and what the argument passes through.
REFERENCE = {
    "exp": (math.exp, -2, 2), "ln": (math.log, 0.2, 3), "sin": (math.sin, -3, 3), "cos": (math.cos, -3, 3),
    "tan": (math.tan, -1.3, 1.3), "arcsin": (math.asin, -0.9, 0.9), "arccos": (math.acos, -0.9, 0.9),
    "arctan": (math.atan, -4, 4), "sinh": (math.sinh, -2, 2), "cosh": (math.cosh, -2, 2), "tanh": (math.tanh, -2, 2),
    "arcsinh": (math.asinh, -3, 3), "arccosh": (math.acosh, 1.2, 4), "arctanh": (math.atanh, -0.8, 0.8),
    "floor": (math.floor, -1.7, 2.6), "ceiling": (math.ceil, -1.7, 2.6), "abs": (abs, -1, 2),
    "sign": (lambda u: float(np.sign(u)), -1, 2), "factorial": (lambda u: math.gamma(u + 1), -0.5, 6),
    "sec": (lambda u: 1 / math.cos(u), -1, 1.2), "csc": (lambda u: 1 / math.sin(u), 0.4, 2.5),
    "cot": (lambda u: 1 / math.tan(u), 0.4, 2.5), "sech": (lambda u: 1 / math.cosh(u), -2, 2),
    "csch": (lambda u: 1 / math.sinh(u), 0.5, 2), "coth": (lambda u: 1 / math.tanh(u), 0.5, 2),
    "arcsec": (lambda u: math.acos(1 / u), 1.2, 4), "arccsc": (lambda u: math.asin(1 / u), 1.2, 4),
    "arccot": (lambda u: math.atan(1 / u), 0.2, 4), "arcsech": (lambda u: math.acosh(1 / u), 0.2, 0.9),
    "arccsch": (lambda u: math.asinh(1 / u), 0.3, 3), "arccoth": (lambda u: math.atanh(1 / u), 1.3, 4),
    "max": (lambda u: max(u, 0.3, 2 * u), -1, 2), "min": (lambda u: min(u, 0.3, 2 * u), -1, 2),
    "root": (lambda u: math.copysign(abs(u) ** (1 / 3), u), -2, -0.2), "log": (lambda u: math.log(u, 3), 0.2, 3),
    "power": (lambda u: u**1.7, 0.2, 3), "quotient": (lambda u: math.trunc(u / 0.7), -2, 3),
    "rem": (lambda u: math.fmod(u, 0.7), -2, 3),
}  # fmt: skip
ARGUMENTS = {
    "max": lambda u: (u, 0.3, 2 * u), "min": lambda u: (u, 0.3, 2 * u), "root": lambda u: (sp.Integer(3), u),
    "log": lambda u: (sp.Integer(3), u), "power": lambda u: (u, sp.Float(1.7)),
    "quotient": lambda u: (u, sp.Float(0.7)), "rem": lambda u: (u, sp.Float(0.7)),
}  # fmt: skip
STEPS = {"floor", "ceiling", "sign", "quotient", "rem"}
NOT_IN_DIFFSOL = {"floor", "ceiling", "quotient", "rem"}
START, END = 0.2, 0.9


def _applied(name: str, argument: sp.Expr) -> sp.Expr:
    arguments = ARGUMENTS.get(name, lambda u: (u,))(argument)
    return BY_NAME[name].make(*map(sp.sympify, arguments))


def _argument(name: str, at: sp.Expr) -> sp.Expr:
    """Of a function: through its interval as `at` goes from 0 to 1."""
    _, low, high = REFERENCE[name]
    return low + (high - low) * at


def _exact(name: str, start: float, scale: float) -> float:
    """Integral of the function from `start` on for END - START, its argument multiplied by `scale`."""
    f, low, high = REFERENCE[name]

    def rate(at: float) -> float:
        return f(low + (high - low) * scale * at)

    places = np.linspace(low, high, 401)
    jumps = [_jump(f, a, b) for a, b in pairwise(places) if name in STEPS and abs(f(b) - f(a)) > 0.3]
    points = [(u - low) / (high - low) / scale for u in (*jumps, 0.0, 0.15, 0.3)]
    end = start + END - START
    inside = sorted(p for p in points if start < p < end)
    edges = [start, *inside, end]
    return sum(quad(rate, a + 1e-11, b - 1e-11, epsabs=1e-10)[0] for a, b in pairwise(edges))


def _jump(f: Callable[[float], float], a: float, b: float) -> float:
    left = f(a)
    while b - a > 1e-12:
        middle = (a + b) / 2
        a, b = (middle, b) if abs(f(middle) - left) < 0.1 else (a, middle)
    return b


def test_every_function_of_the_table_is_walked() -> None:
    assert {row.name for row in FUNCTIONS} == REFERENCE.keys()


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_the_longest_step_knows_how_fast_every_function_makes_an_exponent_change(name: str) -> None:
    """Root's second derivative along a run was an unknown symbol in generated code."""
    f, low, high = REFERENCE[name]
    limits = step_limits(network({"x": _applied(name, x), "z": sp.exp(1 - x)}, {"x": 1.0}))
    values = Function([x], limits.values)
    for u in np.linspace(low, high, 5)[:-1] + 0.0123 * (high - low):
        step = 1e-6 * (high - low)
        along = -f(u) * (f(u + step) - f(u - step)) / (2 * step)
        expected = [1 - u, -f(u), *([] if name in STEPS else [along])]
        np.testing.assert_allclose(values(np.array([u]))[: len(expected)], expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_value_slope_and_curvature_of_the_plain_form(name: str) -> None:
    f, low, high = REFERENCE[name]
    e = plain(_applied(name, x))
    numeric = Function([x], [e, e.diff(x)])
    for u in np.linspace(low, high, 7)[:-1] + 0.0123 * (high - low):
        at = np.array([u])
        np.testing.assert_allclose(numeric(at)[0], f(u), rtol=1e-13, atol=1e-14)
        slopes = numeric.jacobian(at)[:, 0]
        step = 1e-5 * max(1.0, abs(u)) * np.array([1.0])
        expected = (numeric(at + step) - numeric(at - step)) / (2 * step)
        np.testing.assert_allclose(slopes, expected, rtol=1e-6, atol=1e-7)


@pytest.fixture(
    scope="module",
    params=[("rodas5p", 1), ("diffsol", 5), pytest.param(("diffsol", 1), marks=pytest.mark.slow)],
    ids=["rodas5p", "diffsol, every fifth", "diffsol"],
)
def all_functions(request: pytest.FixtureRequest):
    """One system with a state for each function: x' = 1 from k, y' = f(s x); diffsol takes half a minute for all."""
    engine, every = request.param
    names = sorted(REFERENCE)[::every]
    rates = {"x": sp.Integer(1)} | {f"y_{n}": _applied(n, _argument(n, s * x)) for n in names}
    asked = problem(
        network(rates, {"x": k}, {"k": START, "s": 1.0}), [END - START], estimated={"k": START, "s": 1.0},
        observed=[f"y_{n}" for n in names],
    )  # fmt: skip
    return names, compile(asked, engine=engine, rtol=1e-9, atol=1e-11, lower_atol=False)


def test_rates_of_all_functions_are_integrated(all_functions) -> None:
    names, engine = all_functions
    found = engine.simulate(np.array([START, 1.0])).prediction
    expected = [_exact(n, START, 1.0) for n in names]
    for name, value, right in zip(names, found, expected, strict=True):
        assert value == pytest.approx(right, rel=1e-6, abs=1e-6), name


def test_gradients_of_all_functions_are_right(all_functions) -> None:
    names, engine = all_functions
    theta, size = np.array([START, 1.0]), len(names)
    rows, _ = engine.jacobian(theta)
    for n, name in enumerate(names):
        expected = [
            (_exact(name, START + d, 1.0 + e) - _exact(name, START - d, 1.0 - e)) / (2 * (d + e))
            for d, e in ((1e-4, 0.0), (0.0, 1e-4))
        ]
        adjoint = engine.pullback(theta, np.eye(size)[n], np.zeros(size))
        np.testing.assert_allclose(adjoint, expected, rtol=1e-4, atol=1e-5, err_msg=name)
        np.testing.assert_allclose(rows[n], adjoint, rtol=1e-6, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("name", sorted(NOT_IN_DIFFSOL))
def test_what_diffsol_has_not_is_refused_with_a_way_that_works(name: str) -> None:
    """Steps of states and the time are counted by events; those of an estimated parameter stay as they are."""
    rate = x * _applied(name, k)
    with pytest.raises(UserError) as error:
        compile(problem(network({"x": rate}, {"x": 0.5}, {"k": 1.0}), [1.0], estimated={"k": 1.0}), engine="diffsol")
    # Ceiling, quotient and rem are made of floor.
    assert str(error.value) == "engine diffsol cannot do the function floor. Use engine rosenbrock."


EDGES = {
    "abs": [(0, 0), (-3, 3)], "sign": [(0, 0), (-3, -1)], "floor": [(2, 2), (-2, -2), (-0.5, -1)],
    "ceiling": [(2, 2), (-0.5, 0)],
    "factorial": [(0, 1), (1, 1), (150, float(math.factorial(150))), (-1, math.inf), (-2, math.nan)],
    "ln": [(0, -math.inf), (-1, math.nan)], "arccot": [(0, math.pi / 2), (-0.5, math.atan(-2)), (1e10, 1e-10)],
    "arccosh": [(1, 0), (0.5, math.nan)], "arcsin": [(1, math.pi / 2), (2, math.nan)], "coth": [(800, 1)],
    "root": [(-8, -2), (0, 0), (8, 2)], "power": [(0, 0), (-1, math.nan)], "max": [(0, 0.3), (math.nan, math.nan)],
    "min": [(0, 0), (math.nan, math.nan)], "quotient": [(0, 0), (-1, -1), (1.5, 2)], "rem": [(0, 0), (-1, -0.3)],
    "sech": [(800, 0)], "tanh": [(800, 1)], "arctanh": [(1, math.inf)],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(EDGES))
def test_values_at_the_edges(name: str) -> None:
    numeric = Function([x], [_applied(name, x)])
    for at, right in EDGES[name]:
        np.testing.assert_allclose(numeric(np.array([float(at)])), [right], rtol=2e-13, atol=1e-15, err_msg=f"{at}")
