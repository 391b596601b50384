"""What planning a large analysis takes: `python -m tests.faults.scale`. Rows of docs/reliability.md.

Nothing is run: Snakemake plans fits of copies of the bundled data set, and calibration of five models by 200 fits each.
"""

from __future__ import annotations

import argparse
import itertools
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def configuration(sets: int, models: int) -> str:
    """So many data sets, each fitted by so many models of the library."""
    words = itertools.product(
        ("classic", "trans", "both", "cluster"), ("none", "socs3", "loss", "dual"), ("", "+hexamer")
    )
    one = {"description": str(ROOT / "config/datasets/example.yaml"), "folder": str(ROOT / "resources/example")}
    names = ["_".join(two) + option for *two, option in itertools.islice(words, models)]
    return yaml.safe_dump({"datasets": {f"d{i}": one for i in range(sets)}, "models": names, "sbc": {"fits": 200}})


def plan(folder: Path, text: str, target: str) -> str:
    """Plan, and say how many jobs, how long and how much memory."""
    (folder / "large.yaml").write_text(text)
    command = [sys.executable, "-m", "snakemake", target, "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    command += ["--configfile", "large.yaml", "--workflow-profile", str(ROOT / "profiles" / "default"), "--dry-run"]
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([*command, "--quiet", "rules"], cwd=folder, capture_output=True, text=True, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, flags=re.M))
    return (
        f"{target}: {jobs.get('fit', 0)} fits, {jobs.get('sbc_batch', 0)} batches, {jobs['total']} jobs; "
        f"{used.ru_utime - before:.0f} s of processor, "
        f"{time.monotonic() - began:.0f} s, {used.ru_maxrss / 1e3:.0f} MB\n"
    )


def main() -> int:
    """Plan both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=50)
    parser.add_argument("--models", type=int, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(plan(Path(folder), configuration(args.sets, args.models), "all"))
        sys.stdout.write(plan(Path(folder), configuration(1, 5), "sbc"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
