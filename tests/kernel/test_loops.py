"""Rates written as loops over reactions of one shape are those that straight code gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from il6infer.engine import RosenbrockEngine
from il6infer.kernel import equations, rates
from il6infer.kernel.layout import layout
from il6infer.kernel.shapes import shapes_of
from il6infer.network.network import TIME, symbol
from il6infer.runs import numeric
from il6infer.runs.plan import make_plan
from tests.zoo.systems import network, problem

STATES = 5
X, K = [symbol(f"x{i}") for i in range(STATES)], [symbol(f"k{i}") for i in range(6)]
NAMES = {name: getattr(math, name) for name in ("exp", "log", "sin", "tanh", "sqrt")} | numeric._NAMES
VALUES = {"k0": 0.5, "k1": 1.3, "k2": 2.0, "k3": 0.7, "k4": 0.0, "k5": 1.5}
ESTIMATED = {"k0": 0.5, "k1": 1.3}
"""The other parameters are constants, of which one is zero and two may be exponents."""


def _rates(a: sp.Symbol, b: sp.Symbol, c: sp.Symbol, k: sp.Symbol, m: sp.Symbol) -> list[sp.Expr]:
    """Shapes of rates of three states and two parameters."""
    return [
        k * a,
        k * a * b,
        2.5 * k * a**2 - m * c,
        k * a / (m + b),
        k * a / (m + a) / (1 + c / k),
        k * a**symbol("k5") / (m**2 + b**2),
        a ** symbol("k2"),
        sp.Piecewise((k * a, b > m), (m * b, True)),
        k * (1 + sp.sin(0.3 * TIME)) * a,
        k * sp.exp(-a / m),
        k * (a - b) / symbol("k3"),
        symbol("k4") * a * b,
        sp.Rational(1, 3) * a * m + 0.25,
        k,
    ]  # fmt: skip


@st.composite
def _reactions(draw) -> tuple[np.ndarray, list[sp.Expr]]:
    """Stoichiometry and rates of three to ten reactions."""
    fluxes, columns = [], []
    for _ in range(draw(st.integers(3, 10))):
        a, b, c = (X[draw(st.integers(0, STATES - 1))] for _ in range(3))
        # A parameter that is zero divides nothing.
        k, m = (K[draw(st.sampled_from([0, 1, 2, 3, 5]))] for _ in range(2))
        fluxes.append(draw(st.sampled_from(_rates(a, b, c, k, m))))
        column = np.zeros(STATES)
        for place in draw(st.lists(st.integers(0, STATES - 1), min_size=1, max_size=3, unique=True)):
            column[place] = draw(st.sampled_from([-2.0, -1.0, 1.0, 1.0, 0.5]))
        columns.append(column)
    return np.array(columns).T, fluxes


def _problem(stoichiometry: np.ndarray, fluxes: list[sp.Expr]):
    sums = [sp.Add(*(n * f for n, f in zip(row, fluxes, strict=True))) for row in stoichiometry]
    right = dict(zip(map(str, X), sums, strict=True))
    start = {str(x): 0.3 + 0.2 * i for i, x in enumerate(X)}
    return problem(network(right, start, VALUES, stoichiometry, fluxes), [1.0, 3.0], estimated=ESTIMATED)


def _values(write, asked) -> dict[str, np.ndarray]:
    """What the functions of a source compute, run as the Python that it is."""
    spec = layout(asked, make_plan(asked))
    varying = [symbol(asked.network.parameters[i]) for i in spec.varying]
    inputs = {x: f"y[{i}]" for i, x in enumerate(X)} | {s: f"p[{i}]" for i, s in enumerate(varying)} | {TIME: "t"}
    wanted = [(f"gy[{i}] += ", x) for i, x in enumerate(X)] + [(f"gp[{i}] += ", varying[i]) for i in spec.active]
    written = write(asked, spec, inputs, wanted)
    space = {**NAMES, **written.lists}
    exec("\n\n".join(written.parts), space)
    rng = np.random.default_rng(3)
    y, v, k = rng.uniform(0.2, 2.0, STATES), rng.normal(size=STATES), rng.normal(size=STATES)
    p, t, entries = np.array([VALUES[str(s)] for s in varying]), 0.7, np.zeros(len(written.factors.slots))
    out, c = np.full(STATES, np.nan), np.zeros(written.coefficients)
    sums = [np.zeros(n) for n in (STATES, len(p), STATES, len(p))]
    space["rhs"](y, p, t, out)
    space["minus_jacobian"](y, p, t, entries)
    space["rhs_vjp"](y, p, t, v, *sums[:2])
    space["gather"](v, k, c)
    space["curvature_vjp"](y, p, t, c, *sums[2:])
    matrix = np.zeros((STATES, STATES))
    for (i, j), place in written.factors.slots.items():
        matrix[i, j] = entries[place]
    point = dict(zip([*X, *varying, TIME], [*y, *p, t], strict=True))
    drift = [float(e.subs(point)) for e in written.drift]
    return {
        "rhs": out, "jacobian": matrix, "first": np.concatenate(sums[:2]), "second": np.concatenate(sums[2:]),
        "drift": np.array(drift or [0.0] * STATES),
    }  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(_reactions())
def test_loops_compute_what_straight_code_does(reactions):
    asked = _problem(*reactions)
    straight, loops = _values(rates.rates, asked), _values(rates.rates_in_loops, asked)
    for name, own in straight.items():
        np.testing.assert_allclose(loops[name], own, rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("write", [rates.rates, rates.rates_in_loops])
def test_a_parameter_of_reactions_that_cancel_is_known(write):
    """There and back at one rate: the right-hand side does not name its parameter, the rates do."""
    stoichiometry = np.zeros((STATES, 3))
    stoichiometry[:2, :2], stoichiometry[0, 2] = [[-1, 1], [1, -1]], -1
    found = _values(write, _problem(stoichiometry, [K[0] * X[0], K[0] * X[0], K[1] * X[0]]))
    assert found["rhs"][0] < 0
    np.testing.assert_array_equal(found["rhs"][1:], 0.0)


def test_a_thousand_reactions_of_two_kinds_have_two_shapes():
    """Names, the order in which sympy has factors, and numbers are nothing that a shape depends on."""
    rng = np.random.default_rng(5)
    names = [symbol(f"{'zaqB'[i % 4]}{i}") for i in range(100)]
    numbers = {symbol(f"{'cYx'[i % 3]}onstant{i}"): sp.Float(0.1 + i) for i in range(50)}
    kinds = {s: ("s", i) for i, s in enumerate(names)}
    fluxes, columns = {}, {}
    for r in range(1000):
        a, b = (names[i] for i in rng.choice(100, 2, replace=False))
        k, m = (list(numbers)[i] for i in rng.choice(50, 2, replace=False))
        fluxes[r] = k * a * b if r % 2 else k * a / (m + a)
        columns[r] = {int(rng.integers(100)): 1.0}
    found = shapes_of(fluxes, kinds, numbers, columns)
    assert sorted(len(shape.fluxes) for shape in found) == [500, 500]


def test_compiled_loops_give_the_predictions_and_the_gradient(monkeypatch: pytest.MonkeyPatch):
    stoichiometry = np.array(
        [[-1, 0, 0, 1, 0], [1, -1, 0, 0, 0], [0, 0.5, -2, 0, 1.0], [0, 0, 1, -1, 0], [0, 0, 0, 1, -1]]
    )
    a, b, c, d, e = X
    fluxes = [K[0] * a * b / K[3], 0.3 * b, K[1] * c / (K[2] + c), 1.5 * d * (1 + sp.sin(TIME)), e ** K[5]]
    asked = _problem(stoichiometry, fluxes)
    theta, found = np.array([0.6, 1.1]), []
    for looped in (equations.LOOPED, 0):
        monkeypatch.setattr(equations, "LOOPED", looped)
        engine = RosenbrockEngine(asked)
        predicted = engine.simulate(theta).prediction
        found.append((predicted, engine.pullback(theta, np.ones_like(predicted), np.zeros_like(predicted))))
        assert ("SHAPE0" in engine._source) == (looped == 0)
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-9)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-8)
