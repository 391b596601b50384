"""Runs that go together: each has the bits that it has alone, and its share of the gradient."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import Outcome, RosenbrockEngine, compile
from il6infer.network.network import symbol
from il6infer.problems.spec import STEADY_STATE, Experiment, Period, Problem
from tests.zoo.systems import network, problem

k, h, dose = symbol("k"), symbol("h"), symbol("dose")
x, y, z = symbol("x"), symbol("y"), symbol("z")
THETA = np.array([0.7, 1.6, 0.4])
RATES = {"x": 0.2 - k * x * y, "y": 0.1 + x**h / (0.3**h + x**h) - k * y}
SYSTEM = network(RATES, {"x": 1.0, "y": 0.1}, {"k": 0.7, "h": 1.6})


def _experiment(n: int) -> Experiment:
    """Doses, washes and rests, no two alike: runs of one to three segments that take few steps or many.

    What depends on parameters is the same in all: then any number of them, but one, goes through the same machine code.
    """
    periods = [Period(STEADY_STATE, {"x": sp.Float(0.2 + 0.1 * n)})] if n % 3 == 2 else []
    periods.append(Period(0.0, {"x": x + dose, "y": y + sp.Float(0.1 * n)}))
    if n % 2:
        periods.append(Period(0.5 + 0.3 * n, {"x": x / 2, "y": y + sp.Float(0.05 * n)}))
    return Experiment(f"e{n}", tuple(periods))


def _asked(numbers: list[int], times: tuple[float, ...] = (0.0, 0.4, 2.0, 9.0)) -> Problem:
    estimated = {"k": 0.7, "h": 1.6, "dose": 0.4}
    return problem(SYSTEM, times, [_experiment(n) for n in numbers], estimated=estimated)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 13])
def test_the_gradient_of_any_number_of_runs_equals_central_differences(count):
    asked = _asked(list(range(count)))
    engine = compile(asked, engine="rodas5p", rtol=1e-11, atol=1e-13)
    weights = np.random.default_rng(count).normal(size=len(asked.measurements))

    gradient = engine.pullback(THETA, weights, 0 * weights)
    for i in range(len(THETA)):
        step = np.zeros(3)
        step[i] = 1e-4 * THETA[i]
        up, down = engine.simulate(THETA + step), engine.simulate(THETA - step)
        assert up.ok
        assert down.ok
        assert gradient[i] == pytest.approx(weights @ (up.prediction - down.prediction) / (2 * step[i]), rel=1e-5)


def test_forward_sensitivities_of_many_runs_are_the_adjoint():
    asked = _asked(list(range(13)))
    engine = compile(asked, engine="rodas5p", rtol=1e-11, atol=1e-13)
    weights = np.random.default_rng(13).normal(size=len(asked.measurements))

    gradient = engine.pullback(THETA, weights, 0 * weights)
    np.testing.assert_allclose(weights @ engine.jacobian(THETA)[0], gradient, rtol=1e-8)


def test_a_run_has_the_same_bits_whatever_goes_beside_it():
    """Nine runs, and the same in another order: other neighbours, other lanes, other moments."""
    order = [7, 2, 0, 8, 5, 1, 3, 6, 4]
    size = 2 * 4  # states and times
    first, second = (compile(_asked(numbers), engine="rodas5p") for numbers in (list(range(9)), order))

    one, other = (engine.simulate(THETA).prediction.reshape(-1, size) for engine in (first, second))
    np.testing.assert_array_equal(one[order], other)
    slopes, others = (engine.jacobian(THETA)[0].reshape(-1, size, 3) for engine in (first, second))
    # The code that adds up derivatives by doses is written in the order of the experiments.
    np.testing.assert_allclose(slopes[order], others, rtol=1e-12, atol=1e-14)


def test_a_run_that_fails_leaves_its_neighbours_alone():
    """One of six runs explodes: the others have the bits that they have without it."""
    net = network({"x": k * x**2 - x}, {}, {"k": 1.0})
    calm = [Experiment(f"e{n}", (Period(0.0, {"x": sp.Float(0.1 * n)}),)) for n in range(5)]
    wild = Experiment("wild", (Period(0.0, {"x": sp.Float(50)}),))
    times = [0.3, 2.0]
    together = compile(problem(net, times, [*calm[:2], wild, *calm[2:]], {"k": 1.0}), engine="rodas5p")
    apart = compile(problem(net, times, calm, {"k": 1.0}), engine="rodas5p")

    found = together.simulate(np.array([1.0]))
    assert [Outcome(o) is Outcome.OK for o in found.outcome] == [True, True, False, True, True, True]
    assert np.isposinf(found.prediction[4:6]).all()
    np.testing.assert_array_equal(np.delete(found.prediction, [4, 5]), apart.simulate(np.array([1.0])).prediction)
    rows, _ = together.jacobian(np.array([1.0]))
    assert np.isnan(rows[4:6]).all()
    np.testing.assert_array_equal(np.delete(rows, [4, 5], axis=0), apart.jacobian(np.array([1.0]))[0])


def test_the_step_limit_counts_the_steps_of_one_run():
    asked, same = _asked([0, 3, 9]), {"lower_atol": False}  # which lower one it is depends on all runs
    alone = [RosenbrockEngine(_asked([n]), max_steps=10_000, **same) for n in (0, 3, 9)]
    steps = [len(engine.forward(THETA, keep=True).kept.tape) for engine in alone]
    limit = min(steps) + 1  # code for one lane may differ in the last bit, and by a step
    assert limit < sorted(steps)[1] - 1
    found = RosenbrockEngine(asked, max_steps=limit, **same).simulate(THETA).outcome

    assert [Outcome(o) for o in found] == [Outcome.OK if s <= limit else Outcome.STEP_LIMIT for s in steps]


@pytest.mark.slow
def test_times_at_rest_and_runs_without_a_step():
    """A run that is only measured at its start, one only at rest, and one at both, beside others."""
    net = network({"x": dose - k * x}, {"x": 1.0}, {"k": 0.5, "dose": 0.2})
    experiments = [Experiment(f"e{n}", (Period(0.0, {"x": sp.Float(0.5 * n)}),)) for n in range(3)]
    whole = problem(net, [0.0, 1.0, np.inf], experiments, {"k": 0.5, "dose": 0.2})
    table = whole.measurements
    kept = table[(table.experiment == "e0") | (table.time == np.where(table.experiment == "e1", 0.0, np.inf))]
    engine = compile(whole.with_measurements(kept.reset_index(drop=True)), rtol=1e-10, atol=1e-12)
    theta = np.array([0.5, 0.2])

    np.testing.assert_allclose(
        engine.simulate(theta).prediction, [0.0, 0.4 * (1 - np.exp(-0.5)), 0.4, 0.5, 0.4], rtol=1e-8, atol=1e-12
    )
    jacobian, _ = engine.jacobian(theta)
    rows = np.array([engine.pullback(theta, row, 0 * row) for row in np.eye(5)])
    np.testing.assert_allclose(rows, jacobian, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(rows[[2, 4]], [[-0.8, 2.0], [-0.8, 2.0]], rtol=1e-8)


@pytest.mark.parametrize("count", [2, 5, 9])
def test_rests_of_different_haste_do_not_disturb_each_other(count):
    """Rates of decay over nine decades, and none: each lane looks for its rest at another moment."""
    rates = [10.0 ** (1 - n) for n in range(count - 1)] + [0.0]
    net = network({"x": h - k * x, "y": k * (x - y)}, {"x": 1.0}, {"k": 1.0, "h": 0.0})
    rests = [
        Experiment(f"e{n}", (Period(STEADY_STATE, {"k": sp.Float(rate), "h": sp.Float(rate * (n + 2))}), Period(0.0)))
        for n, rate in enumerate(rates)
    ]
    found = compile(problem(net, [0.0], rests), engine="rodas5p").simulate(np.empty(0))

    assert found.ok
    expected = [(n + 2.0, n + 2.0) if rate else (1.0, 0.0) for n, rate in enumerate(rates)]
    np.testing.assert_allclose(found.prediction.reshape(-1, 2), expected, rtol=1e-9, atol=1e-12)


def test_a_ligand_without_a_sink_rests_where_it_is_absent():
    """Nothing takes x and its complex away: their equations are dependent, and both are absent."""
    net = network(
        {"x": y - k * x, "y": k * x - y - h * y, "z": h * y - z + dose}, {}, {"k": 0.5, "h": 0.3, "dose": 0.4},
        np.array([[-1.0, 1.0, 0, 0, 0, 0], [1.0, -1.0, -1.0, 0, 0, 0], [0, 0, 1.0, -1.0, 1.0, 0]]),
        [k * x, y, h * y, z, dose, sp.Integer(0)],
    )  # fmt: skip
    rest = Experiment("e", (Period(STEADY_STATE, {"h": sp.Float(0.0)}), Period(0.0, {"x": sp.Float(1.0)})))
    engine = compile(problem(net, [0.0, 2.0], [rest], {"k": 0.5, "dose": 0.4}), engine="rodas5p")
    theta = np.array([0.5, 0.4])

    assert engine.simulate(theta).ok
    np.testing.assert_allclose(engine.simulate(theta).prediction[:3], [1.0, 0.0, 0.4], atol=1e-12)
    rows = np.array([engine.pullback(theta, row, 0 * row) for row in np.eye(6)])
    np.testing.assert_allclose(rows[2], [0.0, 1.0], atol=1e-9)
    np.testing.assert_allclose(engine.jacobian(theta)[0], rows, rtol=1e-8, atol=1e-11)
