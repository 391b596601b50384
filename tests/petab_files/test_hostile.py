"""Problems of strangers: names that would break generated code, formulas that are code, absurd sizes."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from il6infer._errors import UserError
from il6infer.engine import compile
from il6infer.petab_files import limits, read
from il6infer.petab_files.read import load
from tests.zoo import decay_v1, decay_v2

NAMES = ["lambda", "out", "y", "p", "t", "math", "theta", "np", "import", "_", "x0_", "z_0", "__class__"]


@pytest.mark.parametrize("name", NAMES)
def test_an_id_that_means_something_in_python_is_only_a_name(name: str, tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path, transformation="lin")
    for file in ("model.xml", "parameters.tsv"):
        text = (tmp_path / file).read_text()
        (tmp_path / file).write_text(
            text.replace('"k"', f'"{name}"')
            .replace("<ci> k </ci>", f"<ci> {name} </ci>")
            .replace("\nk\t", f"\n{name}\t")
        )
    problem = load(path)
    assert [p.id for p in problem.estimated] == ["a0", name, "scale"]
    engine = compile(problem)
    theta = np.array([1.0, 0.5, 2.0])
    np.testing.assert_allclose(engine.simulate(theta).prediction, decay_v1.prediction(), rtol=1e-4)


@pytest.mark.parametrize(
    ("formula", "fault"),
    [
        ("__import__('os').system('touch hacked')", "Syntax error at 1:11: "),
        ("().__class__.__bases__[0].__subclasses__()", "Syntax error at 1:2: "),
        ("A; import os", "Syntax error at 1:1: "),
        ("lambda: A", "Syntax error at 1:6: "),
        ("open('hacked', 'w')", "Syntax error at 1:5: "),
        ("exec(A)", "unknown function 'exec'. Known: abs, "),
    ],
)
def test_a_formula_that_is_code_is_refused_and_not_run(
    formula: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = decay_v1.write(tmp_path, formula=formula)
    with pytest.raises(UserError) as error:
        compile(load(path))
    assert str(error.value).startswith(
        f"PEtab problem {path}: 1 fault\n  - observables.tsv, row 2, column observableFormula: {fault}"
    )
    assert not (tmp_path / "hacked").exists()


def test_a_table_of_a_million_rows_is_refused_at_once(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    with (tmp_path / "measurements.tsv").open("a") as table:
        table.writelines(["obs\tc\t1.0\t1.0\tscale\n"] * 1_000_000)
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        load(path)
    assert time.monotonic() - start < 10
    assert str(error.value) == (
        f"PEtab problem {path}: 1 fault\n"
        "  - measurements.tsv: 1000005 rows, at most 100000 are supported. Split the problem."
    )


def test_a_model_of_too_many_species_is_refused(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    flags = 'hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"'
    one = f'<species id="S{{}}" compartment="cell" {flags}/>'
    more = "".join(one.format(i) for i in range(10_000))
    model = tmp_path / "model.xml"
    model.write_text(model.read_text().replace("</listOfSpecies>", f"{more}</listOfSpecies>"))
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value) == (
        f"PEtab problem {path}: 1 fault\n"
        "  - model.xml: 10001 species, at most 1000 are supported. Lump species, or cut "
        "the model."
    )
    assert time.monotonic() - start < 20


def test_a_file_of_absurd_size_is_refused_unread(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    with (tmp_path / "model.xml").open("ab") as file:
        file.truncate(limits.MAX_BYTES + 1_000_000)
    with pytest.raises(UserError) as error:
        load(path)
    assert (
        str(error.value)
        == f"PEtab problem {path}: 1 fault\n  - model.xml: 51 MB, at most 50 MB are supported. Split it."
    )


def test_more_experiments_than_can_be_looked_at_in_a_minute(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "MAX_EXPERIMENTS", 2)
    path = decay_v2.write(tmp_path, ("e1", "e2", "e3"))
    with pytest.raises(UserError) as error:
        load(path)

    assert str(error.value) == "problem.yaml: 3 experiments, at most 2 are supported. Split the problem."
