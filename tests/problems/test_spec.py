"""Problems that are written in Python: numbers of any kind are the numbers that compiled code is called with."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from il6infer.engine import compile
from il6infer.network.network import symbol
from il6infer.problems.spec import Experiment, Parameter, Period, Prior, Problem
from tests.zoo.systems import network, problem


@pytest.fixture(scope="module")
def decay() -> Problem:
    x, k = symbol("x"), symbol("k")
    return problem(network({"x": -k * x}, {"x": 1.0}, {"k": 1.0}), [1.0, 2.0], estimated={"k": 1.0})


@pytest.mark.parametrize(
    "one",
    [1, True, np.int32(1), np.float32(1), np.bool_(True), np.array(1), Fraction(1)],
    ids=lambda v: type(v).__name__,
)
def test_a_number_of_any_kind_is_the_float_that_it_is(one: Any, decay: Problem) -> None:
    """A nominal value of 1 was an AssertionError of numba."""
    parameter = Parameter("k", one * 0, one * 2, one, True, Prior("normal", (one, one * 2)))
    assert (parameter.lower, parameter.upper, parameter.nominal) == (0.0, 2.0, 1.0)
    assert {type(v) for v in (parameter.lower, parameter.upper, parameter.nominal)} == {float}
    runs = (Experiment("e", (Period(one * 0),)),)
    asked = replace(decay, parameters=(parameter,), experiments=runs)
    table = asked.measurements.assign(time=[1, 2], measurement=[1, 0])
    compiled = compile(replace(asked, measurements=table))
    np.testing.assert_allclose(compiled.simulate(np.array([one])).prediction, np.exp([-1.0, -2.0]), rtol=1e-5)


def test_what_is_no_number_is_no_value() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        Parameter("k", 0.0, 1.0, None, True)  # pyright: ignore[reportArgumentType]
