"""The table of CONTRIBUTING.md is true: what a row names stands in the files of the row and in no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from il6infer._digests import ROOT

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text("utf-8")
ROWS = re.findall(r"^\| (an? [^|]*) \| (.*) \| `([^`]*)` \|$", TEXT, flags=re.MULTILINE)

# What uses quantities, species, read-outs and assays by name, as claims, names of published files and advice do.
USES = {
    "inference/gentler.py",
    "ingestion/headers.py",
    "prediction/expected.csv",
    "published/registry.csv",
    "published/sets.csv",
}


def test_every_kind_has_its_row():
    kinds = " ".join(kind for kind, _, _ in ROWS)

    assert len(ROWS) == 14
    for word in ("assay", "format", "function", "module", "sampler", "quantity", "section of the report"):
        assert word in kinds


@pytest.mark.parametrize(("kind", "files", "example"), ROWS, ids=[kind for kind, _, _ in ROWS])
def test_what_is_there_already_stands_in_the_files_of_its_row(kind, files, example):
    listed = set(re.findall(r"`([^`]+\.\w+)`", files))
    pattern = re.compile(rf"(?<!\w){re.escape(example)}(?!\w)")
    found = set()
    for path in ROOT.rglob("*"):
        if path.suffix not in {".py", ".ant", ".csv", ".j2"} or "__pycache__" in path.parts:
            continue
        if pattern.search(path.read_text("utf-8")) or path.stem == example.strip('"'):
            found.add(path.relative_to(ROOT).as_posix())

    assert [name for name in listed if not (ROOT / name).is_file()] == []
    assert found
    assert found - USES <= listed
