"""Tolerances: small quantities keep their digits at the defaults, and tight tolerances work at switches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import RosenbrockEngine, compile
from il6infer.engine.tolerances import Trial, absolute_tolerance
from il6infer.network.network import TIME, symbol
from il6infer.problems.spec import Observable, Problem
from tests.zoo.systems import network, problem

TIMES = np.array([0.05, 0.2, 1.0, 5.0, 30.0])
k, x = symbol("k"), symbol("x")


def _cascade(distribution: str) -> Problem:
    """What decays from 1e-12, and a chain of three that is read from its first rise on."""
    x, a, b, c = map(symbol, "xabc")
    rates = {
        "x": -k * x,
        "a": 0.01 * (1 - a),
        "b": 0.01 * (a - b),
        "c": 0.01 * (b - c),
    }
    net = network(rates, {"x": 1e-12}, {"k": 0.5})
    asked = problem(net, TIMES, estimated={"k": 0.5})
    own = tuple(Observable(o.id, o.formula, o.noise, distribution) for o in asked.observables)
    return replace(asked, observables=own)


def _truth() -> np.ndarray:
    """Closed form (times, states) of the cascade at k = 0.5."""
    t, s = TIMES, 0.01 * TIMES
    # 1 - exp(-s) (1 + s + ...) loses its digits where s is small: the series of the rest of exp(s) does not.
    rests = [np.exp(-s) * sum(s**n / float(sp.factorial(n)) for n in range(first, first + 25)) for first in (1, 2, 3)]
    return np.column_stack([1e-12 * np.exp(-t / 2), *rests])


@pytest.fixture(scope="module")
def cascade() -> Problem:
    return _cascade("log-normal")


@pytest.mark.parametrize(("rtol", "atol"), [(1e-3, 1e-5), (1e-6, 1e-8), (1e-8, 1e-10)])
@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
def test_logarithms_of_small_predictions_are_as_accurate_as_others(
    cascade: Problem, engine: str, rtol: float, atol: float
) -> None:
    compiled = compile(cascade, engine=engine, rtol=rtol, atol=atol)
    found = compiled.simulate(np.array([0.5])).prediction.reshape(len(TIMES), -1)
    # diffsol fails at tolerances far below 1e-20, where the smallest prediction, 3e-19, would need them.
    rows = slice(None) if engine == "rodas5p" else slice(4)
    np.testing.assert_allclose(found[rows], _truth()[rows], rtol=(40 if engine == "rodas5p" else 300) * rtol)
    assert compiled.atol < atol


@pytest.mark.parametrize(("rtol", "atol"), [(1e-6, 1e-8), (1e-8, 1e-10)])
def test_moles_of_a_few_molecules_bind_as_exactly_as_any_other_amounts(rtol: float, atol: float) -> None:
    """In mol and litres a molecule is 1.7e-24; amounts below 1e-20 once had an error of 4e-4 and outcome ok."""
    a, on = symbol("a"), symbol("on")
    asked = problem(network({"a": -on * a**2}, {"a": 1e-21}, {"on": 1e21}), TIMES, estimated={"on": 1e21})
    found = compile(asked, engine="rodas5p", rtol=rtol, atol=atol).simulate(np.array([1e21]))
    np.testing.assert_allclose(found.prediction, 1e-21 / (1 + TIMES), atol=100 * rtol * 1e-21)


@pytest.mark.parametrize(("rtol", "atol"), [(1e-6, 1e-8), (1e-8, 1e-10)])
def test_what_is_far_smaller_than_the_first_tolerance_shows_has_its_logarithm(rtol: float, atol: float) -> None:
    """exp(-60): at the tolerance asked the prediction is rounding, -9e-15; its own size is seen only below that."""
    asked = problem(network({"x": -k * x}, {"x": 1.0}, {"k": 1.0}), [10.0, 60.0], estimated={"k": 1.0})
    asked = replace(asked, observables=(replace(asked.observables[0], distribution="log-normal"),))
    found = compile(asked, engine="rodas5p", rtol=rtol, atol=atol).simulate(np.ones(1))
    np.testing.assert_allclose(np.log(found.prediction), [-10.0, -60.0], atol=100 * rtol)


def test_the_tolerance_alone_would_be_far_off(cascade: Problem) -> None:
    """The case is one: as asked, the error of the smallest is above a tenth."""
    found = compile(cascade, engine="rodas5p", rtol=1e-3, atol=1e-5, lower_atol=False).simulate(np.array([0.5]))
    assert np.abs(found.prediction.reshape(len(TIMES), -1) / _truth() - 1).max() > 0.1


def test_under_other_noise_the_largest_of_an_observable_counts() -> None:
    compiled = compile(_cascade("normal"), engine="rodas5p", rtol=1e-6, atol=1e-8)
    found = compiled.simulate(np.array([0.5])).prediction.reshape(len(TIMES), -1)
    truth = _truth()
    np.testing.assert_array_less(np.abs(found - truth).max(axis=0), 2e-5 * truth.max(axis=0))


def test_tolerance_that_is_enough_is_kept() -> None:
    x, y = symbol("x"), symbol("y")
    net = network({"x": -k * x, "y": k * x - y}, {"x": 100.0}, {"k": 0.5})
    asked = problem(net, TIMES, estimated={"k": 0.5})
    for engine in ("rodas5p", "diffsol"):
        assert compile(asked, engine=engine, rtol=1e-6, atol=1e-8).atol == 1e-8
        assert compile(asked, engine=engine, rtol=1e-6, atol=1e-3, at=np.array([0.5])).atol <= 1e-3


def test_tolerance_is_lowered_no_further_than_runs_succeed(cascade: Problem) -> None:
    """A reference that fails is no reference; one that shows no change keeps what was asked."""
    rows = len(cascade.measurements)

    def simulate(atol: float) -> Trial:
        failed = atol < 1e-14
        return Trial(np.full(rows, np.inf) if failed else 1e-6 + np.full(rows, min(atol, 1e-10)), 1e-6)

    assert absolute_tolerance(cascade, 1e-6, 1e-8, simulate).atol == pytest.approx(1e-11)
    assert absolute_tolerance(cascade, 1e-6, 1e-8, lambda _: Trial(np.full(rows, 3.0), 3.0)).atol == 1e-8
    assert absolute_tolerance(cascade, 1e-6, 1e-8, lambda _: Trial(np.full(rows, np.inf), np.inf)).atol == 1e-8


def test_what_no_finer_tolerance_simulates_is_not_believed(cascade: Problem) -> None:
    """The run of the first half of the rows fails below what was asked; those of the others need 1e-10."""
    rows = len(cascade.measurements)
    half = np.arange(rows) < rows // 2

    def simulate(atol: float, *, fails_at: float) -> Trial:
        prediction = 1e-6 + np.full(rows, 0.1 * atol)
        return Trial(np.where(half & (atol < fails_at), np.inf, prediction), 1e-6)

    for fails_at in (9e-9, 9e-10):
        found = absolute_tolerance(cascade, 1e-6, 1e-8, lambda atol, at=fails_at: simulate(atol, fails_at=at))
        assert found.atol == pytest.approx(1e-10)
        assert found.reference is not None
        assert not np.isfinite(found.reference[half]).any()


def test_a_place_without_a_solution_is_not_stepped_over() -> None:
    """x' = -k / (x + e): (x + e)^2 falls to 0 at time 200, where x has no further course."""
    e, x = 1e-9, symbol("x")
    net = network({"x": -k / (x + e)}, {"x": e}, {"k": 1e-20})
    for times, ends in (([100.0], True), ([100.0, 300.0], False)):
        engine = compile(problem(net, times, estimated={"k": 1e-20}), engine="rodas5p", rtol=1e-8, atol=1e-10)
        found = engine.simulate(np.array([1e-20]))
        assert (found.outcome == 0).all() == ends
        if ends:
            np.testing.assert_allclose(found.prediction, np.sqrt(2e-18) - e, rtol=1e-6)


