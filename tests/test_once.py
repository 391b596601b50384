"""Attributes that are made when they are first asked for are made once, however many threads ask."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from il6infer._once import once
from il6infer.engine import rosenbrock
from tests.kernel.test_cache import RATE, small


def test_of_eight_threads_one_makes_the_value():
    made: list[int] = []

    class Slow:
        @once
        def value(self) -> object:
            """Of this object."""
            time.sleep(0.05)
            made.append(1)
            return object()

    one, other = Slow(), Slow()
    with ThreadPoolExecutor(8) as pool:
        values = set(pool.map(lambda _: one.value, range(8)))

    assert len(values) == len(made) == 1
    assert one.value in values
    assert other.value not in values
    assert Slow.value.__doc__ == "Of this object."


def test_the_first_calls_of_a_new_engine_share_what_the_kernel_reads(monkeypatch):
    """On Python 3.12 and 3.13 each thread described the tables, and freed what another one's call was reading."""
    made: list[object] = []

    class Slowly(rosenbrock.Described):
        def __init__(self, tables: rosenbrock.Tables) -> None:
            time.sleep(0.05)
            super().__init__(tables)
            made.append(self)

    monkeypatch.setattr(rosenbrock, "Described", Slowly)
    engine = rosenbrock.RosenbrockEngine(small(), lower_atol=False)
    with ThreadPoolExecutor(4) as pool:
        found = [simulation.prediction for simulation in pool.map(engine.simulate, np.full((8, 1), RATE))]

    assert len(made) == 1
    assert all(np.array_equal(prediction, found[0]) for prediction in found)


def test_no_attribute_is_made_without_a_lock(root):
    unlocked = [
        path.relative_to(root).as_posix()
        for path in (root / "il6infer").rglob("*.py")
        if "@cached_property" in path.read_text("utf-8")
    ]

    assert unlocked == []
