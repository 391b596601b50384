"""The lock of a killed run goes where it is known to have ended, and the message says who holds it where not."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from il6infer._run_lock import LOCKS, MARK, SIGNED, Run, _began, _boot, free, sign

NOW = psutil.boot_time() + 60.0
DEAD = Run(socket.gethostname(), 2**22 + 1, _boot(), 60.0, NOW, "a-mark-that-no-process-bears")
"""Linux has no process of that number."""


def _locked(folder: Path, *runs: Run) -> Path:
    """Lock a folder as Snakemake does, then sign as the runs would have."""
    (folder / LOCKS).mkdir(parents=True)
    (folder / SIGNED).mkdir(parents=True)
    for kind in ("input", "output"):
        (folder / LOCKS / f"0.{kind}.lock").write_text("results/x\n")
    for run in runs:
        (folder / SIGNED / f"{run.mark}.json").write_text(json.dumps(asdict(run)))
    return folder


def _is_locked(folder: Path) -> bool:
    return any((folder / LOCKS).iterdir())


def _told(run: Run) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.signed))
    return f"a run of {when} (process {run.pid} on {run.host})"


def test_lock_of_a_dead_run_goes(tmp_path):
    folder = _locked(tmp_path, DEAD)

    said = free(folder)

    goes_on = "was killed before its end: its lock is removed, and this run goes on from what it finished."
    assert said == f"{_told(DEAD)} {goes_on}"
    assert not _is_locked(folder)
    assert free(folder) == ""


def test_a_process_of_the_same_number_begun_later_is_another(tmp_path):
    run = replace(DEAD, pid=os.getpid(), started=_began(psutil.Process()) - 100.0)

    assert "was killed before its end" in free(_locked(tmp_path, run))


def test_lock_of_a_run_before_the_last_boot_goes(tmp_path):
    alive = replace(DEAD, pid=os.getpid(), boot="another", started=_began(psutil.Process()))

    assert "was killed before its end" in free(_locked(tmp_path, alive))


def test_lock_of_a_run_at_work_stays(tmp_path):
    alive = replace(DEAD, pid=os.getpid(), started=_began(psutil.Process()))

    said = free(_locked(tmp_path, DEAD, replace(alive, mark="other")))

    assert said == f"{tmp_path} is locked by {_told(alive)}, which is at work. Wait for it, or stop it by Ctrl-C."
    assert _is_locked(tmp_path)


@pytest.mark.parametrize("step", [-86_400.0, 86_400.0])
def test_a_clock_that_is_set_takes_no_lock_from_a_run_at_work(tmp_path, monkeypatch, step):
    """All times since 1970 move with the clock, that of the boot and those of processes, too."""
    sign(tmp_path)
    (tmp_path / LOCKS).mkdir(parents=True)
    (tmp_path / LOCKS / "0.input.lock").touch()
    os.utime(tmp_path / LOCKS / "0.input.lock", (1, 1))
    began, boot, now = psutil.Process.create_time, psutil.boot_time(), time.time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: began(process) + step)
    monkeypatch.setattr(psutil, "boot_time", lambda: boot + step)
    monkeypatch.setattr(time, "time", lambda: now() + step)

    assert "which is at work. Wait for it, or stop it by Ctrl-C." in free(tmp_path)
    assert _is_locked(tmp_path)


def test_lock_of_another_machine_stays(tmp_path):
    away = replace(DEAD, host="node7")

    assert free(_locked(tmp_path, away)) == (
        f"{tmp_path} is locked by {_told(away)}, which cannot be seen from here. If it has ended, `snakemake --unlock` "
        "frees the folder; nothing that is finished runs again."
    )
    assert _is_locked(tmp_path)


@pytest.mark.parametrize("records", [(), (DEAD,)])
def test_lock_that_is_newer_than_every_signature_stays(tmp_path, records):
    folder = _locked(tmp_path, *records)
    for path in (folder / LOCKS).iterdir():
        os.utime(path, (time.time() + 60, time.time() + 60))

    assert free(folder) == (
        f"{folder} is locked by a run that did not say who it is. If it has ended, `snakemake --unlock` frees the "
        "folder; nothing that is finished runs again."
    )
    assert _is_locked(folder)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"host": "x"}'])
def test_a_damaged_signature_is_none(tmp_path, text):
    (_locked(tmp_path) / SIGNED / "x.json").write_text(text)

    assert "did not say who it is" in free(tmp_path)
    assert _is_locked(tmp_path)


def test_signature_is_of_this_process_and_goes_with_its_jobs(tmp_path, monkeypatch):
    monkeypatch.setenv(MARK, "")
    sign(tmp_path)
    (record,) = (tmp_path / SIGNED).iterdir()
    found = json.loads(record.read_text())

    assert (found["pid"], found["host"]) == (os.getpid(), socket.gethostname())
    assert os.environ[MARK] == found["mark"]


def test_nothing_is_said_where_nothing_is_locked(tmp_path):
    assert free(tmp_path) == ""
