"""Snakemake's lock of a folder that a killed run has left: whether it may go, and who holds it where it may not.

Snakemake locks a folder by files that name no process, and refuses every later run of it until someone says that the
first has ended. Each run signs: host, process, and a mark that its jobs inherit. A lock goes when all runs that signed
are known to have ended, and their jobs, too.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from il6infer._files import write_json

if TYPE_CHECKING:
    import psutil

LOCKS = Path(".snakemake/locks")
SIGNED = Path(".snakemake/il6infer_runs")
MARK = "IL6INFER_RUN"
"""Environment variable with the mark of the run that a process belongs to."""

_UNLOCK = "If it has ended, `snakemake --unlock` frees the folder; nothing that is finished runs again."
_WAIT = "Wait for it, or stop it by Ctrl-C."
_HANGS = " (kill -9 where one hangs)"


@dataclass(frozen=True)
class Run:
    """One run of the workflow, as it signed.

    Attributes
    ----------
    boot
        Since when its machine is on, as `_boot` says it.
    started
        When its process began, as `_began` says it.
    signed
        When the run signed [s since 1970], for messages.
    """

    host: str
    pid: int
    boot: str
    started: float
    signed: float
    mark: str

    @property
    def told(self) -> str:
        """The run, for a message."""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.signed))
        return f"a run of {when} (process {self.pid} on {self.host})"


def sign(folder: Path) -> None:
    """Say that a run of this process has locked `folder`; processes that it starts from now on bear its mark."""
    import psutil

    mark = uuid.uuid4().hex
    run = Run(socket.gethostname(), os.getpid(), _boot(), _began(psutil.Process()), time.time(), mark)
    (folder / SIGNED).mkdir(parents=True, exist_ok=True)
    write_json(folder / SIGNED / f"{mark}.json", asdict(run))
    os.environ[MARK] = mark


def free(folder: Path) -> str:
    """Remove the lock of `folder` if all runs that signed there have ended; say what was done, or who holds it.

    Returns
    -------
    str
        Empty where nothing is locked.
    """
    locks = [path for path in (folder / LOCKS).glob("*.lock") if path.is_file()]
    records = sorted((folder / SIGNED).glob("*.json"), key=lambda path: path.stat().st_mtime)
    if not locks:
        for path in records:
            if not _holders(_read(path)):
                path.unlink(missing_ok=True)
        return ""
    runs = [run for run in map(_read, records) if run]
    for run in reversed(runs):
        if holders := _holders(run):
            return f"{folder} is locked by {run.told}{holders}"
    # Times of one file system: a lock that is newer than every signature is of a run that is about to sign.
    signed = max((path.stat().st_mtime for path in records), default=0.0)
    if not runs or any(path.stat().st_mtime > signed for path in locks):
        return f"{folder} is locked by a run that did not say who it is. {_UNLOCK}"
    last = runs[-1].told
    for path in (*locks, *records):
        path.unlink(missing_ok=True)
    return f"{last} was killed before its end: its lock is removed, and this run goes on from what it finished."


def _read(path: Path) -> Run | None:
    try:
        return Run(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _holders(run: Run | None) -> str:
    """Say why a run may not have ended; empty where it has."""
    import psutil

    if run is None:
        return ""
    if run.host != socket.gethostname():
        return f", which cannot be seen from here. {_UNLOCK}"
    if run.boot != _boot():
        return ""
    try:
        if psutil.pid_exists(run.pid) and abs(_began(psutil.Process(run.pid)) - run.started) < 2.0:
            return f", which is at work. {_WAIT}"
    except psutil.Error:
        pass
    jobs = [process.pid for process in psutil.process_iter() if _bears(process, run.mark)]
    listed = " ".join(map(str, jobs))
    return f". It was killed, and its jobs go on. Wait for them, or stop them: kill {listed}{_HANGS}" if jobs else ""


def _boot() -> str:
    """Name the time that this machine is on; where the system names none, by the minute that it began."""
    import psutil

    named = Path("/proc/sys/kernel/random/boot_id")
    return named.read_text("ascii").strip() if named.is_file() else f"{psutil.boot_time() / 60:.0f}"


def _began(process: psutil.Process) -> float:
    """When a process began [s], from a time that no correction of the clock moves: the boot, where the system tells."""
    told = Path(f"/proc/{process.pid}/stat")
    if not told.is_file():
        return process.create_time()
    # The name of the process stands in parentheses and may hold anything; `man proc`: field 22, after it the 20th.
    return int(told.read_text(errors="replace").rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")


def _bears(process: object, mark: str) -> bool:
    import psutil

    try:
        return process.environ().get(MARK) == mark  # pyright: ignore[reportAttributeAccessIssue]
    except (psutil.Error, OSError):
        return False
