"""The notebook of the documentation runs as it stands."""

from __future__ import annotations

import json
import re

import matplotlib as mpl
import pytest


@pytest.fixture
def short_analysis(root, tmp_path, monkeypatch):
    """The project's folder with a configuration of few draws."""
    for name in ("config", "resources"):
        (tmp_path / name).mkdir()
    for path in (root / "resources").iterdir():
        (tmp_path / "resources" / path.name).symlink_to(path)
    (tmp_path / "config" / "datasets").symlink_to(root / "config" / "datasets")
    text = (root / "config" / "config.yaml").read_text("utf-8")
    short, found = re.subn(r"\b(tune|draws): \d+", r"\1: 40", text)
    short, left = re.subn(r"^  - both_(loss|dual|none)\S*\n", "", short, flags=re.MULTILINE)
    assert (found, left) == (2, 3)
    (tmp_path / "config" / "config.yaml").write_text(short, "utf-8")
    monkeypatch.chdir(tmp_path)
    mpl.use("agg")
    return tmp_path


@pytest.mark.slow
def test_notebook_of_the_docs_runs(root, short_analysis):
    cells = json.loads((root / "docs" / "notebook.ipynb").read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict = {}
    for source in sources:
        exec(compile(source, "notebook", "exec"), names)  # noqa: S102 (the project's own notebook)

    assert sum(len(source.split("\n")) for source in sources) <= 25
    assert names["predicted"]["pSTAT3"].dims == ("draw", "sgp130Fc", "time")
    assert names["predicted"].attrs["verdict"].startswith("NOT CONVERGED")
    blocked = names["predicted"]["pSTAT3"].max("time").median("draw")
    assert float(blocked.sel(sgp130Fc=100)) < 0.6 * float(blocked.sel(sgp130Fc=0))
