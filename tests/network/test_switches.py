"""Switching functions of rates: each once, by what changes there."""

from __future__ import annotations

import sympy as sp

from il6infer.network.network import TIME, symbol
from il6infer.network.switches import CONDITION, KINK, STEP, switches, switches_of
from tests.zoo.systems import network

x, y, k = symbol("x"), symbol("y"), symbol("k")


def test_the_same_condition_counts_once_whatever_its_sign():
    first = sp.Piecewise((k, x < 1), (0, True))
    again = sp.Piecewise((x, sp.And(x >= 1, k < TIME)), (0, True))
    net = network({"x": first, "y": -again + 2 * first}, {}, {"k": 1.0})

    found = switches_of(net)

    assert sorted((str(s.function), s.kind, s.depends_on(net.states), s.depends_on_time) for s in found) == [
        ("k - time", CONDITION, False, True),
        ("x - 1", CONDITION, True, False),
    ]


def test_nested_conditions_are_all_found():
    inner = sp.Piecewise((1, y > k), (2, True))
    outer = sp.Piecewise((inner, sp.Or(x > 3, sp.Ne(y, 2))), (sp.Piecewise((x, TIME < 5), (y, True)), True))

    assert {str(s.cause) for s in switches([outer])} == {"k < y", "x > 3", "Ne(y, 2)", "time < 5"}


def test_kinks_and_steps_are_told_from_conditions():
    found = switches([sp.Abs(x - 1) + sp.Max(0, x, y) + sp.floor(x / 2)])

    assert {(str(s.function), s.kind) for s in found} == {
        ("x - 1", KINK), ("x", KINK), ("y", KINK), ("x - y", KINK), ("sin(pi*x/2)", STEP),
    }  # fmt: skip


def test_a_condition_wins_over_a_kink_at_the_same_place():
    found = switches([sp.Abs(x - 1), sp.Piecewise((1, x > 1), (2, True))])

    assert [s.kind for s in found] == [CONDITION]
