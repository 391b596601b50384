"""The workflow on a real SLURM of one machine: `make test-slurm`, as root, on Debian or Ubuntu.

Installs slurm-wlm and munge where they are missing, starts a cluster of this one node without accounting, and tries a
run, compared with a local one byte for byte; a job that is cancelled, and the next run; a node that is drained, and
comes back. Prints the rows of docs/reliability.md. What it started it stops; /etc/slurm/slurm.conf is put back.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from il6infer._files import read_posterior
from il6infer.provenance import verify
from tests.faults.kill import CONFIG, ROOT, results

CONF = Path("/etc/slurm/slurm.conf")
SLURM = """ClusterName=local
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmctldPidFile={state}/slurmctld.pid
SlurmdPidFile={state}/slurmd.pid
SlurmUser=root
StateSaveLocation={state}/ctld
SlurmdSpoolDir={state}/d
SlurmctldLogFile={state}/slurmctld.log
SlurmdLogFile={state}/slurmd.log
ReturnToService=2
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
TIMED = {"posterior.nc", "verdict.json", "index.html"}
"""Results that hold wall times and the number of threads."""


def _out(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def _wait(what: str, done: Callable[[], bool], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.5)


@contextmanager
def _daemon(*words: str, user: str = "") -> Iterator[None]:
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user or None)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def cluster() -> Iterator[None]:
    """Run a SLURM of this machine."""
    if not shutil.which("slurmctld") or not shutil.which("munged"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", "slurm-wlm", "munge"], check=True)
    host = socket.gethostname().split(".")[0]
    before = CONF.read_bytes() if CONF.exists() else None
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in ("ctld", "d"):
            (state / name).mkdir()
        CONF.parent.mkdir(exist_ok=True)
        CONF.write_text(SLURM.format(host=host, cpus=os.cpu_count(), state=state))
        try:
            if not Path("/run/munge/munge.socket.2").exists():
                Path("/run/munge").mkdir(exist_ok=True)
                shutil.chown("/run/munge", "munge")
                stack.enter_context(_daemon("munged", "--foreground", user="munge"))
                _wait("munge", lambda: Path("/run/munge/munge.socket.2").exists())
            stack.enter_context(_daemon("slurmctld", "-D"))
            stack.enter_context(_daemon("slurmd", "-D"))
            _wait(
                "an idle node", lambda: "idle" in subprocess.run(["sinfo", "-h"], capture_output=True, text=True).stdout
            )
            yield
        finally:
            if before is None:
                CONF.unlink()
            else:
                CONF.write_bytes(before)


def snakemake(folder: Path, *, on_cluster: bool) -> subprocess.Popen[bytes]:
    """Start the tiny workflow in a folder.

    Parameters
    ----------
    folder
        Run directory; made ready where it is empty.
    on_cluster
        With profiles/slurm; else locally.
    """
    for name in ("config", "resources"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    (folder / "tiny.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(folder / "tiny.yaml"), "--workflow-profile"]
    command += [str(ROOT / "profiles" / ("slurm" if on_cluster else "default"))]
    if on_cluster:
        command += ["--default-resources", "slurm_partition=main", "slurm_account=test", "mem_mb=1000", "runtime=30"]
        command += ["--slurm-status-command", "squeue", "--jobs", "2", "--latency-wait", "10", "--set-threads", "fit=2"]
        command += ["report=1"]
    else:
        command += ["--cores", "2"]
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def different(first: Path, second: Path) -> list[str]:
    """Results of two runs that differ, apart from times: of posteriors the draws count."""
    ours, theirs = ({str(p.relative_to(folder)): p for p in results(folder)} for folder in (first, second))
    found = sorted(ours.keys() ^ theirs.keys())
    for name in sorted(ours.keys() & theirs.keys()):
        if name.endswith("posterior.nc"):
            a, b = (read_posterior(path, "posterior")["posterior"] for path in (ours[name], theirs[name]))
            if not all(np.array_equal(a[v].values, b[v].values) for v in a.data_vars):
                found.append(name)
        elif Path(name).name not in TIMED and ours[name].read_bytes() != theirs[name].read_bytes():
            found.append(name)
    return found


def _job() -> list[str]:
    return _out("squeue", "-h", "-t", "RUNNING", "-o", "%i").split()


def main() -> int:
    """Try each, print the table; 0 if all went as it should."""
    # A `timeout` or a scheduler that ends this must not leave daemons behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rows: list[tuple[str, str, bool]] = []
    with tempfile.TemporaryDirectory() as scratch, cluster():
        local, remote, cancelled, drained = (
            Path(scratch) / name for name in ("local", "remote", "cancelled", "drained")
        )
        for folder in (local, remote, cancelled, drained):
            folder.mkdir()
        codes = snakemake(local, on_cluster=False).wait(), snakemake(remote, on_cluster=True).wait()
        unlike = different(local, remote)
        rows.append(("a run, and the same locally", f"exit codes {codes}; different: {unlike or 'none'}",
                     codes == (0, 0) and not unlike))  # fmt: skip

        process = snakemake(cancelled, on_cluster=True)
        _wait("a job of the cancelled run", lambda: bool(_job()))
        subprocess.run(["scancel", *_job()], check=True)
        first, second = process.wait(), snakemake(cancelled, on_cluster=True).wait()
        _, findings = verify(cancelled / "results")
        whole = (cancelled / "results" / "report" / "index.html").is_file() and not findings
        rows.append(("scancel of a job", f"exit code {first} (the job is tried once more), next run {second}", whole))

        host = socket.gethostname().split(".")[0]
        subprocess.run(["scontrol", "update", f"nodename={host}", "state=drain", "reason=test"], check=True)
        process = snakemake(drained, on_cluster=True)
        _wait("a job that waits", lambda: bool(_out("squeue", "-h", "-t", "PENDING", "-o", "%i").split()))
        subprocess.run(["scontrol", "update", f"nodename={host}", "state=resume"], check=True)
        rows.append(("a node drained, and resumed", f"exit code {process.wait()}", process.returncode == 0))
        for folder in (local, remote, cancelled, drained):
            if not all(ok for _, _, ok in rows):
                sys.stderr.write(f"{folder.name}:\n{(folder / 'log.txt').read_text()[-3000:]}\n")
    for what, outcome, ok in rows:
        sys.stdout.write(f"| {what} | {outcome} | {'as it should' if ok else 'NOT as it should'} |\n")
    return int(not all(ok for _, _, ok in rows))


if __name__ == "__main__":
    raise SystemExit(main())
