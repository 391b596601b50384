"""Hinder a run of the workflow, then let it go on: `python -m tests.faults.hinder`, as root on Linux.

A disk that is full, results that can only be read, a job that hangs, a machine without memory. Each time the run must
end with a message that says what and what to do, and the same command again must end with the results of a run that
nothing hindered. Prints the rows of docs/reliability.md.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from il6infer._files import read_posterior
from tests.faults.kill import at_work, pids_at_work
from tests.faults.runs import different, done_run, log_of, results, start

POSTERIOR = Path("results/example/classic_none/posterior.nc")
AFTER = {POSTERIOR.name, "verdict.json", "identifiability.json", "comparison.json", "index.html"}
"""A fit and what follows from it: of a run that lacks only the fit, Snakemake says that it is whole."""

WENT_ON = "goes on after"
SPARE = 96 << 10
"""Bytes that a disk has left: a posterior needs more."""

Outcome = tuple[str, bool]


def _mount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)


def _remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


@contextmanager
def _own_disk(place: Path, source: Path) -> Iterator[Path]:
    """Copy `source` to a disk of its own at `place`."""
    place.mkdir(parents=True, exist_ok=True)
    _mount(place, "size=256m")
    try:
        shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _without_fit(done: Path, folder: Path) -> Path:
    """Copy a run that is done, but for its fit; who asks for all of it then asks for what follows from the fit, too."""
    shutil.copytree(done, folder, symlinks=True, dirs_exist_ok=True)
    for path in results(folder):
        if path.name in AFTER:
            path.unlink()
    (folder / "log.txt").unlink(missing_ok=True)
    return folder


def _said(folder: Path, pattern: str) -> str:
    """Give the first line of a run that says something."""
    log = log_of(folder).replace(str(folder), ".")  # whose name can be what is looked for
    found = re.search(rf"^.*(?:{pattern}).*$", log, re.MULTILINE)
    return f'"{found.group().strip()}"' if found else "NOTHING SAID"


def _outcome(done: Path, folder: Path, first: int, said: str) -> Outcome:
    """Run again what was hindered, and compare.

    A fit that goes on from draws that were kept has other draws than one that nothing hindered: the length is compared.
    """
    again = start(folder, "--cores", "2").wait()
    log = folder / "results/logs/fit/example/classic_none.log"
    if WENT_ON in log.read_text("utf-8", errors="replace"):
        draws = [read_posterior(place / POSTERIOR, "posterior")["posterior"].sizes["draw"] for place in (done, folder)]
        told, same = f"the fit {WENT_ON} what it had, {draws[1]} of {draws[0]} draws a chain", draws[0] == draws[1]
    else:
        unlike = different(done, folder)
        told, same = f"results that differ: {', '.join(unlike) or 'none'}", not unlike
    well = first != 0 and said != "NOTHING SAID" and again == 0 and same
    return f"exit code {first}, {said}; then {again}; {told}", well


def full_disk(done: Path, folder: Path) -> Outcome:
    """Leave less on the disk than a posterior needs."""
    with tempfile.TemporaryDirectory() as other, _own_disk(folder, _without_fit(done, Path(other))):
        _remount(folder, f"size={shutil.disk_usage(folder).used + SPARE}")
        first = start(folder, "--cores", "2").wait()
        _remount(folder, "size=256m")
        return _outcome(done, folder, first, _said(folder, "No space left"))


def read_only(done: Path, folder: Path) -> Outcome:
    """Make the results a disk that can only be read."""
    _without_fit(done, folder)
    (folder / "results").rename(folder / "before")
    with _own_disk(folder / "results", folder / "before"):
        _remount(folder / "results", "ro")
        first = start(folder, "--cores", "2").wait()
        _remount(folder / "results", "rw")
        return _outcome(done, folder, first, _said(folder, "[Rr]ead-only|Write-protected"))


def hanging(done: Path, folder: Path) -> Outcome:
    """Stop a fit so that it hears nothing, kill snakemake, and start another."""
    process = start(_without_fit(done, folder), "--cores", "2")
    while "fit" not in at_work(process):
        if process.poll() is not None:
            raise RuntimeError(f"no fit began: {log_of(folder)[-3000:]}")
        time.sleep(0.02)
    fits = [pid for pid, rule in pids_at_work(process).items() if rule == "fit"]
    for pid in fits:
        os.kill(pid, signal.SIGSTOP)
    process.kill()
    process.wait()
    (folder / "log.txt").unlink()
    refused = start(folder, "--cores", "2").wait()
    said = _said(folder, "still at work|jobs|LockException")
    named = any(str(pid) in log_of(folder) for pid in fits)
    os.killpg(process.pid, signal.SIGKILL)
    outcome, well = _outcome(done, folder, refused, said)
    return outcome, well and named


def without_memory(done: Path, folder: Path) -> Outcome:
    """Let the processes of a run have 250 MB of memory of their own each."""
    _without_fit(done, folder)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (250 << 20, 250 << 20))

    first = start(folder, "--cores", "2", before=limit).wait()
    return _outcome(done, folder, first, _said(folder, "[Mm]emory"))


FAULTS: Mapping[str, tuple[str, Callable[[Path, Path], Outcome]]] = MappingProxyType(
    {
        "disk": ("a disk that is full", full_disk),
        "read-only": ("results on a disk that can only be read", read_only),
        "hanging": ("a fit that hangs (SIGSTOP), snakemake killed", hanging),
        "memory": ("250 MB of memory a process", without_memory),
    }
)
"""Short name -> what is tried, and how."""


def main() -> int:
    """Try each, print the table; 0 if all went as it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fault", nargs="*", help=f"what to try: {', '.join(FAULTS)} (default: all)")
    parser.add_argument("--local", type=Path, metavar="FOLDER", help="run to compare with; made if missing, kept")
    args = parser.parse_args()
    faults = args.fault or [*FAULTS]
    well = True
    with tempfile.TemporaryDirectory() as scratch:
        done = done_run(args.local or Path(scratch) / "alone")
        for name in faults:
            what, attempt = FAULTS[name]
            outcome, ok = attempt(done, Path(scratch) / name)
            well &= ok
            sys.stdout.write(f"| {what} | {outcome} | {'well' if ok else 'NOT WELL'} |\n")
            sys.stdout.flush()
            if not ok:
                log = Path(scratch) / name / "log.txt"
                sys.stderr.write(f"{name}: {log.read_text(errors='replace')[-4000:] if log.is_file() else 'no log'}\n")
    return int(not well)


if __name__ == "__main__":
    raise SystemExit(main())
