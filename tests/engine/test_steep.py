"""Ratios of exponentials and high powers whose parts overflow: value, gradient and curvature, wherever they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import sympy as sp

from il6infer.engine import Outcome, compile
from il6infer.network.functions import plain
from il6infer.network.magnitudes import relative
from il6infer.network.network import TIME, Event, symbol
from il6infer.network.primitives import LogSize, RelativePower, RelativePowerByExponent, RelativePowerInSlope
from il6infer.problems.spec import Experiment, Observable, Period
from il6infer.runs.numeric import Function
from tests.zoo.systems import network, problem

v, h, s, a, y = (symbol(name) for name in ("v", "h", "s", "a", "y"))
u = (v - h) * s

STEEP = {
    "logistic": 1 / (1 + sp.exp(u)),
    "Boltzmann, falling": sp.exp(-u) / (1 + sp.exp(-u)),
    "a scale beside it": sp.exp(s * v) / (sp.exp(s * h) + sp.exp(s * v)),
    "a constant beside it": sp.exp(u) / (a + sp.exp(u)),
    "base 10": 1 / (1 + 10**u),
    "1 / cosh^2": 1 / sp.cosh(u) ** 2,
    "sech": sp.sech(u),
    "csch": sp.csch(u + 3.7),
    "sinh over cosh": sp.sinh(u) / sp.cosh(u),
    "softplus": sp.log(1 + sp.exp(u)) / s,
    "softplus of base 2": sp.log(1 + 2**u) / s,
    "two sides": 1 / (1 + sp.exp(u)) / (1 + sp.exp(-u)),
    "square": sp.exp(u) / (1 + sp.exp(u)) ** 2,
    "two barriers": sp.exp(u) / (1 + sp.exp(u) * (2 + sp.exp(3 * u))),
    "Richards": (1 + sp.exp(u)) ** -a,
    "root": sp.sqrt((1 + sp.exp(u)) / (2 + sp.exp(u))),
    "Goldman-Hodgkin-Katz": (u + 3.7) / (sp.exp(u + 3.7) - 1),
    "Hill": v**s / (h**s + v**s),
    "Hill, inhibition": 1 / (1 + (v / h) ** s),
    "Hill, negative power": v**-s / (v**-s + h**-s),
    "Hill, number": v**300 / (h**300 + v**300),
    "Monod-Wyman-Changeux": (1 + v) ** s / ((1 + v) ** s + a * (1 + v / h) ** s),
    "product with its inverse": sp.exp(-u) * (a + sp.exp(u)),
}
"""Functions of v that are finite for all v, with half at h and steepness s."""

NOT_ALONG_V = ("csch", "Goldman-Hodgkin-Katz", "product with its inverse")
"""A pole, 0 / 0, and what is beyond the largest number."""

STATES = (0.02, 0.9, 1.3, 2.0, 60.0)
STEEPNESS = (1.0, 30.0, 300.0, 5000.0)


def _truth(e: sp.Expr, by: list[sp.Symbol]) -> Callable[..., mpmath.mpf]:
    """Give a derivative in many digits, with exponents of any size."""
    return sp.lambdify((v, h, s, a), e.diff(*by) if by else e, "mpmath")


@pytest.mark.parametrize("name", STEEP)
def test_value_slope_and_curvature_are_those_of_many_digits(name: str) -> None:
    e = STEEP[name]
    symbols = [v, h, s, a]
    slopes = [plain(e).diff(by) for by in symbols]
    numeric = Function(symbols, [e, *slopes])
    wanted = [_truth(e, []), *(_truth(e, [by]) for by in symbols)]
    curved = [[_truth(e, [by, own]) for own in symbols] for by in symbols]
    with mpmath.workdps(60):
        for state in STATES:
            for steepness in STEEPNESS:
                at = (state, 1.31, steepness, 0.7)
                right = [float(f(*map(mpmath.mpf, at))) for f in wanted]
                if not np.isfinite(right).all():
                    continue  # 1 + exp(-u) beyond the largest number
                found, scale = numeric(np.array(at)), 1e-12 * steepness**2
                np.testing.assert_allclose(found, right, rtol=1e-9, atol=scale, err_msg=str(at))
                right = [[float(f(*map(mpmath.mpf, at))) for f in row] for row in curved]
                rows = numeric.jacobian(np.array(at))[1:]
                np.testing.assert_allclose(rows, right, rtol=1e-8, atol=10 * scale * steepness, err_msg=str(at))


@pytest.mark.parametrize("name", STEEP)
def test_numbers_may_be_put_in(name: str) -> None:
    """What depends on fixed parameters alone is worked out before compilation."""
    e = relative(STEEP[name])
    with mpmath.workdps(60):
        for state in STATES:
            for steepness in (-3.0, *STEEPNESS[:3]):
                at = (state, 1.31, steepness, 0.7)
                right = float(_truth(STEEP[name], [])(*map(mpmath.mpf, at)))
                found = float(e.xreplace(dict(zip((v, h, s, a), map(sp.Float, at), strict=True))))
                np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-12 * steepness**2, err_msg=str(at))


@pytest.mark.parametrize("function", [RelativePower, RelativePowerInSlope, RelativePowerByExponent])
def test_powers_of_numbers_are_those_of_compiled_code(function: type) -> None:
    base, exponent, extra = sp.symbols("base exponent extra", real=True)
    e = function(base, exponent, LogSize(base), extra)
    compiled = Function([base, exponent, extra], [e])
    for x in (-2.0, 0.0, 0.5, 3.0):
        for n in (-3.0, -1.5, 0.0, 1.0, 2.0, 2.5):
            put_in = e.xreplace({base: sp.Float(x), exponent: sp.Float(n), extra: sp.Float(-1.0)}).evalf()
            with np.errstate(over="ignore"):
                [wanted] = compiled(np.array([x, n, -1.0]))
            np.testing.assert_allclose(float(put_in), wanted, rtol=1e-12, err_msg=f"{x}, {n}")


@pytest.mark.parametrize("fixed", ["s", "hsa", *(pytest.param(fixed, marks=pytest.mark.slow) for fixed in ("h", "hs"))])
def test_parameters_may_be_fixed(fixed: str) -> None:
    """A model whose K or n is no parameter of the fit, or that has no parameter at all."""
    names = ["logistic", "Hill", "Hill, inhibition", "Monod-Wyman-Changeux", "Richards", "two barriers"]
    values = {"h": 1.31, "s": 40.0, "a": 0.7}
    rates = {"v": sp.Float(0.9), **{f"y{i}": STEEP[n] for i, n in enumerate(names)}}
    net = network(rates, {"v": 0.3}, {**values, "k": 1.0})
    estimated = {name: value for name, value in values.items() if name not in fixed} or {"k": 1.0}
    asked = problem(net, [2.0], estimated=estimated, observed=[f"y{i}" for i in range(len(names))])
    found = compile(asked, rtol=1e-8, atol=1e-10).simulate(np.array(list(estimated.values())))
    with mpmath.workdps(25):
        for n, name in enumerate(names):
            f = _truth(STEEP[name], [])
            right = mpmath.quad(lambda at, f=f: f(at, *map(mpmath.mpf, values.values())), [0.3, 1.2, 1.31, 1.4, 2.1])
            np.testing.assert_allclose(found.prediction[n], float(right) / 0.9, rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.fixture(
    scope="module",
    params=[
        ("rodas5p", 3),
        pytest.param(("rodas5p", 1), marks=pytest.mark.slow),
        pytest.param(("diffsol", 10), marks=pytest.mark.slow),
    ],
    ids=["rodas5p, every third", "rodas5p", "diffsol, every tenth"],
)
def all_steep(request: pytest.FixtureRequest):
    """Each in the rate of a state, along v = 0.3 + 0.9 t; diffsol takes minutes for the sensitivities of all."""
    engine, every = request.param
    names = [name for name in STEEP if name not in NOT_ALONG_V][::every]
    net = network({"v": sp.Float(0.9), **{f"y{i}": STEEP[n] for i, n in enumerate(names)}}, {"v": 0.3},
                  {"h": 1.31, "s": 1.0, "a": 0.7})  # fmt: skip
    observed = [f"y{i}" for i in range(len(names))]
    asked = problem(net, [2.0], estimated={"h": 1.31, "s": 1.0, "a": 0.7}, observed=observed)
    return names, compile(asked, engine=engine, rtol=1e-8, atol=1e-10, lower_atol=False)


@pytest.mark.parametrize(
    "steepness", [300.0, *(pytest.param(steepness, marks=pytest.mark.slow) for steepness in (2.0, 40.0, 3000.0))]
)
def test_rates_and_their_sensitivities(all_steep, steepness: float) -> None:
    """The integral over v from 0.3 to 2.1, and its slopes by the integral of the slopes."""
    names, engine = all_steep
    theta = np.array([1.31, steepness, 0.7])
    found = engine.simulate(theta)
    assert found.ok
    rows, _ = engine.jacobian(theta)
    places = sorted({0.3, 2.1, *(float(np.clip(1.31 + d / steepness, 0.3, 2.1)) for d in (-40, -9, -3, 0, 3, 9, 40))})

    def integral(e: sp.Expr, by: list[sp.Symbol]) -> float:
        f = _truth(e, by)
        return float(mpmath.quad(lambda at: f(at, *map(mpmath.mpf, theta)), places)) / 0.9

    with mpmath.workdps(25):
        for n, name in enumerate(names):
            np.testing.assert_allclose(found.prediction[n], integral(STEEP[name], []), rtol=1e-5, atol=1e-7)
            slopes = [integral(STEEP[name], [by]) for by in (h, s, a)]
            adjoint = engine.pullback(theta, np.eye(len(names))[n], np.zeros(len(names)))
            np.testing.assert_allclose(adjoint, slopes, rtol=1e-3, atol=1e-6, err_msg=name)
            np.testing.assert_allclose(rows[n], adjoint, rtol=1e-4, atol=1e-7, err_msg=name)


@pytest.mark.slow
def test_observables_initial_values_switches_events_and_jumps() -> None:
    """A logistic in each place where a formula may stand."""
    x, k = symbol("x"), symbol("k")

    def steep(z: sp.Expr) -> sp.Expr:
        return 2 / (1 + sp.exp(-k * z))

    rate = sp.Piecewise((steep(x + 5), steep(TIME - 1) > 1), (0, True))
    net = network({"x": rate}, {"x": steep(sp.Float(3.0))}, {"k": 1.0})
    net = replace(net, events=(Event("E", steep(TIME - 3) > 1, {"x": x + steep(x)}),))
    doses = Experiment("e", (Period(0.0), Period(2.0, {"x": x * steep(x)})))
    asked = problem(net, [0.5, 1.5, 2.5, 3.5], [doses], {"k": 1.0})
    read = Observable("o_x", x + steep(x - 1), steep(x + 1), "normal")
    engine = compile(replace(asked, observables=(read,)), rtol=1e-10, atol=1e-12)
    for steepness in (400.0, 900.0, 5000.0):
        theta = np.array([steepness])
        found = engine.simulate(theta)
        # 2, then 2 t from 1 on; doubled at 2, and 2 more at 3.
        np.testing.assert_allclose(found.prediction, np.array([2.0, 3.0, 9.0, 13.0]) + 2, rtol=1e-8)
        np.testing.assert_allclose(found.noise, 2.0)
        np.testing.assert_allclose(engine.pullback(theta, np.ones(4), np.ones(4)), [0.0], atol=1e-9)
        np.testing.assert_allclose(engine.jacobian(theta)[0], 0.0, atol=1e-9)


@pytest.mark.parametrize("rate", [sp.exp(s * v), sp.exp(2 * s * v) / (1 + sp.exp(s * v)), v**s])
def test_what_overflows_itself_is_an_outcome(rate: sp.Expr) -> None:
    asked = problem(network({"v": sp.Integer(0), "y": rate}, {"v": 2.0}, {"s": 1.0}), [1.0], estimated={"s": 1.0})
    found = compile(asked).simulate(np.array([5000.0]))
    assert Outcome(found.outcome[0]) == Outcome.NON_FINITE
