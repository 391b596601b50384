"""What a fit predicts of interventions: courses, dose responses, inhibition, selectivity, shares, at each draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from il6infer._files import Groups
from il6infer._units import substances
from il6infer.engine import compile
from il6infer.inference.curves import grid
from il6infer.inference.predictive import simulate_all
from il6infer.prediction import quantities as q
from il6infer.prediction.ask import lacks
from il6infer.prediction.claims import VirtualExperiment
from il6infer.prediction.courses import experiments_of, question, readable
from il6infer.prediction.draws import posterior_draws
from il6infer.prediction.explore import Draft, draft, explorer
from il6infer.prediction.interventions import Asked, Interventions
from il6infer.prediction.measured import as_measured, new_measurements
from il6infer.prediction.planning import Readings, lane_readings, plan_of
from il6infer.prediction.responses import area, crossing, hill_slope
from il6infer.prediction.shares import carriers
from il6infer.problems.courses import draw
from il6infer.problems.spec import Problem
from il6infer.stages.predictions import Array, DrawnCurve, DrawnNumber, DrawnPrediction, ModelPredictions
from il6infer.stages.verdict import Verdict

DRAWS = 400
"""Draws of the posterior, at most."""

PLAN_DRAWS, PART = 1000, 200
"""Draws for what to measure next, whose covariances need more of them, and how many are simulated at once."""

FINE, SHOWN = 481, 8
"""Doses at which a window is looked for, and how many of them stand for one in its curve."""

TIME, INHIBITION = "time [min]", "inhibition [%]"


def predict(
    problem: Problem,
    idata: Groups,
    asked: Interventions,
    *,
    seed: int,
    verdict: Verdict | None = None,
    draws: int = DRAWS,
    engine: str = "rosenbrock",
    rtol: float = 1e-4,
    atol: float = 1e-7,
    threads: int = 1,
) -> ModelPredictions:
    """Predict what a file of interventions asks, at draws of one posterior.

    Parameters
    ----------
    problem, idata
        What was fitted, and its posterior.
    seed
        Of the noise of new measurements.
    verdict
        Of the fit; it rides along with every number.
    draws
        Of the posterior, at most, evenly spread over the chains.
    """
    thetas = posterior_draws(problem, idata, draws)
    drafted = draft(problem)
    more = posterior_draws(problem, idata, max(draws, PLAN_DRAWS)) if asked.next is not None else thetas[:0]
    simulated = _Simulated(
        problem, asked, drafted, thetas, more, np.random.default_rng(seed), engine, rtol, atol, threads
    )
    reasons = [] if verdict is None else [r.message for a in (verdict.sampled, verdict.reproduces) for r in a.failed]
    plan = readings = None
    if asked.next is not None:
        plan = plan_of(problem, asked.next, asked.plans, more, simulated.readings, seed)
        readings = lane_readings(asked.next, asked.plans, simulated.readings, len(thetas))
    return ModelPredictions(
        problem.id, len(thetas), simulated.failed,
        sampled=None if verdict is None else verdict.sampled.passed,
        reproduces=None if verdict is None else verdict.reproduces.passed,
        reasons=tuple(reasons),
        predictions=tuple(_ANSWERS[one.kind](one, simulated) for one in asked.asked),
        explorer=explorer(problem, drafted, thetas, simulated.references, simulated.times),
        unexplored=drafted.why,
        plan=plan,
        readings=readings,
    )  # fmt: skip


class _Simulated:
    """Courses of every read-out in every experiment that is asked for and that the model has.

    Attributes
    ----------
    times
        (times,) [min].
    failed
        Draws at which a simulation failed.
    readings
        What instruments would read in the experiments that could be done next.
    references
        (draws, read-outs, settings, times) of the runs that a browser checks itself against.
    """

    def __init__(
        self, problem: Problem, asked: Interventions, drafted: Draft, thetas: np.ndarray, more: np.ndarray,
        rng: np.random.Generator, engine: str, rtol: float, atol: float, threads: int,
    ) -> None:  # fmt: skip
        self.plans, self.times, self.draws = asked.plans, grid(0.0, asked.until), len(thetas)
        self.units, self.names = problem.network.units or {}, problem.network.names or {}
        self._known, self._network = readable(problem.network), problem.network
        self._courses: dict[tuple[str, str], np.ndarray] = {}
        self._new: dict[tuple[str, str], np.ndarray] = {}
        self.failed, self.references = 0, np.empty((len(thetas), 0, 0, len(self.times)))
        self.readings = Readings({}, self.times)
        candidates = [] if asked.next is None else [(r, e) for e in asked.next.experiments for r in asked.next.readouts]
        pairs = [*(pair for one in asked.asked for pair in self._pairs(one)), *candidates]
        wanted = dict.fromkeys(pair for pair in pairs if not self.absent(*pair))
        if not wanted and not drafted.asked:
            return
        runs = {name: experiments_of(_with_zero(self.plans[name]), problem) for _, name in wanted}
        # One question for all: each kernel that has to be compiled costs more than all the courses.
        listed = [*((readout, runs[name]) for readout, name in wanted), *drafted.asked]
        whole = question(problem, listed, self.times)
        pure = len(whole.measurements)
        courses_of = dict.fromkeys((o.readout, e) for o in asked.asked if o.kind == "courses" for e in o.experiments)
        noisy = [pair for pair in wanted if pair in courses_of or pair in candidates]
        whole, measured = as_measured(whole, problem, noisy, runs, self.times)
        compiled = compile(whole, engine=engine, rtol=rtol, atol=atol)
        found = simulate_all(compiled, thetas, threads)
        self.failed = int(found.failed.sum())
        blocks = found.prediction[:, :pure].reshape(len(thetas), -1, len(self.times))
        ends = np.cumsum([len(own) for _, own in listed])
        split = np.split(blocks, ends[:-1], axis=1)
        self._courses = dict(zip(wanted, split, strict=False))
        if drafted.asked:
            self.references = np.stack(split[len(wanted) :], axis=1)
        rows = slice(pure, pure + len(measured) * len(self.times))
        seen = [pair for pair in measured if pair in candidates]
        if seen:
            parts = (simulate_all(compiled, part, threads) for part in _parts(more))
            read = [(one.prediction[:, rows], one.noise[:, rows]) for one in parts]
            values, noise = (np.concatenate(column) for column in zip(*read, strict=True))
            self.readings = Readings.of(seen, measured, whole.noise_kinds[rows], values, noise, self.times)
        asked_of = whole.with_measurements(whole.measurements.iloc[pure:])
        self._new = new_measurements(
            measured, {pair: self._courses[pair][:, 0] for pair in measured}, found.prediction[:, rows],
            draw(asked_of, found.prediction[:, pure:], found.noise[:, pure:], rng)[:, : rows.stop - pure],
        )  # fmt: skip

    def _pairs(self, one: Asked) -> Iterator[tuple[str, str]]:
        carrying = (s for species in one.parts.values() for name in species for s in carriers(self._network, name))
        readouts = [one.readout] if one.readout else list(carrying)
        yield from ((readout, name) for name in (*one.experiments, one.against) if name for readout in readouts)

    def absent(self, readout: str, name: str) -> str:
        """Say why an experiment cannot be asked of this model; empty where it can."""
        if readout not in self._known:
            return f"the model has no read-out '{readout}'"
        return lacks(self._network, self.plans[name])

    def course(self, readout: str, name: str) -> np.ndarray:
        """(draws, times) of an experiment without doses."""
        return self._courses[readout, name][:, 0]

    def new(self, readout: str, name: str) -> np.ndarray | None:
        """(draws, times) of new measurements; None where the read-out was not measured."""
        return self._new.get((readout, name))

    def response(self, one: Asked, name: str) -> np.ndarray:
        """(draws, doses), dose 0 first, of an experiment with doses."""
        block = self._courses[one.readout, name]
        functions: dict[str, Callable[[np.ndarray], np.ndarray]] = {
            "rise": q.rise,
            "area": lambda c: area(self.times, c),
            "level": lambda c: q.level(self.times, c, one.time),
        }
        return np.stack([functions[one.response](block[:, i]) for i in range(block.shape[1])], axis=1)

    def unit(self, readout: str) -> str:
        """Give the unit of a read-out; empty where it is a number."""
        unit = self.units.get(readout, "")
        return "" if unit == "dimensionless" else unit

    def labelled(self, readout: str) -> str:
        """Read-out with its unit."""
        unit = self.unit(readout)
        name = self.names.get(readout, readout)
        return f"{name} [{unit}]" if unit else name

    def dose_axis(self, names: Sequence[str]) -> str:
        """Label of the axis of doses."""
        species = dict.fromkeys(next(iter(self.plans[name].varied)) for name in names)
        return f"{' or '.join(self.names.get(s, s) for s in species)} [nM]"


def _parts(thetas: np.ndarray) -> list[np.ndarray]:
    """Split draws, so that all courses of all of them never stand in memory at once."""
    return np.array_split(thetas, -(-len(thetas) // PART))


def _with_zero(plan: VirtualExperiment) -> VirtualExperiment:
    return replace(plan, doses=(0.0, *plan.doses)) if plan.doses else plan


def _courses(one: Asked, simulated: _Simulated) -> DrawnPrediction:
    curves, numbers, times = [], [], simulated.times
    unit = simulated.unit(one.readout)
    for name in one.experiments:
        label, absent = simulated.plans[name].title, simulated.absent(one.readout, name)
        course = None if absent else simulated.course(one.readout, name)
        curves.append(_curve(label, absent, times, course, simulated.new(one.readout, name)))
        values: dict[tuple[str, str], np.ndarray | None] = dict.fromkeys(
            (("peak", unit), ("time to peak", "min"), ("area", f"{unit} min".strip()), ("duration", "min"))
        )
        if course is not None:
            # A course that goes on beyond the last time has no such number, and not that of the last time.
            peak_time = np.where(q.still_rises(course), np.nan, q.peak_time(times, course))
            duration = np.where(q.goes_on(course), np.nan, q.duration(times, course))
            found = (q.peak(course), peak_time, area(times, course), duration)
            values = dict(zip(values, found, strict=True))
        numbers += [_number(f"{label}: {what}", u, absent, v) for (what, u), v in values.items()]
        if one.against and name != one.against:
            whole, why = None, absent or simulated.absent(one.readout, one.against)
            if course is not None and not why:
                whole = 100 * q.inhibition(course, simulated.course(one.readout, one.against))
            said = f"{label}: inhibition of the rise, against {simulated.plans[one.against].title}"
            numbers.append(_number(said, "%", why, whole))
    return _prediction(one, TIME, simulated.labelled(one.readout), curves, numbers)


def _doses(one: Asked, simulated: _Simulated) -> DrawnPrediction:
    curves, numbers = [], []
    for name in one.experiments:
        plan, absent = simulated.plans[name], simulated.absent(one.readout, name)
        doses = np.array(plan.doses)
        response = None if absent else simulated.response(one, name)
        curves.append(_curve(plan.title, absent, doses, None if response is None else response[:, 1:], None))
        ec50 = slope = top = None
        if response is not None:
            top = response.max(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                shares = (response[:, 1:] - response[:, :1]) / (top - response[:, 0])[:, None]
            shares = np.where(top[:, None] - response[:, :1] > q.FLAT * np.abs(top[:, None]), shares, np.nan)
            ec50, slope = crossing(doses, shares, 0.5), hill_slope(doses, shares)
        numbers += [
            _dose(f"{plan.title}: EC50", plan, absent, ec50),
            _number(f"{plan.title}: Hill slope", "", absent, slope),
            _number(f"{plan.title}: largest response", simulated.unit(one.readout), absent, top),
        ]
    return _prediction(one, simulated.dose_axis(one.experiments), _response_label(one, simulated), curves, numbers)


def _inhibition(one: Asked, simulated: _Simulated) -> DrawnPrediction:
    curves, numbers = [], []
    for name in one.experiments:
        plan, absent = simulated.plans[name], simulated.absent(one.readout, name)
        doses = np.array(plan.doses)
        shares = None if absent else _inhibited(one, name, simulated)
        curves.append(_curve(plan.title, absent, doses, None if shares is None else 100 * shares, None))
        found = {"IC50": 0.5, "IC90": 0.9}
        for what, level in found.items():
            values = None if shares is None else crossing(doses, shares, level)
            numbers.append(_dose(f"{plan.title}: {what}", plan, absent, values))
        slope = None if shares is None else hill_slope(doses, shares)
        most = None if shares is None else 100 * shares.max(axis=1)
        numbers.append(_number(f"{plan.title}: Hill slope", "", absent, slope))
        numbers.append(_number(f"{plan.title}: largest inhibition", "%", absent, most))
    return _prediction(one, simulated.dose_axis(one.experiments), INHIBITION, curves, numbers)


def _inhibited(one: Asked, name: str, simulated: _Simulated) -> np.ndarray:
    """Share (draws, doses) of the response that is taken away, against dose 0; NaN where nothing responds there."""
    response = simulated.response(one, name)
    block = simulated._courses[one.readout, name]
    # A level has no start of its own: what is above the start of the course counts.
    start = block[:, 0, 0] if one.response == "level" else np.zeros(len(response))
    whole = response[:, 0] - start
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = 1.0 - (response[:, 1:] - start[:, None]) / whole[:, None]
    return np.where(q.responds(block[:, 0])[:, None] & (whole > 0)[:, None], shares, np.nan)


def _window(one: Asked, simulated: _Simulated) -> DrawnPrediction:
    """Doses that block one response and spare another: curves of both, and the chance of each dose to do both."""
    plans = [simulated.plans[name] for name in one.experiments]
    doses = np.array(plans[0].doses)
    absents = [simulated.absent(one.readout, name) for name in one.experiments]
    shares = [
        None if absent else _inhibited(one, name, simulated)
        for name, absent in zip(one.experiments, absents, strict=True)
    ]
    curves = [
        _curve(f"{plan.title}: inhibition", absent, doses, None if share is None else 100 * share, None)
        for plan, absent, share in zip(plans, absents, shares, strict=True)
    ]
    absent = next((a for a in absents if a), "")
    axis = np.geomspace(doses[0], doses[-1], FINE)
    fine = np.log(axis)
    inside = low = high = exists = width = None
    blocked, spared = shares
    if blocked is not None and spared is not None:
        finely = [np.stack([np.interp(fine, np.log(doses), row) for row in share]) for share in (blocked, spared)]
        known = np.logical_and.reduce(np.isfinite(np.stack(finely)), axis=(0, 2))
        within: np.ndarray = (finely[0] >= one.by) & (finely[1] <= one.at_most)
        inside = np.where(known[:, None], 100.0 * within, np.nan)[:, ::SHOWN]
        exists = np.where(known, 100.0 * within.any(axis=1), np.nan)
        some = within.any(axis=1) & known
        low = np.where(some, axis[np.argmax(within, axis=1)], np.nan)
        high = np.where(some, axis[len(fine) - 1 - np.argmax(within[:, ::-1], axis=1)], np.nan)
        width = high / low
        curves.append(_curve("probability that this dose does both [%]", "", axis[::SHOWN], inside, None))
    else:
        curves.append(_curve("probability that this dose does both [%]", absent, axis[::SHOWN], None, None))
    both = f"blocks {plans[0].title} by {100 * one.by:g} % and {plans[1].title} by at most {100 * one.at_most:g} %"
    numbers = [
        _number(f"probability that some dose {both}", "%", absent, exists),
        _dose("window, where there is one: lowest dose", plans[0], absent, low),
        _dose("window, where there is one: highest dose of the range", plans[0], absent, high),
        _number("window, where there is one: highest over lowest dose", "", absent, width),
        _dose(f"dose that blocks {plans[0].title} by {100 * one.by:g} %", plans[0], absents[0],
              None if blocked is None else crossing(doses, blocked, one.by)),
        _dose(f"dose from which {plans[1].title} is blocked by more than {100 * one.at_most:g} %", plans[1], absents[1],
              None if spared is None else crossing(doses, spared, one.at_most)),
    ]  # fmt: skip
    return _prediction(one, simulated.dose_axis(one.experiments), "% of draws, or inhibition [%]", curves, numbers)


def _share(one: Asked, simulated: _Simulated) -> DrawnPrediction:
    """Share of each part in the area under all that carries the signal."""
    numbers = []
    for name in one.experiments:
        title, absent = simulated.plans[name].title, lacks(simulated._network, simulated.plans[name])
        carried: dict[str, np.ndarray] = {}
        for part, species in one.parts.items():
            given = [pair for one in species for pair in carriers(simulated._network, one).items()]
            own = [w * area(simulated.times, simulated.course(s, name)) for s, w in given if not absent]
            carried[part] = np.sum(own, axis=0) if own else np.zeros(1)
        none = "the model has none of the species that carry the signal"
        absent = absent or ("" if any(c.shape[0] > 1 or c.any() for c in carried.values()) else none)
        whole = np.sum([np.broadcast_to(c, simulated.draws) for c in carried.values()], axis=0)
        for part, own in carried.items():
            with np.errstate(divide="ignore", invalid="ignore"):
                values = None if absent else np.where(whole > 0, 100 * own / whole, np.nan)
            numbers.append(_number(f"{title}: through {part}", "%", absent, values))
    return _prediction(one, "", "share of the signal [%]", [], numbers)


_ANSWERS = {"courses": _courses, "doses": _doses, "inhibition": _inhibition, "window": _window, "share": _share}


def _response_label(one: Asked, simulated: _Simulated) -> str:
    words = {"rise": "largest rise of ", "area": "area under ", "level": ""}[one.response]
    return f"{words}{simulated.labelled(one.readout)}" + (f" at {one.time:g} min" if one.time else "")


def _curve(label: str, absent: str, x: np.ndarray, values: np.ndarray | None, new: np.ndarray | None) -> DrawnCurve:
    return DrawnCurve(
        label, absent, tuple(float(v) for v in x),
        None if absent or values is None else Array.of(values),
        None if absent or new is None else Array.of(new),
    )  # fmt: skip


def _number(label: str, unit: str, absent: str, values: np.ndarray | None) -> DrawnNumber:
    return DrawnNumber(label, unit, absent, None if values is None else Array.of(values), None)


def _dose(label: str, plan: VirtualExperiment, absent: str, values: np.ndarray | None) -> DrawnNumber:
    """Build a number that is a dose [nM] of the species that an experiment varies."""
    known = substances().get(next(iter(plan.varied)))
    return replace(_number(label, "nM", absent, values), mass=known.mass if known else None)


def _prediction(
    one: Asked, x: str, y: str, curves: Sequence[DrawnCurve], numbers: Sequence[DrawnNumber]
) -> DrawnPrediction:
    return DrawnPrediction(one.id, one.kind, one.title, x, y, tuple(curves), tuple(numbers))
