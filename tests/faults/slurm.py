"""The workflow on a real SLURM of one machine: `make test-slurm`, as root, on Debian or Ubuntu.

Installs slurm-wlm and munge where they are missing, starts a cluster of this one node without accounting, and tries: a
run, compared with a local one byte for byte; and a fit that is cancelled while it samples, that runs into its time
limit, that hangs, that needs more memory than it was given; a node that is drained, and comes back. Each must end well,
by itself or by the same command again. Prints the rows of docs/reliability.md. What it started it stops. Where no SLURM
can be started it says why, and is done.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from il6infer._files import read_posterior
from il6infer._yaml import read_yaml
from tests.faults.cluster import cluster, host, out, wait, why_not
from tests.faults.runs import CONFIG, ROOT, different, done_run, log_of, make_folder, start

ON_CLUSTER = (
    "--default-resources", "slurm_partition=main", "slurm_account=test", "mem_mb=1000", "runtime=30",
    "--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5", "--jobs", "2",
    "--latency-wait", "10", "--set-threads", f"fit={min(2, os.cpu_count() or 1)}", "report=1",
)  # fmt: skip
DRAWS = 3_000
"""Of a fit that is hindered: so many that a quick machine is not through before it is caught."""
LONGEST = 1_800
"""Seconds that a run may take, tries included."""
LONGER = CONFIG.replace("draws: 60", f"draws: {DRAWS}")
POSTERIOR = Path("results/example/classic_none/posterior.nc")
WENT_ON = "goes on after"
SIGTERM_BIT = 1 << (signal.SIGTERM - 1)


class Fit:
    """A fit on the cluster, of more draws, in a copy of a run that is done but for it.

    Parameters
    ----------
    done
        Folder of the run.
    folder
        To copy it to.
    resources
        Of the fit's job, as ``--set-resources`` takes them.
    """

    def __init__(self, done: Path, folder: Path, *resources: str) -> None:
        shutil.copytree(done, folder, symlinks=True)
        (folder / POSTERIOR).unlink()
        (folder / "log.txt").unlink()
        (folder / "tiny.yaml").write_text(LONGER)
        self.folder = folder
        asked = ("--set-resources", *(f"fit:{resource}" for resource in resources)) if resources else ()
        self.snakemake = start(folder, str(POSTERIOR), *ON_CLUSTER, *asked, profile="slurm")

    def process(self) -> int:
        """Give the number of the process that samples, when it has kept draws."""
        partial = (self.folder / POSTERIOR).with_name(f"{POSTERIOR.name}.partial")
        wait("draws that are kept", lambda: any(p.stat().st_size > 10_000 for p in partial.glob("*.draws")), 600, 0.1)
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
                here = (path / "cwd").resolve() == self.folder.resolve()
                if here and {"fit", str(POSTERIOR)} <= {*words} and Path(words[0]).name.startswith("python"):
                    return int(path.name)
        raise LookupError("no process samples")

    def outcome(self) -> tuple[str, bool]:
        """Wait for snakemake's end: exit code, and what the fit said; whether the posterior is whole."""
        code = self.snakemake.wait(LONGEST)
        path = self.folder / POSTERIOR
        whole = path.is_file() and read_posterior(path, "posterior")["posterior"].sizes["draw"] == DRAWS
        text = (self.folder / "results/logs/fit/example/classic_none.log").read_text("utf-8", errors="replace")
        went_on = re.findall(rf"chain \d+ {WENT_ON} \d+ of \d+ iterations", text)
        return f"exit code {code}; {'; '.join(went_on) or 'begun anew'}", code == 0 and whole


def asked_to_end(process: int) -> bool:
    """Whether SIGTERM waits for a process that is stopped, or has ended it (`scancel` lets what is stopped go on)."""
    try:
        text = Path(f"/proc/{process}/status").read_text("ascii")
    except OSError:
        return True
    return any(int(bits, 16) & SIGTERM_BIT for bits in re.findall(r"^(?:Sig|Shd)Pnd:\s*(\w+)", text, re.MULTILINE))


def _let_go_on(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGCONT)


def state() -> str:
    """State and time of the jobs that there are."""
    return out("squeue", "-h", "-o", "%T %M").strip()


def a_run(done: Path, folder: Path) -> tuple[str, bool]:
    """Compare a whole run with a local one."""
    code = start(make_folder(folder), *ON_CLUSTER, profile="slurm").wait(LONGEST)
    unlike = different(done, folder)
    steps = re.findall(r"(\d+) of (\d+) steps", log_of(folder))
    return (
        f"exit code {code}, {' of '.join(steps[-1]) if steps else 0} steps; results that differ from those of a local "
        f"run: {', '.join(unlike) or 'none'}",
        code == 0 and not unlike,
    )


def cancelled(done: Path, folder: Path) -> tuple[str, bool]:
    """Cancel the job of a fit that samples."""
    fit = Fit(done, folder)
    process = fit.process()
    os.kill(process, signal.SIGSTOP)  # so that it does not end before
    subprocess.run(["scancel", *_jobs()], check=True)
    wait("SIGTERM", lambda: asked_to_end(process), 60)
    _let_go_on(process)
    said, well = fit.outcome()
    return said, well and WENT_ON in said


