"""What has no value at the nominal values of its parameters is not called valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.petab_files.lint import check
from il6infer.petab_files.read import load
from tests.zoo import decay_v2


@pytest.mark.parametrize("formula", ["A / (a0 - 1)", "sqrt(a0 - 2) * A", "log(a0 - 1) + A"])
def test_lint_refuses_an_observable_without_value(formula: str, tmp_path: Path) -> None:
    table = decay_v2.TABLES["observables.tsv"].replace("\tA\t", f"\t{formula}\t")
    path = decay_v2.write(tmp_path, observables=table)
    load(path)  # a fit starts elsewhere
    with pytest.raises(UserError) as error:
        check(path)
    assert str(error.value) == (
        f"PEtab problem {path}: 1 fault\n  - observables.tsv, row 2, column observableFormula: '{formula}' has no "
        "value at the nominal values of its parameters. Correct the formula or the values."
    )


@pytest.mark.parametrize("nominal", ["", "1"])
@pytest.mark.parametrize("formula", ["piecewise(A / (a0 - 1), a0 > 1, A)", "A / (a0 - 2)", "sqrt(a0) * A"])
def test_lint_takes_what_has_one_or_may_have_one(formula: str, nominal: str, tmp_path: Path) -> None:
    tables = {
        "observables": decay_v2.TABLES["observables.tsv"].replace("\tA\t", f"\t{formula}\t"),
        "parameters": decay_v2.TABLES["parameters.tsv"].replace("\t1\ttrue", f"\t{nominal}\ttrue"),
    }
    check(decay_v2.write(tmp_path, **tables))
