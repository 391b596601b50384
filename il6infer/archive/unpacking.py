"""Unpack an archive that came from somebody else: nothing outside of the folder, nothing that explodes, whole."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from il6infer._errors import Fault, UserError, raise_faults
from il6infer._files import digest, why_unreadable
from il6infer.archive.packing import ABOUT, CODE
from il6infer.stages.codec import read
from il6infer.stages.export import Export

MOST_FILES = 100_000
MOST_BYTES, MOST_PACKED = 1_000_000_000, 50
"""Files of an archive; bytes that an archive of any size may hold, and bytes more for each byte of it."""
MOST_ARCHIVE = 1_000_000_000_000
"""Bytes of an archive; analyses of a thousand fits have some ten GB."""

_ODD = re.compile(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:")
_LONGEST = 1000


def unpack(archive: Path, folder: Path) -> Export:
    """Unpack an exported analysis into a folder, or find it there already.

    Parameters
    ----------
    archive
        What `export` wrote.
    folder
        Empty or new; or what an earlier call has made of the same archive.

    Returns
    -------
    Export
        What it says of itself; each file that it names was found to be the one that it names.

    Raises
    ------
    UserError
        If it is no archive of `export`; if a path leads out of the folder, a file is a link or a device, one stands
        twice, or the whole is larger than such an archive can be (nothing is written then); if the folder holds
        something else; if a file was altered.
    """
    if why := why_unreadable(archive, MOST_ARCHIVE):
        raise UserError(f"{archive}: {why}")
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = packed.infolist()
            raise_faults(_faults(entries, archive.stat().st_size), f"{archive}", "Nothing was unpacked.")
            _check_free(archive, folder, sum(entry.file_size for entry in entries))
            _check_folder(packed, archive, folder)
            for entry in sorted(entries, key=lambda entry: entry.filename != ABOUT):  # first, to be known again
                _extract(packed, entry, folder)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise UserError(f"{archive}: is not a zip file that can be read ({error}). Fetch it again.") from None
    found = read(folder / ABOUT, Export)
    raise_faults(_altered(folder, found), f"{archive}", "It is not what was exported: fetch it again.")
    return found


def _faults(entries: Sequence[zipfile.ZipInfo], size: int) -> Iterator[Fault]:
    """Find what no archive of `export` has."""
    if ABOUT not in {entry.filename for entry in entries}:
        yield Fault("the archive", f"holds no {ABOUT}: `il6infer export` did not write it.")
    if len(entries) > MOST_FILES:
        yield Fault("the archive", f"holds {len(entries):,} files, at most {MOST_FILES:,} are unpacked.")
        return
    whole = sum(entry.file_size for entry in entries)
    if whole > (most := MOST_BYTES + MOST_PACKED * size):
        what = f"would unpack to {whole / 1e9:,.1f} GB from {size / 1e6:,.1f} MB, at most {most / 1e9:,.1f} GB are."
        yield Fault("the archive", what)
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            yield Fault(repr(entry.filename), "shares its bytes with another file.")
        end = entry.header_offset + entry.compress_size
    seen: set[str] = set()
    for entry in entries:
        if what := _name_fault(entry, seen):
            yield Fault(repr(entry.filename[:100]), what)
        seen.add(entry.filename.casefold())
    for name in sorted(seen):
        if any(str(parent) in seen for parent in PurePosixPath(name).parents):
            yield Fault(repr(name), "lies in what is a file.")


def _name_fault(entry: zipfile.ZipInfo, seen: set[str]) -> str:
    name, kind = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
    if _ODD.search(entry.orig_filename) or len(name) > _LONGEST:
        return "is no name of a file that every system has."
    if name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
        return "leads out of the folder, or names none; a file in it was expected."
    if kind not in (0, stat.S_IFREG):
        return "is a link or a device, a file was expected."
    if entry.flag_bits & 1:
        return "is encrypted."
    if name.casefold() in seen:
        return "stands twice."
    return ""


def _check_free(archive: Path, folder: Path, needed: int) -> None:
    above = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(above).free
    if needed > free:
        raise UserError(f"{archive}: needs {needed / 1e6:,.0f} MB in {folder}, {free / 1e6:,.0f} MB are free.")


def _check_folder(packed: zipfile.ZipFile, archive: Path, folder: Path) -> None:
    """Refuse a folder with anything but what an earlier call has unpacked of this archive."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    about = folder / ABOUT
    if not about.is_file() or about.read_bytes() != packed.read(ABOUT):
        raise UserError(f"{folder}: holds something else than {archive.name}. Choose another folder with -o.")


def _extract(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    path = folder / entry.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(entry) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)


def _altered(folder: Path, about: Export) -> Iterator[Fault]:
    """Find files that are not those that the archive names."""
    named = [(about.configuration.path, about.configuration.sha256)]
    named += [(f"{about.folder}/{file.path}", file.sha256) for file in (*about.inputs, *about.outputs)]
    named += [(f"{CODE}/{file.path}", file.sha256) for file in about.code]
    for name, sha256 in named:
        if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
            yield Fault(ABOUT, f"names '{name}', which leads out of the folder.")
        elif not (folder / name).is_file():
            yield Fault(name, "is missing.")
        elif digest(folder / name) != sha256:
            yield Fault(name, "was altered after the export.")
