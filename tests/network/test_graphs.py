"""Expressions as graphs: the same as sympy's own functions give, and in time where these have no end."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from il6infer._errors import UserError
from il6infer.engine import Outcome, compile
from il6infer.network.derivatives import derivative
from il6infer.network.functions import plain
from il6infer.network.graphs import absolute, holds, of_kinds, replaced, rewritten, shared, symbols_of
from il6infer.network.network import symbol
from il6infer.network.primitives import BySeries, Chosen
from tests.zoo.systems import network, problem

u, k, a = map(symbol, ("u", "k", "a"))

EXPRESSIONS = {
    "a sum": u + 2 * k - a,
    "a product": u * k * sp.exp(u),
    "powers": u**3 / (k + u**2) ** 2,
    "a number to a power": 2**u + sp.Rational(1, 2) ** (u * k),
    "functions": sp.sin(u * k) + sp.log(1 + u**2) * sp.atan(u) + sp.tanh(k),
    "branches": sp.Piecewise((u**2, u > k), (k * u, True)),
    "max": sp.Max(u**2, k) * a,
    "what is used twice": (u / (1 + a * u**2)) ** 2 + sp.sin(u / (1 + a * u**2)),
}
LONG = 30
"""Rules, each of which uses the one before three times: written out, 1e15 parts."""


def _chain(rules: int, first: sp.Expr = u) -> sp.Expr:
    e = first
    for _ in range(rules):
        e = e / (1 + a * e**2) + 0.1 * sp.sin(e)
    return e


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_functions_of_graphs_are_those_of_sympy(name: str) -> None:
    e = EXPRESSIONS[name]
    assert symbols_of(e) == e.free_symbols
    assert of_kinds([e], sp.Pow, sp.Function) == e.atoms(sp.Pow, sp.Function)
    assert holds(e, sp.sin) is e.has(sp.sin)
    rule = {u: k + 1, k: sp.Float(0.5)}
    assert replaced(e, rule) == e.xreplace(rule)
    assert rewritten(e, lambda part: sp.cos(part.args[0]) if isinstance(part, sp.sin) else part) == e.replace(
        sp.sin, sp.cos
    )
    at = {u: sp.Rational(3, 7), k: sp.Rational(2, 3), a: sp.Rational(1, 5)}
    for s in (u, k, a):
        assert derivative(e, s).subs(at).doit().evalf() == pytest.approx(float(e.diff(s).subs(at).doit().evalf()))


def _value(lines: list, rest: list, at: dict[sp.Symbol, float]) -> list[float]:
    known = dict(at)
    for name, e in lines:
        known[name] = float(e.xreplace({s: sp.Float(known[s], 17) for s in e.free_symbols}))
    return [float(e.xreplace({s: sp.Float(known[s], 17) for s in e.free_symbols})) for e in rest]


def test_a_chain_of_rules_is_differentiated_and_written_by_its_different_parts() -> None:
    """Against the chain rule in floating point."""
    e = _chain(LONG)
    slopes = [derivative(e, s) for s in (u, a)]
    lines, rest = shared([e, *slopes], sp.numbered_symbols("z_"))
    assert len(lines) < 40 * LONG
    found = _value(lines, rest, {u: 1.2, a: 0.5})
    value, by_u, by_a = 1.2, 1.0, 0.0
    for _ in range(LONG):
        below = 1 + 0.5 * value**2
        slope = (1 - 0.5 * value**2) / below**2 + 0.1 * np.cos(value)
        by_u, by_a = slope * by_u, slope * by_a - value**3 / below**2
        value = value / below + 0.1 * np.sin(value)
    np.testing.assert_allclose(found, [value, by_u, by_a], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["rosenbrock", "diffsol"])
def test_a_rate_of_eight_rules_in_each_other(engine: str) -> None:
    """u' = -k r(u): time is an integral of 1/r, whose upper end has the slopes."""
    rate = network({"u": -k * _chain(8)}, {"u": symbol("start")}, {"start": 1.0, "k": 0.3, "a": 0.5})
    theta = np.array([1.0, 0.3, 0.5])
    asked = problem(rate, [2.0], estimated={"start": 1.0, "k": 0.3, "a": 0.5})
    compiled = compile(asked, engine=engine, rtol=1e-9, atol=1e-11, lower_atol=False)
    found = compiled.simulate(theta)
    assert Outcome(found.outcome[0]) is Outcome.OK
    r = sp.lambdify((u, a), _chain(8), cse=True)
    end = found.prediction[0]
    ends = np.polynomial.legendre.leggauss(60)

    def duration(top: float, bottom: float, a_: float) -> float:
        x = (top + bottom) / 2 + (top - bottom) / 2 * ends[0]
        return float((top - bottom) / 2 * ends[1] @ (1 / r(x, a_)))

    assert duration(1.0, end, 0.5) == pytest.approx(0.6, rel=1e-7)
    by_a = (duration(1.0, end, 0.5 + 1e-6) - duration(1.0, end, 0.5 - 1e-6)) / 2e-6
    exact = [r(end, 0.5) / r(1.0, 0.5), -2 * r(end, 0.5), by_a * r(end, 0.5)]
    np.testing.assert_allclose(compiled.jacobian(theta)[0][0], exact, rtol=1e-6)


def test_a_choice_of_forms_is_differentiated_form_by_form_and_made_where_it_is_known() -> None:
    e = BySeries(1 - u**2, u**2, k * u)
    assert derivative(e, u) == BySeries(1 - u**2, 2 * u, k) == e.diff(u)
    assert e.xreplace({u: sp.Float(0.5)}) == sp.Float(0.25)
    assert e.xreplace({u: sp.Integer(2)}) == 2 * k
    assert Chosen(sp.nan, u, k) == k
    assert Chosen(a, u, u) is u


def test_the_size_of_what_sympy_is_not_sure_to_be_real() -> None:
    """Its own absolute value has arguments and imaginary parts of complex numbers, which no engine has."""
    e = absolute(sp.log(u) ** k)
    assert not holds(plain(e), sp.re, sp.im, sp.arg, sp.conjugate)
    assert float(e.subs({u: sp.Float(0.5), k: 3})) == pytest.approx(np.log(2) ** 3)
    assert absolute(u) == sp.Abs(u)
    assert not holds(replaced(sp.Abs(a), {a: sp.log(u) ** k}), sp.re, sp.im, sp.arg, sp.conjugate)


def test_rates_that_would_end_the_process_in_diffsol_are_refused() -> None:
    rates = {"u": -k * u, "y": sp.atan(u) / u / (sp.exp(sp.atan(u) / u) - 1)}
    asked = problem(network(rates, {"u": 1.0}, {"k": 1.0}), [1.0], estimated={"k": 1.0}, observed=["y"])
    with pytest.raises(UserError) as error:
        compile(asked, engine="diffsol")
    assert str(error.value).startswith(
        "engine diffsol cannot compile these rates: its LLVM ends the process (Instruction Combining"
    )
    assert str(error.value).endswith("Use engine rosenbrock.")
    found = compile(asked, engine="rosenbrock").simulate(np.array([1.0]))
    assert Outcome(found.outcome[0]) is Outcome.OK
