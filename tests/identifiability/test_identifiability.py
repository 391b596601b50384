"""What the data can tell: closed forms of lines, and combinations that are known by construction."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import scipy
import sympy as sp
import xarray as xr

from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.identifiability.analyse import analyse, unchanging
from il6infer.identifiability.data import Data, Lines
from il6infer.identifiability.directions import described, sparse
from il6infer.inference.drawn import draws_of
from il6infer.network.network import TIME, symbol
from il6infer.problems.noise import ERRORS
from il6infer.problems.spec import Observable, Parameter, Prior
from il6infer.stages.settings import FitSettings
from tests.zoo import systems, toy
from tests.zoo.systems import log_normal

SETTINGS = FitSettings(seed=3)


def groups(problem, rng=0, centre=None, spread=0.1):
    """Posterior and prior of a problem as draws, without a fit."""
    rng = np.random.default_rng(rng)
    names = [p.id for p in problem.estimated]
    nominal = np.array(list(problem.nominal.values())) if centre is None else centre
    drawn = {
        name: (("chain", "draw"), value * np.exp(spread * rng.normal(size=(2, 50))))
        for name, value in zip(names, nominal, strict=True)
    }
    wide = {name: (("chain", "draw"), values * np.exp(rng.normal(size=(2, 50)))) for name, (_, values) in drawn.items()}
    return {"posterior": xr.Dataset(drawn), "prior": xr.Dataset(wide)}


def reads(formula, *names, noise=0.1, distribution="normal"):
    """Problem whose read-out is a formula of log-normal parameters and time."""
    line = toy.line(np.full(5, 2.0))
    return replace(
        line,
        parameters=tuple(log_normal(name, 1.0) for name in names),
        observables=(Observable("obs_y", formula, sp.Float(noise), distribution),),
    )


def said(problem):
    found = analyse(problem, groups(problem), SETTINGS)
    return found.rank, [direction.says for direction in found.structural], found


def test_information_of_a_line_is_that_of_its_closed_form():
    problem = toy.line()
    mean, covariance = toy.line_posterior()
    found = analyse(problem, groups(problem, centre=mean), SETTINGS)
    design = np.column_stack([np.ones_like(toy.TIMES), toy.TIMES])
    information = 4.0 * design.T @ design / toy.NOISE**2

    assert found.rank == 2
    assert found.ranks == (2,) * found.points
    assert found.structural == ()
    assert found.sloppy == ()
    assert found.spectrum == pytest.approx(np.linalg.eigvalsh(information)[::-1], rel=1e-6)
    assert found.informed == 2
    for i, name in enumerate("ab"):
        assert found.parameters[name].together == pytest.approx(1 - np.sqrt(covariance[i, i]) / 2.0, rel=1e-6)
        assert found.parameters[name].alone == pytest.approx(1 - 1 / np.sqrt(1 + information[i, i]), rel=1e-6)
    # without the prior, it is the least squares line
    least = np.linalg.lstsq(design, toy.LINE, rcond=None)[0]
    assert [found.best["a"], found.best["b"]] == pytest.approx(least, abs=1e-3)


A, B, C, D = map(symbol, "abcd")


slow = partial(pytest.param, marks=pytest.mark.slow)  # each formula is a kernel of its own


@pytest.mark.parametrize(
    ("formula", "names", "rank", "words"),
    [
        slow(A * B * TIME, "ab", 1, ["only the product a × b"]),
        slow(A / B + TIME, "ab", 1, ["only the ratio a / b"]),
        slow(A**2 * B + TIME, "ab", 1, ["only a^2 × b"]),
        slow(A / B**3 + TIME, "ab", 1, ["only a / b^3"]),
        (A + B * TIME, "abc", 2, ["c changes nothing that was measured"]),
        slow(A * B + C / D * TIME, "abcd", 2, ["only the product a × b", "only the ratio c / d"]),
        slow(A * TIME**2 + B + C * TIME, "abc", 3, []),
        (A + B, "ab", 1, []),  # what stays the same is no product: the direction differs from point to point
    ],
)
def test_what_cannot_be_told_apart_is_found_and_said(formula, names, rank, words):
    found, structural, _ = said(reads(formula, *names))

    assert found == rank
    assert structural == words


def test_a_point_that_the_solver_hardly_gets_right_does_not_hide_what_others_tell():
    product, told = np.array([[1.0, 1.0, 0.0]]), np.array([[0.0, 0.0, 1.0]])
    right = np.concatenate([product, told]) / 1e-9
    wrong = np.random.default_rng(1).normal(size=(4, 3)) / 10.0
    basis = unchanging([right, wrong, right], 3, 3)

    np.testing.assert_allclose(np.abs(basis), np.sqrt([[0.5], [0.5], [0.0]]), atol=1e-6)
    assert basis[0] * basis[1] < 0.0


def test_what_changes_nothing_takes_memory_as_measurements_do_and_not_as_their_square():
    """The 1,854 values of the public hepatocyte problem took 8 GB, of which a factor of 22,248 squared was not used."""
    told = np.zeros((2000, 3))
    told[:, 0], told[:, 1] = np.random.default_rng(2).normal(size=(2, 2000))
    tracemalloc.start()
    basis = unchanging([told, 2.0 * told], 3, 3)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    np.testing.assert_allclose(np.abs(basis), [[0.0], [0.0], [1.0]], atol=1e-12)
    assert most < 20 * told.nbytes  # 2,700 times that, by the whole left factor


@pytest.mark.slow
def test_values_that_decay_to_nothing_on_a_logarithmic_scale_do_not_make_all_parameters_idle():
    decay = systems.network({"x": -A * B * symbol("x")}, {"x": C}, {"a": 0.5, "b": 0.5, "c": 1.0})
    problem = systems.problem(decay, [1.0, 2.0, 4.0, 8.0])
    problem = replace(
        problem,
        parameters=tuple(log_normal(name, 0.5, 2.0) for name in "abc"),
        observables=tuple(replace(o, noise=sp.Float(0.1), distribution="log-normal") for o in problem.observables),
    )
    found, structural, _ = said(problem)

    assert found == 2
    assert structural == ["only the product a × b"]


@pytest.mark.slow
def test_three_parameters_of_one_product_leave_two_directions():
    rank, _, found = said(reads(A * B * C * TIME, *"abc"))

    assert rank == 1
    assert len(found.structural) == 2
    for direction in found.structural:
        assert np.prod(list(direction.changes.values())) == pytest.approx(1.0, rel=1e-5)


@pytest.mark.slow
def test_parameters_that_go_together_in_a_way_of_their_own_are_named_with_their_factors():
    # the same at a: x 2, b: x 2, c: x 1/2
    _, [words], _ = said(reads(A / B + B * C * TIME, *"abc"))

    assert words == "not apart: a × 2, b × 2, c × 0.5 together leave the measured values as they are"


@pytest.mark.parametrize("seed", range(5))
def test_rounding_of_another_processor_does_not_change_the_words(seed):
    basis = np.array([[1.0], [1.0], [-1.0]]) / np.sqrt(3) * (1 + 1e-9 * np.random.default_rng(seed).normal(size=(3, 1)))
    lines = Lines(("a", "b", "c"), np.array([True, True, True]), *np.ones((5, 3)))
    [found] = described(basis, np.zeros((3, 3)), lines, exact=True)

    assert found.says == "not apart: a × 2, b × 2, c × 0.5 together leave the measured values as they are"


def test_a_direction_of_which_the_data_tell_little_is_said_with_its_information():
    _, structural, found = said(reads(A * B + 0.002 * A * TIME, *"ab"))

    assert structural == []
    assert found.rank == 2
    assert found.informed == 1
    [direction] = found.sloppy
    assert direction.says == "only the product a × b"
    assert 0 < direction.information < 0.1
    assert found.parameters["a"].together < 0.4 < found.parameters["a"].alone


def test_changes_along_a_direction_leave_what_was_measured():
    problem = reads(A / B**3 + TIME, *"ab")
    _, _, found = said(problem)
    engine, theta = compile(problem), np.array([1.3, 0.8])
    [direction] = found.structural
    moved = theta * [direction.changes[name] for name in "ab"]

    assert engine.simulate(moved).prediction == pytest.approx(engine.simulate(theta).prediction, rel=1e-6)


@pytest.mark.slow
def test_a_noise_parameter_is_told_by_the_spread_of_the_data():
    problem = replace(
        toy.line(),
        parameters=(toy.normal("a"), toy.normal("b"), log_normal("s", 0.5)),
        observables=(Observable("obs_y", A + B * TIME, symbol("s")),),
    )
    found = analyse(problem, groups(problem, centre=[1.0, 2.0, 0.5]), SETTINGS)

    assert found.rank == 3
    assert found.parameters["s"].alone == pytest.approx(1 - 1 / np.sqrt(1 + 2 * len(toy.TIMES)), rel=0.02)


@pytest.mark.parametrize("name", ERRORS)
def test_the_table_holds_the_information_of_each_noise(name):
    error = ERRORS[name]
    z = np.linspace(-40, 40, 800_001)
    loss, slope = error.loss(z)
    density = np.exp(-loss - error.constant)

    found = [scipy.integrate.trapezoid(score**2 * density, z) for score in (slope, slope * z - 1.0)]
    assert error.information == pytest.approx(found, rel=1e-3)


def test_a_censored_value_tells_less_than_a_measured_one():
    line = toy.line()
    side = line.with_measurements(line.measurements.assign(censored=["below", "", "", "", "above"]))
    theta = np.array([1.0, 2.0])
    whole, part = (Data.of(one, compile(one)).roots(theta) for one in (line, side))
    gain = whole.T @ whole - part.T @ part

    assert (np.linalg.eigvalsh(gain) > 0).all()


def test_a_limit_tells_as_much_as_the_share_of_values_beyond_it():
    # Bernoulli: what is seen is on which side of its median a value lies; information (2 phi(0))^2 of one value
    line = toy.line(1.0 + 2.0 * toy.TIMES)
    side = line.with_measurements(line.measurements.assign(censored=["below"] * 5))
    theta = np.array([1.0, 2.0])
    whole, part = (Data.of(one, compile(one)).roots(theta) for one in (line, side))

    assert part.T @ part == pytest.approx(whole.T @ whole * 2 / np.pi, rel=1e-6)


def test_a_posterior_of_other_parameters_is_refused():
    problem = toy.line()

    with pytest.raises(UserError) as raised:
        draws_of(problem, {"posterior": groups(problem)["posterior"].drop_vars("b")})
    assert str(raised.value) == (
        "problem 'line': the posterior has no parameter 'b'. It is of another problem; fit this one."
    )


def test_points_that_cannot_be_simulated_are_left_out_and_counted():
    found = analyse(toy.blow_up(), groups(toy.blow_up(), spread=0.01), SETTINGS)

    assert 0 < len(found.ranks) < found.points
    assert set(found.ranks) == {1}


def test_rotation_to_sparse_directions_keeps_the_space():
    rng = np.random.default_rng(1)
    plain = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, -1, 0, 0], [0, 0, 0, 0, 1, 2.0]]).T
    plain /= np.linalg.norm(plain, axis=0)
    turned, _ = np.linalg.qr(plain @ rng.normal(size=(3, 3)))
    found = sparse(turned)

    assert found @ found.T == pytest.approx(plain @ plain.T, abs=1e-9)
    assert np.sort(np.abs(found).max(axis=0)) == pytest.approx(np.sort(np.abs(plain).max(axis=0)), abs=1e-4)


@pytest.mark.slow
def test_a_parameter_that_is_not_above_zero_is_said_by_what_is_added():
    problem = replace(
        toy.line(), parameters=(toy.normal("a"), toy.normal("b"),
                                Parameter("c", -np.inf, np.inf, 1.0, True, Prior("normal", (0.0, 2.0)))),
        observables=(Observable("obs_y", A + C + B * TIME, sp.Float(0.5)),),
    )  # fmt: skip
    _, structural, _ = said(problem)

    assert len(structural) == 1
    assert structural[0].startswith("not apart: ")
    assert {"a +2", "c -2"} == set(structural[0].removeprefix("not apart: ").split(" together")[0].split(", ")) or {
        "a -2", "c +2"
    } == set(structural[0].removeprefix("not apart: ").split(" together")[0].split(", "))  # fmt: skip
