"""Powers where a concentration reaches zero: an infinite rate is an outcome, never a number."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import Outcome, compile
from il6infer.engine.diffsl import source
from il6infer.network.network import symbol
from il6infer.problems.spec import Experiment, Period
from il6infer.runs.precompute import decided
from tests.zoo.systems import network, problem
from tests.zoo.texts import from_antimony

x, y, n, k = symbol("x"), symbol("y"), symbol("n"), symbol("k")


def test_zero_to_a_negative_power_is_no_number() -> None:
    net = network({"x": sp.Integer(0), "y": x**-n}, {"x": k}, {"n": 0.5, "k": 1.0})
    engine = compile(problem(net, [2.0], estimated={"n": 0.5, "k": 1.0}))
    good, infinite = engine.simulate(np.array([0.5, 4.0])), engine.simulate(np.array([0.5, 0.0]))
    np.testing.assert_allclose(good.prediction, [4.0, 1.0])  # y = t / sqrt(4)
    assert [Outcome(o) for o in infinite.outcome] == [Outcome.NON_FINITE]
    assert np.isneginf(engine.log_likelihood(np.array([0.5, 0.0]))).all()
    assert engine.failures()["non_finite"] == 2


def test_an_inhibition_by_a_negative_power_keeps_its_limit_and_its_gradient() -> None:
    """1 / (1 + x^-n) is 0 where x is 0, and so is its slope in n."""
    net = network({"x": sp.Integer(0), "y": 1 / (1 + x**-n) + k}, {}, {"n": 2.5, "k": 0.5})
    engine = compile(problem(net, [2.0], estimated={"n": 2.5, "k": 0.5}))
    theta = np.array([2.5, 0.5])
    np.testing.assert_allclose(engine.simulate(theta).prediction, [0.0, 1.0], atol=1e-12)
    gradient = engine.pullback(theta, np.array([0.0, 1.0]), np.zeros(2))
    assert gradient == pytest.approx([0.0, 2.0], abs=1e-12)


@pytest.mark.slow
def test_powers_of_parameters_follow_what_conditions_make_of_them():
    """K**h is computed once a segment: a condition that changes K or h changes it, and its derivatives."""
    x, big, h, k = (symbol(n) for n in ("x", "big", "h", "k"))
    net = network({"x": big**h / (1 + big**h) * sp.exp(-k) - k * x}, {}, {"big": 2.0, "h": 1.5, "k": 0.3})
    changed = Experiment(
        "e", (Period(0.0), Period(2.0, {"big": 3 * big, "h": sp.Float(0.7)}), Period(4.0, {"k": h / 2}))
    )
    asked = problem(net, [1.0, 3.0, 7.0], [changed], {"big": 2.0, "h": 1.5, "k": 0.3})
    engine = compile(asked, engine="rodas5p", rtol=1e-11, atol=1e-13)
    theta = np.array([2.0, 1.5, 0.3])

    def exact(theta: np.ndarray) -> np.ndarray:
        big, h, k = theta
        found, level, start = [], 0.0, 0.0
        for end, b, n, rate in ((1.0, big, h, k), (2.0, big, h, k), (3.0, 3 * big, 0.7, k), (4.0, 3 * big, 0.7, k),
                                (7.0, 3 * big, 0.7, 0.35)):  # fmt: skip
            rest = b**n / (1 + b**n) * np.exp(-rate) / rate
            level = rest + (level - rest) * np.exp(-rate * (end - start))
            start = end
            found.append(level)
        return np.array(found)[[0, 2, 4]]

    np.testing.assert_allclose(engine.simulate(theta).prediction, exact(theta), rtol=1e-9)
    slopes = [(exact(theta + d) - exact(theta - d)) / 2e-5 for d in 1e-5 * np.eye(3)]
    rows = [engine.pullback(theta, row, 0 * row) for row in np.eye(3)]
    np.testing.assert_allclose(rows, np.transpose(slopes), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(engine.jacobian(theta)[0], rows, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(("base", "power"), [(-2.0, 0.5), (0.0, -0.5)])
def test_a_power_of_parameters_that_is_no_number_makes_the_run_fail(base, power):
    x, b, n = symbol("x"), symbol("b"), symbol("n")
    net = network({"x": b**n - x}, {}, {"b": base, "n": power})

    for estimated in ({}, {"b": base, "n": power}):
        engine = compile(problem(net, [1.0], estimated=dict.fromkeys(estimated, 1.0)), engine="rodas5p")
        outcome = engine.simulate(np.array([*estimated.values()], dtype=float)).outcome
        assert [Outcome(o) for o in outcome] == [Outcome.NON_FINITE]


def test_powers_of_negative_bases_and_of_zero_with_exponents_that_are_parameters():
    """y' = x^n: its value where n is whole, its slope in x, and none in n, since x^(n + d) is no real number."""
    start = symbol("x0")
    net = network({"x": sp.Integer(0), "y": x**n}, {"x": start}, {"n": 2.0, "x0": 1.0})
    engine = compile(problem(net, [1.0], estimated={"n": 2.0, "x0": 1.0}, observed=["y"]), engine="rodas5p")
    for exponent, base, value, slope in (
        (2.0, -1.5, 2.25, -3.0), (3.0, -1.5, -3.375, 6.75), (0.0, -2.0, 1.0, 0.0), (-1.0, -2.0, -0.5, -0.25),
    ):  # fmt: skip
        theta = np.array([exponent, base])
        np.testing.assert_allclose(engine.simulate(theta).prediction, [value], rtol=1e-12)
        gradient = engine.pullback(theta, np.ones(1), np.zeros(1))
        assert np.isnan(gradient[0])
        assert gradient[1] == pytest.approx(slope)
    for exponent, value, slope in ((0.0, 1.0, 0.0), (1.0, 0.0, 1.0), (2.0, 0.0, 0.0), (2.5, 0.0, 0.0)):
        theta, by_exponent = np.array([exponent, 0.0]), 0.0 if exponent else np.nan
        np.testing.assert_allclose(engine.simulate(theta).prediction, [value], atol=1e-15)
        np.testing.assert_allclose(engine.pullback(theta, np.ones(1), np.zeros(1)), [by_exponent, slope], atol=1e-15)
        # A forward sensitivity that is no number spoils the others of its state.
        forward = [by_exponent, slope if exponent else np.nan]
        np.testing.assert_allclose(engine.jacobian(theta)[0], [forward], atol=1e-15)
    assert [Outcome(o) for o in engine.simulate(np.array([2.5, -1.0])).outcome] == [Outcome.NON_FINITE]


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
@pytest.mark.parametrize(
    ("base", "exponent", "value"), [(-2.0, 3.0, -16.0), pytest.param(-2.0, 2.0, 8.0, marks=pytest.mark.slow)]
)
@pytest.mark.slow
def test_the_slope_by_an_exponent_whose_base_has_none_is_no_number(
    engine: str, base: float, exponent: float, value: float
) -> None:
    """(-2)^n is a number at whole n alone; the slope by what adds to it is 1 a time."""
    net = network({"x": sp.Integer(0), "y": x**n + k}, {"x": base}, {"n": exponent, "k": 0.0})
    compiled = compile(problem(net, [2.0], estimated={"n": 1.0, "k": 1.0}, observed=("y",)), engine=engine)
    theta, one = np.array([exponent, 0.0]), np.ones(1)
    assert compiled.simulate(theta).prediction == pytest.approx([value], rel=1e-6)
    for found in (compiled.pullback(theta, one, 0 * one), compiled.jacobian(theta)[0][0]):
        assert np.isnan(found[0])
    assert compiled.pullback(theta, one, 0 * one)[1] == pytest.approx(2.0, rel=1e-5)


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
def test_the_slope_by_an_exponent_is_zero_where_the_base_is(engine: str) -> None:
    net = network({"x": sp.Integer(0), "y": x**n + k}, {"x": 0.0}, {"n": 2.0, "k": 1.0})
    compiled = compile(problem(net, [2.0], estimated={"n": 2.0, "k": 1.0}, observed=("y",)), engine=engine)
    np.testing.assert_allclose(compiled.jacobian(np.array([2.0, 1.0]))[0], [[0.0, 2.0]], atol=1e-6)


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
def test_zero_to_an_exponent_that_is_zero_has_no_slope_by_it_wherever_it_stands(engine: str) -> None:
    """In a rate, in a read-out, and as a power of parameters alone."""
    for net in (
        network({"x": sp.Integer(0), "y": x**n + k}, {"x": 0.0}, {"n": 0.0, "k": 1.0}),
        network({"y": k}, {"y": symbol("b") ** n}, {"n": 0.0, "k": 1.0, "b": 0.0}),
    ):
        compiled = compile(problem(net, [2.0], estimated={"n": 1.0, "k": 1.0}, observed=("y",)), engine=engine)
        theta, one = np.array([0.0, 1.0]), np.ones(1)
        assert np.isnan(compiled.jacobian(theta)[0][0, 0])
        found = compiled.pullback(theta, one, 0 * one)
        assert np.isnan(found[0])
        if engine == "rodas5p":  # in forward sensitivities, what is no number spoils the others
            assert found[1] == pytest.approx(2.0)


