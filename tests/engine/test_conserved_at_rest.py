"""Steady states of what is conserved only for a while: before the drug that degrades it, or without its synthesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from il6infer.engine import compile
from il6infer.network.network import TIME, Network, symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Period
from il6infer.runs.outcome import Outcome
from tests.zoo.systems import network, problem

A, B, D, C = map(symbol, "ABDC")
k, q, s, v, n, total, fade = map(symbol, ("k", "q", "s", "v", "n", "total", "fade"))
ESTIMATED = {"k": 0.5, "q": 0.3, "total": 2.0, "n": 2.0, "when": 3.0}
FIXED = {"s": 0.0, "v": 0.0, "fade": 0.2, "switched": 0.0}
TIMES = [0.0, 1.0, 6.0, np.inf]
ENGINES = ["rodas5p", pytest.param("diffsol", marks=pytest.mark.slow)]


def _receptor() -> Network:
    """Two forms A and B of a receptor, made at v, lost at s and by a drug D that fades and binds no more than it must.

    C is what the lost receptor becomes. From time `when` on the receptor is lost at `switched`, too.
    """
    late = sp.Piecewise((symbol("switched"), symbol("when") <= TIME), (0, True))
    fluxes = [k * A, q * B, s * A, v, D**n / (1 + D**n) * A, fade * D, late * A]
    changes = np.array([
        [-1, 1, -1, 1, -1, 0, -1],
        [1, -1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, -1, 0],
        [0, 0, 1, 0, 1, 0, 1],
    ])  # fmt: skip
    rates = {
        name: sum(c * f for c, f in zip(row, fluxes, strict=True)) for name, row in zip("ABDC", changes, strict=True)
    }
    return network(rates, {"A": total}, {**ESTIMATED, **FIXED}, changes, fluxes)


AFTER = {
    "nothing": {},
    "lost": {"s": 0.4},
    "made and lost": {"s": 0.4, "v": 0.2},
    "drug": {"D": 1.0},
    "drug and made": {"D": 1.0, "v": 0.1, "s": 0.1},
    "switched": {"switched": 0.7},
}  # fmt: skip
"""What is set at time 0, after a rest without any of it."""


def _course(values: Mapping[str, float], after: Mapping[str, float]) -> np.ndarray:
    """States (times, 4): from rest, where A : B = q : k, by scipy."""
    p = {**values, **FIXED, **after}

    def rates(_: float, y: np.ndarray, late: bool) -> list[float]:
        a, b, d, _ = y
        drug = d ** p["n"] / (1 + d ** p["n"]) * a
        lost = (p["s"] + (p["switched"] if late else 0.0)) * a + drug
        back = p["q"] * b - p["k"] * a
        return [back - lost + p["v"], -back, -p["fade"] * d, lost]

    share = p["q"] / (p["k"] + p["q"])
    y = np.array([share * p["total"], (1 - share) * p["total"], after.get("D", 0.0), 0.0])
    at, found = 0.0, [y]
    for end in sorted({1.0, p["when"], 6.0, 400.0}):
        solved = solve_ivp(
            rates, (at, end), y, args=(at >= p["when"],), method="LSODA", rtol=1e-11, atol=1e-13, max_step=1.0
        )
        at, y = end, solved.y[:, -1]
        found += [y] if at != p["when"] else []
    return np.array(found)[:, :2]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_receptor_rests_before_what_makes_or_degrades_it(engine: str) -> None:
    """A + B is constant at rest, and only there; afterwards it is measured at rest again, where the end is known."""
    rest = {"s": sp.Integer(0), "v": sp.Integer(0), "D": sp.Integer(0), "switched": sp.Integer(0)}
    experiments = [
        Experiment(name, (Period(STEADY_STATE, rest), Period(0.0, {key: sp.Float(x) for key, x in after.items()})))
        for name, after in AFTER.items()
    ]
    asked = problem(_receptor(), TIMES, experiments, ESTIMATED, observed=("A", "B"))
    rows = asked.measurements
    resting = rows.experiment.isin(["nothing", "lost"]) | np.isfinite(rows.time)
    asked = replace(asked, measurements=rows[resting].reset_index(drop=True))
    compiled = compile(asked, engine=engine, rtol=1e-9, atol=1e-11)
    theta = np.array([*ESTIMATED.values()])

    def exact(theta: np.ndarray) -> np.ndarray:
        courses = [_course(dict(zip(ESTIMATED, theta, strict=True)), own).ravel() for own in AFTER.values()]
        return np.concatenate(courses)[resting]

    found = compiled.simulate(theta)
    assert [Outcome(o) for o in found.outcome] == [Outcome.OK] * len(AFTER)
    np.testing.assert_allclose(found.prediction, exact(theta), rtol=1e-5, atol=1e-6)
    steps = 1e-4 * np.eye(len(theta))
    expected = np.column_stack([(exact(theta + h) - exact(theta - h)) / 2e-4 for h in steps])
    np.testing.assert_allclose(compiled.jacobian(theta)[0], expected, rtol=1e-3, atol=2e-5)
    weights = np.cos(np.arange(len(found.prediction)))
    gradient = compiled.pullback(theta, weights, np.zeros_like(weights))
    np.testing.assert_allclose(gradient, weights @ expected, rtol=1e-3, atol=2e-4)
