"""SciPy's Radau at tight tolerances, on the plan of a problem: slow, and written by others."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp

from il6infer.engine.diffsol import DiffsolEngine, Failed
from il6infer.network.network import TIME, symbol
from il6infer.problems.spec import Problem
from il6infer.runs.numeric import Function
from il6infer.runs.outcome import Outcome


def close(a: np.ndarray, b: np.ndarray, rtol: float = 2e-5, atol: float = 2e-7) -> bool:
    """Whether predictions agree to twenty times the kernel's default tolerance."""
    return bool(np.allclose(a, b, rtol=rtol, atol=atol))


class _Radau(DiffsolEngine):
    """Runs of a problem with another integrator under them; values only."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem, rtol=1e-10, atol=1e-13)
        network = problem.network
        self._rates = Function([*map(symbol, network.states), *map(symbol, network.parameters), TIME], network.rhs)

    def _solve(self, y, s, p, dp, start, times, derive, until):
        count = len(y)

        def rate(t, state):
            return self._rates(np.concatenate([state, p, [t]]))

        def slope(t, state):
            return self._rates.jacobian(np.concatenate([state, p, [t]]))[:, :count]

        end = float(times[-1])
        found = solve_ivp(rate, (start, end), y, "Radau", times, jac=slope, rtol=1e-10, atol=1e-13)
        if not found.success:
            raise Failed(Outcome.STEP_TOO_SMALL)
        return times, found.y.T, np.full((len(times), count, dp.shape[1]), np.nan)


def scipy_prediction(problem: Problem, theta: np.ndarray) -> np.ndarray:
    """Prediction of each measurement (measurements,)."""
    return _Radau(problem).simulate(theta).prediction
