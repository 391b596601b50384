"""Tables as editors and spreadsheets leave them: the same problem, whatever the shape of its files."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.engine.evaluate import evaluate
from il6infer.petab_files.lint import check
from il6infer.petab_files.read import load
from il6infer.problems.priors import check_priors
from tests.zoo import decay_v1, decay_v2

WRITE = {1: decay_v1.write, 2: decay_v2.write}


def _by_line(change: Callable[[int, str], str]) -> Callable[[str], str]:
    return lambda text: "".join(change(row, line) + "\n" for row, line in enumerate(text.splitlines()))


def _indexed(row: int, line: str) -> str:
    return f"{row - 1 if row else ''}\t{line}"


SHAPES: dict[str, Callable[[str], str]] = {
    "a tab at the end of each line": _by_line(lambda row, line: f"{line}\t"),
    "tabs at the end of each line": _by_line(lambda row, line: f"{line}\t\t\t"),
    "a tab at the end of each row but the header": _by_line(lambda row, line: f"{line}\t" if row else line),
    "last cells left out": _by_line(lambda row, line: line.rstrip("\t")),
    "an empty column first": _by_line(lambda row, line: f"\t{line}"),
    "columns in reverse": _by_line(lambda row, line: "\t".join(line.split("\t")[::-1])),
    "lines of tabs": lambda text: text.replace("\n", "\n\t\t\t\t\t\t\t\t\t\n"),
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "a mark of the byte order": lambda text: f"\ufeff{text}",
    "no last line end": lambda text: text.rstrip("\n"),
    "quotes": _by_line(lambda row, line: "\t".join(f'"{cell}"' for cell in line.split("\t"))),
    "a column more": _by_line(lambda row, line: f"{line}\t{'' if row else 'conditionName'}"),
}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_shape_of_a_table_changes_nothing(shape: str, version: int, tmp_path: Path) -> None:
    plain, shaped = (WRITE[version](tmp_path / name) for name in ("plain", "shaped"))
    for table in shaped.parent.glob("*.tsv"):
        table.write_bytes(SHAPES[shape](table.read_text()).encode())
    before, after = load(plain), check(shaped)
    assert after.measurements.equals(before.measurements)
    for part in ("parameters", "observables", "experiments"):
        assert getattr(after, part) == getattr(before, part)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("column", ["cls", "self", "_fields_set", "model_fields", "values", "my note"])
def test_a_column_of_measurements_may_have_any_name(column: str, version: int, tmp_path: Path) -> None:
    path = WRITE[version](tmp_path)
    table = tmp_path / "measurements.tsv"
    table.write_text(_by_line(lambda row, line: f"{line}\t{'x' if row else column}")(table.read_text()))
    assert len(check(path).measurements) == len(decay_v1.TIMES)


@pytest.mark.parametrize("version", [1, 2])
def test_batch_replicate_and_limit_of_a_measurement_are_read(version: int, tmp_path: Path) -> None:
    path = WRITE[version](tmp_path)
    table = tmp_path / "measurements.tsv"
    titles = ("datasetId", "replicateId", "censored")
    text = _by_line(lambda row, line: "\t".join([line, *(("gel", f"b{row}", "below") if row else titles)]))(
        table.read_text()
    )
    table.write_text(text)
    read = load(path).measurements

    assert set(read["batch"]) == {"gel"}
    assert list(read["replicate"]) == [f"b{row}" for row in range(1, len(read) + 1)]
    assert set(read["censored"]) == {"below"}


def test_simulations_are_written_for_a_table_of_any_shape(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    table = tmp_path / "measurements.tsv"
    table.write_text(SHAPES["tabs at the end of each line"](table.read_text()))
    assert evaluate(path).llh == pytest.approx(evaluate(decay_v1.write(tmp_path / "plain")).llh, rel=1e-12)


def test_an_index_beside_the_table_is_no_condition(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    for table in tmp_path.glob("*.tsv"):
        table.write_text(_by_line(_indexed)(table.read_text()))
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value) == (
        f"PEtab problem {path}: 1 fault\n"
        "  - conditions.tsv, row 1: a column with values has no name. Name or remove it."
    )
    conditions = tmp_path / "conditions.tsv"
    conditions.write_text(_by_line(lambda _, line: line.split("\t", 1)[1])(conditions.read_text()))
    assert [p.id for p in check(path).estimated] == list(decay_v1.NOMINAL)


def test_the_columns_of_every_condition_table_are_looked_at(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    path.write_text(path.read_text().replace("[conditions.tsv]", "[conditions.tsv, more.tsv]"))
    (tmp_path / "more.tsv").write_text("conditionId\tk 1\td\nother\t1\t2\n")
    with pytest.raises(UserError) as error:
        load(path)
    assert "more.tsv, row 1, column k 1: 'k 1' cannot be an id." in str(error.value)


@pytest.mark.parametrize(("version", "bound"), [(1, "inf"), (2, "inf"), (2, "-inf")])
def test_bounds_of_a_uniform_prior_are_finite_for_a_fit_only(version: int, bound: str, tmp_path: Path) -> None:
    heads = {1: "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n",
             2: "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\n"}  # fmt: skip
    path = WRITE[version](tmp_path)
    low, high = (bound, "10") if bound[0] == "-" else ("0.1", bound)
    scale = "lin\t" if version == 1 else ""
    ends = {1: "1", 2: "true"}
    rows = "".join(
        f"{name}\t{scale}{low if name == 'k' else 0.1}\t{high if name == 'k' else 10}\t1\t{ends[version]}\n"
        for name in (decay_v1.NOMINAL if version == 1 else ("a0", "k"))
    )
    (tmp_path / "parameters.tsv").write_text(heads[version] + rows)
    if version == 2:  # k is of the table of parameters here, and no condition's
        (tmp_path / "conditions.tsv").write_text("conditionId\ttargetId\ttargetValue\ne1\tcell\t1\n")
    assert math.isfinite(evaluate(path).llh)
    with pytest.raises(UserError) as error:
        check_priors(load(path).estimated)
    assert str(error.value) == (
        f"priors: 1 fault\n  - parameter 'k': its prior uniform({low}, {float(high)}) is improper. "
        "Give finite prior parameters or, for a uniform prior, finite bounds."
    )


@pytest.mark.parametrize("kind", ["normal", "laplace", "logNormal", "logLaplace", "parameterScaleNormal"])
def test_a_prior_without_parameters_is_not_taken_for_another(kind: str, tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path, prior=(kind, ""))
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value).endswith(
        f"parameters.tsv, row 3, column objectivePriorParameters: the cell is empty; a {kind} prior has two "
        "parameters. Give them with ';' between them."
    )


@pytest.mark.parametrize(("kind", "expected"), [("uniform", "uniform"), ("parameterScaleUniform", "log-uniform")])
def test_a_uniform_prior_without_parameters_has_the_bounds(kind: str, expected: str, tmp_path: Path) -> None:
    [prior] = [p.prior for p in load(decay_v1.write(tmp_path, prior=(kind, ""))).estimated if p.id == "k"]
    assert (prior.distribution, prior.parameters) == (expected, (0.001, 100.0))
