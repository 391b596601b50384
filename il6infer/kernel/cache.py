"""What is compiled is kept on disk: entries that are checked before use, and compiled anew where they are damaged.

An entry is a file whose name says all that its content depends on. It begins with a digest of name and content, so a
file that was cut, changed, or moved under another name is known before it reaches LLVM or the loader. Nothing here
fails: what cannot be read is made again, and what cannot be written is kept in memory.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import llvmlite
import numba
import numpy as np
from filelock import FileLock, Timeout

from il6infer._cache_folder import cache_folder as folder
from il6infer._digests import ROOT, reached_modules
from il6infer.kernel.processor import processor
from il6infer.kernel.vector_math import library

logger = logging.getLogger("il6infer")

_MAGIC = b"il6infer cache 1\n"
_PATIENCE = 900.0  # seconds to wait for another process that makes the same entry

_REMEDY = "each process compiles anew, which takes a minute. Set IL6INFER_CACHE to a folder that can be written."

_MEMORY: dict[str, bytes] = {}
"""Entries that could not be written."""


def obtain(name: str, make: Callable[[], bytes]) -> bytes:
    """Content of an entry; where there is none that is whole, `make` it, in one process of all that ask for it.

    Parameters
    ----------
    name
        Of the file; must say all that the content depends on.
    make
        Compiles the content.
    """
    data = read(name)
    if data is None:
        with _alone(name):
            data = read(name, quietly=True)
            if data is None:
                data = make()
                write(name, data)
    return data


def read(name: str, *, quietly: bool = False) -> bytes | None:
    """Content of an entry; None where there is none, or none that is whole (which is said unless `quietly`)."""
    place = folder()
    if name in _MEMORY or place is None:
        return _MEMORY.get(name)
    path = place / name
    try:
        stored = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if _can_be_written(place):
            _warn_once(f"the cache {place} cannot be read ({error.strerror}): what is in it is compiled anew.")
        return None
    head, data = stored[: len(_MAGIC) + 32], stored[len(_MAGIC) + 32 :]
    if head != _head(name, data):
        if not quietly:
            logger.warning("%s is damaged: it is compiled anew.", path)
        return None
    return data


def write(name: str, data: bytes) -> None:
    """Keep an entry: whole or not at all, readable by whom the umask allows; in memory where the disk refuses."""
    place = folder()
    if not _can_be_written(place) or place is None:
        _MEMORY[name] = data
        return
    try:
        _put(place, name, _head(name, data) + data)
    except OSError as error:
        _cannot_be_written(place, error)
        _MEMORY[name] = data


def _put(place: Path, name: str, content: bytes) -> None:
    temporary = place / f"{name}.{uuid4().hex}.tmp"
    place.mkdir(parents=True, exist_ok=True)
    try:
        # tempfile would keep the file to its owner, and a cache may be shared.
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666), "wb") as file:
            file.write(content)
        temporary.replace(place / name)
    finally:
        temporary.unlink(missing_ok=True)


@cache
def _can_be_written(place: Path | None) -> bool:
    """Try it, before a minute of compiling: where it cannot, that is said at once."""
    if place is None:
        _warn_once(f"there is no home folder to keep what is compiled: {_REMEDY}")
        return False
    probe = f"probe.{uuid4().hex}"
    try:
        _put(place, probe, _MAGIC)
        (place / probe).unlink()
    except OSError as error:
        _cannot_be_written(place, error)
        return False
    return True


def _cannot_be_written(place: Path, error: OSError) -> None:
    why = "it is no folder" if isinstance(error, FileExistsError) else error.strerror
    _warn_once(f"the cache {place} cannot be written ({why}): {_REMEDY}")


@cache
def digest_of(module: str) -> str:
    """Digest of what a module's compiled code depends on: its source and all that it imports, versions, processor."""
    versions = sys.implementation.cache_tag, numba.__version__, llvmlite.__version__, np.__version__
    code = [path.read_text("utf-8") for path in sources(module)]
    return hashlib.sha256("\0".join([*processor(), library(), *versions, *code]).encode()).hexdigest()[:32]


def sources(module: str) -> list[Path]:
    """Files of il6infer that a module is made of, by its imports."""
    files = {ROOT.joinpath(*name.split(".")[1:]).with_suffix(".py") for name in reached_modules(module)}
    return sorted(path for path in files if path.is_file())


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Hold the lock of an entry; where locks cannot be had, go on without: then two processes make the same."""
    place = folder()
    if not _can_be_written(place) or place is None or name in _MEMORY:
        yield
        return
    lock = FileLock(place / f"{name}.lock")
    try:
        lock.acquire(timeout=_PATIENCE)
    except (Timeout, OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _head(name: str, data: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(name.encode() + b"\0" + data).digest()


@cache
def _warn_once(text: str) -> None:
    logger.warning("%s", text)
