"""A problem compiled: predictions of all measurements, their gradient, and what became of each run."""

from __future__ import annotations

import hashlib
from collections import Counter
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from il6infer._once import once
from il6infer.engine.blocks import Block, Spread, blocks_of
from il6infer.engine.fallback import Fallback
from il6infer.engine.protocol import MAX_STEPS
from il6infer.engine.tables import fixed, tables_of
from il6infer.engine.tolerances import Trial, absolute_tolerance, smallest_size, tolerances_of_states
from il6infer.kernel.calls import Described, gradient_at, jacobian_at, pullback_at, simulate_at
from il6infer.kernel.contracts import Kept, Simulated, Tables
from il6infer.kernel.equations import model_source
from il6infer.kernel.layout import layout
from il6infer.kernel.link import Kernel
from il6infer.kernel.method import stage_source
from il6infer.kernel.tableau import METHODS, Tableau
from il6infer.kernel.tangent import sensitivity_source
from il6infer.kernel.tape import largest_states, states_at_starts
from il6infer.problems.spec import Problem
from il6infer.runs.laws import Laws, laws_at_rest
from il6infer.runs.modes import with_modes
from il6infer.runs.outcome import Outcome, Simulation
from il6infer.runs.plan import make_plan
from il6infer.runs.precompute import precompute

MOST_LANES = 4
"""Runs that the kernel takes through the equations together; 8 are no faster where AVX-512 takes two cycles."""


def _constants(method: Tableau) -> dict[str, Any]:
    """Constants of the method; see `il6infer.kernel.model_functions`."""
    tables = {name: getattr(method, name.lower()).astype(float).tolist() for name in ("A", "C", "ALPHA", "D", "DENSE")}
    return {"STAGES": len(method.alpha), "GAMMA": float(method.gamma), **tables}


def _lanes(runs: int) -> int:
    """Choose how many runs go together: all, up to what a processor does at once."""
    return min(MOST_LANES, 1 << max(runs - 1, 0).bit_length())


def _bytes(array: np.ndarray) -> bytes:
    return array.tobytes() + str(array.shape).encode()


def _with_a_state(problem: Problem) -> Problem:
    """Give a model of assignments only, which has no state, one that does nothing: the kernel's arrays need it."""
    network = problem.network
    if network.states:
        return problem
    idle = replace(
        network, states=("idle",), initial=(sp.Integer(0),), rhs=(sp.Integer(0),), fluxes=(sp.Integer(0),),
        stoichiometry=np.ones((1, 1)), flux_ids=("idle",),
    )  # fmt: skip
    return replace(problem, network=idle)


