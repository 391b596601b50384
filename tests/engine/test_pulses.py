"""Pulses of rates in time, from rest: none is stepped over, whenever it comes and however short it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
from scipy.special import erf, hyp2f1

from il6infer.engine import RosenbrockEngine
from il6infer.network.graphs import exponential, replaced
from il6infer.network.network import TIME, symbol
from tests.zoo.systems import network, problem

s, w = symbol("s"), symbol("w")
z = (TIME - s) / w
END = 1000.0
TIMES = np.linspace(0.0, END, 11)[1:]


def _triangle(z: np.ndarray) -> np.ndarray:
    z = np.clip(z, -1, 1)
    return np.where(z < 0, (1 + z) ** 2 / 2, 1 - (1 - z) ** 2 / 2)


def _eighth(z: np.ndarray) -> np.ndarray:
    z = np.clip(z, -1e3, 1e3)
    return z * hyp2f1(1 / 8, 1, 9 / 8, -(z**8))


def _logistic(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(z, -700, 700)))


# Shape of the pulse, its integral from -infinity but for a constant.
SHAPES: dict[str, tuple[sp.Expr, Callable[[np.ndarray], np.ndarray]]] = {
    "gaussian": (sp.exp(-(z**2) / 2), lambda z: np.sqrt(np.pi / 2) * erf(z / np.sqrt(2))),
    "triangle": (sp.Max(0, 1 - sp.Abs(z)), _triangle),
    "lorentzian": (1 / (1 + z**2), np.arctan),
    "logistic": (1 / (1 + sp.exp(-z)) / (1 + sp.exp(z)), _logistic),
    "hyperbolic": (1 / sp.cosh(z) ** 2, np.tanh),
    "secant": (sp.sech(z) ** 2, np.tanh),
    "window": (sp.Piecewise((1, sp.Abs(z) < 1), (0, True)), lambda z: np.clip(z, -1, 1)),
    "square": (sp.Piecewise((1, z**2 < 1), (0, True)), lambda z: np.clip(z, -1, 1)),
    "product": (sp.Piecewise((1, (1 - z) * (1 + z) > 0), (0, True)), lambda z: np.clip(z, -1, 1)),
    "parabola": (sp.Max(0, 1 - z**2), lambda z: np.clip(z, -1, 1) - np.clip(z, -1, 1) ** 3 / 3),
    "eighth power": (1 / (1 + z**8), _eighth),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_pulse_of_any_width_down_to_a_ten_millionth_of_the_time_is_seen(shape: str) -> None:
    """By a rate of area 1 or so; exp and cosh overflow far from a pulse, where the rate is 0."""
    rate, integral = SHAPES[shape]
    asked = problem(network({"y": rate / w}, {}, {"s": 500.0, "w": 1.0}), TIMES, estimated={"s": 500.0, "w": 1.0})
    engine, rng = RosenbrockEngine(asked, rtol=1e-6, atol=1e-8, lower_atol=False), np.random.default_rng(1)
    for width in END * 10.0 ** -rng.uniform(0, 7, 300):
        start = rng.uniform(0, END)
        found = engine.simulate(np.array([start, width]))
        expected = integral((TIMES - start) / width) - integral(np.array(-start / width))
        np.testing.assert_allclose(found.prediction, expected, atol=1e-5)


@pytest.mark.parametrize(("shape", "area"), [("parabola", 4 / 3), ("triangle", 1.0), ("window", 2.0)])
def test_a_step_far_beyond_the_end_of_a_pulse_is_not_judged_by_what_is_there(shape: str, area: float) -> None:
    """The parabola beyond its zero is a billion times as large as the pulse; once 3.5 for 0.75, outcome ok."""
    rate = SHAPES[shape][0] / w - 0.001 * symbol("y")
    for rtol in (1e-4, 1e-7):
        asked = problem(network({"y": rate}, {}, {"s": 110.0, "w": 1.0}), [400.0], estimated={"s": 110.0, "w": 1.0})
        engine = RosenbrockEngine(asked, rtol=rtol, atol=rtol / 100)
        for width in 10.0 ** np.linspace(-6, -1, 26):
            found = engine.simulate(np.array([110.0, width]))
            assert found.prediction == pytest.approx([area * np.exp(-0.29)], rel=30 * rtol)


@pytest.mark.parametrize("shape", ["hyperbolic", "secant", "logistic", "gaussian", "eighth power", "two exponentials"])
def test_a_pulse_of_numbers_is_seen(shape: str) -> None:
    """SymPy makes exp(5000.0 - 10.0 t) a number that overflows times exp(-10 t): 0 everywhere, outcome ok."""
    rates = {name: rate for name, (rate, _) in SHAPES.items()}
    rates["two exponentials"] = sp.Piecewise((exponential(z), z < 0), (exponential(-z), True))
    for at in (TIME, symbol("clock")):
        rate = replaced(rates[shape], {TIME: at, s: sp.Float(500.0), w: sp.Float(0.1)}) / sp.Float(0.1)
        net = network({"y": rate, "clock": sp.Float(1)}, {}, {})
        engine = RosenbrockEngine(problem(net, [400.0, 1000.0], observed=["y"]), rtol=1e-6, atol=1e-8)
        area = {"gaussian": np.sqrt(2 * np.pi), "eighth power": np.pi / 4 / np.sin(np.pi / 8), "logistic": 1.0}
        assert engine.simulate(np.empty(0)).prediction == pytest.approx([0.0, area.get(shape, 2.0)], abs=1e-5)


@pytest.mark.parametrize("width", [0.05, 1e-3])
def test_a_pulse_that_a_decaying_state_brings_is_seen(width: float) -> None:
    """No clock, for its rate is not constant: exp(-z^2 / 2) of ln(c), at 500 where c' = -0.01 c; once 0, outcome ok."""
    c, k = symbol("c"), symbol("k")
    rate = sp.exp(-(((sp.log(c) + 5) / (0.01 * width)) ** 2) / 2) / width
    asked = problem(network({"y": rate, "c": -k * c}, {"c": 1.0}, {"k": 0.01}), [400.0, 600.0], estimated={"k": 0.01})
    found = RosenbrockEngine(asked, rtol=1e-8, atol=1e-10).simulate(np.array([0.01]))
    assert found.prediction.reshape(2, 2)[:, 0] == pytest.approx([0, np.sqrt(2 * np.pi)], abs=1e-4)


def test_a_power_with_a_parameter_of_a_state_that_counts_as_time() -> None:
    """Its size may not be real for SymPy, whose slope of it was in real and imaginary parts: a traceback."""
    c, n = symbol("c"), symbol("n")
    net = network({"y": c**n / (1 + c**n), "c": sp.Rational(3, 10)}, {"c": -1.0}, {"n": 2.0})
    found = RosenbrockEngine(problem(net, [5.0], estimated={"n": 2.0}), rtol=1e-8, atol=1e-10).simulate(np.array([2.0]))
    assert found.prediction == pytest.approx([5 - (np.arctan(0.5) + np.arctan(1)) / 0.3, 0.5])
