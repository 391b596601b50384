"""Single stages in a process, here and under another hash seed, locale, time zone, umask and folder: the same bytes.

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
STAGES = (
    "ingest about.yaml --name example --folder raw --output out/example",
    f"problem out/example/measurements.csv out/example/protocol.csv --model {MODEL} --output out/problem",
    f"models diagram {MODEL} --output out/diagram.svg",
    f"models show {MODEL}",
    "petab lint out/problem/problem.yaml",
)
# In one process: the imports of each would take longer than what it does.
SCRIPT = """
import sys
from il6infer.cli.main import main
sys.exit(any([main(words.split()) for words in sys.argv[1:]]))
"""


def stages(folder: Path, root: Path, environment: dict[str, str], umask: int) -> dict[str, bytes]:
    """Run the stages in a folder; returns what they wrote and printed."""
    shutil.copytree(root / "resources" / "example", folder / "raw")
    shutil.copy(root / "config" / "datasets" / "example.yaml", folder / "about.yaml")
    command = [sys.executable, "-P", "-c", SCRIPT, *STAGES]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, umask=umask, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    modes = {path.stat().st_mode & 0o777 for path in (folder / "out").rglob("*") if path.is_dir()}
    assert modes == {0o777 & ~umask}
    written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in (folder / "out").rglob("*")
               if path.is_file() and ".provenance" not in path.parts}  # fmt: skip
    return {"printed": done.stdout} | written


@pytest.fixture(scope="module")
def both(root, tmp_path_factory) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return what two runs made."""
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("zweiter Ort ü")
    return stages(here, root, HERE, 0o022), stages(there, root, THERE, 0o077)


def test_every_file_and_every_word_is_the_same(both):
    one, other = both

    assert len(one) > 10
    assert MODEL.encode() in one["printed"]
    assert set(one) == set(other)
    assert [name for name in one if one[name] != other[name]] == []
