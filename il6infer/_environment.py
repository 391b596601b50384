"""What lies outside of the program and keeps libraries from their work.

Numba takes its settings from variables ``NUMBA_...`` and from a file ``.numba_config.yaml`` in the folder that a
command is started in (https://numba.readthedocs.io/en/stable/reference/envvars.html): those that keep it from compiling
are told in one message, with what to do.

ArviZ 0.23 notes in the user's cache folder on which day it last announced its 1.0. Of two processes that are a day's
first to import it, one dies, for both write through one temporary file; and so does each where the folder cannot be
written. So the note is made for it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from il6infer._errors import UserError

FILE = ".numba_config.yaml"
_OFF = "the engine is compiled by numba, and cannot run without. Unset it, or set it to 0."
_NO_THREADS = "numba needs one thread at least. Unset it, or set it to 1 or more."


def refuse_hindering() -> None:
    """Refuse settings with which numba does not compile, or does not even start.

    Raises
    ------
    UserError
        Naming the setting, where it stands, its value, and what to do.
    """
    written = _written()
    for name, hinders, why in (
        ("NUMBA_DISABLE_JIT", lambda value: value != 0, _OFF),
        ("NUMBA_NUM_THREADS", lambda value: value < 1, _NO_THREADS),
    ):
        place, text = _value(name, written)
        try:
            value = int(text or "")
        except ValueError:
            continue  # numba says so, and goes on as if nothing were set
        if hinders(value):
            raise UserError(f"{place} is {text}: {why}")


def _value(name: str, written: Mapping[str, object]) -> tuple[str, str | None]:
    """Where a setting stands, and its text; variables go before the file."""
    if name in os.environ:
        return f"the environment variable {name}", os.environ[name]
    return f"{name.removeprefix('NUMBA_').lower()} in {FILE} of this folder", _text(written.get(name))


def _text(value: object) -> str | None:
    return None if value is None else str(int(value) if isinstance(value, bool) else value)


def _written() -> Mapping[str, object]:
    """Read the settings of the file, by the names of the variables."""
    path = Path(FILE)
    if not path.is_file():
        return {}
    import yaml

    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise UserError(
            f"{FILE} of this folder, which numba reads, cannot be read: {' '.join(str(error).split())}. Remove it."
        ) from None
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise UserError(f"{FILE} of this folder, which numba reads, is no list of names and values. Remove it.")
    return {f"NUMBA_{key.upper()}": value for key, value in found.items()}


def prepare_for_arviz() -> None:
    """From now on, note for arviz that it made its announcement, right before whoever first imports it."""
    if not any(isinstance(finder, _BeforeArviz) for finder in sys.meta_path):
        sys.meta_path.insert(0, _BeforeArviz())


class _BeforeArviz(MetaPathFinder):
    """Finds no module, but is asked before any is imported."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "arviz":
            _note_announcement()


def _note_announcement() -> None:
    import platformdirs  # as arviz does

    try:
        _write_stamp(Path(platformdirs.user_cache_dir("arviz", "arviz")))
    except OSError:
        found = platformdirs.user_cache_dir
        with contextlib.suppress(OSError):  # no folder at all: arviz says so
            own = tempfile.mkdtemp(prefix="il6infer-arviz-")
            atexit.register(shutil.rmtree, own, ignore_errors=True)
            _write_stamp(Path(own))

            def user_cache_dir(appname: str | None = None, *words: Any, **options: Any) -> str:
                return own if appname == "arviz" else found(appname, *words, **options)

            platformdirs.user_cache_dir = user_cache_dir


def _write_stamp(folder: Path) -> None:
    """Write the file that arviz reads, in one step, unless it is of today."""
    if not folder.is_absolute():  # of a user without a home: it would come to lie where the command was started
        raise FileNotFoundError(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stamp, today = folder / "daily_warning", date.today().isoformat()
    with contextlib.suppress(FileNotFoundError, ValueError):
        if stamp.read_text().strip() == today:
            return
    number, name = tempfile.mkstemp(prefix=stamp.name, dir=folder)
    try:
        with os.fdopen(number, "w") as file:
            file.write(today)
        os.replace(name, stamp)
    except OSError:
        os.unlink(name)
        raise
