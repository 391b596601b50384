"""The page for print: twelve pages at most, also of an analysis that is many times as large as the bundled one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from il6infer.report import page as pages
from il6infer.report import render
from il6infer.report.claims import ClaimView
from il6infer.report.joint import Shared
from il6infer.report.paper import PAGES, PART, SHARES, printed
from il6infer.stages.predictions import Lane, MeasurementPlan

LONG = "classic and trans on one cell; SOCS3 inhibits phosphorylation by JAK; and more words than one line has"


def large(one: dict) -> dict:
    """Context of a data set, each of its lists made long."""
    [model] = one["models"]
    parameters = [
        {**model["parameters"][0], "name": f"k_{i}", "what": f"{LONG} {i}", "contraction": i / 150} for i in range(150)
    ]
    model = {**model, "fits": [(f"read_out_{i}", model["fits"][0][1]) for i in range(25)], "parameters": parameters}
    rows = [replace(one["comparison"].models[0], model=f"m{i}") for i in range(60)]
    words = {**one["words"], **{row.model: f"{LONG} {row.model}" for row in rows}}
    claims = tuple(ClaimView(f"c{i}", f"Claim {i}: {LONG}.", "a guide", 0.5, 0.95, 1.0, (), ()) for i in range(300))
    view, picture = one["predictions"][0]
    view = replace(view, kind="window", numbers=view.numbers * 30)
    lane = Lane("pSTAT3", LONG, 15.0, 1.0, 0.1)
    shared = [Shared(f"k_{i}", (1.0, 0.5, 2.0), {"a": (1.0, 0.5, 2.0), "b": (1.0, 0.5, 2.0)}, 1.0, ("a", "b"))
              for i in range(80)]  # fmt: skip
    return {
        **one, "models": [model], "words": words, "claims": [("holds", "Hold", claims)],
        "comparison": replace(one["comparison"], models=tuple(rows), notes=(f"{LONG}.",) * 90),
        "summary": [f"{LONG}."] * 40, "predictions": [(view, picture)] * 30,
        "plan": MeasurementPlan((lane,) * 96, 400, 1.0, 0.5, {f"k_{i}": 0.9 for i in range(150)}, ""),
        "planned_for": "both_socs3", "given": {f"given_{i}": 1.0 for i in range(90)},
        "joint": [{"name": "both_socs3", "members": ["a", "b"], "shared": shared, "failed": [], "lacking": [],
                   "says": [f"{LONG}."], "doubts": {"a": (), "b": ()}}] * 9,
    }  # fmt: skip


def test_a_large_analysis_prints_on_twelve_pages_and_names_the_rest(
    browser, analysis: tuple[Path, Path], monkeypatch, tmp_path: Path
) -> None:
    found = {}
    for sets in (1, 9):
        monkeypatch.setattr(
            pages, "printed", lambda one, n=sets: printed([{**large(one[0]), "name": f"set{i}"} for i in range(n)])
        )
        text = render(*analysis, paper=True)
        path = tmp_path / "paper.html"
        path.write_text(text, encoding="utf-8")
        page = browser.new_page()
        page.goto(path.as_uri())
        found[sets] = len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))
        told = SHARES["parameters"] // (1 if sets == 1 else PART)
        assert f"{150 - told} of 150 parameters: k_" in text
        assert "of 25 read-outs: read out " in text
        assert "of 300 claims" in text
        assert ("7 of 9 data sets: set2, set3, set4, set5, set6, set7, set8" in text) == (sets == 9)

    assert {sets: pages for sets, pages in found.items() if pages > PAGES} == {}
    assert min(found.values()) >= 5  # it is not cut to nothing either
