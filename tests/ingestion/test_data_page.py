"""docs/data.md: each example is read as it says, and its tables have every format, assay and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from il6infer.ingestion import ingest
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
