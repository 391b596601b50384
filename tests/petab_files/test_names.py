"""Ids of PEtab problems that pandas would take for missing values, numbers or truth values keep what they name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.engine.evaluate import evaluate, simulation_table
from il6infer.petab_files.lint import check
from tests.test_names import REFUSED, WORDS
from tests.zoo import decay_v1, decay_v2

RULE = "Use letters, digits and _, with a letter or _ first."


def _expected(count: int) -> np.ndarray:
    times = np.array(decay_v1.TIMES)
    return np.concatenate([np.exp(-decay_v2.RATES[i % len(decay_v2.RATES)] * times) for i in range(count)])


def _version1(folder: Path, names: tuple[str, ...]) -> Path:
    """A v1 problem with one simulation condition for each name, and k set by it."""
    path = decay_v1.write(folder, transformation="lin", formula="A")
    rows = [f"{name}\t{decay_v2.RATES[i % len(decay_v2.RATES)]}" for i, name in enumerate(names)]
    (folder / "conditions.tsv").write_text("\n".join(["conditionId\tk", *rows]) + "\n")
    (folder / "parameters.tsv").write_text(
        "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\na0\tlin\t0\t10\t1\t1\n"
    )
    measured = [f"obs\t{name}\t1\t{time}" for name in names for time in decay_v1.TIMES]
    head = "observableId\tsimulationConditionId\tmeasurement\ttime"
    (folder / "measurements.tsv").write_text("\n".join([head, *measured]) + "\n")
    return path


def test_every_experiment_of_v2_is_simulated(tmp_path: Path) -> None:
    path = decay_v2.write(tmp_path, WORDS)
    found = evaluate(path)
    assert set(found.outcomes) == set(WORDS)
    np.testing.assert_allclose(found.simulation, _expected(len(WORDS)), rtol=1e-6)
    assert list(simulation_table(path, found.simulation)["experimentId"]) == [n for n in WORDS for _ in decay_v1.TIMES]
    assert check(path).id == "decay"


def test_every_condition_of_v1_is_simulated(tmp_path: Path) -> None:
    found = evaluate(_version1(tmp_path, WORDS))
    assert set(found.outcomes) == {f"experiment____{name}" for name in WORDS}
    np.testing.assert_allclose(found.simulation, _expected(len(WORDS)), rtol=1e-6)


def test_pre_equilibration_and_simulation_that_read_alike_are_two_experiments(tmp_path: Path) -> None:
    """(a, _b) and (a_, b): joined with underscores both are a____b, and one took the other's place."""
    path = _version1(tmp_path, ("a", "_b", "a_", "b"))
    rows = ["a\t_b\t1\t1", "a_\tb\t1\t1"]
    head = "observableId\tpreequilibrationConditionId\tsimulationConditionId\tmeasurement\ttime"
    (tmp_path / "measurements.tsv").write_text("\n".join([head, *(f"obs\t{row}" for row in rows)]) + "\n")
    problem = check(path)
    periods = {e.id: [float(p.changes["k"]) for p in e.periods] for e in problem.experiments}
    assert sorted(periods.values()) == [[0.125, 0.5], [0.5, 0.25]]
    assert len(set(problem.measurements["experiment"])) == 2


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in ("a\tb",)])
def test_what_is_no_id_is_refused_with_its_row(name: str, tmp_path: Path) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    with pytest.raises(UserError) as error:
        evaluate(_version1(tmp_path / "1", ("c", quoted)))
    assert f"  - conditions.tsv, row 3, column conditionId: '{name}' cannot be an id. {RULE}" in str(error.value)
    with pytest.raises(UserError) as error:
        evaluate(decay_v2.write(tmp_path / "2", ("c", quoted)))
    assert f"  - experiments.tsv, row 3, column experimentId: '{name}' cannot be an id. {RULE}" in str(error.value)


@pytest.mark.parametrize("name", ["nan", "NaN", "inf", "true", "TRUE", "False"])
def test_a_parameter_that_formulas_take_for_a_constant_is_refused(name: str, tmp_path: Path) -> None:
    parameters = decay_v2.TABLES["parameters.tsv"] + f"{name}\t0\t1\t0.5\ttrue\n"
    with pytest.raises(UserError) as error:
        evaluate(decay_v2.write(tmp_path, parameters=parameters))
    assert str(error.value).endswith(
        f"  - parameters.tsv, row 3, column parameterId: '{name}' is a constant in PEtab's formulas, no id. Rename it."
    )


@pytest.mark.parametrize("name", ["None", "NA", "null", "NULL", "E1", "lambda"])
def test_other_words_name_parameters_observables_and_placeholders(name: str, tmp_path: Path) -> None:
    parameters = decay_v2.TABLES["parameters.tsv"] + f"{name}\t0\t9\t3\ttrue\n"
    head = "observableId\tobservableFormula\tnoiseFormula\tobservablePlaceholders"
    observables = f"{head}\n{name}_o\tfactor*A\t0.1\tfactor\n"
    measurements = f"observableId\texperimentId\ttime\tmeasurement\tobservableParameters\n{name}_o\te1\t0\t1\t{name}\n"
    path = decay_v2.write(tmp_path, parameters=parameters, observables=observables, measurements=measurements)
    found = evaluate(path)
    assert found.parameters == {"a0": 1.0, name: 3.0}
    np.testing.assert_allclose(found.simulation, [3.0], rtol=1e-6)
    check(path)
