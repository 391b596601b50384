"""The cases of ../shared/cases: small problems with answers from closed forms, each standing for a kind of fault."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.engine.evaluate import evaluate
from il6infer.engine.likelihood import slopes
from il6infer.petab_files.read import load

TABLE = Path(__file__).resolve().parents[3] / "shared" / "cases" / "petab_and_posterior.csv"
LINES = TABLE.read_text(encoding="utf-8").splitlines() if TABLE.is_file() else []
ROWS = {row["case"].partition("/")[2]: row for row in csv.DictReader(LINES)}
FIT, EVALUATE = (1e-6, 1e-8), (1e-8, 1e-10)
"""Relative and absolute tolerance, as `il6infer fit` and `il6infer petab evaluate` have them."""

WALKED = {
    # Functions, conditions and powers.
    "abs_of_state", "condition_twice", "initial_assignment_of_time", "max_of_state",
    "power_of_negative_base", "power_of_negative_state",
    "rate_of_three_levels", "switch_time_times_state", "switch_time_two_rates",
    # Steady states and tolerances.
    "rest_never_reached_oscillation", "rest_slow_growth", "rest_unstable_root", "small_concentrations",
    "infusion_large_from_rest",
    # Tables and messages.
    "numeric_condition_ids", "reaction_id_in_observable", "spaces_in_v1_table", "zero_under_log_noise",
    # Events, switches and pulses.
    "event_never_true", "event_strictly_after", "pulse_on_clock_state", "pulse_on_clock_state_short", "pulse_smooth",
    "switch_on_state", "switch_on_state_estimated", "switch_on_state_gradient", "two_events_one_time",
}  # fmt: skip
"""Cases that must be right."""

MESSAGES: dict[str, str] = {
    "numeric_condition_ids": "conditions.tsv, row 3, column conditionId: 'c0' stands already in conditions.tsv, row 2. "
    "Remove one of the two, or rename it.",
    "reaction_id_in_observable": "observables.tsv, row 2, column observableFormula: 'R1' is a reaction of the model, "
    "and a reaction has no value in PEtab. Write its rate in place of it, k * A * sa, or add a parameter with that "
    "assignment rule to the model.",
    "zero_under_log_noise": "measurements.tsv, row 3, column measurement: 0.0 is impossible under log-normal noise of "
    "'y'. Use normal noise, or leave out values that are not above zero.",
}
"""Case -> what its refusal says, exactly."""

ACCEPTED = {"spaces_in_v1_table": 2 * np.exp(-0.3 * np.array([2.0, 3.0]))}
"""Case that may be refused or be right, and is right -> its predictions."""


def _simulations(case: str, right: str) -> None:
    for rtol, atol in (FIT, EVALUATE):
        found = evaluate(TABLE.parent / "petab" / case / "problem.yaml", rtol=rtol, atol=atol)
        assert set(found.outcomes.values()) == {"ok"}
        expected = np.array(right.split(";"), dtype=float)
        np.testing.assert_allclose(found.simulation, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def _gradient(case: str, right: str) -> None:
    """Gradient of the log-likelihood, on the linear scale, by the adjoint and by forward sensitivities."""
    problem = load(TABLE.parent / "petab" / case / "problem.yaml")
    engine = compile(problem, rtol=1e-10, atol=1e-12)
    theta = np.array([p.nominal for p in problem.estimated])
    simulation = engine.simulate(theta)
    bars = slopes(problem, simulation.prediction, simulation.noise)
    expected = [
        (engine.log_likelihood(theta + d).sum() - engine.log_likelihood(theta - d).sum()) / (2 * d.sum())
        for d in np.diag(1e-5 * np.abs(theta))
    ]
    prediction, noise = engine.jacobian(theta)
    for found in (engine.pullback(theta, *bars), bars[0] @ prediction + bars[1] @ noise):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def _derivative(case: str, parameter: str, right: str) -> None:
    found = evaluate(TABLE.parent / "petab" / case / "problem.yaml", gradient=True)
    assert found.gradient[parameter] == pytest.approx(float(right), rel=1e-4)


def _outcome(case: str, right: str) -> None:
    assert set(evaluate(TABLE.parent / "petab" / case / "problem.yaml").outcomes.values()) == {right}


def _message(case: str, right: str) -> None:
    path = TABLE.parent / "petab" / case / "problem.yaml"
    if case in ACCEPTED:
        np.testing.assert_allclose(evaluate(path).simulation, ACCEPTED[case], rtol=1e-6)
        return
    with pytest.raises(UserError) as error:
        evaluate(path)
    assert str(error.value) == f"PEtab problem {path}: 1 fault\n  - {MESSAGES[case]}"


QUANTITIES: dict[str, Callable[[str, str], None]] = {
    "simulations": _simulations,
    "gradient": _gradient,
    "outcome": _outcome,
    "message": _message,
}


@pytest.mark.parametrize("case", sorted(WALKED))
def test_case_has_the_right_answer(case: str, shared: Path) -> None:
    quantity, _, parameter = ROWS[case]["quantity"].partition(" ")
    right = ROWS[case]["right"]
    if parameter:
        _derivative(case, parameter, right)
    else:
        QUANTITIES[quantity](case, right)
