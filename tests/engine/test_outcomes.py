"""What failed gives no number, on any way from the solver to a result; a table over the outcomes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import Engine, compile
from il6infer.engine.evaluate import evaluate
from il6infer.inference.density import Density
from il6infer.inference.predictive import integration_error, log_likelihood, noisy, simulate_all
from il6infer.network.network import TIME, Event, symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Period, Problem
from il6infer.runs.outcome import Outcome
from tests.zoo.systems import network, problem

QUIET = {"k": 0.3, "turn_bad": 1e-9, "boom_bad": 1e-9, "hole_bad": 1e-9, "grow_bad": 0.5}
"""Parameters at which every run goes well."""

FAILING: dict[Outcome, dict[str, float]] = {
    Outcome.STEP_LIMIT: {"turn_bad": 1e6},
    Outcome.TIME_LIMIT: {"turn_bad": 1e6},
    Outcome.STEP_TOO_SMALL: {"boom_bad": 1.0},
    Outcome.NON_FINITE: {"hole_bad": 2.0},
    Outcome.NO_STEADY_STATE: {"grow_bad": 2.0},
}
"""Outcome -> parameters at which one of the runs, and no other, has it."""

BUDGETS = {"steps": {"max_steps": 500}, "seconds": {"max_steps": 10**9, "max_seconds": 1e-6}}


def _problem() -> Problem:
    """A run that goes well; one that turns a million times, explodes or has no rates; one that looks for a rest."""
    k, turn, boom, hole, grow = map(symbol, ("k", "turn", "boom", "hole", "grow"))
    x, u, v, e, w = map(symbol, "xuvew")
    rates = {
        "x": -k * x + sp.log(1 - hole),
        "u": turn * v,
        "v": -turn * u,
        "e": boom * e**2,
        "w": (grow - 1) * w,
    }
    initial = {"x": 1.0, "u": 1.0, "e": 1.0, "w": 1.0}
    net = network(rates, initial, {"k": 0.3, "turn": 0.0, "boom": 0.0, "hole": 0.0, "grow": 0.5})
    bad = {"turn": symbol("turn_bad"), "boom": symbol("boom_bad"), "hole": symbol("hole_bad")}
    experiments = [
        Experiment("good", (Period(0.0),)),
        Experiment("bad", (Period(0.0, bad),)),
        Experiment("rest", (Period(STEADY_STATE, {"grow": symbol("grow_bad")}), Period(0.0))),
    ]
    return problem(net, [0.5, 2.0], experiments, QUIET, ["x"])


class Compiled:
    """The problem on one engine, within two budgets."""

    def __init__(self, engine: str) -> None:
        self.problem = _problem()
        self.engines = {
            name: compile(self.problem, engine=engine, lower_atol=False, **budget) for name, budget in BUDGETS.items()
        }

    def engine_for(self, outcome: Outcome) -> Engine:
        return self.engines["seconds" if outcome is Outcome.TIME_LIMIT else "steps"]

    def failed_rows(self, outcome: Outcome) -> np.ndarray:
        """Measurements (rows,) of the run that fails."""
        name = "rest" if outcome is Outcome.NO_STEADY_STATE else "bad"
        return (self.problem.measurements["experiment"] == name).to_numpy()


@pytest.fixture(scope="module", params=["rodas5p", "diffsol"])
def compiled(request: pytest.FixtureRequest) -> Compiled:
    return Compiled(request.param)


def _theta(**values: float) -> np.ndarray:
    return np.array([*(QUIET | values).values()])


@pytest.mark.parametrize("outcome", FAILING, ids=lambda o: o.name.lower())
def test_a_run_that_failed_gives_no_number(compiled: Compiled, outcome: Outcome) -> None:
    engine, theta, failed = compiled.engine_for(outcome), _theta(**FAILING[outcome]), compiled.failed_rows(outcome)
    began = time.monotonic()
    found = engine.simulate(theta)
    assert time.monotonic() - began < 30
    names = {Outcome(o) for o in found.outcome} - {Outcome.OK}
    if outcome is not Outcome.TIME_LIMIT:
        # The second engine's solver says no more than that it failed.
        either = {Outcome.STEP_TOO_SMALL, Outcome.NON_FINITE, Outcome.STEP_LIMIT}
        assert names == {outcome} or (
            compiled.engines["steps"].__class__.__name__ == "DiffsolEngine" and names <= either
        )
        assert not found.ok
        assert np.isfinite(found.prediction[~failed]).all()
    else:
        assert names == {outcome}
    assert np.isposinf(found.prediction[failed]).all()
    assert (found.noise[failed] == 1.0).all()
    assert (engine.log_likelihood(theta)[failed] == -np.inf).all()
    assert np.isnan(engine.pullback(theta, np.ones(len(failed)), np.zeros(len(failed)))).all()
    for slopes in engine.jacobian(theta):
        assert np.isnan(slopes[failed]).all()
    states = engine.states(theta)
    for run, ended in enumerate(found.outcome):
        assert np.isnan(states[run]).all() == (ended != Outcome.OK)
    assert sum(engine.failures().values()) > 0

    ensemble = simulate_all(engine, np.array([_theta(), theta]))
    assert ensemble.failed[1]
    assert np.isnan(ensemble.prediction[1, failed]).all()
    assert np.isnan(noisy(compiled.problem, ensemble, np.random.default_rng(1))[1, failed]).all()
    assert (log_likelihood(compiled.problem, ensemble)[1, failed] == -np.inf).all()
    tighter = {"engine": "rodas5p", "rtol": 1e-6, "atol": 1e-8, "max_steps": 10_000}
    assert not np.isfinite(
        integration_error(compiled.problem, np.array([theta]), np.full((1, len(failed)), -np.inf), **tighter)
    )


@pytest.mark.parametrize("outcome", FAILING, ids=lambda o: o.name.lower())
def test_compiled_log_density_of_a_failed_run_is_minus_infinity(outcome: Outcome) -> None:
    rosenbrock = _compiled_kernel()
    density = Density(rosenbrock.problem, rosenbrock.engine_for(outcome))
    value, gradient = density(density.unconstrained(_theta(**FAILING[outcome])))
    assert value == -np.inf
    assert (gradient == 0.0).all()
    assert density.value(density.unconstrained(_theta(**FAILING[outcome]))) == -np.inf
    if outcome is not Outcome.TIME_LIMIT:
        value, _ = density(density.unconstrained(_theta()))
        assert np.isfinite(value)
        assert value == density.value(density.unconstrained(_theta()))


_MADE: list[Compiled] = []


def _compiled_kernel() -> Compiled:
    if not _MADE:
        _MADE.append(Compiled("rodas5p"))
    return _MADE[0]


def test_everything_ok_is_a_number_everywhere(compiled: Compiled) -> None:
    engine, rows = compiled.engines["steps"], len(compiled.problem.measurements)
    found = engine.simulate(_theta())
    assert found.ok
    assert np.isfinite(found.prediction).all()
    assert np.isfinite(engine.pullback(_theta(), np.ones(rows), np.zeros(rows))).all()
    assert all(np.isfinite(states).all() for states in engine.states(_theta()))


def test_every_outcome_has_a_message_with_a_remedy_and_few_have_numbers() -> None:
    assert {outcome for outcome in Outcome if outcome.ok} == {Outcome.OK, Outcome.RESCUED}
    assert len({outcome.message for outcome in Outcome}) == len(Outcome)
    # A switch that holds the run: see test_switches.
    assert set(FAILING) | {Outcome.SLIDING} == {outcome for outcome in Outcome if not outcome.ok}


def test_evaluation_of_a_failed_run_has_nulls(shared: Path) -> None:
    found = evaluate(shared / "cases" / "petab" / "rest_never_reached_oscillation" / "problem.yaml", gradient=True)
    summary = found.summary()
    assert (summary["llh"], summary["chi2"], summary["unnorm_log_posterior"]) == (None, None, None)
    assert set(summary["gradient"].values()) == {None}
    assert np.isnan(found.simulation).all()


def test_endless_oscillation_is_refused_by_the_second_engine_in_seconds() -> None:
    """A million turns a minute for ten hours: 1e11 steps, in a solver that cannot be interrupted."""
    k, u, v = symbol("k"), symbol("u"), symbol("v")
    net = network({"u": k * v, "v": -k * u}, {"u": 1.0}, {"k": 1.0})
    asked: Callable[[list[Experiment]], Problem] = lambda runs: problem(net, [600.0], runs, {"k": 1.0})  # noqa: E731
    for runs, expected in (
        ([Experiment("e", (Period(0.0),))], Outcome.STEP_LIMIT),
        ([Experiment("e", (Period(STEADY_STATE), Period(0.0)))], Outcome.NO_STEADY_STATE),
    ):
        began = time.monotonic()
        engine = compile(asked(runs), engine="diffsol", lower_atol=False)
        found = engine.simulate(np.array([2e6 * np.pi]))
        assert Outcome(found.outcome[0]) is expected
        assert np.isposinf(found.prediction).all()
        assert time.monotonic() - began < 20


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
def test_events_that_come_ever_faster_are_refused_after_they_have_become_endless(engine: str) -> None:
    """A ball that keeps four fifths of its speed at each bounce rests after 4.06; rounding let it fall for ever."""
    h, v, k = symbol("h"), symbol("v"), symbol("k")
    net = network({"h": v, "v": sp.Float(-9.81)}, {"h": 1.0}, {"k": 1.0})
    net = replace(net, events=(Event("bounce", h < 0, {"v": -k * v}),))
    for last, expected in ((3.9, Outcome.OK), (6.0, Outcome.STEP_LIMIT)):
        asked = problem(net, [last], estimated={"k": 0.8}, observed=("h",))
        found = compile(asked, engine=engine, rtol=1e-8, atol=1e-10).simulate(np.array([0.8]))
        assert Outcome(found.outcome[0]) is expected
        if expected is Outcome.OK:
            # The first fall takes sqrt(2 / 9.81), the flight after bounce n 2 * 0.8^n times as long.
            fall = np.sqrt(2 / 9.81)
            bounces = fall * (1 + 2 * np.cumsum([0.0, *(0.8**n for n in range(1, 60))]))
            n = int(np.searchsorted(bounces, last))
            since, speed = last - bounces[n - 1], 9.81 * fall * 0.8**n
            assert found.prediction[0] == pytest.approx(speed * since - 9.81 * since**2 / 2, rel=1e-4)


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
def test_events_faster_than_the_steps_are_not_stepped_over(engine: str) -> None:
    """x gets 1 / w at each of 2 pi / w: at w = 1e6 its value was 1/400 of what it is, with outcome ok."""
    x, w = symbol("x"), symbol("w")
    net = network({"x": -x}, {}, {"w": 10.0})
    net = replace(net, events=(Event("dose", sp.sin(w * TIME) > 0, {"x": x + 1 / w}),))
    compiled = compile(problem(net, [3.0], estimated={"w": 10.0}), engine=engine, rtol=1e-8, atol=1e-10)
    for speed in (10.0, 100.0):
        doses = np.arange(0.0, 3.0, 2 * np.pi / speed)
        found = compiled.simulate(np.array([speed])).prediction
        np.testing.assert_allclose(found, np.exp(doses - 3.0).sum() / speed, rtol=1e-5)
    assert not compiled.simulate(np.array([1e6])).ok
