"""Figures for a manuscript: files that say what they show, and what the fit is worth."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from il6infer.report import render
from il6infer.report.export import write_figures
from il6infer.stages import read
from il6infer.stages.comparison import Comparison


def test_each_figure_has_its_numbers_and_text_as_text(run: tuple[Path, Path], tmp_path: Path) -> None:  # noqa: F811
    config, results = run
    written = write_figures(config, results, tmp_path / "figures")
    names = sorted(path.name for path in written)

    assert {name.rsplit(".", 1)[0] for name in names} >= {"toy-data-y"}
    assert len(names) % 3 == 0
    assert all(path.stat().st_size > 50 for path in written)
    text = (tmp_path / "figures" / "toy-data-y.svg").read_text(encoding="utf-8")
    assert "IL-6 10 ng/ml" in text  # a word, and no path
    table = pd.read_csv(tmp_path / "figures" / "toy-data-y.csv")
    assert table["done"].unique().tolist() == ["IL-6 10 ng/ml"]
    assert table["simulated"].all()


def test_the_page_for_print_has_the_best_model_and_names_the_others(run: tuple[Path, Path]) -> None:  # noqa: F811
    page = render(*run, paper=True)

    assert page.count('<details class="model') == 2
    assert "<script" not in page
    assert "the page for the screen has the others: SOCS3 is made and does nothing" in page
    assert "and their labels do not say: classic and trans on one cell." in page
    assert "NOT CONVERGED" in page
    assert len(read(run[1] / "toy" / "comparison.json", Comparison).models) == 2
    assert len(page) < len(render(*run))
