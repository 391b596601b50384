"""Quotients of two that vanish together: value, gradient and curvature at 0 / 0, beside it and far from it."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import sympy as sp

from il6infer.engine import Outcome, compile
from il6infer.network.derivatives import derivative
from il6infer.network.functions import plain
from il6infer.network.network import symbol
from il6infer.network.removable import removable
from il6infer.runs.numeric import Function
from tests.zoo.systems import network, problem

u, a, b, t = (symbol(name) for name in ("u", "a", "b", "t"))
GHK = u / (sp.exp(u) - 1)
LANGEVIN = sp.coth(u) - 1 / u
TWICE = sp.sinh(sp.tanh(u) / u) * u / sp.tanh(u)

QUOTIENTS = {
    "u / (exp(u) - 1)": GHK,
    "u / (1 - exp(-u))": u / (1 - sp.exp(-u)),
    "(exp(u) - 1) / u": (sp.exp(u) - 1) / u,
    "of a voltage in mV": 0.1 * (25 - u) / (sp.exp((25 - u) / 10) - 1),
    "of a voltage in tenths": (2.5 - 0.1 * u) / (sp.exp(2.5 - 0.1 * u) - 1),
    "a current": a * u * (3 - 2 * sp.exp(-u * b)) / (1 - sp.exp(-u * b)),
    "times a constant": (a * sp.exp(u) - a) / (b * u),
    "two exponentials": (sp.exp(a + u) - sp.exp(a)) / u,
    "(1 - exp(-u t)) / u": (1 - sp.exp(-u * t)) / u,
    "Bateman": a / (a - u) * (sp.exp(-u * t) - sp.exp(-a * t)),
    "Bateman, rates the other way round": a / (u - a) * (sp.exp(-a * t) - sp.exp(-u * t)),
    "sinh": sp.sinh(u) / u,
    "u / sinh": u / sp.sinh(u),
    "u csch": u * sp.csch(u),
    "tanh": sp.tanh(u * a) / u,
    "u coth": u * sp.coth(u),
    "sin": sp.sin(u) / u,
    "u / tan": u / sp.tan(u),
    "log": sp.log(u) / (u - 1),
    "(u - 1) / log": (u - 1) / sp.log(u),
    "two functions": sp.tanh(u) / sp.sinh(2 * u),
    "two functions, one far faster": sp.tanh(u) / sp.sinh(40 * u),
    "two functions, one far slower": sp.sinh(40 * u) / sp.tanh(u),
    "a logarithm and an exponential": sp.log(1 + u) / (sp.exp(u) - 1),
    "an exponential and a logarithm": (sp.exp(3 * u) - 1) / sp.log(1 + u),
    "powers": (u**t - a**t) / (u - a),
    "powers of an estimated exponent": (u**b - a**b) / (a - u),
    "powers over squares": (u**b - a**b) / (u**2 - a**2),
    "cubes": (u**3 - a**3) / (u - a),
    "an exponent that is small": (b**u - 1) / u,
    "base 2": (2**u - 1) / u,
    "root": (sp.sqrt(1 + u) - 1) / u,
    "logarithmic mean": (u - a) / sp.log(u / a),
    "logarithmic mean of two logarithms": (a - u) / (sp.log(a) - sp.log(u)),
    "log of a ratio": sp.log(u / a) / (u - a),
    "cos": (1 - sp.cos(u)) / u**2,
    "cosh": a * (sp.cosh(u * b) - 1) / u,
    "arcsin": sp.asin(u) / u,
    "arctan": sp.atan(a * u) / u,
    "arcsinh": u / sp.asinh(u),
    "arctanh": sp.atanh(u) / u,
    "poles that cancel": sp.coth(u) - 1 / u,
    "poles that cancel, of a product": a / (b * u) - a / (sp.exp(b * u) - 1),
    "poles that cancel beside a function of a series": sp.exp(LANGEVIN) / u - sp.coth(u),
    "poles that cancel beside a quotient": GHK * sp.exp(u) / u - 1 / u,
    "second order": (sp.exp(-u * t) - 1 + u * t) / u**2,
    "third order": (u - sp.sin(u)) / u**3,
    "two in each other": TWICE,
    "three in each other": (sp.exp(b * TWICE) - 1) / TWICE,
    "four in each other": sp.log(1 + GHK * TWICE) / sp.sin(TWICE * GHK),
    "a root of a function": sp.sin((sp.sqrt(sp.sinh(sp.atan(u)) + 1) - 1) / sp.sinh(sp.atan(u))),
    "of a function over itself": (sp.exp(sp.sin(u)) - 1) / sp.sin(u),
    "a common symbol": sp.exp(u / (b * u - a * u)) * u**2 / (a * u**3 - u**2),
    "two pairs": u**2 / (sp.sin(a * u) * sp.tan(u)),
    "three pairs": u * (sp.exp(a * u) - 1) * sp.log(1 + u) / (sp.sin(u) ** 2 * sp.tanh(b * u)),
    "square": (u / (sp.exp(u) - 1)) ** 2,
    "within a rate": b + a / (1 + u / (sp.exp(u) - 1)),
}  # fmt: skip
"""Functions of u; each is 0 / 0 at `AT`, or 0."""

MILLIVOLTS = (25 - u) / (sp.exp((25 - u) / 10) - 1) / 10
QUICK = (
    "u / (exp(u) - 1)",
    "of a voltage in tenths",
    "Bateman",
    "powers of an estimated exponent",
    "second order",
    "poles that cancel beside a function of a series",
)
TRUE = {"of a voltage in mV": MILLIVOLTS, "of a voltage in tenths": MILLIVOLTS}
"""Without the rounding of decimal numbers."""

VALUES = {a: 0.75, b: 1.25, t: 2.0}
AT = {"of a voltage in mV": 25.0, "of a voltage in tenths": 25.0, "Bateman": 0.75, "log": 1.0, "(u - 1) / log": 1.0}
AT["Bateman, rates the other way round"] = 0.75
AT |= dict.fromkeys(
    ("powers", "powers of an estimated exponent", "powers over squares", "cubes", "log of a ratio"), 0.75
)
AT |= dict.fromkeys(("logarithmic mean", "logarithmic mean of two logarithms"), 0.75)
DISTANCES = (0.0, 1e-12, -1e-7, 1e-4, -0.03, 0.11, -0.45, 0.6)


def _truth(f: Callable, at: float) -> list[float]:
    """Value, slope and curvature, from differences of 300 digits."""
    with mpmath.workdps(300):
        h, beside = mpmath.mpf(10) ** -25, mpmath.mpf(10) ** -45
        # At 0 / 0 itself, from both sides.
        below, value, above = ((f(x + beside) + f(x - beside)) / 2 for x in (at - h, mpmath.mpf(at), at + h))
        return [float(value), float((above - below) / (2 * h)), float((above - 2 * value + below) / h**2)]


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in QUOTIENTS]
)
def test_a_quotient_of_two_that_vanish_has_value_slope_and_curvature(name: str) -> None:
    written = plain(QUOTIENTS[name]).xreplace({s: sp.Float(v) for s, v in VALUES.items()})
    slope = derivative(written, u)
    derivatives = Function([u], [written, slope, derivative(slope, u)])
    exact: Callable = sp.lambdify(
        u, TRUE.get(name, QUOTIENTS[name]).xreplace({s: sp.Rational(v) for s, v in VALUES.items()}), "mpmath"
    )
    for distance in DISTANCES:
        at = AT.get(name, 0.0) + distance
        message = f"{name} at {at!r}"
        np.testing.assert_allclose(derivatives([at]), _truth(exact, at), rtol=1e-9, atol=1e-10, err_msg=message)


def test_what_is_no_quotient_of_two_that_vanish_is_left_alone() -> None:
    for e in (u / (sp.exp(u) + 1), u / (sp.exp(u) - 2), u * (sp.exp(u) - 1), sp.sin(u) / (u - 1), u / a, sp.exp(u)):
        assert removable(e) is e
    assert removable(removable(GHK)) == removable(GHK) != GHK


@pytest.mark.parametrize("engine", ["rodas5p", pytest.param("diffsol", marks=pytest.mark.slow)])
def test_a_rate_that_runs_through_zero_over_zero(engine: str) -> None:
    """v' = -v from 1e-6 and through 0: n' = v / (exp(v) - 1), which is 1 - v/2 there, and its slopes by v(0)."""
    v, n, start, by = map(symbol, ("v", "n", "start", "by"))
    net = network({"v": -v + 0 * n, "n": by * v / (sp.exp(v * by) - 1)}, {"v": start}, {"start": 1e-6, "by": 1.0})
    times = np.array([0.0, 1.0, 3.0])
    compiled = compile(problem(net, times, estimated={"start": 1e-6, "by": 1.0}), engine=engine, rtol=1e-8, atol=1e-12)
    found = compiled.simulate(np.array([1e-6, 1.0]))
    assert Outcome(found.outcome[0]) is Outcome.OK
    gone = 1 - np.exp(-times)
    exact = np.column_stack([1e-6 * np.exp(-times), times - 0.5e-6 * gone])
    np.testing.assert_allclose(found.prediction.reshape(-1, 2), exact, rtol=1e-7, atol=1e-11)
    slopes = compiled.jacobian(np.array([1e-6, 1.0]))[0][:, 0].reshape(-1, 2)
    np.testing.assert_allclose(slopes, np.column_stack([np.exp(-times), -0.5 * gone]), rtol=1e-5, atol=1e-9)
