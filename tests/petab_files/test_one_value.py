"""A name has its value from one place of a problem; from two, one would win without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.petab_files.lint import check
from il6infer.petab_files.read import load
from tests.zoo import decay_v1, decay_v2

LISTED = decay_v2.TABLES["parameters.tsv"] + "{name}\t0\t10\t1\t{estimate}\n"
CONDITION = "conditionId\ttargetId\ttargetValue\n"
OBSERVABLE = "observableId\tobservableFormula\tnoiseFormula\tnoiseDistribution\tobservablePlaceholders\n"
MEASURED = "observableId\texperimentId\ttime\tmeasurement\tobservableParameters\n"
OWN = "Its value stands with each measurement: give it a name of its own."
BOTH = (
    "conditions.tsv, row 2, column {column}: '{name}' is set by this condition, and parameters.tsv, row {row}, lists "
    "it as a parameter. Remove one of the two; a value to estimate is a parameter of another name that the condition "
    "sets '{name}' to."
)


def _placeholder(name: str, formula: str) -> dict[str, str]:
    value = ";".join("3" for _ in name.split(";"))
    return {
        "observables": f"{OBSERVABLE}obs\t{formula}\t0.1\tlog-normal\t{name}\n",
        "measurements": f"{MEASURED}obs\te1\t1\t1\t{value}\n",
    }


TWICE: dict[str, tuple[dict[str, str], str]] = {
    "an estimated parameter of the model, set by a condition": (
        {"parameters": LISTED.format(name="k", estimate="true")},
        BOTH.format(column="targetId", name="k", row=3),
    ),
    "a fixed one": (
        {"parameters": LISTED.format(name="k", estimate="false")},
        BOTH.format(column="targetId", name="k", row=3),
    ),
    "one that a condition sets to itself": (
        {"parameters": LISTED.format(name="k", estimate="true"), "conditions": f"{CONDITION}e1\tk\tk\n"},
        BOTH.format(column="targetId", name="k", row=3),
    ),
    "a parameter of an observable": (
        {
            "parameters": LISTED.format(name="s", estimate="true"),
            "conditions": f"{CONDITION}e1\ts\t2\n",
            "observables": OBSERVABLE.replace("\tobservablePlaceholders", "") + "obs\ts * A\t0.1\tlog-normal\n",
        },
        BOTH.format(column="targetId", name="s", row=3),
    ),
    "a placeholder that is a parameter": (
        {"parameters": LISTED.format(name="s", estimate="true")} | _placeholder("s", "s * A"),
        "observables.tsv, row 2, column observablePlaceholders: the placeholder 's' is a parameter, too "
        f"(parameters.tsv, row 3). {OWN}",
    ),
    "one that a condition sets": (
        {"conditions": f"{CONDITION}e1\ts\t2\n"} | _placeholder("s", "s * A"),
        "conditions.tsv, row 2, column targetId: 's' is a placeholder of 'obs', whose value stands with each "
        "measurement. Remove the change, or rename one of the two.",
    ),
    "one that is a species": (
        _placeholder("A", "A"),
        "observables.tsv, row 2, column observablePlaceholders: the placeholder 'A' is a name of the model, too. "
        + OWN,
    ),
    "one that is an observable": (
        _placeholder("obs", "obs * A"),
        f"observables.tsv, row 2, column observablePlaceholders: the placeholder 'obs' is an observable, too. {OWN}",
    ),
    "one that stands twice": (
        _placeholder("s;s", "s * A"),
        f"observables.tsv, row 2, column observablePlaceholders: the placeholder 's' stands there twice. {OWN}",
    ),
    "an observable that is a parameter": (
        {
            "parameters": LISTED.format(name="s", estimate="true"),
            "observables": OBSERVABLE + "s\tA\t0.1\tlog-normal\t\nobs\ts * A\t0.1\tlog-normal\t\n",
        },
        "observables.tsv, row 2, column observableId: 's' is a parameter, too (parameters.tsv, row 3). "
        "Rename one of the two.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("read", [load, check])
@pytest.mark.parametrize("what", TWICE)
def test_a_name_with_two_values_is_refused(what: str, read: object, tmp_path: Path) -> None:
    changed, message = TWICE[what]
    path = decay_v2.write(tmp_path, **changed)
    with pytest.raises(UserError) as error:
        read(path)
    assert str(error.value) == f"PEtab problem {path}: 1 fault\n  - {message}"


def test_a_parameter_in_the_condition_table_of_v1(tmp_path: Path) -> None:
    """Also where only one of its conditions fills the cell."""
    path = decay_v1.write(tmp_path)
    (tmp_path / "conditions.tsv").write_text("conditionId\tk\nc\t0.7\nd\t\n")
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value) == f"PEtab problem {path}: 1 fault\n  - {BOTH.format(column='k', name='k', row=3)}"


def test_a_placeholder_in_the_parameter_table_of_v1(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    table = tmp_path / "parameters.tsv"
    table.write_text(table.read_text() + "observableParameter1_obs\tlin\t0\t1\t1\t0\t\t\n")
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value) == (
        f"PEtab problem {path}: 1 fault\n  - observables.tsv, row 2, column observableFormula: the placeholder "
        f"'observableParameter1_obs' is a parameter, too (parameters.tsv, row 5). {OWN}"
    )


@pytest.mark.parametrize(("target", "value"), [("A", 2.0), ("cell", 2.0), ("k", "a0"), ("A", "a0"), ("k", "2 * a0")])
def test_what_a_condition_may_set(target: str, value: float | str, tmp_path: Path) -> None:
    """Species, compartments and parameters that are not listed, also to one that is estimated."""
    problem = check(decay_v2.write(tmp_path, conditions=f"{CONDITION}e1\t{target}\t{value}\n"))
    [(name, found)] = problem.experiments[0].periods[0].changes.items()
    assert name == target
    assert float(found.subs({s: 3.0 for s in found.free_symbols})) == {"a0": 3.0, "2 * a0": 6.0, 2.0: 2.0}[value]
