"""Every fault of PEtab tables and of the file that lists them: whole messages, with table, row, column and remedy."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.petab_files.lint import check
from il6infer.petab_files.read import load
from tests.zoo import decay_v1, decay_v2

VALUE, TIME = "measurements.tsv, row 2, column measurement", "measurements.tsv, row 2, column time"
NOT_MEASURED = "A value that was not measured is no row: remove it."
POSITIVE = "Use normal noise, or leave out values that are not above zero."
EARLY = "is before the simulation starts, at 0. Correct the time, or let the experiment start earlier."
GONE = "Remove one of the two, or rename it."
HEAD = "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\tpriorDistribution\tpriorParameters\n"


def _said(path: Path) -> list[str]:
    """Lines of the message, without the heading."""
    with pytest.raises(UserError) as error:
        check(path)
    heading, *faults = str(error.value).splitlines()
    assert heading.startswith(f"PEtab problem {path}: {len(faults)} fault")
    return [fault.removeprefix("  - ") for fault in faults]


def _write(folder: Path, version: int) -> Path:
    return decay_v1.write(folder) if version == 1 else decay_v2.write(folder)


def _edit(path: Path, table: str, old: str, new: str) -> None:
    text = (path.parent / table).read_text()
    assert old in text
    (path.parent / table).write_text(text.replace(old, new, 1))


def _append(path: Path, table: str, line: str) -> None:
    with (path.parent / table).open("a") as file:
        file.write(line + "\n")


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NaN", f"'NaN' is not a number. {NOT_MEASURED}"),
        ("N/A", f"'N/A' is not a number. {NOT_MEASURED}"),
        ("high", "'high' is not a number."),
        ("", "the cell is empty, a number was expected. Give the value, or remove the row."),
        ("inf", "'inf' is not a finite number."),
        ("1,5", "'1,5' is not a number. Write the decimal point as a point: 1.5."),
        ("0x1F", "'0x1F' is not a number."),
        ("0", f"0 is impossible under log-normal noise of 'obs'. {POSITIVE}"),
        ("-1.9", f"-1.9 is impossible under log-normal noise of 'obs'. {POSITIVE}"),
    ],
)
def test_a_value_that_is_none(version: int, text: str, message: str, tmp_path: Path) -> None:
    path = _write(tmp_path, version)
    _edit(
        path,
        "measurements.tsv",
        "\t1.9\t" if version == 1 else "\t0.0\t1\n",
        f"\t{text}\t" if version == 1 else f"\t0.0\t{text}\n",
    )
    assert _said(path) == [f"{VALUE}: {message}"]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("text", "message"),
    [("-1", f"-1 {EARLY}"), ("later", "'later' is not a number."), ("-inf", "'-inf' is not a finite number.")],
)
def test_a_time_that_is_none(version: int, text: str, message: str, tmp_path: Path) -> None:
    path = _write(tmp_path, version)
    _edit(path, "measurements.tsv", "\t0.0\t", f"\t{text}\t")
    assert _said(path) == [f"{TIME}: {message}"]


Spoil = tuple[int, str, str, str, str]
SPOILT: list[Spoil] = [
    (1, "measurements.tsv", "obs\t", "obz\t",
     "measurements.tsv, row 2, column observableId: unknown observable 'obz'. Did you mean 'obs'? Known: obs."),
    (1, "measurements.tsv", "\tc\t", "\tx\t",
     "measurements.tsv, row 2, column simulationConditionId: unknown condition 'x'. Known: c."),
    (1, "measurements.tsv", "\tc\t", "\t\t",
     "measurements.tsv, row 2, column simulationConditionId: the cell is empty, a condition was expected. Known: c."),
    (2, "measurements.tsv", "\te1\t", "\tx\t",
     "measurements.tsv, row 2, column experimentId: unknown experiment 'x'. Known: e1."),
    (2, "measurements.tsv", "time", "tme",
     "measurements.tsv: column 'time' is missing. Did you mean 'tme'? Known: experimentId, measurement, observableId, "
     "tme."),
    (1, "measurements.tsv", "scale", "scale;2",
     "measurements.tsv, row 2, column observableParameters: 'obs' takes 1 observable parameter, 2 given. Give "
     "one number or parameter: the formula has one placeholder."),
    (1, "measurements.tsv", "\tscale", "\t",
     "measurements.tsv, row 2, column observableParameters: 'obs' takes 1 observable parameter, 0 given. Give "
     "one number or parameter: the formula has one placeholder."),
    (1, "measurements.tsv", "\tscale", "\tskale",
     "measurements.tsv, row 2, column observableParameters: 'skale' is neither in the model nor in the parameter "
     "table. Did you mean 'scale'? Known: A, a0, cell, k, scale, time."),
    (2, "observables.tsv", "\tA\t", "\tJ0\t",
     "observables.tsv, row 2, column observableFormula: 'J0' is a reaction of the model, and a reaction has no value "
     "in PEtab. Write its rate in place of it, cell * k * A, or add a parameter with that assignment rule to the "
     "model."),
    (2, "observables.tsv", "\t0.1", "\tsigma",
     "observables.tsv, row 2, column noiseFormula: 'sigma' is neither in the model nor in the parameter table. Known: "
     "A, a0, cell, k, obs, time."),
    (2, "observables.tsv", "\t0.1", "\t",
     "observables.tsv, row 2, column noiseFormula: the cell is empty, a formula was expected."),
    (2, "observables.tsv", "log-normal", "lognormal",
     "observables.tsv, row 2, column noiseDistribution: 'lognormal'. Did you mean 'log-normal'? Known: laplace, "
     "log-laplace, log-normal, log-student-t, normal, student-t."),
    (2, "observables.tsv", "\t0.1", "\t" + "(" * 2000 + "0.1" + ")" * 2000,
     "observables.tsv, row 2, column noiseFormula: a formula nested more than 100 levels deep."),
    (2, "parameters.tsv", "0\t10", "10\t0",
     "parameters.tsv, row 2, column lowerBound: 10 is above the upper bound, 0. Exchange them."),
    (2, "parameters.tsv", "0\t10", "10\t10",
     "parameters.tsv, row 2, column lowerBound: 10 is the upper bound, too, which leaves nothing to estimate. Set "
     "estimate to false, or widen the bounds."),
    (2, "parameters.tsv", "0\t10", "zero\t10", "parameters.tsv, row 2, column lowerBound: 'zero' is not a number."),
    (2, "parameters.tsv", "0\t10", "NA\t10", "parameters.tsv, row 2, column lowerBound: 'NA' is not a number."),
    (2, "parameters.tsv", "0\t10", "0\t",
     "parameters.tsv, row 2, column upperBound: 'a0' is estimated and has no bound. Give one."),
    (2, "parameters.tsv", "1\ttrue", "\tfalse",
     "parameters.tsv, row 2, column nominalValue: 'a0' is not estimated and has no value. Give the value that it has, "
     "or estimate it."),
    (2, "parameters.tsv", "true", "yes", "parameters.tsv, row 2, column estimate: 'yes': true or false was expected."),
    (1, "parameters.tsv", "log\t0.01\t100\t2\t1\tparameterScaleUniform\t-2;3", "log\t0\t100\t2\t1\t\t",
     "parameters.tsv, row 4, column lowerBound: 0 on a logarithmic scale, where bounds must be above zero. Give a "
     "bound above zero, or another scale or prior."),
    (1, "parameters.tsv", "normal\t1;2", "normal\t1;-2",
     "parameters.tsv, row 2, column objectivePriorParameters: '1;-2': sd of a normal prior is -2, "
     "which must be above zero."),
    (2, "conditions.tsv", "\tk\t", "\tkk\t",
     "conditions.tsv, row 2, column targetValue: sets 'kk', which is neither in the model nor in a formula. Did you "
     "mean 'k'? Known: A, a0, cell, k."),
    (2, "conditions.tsv", "0.5", "zz",
     "conditions.tsv, row 2, column targetValue: 'zz' is neither in the model nor in the parameter table. Known: A, "
     "a0, cell, k, time."),
    (2, "conditions.tsv", "0.5", "1e400",
     "conditions.tsv, row 2, column targetValue: '1e400' is not finite. Correct the formula."),
    (2, "conditions.tsv", "0.5", "1/0",
     "conditions.tsv, row 2, column targetValue: a part of the formula is no real number: it divides by 0, or takes a "
     "root or logarithm of a negative number."),
    (2, "experiments.tsv", "\te1\n", "\te9\n",
     "experiments.tsv, row 2, column conditionId: unknown condition 'e9'. Did you mean 'e1'? Known: e1."),
    (2, "experiments.tsv", "\t0\t", "\tinf\t",
     "experiments.tsv, row 2, column time: 'inf' is not a finite number."),
    (1, "problem.yaml", "[measurements.tsv]", "[http://example.org/m.tsv]",
     "problem.yaml: names the address 'http://example.org/m.tsv': nothing is fetched. Save the file beside this one."),
    (2, "problem.yaml", "[measurements.tsv]", "5",
     "problem.yaml: key 'measurement_files': file names were expected, found 5. Write measurement_files: [a.tsv]."),
    (2, "problem.yaml", "measurement_files", "measurment_files",
     "problem.yaml: unknown key 'measurment_files'. Did you mean 'measurement_files'? Known: condition_files, "
     "experiment_files, extensions, format_version, id, mapping_files, measurement_files, model_files, "
     "observable_files, parameter_files."),
    (2, "problem.yaml", "id: decay", "extensions: {foo: {version: 1.0.0, required: true}}",
     "problem.yaml: the problem needs the extension 'foo', which is not supported. Known: student_t_noise, "
     "correlated_noise."),
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT, ids=[f"{s[1]}-{s[3][:20]!r}" for s in SPOILT])
def test_one_wrong_cell_gives_one_fault(spoil: Spoil, tmp_path: Path) -> None:
    version, table, old, new, message = spoil
    path = _write(tmp_path, version)
    _edit(path, table, old, new)
    assert _said(path) == [message]


@pytest.mark.parametrize("version", [1, 2])
def test_what_stands_twice(version: int, tmp_path: Path) -> None:
    path = _write(tmp_path, version)
    for table in ("parameters.tsv", "observables.tsv", "conditions.tsv"):
        _append(path, table, (tmp_path / table).read_text().splitlines()[1])
    row = 5 if version == 1 else 3
    condition = "c" if version == 1 else "e1, k"
    assert set(_said(path)) == {
        f"observables.tsv, row 3, column observableId: 'obs' stands already in observables.tsv, row 2. {GONE}",
        f"parameters.tsv, row {row}, column parameterId: 'a0' stands already in parameters.tsv, row 2. {GONE}",
        f"conditions.tsv, row 3, column conditionId: '{condition}' stands already in conditions.tsv, row 2. {GONE}",
    }


def test_a_parameter_of_no_use(tmp_path: Path) -> None:
    path = decay_v2.write(tmp_path, parameters=decay_v2.TABLES["parameters.tsv"] + "zzz\t0\t1\t1\ttrue\n")
    assert _said(path) == [
        "parameters.tsv, row 3, column parameterId: 'zzz' is no parameter of the model and stands in no formula. "
        "Remove the row, or correct the name."
    ]


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ("log-uniform\t0;10", "'0;10': low of a log-uniform prior is 0, which must be above zero."),
        ("normal\t0", "normal has 2 parameters, 1 given. Separate several with ';'."),
        ("uniform\t2;1", "'2;1': the first must be below the second. Exchange them."),
        ("gamma\t0;1", "'0;1': shape of a gamma prior is 0, which must be above zero."),
        ("normal\tone;2", "'one;2': numbers with ';' between them were expected."),
    ],
)
def test_a_prior_that_cannot_be(prior: str, message: str, tmp_path: Path) -> None:
    path = decay_v2.write(tmp_path, parameters=f"{HEAD}a0\t0\t10\t1\ttrue\t{prior}\n")
    assert _said(path) == [f"parameters.tsv, row 2, column priorParameters: {message}"]


def test_a_nominal_value_outside_of_its_bounds_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = decay_v2.write(tmp_path)
    _edit(path, "parameters.tsv", "10\t1\t", "10\t11\t")
    with caplog.at_level(logging.WARNING, "il6infer"):
        load(path)
    assert caplog.messages == [
        "parameters.tsv, row 2, column nominalValue: 11 lies outside of the bounds of 'a0', 0 to 10: a fit does not "
        "start there."
    ]


def test_a_file_wrong_in_every_row_says_so_a_hundred_times(tmp_path: Path) -> None:
    rows = "".join(f"obs\te1\t{i}\tx\n" for i in range(20_000))
    path = decay_v2.write(tmp_path, measurements=f"observableId\texperimentId\ttime\tmeasurement\n{rows}")
    with pytest.raises(UserError) as error:
        load(path)
    lines = str(error.value).splitlines()
    assert (lines[0], lines[-1]) == (f"PEtab problem {path}: 20000 faults", "  - and 19900 more.")
    assert len(lines) == 102


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", ["measurements.tsv", "model.xml"])
@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (_pipe, "is a pipe or a device, a regular file was expected."),
        (_device, "is a pipe or a device, a regular file was expected."),
        (_folder, "is a folder, a file was expected."),
    ],
)
def test_what_is_no_file_is_not_read(name: str, spoil: Callable[[Path], None], what: str, tmp_path: Path) -> None:
    path = decay_v2.write(tmp_path)
    spoil(tmp_path / name)
    assert _said(path) == [f"problem.yaml: names the file '{name}': {what} Check the name."]


@pytest.mark.parametrize("spoil", [_pipe, _device, _folder])
def test_a_problem_that_is_no_file_is_not_read(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    path = decay_v2.write(tmp_path)
    spoil(path)
    with pytest.raises(
        UserError, match=r"problem\.yaml: is a (folder|pipe or a device), a (regular )?file was expected"
    ):
        load(path)


@pytest.mark.parametrize("old", ["UTF-8", "ISO-8859-1"])
def test_a_model_in_latin_1(old: str, tmp_path: Path) -> None:
    """Right where the XML declares it; a message where it declares UTF-8."""
    path = decay_v2.write(tmp_path)
    model = tmp_path / "model.xml"
    text = model.read_text().replace("<listOfCompartments>", "<!-- zerfällt --><listOfCompartments>")
    model.write_bytes(text.replace("UTF-8", old).encode("latin-1"))
    if old == "ISO-8859-1":
        assert check(path).network.states == ("A",)
        return
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value).startswith(f"{model}: is not UTF-8 text (byte ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format_version: 3.0.0\n", "{path}: format_version 3.0.0: versions 1 and 2 of PEtab are supported."),
        ("id: a\n", "{path}: not a PEtab problem file: key 'format_version' is missing."),
        ("format_version: 1\nproblems: []\n", "{path}: 0 entries under 'problems'; exactly one is supported."),
        ("format_version: 1\nproblems: a\n",
         "{path}: key 'problems': a list was expected, each entry with the files of one problem."),
        ("format_version: 1\nproblems: [{}, {}]\n", "{path}: 2 entries under 'problems'; exactly one is supported."),
        ("format_version: 2.0.0\nmodel_files: [a]\n",
         "{path}: key 'model_files': model ids with location and language were expected."),
        ("format_version: 2.0.0\nmodel_files: {a: {location: m.xml, language: bngl}}\n",
         "{path}: model language 'bngl'; only sbml is supported."),
        ("format_version: 2.0.0\nmodel_files: {a: {}, b: {}}\n",
         "{path}: 2 models in the problem; exactly one is supported."),
        ("format_version: 2.0.0\nid: [2020-99-99\n",
         "{path}, line 3, column 1: is not valid YAML: expected ',' or ']', but got '<stream end>'."),
    ],
)  # fmt: skip
def test_a_list_of_files_that_is_none(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "problem.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        load(path)
    assert str(error.value) == message.format(path=path)


def test_spaces_after_cells_are_not_of_them(tmp_path: Path) -> None:
    path = decay_v1.write(tmp_path)
    for table in ("parameters", "observables", "conditions", "measurements"):
        file = tmp_path / f"{table}.tsv"
        file.write_text(file.read_text().replace("\t", " \t ").replace("\n", " \n"))
    assert [p.id for p in check(path).estimated] == ["a0", "k", "scale"]


@pytest.mark.parametrize("name", ["1", "1e3", "a b", "é", "-", "N/A"])
def test_a_condition_whose_name_cannot_be_an_id_is_one_fault_wherever_it_is_named(name: str, tmp_path: Path) -> None:
    path = _write(tmp_path, 2)
    for table in ("conditions.tsv", "experiments.tsv"):
        text = (tmp_path / table).read_text()
        (tmp_path / table).write_text(text.replace("\te1\n", f"\t{name}\n").replace("\ne1\tk", f"\n{name}\tk"))
    assert _said(path) == [
        f"conditions.tsv, row 2, column conditionId: '{name}' cannot be an id. Use letters, digits and _, with a "
        "letter or _ first."
    ]


def test_two_conditions_of_one_time_that_set_the_same(tmp_path: Path) -> None:
    path = _write(tmp_path, 2)
    (tmp_path / "conditions.tsv").write_text("conditionId\ttargetId\ttargetValue\ne1\tk\t1\nother\tk\t2\nother\tA\t2\n")
    (tmp_path / "experiments.tsv").write_text("experimentId\ttime\tconditionId\ne1\t0\te1\ne1\t0\tother\n")
    assert _said(path) == [
        "experiments.tsv, row 3, column conditionId: 'other' sets 'k', as 'e1' (row 2) does. "
        "Let only one condition of a time set it."
    ]


@pytest.mark.parametrize("theirs", ["k", "a.b"])
def test_another_name_for_an_id_of_the_model(theirs: str, tmp_path: Path) -> None:
    path = _write(tmp_path, 2)
    (tmp_path / "mappings.tsv").write_text(f"petabEntityId\tmodelEntityId\nown\t{theirs}\na0\ta0\nc\t\n")
    path.write_text(path.read_text() + "mapping_files: [mappings.tsv]\n")
    assert _said(path) == [
        f"mappings.tsv, row 2, column modelEntityId: 'own' stands for '{theirs}' of the model, and ids of SBML are "
        f"used as they are. Write '{theirs}' in place of 'own' in all tables, and remove the row."
    ]


@pytest.mark.parametrize("version", [1, 2])
def test_a_problem_without_measurements_is_refused(version: int, tmp_path: Path) -> None:
    path = _write(tmp_path, version)
    table = tmp_path / "measurements.tsv"
    table.write_text(table.read_text().splitlines()[0] + "\n")
    # Nothing that a row names may be asked for, either.
    parameters = tmp_path / "parameters.tsv"
    for text in (parameters.read_text(), parameters.read_text().splitlines()[0] + "\n"):
        parameters.write_text(text)
        assert _said(path) == ["measurements.tsv: there is no measurement. Add a row for each."]
