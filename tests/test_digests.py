"""Which rules of the workflow run again after an edit of a file, or after an upgrade of a package: the table."""

from __future__ import annotations

import platform
import shutil

import pytest

from il6infer import _digests
from il6infer._parsed import Parsed
from il6infer.cli.rules import ENTRIES

ALL = set(ENTRIES)
ASKED = {"ask", "check_prior", "predict"}
IDENTIFIES = {"identify", "profile_part", "profile_gather"}
SIMULATES = {"fit", "sbc_batch", "hold_out", "evidence", "leave_out", *IDENTIFIES, *ASKED}
BUILDS = {"problem", "held_out_problem"}
READS_SBML = {*BUILDS, "draw", "adopt", "draw_adopted", *SIMULATES}

# One file of each package -> the rules whose own code it is part of. What follows those rules runs again with them.
EDITS = {
    "_errors.py": set(),  # messages: a stage that refuses writes nothing
    "_environment.py": set(),  # so does this
    "_blas.py": {"fit", "sbc_batch", "leave_out"},  # changes the last digits of sums; others have it of cli/main.py
    "_along_courses.py": BUILDS,
    "_cache_folder.py": {*SIMULATES, "report"},  # where the next one keeps what it knows
    "_parsed.py": {*SIMULATES, "report"},  # reads files for `_digests.py`
    "_files.py": ALL,
    "_digests.py": {*SIMULATES, "report"},  # a fit notes the digest of its code, and the page reads such notes
    "_outputs.py": {"ingest", "join", "adopt", "fit", "sbc_batch", "leave_out"},
    "_numbers.py": ALL,
    "_once.py": {"ingest", "join", "adopt", *BUILDS, "draw", "draw_adopted", "report", *SIMULATES},
    "_interruption.py": {"fit", "sbc_batch", "leave_out"},
    "_run_lock.py": set(),
    "_schema.py": {"ingest", "join", "report", *ASKED},
    "_tables.py": {"ingest", "join", *BUILDS, "adopt", "draw_adopted", "report", *SIMULATES},
    "_units.py": {"ingest", "join", *BUILDS, "report", *ASKED},  # doses, and conditions in words
    "molecular_weights.csv": {"ingest", "join", *BUILDS, "report", *ASKED},
    "_yaml.py": ALL - {"sbc_gather", "sbc_table", "draw", "freed", "weigh", "weigh_predictions"},
    "__init__.py": set(),  # the Python door: no command goes through it
    "py.typed": set(),
    "building/build.py": BUILDS,
    "cli/main.py": ALL,
    "cli/fit.py": {"fit"},
    "cli/claims.py": {"check_prior", "ask", "weigh"},
    "cli/predict.py": {"predict", "weigh_predictions"},
    "cli/cite.py": set(),
    "cli/status.py": set(),
    "cli/adopt.py": {"adopt", "draw_adopted"},
    "cli/petab.py": set(),
    "calibration/uniform.py": {"sbc_batch", "sbc_gather", "sbc_table"},
    "comparison/weights.py": {"compare", "freed"},
    "configuration/config.schema.yaml": {"report"},
    "diagnosis/verdict.py": {"diagnose", "identify", "sbc_batch"},
    "drawing/captions.py": {"draw", "draw_adopted"},
    "draws/convergence.py": SIMULATES | {"diagnose", "compare", "freed"},
    "engine/diffsol.py": SIMULATES,
    "exchange/adopt.py": {"adopt"},
    "experiments/simulated.py": set(),
    "held_out/smoother.py": {"hold_out", "leave_out"},
    "identifiability/profile.py": IDENTIFIES,
    "inference/nuts.py": SIMULATES,
    "ingestion/western_blot.py": {"ingest", "join", *ASKED},
    "interface/fits.py": set(),
    "kernel/lanes.py": SIMULATES,
    "library/priors.csv": {"join", *BUILDS, "draw", "draw_adopted", "report", *ASKED},
    "network/sbml.py": READS_SBML,
    "petab_files/read.py": {*BUILDS, "adopt", "draw_adopted", *SIMULATES},
    "prediction/claims.schema.yaml": {"check_prior", "ask", "weigh", "predict", "weigh_predictions"},
    # diagnosis, and what to measure next: what a noise distribution is.
    "problems/spec.py": {*BUILDS, "adopt", "draw_adopted", "diagnose", "weigh_predictions", *SIMULATES},
    "provenance/record.py": {"report"},  # whether a table is of the fits that the page shows
    "published/fetch.py": set(),
    "archive/compare.py": set(),
    "pymc/model.py": {"fit"},
    "report/templates/page.html.j2": {"report"},
    "runs/plan.py": SIMULATES,
    "stages/verdict.py": {"diagnose", "identify", "sbc_batch", "compare", "freed", "predict", "report"},
    "stages/settings.py": {"fit", "sbc_batch", "evidence", "leave_out", "diagnose", *IDENTIFIES, "compare", "report"}
    | {"ask", "predict", "hold_out"},  # they warn where the chains of a posterior disagree
    "stages/prior_check.py": {"check_prior", "report"},
    "stages/hold_out.py": {"hold_out", "report"},
    "stages/schema.py": {"report"},
    "stages/leave_out.py": {"leave_out", "compare", "freed", "report"},
    "evidence/bridge.py": {"evidence"},
    "leave_out/groups.py": {"leave_out"},
}

