"""Files: written whole or not at all, with digests and versions that say where they came from."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from il6infer._errors import UserError

MAX_BYTES = 100_000_000
"""Of a file that is read whole; what is larger is refused, not tried."""

WRITTEN: list[Path] = []
"""Files that this process has put in place, for the provenance of what a command made."""

Groups = Mapping[str, Any]
"""Group -> `xarray.Dataset`: an ArviZ InferenceData, or what `read_posterior` gives."""

# Packages whose versions can change a result.
_VERSIONED = ("il6infer", "pymc", "pytensor", "arviz", "nutpie", "numba", "numpy", "scipy", "pandas", "xarray", "petab")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Path to write to; it takes the place of `path` when the block ends well, and is removed when it does not.

    The folder is made when it is missing. The path keeps the suffix, for libraries that look at it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp's 0600 would hide results from the group
        on_disk(temporary)
        temporary.replace(path)
        WRITTEN.append(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Remove what `atomic_path` left of `path` where its process was killed; nobody else may be writing it."""
    name = re.compile(rf"\.{re.escape(path.stem)}\.[a-z0-9_]{{8}}{re.escape(path.suffix)}")
    for left in path.parent.iterdir():
        if name.fullmatch(left.name):
            left.unlink(missing_ok=True)


def on_disk(path: Path) -> None:
    """Wait until a file's content is on the disk: a machine that loses power may else keep a name without it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def atomic_write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with LF line ends, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, content: Any) -> None:
    """Write strict JSON: two spaces, keys in the order given, a line end at the end.

    Raises
    ------
    ValueError
        When a number is NaN or infinite, which JSON cannot hold: write ``None`` and say why beside it.
    """
    atomic_write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def why_unreadable(path: Path, limit: int = MAX_BYTES) -> str:
    """Say why a path is no file that can be read whole, or ``""``: a pipe or device would be read for ever.

    Raises
    ------
    OSError
        If its folder may not be looked into.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return f"no such file in {path.parent}."
    if stat.S_ISDIR(status.st_mode):
        return "is a folder, a file was expected."
    if not stat.S_ISREG(status.st_mode):
        return "is a pipe or a device, a regular file was expected."
    if status.st_size > limit:
        return f"has {status.st_size / 1e6:.0f} MB, at most {limit / 1e6:.0f} MB are read."
    return ""


def read_text(path: str | Path, limit: int = MAX_BYTES) -> str:
    """Read a UTF-8 text file.

    Raises
    ------
    UserError
        If it is missing, is no regular file, is larger than `limit` bytes, or is not UTF-8.
    """
    path = Path(path)
    try:
        if why := why_unreadable(path, limit):
            raise UserError(f"{path}: {why}")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    UserError
        If it cannot be read, or is not JSON (with line and column).
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UserError(f"{path}, {place}: is not JSON: {error.msg}. Run the stage that writes it again.") from None
    except RecursionError:
        raise UserError(f"{path}: is nested too deeply to be read.") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise UserError(f"{path}: holds a value that cannot be read: {error}.") from None


