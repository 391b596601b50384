"""How many threads a command runs at once: `python -m tests.faults.threads RESULTS`. Rows of docs/reliability.md.

Looks every few milliseconds which threads of the command and its children want a processor (state R in /proc), so that
a busy machine, on which they wait for one, changes nothing. RESULTS is a finished
analysis; nothing in it is written.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

EVERY = 0.02
"""Seconds between two looks."""


def running(process: psutil.Process) -> int:
    """Threads of a process and its children that run or wait for a processor."""
    count = 0
    for one in [process, *process.children(recursive=True)]:
        for state in Path("/proc", str(one.pid), "task").glob("*/stat"):
            try:
                # The name of the thread stands in parentheses and may hold anything.
                count += state.read_text().rpartition(")")[2].split()[0] == "R"
            except (FileNotFoundError, ProcessLookupError):
                continue
    return count


def watch(command: Sequence[str]) -> dict[str, float]:
    """Run a command and count.

    Returns
    -------
    dict
        ``looks`` that found it at work, ``mean`` number of threads then, ``share`` of looks with more than one,
        ``usual`` number that most looks found, and the ``share_usual`` of looks that did.
    """
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        process, counts = psutil.Process(started.pid), []
        while started.poll() is None:
            try:
                counts.append(running(process))
            except psutil.NoSuchProcess:
                break
            time.sleep(EVERY)
    if started.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {started.returncode}")
    at_work = [count for count in counts if count]
    [(usual, often)] = Counter(at_work).most_common(1)
    return {
        "looks": len(at_work),
        "mean": round(sum(at_work) / len(at_work), 2),
        "share": round(sum(count > 1 for count in at_work) / len(at_work), 3),
        "usual": usual,
        "share_usual": round(often / len(at_work), 3),
    }


def commands(results: Path, scratch: Path) -> Iterator[tuple[str, list[str]]]:
    """Each command that takes long, asked for one thread; the fit of four chains for four, too."""
    [verdict, *_] = sorted(results.glob("*/*/verdict.json"))
    fit, dataset, settings = verdict.parent, verdict.parent.parent, results / "settings"
    problem, posterior = str(fit / "problem" / "problem.yaml"), str(fit / "posterior.nc")
    # With four threads long enough that sampling, and not what comes before and after on one thread, is most of it.
    for threads, iterations in (("1", "60"), ("4", "400")):
        short = ["--chains", "4", "--tune", iterations, "--draws", iterations, "--starts", "1"]
        words = ["fit", problem, "--output", str(scratch / f"{threads}.nc"), *short, "--threads", threads]
        yield f"fit of 4 chains, {threads} thread{'s' * (threads != '1')}", words
    yield "diagnose", ["diagnose", posterior, "--output", str(scratch / "v.json")]
    compared = ["--fit", fit.name, posterior, str(verdict), "--dataset", dataset.name]
    yield "compare", ["compare", *compared, "--output", str(scratch / "c.json")]
    page = ["report", str(settings / "report.json"), "--results", str(results), "--output", str(scratch / "p.html")]
    yield "report, 1 thread", [*page, "--threads", "1"]


def main() -> int:
    """Count for each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for name, words in commands(args.results, Path(scratch)):
            found = watch([sys.executable, "-m", "il6infer", *words])
            sys.stdout.write(f"{name}: {json.dumps(found)}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