class RosenbrockEngine:
    """The project's own kernel: a Rosenbrock method specialised to the model, with its exact discrete adjoint.

    Parameters
    ----------
    problem
        What to simulate.
    method
        ``rodas4`` or ``rodas5p``.
    rtol, atol
        Tolerances on each state; see `engine.tolerances.absolute_tolerance` for what becomes of `atol`.
    lower_atol
        Let the predictions at `at` say what absolute tolerance they need; else `atol` is what it is.
    at
        (parameters,), on the linear scale; None for the nominal values.
    max_steps
        Steps that one run may take.
    max_seconds
        Wall time that one call may take; what is not simulated then has outcome `TIME_LIMIT`.
    fallback
        Let diffsol try a run once that the kernel could not simulate.
    threads
        That one gradient may use, where there are several blocks of runs; its bits do not depend on it. Also an
        attribute.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        method: str = "rodas5p",
        rtol: float = 1e-6,
        atol: float = 1e-8,
        lower_atol: bool = True,
        at: np.ndarray | None = None,
        max_steps: int = MAX_STEPS,
        max_seconds: float = np.inf,
        fallback: bool = False,
        threads: int = 1,
    ) -> None:
        self.problem = _with_a_state(problem)
        self._switching = problem = with_modes(self.problem)
        self._simulated = problem = replace(problem, network=precompute(problem.network))
        self.plan = make_plan(problem)
        self.parameters = tuple(p.id for p in problem.estimated)
        spec = layout(problem, self.plan)
        source, constants, lists = model_source(problem, self.plan, spec)
        self._known = spec.constants
        of_method = stage_source(METHODS[method], constants["N"], constants["DIAGONAL"], constants["NNZ"])
        self._size, self._lanes = constants["N"], _lanes(len(self.plan.runs))
        self._source = "\n\n".join([source, of_method])
        self._constants = {**constants, **lists, **_constants(METHODS[method]), "LANES": self._lanes}
        self.kernel = Kernel(self._source, self._constants)
        self._rtol, self._coarsest, self._lower_atol, self._at = rtol, atol, lower_atol, at
        self._budget, self._fallback, self.threads = (max_steps, max_seconds), fallback, threads
        self._outcomes: Counter[str] = Counter()

    @once
    def _described(self) -> Described:
        return Described(self.tables)

    @once
    def blocks(self) -> tuple[Block, ...]:
        """Runs in blocks, for gradients."""
        return blocks_of(self.tables)

    @once
    def _laws(self) -> Laws:
        return laws_at_rest(self._switching, self.plan, self._known)

    @once
    def tables(self) -> Tables:
        """What the kernel reads of the problem."""
        return tables_of(self._simulated, self.plan, self._laws, self._rtol, self.atols, *self._budget)

    def finer(self, factor: float) -> RosenbrockEngine:
        """Give the same engine with all tolerances divided by `factor`; nothing is compiled again."""
        other = copy(self)
        for cached in ("tables", "_described", "blocks", "_digest", "fallback"):
            vars(other).pop(cached, None)
        other._rtol, other.atols, other._outcomes = self._rtol / factor, self.atols / factor, Counter()
        return other

    @property
    def digest(self) -> str:
        """Digest of all that the predictions depend on."""
        return self._digest

    @once
    def _digest(self) -> str:
        parts = [self.kernel.digest.encode(), *(_bytes(np.asarray(table)) for table in self.tables)]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    @once
    def fallback(self) -> Fallback:
        """Second attempts; counts what failed, in compiled calls too."""
        return Fallback(self.problem, self._rtol, self.atol, self._budget[1], enabled=self._fallback)

    @property
    def atol(self) -> float:
        """Smallest absolute tolerance in use."""
        return float(self.atols.min())

    @once
    def atols(self) -> np.ndarray:
        """Absolute tolerance (states,) of each state, in the order of the kernel."""
        at = np.array([p.nominal for p in self.problem.estimated]) if self._at is None else self._checked(self._at)
        coarsest = np.full(self._size, self._coarsest)
        if not (self._lower_atol and np.isfinite(at).all()):
            return coarsest
        tables = tables_of(self._simulated, self.plan, self._laws, self._rtol, coarsest, *self._budget)

        def simulate(own: np.ndarray) -> Simulated:
            described = Described(tables._replace(atol=fixed(own)))
            return simulate_at(self.kernel.address("simulate"), at, described.address, True)

        def attempt(own: float) -> Trial:
            found = simulate(np.full(self._size, own))
            starts = states_at_starts(found.kept.tape, self._lanes, self._size)
            known = np.repeat(found.kept.outcome == Outcome.OK, np.diff(tables.time_ptr))
            return Trial(found.prediction, smallest_size(starts), smallest_size(found.kept.states[known]))

        needed = absolute_tolerance(self.problem, self._rtol, self._coarsest, attempt)
        if needed.reference is None:
            return coarsest
        largest = largest_states(simulate(coarsest).kept.tape, self._lanes, self._size)

        def predict(own: np.ndarray) -> tuple[np.ndarray, int]:
            found = simulate(own)
            return found.prediction, len(found.kept.tape)

        return tolerances_of_states(self.problem, self._rtol, self._coarsest, needed, largest, predict)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Number of parameters, runs and measurements."""
        return len(self.parameters), len(self.plan.runs), len(self.problem.measurements)

    @property
    def run_experiments(self) -> tuple[tuple[str, ...], ...]:
        """Experiments that each distinct run serves."""
        return tuple(
            tuple(e for e, r in self.plan.experiments.items() if r == run) for run in range(len(self.plan.runs))
        )

    def simulate(self, theta: np.ndarray) -> Simulation:
        """Prediction and noise of every measurement at `theta` (parameters,), on the linear scale."""
        found = self.forward(theta, keep=False)
        self._outcomes["calls"] += 1
        self._outcomes.update(Outcome(o).name.lower() for o in found.kept.outcome)
        return Simulation(found.prediction, found.noise, found.kept.outcome.astype(np.int8))

    def forward(self, theta: np.ndarray, *, keep: bool) -> Simulated:
        """Simulate, failed runs tried again; `keep` records the tape that derivatives need."""
        theta = self._checked(theta)
        found = simulate_at(self.kernel.address("simulate"), theta, self._described.address, keep)
        if found.kept.outcome.any():
            self.fallback.rescue(theta, found.kept.outcome, found.prediction, found.noise)
        return found

    def backward(self, theta: np.ndarray, kept: Kept, prediction_bar: np.ndarray, noise_bar: np.ndarray) -> np.ndarray:
        """Gradient (parameters,) from what `forward` kept and the adjoints of prediction and noise.

        Parameters
        ----------
        theta
            (parameters,), the same as in `forward`.
        kept
            Of `forward` with ``keep=True``.
        prediction_bar, noise_bar
            (measurements,).
        """
        theta, *bars = (np.ascontiguousarray(array, dtype=float) for array in (theta, prediction_bar, noise_bar))
        gradient = pullback_at(self.kernel.address("pullback"), theta, self._described.address, kept, *bars)
        return gradient + self.fallback.gradient(theta, kept.outcome, *bars) if kept.outcome.any() else gradient

    def states(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """States (times, states) of each run at its measured times (`plan.run_times`); NaN where the run failed."""
        found = simulate_at(self.kernel.address("simulate"), self._checked(theta), self._described.address, False)
        states = np.split(found.kept.states, self.tables.time_ptr[1:-1])
        return tuple(
            s if o == Outcome.OK else np.full_like(s, np.nan) for s, o in zip(states, found.kept.outcome, strict=True)
        )

    def pullback(self, theta: np.ndarray, prediction_bar: np.ndarray, noise_bar: np.ndarray) -> np.ndarray:
        """Gradient (parameters,) of sum(prediction_bar * prediction + noise_bar * noise); NaN where a run failed.

        Parameters
        ----------
        theta
            (parameters,), on the linear scale.
        prediction_bar, noise_bar
            (measurements,) weights.
        """
        theta = self._checked(theta)
        if (gradient := self._pullback_in_blocks(theta, prediction_bar, noise_bar)) is not None:
            return gradient
        return self.backward(theta, self.forward(theta, keep=True).kept, prediction_bar, noise_bar)

    def _pullback_in_blocks(
        self, theta: np.ndarray, prediction_bar: np.ndarray, noise_bar: np.ndarray
    ) -> np.ndarray | None:
        """Sum the gradients of the blocks, in their order; None where a run failed, for the fallback sees all runs."""
        bars = [np.ascontiguousarray(bar, dtype=float) for bar in (prediction_bar, noise_bar)]
        simulate, pullback = map(self.kernel.address, ("simulate", "pullback"))

        def gradient(block: Block) -> tuple[bool, np.ndarray]:
            own = (bar[block.rows] for bar in bars)
            return gradient_at(simulate, pullback, theta, block.described.address, *own)

        total = np.zeros(len(theta))
        for whole, own in self._spread(gradient, self.blocks):
            if not whole:
                return None
            total += own
        return total

    @once
    def _spread(self) -> Spread:
        """Map over blocks, on threads where there are several."""
        return Spread(self.threads)

    def jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Differentiate prediction and noise (measurements, parameters) by forward sensitivities.

        They are exact for the steps taken, as `pullback` is; rows whose run failed are NaN.
        """
        theta = self._checked(theta)
        kept = self.forward(theta, keep=True).kept
        prediction, noise = jacobian_at(self._tangent.address("jacobian"), theta, self._described.address, kept)
        for rows, *slopes in self.fallback.jacobian(theta, kept.outcome):
            prediction[rows], noise[rows] = slopes
        return prediction, noise

    @once
    def _tangent(self) -> Kernel:
        """Kernel with forward sensitivities, which most uses do not need."""
        stages = self._constants["STAGES"]
        source, constants = sensitivity_source(self._simulated, layout(self._simulated, self.plan), stages)
        return Kernel("\n\n".join([self._source, source]), self._constants | constants)

    def log_likelihood(self, theta: np.ndarray) -> np.ndarray:
        """Log-density of each measurement (measurements,); -inf where its run failed."""
        from il6infer.engine.likelihood import pointwise

        simulation = self.simulate(theta)
        return pointwise(self.problem, simulation.prediction, simulation.noise)

    def counters(self) -> dict[str, int]:
        """Count calls of `simulate`, and runs by outcome, since the engine was made."""
        return dict(self._outcomes)

    def failures(self) -> dict[str, int]:
        """Count failed runs by outcome, and those rescued, in all calls since the engine was made."""
        return dict(self.fallback.counts)

    def _checked(self, theta: np.ndarray) -> np.ndarray:
        theta = np.ascontiguousarray(theta, dtype=float)
        if theta.shape != (len(self.parameters),):
            raise ValueError(f"theta has shape {theta.shape}, expected ({len(self.parameters)},)")
        return theta
