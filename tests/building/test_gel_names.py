"""Parameters of a gel: a joint fit's say read-out, data set and gel once each, a single fit's stay as they were."""

from __future__ import annotations

import pandas as pd
import pytest

from il6infer.stages.gel_names import endings, gel_names


def named(*rows: tuple[str, str, str]) -> list[str]:
    return gel_names(
        pd.DataFrame(rows, columns=["dataset", "observable", "batch"], index=range(5, 5 + len(rows)))
    ).tolist()


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (("cells", "pSTAT3_cells", "cells_gel1"), "pSTAT3_cells_gel1"),
        (("hepg2_matched", "pSTAT3_hepg2_matched", "hepg2_matched_exp1"), "pSTAT3_hepg2_matched_exp1"),
        (("rpe1", "pSTAT3_rpe1", "rpe1_rpe1_day2"), "pSTAT3_rpe1_day2"),  # as people call gels
        (("rpe1", "pSTAT3_rpe1", "rpe1_rpe1_"), "pSTAT3_rpe1_rpe1_"),
        (("cells", "pSTAT3", "gel1"), "pSTAT3_gel1"),  # fitted alone
        (("nucleus", "pSTAT3_nucleus", "gel1"), "pSTAT3_nucleus_gel1"),
    ],
)
def test_a_gel_is_named_once(row, name):
    assert named(row) == [name]
    assert name.removeprefix(f"{row[1]}_") in endings(*row[1:])


def test_names_are_one_a_gel_whatever_people_call_them():
    both = [("a", "pSTAT3_a", "a_x"), ("a", "pSTAT3_a", "a_a_x")]
    assert named(*both) == ["pSTAT3_a_a_x", "pSTAT3_a_a_a_x"]
    others = [("x", "pSTAT3_nucleus_x", "x_g"), ("nucleus_x", "pSTAT3_nucleus_x", "nucleus_x_g")]
    assert len(set(named(*others))) == 2
    assert named(("nucleus", "pSTAT3_nucleus", "nucleus_1"), ("nucleus", "pSTAT3", "2")) == [
        "pSTAT3_nucleus_nucleus_1",
        "pSTAT3_2",
    ]
