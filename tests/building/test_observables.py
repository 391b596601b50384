"""Observable formulas that name other observables."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.petab_files.read import load


def _problem(shared: Path, folder: Path, formula: str) -> Path:
    """Write case 0001 of PEtab v2, with one more observable."""
    shutil.copytree(shared / "petab_suite/v2.0.0/sbml/0001", folder / "case")
    table = folder / "case" / "_observables.tsv"
    head, row, *_ = table.read_text().splitlines()
    columns = dict(zip(head.split("\t"), row.split("\t"), strict=True))
    more = columns | {"observableId": "more", "observableFormula": formula}
    table.write_text("\n".join([head, row, "\t".join(more.values())]) + "\n")
    return folder / "case" / "_0001.yaml"


def test_a_formula_may_name_another_observable(shared: Path, tmp_path: Path) -> None:
    first, more = load(_problem(shared, tmp_path, "2 * obs_a + 1")).observables
    assert more.formula == 2.0 * first.formula + 1.0


def test_observables_in_a_circle_are_refused(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="observable formulas depend on each other in a circle, among 'more'"):
        load(_problem(shared, tmp_path, "2 * more"))


def _with_gain(shared: Path, folder: Path) -> Path:
    """Write an observable 2 * gain, measured at 0, 2 and 5; conditions set gain from 2 on."""
    path = _problem(shared, folder, "gain * 2")
    tables = {
        "_conditions.tsv": "conditionId targetId targetValue\nlow gain 3\nhigh gain gain+a0\n",
        "_experiments.tsv": "experimentId time conditionId\ne 0 \ne 2 low\ne 5 high\n",
        "_measurements.tsv": "observableId experimentId time measurement\nmore e 0 1\nmore e 2 1\nmore e 5 1\n",
    }
    for name, text in tables.items():
        (path.parent / name).write_text(text.replace(" ", "\t"))
    config = path.read_text().replace("condition_files: []", "condition_files: [_conditions.tsv]")
    path.write_text(config.replace("experiment_files: []", "experiment_files: [_experiments.tsv]"))
    return path


@pytest.mark.parametrize("engine", ["diffsol", "rodas5p"])
def test_a_condition_may_set_a_parameter_that_only_observables_name(shared: Path, tmp_path: Path, engine: str) -> None:
    problem = load(_with_gain(shared, tmp_path))
    problem = problem.with_measurements(problem.measurements[1:])
    compiled, theta = compile(problem, engine=engine), np.array([4.0, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(compiled.simulate(theta).prediction, [6.0, 2 * (3 + 4)])
    np.testing.assert_allclose(compiled.pullback(theta, np.ones(2), np.zeros(2)), [2.0, 0.0, 0.0, 0.0], atol=1e-12)


def test_what_an_observable_needs_and_no_condition_sets_is_named(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        compile(load(_with_gain(shared, tmp_path)), engine="diffsol")
    assert str(error.value) == (
        "problem 'case': 1 fault\n  - measurement 1: observable 'more' names 'gain', which has no value at time 0. Set "
        "it in a condition of experiment 'e', or in the parameter table."
    )
