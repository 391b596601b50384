"""Random pulses of time, of clocks and of decaying and growing states against SciPy, which is told where they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from il6infer.engine import Outcome, compile
from il6infer.network.network import TIME, symbol
from tests.zoo.systems import network, problem

c, y = symbol("c"), symbol("y")

SHAPES: list[Callable[[sp.Expr], sp.Expr]] = [
    lambda z: sp.exp(-(z**2) / 2),
    lambda z: sp.exp(-(z**4)),
    lambda z: sp.exp(-sp.Abs(z)),
    lambda z: sp.sech(z) ** 2,
    lambda z: 1 / (1 + z**2),
    lambda z: 1 / (1 + z**8),
    lambda z: 1 / (1 + sp.Abs(z) ** 3),
    lambda z: 1 / (1 + sp.exp(-z)) / (1 + sp.exp(z)),
    lambda z: (sp.tanh(z + 2) - sp.tanh(z - 2)) / 2,
    lambda z: sp.Max(0, 1 - sp.Abs(z)),
    lambda z: sp.Max(0, 1 - z**2),
    lambda z: sp.Min(1, sp.Max(0, 2 - sp.Abs(z))),
    lambda z: sp.Piecewise((1, sp.Abs(z) < 1), (0, True)),
    lambda z: sp.Piecewise((1, z**2 < 1), (0, True)),
    lambda z: sp.Piecewise((1 - z**2, (1 - z) * (1 + z) > 0), (0, True)),
    lambda z: sp.Piecewise((z * sp.exp(-z), z > 0), (0, True)),
    lambda z: sp.Piecewise((sp.exp(z), z < 0), (sp.exp(-z), True)),
]

PLACES = (-40, -12, -6, -3, -2, -1, 0, 1, 2, 3, 6, 12, 40)
"""Widths from its middle at which the reference begins anew."""


class _Clock:
    """What a pulse is of: the time, or a state that follows it.

    Parameters
    ----------
    kind
        Place in the list of kinds.
    end
        Time simulated.
    """

    def __init__(self, kind: int, end: float) -> None:
        rate = (1.0, 0.3, 3.0 / end, 8.0 / end)[kind]
        odds = 0.02 / 0.98
        self.u = TIME if kind == 0 else c
        self.rates = [{}, {"c": sp.Float(rate)}, {"c": -sp.Float(rate) * c}, {"c": sp.Float(rate) * c * (1 - c)}][kind]
        self.start = (0.0, 0.0, 1.0, 0.02)[kind]
        self.at = [
            lambda t: t,
            lambda t: rate * t,
            lambda t: np.exp(-rate * t),
            lambda t: 1 / (1 + np.exp(-rate * t) / odds),
        ][kind]

    def speed(self, t: float) -> float:
        """How fast it goes."""
        return abs(self.at(t * (1 + 1e-6)) - self.at(t * (1 - 1e-6))) / (2e-6 * t)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_random_pulses_are_seen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    end = float(10 ** rng.uniform(0.5, 3.3))
    clock = _Clock(int(rng.integers(4)), end)
    values: dict[str, float] = {}
    places = {0.0}

    def number(value: float) -> sp.Expr:
        """Estimated or written as a number."""
        name = f"p{len(values)}"
        values[name] = float(value)
        return symbol(name) if rng.random() < 0.7 else sp.Float(value)

    pulses = sp.Integer(0)
    for _ in range(int(rng.integers(1, 4))):
        middle, width = rng.uniform(0.1, 0.9) * end, end * 10 ** rng.uniform(-6, -1)
        z = (clock.u - number(clock.at(middle))) / number(clock.speed(middle) * width)
        pulses += SHAPES[rng.integers(len(SHAPES))](z) * number(10 ** rng.uniform(-0.5, 0.5) / width)
        places |= {min(max(middle + place * width, 0.0), end) for place in PLACES}
    times = sorted((rng.uniform(0.05, 1, 3) * end).tolist())
    rates = {"y": pulses - number(10 ** rng.uniform(-1, 0.5) / end) * y, **clock.rates}
    theta = np.array([*values.values()])

    function = sp.lambdify(
        [TIME, c, y, *map(symbol, values)], rates["y"], ["numpy", {"sech": lambda v: 1 / np.cosh(v)}]
    )
    with np.errstate(all="ignore"):
        expected, state = [], np.zeros(1)
        stops = sorted(place for place in places | {*times} if place <= times[-1])
        for begin, stop in zip(stops, stops[1:], strict=False):
            solution = solve_ivp(
                lambda t, s: np.nan_to_num([function(t, clock.at(t), s[0], *theta)]),
                (begin, stop), state, method="DOP853", rtol=1e-10, atol=1e-12, max_step=(stop - begin) / 8,
            )  # fmt: skip
            state = solution.y[:, -1]
            expected += [state[0]] if stop in times else []
    start = {"c": sp.Float(clock.start)} if clock.rates else {}
    asked = problem(network(rates, start, values), times, estimated=values, observed=["y"])
    for rtol in (1e-5, 1e-8):
        found = compile(asked, engine="rodas5p", rtol=rtol, atol=rtol / 100, lower_atol=False).simulate(theta)
        assert Outcome(found.outcome[0]) in (Outcome.OK, Outcome.RESCUED)
        # What the error of a state does to a pulse of that state is as much larger as the pulse is narrow.
        margin = 1000 * rtol if clock.u == TIME or rtol < 1e-6 else 0.3
        np.testing.assert_allclose(found.prediction, expected, rtol=margin, atol=margin)
