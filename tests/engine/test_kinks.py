"""Rates with a kink: the gradient must see where the run crosses it, at every tolerance and in each derivation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.special import expit

from il6infer.engine import Outcome, compile
from il6infer.network.network import symbol
from il6infer.problems.spec import Problem
from il6infer.runs.modes import with_modes
from tests.zoo.systems import network, problem

u, x, k, s = sp.Symbol("u", real=True), symbol("x"), symbol("k"), symbol("s")
START, END = 0.2, 0.7
THETA = np.array([START, 1.0])
ALONE = {"abs": sp.Abs(u), "max": sp.Max(u, 0), "min": sp.Min(u, 0)}
TOGETHER = {
    "max_of_three": sp.Max(u, 0.3, 2 * u), "nested": sp.Abs(sp.Max(u, -0.2) - 0.1), "arccot": sp.acot(u),
    "in_a_branch": sp.Piecewise((sp.Abs(u), u > -0.25), (u**2, True)),
}  # fmt: skip


def _asked(functions: Mapping[str, sp.Expr]) -> Problem:
    """A clock x' = 1 from k; for each function, a state that changes by its value at u = 3 s x - 1."""
    rates = {"x": sp.Integer(1)} | {name: f.xreplace({u: 3 * s * x - 1}) for name, f in functions.items()}
    net = network(rates, {"x": k}, {"k": START, "s": 1.0})
    return problem(net, [END], estimated={"k": START, "s": 1.0}, observed=[*functions])


def _exact(function: sp.Expr) -> tuple[float, list[float]]:
    """Integral of the function over x, and its derivatives by k and s, which need its values at the ends only."""
    ends = np.array([START, START + END])
    low, high = 3 * ends - 1
    area, _ = quad(sp.lambdify(u, function), low, high, points=[-0.25, -0.2, 0.0, 0.1, 0.15, 0.3], epsabs=1e-13)
    first, last = (float(function.xreplace({u: at})) for at in (low, high))
    return area / 3, [last - first, ends[1] * last - ends[0] * first - area / 3]


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
@pytest.mark.parametrize("name", ["abs", *(pytest.param(name, marks=pytest.mark.slow) for name in ("min", "max"))])
def test_gradient_across_one_kink_that_nothing_else_makes_steps_small_for(name: str, engine: str) -> None:
    value, slopes = _exact(ALONE[name])
    for rtol in (1e-5, 1e-8, 1e-11):
        found = compile(_asked({name: ALONE[name]}), engine=engine, rtol=rtol, atol=rtol / 100, lower_atol=False)
        within = {"rtol": max(20 * rtol, 1e-8), "err_msg": f"{rtol}"}
        np.testing.assert_allclose(found.simulate(THETA).prediction, [value], **within)
        np.testing.assert_allclose(found.pullback(THETA, np.ones(1), np.zeros(1)), slopes, **within)
        np.testing.assert_allclose(found.jacobian(THETA)[0][0], slopes, **within)


@pytest.mark.parametrize("engine", [pytest.param("rodas5p", marks=pytest.mark.slow), "diffsol"])
def test_gradient_across_kinks_in_each_other_and_in_branches(engine: str) -> None:
    found = compile(_asked(TOGETHER), engine=engine, rtol=1e-9, atol=1e-11)
    values, slopes = zip(*map(_exact, TOGETHER.values()), strict=True)
    size = len(TOGETHER)
    np.testing.assert_allclose(found.simulate(THETA).prediction, values, rtol=1e-7)
    np.testing.assert_allclose(found.jacobian(THETA)[0], slopes, rtol=1e-6)
    for n, name in enumerate(TOGETHER):
        adjoint = found.pullback(THETA, np.eye(size)[n], np.zeros(size))
        np.testing.assert_allclose(adjoint, slopes[n], rtol=1e-6, err_msg=name)


def test_a_kink_is_located_and_only_where_a_state_is_in_it() -> None:
    modes = with_modes(_asked(ALONE)).network.modes
    assert [(mode.function, mode.kink) for mode in modes] == [(s * x - sp.Rational(1, 3), True)] * len(modes)
    assert {mode.kink for mode in with_modes(_asked({"arccot": sp.acot(u)})).network.modes} == {False}
    of_parameters = _asked({"y": sp.Max(s, k) * u})
    left = with_modes(of_parameters).network
    assert (left.rhs, left.modes) == (of_parameters.network.rhs, ())


def test_the_larger_of_a_number_and_none_is_no_number() -> None:
    net = network({"x": sp.Integer(-1), "y": sp.Max(sp.log(x), -1)}, {"x": 0.5})
    engine = compile(problem(net, [1.0], observed=["y"]), engine="rodas5p")
    assert [Outcome(o) for o in engine.simulate(np.empty(0)).outcome] == [Outcome.NON_FINITE]


AT_POLES = {
    "tanh(s/u)": (sp.tanh(s / u), lambda u, s: np.tanh(s / u)),
    "logistic": (1 / (1 + sp.exp(s / u**3)), lambda u, s: expit(-s / u**3)),
    "arctan, and a pole that is nowhere": (
        u * sp.atan(1 / (u * s)) + sp.exp(s / (u - 2)),
        lambda u, s: u * np.arctan(1 / (u * s)) + np.exp(s / (u - 2)),
    ),
    "beside a series": (sp.tanh(sp.atan(u) / u**2), lambda u, s: np.tanh(np.arctan(u) / u**2)),
    "a series alone": (sp.exp(u / (sp.exp(u) - 1)), lambda u, s: np.exp(u / np.expm1(u)) if u else np.e),
    "no jump": (sp.exp(-s / u**2), lambda u, s: np.exp(-s / u**2)),
}


@pytest.mark.parametrize("name", [next(iter(AT_POLES)), *(pytest.param(n, marks=pytest.mark.slow) for n in AT_POLES)])
def test_a_bounded_function_of_a_pole_jumps_where_that_is(name: str) -> None:
    """u falls from 0.8 through 0: value and gradient against quadrature on both sides."""
    rate, exact_rate = AT_POLES[name]
    values = {"start": 0.8, "k": 1.0, "s": 0.5}
    net = network({"u": -k * (1 + u / 10), "y": rate}, {"u": symbol("start")}, values)
    engine = compile(problem(net, [2.0], estimated=values, observed=["y"]), rtol=1e-9, atol=1e-11, lower_atol=False)

    def exact(start: float, k: float, s: float) -> float:
        zero = 10 * np.log1p(start / 10) / k

        def at(t: float) -> float:
            return exact_rate((start + 10) * np.exp(-k * t / 10) - 10, s)

        return sum(quad(at, *side, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for side in ((0, zero), (zero, 2.0)))

    theta = np.array([*values.values()])
    found = engine.simulate(theta)
    assert Outcome(found.outcome[0]) is Outcome.OK
    assert found.prediction[0] == pytest.approx(exact(*theta), abs=1e-8)
    steps = 1e-5 * np.eye(3)
    slopes = [(exact(*(theta + h)) - exact(*(theta - h))) / 2e-5 for h in steps]
    np.testing.assert_allclose(engine.pullback(theta, np.ones(1), np.zeros(1)), slopes, atol=1e-6)
    np.testing.assert_allclose(engine.jacobian(theta)[0][0], slopes, atol=1e-6)