# Distribution -> rules whose code imports it, directly or below what they import.
UPGRADES = {
    "nutpie": {"fit", "sbc_batch", "leave_out"},
    "arviz": {"fit", "sbc_batch", "leave_out"},
    "numba": SIMULATES,
    "jinja2": {"report"},
    "python-libsbml": READS_SBML,
    "antimony": {*BUILDS, "draw", "draw_adopted"},
    "pandera": {"join", "report", *BUILDS, "draw", "draw_adopted", *ASKED},
    "snakemake": set(),
    "pytest": set(),
}


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    """Digest of each rule as it is."""
    return {rule: _digests.stage_digest(entry) for rule, entry in ENTRIES.items()}


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the package that may be edited, and the digests taken from it."""
    folder = tmp_path / "il6infer"
    shutil.copytree(_digests.ROOT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(_digests.ROOT.parent / _digests.LOCK, tmp_path)
    monkeypatch.setattr(_digests, "ROOT", folder)
    forget()
    yield folder
    monkeypatch.undo()
    forget()


def forget() -> None:
    """Read files and versions anew."""
    for function in vars(_digests).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def changed(before: dict[str, str]) -> set[str]:
    return {rule for rule, entry in ENTRIES.items() if _digests.stage_digest(entry) != before[rule]}


def test_a_copy_has_the_same_digests(copy, before):
    (copy / "report" / "__pycache__").mkdir()
    (copy / "report" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"")

    assert changed(before) == set()
    assert {len(digest) for digest in before.values()} == {64}


def test_an_edit_counts_for_the_rules_that_run_it(copy, before):
    found = {}
    for name in EDITS:
        path, text = copy / name, (copy / name).read_bytes()
        path.write_bytes(text + b"\n# edited\n")
        found[name] = changed(before)
        path.write_bytes(text)

    assert {name: sorted(rules) for name, rules in found.items()} == {n: sorted(r) for n, r in EDITS.items()}


def test_what_an_edit_imports_counts_from_then_on(copy, before):
    path = copy / "diagnosis" / "predictive.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nfrom il6infer.runs.plan import make_plan  # noqa\n")
    forget()

    assert "il6infer.runs.plan" in _digests.reached_modules(ENTRIES["diagnose"])
    assert "numba" in _digests.third_party(ENTRIES["fit"])
    assert "numba" not in _digests.third_party(ENTRIES["diagnose"])


def test_the_table_has_every_package():
    packages = {path.parent.name for path in _digests.ROOT.glob("*/__init__.py")}

    assert {name.split("/")[0] for name in EDITS if "/" in name} == packages
    assert {path.name for path in _digests.ROOT.iterdir() if path.is_file()} <= {*EDITS, "__main__.py"}


@pytest.mark.parametrize("where", ["installed", "locked"])
def test_an_upgrade_counts_for_the_rules_that_import_it(copy, before, monkeypatch, where):
    lock, version = copy.parent / _digests.LOCK, _digests.metadata.version
    text, found = lock.read_text(encoding="utf-8"), {}
    for name in UPGRADES:
        if where == "locked":
            assert f"\n{name}==" in text
            lock.write_text(text.replace(f"\n{name}==", f"\n{name}==99."), encoding="utf-8")
        else:
            new = {name: "99"}
            monkeypatch.setattr(_digests.metadata, "version", lambda asked, new=new: new.get(asked) or version(asked))
        _digests._version.cache_clear()
        _digests._locked.cache_clear()
        found[name] = changed(before)

    assert {name: sorted(rules) for name, rules in found.items()} == {n: sorted(r) for n, r in UPGRADES.items()}


def test_another_python_counts_for_every_rule(copy, before, monkeypatch):
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")

    assert changed(before) == ALL


@pytest.fixture
def parses(monkeypatch, tmp_path):
    """How often a file is parsed, with a cache of its own."""
    monkeypatch.setenv("IL6INFER_CACHE", str(tmp_path / "cache"))
    counted, put = [], Parsed.put
    monkeypatch.setattr(Parsed, "put", lambda self, *given: counted.append(given) or put(self, *given))
    forget()
    yield counted
    monkeypatch.undo()
    forget()


def again(parses: list) -> tuple[tuple[str, ...], int]:
    """Modules as another command finds them, and how many files it parses for that."""
    forget()
    parses.clear()
    return _digests.reached_modules("il6infer.cli.diagnose:run"), len(parses)


def test_files_are_parsed_once_and_anew_where_they_or_the_modules_changed(parses, copy, tmp_path):
    first, all_files = again(parses)
    assert all_files > 20
    assert again(parses) == (first, 0)

    path = copy / "diagnosis" / "verdict.py"
    path.write_text(
        path.read_text(encoding="utf-8") + "\nfrom il6infer.diagnosis import there  # noqa\n", encoding="utf-8"
    )
    assert again(parses) == (first, 1)
    assert again(parses) == (first, 0)

    (copy / "diagnosis" / "there.py").write_text("")  # what was a name of a package is a module now: all is parsed anew
    found, files = again(parses)
    assert {*found} - {*first} == {"il6infer.diagnosis.there"}
    assert files == all_files + 1

    for kept in (tmp_path / "cache").iterdir():
        kept.write_text(kept.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    assert again(parses) == (found, files)


def test_what_cannot_be_kept_is_parsed_each_time(parses, tmp_path):
    (tmp_path / "cache").write_text("no folder")

    first, second = again(parses), again(parses)
    assert first == second
    assert second[1] > 20


def test_what_a_type_checker_alone_imports_does_not_count(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\nimport numpy\n"
        "def one():\n    import sympy\n    two()\n"
        "def two():\n    from json import loads\n"
        "def three():\n    import scipy\n"
    )

    assert _digests.imports(path, "one") == (
        ("json", "loads"), ("numpy", "*"), ("sympy", "*"), ("typing", "TYPE_CHECKING"),
    )  # fmt: skip
    assert {name for name, _ in _digests.imports(path)} == {"json", "numpy", "scipy", "sympy", "typing"}
    assert {name for name, _ in _digests.imports(path, "")} == {"numpy", "typing"}
