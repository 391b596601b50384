"""Columns that nothing reads: a misspelled one and one of the other version are refused, comments are named."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from il6infer._errors import UserError
from il6infer.petab_files.read import load
from tests.zoo import decay_v1, decay_v2

MISSPELLED = "column '{}' is none of PEtab's, and would not be read. Did you mean '{}'? Otherwise give it a less"
OTHER = "column '{}' is one of PEtab v{}, and nothing reads it in a problem of v{}. Say it with the columns of this"

# Version, table, column as it should be or a new one, as it is written, what is said.
REFUSED = [
    (1, "observables", "noiseDistribution", "noiseDistributoin",
     MISSPELLED.format("noiseDistributoin", "noiseDistribution")),
    (1, "observables", "noiseDistribution", "noise_distribution",
     MISSPELLED.format("noise_distribution", "noiseDistribution")),
    (1, "observables", "observableTransformation", "observabletransformation",
     MISSPELLED.format("observabletransformation", "observableTransformation")),
    (1, "observables", "observableTransformation", "observableTransform",
     MISSPELLED.format("observableTransform", "observableTransformation")),
    (1, "parameters", "objectivePriorType", "Objective Prior Type",
     MISSPELLED.format("Objective Prior Type", "objectivePriorType")),
    (1, "parameters", "parameterScale", "scale", "parameters.tsv: column 'parameterScale' is missing."),
    (1, "parameters", "objectivePriorType", "priorDistribution", OTHER.format("priorDistribution", 2, 1)),
    (1, "measurements", "observableParameters", "observableParameter",
     MISSPELLED.format("observableParameter", "observableParameters")),
    (2, "observables", "noiseDistribution", "noisedistribution",
     MISSPELLED.format("noisedistribution", "noiseDistribution")),
    (2, "observables", "noiseDistribution", "observableTransformation", OTHER.format("observableTransformation", 1, 2)),
    (2, "measurements", "experimentId", "experimentID", MISSPELLED.format("experimentID", "experimentId")),
    (2, "measurements", "experimentId", "simulationConditionId", OTHER.format("simulationConditionId", 1, 2)),
    (1, "measurements", "observableParameters", "Censored", MISSPELLED.format("Censored", "censored")),
    (2, "parameters", "nominalValue", "nominal_value", MISSPELLED.format("nominal_value", "nominalValue")),
]  # fmt: skip


def _written(folder: Path, version: int) -> Path:
    return decay_v1.write(folder, noise="laplace") if version == 1 else decay_v2.write(folder)


def _renamed(folder: Path, table: str, column: str, written: str) -> None:
    path = folder / f"{table}.tsv"
    head, _, rows = path.read_text().partition("\n")
    columns = head.split("\t")
    columns[columns.index(column)] = written
    path.write_text("\t".join(columns) + "\n" + rows)


@pytest.mark.parametrize(("version", "table", "column", "written", "said"), REFUSED)
def test_a_column_whose_words_would_be_lost_is_refused(tmp_path, version, table, column, written, said):
    path = _written(tmp_path, version)
    _renamed(tmp_path, table, column, written)
    with pytest.raises(UserError) as error:
        load(path)
    assert f"{table}.tsv" in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("table", ["parameters", "observables", "measurements"])
def test_a_comment_is_named_and_changes_nothing(tmp_path, version, table, caplog):
    path = _written(tmp_path, version)
    plain = load(path)
    file = tmp_path / f"{table}.tsv"
    head, *rows = file.read_text().splitlines()
    file.write_text("\n".join([f"{head}\tlane", *(f"{row}\t{i}" for i, row in enumerate(rows))]) + "\n")
    with caplog.at_level(logging.WARNING, logger="il6infer"):
        commented = load(path)
    assert caplog.messages == [f"{table}.tsv: not among PEtab's columns, and not read: lane"]
    assert commented.measurements.equals(plain.measurements)
    assert commented.parameters == plain.parameters


def test_an_empty_column_and_the_comments_of_own_problems_pass_without_a_word(tmp_path, caplog):
    path = _written(tmp_path, 2)
    file = tmp_path / "parameters.tsv"
    head, *rows = file.read_text().splitlines()
    file.write_text("\n".join([f"{head}\tunit\tsource\tnoise", *(f"{row}\tnM\tmine\t" for row in rows)]) + "\n")
    file = tmp_path / "measurements.tsv"
    head, *rows = file.read_text().splitlines()
    file.write_text("\n".join([f"{head}\tcensored", *(f"{row}\tbelow" for row in rows)]) + "\n")
    with caplog.at_level(logging.WARNING, logger="il6infer"):
        load(path)
    assert not caplog.messages


def test_the_column_of_a_public_problem_is_read_as_what_it_means(tmp_path, caplog):
    path = _written(tmp_path, 1)
    plain = load(path)
    _renamed(tmp_path, "parameters", "objectivePriorType", "objectivePrior")
    with caplog.at_level(logging.WARNING, logger="il6infer"):
        meant = load(path)
    assert caplog.messages == [
        "parameters.tsv: column 'objectivePrior' is none of PEtab's, and is read as 'objectivePriorType'"
    ]
    assert meant.parameters == plain.parameters
    assert len({p.prior.distribution for p in meant.parameters if p.prior}) > 1
