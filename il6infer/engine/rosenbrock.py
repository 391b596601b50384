"""A problem compiled: predictions of all measurements, their gradient, and what became of each run."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from functools import cached_property

import numpy as np
import sympy as sp

from il6infer.engine.fallback import Fallback
from il6infer.kernel.calls import jacobian_at, pullback_at, simulate_at
from il6infer.kernel.equations import layout, model_source
from il6infer.kernel.link import Kernel
from il6infer.kernel.method import stage_source
from il6infer.kernel.tableau import METHODS, Tableau
from il6infer.kernel.tangent import sensitivity_source
from il6infer.network.conservation import moieties
from il6infer.problem.spec import Problem
from il6infer.runs.outcome import Outcome, Simulation
from il6infer.runs.plan import Plan, make_plan
from il6infer.runs.precompute import hoist

MAX_STEPS = 10_000
"""Steps that one run may take before it counts as failed."""

MOST_LANES = 4
"""Runs that the kernel takes through the equations together; 8 are no faster where AVX-512 takes two cycles."""


def _constants(method: Tableau) -> dict[str, object]:
    """Constants of the method; see `kernel.parts`."""
    tables = {name: getattr(method, name.lower()).astype(float).tolist() for name in ("A", "C", "ALPHA", "D", "DENSE")}
    return {"STAGES": len(method.alpha), "GAMMA": float(method.gamma), **tables}


def _lanes(runs: int) -> int:
    """Choose how many runs go together: all, up to what a processor does at once."""
    return min(MOST_LANES, 1 << max(runs - 1, 0).bit_length())


def _tables(problem: Problem, plan: Plan, rtol: float, atol: float, max_steps: int) -> tuple[np.ndarray, ...]:
    """Arrays that the kernel reads, in its order; see ``tables`` in `forward.py`."""
    varying = layout(problem, plan).varying
    segments, run_pre, run_segments, rests = [], [], [], {}
    for run in plan.runs:
        if run[0].steady:
            key = (tuple(run[0].values[i] for i in varying), run[0].jumps)
            run_pre.append(rests.setdefault(key, (len(rests), run[0]))[0])
        else:
            run_pre.append(-1)
        body = [s for s in run if not s.steady]
        run_segments.append((len(segments), len(segments) + len(body)))
        segments += body
    pre_segments = np.arange(len(segments), len(segments) + len(rests))
    segments += [segment for _, segment in rests.values()]
    jumps = [jump for segment in segments for jump in segment.jumps]
    time_ptr = np.concatenate([[0], np.cumsum([len(t) for t in plan.run_times])])
    measured = plan.measured.copy()
    if len(measured):
        measured[:, 1] += time_ptr[measured[:, 0]]
    constants = [0.0 if e.free_symbols else float(e) for e in plan.quantities]
    integers = np.int64
    tables = (
        np.array(constants, dtype=float),
        np.array([s.start for s in segments], dtype=float),
        np.array([[s.values[i] for i in varying] for s in segments], dtype=integers).reshape(len(segments), -1),
        np.concatenate([[0], np.cumsum([len(s.jumps) for s in segments])]).astype(integers),
        np.array(jumps, dtype=integers).reshape(-1, 3),
        np.array(run_pre, dtype=integers),
        np.array(run_segments, dtype=integers).reshape(-1, 2),
        pre_segments.astype(integers),
        time_ptr.astype(integers),
        np.concatenate([*plan.run_times, np.empty(0)]).astype(float),
        measured.astype(integers),
        np.concatenate([[0], np.cumsum([len(i) for i in plan.measured_inputs])]).astype(integers),
        np.array([k for inputs in plan.measured_inputs for k in inputs], dtype=integers),
        np.array([rtol, atol, max_steps], dtype=float),
    )
    for table in tables:
        # numba types constant arrays as read-only; the same type here means one compilation serves both callers.
        table.flags.writeable = False
    return tables


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
        Tolerances on each state.
    max_steps
        Steps that one run may take.
    fallback
        Let diffsol try a run once that the kernel could not simulate.

    Attributes
    ----------
    fallback
        Counts what failed, in compiled calls too.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        method: str = "rodas5p",
        rtol: float = 1e-6,
        atol: float = 1e-8,
        max_steps: int = MAX_STEPS,
        fallback: bool = False,
    ) -> None:
        self.problem = _with_a_state(problem)
        self._simulated = problem = replace(self.problem, network=hoist(self.problem.network))
        self.plan = make_plan(problem)
        self.parameters = tuple(p.id for p in problem.estimated)
        spec = layout(problem, self.plan)
        source, constants = model_source(problem, self.plan, spec, moieties(problem.network, spec.constants))
        of_method = stage_source(METHODS[method], constants["N"], constants["DIAGONAL"], constants["NNZ"])
        together = {"LANES": _lanes(len(self.plan.runs))}
        self._code = "\n\n".join([source, of_method]), constants | _constants(METHODS[method]) | together
        self.kernel = Kernel(*self._code)
        self.tables = _tables(problem, self.plan, rtol, atol, max_steps)
        self.digest = hashlib.sha256(
            b"".join([self.kernel.digest.encode(), *(t.tobytes() + str(t.shape).encode() for t in self.tables)])
        ).hexdigest()
        self.fallback = Fallback(self.problem, rtol, atol, enabled=fallback)
        self._outcomes: Counter[str] = Counter()

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
        prediction, noise, outcome, *_ = self.forward(theta, keep=False)
        self._outcomes["calls"] += 1
        self._outcomes.update(Outcome(o).name.lower() for o in outcome)
        return Simulation(prediction, noise, outcome.astype(np.int8))

    def forward(self, theta: np.ndarray, *, keep: bool) -> tuple[np.ndarray, ...]:
        """Give what the kernel's ``simulate`` does (see `forward.py`); failed runs tried again, `keep` records."""
        theta = self._checked(theta)
        prediction, noise, outcome, *rest = simulate_at(self.kernel.address("simulate"), theta, self.tables, keep)
        if outcome.any():
            self.fallback.rescue(theta, outcome, prediction, noise)
        return prediction, noise, outcome, *rest

    def backward(self, theta: np.ndarray, outcome: np.ndarray, *rest: np.ndarray) -> np.ndarray:
        """Gradient (parameters,) from what `forward` kept, then the adjoints of prediction and noise."""
        inputs = [np.ascontiguousarray(array) for array in (theta, outcome, *rest)]
        gradient = pullback_at(self.kernel.address("pullback"), inputs[0], self.tables, *inputs[1:])
        return gradient + self.fallback.gradient(*inputs[:2], *inputs[-2:]) if outcome.any() else gradient

    def states(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """States (times, states) of each run at its measured times (`plan.run_times`)."""
        _, _, _, states, *_ = simulate_at(self.kernel.address("simulate"), self._checked(theta), self.tables, False)
        ends = np.cumsum([len(t) for t in self.plan.run_times])
        return tuple(np.split(states, ends[:-1]))

    def pullback(self, theta: np.ndarray, prediction_bar: np.ndarray, noise_bar: np.ndarray) -> np.ndarray:
        """Gradient (parameters,) of sum(prediction_bar * prediction + noise_bar * noise); NaN where a run failed."""
        _, _, *kept = self.forward(theta, keep=True)
        bars = (np.asarray(bar, dtype=float) for bar in (prediction_bar, noise_bar))
        return self.backward(self._checked(theta), *kept, *bars)

    def jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Differentiate prediction and noise (measurements, parameters) by forward sensitivities.

        They are exact for the steps taken, as `pullback` is; rows whose run failed are NaN.
        """
        theta = self._checked(theta)
        _, _, outcome, *kept = self.forward(theta, keep=True)
        prediction, noise = jacobian_at(self._tangent.address("jacobian"), theta, self.tables, outcome, *kept)
        for rows, *slopes in self.fallback.jacobian(theta, outcome):
            prediction[rows], noise[rows] = slopes
        return prediction, noise

    @cached_property
    def _tangent(self) -> Kernel:
        """Kernel with forward sensitivities, which most uses do not need."""
        source, constants = sensitivity_source(self._simulated, layout(self._simulated, self.plan))
        return Kernel("\n\n".join([self._code[0], source]), self._code[1] | constants)

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
