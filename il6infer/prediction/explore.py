"""A fitted model for a browser: its equations as JavaScript, with draws, sliders and courses to check it against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp

from il6infer._units import substances
from il6infer.ingestion.protocol import Step
from il6infer.network.network import TIME, symbol
from il6infer.prediction.browser import Unwritable, model_code
from il6infer.prediction.claims import VirtualExperiment
from il6infer.prediction.courses import experiments_of
from il6infer.problems.spec import STEADY_STATE, Experiment, Problem
from il6infer.problems.variables import variable_names
from il6infer.stages.explorer import Explorer, Reference, Slider

DRAWS, CHECKED = 40, 2
"""Draws that go to the browser, and of these the ones whose courses it can check itself against."""

_FACTORS = (
    (("ratio_IL6R_gp130", "copies_IL6R", "IL6R_0"), "membrane IL-6R, times its fitted value"),
    (("gp130_0",), "gp130, times its fitted value"),
)
"""Parameters, the first of which that a model has becomes a slider, and its label."""

_SMALL, _LOW, _HIGH, _DRUG = 5.0, 1e-3, 100.0, (1.0, 1e5)
"""Molecular weight [kDa] below which a substance is a drug; ends of sliders [nM] where nothing was measured."""


@dataclass(frozen=True)
class Draft:
    """A model for the browser, with the runs that its references are taken from; `why` not, where there is none.

    Attributes
    ----------
    asked
        Read-out -> runs, all of the same settings in the same order.
    """

    why: str
    code: str = ""
    readouts: tuple[str, ...] = ()
    sliders: tuple[Slider, ...] = ()
    settings: tuple[Mapping[str, float], ...] = ()
    asked: tuple[tuple[str, list[Experiment]], ...] = ()


def draft(problem: Problem) -> Draft:
    """Write a problem's model for a browser."""
    network = problem.network
    if network.events:
        return Draft("the model has events, which the explorer does not simulate")
    if any(e.has(TIME) for e in (*network.rhs, *network.initial, *network.computed.values())):
        return Draft("rates of the model depend on time itself, which the explorer does not simulate")
    sliders = tuple(_sliders(problem))
    readouts = _readouts(problem)
    if not sliders or not readouts:
        return Draft("the model has nothing to add to the cells" if readouts else "the model has no read-out")
    [run] = experiments_of(_plan({}, sliders), problem)
    rest = run.periods[0].changes
    try:
        code = model_code(problem, rest, readouts, [s.name for s in sliders if s.kind == "factor"])
    except Unwritable as error:
        return Draft(str(error))
    settings = tuple(_settings(sliders))
    runs = [
        replace(run, id=f"explorer_{i}")
        for i, chosen in enumerate(settings)
        for run in experiments_of(_plan(chosen, sliders), problem)
    ]
    return Draft("", code, readouts, sliders, settings, tuple((r, runs) for r in readouts[:3]))


def explorer(
    problem: Problem, drafted: Draft, thetas: np.ndarray, courses: np.ndarray, times: np.ndarray
) -> Explorer | None:
    """Put a draft, draws and reference courses together.

    Parameters
    ----------
    thetas
        (draws, parameters).
    courses
        (draws, read-outs asked, settings, times) of the fit's engine.
    times
        (times,) [min].
    """
    if drafted.why:
        return None
    chosen = np.unique(np.linspace(0, len(thetas) - 1, min(DRAWS, len(thetas))).astype(int))
    units = problem.network.units or {}
    at = np.arange(0, len(times), 8)
    references = [
        Reference(
            draw, chosen_settings, tuple(times[at].tolist()),
            {r: tuple(courses[i, k, j, at].tolist()) for k, (r, _) in enumerate(drafted.asked)},
        )
        for draw, i in enumerate(chosen[:CHECKED])
        for j, chosen_settings in enumerate(drafted.settings)
        if np.isfinite(courses[i, :, j]).all()
    ]  # fmt: skip
    digits = [tuple(float(f"{v:.6g}") for v in thetas[i]) for i in chosen]
    finite = problem.data["time"][np.isfinite(problem.data["time"])]
    return Explorer(
        drafted.code, problem.network.states,
        {r: "" if units.get(r, "") == "dimensionless" else units.get(r, "") for r in drafted.readouts},
        tuple(digits), drafted.sliders, float(times[-1]),
        tested=float(finite.max()) if len(finite) else 0.0, references=tuple(references),
    )  # fmt: skip


def _readouts(problem: Problem) -> tuple[str, ...]:
    """Read-outs of the model, those that were measured first."""
    measured = [variable_names(problem)[name] for name in dict.fromkeys(problem.data["observable"])]
    derived = list(problem.network.derived)
    return tuple([name for name in measured if name in derived] + [name for name in derived if name not in measured])


def _given(problem: Problem) -> dict[str, list[float]]:
    """State -> what experiments add of it [nM], above 0."""
    given: dict[str, list[float]] = {}
    for experiment in problem.experiments:
        for period in experiment.periods:
            if period.time == STEADY_STATE:
                continue
            for name, value in period.changes.items():
                added = value.xreplace({symbol(name): sp.Float(0)})
                if name in problem.network.states and added.is_number and added > 0:
                    given.setdefault(name, []).append(float(added))
    return given


def _sliders(problem: Problem) -> Iterator[Slider]:
    given, known = _given(problem), substances()
    names = problem.network.names or {}
    first = True
    for state in problem.network.states:
        if state not in given and state not in known:
            continue
        doses = given.get(state, [])
        drug = state in known and known[state].mass < _SMALL
        low, high = _DRUG if drug else (_LOW, _HIGH)
        if doses:
            low, high = min(low, min(doses) / 10), max(high, 10 * max(doses))
        mass = known[state].mass if state in known else None
        start = float(np.median(doses)) if doses and first else 0.0
        first = first and not doses
        yield Slider(
            state, names.get(state, state), "dose", low, high, start,
            min(doses) if doses else None, max(doses) if doses else None, mass,
        )  # fmt: skip
    for several, label in _FACTORS:
        own = [n for n in several if n in problem.network.parameters and n not in problem.network.computed]
        if own:
            yield Slider(own[0], label, "factor", 0.01, 100.0, 1.0, 1.0, 1.0, None)


def _settings(sliders: Sequence[Slider]) -> Iterator[dict[str, float]]:
    """Choose settings at which the browser is checked: as it opens, and with some of everything."""
    yield {s.name: s.start for s in sliders}
    yield {s.name: float(np.sqrt(s.low * s.high)) if s.kind == "dose" else 0.3 for s in sliders}


def _plan(chosen: Mapping[str, float], sliders: Sequence[Slider]) -> VirtualExperiment:
    doses = [s.name for s in sliders if s.kind == "dose"]
    steps = tuple(
        Step("", 0.0, "add", name, chosen[name], chosen[name], "nM", 0) for name in doses if chosen.get(name, 0.0) > 0
    )
    scale = {s.name: chosen[s.name] for s in sliders if s.kind == "factor" and chosen.get(s.name, 1.0) != 1.0}
    return VirtualExperiment("explorer", steps, {}, (), (), (), {}, scale=scale)
