"""A condition that is neither true nor false has no answer, and what hangs on it has no value."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from il6infer._errors import UserError
from il6infer.engine import Outcome, compile
from il6infer.problems.spec import Experiment, Period, Problem
from il6infer.runs.modes import with_modes
from il6infer.runs.plan import make_plan
from tests.zoo.systems import problem
from tests.zoo.texts import from_antimony

ENGINES = ["rosenbrock", "rodas5p", "diffsol"]

NONE = {
    "a trigger": "E: at (x < sqrt(k - 5)): z = 0.5;",
    "a trigger, from some time on": "species y = 1; y' = -1; E: at (ln(y) < -20): z = 0.5;",
    "a condition of a rate": "w := piecewise(0.1, x < sqrt(k - 5), 0);",
    "a later condition": "w := piecewise(0.1, x > 9, 0.2, x < sqrt(k - 5), 0);",
    "both conditions": "w := piecewise(0.1, (x > 0) && (x < sqrt(k - 5)), 0);",
    "an estimated parameter": "w := piecewise(0.1, x < sqrt(p - 5), 0);",
    "an estimated time": "w := piecewise(0.1, time < sqrt(p - 5), 0);",
    "parameters alone": "w := piecewise(0.1, p < sqrt(p - 5), 0);",
    "constants alone": "w := piecewise(0.1, k < sqrt(k - 5), 0);",
    "a power": "w := piecewise(0.1, (x - 5)^0.5 > 1, 0);",
}
"""What asks for a truth that there is none of -> what is added to a model."""

SOME = {
    "another decides, that both hold": "w := piecewise(0.1, (x < 0) && (x < sqrt(k - 5)), 0);",
    "another decides, that one holds": "w := piecewise(0, (x > 0) || (x < sqrt(k - 5)), 0.1);",
    "within a piece that is not chosen": "w := piecewise(piecewise(1, x < sqrt(k - 5), 2), x < 0, 0);",
    "after a piece that is chosen": "w := piecewise(0, x > 0, 0.1, x < sqrt(k - 5), 0.2);",
    "an infinite bound": "w := piecewise(0, x < exp(2000*k), 0.1);",
    "zero by rounding": "species y = 1; y' = -200*y; w := piecewise(0.1, sqrt(y) > 2, 0);",
}
"""Where one does not count, or is there."""


def _asked(addition: str) -> Problem:
    w = "" if "w :=" in addition else "w := 0;"
    net = from_antimony(f"model m; species x = 2; k = 1; p = 1; z = 0; x' = -0.4*x + z + w; {w} {addition} end")
    return problem(net, [1.0, 4.0], [Experiment("e", (Period(0.0),))], {"p": 1.0}, ["x"])


def _simulated(addition: str, engine: str) -> tuple[Outcome, np.ndarray]:
    found = compile(_asked(addition), engine=engine, rtol=1e-8, atol=1e-10).simulate(np.array([1.0]))
    return Outcome(found.outcome[0]), found.prediction


QUICK = {"a trigger", "both conditions", "parameters alone", "another decides, that both hold"}


def _marked(table: dict[str, str]) -> list:
    slow = pytest.mark.slow
    return [
        pytest.param(text, engine, id=f"{name}, {engine}", marks=[] if name in QUICK and engine == "rodas5p" else slow)
        for name, text in table.items() for engine in ENGINES
    ]  # fmt: skip


@pytest.mark.parametrize(("addition", "engine"), _marked(NONE))
def test_where_a_condition_has_no_truth_a_run_has_no_numbers(addition: str, engine: str) -> None:
    outcome, prediction = _simulated(addition, engine)
    assert outcome == Outcome.NON_FINITE
    assert not np.isfinite(prediction).any()


@pytest.mark.parametrize(("addition", "engine"), _marked(SOME))
def test_a_condition_without_truth_that_does_not_count_changes_nothing(addition: str, engine: str) -> None:
    outcome, prediction = _simulated(addition, engine)
    if engine == "diffsol" and not outcome.ok:
        assert not np.isfinite(prediction).any()  # its stops are no numbers where such a condition is none
        return
    assert outcome == Outcome.OK
    np.testing.assert_allclose(prediction, 2 * np.exp(-0.4 * np.array([1.0, 4.0])), rtol=1e-6)


@pytest.mark.parametrize(
    ("addition", "told"),
    [
        ("E: at (time > sqrt(k - 5)): z = 1;", "'sqrt(k - 5)'"),
        ("E: at (time > 1/(k - 1)): z = 1;", "'1/(k - 1)'"),
        ("E: at (k > ln(k - 5)): z = 1;", "'k > log(k - 5)'"),
        ("w := piecewise(0.1, time < ln(k - 5), 0);", "'log(k - 5)'"),
    ],
)
def test_a_time_that_is_no_real_number_is_refused_with_the_values(addition: str, told: str) -> None:
    with pytest.raises(UserError) as error:
        make_plan(with_modes(_asked(addition)))
    assert str(error.value) == (
        f"experiment 'e': {told} decides what happens when, and is no real number where k = 1. "
        "Correct the formula in the model, or the values in the tables."
    )


def test_a_start_without_truth_is_told_of_the_experiment_that_has_it() -> None:
    asked = _asked("E: at (x < sqrt(k - 5)): z = 0.5;")
    given = [Experiment(name, (Period(0.0, {"k": sp.Float(k)}),)) for name, k in (("one", 1.0), ("two", 5.25))]
    asked = problem(asked.network, [1.0, 4.0], given, {"p": 1.0}, ["x"])
    found = compile(asked, engine="rodas5p", rtol=1e-8, atol=1e-10).simulate(np.array([1.0]))
    assert [Outcome(own) for own in found.outcome] == [Outcome.NON_FINITE, Outcome.OK]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("condition", ["k < sqrt(k - 5)", "x < sqrt(k - 5)"])
def test_a_condition_without_truth_before_an_experiment_only_has_no_steady_state(condition: str, engine: str) -> None:
    asked = _asked(f"w := piecewise(0.1, {condition}, 0.6);")
    before = [Period(float("-inf"), {"k": sp.Float(1.0)}), Period(0.0, {"k": sp.Float(6.0)})]
    given = [Experiment("lacks", tuple(before)), Experiment("has", (Period(float("-inf"), {"k": sp.Float(6.0)}),))]
    asked = problem(asked.network, [1.0, 4.0], given, {"p": 1.0}, ["x"])
    found = compile(asked, engine=engine, rtol=1e-8, atol=1e-10).simulate(np.array([1.0]))
    assert [Outcome(own) for own in found.outcome] == [Outcome.NON_FINITE, Outcome.OK]
    assert not np.isfinite(found.prediction[:2]).any()


READ = {
    "a measurement": ("w := piecewise(0.1, x < sqrt(k - 5), 0.4);", "w", [np.inf, np.inf]),
    "one of parameters": ("w := piecewise(0.1, p < sqrt(p - 5), 0.4);", "w", [np.inf, np.inf]),
    "one of time": ("w := piecewise(0.1, time < sqrt(k - 5), 0.4);", "w", [np.inf, np.inf]),
    "one of either": ("w := piecewise(0.1, (x < sqrt(k - 5)) || (x > 1), 0.4);", "w", [0.1, np.inf]),
    "one of both": ("w := piecewise(0.1, (x < sqrt(k - 5)) && (x > 1), 0.4);", "w", [np.inf, 0.4]),
    "one of neither": ("w := piecewise(0.1, !(x < sqrt(k - 5)), 0.4);", "w", [np.inf, np.inf]),
    "one of an only one": ("w := piecewise(0.1, xor(x < sqrt(k - 5), x > 1), 0.4);", "w", [np.inf, np.inf]),
    "a start": ("w = piecewise(0.1, p < sqrt(p - 5), 0.4); x = 1 + w;", "x", [np.inf, np.inf]),
    "what an event sets": ("w = 0; E: at (time > 2): w = piecewise(0.1, p < sqrt(p - 5), 0.4);", "w", [0.0, np.inf]),
    "a state that it sets": ("E: at (time > 2): x = piecewise(0.1, p < sqrt(p - 5), 0.4);", "x", [np.inf, np.inf]),
    "what a located event sets": ("E: at (x < 1.2): x = piecewise(0.1, x < sqrt(p - 5), 1);", "x", [np.inf, np.inf]),
    "a piece within": ("w := piecewise(3, x < 9, piecewise(1, x < sqrt(k - 5), 2));", "w", [3.0, 3.0]),
    "zero by rounding": ("species y = 1; y' = -200*y; w := piecewise(0.1, ln(y) > 2, 3);", "w", [3.0, 3.0]),
    "a number": ("w := piecewise(0.1, x/(k + x) > 0.4, 5, ln(x) == 0, 3);", "w", [0.1, 3.0]),
}
"""What is read once -> what is added to a model, what is measured, and what it is at two times."""


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        pytest.param(n, e, id=f"{n}, {e}", marks=[] if (n, e) == ("one of both", "rodas5p") else pytest.mark.slow)
        for n in READ for e in ENGINES
    ],
)  # fmt: skip
def test_what_is_read_where_a_condition_has_no_truth_has_no_value(name: str, engine: str) -> None:
    addition, observed, right = READ[name]
    net = from_antimony(f"model m; species x = 2; k = 1; p = 1; x' = -0.4*x; {addition} end")
    asked = problem(net, [1.0, 4.0], [Experiment("e", (Period(0.0),))], {"p": 1.0}, [observed])
    compiled = compile(asked, engine=engine, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(compiled.simulate(np.array([1.0])).prediction, right)


def test_a_period_that_sets_what_has_no_answer_has_no_numbers() -> None:
    asked = _asked("w := 0;")
    k, p = sp.Symbol("k", real=True), sp.Symbol("p", real=True)
    given = Experiment("e", (Period(0.0, {"z": sp.Piecewise((0.1, p < sp.sqrt(p - 5 * k)), (0.4, True))}),))
    asked = problem(asked.network, [1.0, 4.0], [given], {"p": 1.0}, ["x"])
    found = compile(asked, engine="rodas5p", rtol=1e-8, atol=1e-10).simulate(np.array([1.0]))
    assert Outcome(found.outcome[0]) == Outcome.NON_FINITE