def digest(path: str | Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names, as 64 hexadecimal digits."""
    path = Path(path)
    if not path.is_dir():
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    total = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        total.update(f"{file.relative_to(path).as_posix()}\0{digest(file)}\n".encode())
    return total.hexdigest()


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = [("python", platform.python_version())]
    for name in _VERSIONED:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            found.append((name, "not installed"))
    return tuple(found)


def versions() -> dict[str, str]:
    """Version of Python and of each package that can change a result."""
    return dict(_versions())


_LARGEST, _MOST_PACKED = 1_000_000_000, 50
"""Bytes of a posterior's arrays that are read of a file of any size, and bytes more for each byte of the file."""


def read_posterior(path: str | Path, *groups: str) -> dict[str, Any]:
    """Read groups of a fit's InferenceData whole into memory.

    Parameters
    ----------
    groups
        Those to read, for a file has many small variables; those of the warm-up may be absent. None: all.

    Returns
    -------
    dict
        Group -> `xarray.Dataset`.

    Raises
    ------
    UserError
        If the file is missing or is not one that `il6infer fit` wrote.
    """
    # Not by ArviZ, whose import takes longer than the reading.
    import h5netcdf
    import h5py

    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file. Run `il6infer fit` first.")
    try:
        # h5netcdf follows links as it opens a file.
        with h5py.File(path, "r") as whole, h5netcdf.File(_own(whole, path, groups), "r") as file:
            missing = [group for group in _GROUPS if group not in file.groups]
            if missing:
                raise UserError(f"{path}: group {', '.join(missing)} is missing. Run `il6infer fit` again.")
            wanted = [group for name, group in file.groups.items() if name in groups or not groups]
            size = sum(math.prod(v.shape) * v.dtype.itemsize for group in wanted for v in group.variables.values())
            if size > _LARGEST + _MOST_PACKED * path.stat().st_size:
                what = f"says that it holds {size / 1e9:,.0f} GB, which its {path.stat().st_size:,} bytes cannot."
                raise UserError(f"{path}: {what} Run `il6infer fit` again.")
            found = {name: _dataset(group) for name, group in file.groups.items() if name in groups or not groups}
            if not all(found[name].data_vars for name in ("posterior", "sample_stats") if name in found):
                raise UserError(f"{path}: holds no draws. Run `il6infer fit` again.")
            return found
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
        # What was altered or cut comes to light in any call of the library, with any of these.
        raise UserError(f"{path}: not a readable netCDF file ({error}). Run `il6infer fit` again.") from error


def _own(file: Any, path: Path, groups: Sequence[str]) -> Any:
    """Give a file, if it holds nothing odd."""
    if odd := _odd(file, groups):
        raise UserError(f"{path}: {odd}, which `il6infer fit` does not write. Run it again.")
    return file


def _odd(file: Any, groups: Sequence[str]) -> str:
    """Say what a file has that leads out of it, or is no array of numbers or texts: in its root and in `groups`.

    A link can name any file, or a pipe that never ends; so can the storage of a variable.
    """
    import h5py

    for name in file:
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            return f"'{name}' is a link"
        group = file[name]
        if not isinstance(group, h5py.Group) or (groups and name not in groups):
            continue
        for variable in group:
            where = f"'{name}/{variable}'"
            if not isinstance(group.get(variable, getlink=True), h5py.HardLink):
                return f"{where} is a link"
            one = group[variable]
            if not isinstance(one, h5py.Dataset):
                continue
            if one.external or one.is_virtual:
                return f"the values of {where} lie in another file"
            kind = one.dtype
            if kind.kind not in "biufS" and not h5py.check_string_dtype(kind):
                return f"{where} holds values of type {kind}"
    return ""


def _dataset(group: Any) -> Any:
    """Read what xarray wrote into a group of an h5netcdf file: each variable once, where xarray opens it twice."""
    import xarray as xr

    variables, attrs = {}, dict(group.attrs)
    coordinates = str(attrs.pop("coordinates", "")).split()
    for name, variable in group.variables.items():
        values = variable[...]
        if "draw" in variable.dimensions and values.dtype.kind not in "biuf":
            raise ValueError(f"'{name}' holds texts where numbers, a draw each, were expected")
        kind = str if values.dtype == object else bool if variable.attrs.get("dtype") == "bool" else values.dtype
        coordinates += str(variable.attrs.get("coordinates", "")).split()
        units = {"units": variable.attrs["units"]} if "units" in variable.attrs else {}
        variables[name] = (variable.dimensions, values.astype(kind, copy=False), units)
    return xr.Dataset(variables, attrs=attrs).set_coords(set(coordinates))


_GROUPS = (
    "posterior",
    "sample_stats",
    "prior",
    "prior_predictive",
    "posterior_predictive",
    "log_likelihood",
    "observed_data",
    "constant_data",
    "predictions",
)
