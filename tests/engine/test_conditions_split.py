"""Conditions of kinks, powers and products, written as conditions of smooth functions."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from sympy.core.relational import Relational

from il6infer.engine import Outcome, RosenbrockEngine
from il6infer.network.network import TIME, symbol
from il6infer.runs.conditions import smooth_condition
from tests.zoo.systems import network, problem

x, y, a, w = (symbol(name) for name in "xyaw")
VARYING = {x, y, TIME}


def _number(rng: np.random.Generator, depth: int) -> sp.Expr:
    """Random number of x, y, a and w, with kinks, powers, products and choices in each other."""
    if depth == 0:
        return rng.choice(np.array([x, y, a, w, x - a, sp.Rational(int(rng.integers(-3, 4)), 2)], dtype=object))
    one, other = _number(rng, depth - 1), _number(rng, int(rng.integers(depth)))
    kinds = [
        lambda: sp.Abs(one),
        lambda: sp.Max(one, other),
        lambda: sp.Min(one, other, a),
        lambda: one - other,
        lambda: one * other,
        lambda: (one - a) ** 2 * w,
        lambda: (one / 2) ** 3,
        lambda: sp.Piecewise((one, other > 0), (-other, True)),
    ]
    return kinds[rng.integers(len(kinds))]()


@pytest.mark.parametrize("seed", range(60))
def test_a_split_condition_holds_where_the_condition_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    compare = (sp.Gt, sp.Ge, sp.Lt, sp.Le)[seed % 4]
    condition = compare(_number(rng, 3), _number(rng, 1))
    split = smooth_condition(condition, VARYING)
    for point in rng.uniform(-2, 2, (20, 4)):
        at = {s: sp.Float(v) for s, v in zip((x, y, a, w), point, strict=True)}
        assert split.subs(at) == condition.subs(at), (condition, split)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (sp.Abs(x - a) < w, sp.And(-a + w + x > 0, a + w - x > 0)),
        (sp.Abs(x - a) >= w, sp.Or(-a - w + x >= 0, a - w - x >= 0)),
        (sp.Max(x, y) > a, sp.Or(x - a > 0, y - a > 0)),
        (sp.Min(x, y) > a, sp.And(x - a > 0, y - a > 0)),
        (x**2 < 4, sp.And(x + 2 > 0, 2 - x > 0)),
        ((x - a) * (y - 2) > 0, sp.Or(sp.And(x - a > 0, y - 2 > 0), sp.And(a - x > 0, 2 - y > 0))),
        (x * y > 2, x * y > 2),
        (sp.Abs(a) > x, sp.Abs(a) > x),
        (sp.Eq(sp.Abs(x), 1), sp.Eq(sp.Abs(x), 1)),
    ],
    ids=str,
)
def test_conditions_that_one_writes(condition: sp.Basic, expected: sp.Basic) -> None:
    assert smooth_condition(condition, VARYING) == expected


def test_what_has_too_many_branches_stays_as_it_is() -> None:
    many = sum(sp.Abs(x - k) * (y - k) for k in range(8)) > 1
    assert smooth_condition(many, VARYING) == many


@pytest.mark.parametrize(
    "condition",
    [sp.Abs((x - a) / w) < 1, (x - a) ** 2 < w**2, sp.Abs(sp.log(x / a)) < sp.log(1 + w / a), sp.Max(x - a, a - x) < w],
    ids=str,
)
def test_a_window_of_a_decaying_state_is_seen_with_its_slopes(condition: Relational) -> None:
    """y grows by 1 while x = exp(-t) is about a; windows between measurements were passed over, with outcome ok."""
    net = network({"x": -x, "y": sp.Piecewise((1 / w, condition), (0, True))}, {"x": 1.0}, {"a": 0.3, "w": 0.01})
    asked = problem(net, [0.5, 4.0], estimated={"a": 0.3, "w": 0.01}, observed=["y"])
    engine = RosenbrockEngine(asked, rtol=1e-9, atol=1e-12)
    for width in (1e-2, 1e-5):
        found = engine.simulate(np.array([0.3, width]))
        assert Outcome(found.outcome[0]) == Outcome.OK
        logarithmic = condition.has(sp.log)
        last = 0.3 / (1 + width / 0.3) if logarithmic else 0.3 - width
        expected = np.log((0.3 + width) / last) / width
        assert found.prediction == pytest.approx([0.0, expected], rel=1e-4)
        by_a = -2 / (0.3 * (0.3 + width)) if logarithmic else (1 / (0.3 + width) - 1 / last) / width
        slope = engine.pullback(np.array([0.3, width]), np.array([0.0, 1.0]), np.zeros(2))
        assert slope[0] == pytest.approx(by_a, rel=1e-3)
