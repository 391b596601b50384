"""The cache of compiled code: whole entries only, whatever happens to the files, the disk or the home folder."""

from __future__ import annotations

import errno
import logging
import math
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from il6infer._digests import ROOT
from il6infer.engine import compile
from il6infer.kernel import cache, link
from il6infer.kernel.vectors import ENVIRONMENT
from il6infer.network.network import symbol
from tests.zoo.systems import network, problem

REMEDY = "each process compiles anew, which takes a minute. Set IL6INFER_CACHE to a folder that can be written."
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("IL6INFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_MEMORY", {})
    cache._warn_once.cache_clear()
    cache._can_be_written.cache_clear()
    return tmp_path / "cache"


def _flipped(position: float) -> Callable[[bytes], bytes]:
    def damage(stored: bytes) -> bytes:
        at = min(int(position * len(stored)), len(stored) - 1)
        return stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :]

    return damage


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda stored: b"",
    "one byte": lambda stored: stored[:1],
    "halved": lambda stored: stored[: len(stored) // 2],
    "last byte lost": lambda stored: stored[:-1],
    "longer": lambda stored: stored + b"\0",
    "random": lambda stored: np.random.default_rng(0).bytes(len(stored)),
    "zeros": lambda stored: bytes(len(stored)),
    **{f"flipped at {position}": _flipped(position) for position in (0.0, 0.002, 0.004, 0.1, 0.5, 0.9, 1.0)},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_made_again_with_one_line_of_warning(damage, place, caplog):
    cache.obtain("entry.o", lambda: CONTENT)
    path = place / "entry.o"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))

    assert cache.obtain("entry.o", lambda: CONTENT) == CONTENT
    assert caplog.messages == [f"{path} is damaged: it is compiled anew."]
    assert cache.obtain("entry.o", lambda: pytest.fail("made again")) == CONTENT


def test_an_entry_under_the_name_of_another_is_damaged(place):
    cache.obtain("first.o", lambda: CONTENT)
    shutil.copy(place / "first.o", place / "second.o")

    assert cache.obtain("second.o", lambda: b"second") == b"second"


def test_others_may_read_what_the_umask_allows(place):
    old = os.umask(0o022)
    try:
        cache.obtain("entry.o", lambda: CONTENT)
    finally:
        os.umask(old)

    assert (place / "entry.o").stat().st_mode & 0o777 == 0o644


