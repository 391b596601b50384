"""The second engine: diffsol's BDF on DiffSL source, with forward sensitivities.

It shares only the plan of the runs with the project's own kernel: equations, solver, derivatives of read-outs and
steady states are done by other code. So it is the oracle in tests, and the way out where the kernel fails.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pydiffsol as ds

from il6infer._errors import is_panic
from il6infer._once import once
from il6infer.engine.denominators import Denominators
from il6infer.engine.diffsl import source as diffsl_source
from il6infer.engine.diffsl_check import borne
from il6infer.engine.endless import refuse_endless
from il6infer.engine.likelihood import pointwise
from il6infer.engine.located import FOUND, SAME_MOMENT, Failed, Switching
from il6infer.engine.powers import has_exponents, remove_impossible
from il6infer.engine.rest import is_stable, standing_still, time_to_rest
from il6infer.engine.tolerances import Trial, absolute_tolerance, smallest_size
from il6infer.network.graphs import replaced, symbols_of
from il6infer.network.network import TIME, symbol
from il6infer.problems.spec import Problem
from il6infer.runs.laws import Courses
from il6infer.runs.modes import with_modes
from il6infer.runs.numeric import Function
from il6infer.runs.outcome import Outcome, Simulation
from il6infer.runs.plan import make_plan
from il6infer.runs.precompute import decided
from il6infer.runs.rest import depends_on_time
from il6infer.runs.segments import ADD, SET, Segment, theta
from il6infer.runs.time_scale import longest_step

MOST_PIECES = 10_000
"""Switches, and steps that functions of time limit, in one segment."""

MOST_SWITCHES = 500
"""On the way to rest."""


class DiffsolEngine:
    """Same interface as `RosenbrockEngine`, slower, independent.

    Parameters
    ----------
    problem
        What to simulate.
    rtol, atol
        Tolerances on each state and each sensitivity; see `engine.tolerances.absolute_tolerance` for what becomes of
        `atol`.
    lower_atol, at
        As `RosenbrockEngine` has them.
    max_seconds
        Wall time that one run may take, judged between integrations: from one period or tenfold time to the next.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        rtol: float = 1e-6,
        atol: float = 1e-8,
        lower_atol: bool = True,
        at: np.ndarray | None = None,
        max_seconds: float = np.inf,
    ) -> None:
        self.problem = problem
        problem = decided(asked := with_modes(problem))
        self.plan = make_plan(problem)
        self.parameters = tuple(p.id for p in problem.estimated)
        self._max_seconds = max_seconds
        network = self._network = problem.network
        self._states = [symbol(s) for s in network.states]
        source = borne(diffsl_source(problem))
        self._ode = ds.Ode(source, matrix_type=ds.nalgebra_dense, ode_solver=ds.bdf) if self._states else None
        estimated = [theta(p.id) for p in problem.estimated]
        varying = [symbol(name) for name in network.parameters]
        named = set().union(
            *[symbols_of(e) for e in (*network.rhs, *(m.located_function for m in network.modes if m.located))]
        )
        self._in_rates = np.array([own in named for own in varying], dtype=bool)
        self._quantities = Function(estimated, self.plan.quantities)
        self._initial = Function(varying, network.initial)
        # DiffSL's powers are guarded at 0 and so finite where the rate is not; these are not.
        self._rates = Function([*self._states, *varying, TIME], network.rhs)
        self._denominators = Denominators(network, varying)
        self._by_exponent = has_exponents(network)
        self._switching = Switching(network, self._rates, asked.network.rhs)
        self._longest_step = longest_step(network, varying)
        self._jumps = Function([*self._states, *estimated], self.plan.expressions)
        expand = network.expand
        self._observables = [
            Function([*self._states, TIME, *inputs], [replaced(o.formula, expand), replaced(o.noise, expand)])
            for o, inputs in zip(problem.observables, self.plan.inputs, strict=True)
        ]
        self._outcomes: Counter[str] = Counter()
        self._lock = threading.Lock()  # one solver, many threads
        self.rtol = self.atol = np.nan
        self._set_tolerances(rtol, atol)
        at = np.array([p.nominal for p in problem.estimated]) if at is None else np.asarray(at, dtype=float)
        if lower_atol and np.isfinite(at).all():
            needed = absolute_tolerance(problem, rtol, atol, lambda own: self._try(at, own))
            self._set_tolerances(rtol, needed.atol)
        text = f"diffsol {ds.version()}\n{source}\n{self.rtol} {self.atol}\n{self.plan}\n{problem.observables}"
        self.digest = hashlib.sha256(text.encode()).hexdigest()

    def finer(self, factor: float) -> DiffsolEngine:
        """Give the same engine with all tolerances divided by `factor`."""
        tolerances = {"rtol": self.rtol / factor, "atol": self.atol / factor, "lower_atol": False}
        return DiffsolEngine(self.problem, **tolerances, max_seconds=self._max_seconds)

    def _set_tolerances(self, rtol: float, atol: float) -> None:
        self.rtol, self.atol = rtol, atol
        if self._ode is not None:
            self._ode.rtol, self._ode.atol, self._ode.sens_rtol, self._ode.sens_atol = rtol, atol, rtol, atol

    def _try(self, at: np.ndarray, atol: float) -> Trial:
        self._set_tolerances(self.rtol, atol)
        simulation, _, _, least = self._evaluate(at, derive=False)
        self._outcomes.clear()
        starts = (self._initial(self._quantities(at)[list(run[0].values)]) for run in self.plan.runs)
        return Trial(simulation.prediction, min(map(smallest_size, starts)), least)

    @property
    def run_experiments(self) -> tuple[tuple[str, ...], ...]:
        """Experiments that each distinct run serves."""
        return tuple(
            tuple(e for e, r in self.plan.experiments.items() if r == run) for run in range(len(self.plan.runs))
        )

    def simulate(self, theta: np.ndarray) -> Simulation:
        """Prediction and noise of every measurement at `theta` (parameters,), on the linear scale."""
        return self._evaluate(theta, derive=False)[0]

    def states(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """States (times, states) of each run at its measured times; NaN where the run failed."""
        values = np.asarray(theta, dtype=float)
        return tuple(self._run(r, values, derive=False)[1] for r in range(len(self.plan.runs)))

    def pullback(self, theta: np.ndarray, prediction_bar: np.ndarray, noise_bar: np.ndarray) -> np.ndarray:
        """Gradient (parameters,) of sum(prediction_bar * prediction + noise_bar * noise); NaN where a run failed.

        Parameters
        ----------
        theta
            (parameters,), on the linear scale.
        prediction_bar, noise_bar
            (measurements,) weights.
        """
        prediction, noise = self.jacobian(theta)
        return np.asarray(prediction_bar) @ prediction + np.asarray(noise_bar) @ noise

    def jacobian(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Differentiate prediction and noise (measurements, parameters); rows whose run failed are NaN."""
        return self._evaluate(theta, derive=True)[1:3]

    def log_likelihood(self, theta: np.ndarray) -> np.ndarray:
        """Log-density of each measurement (measurements,); -inf where its run failed."""
        simulation = self.simulate(theta)
        return pointwise(self.problem, simulation.prediction, simulation.noise)

    def counters(self) -> dict[str, int]:
        """Count calls, and runs by outcome, since the engine was made."""
        return dict(self._outcomes)

    def failures(self) -> dict[str, int]:
        """Count failed runs by outcome since the engine was made."""
        return {name: count for name, count in self._outcomes.items() if name not in ("calls", "ok")}

    def measure_run(self, run: int, theta: np.ndarray) -> tuple[Outcome, np.ndarray, np.ndarray, np.ndarray]:
        """One run alone: outcome, the rows of its measurements, and their prediction and noise."""
        values = np.asarray(theta, dtype=float)
        outcome, states, _ = self._run(run, values, derive=False)
        rows, d = np.flatnonzero(self.plan.measured[:, 0] == run), self._quantities(values)
        prediction, noise = np.array([self._measure(n, states, d) for n in rows.tolist()]).reshape(-1, 2).T
        return outcome, rows, prediction, noise

    def differentiate_run(self, run: int, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One run alone: the rows of its measurements, and the derivatives of their prediction and noise."""
        values = np.asarray(theta, dtype=float)
        _, states, tangents = self._run(run, values, derive=True)
        rows = np.flatnonzero(self.plan.measured[:, 0] == run)
        d, dd = self._quantities(values), self._quantities.jacobian(values)
        slopes = np.array([self._differentiate(n, states, tangents, d, dd) for n in rows.tolist()])
        prediction, noise = slopes.reshape(-1, 2, len(values)).swapaxes(0, 1)
        return rows, prediction, noise

    def _evaluate(self, theta: np.ndarray, derive: bool) -> tuple[Simulation, np.ndarray, np.ndarray, float]:
        values = np.asarray(theta, dtype=float)
        if values.shape != (len(self.parameters),):
            raise ValueError(f"theta has shape {values.shape}, expected ({len(self.parameters)},)")
        rows, size = len(self.plan.measured), len(values)
        results = [self._run(r, values, derive) for r in range(len(self.plan.runs))]
        d, dd = self._quantities(values), self._quantities.jacobian(values) if derive else None
        prediction, noise = np.full(rows, np.inf), np.ones(rows)
        slopes = np.full((2, rows, size), np.nan)
        for n, run in enumerate(self.plan.measured[:, 0]):
            outcome, states, tangents = results[run]
            if outcome:
                continue
            prediction[n], noise[n] = self._measure(n, states, d)
            if dd is not None:
                slopes[:, n] = self._differentiate(n, states, tangents, d, dd)
        outcomes = np.array([outcome for outcome, _, _ in results], dtype=np.int8)
        self._outcomes["calls"] += 1
        self._outcomes.update(Outcome(o).name.lower() for o in outcomes)
        return Simulation(prediction, noise, outcomes), slopes[0], slopes[1], min(smallest_size(r[1]) for r in results)

    def _measure(self, n: int, states: np.ndarray, d: np.ndarray) -> tuple[float, float]:
        """Prediction and noise; +inf and 1 where the instrument reads no number, or has no spread."""
        run, at, o = self.plan.measured[n]
        inputs = d[list(self.plan.measured_inputs[n])]
        value, sd = self._observables[o](np.concatenate([states[at], [self.plan.run_times[run][at]], inputs]))
        return (value, sd) if np.isfinite(value) and sd > 0 else (np.inf, 1.0)

    def _differentiate(
        self, n: int, states: np.ndarray, tangents: np.ndarray, d: np.ndarray, dd: np.ndarray
    ) -> np.ndarray:
        """Differentiate the prediction and noise of one measurement (2, parameters)."""
        run, at, o = self.plan.measured[n]
        index, count = list(self.plan.measured_inputs[n]), len(self._states)
        local = self._observables[o].jacobian([*states[at], self.plan.run_times[run][at], *d[index]])
        return local[:, :count] @ tangents[at] + local[:, count + 1 :] @ dd[index]

    def _run(self, run: int, values: np.ndarray, derive: bool) -> tuple[Outcome, np.ndarray, np.ndarray]:
        """Outcome, states (times, states) and their tangents (times, states, parameters) of one run."""
        times, size = self.plan.run_times[run], len(self._states)
        states = np.full((len(times), size), np.nan)
        tangents = np.full((len(times), size, len(values)), np.nan)
        d, dd = self._quantities(values), self._quantities.jacobian(values)
        segments, until = self.plan.runs[run], time.monotonic() + self._max_seconds
        p, dp = d[list(segments[0].values)], dd[list(segments[0].values)]
        with np.errstate(invalid="ignore"):  # infinite slopes at parameters that overflow: the run ends with an outcome
            y, s = self._initial(p), self._initial.jacobian(p) @ dp
        held = self._switching.first_held()
        try:
            for n, segment in enumerate(segments):
                p, dp = d[list(segment.values)], dd[list(segment.values)]
                at_start = np.flatnonzero(times == segment.start)
                if segment.late and not segment.steady:
                    states[at_start], tangents[at_start] = y, s
                y, s = self._jump(segment, y, s, values, d, dd)
                first_held = held.copy()
                held |= segment.steady & self._switching.timed  # no time passes at rest
                y, s, p = self._switching.arrive(y, s, p, dp, 0.0 if segment.steady else segment.start, held)
                if segment.steady:
                    y, s = self._before._steady(y, s, p, dp, 0.0, held, derive, until)
                    held = np.where(self._switching.timed, first_held, held)
                    continue
                end = segments[n + 1].start if n + 1 < len(segments) else np.inf
                if segment.start < end and not segment.late:
                    states[at_start], tangents[at_start] = y, s
                later = np.flatnonzero((times > segment.start) & (times < end) & np.isfinite(times))
                goals = np.append(times[later], end) if segment.start < end < np.inf else times[later]
                if len(goals):
                    course = self._advance(y, s, p, dp, segment.start, goals, held, derive, until, end < np.inf)
                    found, slopes, y, s, p = course
                    states[later], tangents[later] = found[: len(later)], slopes[: len(later)]
            if len(times) and times[-1] == np.inf:
                begin = max([segments[-1].start, *times[-2:-1]])
                states[-1], tangents[-1] = self._steady(y, s, p, dp, begin, held, derive, until)
        except Failed as failure:
            return failure.outcome, np.full_like(states, np.nan), tangents
        return Outcome.OK, states, tangents

    def _jump(
        self, segment: Segment, y: np.ndarray, s: np.ndarray, values: np.ndarray, d: np.ndarray, dd: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        after, slopes = y.copy(), s.copy()
        for state, kind, index in segment.jumps:
            if kind == SET:
                after[state], slopes[state] = d[index], dd[index]
            elif kind == ADD:
                after[state], slopes[state] = y[state] + d[index], s[state] + dd[index]
            else:
                local = self._jumps.jacobian([*y, *values])[index]
                after[state] = self._jumps([*y, *values])[index]
                slopes[state] = local[: len(y)] @ s + local[len(y) :]
        return after, slopes

    def _advance(
        self, y: np.ndarray, s: np.ndarray, p: np.ndarray, dp: np.ndarray, start: float, goals: np.ndarray,
        held: np.ndarray, derive: bool, until: float, followed: bool, pieces: int = MOST_PIECES,
    ) -> tuple[np.ndarray, ...]:  # fmt: skip
        """States and tangents at the goals; then state, tangent, parameters at the last, where another may begin."""
        states = np.empty((len(goals), len(y)))
        tangents = np.empty((len(goals), *s.shape))
        now, done = start, 0
        for _ in range(pieces):
            y, s, p = self._switching.settle(y, s, p, dp, now, held, self._slack(y))
            asked = goals[done:]
            if self._longest_step is not None:
                longest = now + max(self._longest_step([*y, *p, now]), 1e-9 * (goals[-1] - now))
                asked = np.unique(np.append(asked[asked <= longest], min(longest, goals[-1])))
            times, found, slopes = self._solve(y, s, p, dp, now, asked, derive, until)
            y, s, now, span = found[-1], slopes[-1], times[-1], times[-1] - now
            reached = done + int(np.searchsorted(goals[done:], now, side="right"))
            for at in range(done, reached):
                place = int(np.searchsorted(times, goals[at]))
                states[at], tangents[at] = found[place], slopes[place]
            before, ends = (y, s), followed and goals[-1] - now <= FOUND * max(abs(now), span, 1.0)
            y, s, p, moment = self._switching.switch(y, s, p, dp, now, held, self._slack(y), span, ends)
            if ends and reached < len(goals):
                states[reached:], tangents[reached:], reached = y, s, len(goals)
            if moment:
                same = np.abs(goals - now) <= SAME_MOMENT * max(abs(now), 1.0)
                same[:done] = False
                states[same], tangents[same] = (y, s) if moment > 0 else before
                reached = max(reached, *(np.flatnonzero(same) + 1)) if same.any() else reached
            done = reached
            if done == len(goals):
                return states, tangents, y, s, p
        raise Failed(Outcome.STEP_LIMIT)

    def _slack(self, y: np.ndarray) -> np.ndarray:
        return 10.0 * (self.atol + self.rtol * np.abs(y))

    def _solve(
        self, y: np.ndarray, s: np.ndarray, p: np.ndarray, dp: np.ndarray, start: float, times: np.ndarray,
        derive: bool, until: float,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
        """Give times, states (times, states) and tangents (times, states, parameters) from y on, up to a switch."""
        if self._ode is None:
            return times, np.empty((len(times), 0)), np.empty((len(times), 0, dp.shape[1]))
        if time.monotonic() > until:
            raise Failed(Outcome.TIME_LIMIT)
        inputs = np.concatenate([np.where(self._in_rates, p, 0.0), y, [start]])  # one that no rate names may be NaN
        if not np.isfinite(inputs).all():
            raise Failed(Outcome.NON_FINITE)
        try:
            with self._lock:
                refuse_endless(self._ode, self._rates, inputs, [*y, *p, start], len(y), times[-1] - start)
                solve = self._ode.solve_fwd_sens if derive else self._ode.solve_dense
                solution = solve(inputs, np.asarray(times) - start)
        except RuntimeError as error:
            limit = "maximum" in str(error).lower()
            raise Failed(Outcome.STEP_LIMIT if limit else Outcome.STEP_TOO_SMALL) from error
        except BaseException as error:
            if not is_panic(error):
                raise
            raise Failed(Outcome.STEP_TOO_SMALL) from error
        states, ends = np.asarray(solution.ys).T, np.asarray(solution.ts)
        stopped = bool(self._switching.modes) and len(ends) and ends[-1] < times[-1] - start
        if not stopped and len(ends) != len(times) or not len(ends) or not np.isfinite(states).all():
            raise Failed(Outcome.NON_FINITE)
        reached = np.append(times[: len(ends) - 1], start + ends[-1]) if stopped else np.asarray(times)
        points = [*zip([y, *states], [start, *reached], strict=True)]
        finite = all(np.isfinite(self._rates([*state, *p, at])).all() for state, at in points)
        if not finite or self._denominators.passed(points, p) or self._switching.undecided(points, p, self.atol):
            raise Failed(Outcome.NON_FINITE)
        if not derive:
            return reached, states, np.full((*states.shape, dp.shape[1]), np.nan)
        local = np.stack([np.asarray(one).T for one in solution.sens], axis=-1)  # (times, states, inputs)
        slopes = local[..., : len(p)] @ dp + local[..., len(p) : len(p) + len(y)] @ s
        if self._by_exponent:
            remove_impossible(slopes, self._rates, [y, *states], p, dp, [start, *reached])
        return reached, states, slopes

    def _steady(
        self, y: np.ndarray, s: np.ndarray, p: np.ndarray, dp: np.ndarray, begin: float, held: np.ndarray,
        derive: bool, until: float,
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """State and tangent of rest that a run comes to from a time on; changes `held`."""

        def reach(duration: float, held: np.ndarray, derive: bool) -> tuple[np.ndarray, ...]:
            goal = np.array([begin + duration])
            return self._advance(y, s, p, dp, begin, goal, held, derive, until, False, MOST_SWITCHES)[2:]

        def stays(after: np.ndarray, modes: np.ndarray) -> bool:
            slopes = self._rates.jacobian([*after, *modes, 0.0])[:, : len(y)]
            # A switch may be yet to come.
            lasts = np.array_equal(self._switching.with_modes(after, modes, np.inf), modes)
            return lasts and is_stable(slopes, after != y, self._courses.laws(p, y))

        def look(duration: float) -> tuple[np.ndarray, np.ndarray]:
            after, _, modes = reach(duration, held.copy(), False)
            return after, modes

        after, slopes, _ = reach(time_to_rest(look, stays, self.rtol, self.atol), held, derive)
        return after, slopes

    @once
    def _courses(self) -> Courses:
        return Courses(self._network)

    @once
    def _before(self) -> DiffsolEngine:
        """Engine of the time before experiments, which stands still at 0; its states and parameters are the same."""
        if depends_on_time(self._network) == "":
            return self
        frozen, limit = replace(self.problem, network=standing_still(self._network)), self._max_seconds
        return DiffsolEngine(frozen, rtol=self.rtol, atol=self.atol, lower_atol=False, max_seconds=limit)
