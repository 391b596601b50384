"""Observable formulas that name other observables."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.problem.petab import load


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