def _no_home(monkeypatch, tmp_path):
    monkeypatch.delenv("IL6INFER_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    return f"there is no home folder to keep what is compiled: {REMEDY}"


def _not_a_folder(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("IL6INFER_CACHE", str(tmp_path / "file" / "cache"))
    return f"the cache {tmp_path}/file/cache cannot be written (Not a directory): {REMEDY}"


def _a_file(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("IL6INFER_CACHE", str(tmp_path / "file"))
    return f"the cache {tmp_path}/file cannot be written (it is no folder): {REMEDY}"


def _links_in_a_circle(monkeypatch, tmp_path):
    """What cannot be read and cannot be written has one line of warning, not two."""
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setenv("IL6INFER_CACHE", str(tmp_path / "loop"))
    return f"the cache {tmp_path}/loop cannot be written (it is no folder): {REMEDY}"


def _no_such_place(monkeypatch, tmp_path):
    monkeypatch.setenv("IL6INFER_CACHE", "/proc/nope")
    return f"the cache /proc/nope cannot be written (No such file or directory): {REMEDY}"


def _relative_home(monkeypatch, tmp_path):
    monkeypatch.delenv("IL6INFER_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "home")
    return f"there is no home folder to keep what is compiled: {REMEDY}"


def _refusing(code: int) -> Callable:
    def prepare(monkeypatch, tmp_path):
        def refuse(*_: object, **__: object) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(cache.os, "fdopen", refuse)
        return f"the cache {tmp_path}/cache cannot be written ({os.strerror(code)}): {REMEDY}"

    return prepare


@pytest.mark.parametrize(
    "prepare",
    [
        *(_no_home, _relative_home, _not_a_folder, _a_file, _links_in_a_circle, _no_such_place),
        *(_refusing(errno.ENOSPC), _refusing(errno.EROFS), _refusing(errno.EDQUOT)),
    ],
)
def test_where_nothing_can_be_written_entries_stay_in_memory(prepare, place, monkeypatch, tmp_path, caplog):
    message = prepare(monkeypatch, tmp_path)

    assert cache.obtain("one.o", lambda: CONTENT) == CONTENT
    assert cache.obtain("two.o", lambda: b"two") == b"two"
    assert cache.obtain("one.o", lambda: pytest.fail("made again")) == CONTENT
    assert caplog.messages == [message]
    assert not list(place.glob("*.tmp"))


def test_a_cache_that_cannot_be_written_is_said_before_a_minute_of_compiling(place, monkeypatch, tmp_path, caplog):
    message = _no_such_place(monkeypatch, tmp_path)

    def make() -> bytes:
        assert caplog.messages == [message]
        return CONTENT

    assert cache.obtain("one.o", make) == CONTENT


def test_a_folder_that_is_removed_meanwhile_is_made_again(place):
    cache.obtain("one.o", lambda: CONTENT)
    shutil.rmtree(place)

    cache.obtain("two.o", lambda: CONTENT)
    assert cache.obtain("two.o", lambda: pytest.fail("made again")) == CONTENT


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"IL6INFER_CACHE": "~/own"}, "/home/me/own"),
        ({"IL6INFER_CACHE": " /own "}, "/own"),
        ({"IL6INFER_CACHE": "below/here"}, "below/here"),
        ({"IL6INFER_CACHE": " ", "XDG_CACHE_HOME": "/cache"}, "/cache/il6infer"),
        ({"XDG_CACHE_HOME": "cache"}, "/home/me/.cache/il6infer"),
        ({"XDG_CACHE_HOME": ""}, "/home/me/.cache/il6infer"),
        ({"HOME": "~nobody"}, None),
        ({"HOME": "me"}, None),
    ],
)
def test_where_entries_are_kept(variables, expected, monkeypatch):
    """A folder called "~" in the folder that a command starts in would be removed with everything at home."""
    for name in ("IL6INFER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"HOME": "/home/me"} | variables).items():
        monkeypatch.setenv(name, value)

    assert cache.folder() == (expected and Path(expected))


def test_an_entry_that_may_not_be_read_is_made_again(place, monkeypatch, caplog):
    cache.obtain("entry.o", lambda: CONTENT)

    def refuse(self: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert cache.obtain("entry.o", lambda: b"own") == b"own"
    assert caplog.messages == [f"the cache {place} cannot be read (Permission denied): what is in it is compiled anew."]


def test_without_locks_each_process_goes_on(place, monkeypatch):
    monkeypatch.setattr(cache.FileLock, "acquire", lambda *_, **__: (_ for _ in ()).throw(NotImplementedError))

    assert cache.obtain("entry.o", lambda: CONTENT) == CONTENT


def _ask(log: str, queue: multiprocessing.Queue) -> None:
    def make() -> bytes:
        with Path(log).open("a") as file:
            file.write("made\n")
        return CONTENT

    queue.put(cache.obtain("entry.o", make) == CONTENT)


def test_of_twenty_processes_at_once_one_compiles(place, tmp_path):
    fork = multiprocessing.get_context("fork")
    queue, log = fork.Queue(), tmp_path / "log"
    processes = [fork.Process(target=_ask, args=(str(log), queue)) for _ in range(20)]
    for process in processes:
        process.start()
    found = [queue.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()

    assert found == [True] * 20
    assert log.read_text() == "made\n"


def test_the_integrator_is_compiled_anew_for_its_own_files_only():
    names = {path.relative_to(ROOT).as_posix() for path in cache.sources(link.INTEGRATOR)}

    assert {"kernel/forward.py", "kernel/steady.py", "kernel/contracts.py", "runs/outcome.py"} <= names
    assert names <= {f"runs/{name}.py" for name in ("outcome", "jumps")} | {
        f"kernel/{path.name}" for path in (ROOT / "kernel").glob("*.py")
    }
    for name in ("equations", "link", "cache", "lowering", "arithmetic", "printer", "calls", "tableau"):
        assert f"kernel/{name}.py" not in names


RATE = 0.3712
SCRIPT = """
import numpy as np
from il6infer.engine import compile
from tests.kernel.test_cache import RATE, small
engine = compile(small())
print(engine.simulate(np.array([RATE])).prediction.tolist())
print(engine.pullback(np.array([RATE]), np.ones(1), np.zeros(1)).tolist())
"""


def small() -> object:
    """Decay of x, with an equation of this test alone: no other test leaves its kernel in this process."""
    x, k = symbol("x"), symbol("k")
    return problem(network({"x": -k * x / 3}, {"x": sp.Integer(3)}, {"k": RATE}), [1.0], estimated={"k": RATE})


def _run(folder: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"IL6INFER_CACHE": str(folder), "PYTHONPATH": str(ROOT.parent)}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False, cwd=ROOT.parent
    )


def test_every_kind_of_file_may_be_damaged_and_a_second_process_compiles_nothing(tmp_path):
    """One flipped byte in a kernel gave a wrong gradient with exit 0, or a crash for ever after."""
    engine = compile(small())
    engine.pullback(np.array([RATE]), np.ones(1), np.zeros(1))
    # Callers of kernels are left out: which of them this machine has depends on what else has run.
    for path in cache.folder().iterdir():
        current = (cache.digest_of(link.INTEGRATOR), engine.kernel.digest)
        if path.suffix != ".lock" and "jacobian" not in path.name and any(digest in path.name for digest in current):
            shutil.copy(path, tmp_path / path.name)
    first = _run(tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    assert {path.suffix for path in tmp_path.iterdir()} >= {".bc", ".o", ".numba"}
    made = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.suffix != ".lock"}
    assert first.stdout == _run(tmp_path).stdout
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.suffix != ".lock"} == made

    damages = [DAMAGES[name] for name in ("flipped at 0.5", "flipped at 0.9", "halved", "empty")]
    damaged = [path for path in made if path.suffix in {".o", ".numba"}]
    for number, path in enumerate(damaged):
        path.write_bytes(damages[number % len(damages)](path.read_bytes()))
    after = _run(tmp_path)
    # A kernel is joined anew and optimised to the same code.
    assert (after.returncode, after.stdout) == (0, first.stdout)
    assert sorted(after.stderr.splitlines()) == sorted(f"{path} is damaged: it is compiled anew." for path in damaged)


@pytest.mark.parametrize("damage", ["halved", "flipped at 0.5"])
def test_a_damaged_integrator_is_compiled_anew(damage, place, monkeypatch, caplog):
    monkeypatch.setattr(link, "_compile_integrator", lambda entry: CONTENT)
    link._integrator("simulate")
    [path] = place.glob("*.bc")
    path.write_bytes(DAMAGES[damage](path.read_bytes()))

    assert link._integrator("simulate") == CONTENT
    assert caplog.record_tuples == [("il6infer", logging.WARNING, f"{path} is damaged: it is compiled anew.")]


def test_nothing_is_compiled_before_it_is_asked_for(place):
    compile(small())

    assert not place.exists()


def test_a_kernel_gives_the_exact_solution():
    found = compile(small()).simulate(np.array([RATE])).prediction

    assert found == pytest.approx([3 * math.exp(-RATE / 3)], rel=1e-6)


def test_the_integrator_refuses_to_be_compiled_with_other_options():
    environment = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    command = [sys.executable, "-m", link.INTEGRATOR, "simulate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"set {ENVIRONMENT}\n")


def test_a_failure_of_the_compiler_is_shown_whole(place, monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(link, "ENVIRONMENT", {})
    with pytest.raises(RuntimeError, match=r"il6infer.kernel.integrator simulate failed:\nset \{'NUMBA_OPT'"):
        link._integrator("simulate")

    assert [path.suffix for path in place.iterdir()] == [".lock"]
