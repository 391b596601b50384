"""Plain simulation of a network with SciPy, apart from the package's own engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp
from scipy.integrate import solve_ivp

from il6infer.library.priors import log_normal
from il6infer.network.network import TIME, Network, symbol


@dataclass
class Odes:
    """A network as numeric functions of its state and parameters."""

    network: Network

    def __post_init__(self) -> None:
        network = self.network
        states = [symbol(s) for s in network.states]
        self.arguments = (TIME, states, [symbol(p) for p in network.parameters])
        self._rhs = sp.lambdify(self.arguments, list(network.rhs), "numpy", cse=True)
        self._jacobian = sp.lambdify(self.arguments, sp.Matrix(network.rhs).jacobian(states), "numpy", cse=True)
        self._initial = sp.lambdify(self.arguments[2:], list(network.initial), "numpy")
        self._read = {
            name: sp.lambdify(self.arguments, expression, "numpy") for name, expression in network.derived.items()
        }

    def values(self, parameters: Mapping[str, float]) -> np.ndarray:
        """Parameter vector: the given ones, defaults for the rest."""
        found = {symbol(p): e for p, e in zip(self.network.parameters, self.network.defaults, strict=True)}
        found |= {symbol(p): sp.Float(v) for p, v in parameters.items()}
        while any(e.free_symbols for e in found.values()):
            found = {p: e.xreplace(found) for p, e in found.items()}
        return np.array([float(found[symbol(p)]) for p in self.network.parameters])

    def rhs(self, state: np.ndarray, parameters: Mapping[str, float]) -> np.ndarray:
        """d(state)/dt."""
        return np.array(self._rhs(0.0, state, self.values(parameters)), dtype=float)

    def jacobian(self, state: np.ndarray, parameters: Mapping[str, float]) -> np.ndarray:
        """d(rhs)/d(state)."""
        return np.array(self._jacobian(0.0, state, self.values(parameters)), dtype=float)

    def run(self, start: np.ndarray, times: np.ndarray, parameters: Mapping[str, float]) -> np.ndarray:
        """States (times, states) from `start` at the first time on."""
        values = self.values(parameters)
        solution = solve_ivp(
            lambda t, x: np.array(self._rhs(t, x, values), dtype=float),
            (times[0], times[-1]),
            start,
            t_eval=times,
            method="LSODA",
            jac=lambda t, x: np.array(self._jacobian(t, x, values), dtype=float),
            rtol=1e-8,
            atol=1e-11,
        )
        if not solution.success:
            raise RuntimeError(solution.message)
        return solution.y.T

    def initial(self, parameters: Mapping[str, float]) -> np.ndarray:
        """State that the model itself starts from."""
        return np.array(self._initial(self.values(parameters)), dtype=float)

    def rest(self, parameters: Mapping[str, float]) -> np.ndarray:
        """State after a long time with nothing in the medium."""
        return self.run(self.initial(parameters), np.array([0.0, 20000.0]), parameters)[-1]

    def dose(self, rest: np.ndarray, doses: Mapping[str, float]) -> np.ndarray:
        """The state with medium species set [nM]."""
        state = rest.copy()
        for species, amount in doses.items():
            state[self.network.states.index(species)] += amount
        return state

    def read(self, name: str, times: np.ndarray, states: np.ndarray, parameters: Mapping[str, float]) -> np.ndarray:
        """A read-out along a run."""
        return self._read[name](times, states.T, self.values(parameters)) * np.ones(len(times))


def medians(priors) -> dict[str, float]:
    """Each parameter at its prior median."""
    return dict(zip(priors["parameter"], priors["median"], strict=True))


def draw(priors, rng: np.random.Generator) -> dict[str, float]:
    """Draw the estimated parameters from their priors."""
    values = medians(priors)
    for row in priors[priors["distribution"] == "log-normal"].itertuples():
        mean, sd = log_normal(row.median, row.low, row.high)
        values[row.parameter] = float(np.exp(rng.normal(mean, sd)))
    return values
