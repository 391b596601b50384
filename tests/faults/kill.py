"""Kill a run of the workflow at random moments until it is done: `python -m tests.faults.kill --times 30`.

After each kill every file under its final name must be whole; at the end all results must be there, those that were
finished at a kill untouched since, and each as `il6infer verify` knows it. Prints a row of docs/reliability.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from il6infer._errors import UserError
from il6infer._files import read_posterior
from il6infer.provenance import verify

ROOT = Path(__file__).parents[2]
CONFIG = """
title: A tiny run, to be killed
question: Does it go on?
datasets: {example: {description: config/datasets/example.yaml, folder: resources/example}}
models: [classic_none]
fit: {chains: 2, tune: 60, draws: 60, starts: 1}
"""


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start snakemake in a session of its own, with output to a log."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    command += ["--directory", str(folder), "--configfile", str(folder / "tiny.yaml")]
    command += ["--workflow-profile", str(ROOT / "profiles" / "default")]
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)


def kill(process: subprocess.Popen[bytes], *, all_of_it: bool) -> None:
    """Kill -9 of snakemake, and of its jobs, too; else these end by themselves, and are waited for."""
    if all_of_it:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    while True:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.2)


def results(folder: Path) -> list[Path]:
    """Files under their final names."""
    found = [path for path in (folder / "results").rglob("*") if path.is_file()]
    skipped = ("logs", "benchmarks")
    return [
        path
        for path in found
        if not any(part.startswith(".") or part.endswith(".partial") or part in skipped for part in path.parts)
    ]


def broken(path: Path) -> str:
    """What is wrong with a file, or nothing."""
    try:
        if path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        elif path.suffix == ".nc":
            read_posterior(path)
        elif path.suffix in (".csv", ".tsv"):
            rows = list(csv.reader(path.open(encoding="utf-8"), delimiter="\t" if path.suffix == ".tsv" else ","))
            if not rows or len({len(row) for row in rows}) != 1:
                return "rows of different length"
        elif path.suffix in (".html", ".svg") and not path.read_text("utf-8").rstrip().endswith(
            f"</{path.suffix[1:]}>"
        ):
            return "cut short"
    except (ValueError, UserError, OSError) as error:
        return str(error)
    return ""


def finished(folder: Path) -> dict[Path, tuple[int, int]]:
    """Results of jobs that Snakemake knows to have ended -> their inode and time."""
    import base64

    unfinished = {
        base64.b64decode(path.name + "===").decode(errors="replace")
        for path in (folder / ".snakemake" / "incomplete").rglob("*")
        if path.is_file()
    }
    found = [path for path in results(folder) if path.suffix == ".nc"]
    known = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}
    return {path: what for path, what in known.items() if str(path.relative_to(folder)) not in unfinished}


def trial(folder: Path, times: int, longest: float, rng: random.Random) -> dict[str, object]:
    """Kill `times` runs or until one is done, then let one end.

    Parameters
    ----------
    folder
        Run directory, empty.
    times
        Kills at most.
    longest
        Seconds that a run has before it is killed, at most.
    rng
        Of the moments.
    """
    for name in ("config", "resources"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "tiny.yaml").write_text(CONFIG)
    kills, half, redone, kept = 0, [], [], {}
    while kills < times:
        process = start(folder)
        try:
            process.wait(timeout=rng.uniform(3.0, longest))
            break
        except subprocess.TimeoutExpired:
            kill(process, all_of_it=rng.random() < 0.7)
        kills += 1
        half += [f"{path.relative_to(folder)}: {what}" for path in results(folder) if (what := broken(path))]
        now = finished(folder)
        redone += [str(path) for path, what in kept.items() if now.get(path) != what]
        kept = now
        sys.stderr.write(f"kill {kills}: {len(results(folder))} results\n")
    code = start(folder).wait()
    redone += [str(path) for path, what in kept.items() if finished(folder).get(path) != what]
    count, findings = verify(folder / "results")
    hidden = [path for path in (folder / "results").rglob(".*") if path.name != ".provenance"]
    return {
        "kills": kills, "exit code at last": code, "half-written": half, "finished fits redone": redone,
        "results verified": count, "not as written": [f"{f.path}: {f.what}" for f in findings],
        "page": (folder / "results" / "report" / "index.html").is_file(),
        "leftovers": [path.name for path in hidden],
        "locks removed": (folder / "log.txt").read_text(errors="replace").count("its lock is removed"),
        "refused": (folder / "log.txt").read_text(errors="replace").count("LockException"),
    }  # fmt: skip


def main() -> int:
    """Try, print what came of it; 0 if nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30, help="kills at most (default: 30)")
    parser.add_argument("--longest", type=float, default=60.0, help="seconds before a kill, at most (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (default: 1)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = trial(Path(folder), args.times, args.longest, random.Random(args.seed))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    lost = found["half-written"] or found["finished fits redone"] or found["not as written"] or found["refused"]
    return int(bool(lost) or found["exit code at last"] != 0 or not found["page"])


if __name__ == "__main__":
    raise SystemExit(main())
