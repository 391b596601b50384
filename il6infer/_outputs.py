"""Outputs: tried before the work begins, never an input, and several files put in place together or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from il6infer._errors import UserError, escaped
from il6infer._files import WRITTEN, on_disk

_TRIAL = bytes(1 << 16)

_INPUTS: list[Callable[[], Collection[Path]]] = []

_REMEDIES = {
    errno.ENOSPC: "Free some space, or choose another disk.",
    errno.EDQUOT: "Free some of your quota, or choose another disk.",
    errno.EROFS: "Choose another folder: this disk can only be read.",
    errno.EACCES: "Choose another folder, or ask for the right to write there.",
    errno.EPERM: "Choose another folder, or ask for the right to write there.",
    errno.EEXIST: "It is no folder (a link that leads nowhere, perhaps): choose another path.",
    errno.ENOTDIR: "A part of the path is a file: choose another path.",
    errno.EISDIR: "It is a folder: choose another path.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
}


def say(text: str) -> None:
    """Print what a command answers: names and cells of others in it command no terminal."""
    if sys.stdout is None:
        raise UserError("the standard output is closed: there is nowhere to print to.")
    sys.stdout.write(f"{escaped(text)}\n")


def told(error: OSError) -> str:
    """Say what the operating system refused, of which file, and what to do."""
    where = next((str(name) for name in (error.filename2, error.filename) if name), "")
    what = f"{error.strerror or error}."
    return " ".join([*([f"{where}:"] if where else []), what, *filter(None, [_REMEDIES.get(error.errno or 0, "")])])


@contextmanager
def kept(inputs: Callable[[], Collection[Path]]) -> Iterator[None]:
    """Within the block no output takes the place of one of these files.

    Parameters
    ----------
    inputs
        Gives them; it is asked where an output would replace a file.
    """
    _INPUTS.append(inputs)
    try:
        yield
    finally:
        _INPUTS.remove(inputs)


def refuse_inputs(outputs: Iterable[Path]) -> None:
    """Refuse outputs that are inputs of what runs now.

    Raises
    ------
    UserError
        Names the first.
    """
    places = [path for path in outputs if path.is_file()]
    if not places:
        return
    inputs = {os.path.realpath(path) for provider in _INPUTS for path in provider()}
    for place in places:
        if os.path.realpath(place) in inputs:
            raise UserError(f"{place}: is read here, and would be overwritten. Give another place to write to.")


def check_file(path: Path) -> None:
    """Refuse a path that no file can be written to; nothing is made.

    Raises
    ------
    UserError
        If it is a folder or a device, or if its folder cannot be made or written into.
    """
    try:
        mode = path.stat().st_mode if path.exists() else stat.S_IFREG
        if stat.S_ISDIR(mode):
            raise UserError(f"{path}: is a folder, the name of a file to write was expected.")
        if not stat.S_ISREG(mode):
            raise UserError(f"{path}: is a pipe or a device, the name of a file to write was expected.")
        _try_folder(path.parent)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {told(error)}") from None


def check_folder(path: Path) -> None:
    """Refuse a path that is no folder to write into, and where none can be made; nothing is made.

    Raises
    ------
    UserError
        If it is a file, or cannot be made or written into.
    """
    try:
        if path.exists() and not path.is_dir():
            raise UserError(f"{path}: is a file, a folder to write into was expected.")
        _try_folder(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {told(error)}") from None


def _try_folder(folder: Path) -> None:
    """Write to the folder, or to the first above it that exists, and take it back."""
    above = _existing(folder)
    try:
        with tempfile.TemporaryFile(dir=above) as trial:
            trial.write(_TRIAL)
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(above)) from None


def _existing(folder: Path) -> Path:
    """Give the folder, or the first above it that exists."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())


@contextmanager
def atomic_files(folder: Path) -> Iterator[Path]:
    """Folder to write to; when the block ends well its files take their places in `folder`, else all are removed.

    Raises
    ------
    UserError
        If the place of a file is taken by a folder, or by an input.
    """
    temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=_existing(folder)))
    try:
        yield temporary
        files = sorted(path for path in temporary.rglob("*") if path.is_file())
        places = [folder / path.relative_to(temporary) for path in files]
        refuse_inputs(places)
        for place in places:
            if place.is_dir():
                raise UserError(f"{place}: is a folder, and a file of that name would be written. Move it away.")
            place.parent.mkdir(parents=True, exist_ok=True)
        for path in files:
            on_disk(path)
        for path, place in zip(files, places, strict=True):
            path.replace(place)
        WRITTEN.extend(places)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
