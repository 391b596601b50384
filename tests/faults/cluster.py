"""A real SLURM of this one machine, for as long as a block runs: as root, on Debian or Ubuntu."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

MUNGE = Path("/run/munge")
PLACE = Path("/etc/slurm/slurm.conf")
"""Where SLURM looks for its configuration. A variable of the environment would not do: Snakemake's jobs unset it."""

MARK = "# written by tests/faults/cluster.py of il6infer, for as long as it runs\n"
NEEDED_MB = 5_000
"""Memory of the machine: a fit asks for 4 GB."""

CONF = (
    MARK
    + """ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmctldPidFile={state}/slurmctld.pid
SlurmdPidFile={state}/slurmd.pid
SlurmUser=root
StateSaveLocation={state}/ctld
SlurmdSpoolDir={state}/d
SlurmctldLogFile={state}/slurmctld.log
SlurmdLogFile={state}/slurmd.log
ReturnToService=2
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
)


def host() -> str:
    """Name of the node."""
    return socket.gethostname().split(".")[0]


def memory() -> int:
    """Memory of this machine [MB]."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20


def why_not() -> str:
    """Say why no SLURM can be started here, or nothing; installs it where it is missing."""
    if sys.platform != "linux":
        return f"SLURM runs on Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "its daemons need root"
    if memory() < NEEDED_MB:
        return f"a fit asks for 4 GB, this machine has {memory() / 1000:.1f}"
    if PLACE.exists() and not PLACE.read_text("utf-8", errors="replace").startswith(MARK):
        return f"a SLURM is set up here ({PLACE}), and is left alone"
    if _installed():
        return "a SLURM of another such run is at work" if PLACE.exists() and _says("sinfo", "-h") else ""
    if not shutil.which("apt-get"):
        return "slurmctld, slurmd and munged are missing, and there is no apt-get to install them"
    packages = ("slurm-wlm", "munge")
    for words in (("update", "-qq"), ("install", "-qq", "-y", "--no-install-recommends", *packages)):
        done = subprocess.run(
            ["apt-get", *words], env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
            return f"apt-get {words[0]} does not reach, or have, {' and '.join(packages)} ({last})"
    return "" if _installed() else f"{' and '.join(packages)} were installed, and hold no slurmctld, slurmd, munged"


def _installed() -> bool:
    return all(shutil.which(name) for name in ("slurmctld", "slurmd", "munged", "srun"))


def wait(what: str, done: Callable[[], bool], seconds: float = 300.0, pause: float = 0.5) -> None:
    """Wait until something is so, asking every `pause` seconds.

    Raises
    ------
    TimeoutError
        If it is not, in that time.
    """
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)


def out(*words: str) -> str:
    """Give what a command prints."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@contextmanager
def _daemon(*words: str, user: str = "") -> Iterator[None]:
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user or None)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _says(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def cluster() -> Iterator[None]:
    """Run a SLURM, with ports and a state of its own; what it started and wrote is gone afterwards."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in ("ctld", "d"):
            (state / name).mkdir()
        about = {"host": host(), "cpus": os.cpu_count(), "memory": min(memory() * 9 // 10, 16_000)}
        PLACE.parent.mkdir(exist_ok=True)
        PLACE.write_text(CONF.format(state=state, ports=_free_ports(2), **about))
        try:
            if not _says("munge", "-n"):
                MUNGE.mkdir(exist_ok=True)
                shutil.chown(MUNGE, "munge")
                stack.enter_context(_daemon("munged", "--foreground", user="munge"))
                wait("munge", lambda: bool(_says("munge", "-n")), 60)
            stack.enter_context(_daemon("slurmctld", "-D"))
            stack.enter_context(_daemon("slurmd", "-D"))
            try:
                wait("an idle node", lambda: "idle" in _says("sinfo", "-h"), 120)
            except TimeoutError as error:
                said = [path.read_text(errors="replace")[-2000:] for path in sorted(state.glob("*.log"))]
                raise RuntimeError("\n".join([str(error), *said])) from None
            yield
        finally:
            PLACE.unlink()
