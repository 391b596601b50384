"""Constants that were freed, on the page."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import replace
from pathlib import Path

from il6infer._files import digest
from il6infer.cli import report as report_command
from il6infer.provenance.record import FOLDER, note
from il6infer.report import render
from il6infer.stages import write
from il6infer.stages.freed import FirstModel, Freed, FreedConstant, FreedModel, Moved
from tests.report.between import between


def freed_table() -> Freed:
    """Two models with one constant freed: the first moves a parameter and the order, the second did not sample."""
    moved = (Moved("k_dephos", 0.1, 0.25, 1.8),)
    rows = (FreedConstant("km_export", 2.0, 5.0, 3.0, 8.0, True, True, 6.5, 1.25, moved),)
    stuck = (FreedConstant("km_export", 2.0, 9.0, 1.0, 80.0, False, True, None, None, ()),)
    models = (FreedModel("both_socs3", True, True, rows), FreedModel("both_none", False, True, stuck))
    first = (FirstModel("", "both_socs3", "", None, None), FirstModel("km_export", "both_none", "both_socs3", 5.5, 1.0))
    return Freed("toy", models, first, ("both_socs3, km_export freed: elpd rises by 6.5 +- 1.2.",))


def test_constants_that_were_freed_stand_under_what_would_change_the_conclusion(
    run: tuple[Path, Path], page: str
) -> None:
    assert "Constants freed" not in page
    write(run[1] / "toy" / "freed.json", freed_table())
    for paper in (False, True):
        with_it = render(*run, paper=paper)
        assert with_it.index("What would change the conclusion") < with_it.index("Constants freed")
        part = between(with_it, "Constants freed", "</table>")
        rows = re.findall(r"<tr.*?</tr>", part, re.DOTALL)[1:]
        texts = [re.sub(r"<[^>]*>", "|", row) for row in rows]
        assert "6.5 \N{PLUS-MINUS SIGN} 1.2" in part
        assert all(
            word in texts[0] for word in ("km_export", "|2|", "5 (3\N{EN DASH}8)", "|6.5|", "0.1 to 0.25 (+1.8 sd)")
        )
        assert "NOT CONVERGED" in texts[1]
        assert "9 (" not in texts[1]  # a number of a fit that did not sample is none
        assert "Older than the fits" not in part
        assert "Of other models" not in part


def test_constants_freed_beside_fits_or_models_that_have_changed_say_so(run: tuple[Path, Path]) -> None:
    path = run[1] / "toy" / "freed.json"
    write(path, replace(freed_table(), models=freed_table().models[:1]))
    os.utime(path, (1, 1))
    part = between(render(*run), "Constants freed", "</table>")
    assert "Older than the fits on this page" in part
    assert "both_none stand in one of the two alone" in part


def test_whether_freed_constants_are_of_the_fits_is_told_by_digests_and_not_by_times(run: tuple[Path, Path]) -> None:
    path = run[1] / "toy" / "freed.json"
    write(path, freed_table())
    os.utime(path, (1, 1))  # as after a copy
    fits = [path.parent / model / "posterior.nc" for model in ("both_socs3", "both_none")]
    args = argparse.Namespace(command="freed", output=path, run=report_command.run, fits=fits)
    note(args, ["freed"], [path])
    assert "Older than the fits" not in render(*run)
    record = path.parent / FOLDER / "freed.json.json"
    record.write_text(record.read_text().replace(digest(fits[1]), "0" * 64))
    assert "Older than the fits on this page" in render(*run)
