"""docs/models.md names every part, and its pictures are those of the models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from il6infer._model_names import CELLS, FEEDBACKS, OPTIONS, RECEPTORS, parse_model_name
from il6infer.models.diagram import svg
from il6infer.models.library import compose, gallery
from il6infer.models.priors import cell_table
from tests.models.cells import dose_response, ec50

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "models.md").read_text(encoding="utf-8")


def test_every_part_of_a_name_is_explained():
    assert [word for word in (*RECEPTORS, *FEEDBACKS, *OPTIONS, *CELLS) if f"`{word}`" not in TEXT] == []


@pytest.mark.parametrize("name", gallery())
def test_picture_is_the_models(name):
    model = compose(name)

    assert f"(models/{model.identifier}.svg)" in TEXT
    assert (DOCS / "models" / f"{model.identifier}.svg").read_text(encoding="utf-8") == svg(model), "make diagrams"


def test_every_part_of_a_name_has_its_picture_and_no_picture_is_left_over():
    parts = [parse_model_name(name) for name in gallery()]

    assert {p.receptor for p in parts} == set(RECEPTORS)
    assert {p.feedback for p in parts if p.receptor == "both"} == set(FEEDBACKS)
    assert {o for p in parts for o in p.options} == set(OPTIONS)
    assert {p.cell for p in parts} - {""} == set(CELLS)
    files = sorted((DOCS / "models").iterdir())
    assert [f.stem for f in files] == sorted(p.identifier for p in parts)
    assert sum(f.stat().st_size for f in files) < 1_500_000


def test_cells_are_those_of_the_table():
    rows = {line.split("`")[1]: line for line in TEXT.splitlines() if line.startswith("| [`") and " (" in line}
    for row in cell_table().itertuples():
        if row.distribution == "fixed":
            continue
        copies = row.parameter == "copies_gp130"
        numbers = [f"{v:,.0f}" if copies else f"{v:g}" for v in (row.median, row.low, row.high)]
        assert f"| {numbers[0]} ({numbers[1]}-{numbers[2]}) |" in rows[row.cell], row.cell


def test_table_of_the_hexamer_is_what_the_models_say():
    (line,) = [line for line in TEXT.splitlines() if line.startswith("| classic, cooperativity 0.06")]
    doses = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 50.0)
    one, two = (dose_response(f"classic_socs3{o}", "IL6", doses, {}) for o in ("", "+hexamer"))
    found = [two[i] / one[i] for i in (0, 2, 4, 6, 8)] + [ec50(doses, two) / ec50(doses, one)]

    assert [f"{value:.2f}" for value in found] == [cell.strip() for cell in line.split("|")[2:-1]]


@pytest.mark.parametrize(("name", "extra"), [("classic_none@PHH", {}), ("trans_none@HEK293", {"sIL6R": 0.5})])
def test_table_of_ec50_is_what_the_models_say(name, extra):
    (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{name}`") and "(" not in line]
    doses = np.geomspace(1e-4, 1e3, 29)
    found = [ec50(doses, dose_response(name, "IL6", doses, extra, copies_gp130=n)) for n in (2000, 50000)]

    assert [f"{value:.2g}" for value in found] == [line.split("|")[column].strip() for column in (2, 4)]
