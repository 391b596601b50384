"""What every engine can do; `il6infer.engine.compile` gives one."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from il6infer.problems.spec import Problem
from il6infer.runs.outcome import Simulation
from il6infer.runs.plan import Plan

MAX_STEPS = 10_000
"""Steps that one run of the kernel may take before it counts as failed."""


class Engine(Protocol):
    """A problem compiled: predictions of all measurements, their derivatives, and what became of each run.

    ``theta`` is always (parameters,), on the linear scale, in the order of `parameters`.

    Attributes
    ----------
    problem, plan
        What is simulated, and its distinct runs.
    parameters
        Ids of the estimated parameters.
    """

    problem: Problem
    plan: Plan
    parameters: tuple[str, ...]

    @property
    def atol(self) -> float:
        """Absolute tolerance in use."""
        ...

    @property
    def digest(self) -> str:
        """Digest of all that the predictions depend on."""
        ...

    @property
    def run_experiments(self) -> tuple[tuple[str, ...], ...]:
        """Experiments that each distinct run serves."""
        ...

    def finer(self, factor: float) -> Engine:
        """Give the same engine with all tolerances divided by `factor`."""
        ...

    def simulate(self, theta: np.ndarray) -> Simulation:
        """Prediction and noise of every measurement; infinite and 1 where the run failed."""
        ...

    def states(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """States (times, states) of each run at its measured times."""
        ...

    def pullback(self, theta: np.ndarray, prediction_bar: np.ndarray, noise_bar: np.ndarray) -> np.ndarray:
        """Gradient (parameters,) of sum(prediction_bar * prediction + noise_bar * noise); NaN where a run failed.

        Parameters
        ----------
        prediction_bar, noise_bar
            (measurements,) weights.
        """
        ...

    def jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the derivatives (measurements, parameters) of prediction and noise; rows whose run failed are NaN."""
        ...

    def log_likelihood(self, theta: np.ndarray) -> np.ndarray:
        """Log-density of each measurement (measurements,); -inf where its run failed."""
        ...

    def counters(self) -> dict[str, int]:
        """Count calls of `simulate`, and runs by outcome, since the engine was made."""
        ...

    def failures(self) -> dict[str, int]:
        """Count failed runs by outcome, and those rescued, in all calls since the engine was made."""
        ...
