"""Arviz starts in many processes at once, and where the user's cache cannot be written; it died in both."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import arviz
import platformdirs
import pytest

OLD = "2020-02-02"


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What arviz does of its announcement at its import, after what is done before it."""
    monkeypatch.setattr(arviz, "re", re, raising=False)  # arviz takes it away once it has started
    monkeypatch.setattr(platformdirs, "user_cache_dir", platformdirs.user_cache_dir)  # put back afterwards
    hooks = [finder for finder in sys.meta_path if type(finder).__module__ == "il6infer._environment"]
    assert len(hooks) == 1

    def both() -> None:
        hooks[0].find_spec("arviz", None, None)
        arviz._warn_once_per_day()

    return both


@pytest.fixture
def stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Arviz' file, of a day long ago."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    stamp = Path(platformdirs.user_cache_dir("arviz", "arviz"), "daily_warning")
    stamp.parent.mkdir(parents=True)
    stamp.write_text(OLD)
    return stamp


def test_where_another_process_takes_the_temporary_file(
    start: Callable[[], None], stamp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def second(self: Path, target: Path) -> Path:
        replace(self, target)  # by the first one, between the second one's two steps
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", second)
    start()
    assert stamp.read_text() == date.today().isoformat()
    assert list(stamp.parent.iterdir()) == [stamp]


def test_many_at_once(start: Callable[[], None], stamp: Path) -> None:
    together = Barrier(16)

    def one(number: int) -> None:
        for _ in range(20):
            together.wait(60)
            if number == 0:
                stamp.write_text(OLD)
            together.wait(60)
            start()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(16)))
    assert stamp.read_text() == date.today().isoformat()
    assert list(stamp.parent.iterdir()) == [stamp]


@pytest.mark.parametrize("cache", ["under a file", "stamp is a folder", "of nobody"])
def test_where_the_cache_cannot_be_written(
    cache: str, start: Callable[[], None], stamp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if cache == "stamp is a folder":
        stamp.unlink()
        stamp.mkdir()
    elif cache == "under a file":
        monkeypatch.setenv("XDG_CACHE_HOME", str(Path(__file__) / "cache"))
    else:
        found = platformdirs.user_cache_dir
        nobody = {"arviz": "~/.cache/arviz"}  # of a user without a home, whom the system does not know
        monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name, *words: nobody.get(name, found(name, *words)))
    before = set(tmp_path.rglob("*"))
    start()
    assert set(tmp_path.rglob("*")) == before  # nothing where the command was started
    assert platformdirs.user_cache_dir("arviz") != platformdirs.user_cache_dir("other")


def test_it_is_done_before_the_first_import(tmp_path: Path) -> None:
    code = "import il6infer, pymc, os, platformdirs; print(os.listdir(platformdirs.user_cache_dir('arviz')))"
    environment = os.environ | {"XDG_CACHE_HOME": str(Path(__file__) / "cache"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "['daily_warning']\n"), done.stderr
    assert "ArviZ is" not in done.stderr
    assert [path for path in tmp_path.iterdir() if path.name.startswith("il6infer")] == []  # taken away at the end
