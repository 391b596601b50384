"""Single stages as processes, here and under another hash seed, locale, time zone, umask and folder: the same bytes.

The whole workflow: tests/archive/test_reproduce.py (slow); threads: tests/inference/test_fit.py and
tests/engine/test_blocks.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
THERE = {"PYTHONHASHSEED": "4711", "LC_ALL": "C", "TZ": "Asia/Kathmandu", "LANG": "de_DE.UTF-8"}

MODEL = "both_socs3+hexamer"
STAGES = {
    "ingest": "ingest about.yaml --name example --folder raw --output out/example",
    "problem": f"problem out/example/measurements.csv out/example/protocol.csv --model {MODEL} --output out/problem",
    "diagram": f"models diagram {MODEL} --output out/diagram.svg",
    "model": f"models show {MODEL}",
    "lint": "petab lint out/problem/problem.yaml",
}  # fmt: skip


def stages(folder: Path, root: Path, environment: dict[str, str], umask: int) -> dict[str, bytes]:
    """Run the stages in a folder; returns what they wrote and printed."""
    shutil.copytree(root / "resources" / "example", folder / "raw")
    shutil.copy(root / "config" / "datasets" / "example.yaml", folder / "about.yaml")
    printed = {}
    for stage, words in STAGES.items():
        command = [sys.executable, "-m", "il6infer", *words.split()]
        done = subprocess.run(
            command, cwd=folder, env=os.environ | environment, umask=umask, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        printed[stage] = done.stdout
    written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in (folder / "out").rglob("*")
               if path.is_file() and ".provenance" not in path.parts}  # fmt: skip
    return printed | written


@pytest.fixture(scope="module")
def both(root, tmp_path_factory) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return what two runs made."""
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("zweiter Ort ü")
    return stages(here, root, HERE, 0o022), stages(there, root, THERE, 0o077)


def test_every_file_and_every_word_is_the_same(both):
    one, other = both

    assert len(one) > 10
    assert set(one) == set(other)
    assert [name for name in one if one[name] != other[name]] == []
