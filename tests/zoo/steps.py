"""The steps that a kernel took, taken again in numpy: no step control, and complex numbers, for exact derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp

from il6infer.kernel.tableau import Tableau
from il6infer.kernel.tape import HEAD, SEGMENT, STEP
from il6infer.kernel.tape import TIME as START
from il6infer.network.network import TIME, symbol
from il6infer.problems.spec import Problem

Values = dict[sp.Symbol, complex]


def rosenbrock(method: Tableau, f, slope, drift, t: float, h: float, y: np.ndarray) -> np.ndarray:
    """Increments (stages, states) of one step: ``f(t, y)``, its derivatives ``slope(t, y)`` and ``drift(t, y)``."""
    matrix = np.eye(len(y)) / (h * method.gamma) - slope(t, y)
    change, k = drift(t, y), np.zeros((len(method.alpha), len(y)), dtype=complex)
    for i in range(len(k)):
        stage = f(t + method.alpha[i] * h, y + method.a[i] @ k)
        k[i] = np.linalg.solve(matrix, stage + method.c[i] @ k / h + h * method.d[i] * change)
    return k


def within(method: Tableau, y: np.ndarray, k: np.ndarray, x: float) -> np.ndarray:
    """State at the fraction `x` of a step."""
    m, one, two, three = method.dense
    return y + (x * (m + (1 - x) * (one + x * (two + x * three)))) @ k


@dataclass(frozen=True)
class Steps:
    """Steps of a problem's one experiment, of which no period is a steady state.

    Attributes
    ----------
    steps
        Segment, time and size of each step, in order.
    """

    problem: Problem
    method: Tableau
    steps: tuple[tuple[int, float, float], ...]

    @classmethod
    def taken(cls, problem: Problem, method: Tableau, tape: np.ndarray) -> Steps:
        """Read the steps from the tape of a simulation."""
        width = HEAD + (1 + len(method.alpha)) * len(problem.network.states)
        rows = tape.reshape(len(tape), width, -1)
        taken = rows[:, SEGMENT] >= 0
        table = np.column_stack([rows[:, place][taken] for place in (SEGMENT, START, STEP)])
        return cls(problem, method, tuple((int(segment), t, h) for segment, t, h in table))

    def prediction(self, theta: np.ndarray) -> np.ndarray:
        """Predictions (measurements,), complex, of a problem that measures its states without parameters of a row."""
        net, (experiment,) = self.problem.network, self.problem.experiments
        states = [symbol(s) for s in net.states]
        values: Values = {symbol(p): complex(v) for p, v in zip(net.parameters, net.defaults, strict=True)}
        values |= {symbol(p.id): v for p, v in zip(self.problem.estimated, theta, strict=True)}
        values |= {s: _value(e, values) for s, e in zip(states, net.initial, strict=True)}
        parameters = [s for s in values if s not in states]
        rates = sp.Matrix(net.rhs)
        f, slope, drift = (
            sp.lambdify([TIME, states, parameters], e, "numpy")
            for e in (rates, rates.jacobian(states), rates.diff(TIME))
        )
        measured: dict[float, Values] = {}
        times = sorted(set(self.problem.measurements["time"]))
        waiting = iter(self.steps)
        step = next(waiting)
        for segment, period in enumerate(experiment.periods):
            values |= {symbol(target): _value(e, values) for target, e in period.changes.items()}
            measured |= {t: dict(values) for t in times if t == period.time}
            now = [values[p] for p in parameters]
            at = [
                lambda t, y, now=now: f(t, y, now)[:, 0],
                lambda t, y, now=now: slope(t, y, now),
                lambda t, y, now=now: drift(t, y, now)[:, 0],
            ]
            while step is not None and step[0] == segment:
                _, t, h = step
                y = np.array([values[s] for s in states])
                k = rosenbrock(self.method, *at, t, h, y)
                for time in times:
                    if t < time <= t + h * (1 + 1e-12):
                        there = within(self.method, y, k, (time - t) / h)
                        measured[time] = values | dict(zip(states, there, strict=True))
                values |= dict(zip(states, within(self.method, y, k, 1.0), strict=True))
                step = next(waiting, None)
        formula = {o.id: o.formula for o in self.problem.observables}
        asked = self.problem.measurements[["observable", "time"]].itertuples(index=False)
        return np.array([_value(formula[observable], measured[time]) for observable, time in asked])


def _value(expression: sp.Expr, values: Values) -> complex:
    names = sorted(expression.free_symbols, key=str)
    return complex(sp.lambdify(names, expression, "numpy")(*(values[name] for name in names)))
