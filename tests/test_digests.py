"""A stage's digest sees the code that the stage runs, and no other."""

from __future__ import annotations

import shutil

import pytest

from il6infer import _digests


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the package that may be edited, and the digests taken from it."""
    folder = tmp_path / "il6infer"
    shutil.copytree(_digests.ROOT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(_digests, "ROOT", folder)
    _digests.imports.cache_clear()
    yield folder
    _digests.imports.cache_clear()


STAGES = ("ingest", "problem", "fit", "diagnose", "compare", "report", "models")


def _stage_digests() -> dict[str, str]:
    _digests.imports.cache_clear()
    return {stage: _digests.source_digest(f"il6infer.cli.{stage}") for stage in STAGES}


def _changed(folder, name) -> set[str]:
    before, whole = _stage_digests(), _digests.source_digest()
    path = folder / name
    path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    after = _stage_digests()
    assert _digests.source_digest() != whole
    return {stage for stage in STAGES if before[stage] != after[stage]}


@pytest.mark.parametrize(
    ("edited", "stages"),
    [
        ("report/__init__.py", {"report"}),
        ("cli/report.py", {"report"}),
        ("ingestion/western_blot.py", {"ingest"}),
        ("comparison/__init__.py", {"compare"}),
        ("kernel/lanes.py", {"fit"}),
        ("library/priors.csv", {"problem", "models", "report", "fit", "diagnose"}),
        ("cli/main.py", set()),
        ("_errors.py", set(STAGES)),
    ],
)
def test_an_edit_changes_the_stages_that_run_it(copy, edited, stages):
    changed = _changed(copy, edited)

    if edited.startswith("library/"):
        assert {"problem", "models"} <= changed <= stages
    else:
        assert changed == stages


def test_a_template_in_a_folder_without_init_counts(copy):
    template = next(path for path in (copy / "report").rglob("*") if path.suffix in {".html", ".j2", ".css"})

    assert _changed(copy, template.relative_to(copy)) == {"report"}


def test_digest_is_the_same_twice_and_blind_to_caches(copy):
    first = _digests.source_digest()
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"")

    assert _digests.source_digest() == first
    assert len(first) == 64


def test_imports_inside_functions_are_followed():
    assert "il6infer.ingestion" in _digests.reached_modules("il6infer.cli.ingest")