def test_conditions_of_parameters_alone_are_decided_before_diffsol_sees_them() -> None:
    """Its compiler ends the process at some of them, such as 1 - (1 - heaviside(p))."""
    rate = sp.Piecewise((k, sp.Or(n > 2, k >= 5)), (2 * k, n > 1), (3 * k, True))
    asked = problem(network({"y": rate}, {}, {"n": 1.5, "k": 1.0}), [2.0], estimated={"n": 1.5, "k": 1.0})
    for engine in ("diffsol", "rodas5p"):
        compiled = compile(asked, engine=engine)
        for at, level in ((2.5, 1.0), (1.5, 2.0), (0.5, 3.0)):
            theta = np.array([at, 1.0])
            assert compiled.simulate(theta).prediction == pytest.approx([2 * level], rel=1e-6)
            np.testing.assert_allclose(compiled.jacobian(theta)[0], [[0.0, 2 * level]], rtol=1e-5, atol=1e-9)
    assert "heaviside" not in source(decided(asked))


@pytest.mark.parametrize("engine", ["diffsol", "rodas5p"])
@pytest.mark.parametrize(
    "law",
    ["S^50/((1e-9)^50 + S^50)", "(S/1e-9)^50/(1 + (S/1e-9)^50)", "1/(1 + (1e-9/S)^50)", "1 - 1/(1 + (S/1e-9)^50)"],
)
def test_a_power_of_a_molar_constant_is_no_number_in_floating_point_and_the_law_is(law: str, engine: str) -> None:
    """1e-9 to the 50th is 0 there, and its reciprocal infinite: no value, or a traceback."""
    for concentration, expected in ((5e-10, 2.0**-50), (1e-9, 0.5), (2e-9, 1.0)):
        net = from_antimony(f"model m; species S = {concentration}; S' = 0; y' = k*({law}); y = 0; k = 1; end")
        asked = problem(net, [1.0], estimated={"k": 1.0}, observed=["y"])
        found = compile(asked, engine=engine, rtol=1e-9, atol=1e-13).simulate(np.ones(1))
        np.testing.assert_allclose(found.prediction, [expected], rtol=1e-8, atol=1e-12)
