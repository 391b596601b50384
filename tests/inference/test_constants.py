"""The pull of the data at fixed constants, against a model whose evidence is known in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from il6infer.building.build import build
from il6infer.engine import compile
from il6infer.inference.constants import fixed_constants, pulls
from il6infer.inference.density import Density
from il6infer.library.compose import compose
from il6infer.library.freeing import free_fault
from il6infer.network.network import TIME, symbol
from il6infer.petab_files.lint import check
from il6infer.problems.spec import Observable, Parameter, Period, Problem
from tests.zoo import toy
from tests.zoo.data_set import measurements, protocol
from tests.zoo.systems import ONE, network

TAU = 2.0


def line(held=1.7, **changes) -> Problem:
    """y = a + c time with normal noise, a normal around 0, and c held fixed; d is a constant that nothing reads."""
    known = {
        "id": "line",
        "network": network({"x": -symbol("x")}, {"x": 1.0}, {"c": held, "d": 3.0}),
        "parameters": (toy.normal("a", sd=TAU),),
        "experiments": ONE,
        "observables": (Observable("obs_y", symbol("a") + symbol("c") * TIME, sp.Float(toy.NOISE)),),
        "measurements": toy.measurements(toy.LINE),
    }
    return Problem(**{**known, **changes})


def _draws(held: float, size: int = 400) -> np.ndarray:
    """Draws of a; thinned chains are no less independent."""
    precision = len(toy.TIMES) / toy.NOISE**2 + 1 / TAU**2
    mean = np.sum(toy.LINE - held * toy.TIMES) / toy.NOISE**2 / precision
    return np.random.default_rng(5).normal(mean, precision**-0.5, (size, 1))


@pytest.mark.parametrize("held", [1.7, 2.0, 2.2])
def test_slope_information_and_response_are_those_of_the_closed_form(held):
    problem = line(held)
    density = Density(problem, compile(problem, engine="rosenbrock", rtol=1e-6, atol=1e-9))
    prior = np.random.default_rng(6).normal(0, TAU, (20_000, 1))
    found = pulls(problem, density, _draws(held), prior, engine="rosenbrock")

    ones, times = np.ones_like(toy.TIMES), held * toy.TIMES
    covariance = toy.NOISE**2 * np.eye(len(ones)) + TAU**2 * np.outer(ones, ones)
    precision = ones @ ones / toy.NOISE**2 + 1 / TAU**2
    assert list(found) == ["c"]
    assert found["c"].value == held
    assert found["c"].slope == pytest.approx(times @ np.linalg.solve(covariance, toy.LINE - times), rel=1e-4, abs=1e-3)
    assert found["c"].slope_error < 1e-2
    assert found["c"].information == pytest.approx(times @ np.linalg.solve(covariance, times), rel=0.02)
    moved = -(ones @ times / toy.NOISE**2) / precision
    assert found["c"].response["a"] == pytest.approx(moved / _draws(held).std(), rel=0.02)


@pytest.mark.parametrize(("limit", "weight"), [(1e3, 0.0), (None, 2 / np.pi), (-1e3, 1.0)])
def test_values_beyond_a_limit_inform_as_far_as_the_limit_is_near(limit, weight):
    """Far above the medians a limit tells nothing; at the median 2/pi of a value; far below as much as a value."""
    limits = 1.0 + 2.0 * toy.TIMES[3:] if limit is None else np.full(2, limit)
    table = toy.measurements(np.concatenate([toy.LINE[:3], limits]))
    problem = line(2.0, measurements=table.assign(censored=["", "", "", "below", "below"]))
    density = Density(problem, compile(problem, engine="rosenbrock", rtol=1e-6, atol=1e-9))
    draws = np.full((400, 1), 1.0) + 1e-3 * np.random.default_rng(5).normal(size=(400, 1))
    prior = np.random.default_rng(6).normal(0, TAU, (20_000, 1))
    found = pulls(problem, density, draws, prior, engine="rosenbrock")

    weights, times = np.array([1, 1, 1, weight, weight]) / toy.NOISE**2, 2.0 * toy.TIMES
    of_line = weights.sum() + 1 / TAU**2
    wanted = weights @ times**2 - (weights @ times) ** 2 / of_line
    assert found["c"].information == pytest.approx(wanted, rel=0.02)


def test_what_is_estimated_or_set_by_an_experiment_is_no_fixed_constant():
    dosed = replace(ONE[0], periods=(*ONE[0].periods, Period(1.0, {"d": sp.Float(2.0)})))
    negative = replace(line().network, defaults=(sp.Float(-1.0), sp.Float(3.0)))
    nominal = Parameter("c", 0.0, 9.0, 2.5, False)
    volume = replace(line().network, compartments=("d",))

    assert fixed_constants(line(network=volume)) == {"c": 1.7}
    assert fixed_constants(line()) == {"c": 1.7, "d": 3.0}
    assert fixed_constants(line(experiments=(dosed,))) == {"c": 1.7}
    assert fixed_constants(line(network=negative)) == {"d": 3.0}
    assert fixed_constants(line(parameters=(toy.normal("a"), nominal))) == {"c": 2.5, "d": 3.0}
    assert fixed_constants(line(parameters=(toy.normal("a"), toy.normal("c")))) == {"d": 3.0}


def test_what_the_data_pull_in_a_model_of_the_library_can_be_freed(tmp_path):
    """The advice of the verdict, `il6infer problem --free NAME`, is one that can be followed."""
    model = compose("both_socs3@HepG2")
    problem = check(build(measurements(), protocol(), model, tmp_path / "p", dataset="toy"))
    found = fixed_constants(problem)

    assert {"k_import", "cell_number"} < set(found)
    assert "copies_reference" not in found, "a unit"
    assert [free_fault("", name, None, model) for name in found] == [None] * len(found)
