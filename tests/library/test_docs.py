"""docs/models.md names every part, and its pictures are those of the models."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6infer.drawing.svg import svg
from il6infer.library.catalogue import shipped
from il6infer.library.compose import compose, gallery
from il6infer.library.names import CELLS, parse_model_name
from il6infer.library.priors import cell_table
from tests.library import tables

LIBRARY = shipped()
DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "models.md").read_text(encoding="utf-8")


def test_every_part_of_a_name_is_explained():
    assert [
        word
        for word in (*LIBRARY.receptors, *LIBRARY.feedbacks, *LIBRARY.shown_options, *CELLS)
        if f"`{word}`" not in TEXT
    ] == []


@pytest.mark.parametrize("name", gallery())
def test_picture_is_the_models(name):
    model = compose(name)

    assert f"(models/{model.identifier}.svg)" in TEXT
    assert (DOCS / "models" / f"{model.identifier}.svg").read_text(encoding="utf-8") == svg(model), "make diagrams"


def test_every_part_of_a_name_has_its_picture_and_no_picture_is_left_over():
    parts = [parse_model_name(name) for name in gallery()]

    assert {p.receptor for p in parts} == set(LIBRARY.receptors)
    assert {p.feedback for p in parts if p.receptor == "both"} == set(LIBRARY.feedbacks)
    assert {o for p in parts for o in p.options} == set(LIBRARY.shown_options)
    assert {p.cell for p in parts} - {""} == set(CELLS)
    files = sorted((DOCS / "models").iterdir())
    assert [f.stem for f in files] == sorted(p.identifier for p in parts)
    assert sum(f.stat().st_size for f in files) < 1_500_000


def test_cells_are_those_of_the_table():
    rows = {line.split("`")[1]: line for line in TEXT.splitlines() if line.startswith("| [`") and " (" in line}
    for row in cell_table().itertuples():
        if row.distribution == "fixed":
            continue
        copies = row.parameter == "gp130_0"
        numbers = [f"{v:,.0f}" if copies else f"{v:g}" for v in (row.median, row.low, row.high)]
        assert f"| {numbers[0]} ({numbers[1]}-{numbers[2]}) |" in rows[row.cell], row.cell


def stands(row: tables.Row) -> bool:
    first, numbers = row
    return f"| {first} | {' | '.join(numbers)} |" in [line.strip() for line in TEXT.splitlines()]


@pytest.mark.parametrize("table", [tables.hexamer, tables.dimer])
def test_table_is_what_the_models_say(table):
    assert [row for row in table() if not stands(row)] == []


@pytest.mark.slow
def test_table_of_ec50_is_what_the_models_say():
    assert [row for row in tables.gp130() if not stands(row)] == []


def test_a_number_of_the_table_of_ec50():
    """One column of the slow test above."""
    for first, (number,) in tables.gp130((50000,)):
        (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| {first} |")]
        assert line.split("|")[4].strip() == number


def test_the_command_that_makes_the_tables_is_named():
    assert "python -m tests.library.tables" in TEXT
