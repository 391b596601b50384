"""PEtab v1: empty cells of the condition table after pre-equilibration, against sums written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from il6infer.engine import compile
from il6infer.petab_files.read import load
from tests.zoo import decay_v1
from tests.zoo.texts import to_sbml

MODEL = """
model cells
  compartment cell = 1;
  species A in cell = 3; species B in cell = 7; B' = 0; A' = a - k*A;
  a = 2; k = 0.5; twice = 2*k;
end
"""
REST = 1.0
"""State a / k after pre-equilibration with a = 4, k = 4."""


def _write(folder: Path, conditions: list[str], formula: str = "A") -> Path:
    (folder / "model.xml").write_text(to_sbml(MODEL))
    times = "".join(f"obs\trest\tc\t1\t{t}\n" for t in (0, 1, 2))
    tables = {
        "parameters.tsv": "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"
        "sigma\tlin\t0.1\t10\t1\t1\n",
        "conditions.tsv": "\n".join(conditions) + "\n",
        "observables.tsv": f"observableId\tobservableFormula\tnoiseFormula\nobs\t{formula}\tsigma\n",
        "measurements.tsv": "observableId\tpreequilibrationConditionId\tsimulationConditionId\tmeasurement\ttime\n"
        + times,
    }
    for name, text in tables.items():
        (folder / name).write_text(text)
    (folder / "problem.yaml").write_text(decay_v1.YAML)
    return folder / "problem.yaml"


def _predicted(path: Path) -> np.ndarray:
    engine = compile(load(path), engine="diffsol", rtol=1e-9, atol=1e-11)
    return engine.simulate(np.array([1.0])).prediction


def _relaxed(start: float, a: float, k: float) -> np.ndarray:
    return a / k + (start - a / k) * np.exp(-k * np.array([0.0, 1.0, 2.0]))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["conditionId\ta\tk", "rest\t4\t4", "c\t\t"], _relaxed(REST, 2.0, 0.5)),
        (["conditionId\ta\tk", "rest\t4\t4", "c\tNaN\t4"], _relaxed(REST, 2.0, 4.0)),
        (["conditionId\ta\tk\tA", "rest\t4\t4\t9", "c\t\t\t"], _relaxed(REST, 2.0, 0.5)),
        (["conditionId\ta\tA", "rest\t\t", "c\t\t5"], _relaxed(5.0, 2.0, 0.5)),
        (["conditionId\ta\tk", "rest\t\t", "c\t\t"], _relaxed(4.0, 2.0, 0.5)),
        (["conditionId", "rest", "c"], _relaxed(4.0, 2.0, 0.5)),
    ],
)
def test_an_empty_cell_keeps_a_species_and_returns_a_parameter(
    tmp_path: Path, conditions: list[str], expected: np.ndarray
) -> None:
    np.testing.assert_allclose(_predicted(_write(tmp_path, conditions)), expected, rtol=1e-6)


def test_an_own_value_follows_the_condition_that_returns_to_it(tmp_path: Path) -> None:
    path = _write(tmp_path, ["conditionId\tk\ttwice\tB", "rest\t4\t1\t8", "c\t3\t\t"], "twice + 0*A + 100*B")
    np.testing.assert_allclose(_predicted(path), [806.0] * 3, rtol=1e-6)


def test_a_condition_may_set_a_parameter_that_only_an_observable_names(tmp_path: Path) -> None:
    path = _write(tmp_path, ["conditionId\tgain", "rest\t7", "c\t3"], "10*gain + 0*A")
    np.testing.assert_allclose(_predicted(path), [30.0] * 3)