@pytest.mark.parametrize("off", [TIME < 60, TIME <= 60])
@pytest.mark.parametrize(("rtol", "atol"), [(1e-6, 1e-8), (1e-8, 1e-10), (1e-10, 1e-13)])
def test_switch_to_fast_rates_needs_no_small_steps_before_it(off: sp.Rel, rtol: float, atol: float) -> None:
    """The last stage before the switch, and the first after it, must not see the other side: rates go from 0 to 1e4."""
    x = symbol("x")
    rate = sp.Piecewise((0.0, off), (1e4 * k * (1 - x), TIME < 61), (0.0, True))
    net = network({"x": rate}, {}, {"k": 1.0})
    times = [60.0, 60.0001, 61.0, 70.0]
    engine = compile(problem(net, times, estimated={"k": 1.0}), engine="rodas5p", rtol=rtol, atol=atol)
    assert isinstance(engine, RosenbrockEngine)
    found = engine.forward(np.array([1.0]), keep=True)
    assert (found.kept.outcome == 0).all()
    np.testing.assert_allclose(found.prediction, [0.0, 1 - np.exp(-1), 1.0, 1.0], rtol=1e-5, atol=10 * atol)
    assert found.prediction[0] == 0.0
    assert len(found.kept.tape) < 300


def test_only_states_that_need_it_have_a_lower_tolerance(cascade: Problem) -> None:
    """What decays from 1e-12 is alone in that: it is small; a state of size 1 that nobody needs so well is not."""
    compiled = RosenbrockEngine(cascade, rtol=1e-6, atol=1e-8)
    states = [s for s in compiled._simulated.network.states]
    atols = dict(zip(states, compiled.atols, strict=True))
    assert atols["x"] == compiled.atol < 1e-15
    assert atols["a"] == 1e-8
    uniform = RosenbrockEngine(cascade, rtol=1e-6, atol=compiled.atol, lower_atol=False)
    steps = [len(e.forward(np.array([0.5]), keep=True).kept.tape) for e in (compiled, uniform)]
    assert steps[0] < 0.9 * steps[1]


def _fallen(times: np.ndarray, rate: float) -> np.ndarray:
    """Solve a + ln a = 1 - rate t by Newton: dx/dt = -rate x / (1 + x) from 1."""
    a = np.exp(1 - rate * times)
    for _ in range(50):
        a -= (a + np.log(a) - (1 - rate * times)) / (1 + 1 / a)
    return a


@pytest.mark.parametrize("engine", ["rodas5p", "diffsol"])
def test_what_a_formula_makes_of_states_far_below_the_tolerance_is_right(engine: str) -> None:
    """Neither a prediction nor a first state is small: x / (x + y) of two that fall to 1e-17 was 0.48 for 0.31."""
    x, y, times = symbol("x"), symbol("y"), np.array([1.0, 4.0, 8.0])
    net = network({"x": -5 * x / (1 + x), "y": -k * y / (1 + y)}, {"x": 1.0, "y": 1.0}, {"k": 4.9})
    asked = problem(net, times, estimated={"k": 4.9})
    shown = replace(asked.observables[0], formula=x / (x + y))
    asked = replace(asked, observables=(shown, *asked.observables[1:]))
    found = compile(asked, engine=engine, rtol=1e-8, atol=1e-10).simulate(np.array([4.9])).prediction
    a, b = _fallen(times, 5.0), _fallen(times, 4.9)
    np.testing.assert_allclose(found[: 2 * len(times) : 2], a / (a + b), rtol=1e-5)
