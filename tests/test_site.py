"""The site: it builds without a warning, so that every link leads somewhere, and each page of docs/ is in it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: make venv")
    command = [sys.executable, str(ROOT / "docs" / "build_site.py"), str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "il6infer predict" in (tmp_path / "site" / "commands.html").read_text(encoding="utf-8")


def test_every_page_of_the_docs_is_in_the_contents():
    spec = importlib.util.spec_from_file_location("build_site", ROOT / "docs" / "build_site.py")
    site = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(site)
    contents = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")

    assert [page for page in site.PAGES if f": {page}" not in contents] == []
