"""The wheel, the lock file and the metadata."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import il6infer
from il6infer import _digests

PACKAGE = Path(__file__).parents[1] / "il6infer"


@pytest.fixture(scope="module")
def project(root) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_wheel_holds_every_file_of_the_package_and_no_other(wheel):
    ours = {f"il6infer/{path.relative_to(PACKAGE).as_posix()}" for path in PACKAGE.rglob("*") if path.is_file()}
    ours = {name for name in ours if "__pycache__" not in name}
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert held == ours


@pytest.mark.parametrize(
    "pattern", [r"library/modules/.*\.ant", r"library/priors\.csv", r"config\.schema\.yaml", r"templates/"]
)
def test_wheel_holds_models_schemas_and_templates(wheel, pattern):
    assert any(re.search(pattern, name) for name in wheel.namelist())


def test_wheel_brings_the_command_and_the_licence(wheel):
    names = {name.split(".dist-info/")[1]: name for name in wheel.namelist() if ".dist-info/" in name}

    assert "il6infer = il6infer.cli.main:main" in wheel.read(names["entry_points.txt"]).decode()
    assert "License-Expression: BSD-3-Clause" in wheel.read(names["METADATA"]).decode()
    assert wheel.read(names["licenses/LICENSE"]).startswith(b"BSD 3-Clause License")


def test_dependencies_are_exactly_what_the_package_imports(project):
    declared = {_plain(re.match(r"[\w.-]+", line)[0]) for line in project["project"]["dependencies"]}
    distributions = metadata.packages_distributions()
    imported: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            imported.update(name.split(".")[0] for name in names)
    imported -= set(sys.stdlib_module_names) | {"il6infer"}
    used = {_plain(distributions[name][0]) for name in imported}
    # xarray writes netCDF through h5netcdf, which no module of ours names.
    assert used | {"h5netcdf"} == declared


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_version_is_the_same_everywhere(root, project):
    version = project["project"]["version"]

    assert metadata.version("il6infer") == version
    assert f"\nversion: {version}\n" in (root / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {version}" in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_lock_pins_and_hashes_every_package_and_names_no_address(root):
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    requirements = re.findall(r"^[a-z0-9].*(?:\n    --hash=.*)*", text, flags=re.M)

    assert len(requirements) > 100
    assert [line for line in requirements if not re.match(r"[\w.\[\]-]+==\S+ .*\\\n    --hash=sha256:", line)] == []
    assert re.search(r"https?:|file:|--index|--find-links|/tmp|/home", text) is None


def test_lock_holds_every_requirement(root, project):
    locked = set(re.findall(r"^([a-z0-9.-]+)==", (root / "requirements.lock").read_text(encoding="utf-8"), flags=re.M))
    wanted = (root / "requirements.in").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in wanted if line and not line.startswith("#")]
    wanted += project["project"]["dependencies"] + project["build-system"]["requires"]
    wanted += [line for lines in project["project"]["optional-dependencies"].values() for line in lines]

    assert {_plain(re.match(r"[\w.-]+", line)[0]) for line in wanted} - locked == set()


def test_what_is_asked_for_is_locked_once_and_used(root, project):
    """pyproject.toml declares it, and a test above holds that to the imports; two are for tests only."""
    asked = [line for line in (root / "requirements.in").read_text("utf-8").splitlines() if line[:1] not in ("", "#")]
    names = [_plain(re.match(r"[\w.-]+", line)[0]) for line in asked]
    declared = project["project"]["dependencies"] + project["build-system"]["requires"]
    declared += [line for lines in project["project"]["optional-dependencies"].values() for line in lines]
    others = {"build", "petab-select"}  # one makes the wheel above, a test reads with the other

    assert len(set(names)) == len(names)
    assert set(names) - {_plain(re.match(r"[\w.-]+", line)[0]) for line in declared} == others


def test_every_locked_package_says_who_asked_for_it_and_that_one_is_locked(root):
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.findall(r"^([a-z0-9][\w.-]*)(?:\[.*?\])?==(?:.*\n)((?: .*\n)*)", text, flags=re.M)
    reasons = {name: set(re.findall(r"^    #(?: via|  ) +(\S.*)$", rest, flags=re.M)) for name, rest in blocks}
    asked = {_plain(name) for name, why in reasons.items() if "-r requirements.in" in why}
    lines = [line for line in (root / "requirements.in").read_text("utf-8").splitlines() if line[:1] not in ("", "#")]

    assert len(reasons) > 100
    assert [name for name, why in reasons.items() if not why] == []
    assert {one for why in reasons.values() for one in why} - {"-r requirements.in"} - reasons.keys() == set()
    assert asked == {_plain(re.match(r"[\w.-]+", line)[0]) for line in lines}


def test_the_package_that_is_tested_is_that_of_this_repository():
    assert Path(il6infer.__file__).resolve().parent == PACKAGE.resolve()
    assert Path(_digests.ROOT).resolve() == PACKAGE.resolve()


def test_package_says_what_it_is(project):
    known = metadata.metadata("il6infer")

    assert known["Summary"] == project["project"]["description"]
    assert il6infer.__version__ == known["Version"] == project["project"]["version"]
    assert il6infer.__doc__.strip()
