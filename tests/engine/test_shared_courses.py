"""Experiments share a course only where nothing that it depends on differs, wherever in the model that stands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import compile
from il6infer.problems.spec import Experiment, Period, Problem
from il6infer.runs.modes import with_modes
from il6infer.runs.plan import make_plan
from tests.zoo.systems import problem
from tests.zoo.texts import from_antimony

LEVELS = (0.3, 0.8, 0.5, 0.2)
TIMES = (1.0, 2.0, 4.0, 6.0, 8.0)

PLACES = {
    "a rate": "x' = -k*x;",
    "a rule": "x' = -w*x; w := 2*k;",
    "a start": "x = 2*k; x' = -0.4*x;",
    "a condition of a rate": "x' = -piecewise(0.2, x < k, 0.5)*x;",
    "a condition of a rule": "x' = -w*x; w := piecewise(0.2, x < k, 0.5);",
    "a condition of time": "x' = -piecewise(0.2, time < 3*k, 0.5)*x;",
    "a kink": "x' = -max(x, k);",
    "a condition in two parts": "x' = -piecewise(0.2, (x - k)^2 < 0.04, 0.5)*x;",
    "a trigger": "z = 0; x' = -0.4*x + z; E: at (x < k): z = 0.5;",
    "a trigger, by a rule": "z = 0; x' = -0.4*x + z; w := x/k; E: at (w < 1): z = 0.5;",
    "a trigger of a clock": "z = 0; x' = -0.4*x + z; species c = 0; c' = 1; E: at (c > 5*k): z = 1;",
    "a trigger of time": "z = 0; x' = -0.4*x + z; E: at (time > 3*k): z = 1;",
    "a change": "z = 0; x' = -0.4*x + z; E: at (x < 1): z = k;",
    "a change, by a rule": "z = 0; x' = -0.4*x + z; w := k*x; E: at (x < 1): z = w;",
    "a change of a state": "z = 0; x' = -0.4*x + z; E: at (x < 1): x = x + k;",
    "a change at a time": "z = 0; x' = -0.4*x + z; E: at (time > 1.5): x = x*k;",
    "a priority": "z = 0; x' = z - x; E: at (time > 2), priority=k: z = 1; F: at (time > 2), priority=0.4: z = 0.5;",
}
"""Where a parameter stands that each experiment sets -> model."""


def _asked(body: str) -> Problem:
    net = from_antimony(f"model m; species x = 2; k = 1; {body} end")
    experiments = [Experiment(f"e{n}", (Period(0.0, {"k": sp.Float(level)}),)) for n, level in enumerate(LEVELS)]
    return problem(net, TIMES, experiments, observed=["x"])


@pytest.mark.parametrize("body", PLACES.values(), ids=PLACES)
def test_a_parameter_that_differs_makes_courses_of_their_own(body: str) -> None:
    assert len(make_plan(with_modes(_asked(body))).runs) == len(LEVELS)


def test_a_parameter_that_nothing_names_makes_none() -> None:
    assert len(make_plan(with_modes(_asked("x' = -0.4*x;"))).runs) == 1


def test_each_experiment_has_the_threshold_of_its_own() -> None:
    asked = _asked(PLACES["a trigger"])
    found = compile(asked, rtol=1e-9, atol=1e-11).simulate(np.empty(0)).prediction.reshape(len(LEVELS), len(TIMES))
    time, level = np.array(TIMES), np.array(LEVELS)[:, None]
    since = time - np.log(2 / level) / 0.4
    expected = np.where(since < 0, 2 * np.exp(-0.4 * time), 1.25 + (level - 1.25) * np.exp(-0.4 * since))
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
@pytest.mark.parametrize("body", PLACES.values(), ids=PLACES)
def test_experiments_together_are_what_each_is_alone(body: str, engine: str) -> None:
    asked = _asked(body)
    together = compile(asked, engine=engine, rtol=1e-8, atol=1e-10).simulate(np.empty(0)).prediction
    alone = []
    for one in asked.experiments:
        rows = asked.measurements[asked.measurements["experiment"] == one.id].reset_index(drop=True)
        own = compile(replace(asked, experiments=(one,), measurements=rows), engine=engine, rtol=1e-8, atol=1e-10)
        alone.append(own.simulate(np.empty(0)).prediction)
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-6)


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
def test_a_condition_of_parameters_alone_follows_a_later_period(engine: str) -> None:
    net = from_antimony("model m; species x = 2; k = 1; x' = -piecewise(0.1, k < 0.5, 0.4)*x; end")
    periods = tuple(Period(time, {"k": sp.Float(level)}) for time, level in ((0.0, 0.3), (2.0, 0.8), (4.0, 0.3)))
    asked = problem(net, [1.0, 3.0, 5.0], [Experiment("e", periods)], observed=["x"])
    found = compile(asked, engine=engine, rtol=1e-9, atol=1e-11).simulate(np.empty(0)).prediction
    np.testing.assert_allclose(found, 2 * np.exp([-0.1, -0.2 - 0.4, -0.2 - 0.8 - 0.1]), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
@pytest.mark.parametrize("place", [place for place in PLACES if place != "a start"])
def test_a_parameter_set_by_a_later_period_is_one_that_a_rule_of_time_sets(place: str, engine: str) -> None:
    periods = tuple(Period(time, {"k": sp.Float(level)}) for time, level in ((0.0, 0.3), (1.5, 0.9), (4.5, 0.45)))
    by_period = problem(_asked(PLACES[place]).network, TIMES, [Experiment("e", periods)], observed=["x"])
    rule = "k := piecewise(0.3, time < 1.5, 0.9, time < 4.5, 0.45)"
    by_rule = problem(from_antimony(f"model m; species x = 2; {rule}; {PLACES[place]} end"), TIMES, observed=["x"])
    one, other = (
        compile(asked, engine=engine, rtol=1e-8, atol=1e-10).simulate(np.empty(0)).prediction
        for asked in (by_period, by_rule)
    )
    assert np.isfinite(one).all()
    np.testing.assert_allclose(one, other, rtol=1e-6)
