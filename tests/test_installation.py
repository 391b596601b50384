"""The wheel, installed with the oldest and the newest releases that its bounds allow, fits a problem.

Needs a package index and minutes of time for each interpreter that is found; without either it is skipped, and says so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.zoo import decay_v1

PYTHONS = ("3.11", "3.12", "3.13")
TIMES = {"install": 3600, "fit": 3600}
"""Seconds, on a machine however busy; a fit on an empty cache compiles the integrator first."""


def _interpreter(version: str) -> str | None:
    """Find a Python by name or among those of pyenv; a shim without its Python does not run."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [str(path) for path in sorted(root.glob(f"{version}.*/bin/python"))]
    found += [path for path in (shutil.which(f"python{version}"),) if path]
    found += [sys.executable] if sys.version_info[:2] == tuple(map(int, version.split("."))) else []
    ask = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"
    for path in found:
        done = subprocess.run([path, "-c", ask], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return path
    return None


def _oldest(root: Path) -> list[str]:
    """Each dependency at its lower bound."""
    lines = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    return [re.sub(r">=([\w.]+).*", r"==\1", line) for line in lines]


def test_every_dependency_has_both_bounds(root: Path) -> None:
    lines = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    assert len(lines) > 20
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+>=[\w.]+,<[\w.]+", line)] == []


def test_the_lock_keeps_to_the_bounds(root: Path) -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (root / "requirements.lock").read_text(), flags=re.M))
    versions = {canonicalize_name(name): version for name, version in locked.items()}
    wanted = map(Requirement, tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"])
    assert [str(w) for w in wanted if versions[canonicalize_name(w.name)] not in w.specifier] == []


@pytest.mark.slow
@pytest.mark.parametrize("releases", ["oldest", "newest"])
@pytest.mark.parametrize("version", PYTHONS)
def test_the_wheel_fits_with_the_releases_that_it_allows(
    version: str, releases: str, root: Path, tmp_path: Path
) -> None:
    python = _interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine: neither on the path nor among pyenv's")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(root)]
    subprocess.run(build, capture_output=True, check=True)
    subprocess.run([python, "-m", "venv", str(tmp_path / "venv")], check=True)
    pip = [str(tmp_path / "venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    reached = subprocess.run(
        [*pip, "download", "--no-deps", "-d", str(tmp_path), "toolz"], capture_output=True, check=False
    )
    if reached.returncode != 0:
        pytest.skip("no package index can be reached")
    wheel = str(next(tmp_path.glob("il6infer-*.whl")))
    (tmp_path / "oldest.txt").write_text("\n".join(_oldest(root)) + "\n")
    held = ["-c", str(tmp_path / "oldest.txt")] if releases == "oldest" else []
    done = subprocess.run(
        [*pip, "install", "-q", wheel, *held], capture_output=True, text=True, check=False, timeout=TIMES["install"]
    )
    assert done.returncode == 0, done.stderr[-2000:]
    problem = decay_v1.write(tmp_path / "decay")
    command = [str(tmp_path / "venv" / "bin" / "il6infer"), "petab", "fit", str(problem)]
    settings = ["--chains", "2", "--tune", "100", "--draws", "100", "--starts", "2", "--threads", "1"]
    done = subprocess.run(
        [*command, *settings, "--output", str(tmp_path / "out")], capture_output=True, text=True, check=False,
        timeout=TIMES["fit"], cwd=tmp_path, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Warning" not in done.stderr
    verdict = json.loads((tmp_path / "out" / "verdict.json").read_text())
    assert set(verdict["parameters"]) == set(decay_v1.NOMINAL)


def test_the_integrator_is_compiled_from_the_package_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another il6infer in the folder that a command is started in has no say in what is compiled."""
    from il6infer.kernel import link

    (tmp_path / "il6infer" / "kernel").mkdir(parents=True)
    for name in ("__init__.py", "kernel/__init__.py"):
        (tmp_path / "il6infer" / name).write_text("")
    (tmp_path / "il6infer" / "kernel" / "integrator.py").write_text("print('another')\n")
    monkeypatch.chdir(tmp_path)
    asked = subprocess.run
    # Without an entry the real module ends at once, naming itself; the other one would print its word.
    monkeypatch.setattr(
        subprocess, "run", lambda command, **options: asked(command[:-1], **{**options, "check": False})
    )
    with pytest.raises(RuntimeError) as error:
        link._compile_integrator("simulate")
    assert "not enough values to unpack" in str(error.value)
