"""The PyMC model: its log-density, its names, and the problems that it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytensor
import pytest
from pytensor.compile.mode import Mode

from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.inference.density import Density
from il6infer.network.network import symbol
from il6infer.problems.noise import NOISES
from il6infer.problems.priors import distribution
from il6infer.problems.spec import Parameter, Prior
from il6infer.problems.variables import variable_names
from il6infer.pymc import build_model
from il6infer.pymc.op import SimulateTaped
from tests.inference.test_priors import PRIORS
from tests.zoo import toy


@pytest.fixture(scope="module")
def families():
    problem = toy.families()
    engine = compile(problem)
    model = build_model(problem, engine)
    return problem, engine, model, Density(problem, engine)


def test_density_is_prior_plus_pointwise_log_likelihood_plus_jacobian(families):
    problem, engine, _, density = families
    theta = np.array([1.7, 0.4])
    prior = sum(distribution(p.prior).logpdf(v) for p, v in zip(problem.estimated, theta, strict=True))
    expected = prior + engine.log_likelihood(theta).sum() + np.log(theta).sum()
    value, _ = density(density.unconstrained(theta))

    assert value == pytest.approx(expected, rel=1e-9)


def _priors(names):
    """Problem with these priors, whole and truncated on each side, all of them in the formula."""
    parameters = []
    for name in names:
        prior = Prior(name, PRIORS[name])
        low, middle, high = (float(v) for v in distribution(prior).ppf([0.2, 0.45, 0.8]))
        bounds = {"": (-np.inf, np.inf), "_above": (low, np.inf), "_below": (-np.inf, high), "_between": (low, high)}
        for suffix, ends in bounds.items():
            parameters.append(Parameter(f"{name.replace('-', '_')}{suffix}", *ends, middle, True, prior))
    line = toy.line()
    formula = sum((0.1 * symbol(p.id) for p in parameters), start=symbol("x"))
    observable = replace(line.observables[0], formula=formula)
    return replace(line, parameters=tuple(parameters), observables=(observable,))


CASES = {
    **{f"priors {n}": lambda n=n: _priors([*PRIORS][n::6]) for n in range(6)},
    "families": toy.families,
    "censored": toy.censored,
    "blow_up": toy.blow_up,
}


@pytest.mark.parametrize(
    ("case", "engine"), [*((case, "rosenbrock") for case in CASES), ("families", "diffsol"), ("blow_up", "diffsol")]
)
def test_density_is_that_of_the_pymc_model(case, engine):
    problem = CASES[case]()
    compiled = compile(problem, engine=engine, rtol=1e-9, atol=1e-11)
    density, model = Density(problem, compiled), build_model(problem, compiled)
    # PyMC keeps some constants of its own densities in float32, hence the tolerance.
    function = pytensor.function(model.value_vars, [model.logp(), model.dlogp()], mode=Mode("py", None))
    nominal = density.unconstrained(np.array([p.nominal for p in problem.estimated]))
    for shift in (0.0, -0.1, 0.2):
        point = nominal + shift
        value, gradient = density(point)
        expected, slope = function(*point)

        assert value == pytest.approx(float(expected), rel=1e-6, abs=1e-5)
        np.testing.assert_allclose(gradient, slope, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(density.unconstrained(density.constrained(point)), point, rtol=1e-9, atol=1e-9)


def test_gradient_is_that_of_finite_differences(families):
    *_, density = families
    point = density.unconstrained(np.array([1.7, 0.4]))
    step = 1e-5
    differences = [(density(point + d)[0] - density(point - d)[0]) / (2 * step) for d in step * np.eye(2)]

    np.testing.assert_allclose(density(point)[1], differences, rtol=1e-5)


def test_one_variable_a_parameter_and_one_a_read_out(families):
    _, _, model, _ = families

    assert [v.name for v in model.free_RVs] == ["s", "sigma"]
    assert [v.name for v in model.observed_RVs] == [name.replace("-", "_") for name in NOISES]
    assert model.named_vars_to_dims["log_normal"] == ("log_normal_row",)


def test_value_and_gradient_share_one_forward_pass(families):
    _, _, model, _ = families
    outputs = [model.logp(), model.dlogp()]
    graph = pytensor.function(model.value_vars, outputs, mode="NUMBA", on_unused_input="ignore").maker.fgraph
    names = [type(node.op).__name__ for node in graph.toposort()]

    assert names.count(SimulateTaped.__name__) == 1
    assert names.count("Simulate") == 0


def test_wrong_length_is_refused(families):
    *_, density = families

    with pytest.raises(ValueError, match=r"^point has shape \(3,\), expected \(2,\)$"):
        density(np.zeros(3))


def test_failed_simulation_has_no_density():
    problem = toy.blow_up()
    density = Density(problem, compile(problem))

    assert np.isfinite(density(density.unconstrained(np.array([0.6])))[0])
    value, gradient = density(density.unconstrained(np.array([2.0])))
    assert value == -np.inf
    assert (gradient == 0).all()


def test_names_keep_their_prefix_where_they_would_clash():
    problem = toy.line()
    [observable] = problem.observables
    clash = replace(
        problem, observables=(observable, replace(observable, id="y"), replace(observable, id="obs_a"),
                              replace(observable, id="obs_z"))
    )  # fmt: skip

    assert variable_names(clash) == {"obs_y": "obs_y", "y": "y", "obs_a": "obs_a", "obs_z": "z"}


def test_impossible_measurements_come_in_one_message():
    problem = toy.blow_up()
    table = toy.measurements([1.3, 0.0, np.nan], [0.5, 1.0, 1.5], "x_seen")

    with pytest.raises(UserError) as caught:
        build_model(replace(problem, measurements=table), compile(problem))
    assert str(caught.value) == (
        "problem 'blow_up': 2 faults\n"
        "  - measurement 2 ('x_seen', experiment 'e', time 1): its value 0 is impossible under log-normal noise. "
        "Use normal noise, or leave out values that are not above zero.\n"
        "  - measurement 3 ('x_seen', experiment 'e', time 1.5): its value is nan, a finite number was expected. "
        "Remove the row."
    )


def test_a_problem_without_estimated_parameters_is_refused():
    problem = toy.line()
    fixed = replace(problem, parameters=tuple(replace(p, estimate=False) for p in problem.parameters))

    with pytest.raises(UserError) as caught:
        build_model(fixed, compile(problem))
    assert str(caught.value) == (
        "problem 'line': 1 fault\n  - parameters: none is to be estimated. Set 'estimate' to true for those to infer."
    )
