"""Gradients of many runs, block by block: the sum of all runs at once, and no more time a run than for few."""

from __future__ import annotations

import time

import numpy as np
import pytest
import sympy as sp

from il6infer.engine import RosenbrockEngine
from il6infer.engine.blocks import RUNS, Spread, blocks_of, edges_of
from il6infer.inference.density import Density, Frame
from il6infer.problems.spec import STEADY_STATE, Experiment, Period, Problem
from tests.kernel.test_lanes import SYSTEM, THETA, dose, x, y
from tests.zoo.systems import problem


@pytest.fixture(scope="module")
def engine() -> RosenbrockEngine:
    return RosenbrockEngine(_asked(11), rtol=1e-8, atol=1e-10)


def _asked(count: int) -> Problem:
    """Doses, washes and pre-equilibrations, two of which several runs share, measured in an order of its own."""
    experiments = []
    for n in range(count):
        periods = [Period(STEADY_STATE, {"x": sp.Float(0.2 + n % 2)})] if n % 3 == 2 else []
        periods.append(Period(0.0, {"x": x + (1 + n) * dose}))
        if n % 2:
            periods.append(Period(0.5 + 0.3 * n, {"x": x / 2, "y": y + sp.Float(0.05 * n)}))
        experiments.append(Experiment(f"e{n}", tuple(periods)))
    whole = problem(SYSTEM, (0.0, 2.0, 9.0), experiments, estimated={"k": 0.7, "h": 1.6, "dose": 0.4})
    order = np.random.default_rng(2).permutation(len(whole.measurements))
    return whole.with_measurements(whole.measurements.iloc[order].reset_index(drop=True))


@pytest.mark.parametrize("runs", [4, 8])
def test_blocks_have_the_predictions_and_the_gradient_of_all_runs(engine, runs):
    whole, blocks = engine.forward(THETA, keep=True), blocks_of(engine.tables, runs)
    bars = np.random.default_rng(0).normal(size=(2, len(whole.prediction)))
    expected = engine.backward(THETA, whole.kept, *bars)
    assert [len(block.tables.run_begin) for block in blocks] == {4: [4, 4, 3], 8: [4, 7]}[runs]
    assert sorted(np.concatenate([block.rows for block in blocks])) == list(range(len(whole.prediction)))

    engine.__dict__["blocks"] = blocks
    found = engine._pullback_in_blocks(THETA, *bars)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_array_equal(found, engine.pullback(THETA, *bars))
    del engine.__dict__["blocks"]


def test_the_posterior_in_blocks_is_the_posterior(engine):
    point = np.array([0.1, -0.2, 0.3])
    whole = Density(engine.problem, engine)(point)
    engine.__dict__["blocks"] = blocks_of(engine.tables, 4)
    density = Density(engine.problem, engine)
    found, value = density(point), density.value(point)
    del engine.__dict__["blocks"]

    assert np.isfinite(whole[0])
    assert value == found[0], "the value alone is that beside the gradient"
    assert found[0] == pytest.approx(whole[0], rel=1e-12)
    np.testing.assert_allclose(found[1], whole[1], rtol=1e-9)


def test_two_threads_share_the_runs_by_halves():
    """Blocks of 32 left two threads of 96 runs with 64 and 32."""
    for count in range(64, 1200):
        edges = np.array(edges_of(count))
        sizes = np.diff(edges)
        assert edges[0] == 0
        assert edges[-1] == count
        assert sizes.min() >= 12
        assert sizes.max() <= RUNS + 4
        assert (edges[:-1] % 4 == 0).all()
        assert max(sizes[::2].sum(), sizes[1::2].sum()) <= 0.55 * count, count


def test_few_runs_are_one_block(engine):
    [block] = engine.blocks

    assert block.tables is engine.tables


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_the_number_of_threads_changes_no_bit(engine, threads):
    """Three blocks: as many threads, fewer, more than there are; of the gradient in Python, and of the posterior."""
    frame, point = Frame(np.zeros(3), np.eye(3)), np.array([0.1, -0.2, 0.3])
    bars = np.random.default_rng(0).normal(size=(2, len(engine.problem.measurements)))
    engine.__dict__["blocks"] = blocks_of(engine.tables, 4)
    found = []
    for count in (1, threads):
        own = RosenbrockEngine(engine.problem, rtol=1e-8, atol=1e-10, threads=count)
        own.__dict__["blocks"] = engine.blocks
        density, gradient, value = Density(own.problem, own), np.zeros(3), np.zeros(1)
        arrays = [array.ctypes.data for array in (point, gradient, value, density.description(frame))]
        for _ in range(20):
            assert density._function(3, *arrays) == 0
            found.append([own.pullback(THETA, *bars), gradient.copy(), value.copy()])
    del engine.__dict__["blocks"]
    for other in found[1:]:
        for one, another in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, another)


@pytest.mark.parametrize(("threads", "items"), [(1, 5), (2, 1), (2, 7), (5, 3)])
def test_results_are_in_the_order_of_the_items_whoever_works(threads, items):
    spread = Spread(threads)

    assert spread(lambda n: (time.sleep(0.002 * (n % 3)), n**2)[1], range(items)) == [n**2 for n in range(items)]
    assert spread(lambda n: n, []) == []


def test_an_error_of_any_thread_is_raised_when_none_is_at_work():
    worked = []

    def fails(n):
        time.sleep(0.01)
        worked.append(n)
        if n == 1:
            raise ValueError(n)

    with pytest.raises(ValueError, match="1"):
        Spread(2)(fails, range(4))
    assert sorted(worked) == [0, 1, 2, 3]
