"""Which replicate, and which condition, a value is of: errors hang together along a course by the first."""

from __future__ import annotations

import pandas as pd
import pytest

from il6infer.ingestion.replicates import numbered
from tests.ingestion.make import faults, read

YAML = """title: t
protocol: protocol.csv
files:
  - {path: table.csv, assay: table, batch: b, time: time, observables: {pSTAT3: {column: value, unit: a.u.}}}
"""
PROTOCOL = "condition,time_min,action,species,dose,unit\nil6_10,0,add,IL6,10,ng/ml\n"
HEAD = "condition,time,replicate,value\n"
ROWS = [(0, "mouse 1", 1.0), (0, "mouse 2", 2.0), (15, "mouse 2", 2.1), (15, "mouse 1", 1.1), (60, "mouse 2", 2.2)]


def values_of(tables) -> list[list[float]]:
    return tables.measurements[["replicate", "time_min", "value"]].to_numpy().tolist()


def test_a_replicate_has_one_number_at_all_times_whatever_the_order_and_where_it_lacks_one(tmp_path):
    """Numbered by their order, mouse 2 was replicate 2, 1 and 1: courses of two animals were crossed without a word."""
    table = HEAD + "".join(f"il6_10,{time},{label},{value}\n" for time, label, value in ROWS)
    assert values_of(read(tmp_path, yaml=YAML, table=table, protocol=PROTOCOL)) == [
        [1, 0, 1.0], [2, 0, 2.0], [2, 15, 2.1], [1, 15, 1.1], [2, 60, 2.2],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (["", "", "", "", ""], "the file does not say"),
        (["a", "b", "a", "b", ""], "one is not named"),
        (["a", "a", "a", "b", "a"], "one stands twice at a time"),
        (["a", "b", "c", "d", "e"], "none is there at two times"),
    ],
)
def test_replicates_of_which_no_file_says_which_they_are_are_numbered_in_their_order(labels, why):
    frame = pd.DataFrame({"observable": "y", "batch": "b", "condition": "c", "time_min": [row[0] for row in ROWS]})

    assert numbered(frame, labels).tolist() == [1, 2, 1, 2, 1], why


def test_each_condition_and_gel_is_numbered_by_itself():
    frame = pd.DataFrame(
        {
            "observable": "y", "batch": ["b"] * 4 + ["d"] * 4, "condition": ["c"] * 6 + ["e"] * 2,
            "time_min": [0, 0, 5, 5, 0, 5, 0, 0],
        }
    )  # fmt: skip

    assert numbered(frame, ["r", "q", "q", "r", "q", "q", "q", "q"]).tolist() == [1, 2, 2, 1, 1, 1, 1, 2]


def test_a_well_that_is_read_many_times_is_one_replicate(tmp_path):
    """A well of a kinetic plate that is out of range once lent its number to the next."""
    plate = "Time,A1,A2\n0,100,200\n10,OVRFLW,210\n20,120,220\n"
    entry = "time_unit: min, layout: {A1-A2: IL-6 10 ng/ml}, observables: {luciferase: {column: value, unit: a.u.}}}"
    yaml = YAML[: YAML.index("  - {")] + "  - {path: table.csv, assay: table, batch: b, " + entry + "\n"
    rows = values_of(read(tmp_path, yaml=yaml.replace("protocol: protocol.csv\n", ""), table=plate))

    assert [row for row in rows if row[2] >= 200] == [[2, 0, 200], [2, 10, 210], [2, 20, 220]]


def test_a_column_that_is_given_as_the_one_condition_of_all_rows_is_told_how_to_be_read(tmp_path):
    table = HEAD.replace("condition", "who") + "il6_10,0,1,1.0\n"
    wrong = YAML.replace("time: time,", "time: time, condition: who,")
    [said] = [line for line in faults(tmp_path, yaml=wrong, table=table, protocol=PROTOCOL) if "'who' is not" in line]

    assert said.endswith(
        "condition 'who' is not in the protocol. The file has a column of that name, and 'condition:' names one "
        "condition for all rows: write 'columns: {condition: who}' in its place."
    )
    right = YAML.replace("time: time,", "time: time, columns: {condition: who},")
    assert values_of(read(tmp_path, yaml=right, table=table, protocol=PROTOCOL)) == [[1, 0, 1.0]]
