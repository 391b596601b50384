"""A run directory of its own for Snakemake, and the command that runs there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def make_run_directory(folder: Path, root: Path) -> Path:
    """Link what a run reads into a folder; results and .snakemake then stay there."""
    for name in ("config", "resources", "tests"):
        (folder / name).symlink_to(root / name)
    return folder


def runner(folder: Path, root: Path) -> Run:
    """Return a function that runs snakemake in the folder, with output and errors in one text."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile"), "--cores", "2"]
        command += ["--directory", str(folder), "--workflow-profile", str(root / "profiles" / "default"), *words]
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False
        )

    return run


@pytest.fixture
def snakemake(root, tmp_path) -> Run:
    """Run snakemake in a fresh run directory."""
    return runner(make_run_directory(tmp_path, root), root)
