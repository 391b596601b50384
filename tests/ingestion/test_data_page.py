"""docs/data.md: each example is read as it says, and its tables have every format, assay and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from il6infer._errors import UserError
from il6infer.ingestion import ingest, write
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.formats import FORMATS
from il6infer.ingestion.taking import KEYS
from tests.ingestion.workbooks import zipped

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"File `(\S+)`:\n```text\n(.*?)```\n```yaml\n(.*?)```\nValues: (\d+)\.", PAGE, flags=re.DOTALL)
"""Name and text of a file, description, and how many values it gives."""


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Each example, read."""
    found = []
    for name, text, description, count in EXAMPLES:
        folder = tmp_path_factory.mktemp("example")
        content = zipped({"rdml_data.xml": text}) if name.endswith(".rdml") else text.encode()
        (folder / name).write_bytes(content)
        (folder / "d.yaml").write_text(f"title: an example\n{description}", encoding="utf-8")
        found.append((ingest(folder / "d.yaml", "d", folder), int(count)))
    return found


def test_every_example_gives_the_values_that_it_says(read):
    assert [len(tables.measurements) for tables, _ in read] == [count for _, count in read]
    assert len(read) == PAGE.count("```yaml") == PAGE.count("\nValues: ")


def test_every_format_and_assay_has_an_example(read):
    files = [file for tables, _ in read for file in tables.report.files]
    assert {file.format for file in files} == set(FORMATS)
    assert {file.assay for file in files} == set(ASSAYS)


def test_every_example_is_short():
    assert max(text.count("\n") for _, text, _, _ in EXAMPLES) <= 11


def test_the_tables_have_every_format_and_key():
    assert re.findall(r"^\| `(\w+)` \| .* \| .* \|$", PAGE, flags=re.MULTILINE) == sorted(
        FORMATS, key=lambda name: PAGE.index(f"| `{name}` |")
    )
    keys = set(re.findall(r"`(\w+):", PAGE.split("## What a description")[1].split("\n\nColumns are")[0]))
    assert set(KEYS) <= keys


def test_numbers_of_some_examples(read):
    by_file = {tables.report.files[0].path: tables for tables, _ in read}
    blot = by_file["gel.csv"].measurements["value"].tolist()
    assert blot == pytest.approx([378.86 / 8524.3, 7837.36 / 7751.2])
    assert by_file["plate1.csv"].report.files[0].values == {"luciferase": 4}
    first = by_file["plate1.csv"].measurements["value"][0]
    assert first == pytest.approx((12000 - 177.5) / (50000 - 204))
    cq = by_file["results.txt"].measurements["value"].tolist()
    assert cq == pytest.approx([2 ** (21.0 - 30.1), 2 ** (21.1 - 25.1)])
    doses = by_file["table.csv"].protocol.query("species == 'ruxolitinib'")
    assert doses[["time_min", "dose", "unit"]].to_numpy().tolist() == [[-60.0, 500.0, "nM"]]


PIECES = ["", "\n", "\t", ",", ";", '"', "1", "x", "1,5", "A", "Lane", "\u00b5", "-", "0", "nan", "n.d.", "<3", "OVER"]
SPOILT = st.lists(
    st.tuples(st.integers(0, 2000), st.sampled_from(PIECES), st.integers(0, 6), st.booleans()), min_size=1, max_size=4
)


def _spoil(text: str, changes: list[tuple[int, str, int, bool]]) -> str:
    for place, piece, length, lines in changes:
        if lines:
            rows = text.split("\n")
            rows.insert(place % len(rows), rows.pop(length % len(rows)))
            text = "\n".join(rows)
        else:
            at = place % (len(text) + 1)
            text = text[:at] + piece + text[at + length :]
    return text


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(EXAMPLES), SPOILT, st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(PIECES)), max_size=1)
)
def test_a_spoilt_example_is_read_and_written_or_refused(tmp_path, example, changes, described):
    name, text, description, _ = example
    text = _spoil(text, changes)
    for place, piece in described:
        at = place % len(description)
        description = description[:at] + piece + description[at + 1 :]
    (tmp_path / name).write_bytes(zipped({"rdml_data.xml": text}) if name.endswith(".rdml") else text.encode())
    (tmp_path / "d.yaml").write_text(f"title: an example\n{description}", encoding="utf-8")
    try:
        tables = ingest(tmp_path / "d.yaml", "d", tmp_path)
    except UserError:
        return
    write(tables, tmp_path / "out")
    assert tables.report.values == len(tables.measurements) > 0