def at_the_limit(done: Path, folder: Path) -> tuple[str, bool]:
    """Let the signal of profiles/slurm reach a fit before its time limit of three minutes."""
    extra = read_yaml(ROOT / "profiles/slurm/config.yaml")["set-resources"]["fit"]["slurm_extra"]
    fit = Fit(done, folder, "runtime=3 if attempt == 1 else 60", f"slurm_extra={extra}")
    process = fit.process()
    os.kill(process, signal.SIGSTOP)
    states = [state()]
    wait("SIGTERM", lambda: asked_to_end(process) or bool(states.extend(filter(None, [state()]))), 240)
    _let_go_on(process)
    said, well = fit.outcome()
    well = well and states[-1].startswith("RUNNING") and WENT_ON in said
    return f"SIGTERM came at {states[-1]} of 3:00; {said}", well


def hanging(done: Path, folder: Path) -> tuple[str, bool]:
    """Let a fit hang, that does not hear a signal either, until its time limit of two minutes."""
    fit = Fit(done, folder, "runtime=2 if attempt == 1 else 60")
    os.kill(fit.process(), signal.SIGSTOP)
    said, well = fit.outcome()
    return said, well and WENT_ON in said


def without_memory(done: Path, folder: Path) -> tuple[str, bool]:
    """Give a fit 150 MB at first."""
    fit = Fit(done, folder, "mem_mb=150 if attempt == 1 else 4000")
    said, well = fit.outcome()
    tries = log_of(folder).count("Trying to restart job")
    return f"{said}; {tries} times tried again", well and tries > 0


def drained(done: Path, folder: Path) -> tuple[str, bool]:
    """Drain the node, and let it come back."""
    subprocess.run(["scontrol", "update", f"nodename={host()}", "state=drain", "reason=test"], check=True)
    fit = Fit(done, folder)
    wait("a job that waits", lambda: bool(out("squeue", "-h", "-t", "PENDING", "-o", "%i").split()))
    waits = out("squeue", "-h", "-t", "PENDING", "-o", "%r").strip()
    subprocess.run(["scontrol", "update", f"nodename={host()}", "state=resume"], check=True)
    said, well = fit.outcome()
    return f"waited ({waits}); {said}", well


FAULTS: Mapping[str, tuple[str, Callable[[Path, Path], tuple[str, bool]]]] = MappingProxyType(
    {
        "run": ("a run, and the same locally", a_run),
        "cancelled": ("`scancel` of a fit that samples", cancelled),
        "limit": ("the time limit of a fit that samples", at_the_limit),
        "hanging": ("a fit that hangs (SIGSTOP), until its time limit", hanging),
        "memory": ("a fit with too little memory", without_memory),
        "drained": ("a node drained, and resumed", drained),
    }
)
"""Short name -> what is tried, and how."""


def main() -> int:
    """Try each, print the table; 0 if all went as it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fault", nargs="*", choices=[[], *FAULTS], help="what to try (default: all)")
    parser.add_argument("--local", type=Path, metavar="FOLDER", help="local run to compare with; made if missing, kept")
    args = parser.parse_args()
    faults = args.fault or [*FAULTS]
    if why := why_not():
        sys.stdout.write(f"skipped: {why}\n")
        return 0
    # A `timeout` or a scheduler that ends this must not leave daemons behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    unwell = []
    with tempfile.TemporaryDirectory() as scratch, cluster():
        done = done_run(args.local or Path(scratch) / "local")
        for name in faults:
            what, attempt = FAULTS[name]
            folder, began = Path(scratch) / name, time.monotonic()
            try:
                outcome, ok = attempt(done, folder)
            except (LookupError, OSError, subprocess.SubprocessError) as error:
                outcome, ok = f"{type(error).__name__}: {error}", False
            minutes = (time.monotonic() - began) / 60
            row = f"| {what} | {outcome} | {minutes:.0f} min | {'well' if ok else 'NOT WELL'} |\n"
            sys.stdout.write(row)
            sys.stdout.flush()
            if not ok:
                unwell.append(row)
                logs = sorted(folder.rglob("slurm_logs/**/*.log"), key=lambda path: path.stat().st_mtime)
                said = [log_of(folder), *(path.read_text(errors="replace") for path in logs[-1:])]
                sys.stderr.write("\n".join([f"{name}:", *(text[-4000:] for text in said), ""]))
                _end_all(folder)
    sys.stdout.write("".join(unwell))  # again, below all logs
    return int(bool(unwell))


def _end_all(folder: Path) -> None:
    """End the run of a folder, and its jobs, so that the next has the node for itself."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if "snakemake" in words and str(folder) in words:
                os.kill(int(path.name), signal.SIGKILL)
    if jobs := out("squeue", "-h", "-o", "%i").split():
        subprocess.run(["scancel", *jobs], check=False)
        wait("an empty queue", lambda: not out("squeue", "-h", "-o", "%i").split(), 120)


def _jobs() -> list[str]:
    return out("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()


if __name__ == "__main__":
    raise SystemExit(main())
