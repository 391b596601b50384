"""What an interrupted fit leaves, and another run goes on from: a folder beside the file that is being made.

It holds the key of the fit (what all depends on), where the chains began, whole chains of samplers that keep nothing
before a chain has ended, and one file a chain and session of NUTS, to which iterations are appended while they are
made. Each iteration carries a checksum, so that one that was half written, or zeroed by a crash, ends the file.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock, Timeout

from il6infer._errors import UserError
from il6infer._files import atomic_path, atomic_write_text, remove_leftovers
from il6infer._outputs import told
from il6infer.inference.frame import Frame

logger = logging.getLogger("il6infer")

_CHECK = "checksum"

Begin = Literal["as_found", "resume", "fresh"]

_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What numpy raises of a file of arrays that is not there, or not whole."""


@dataclass(frozen=True)
class Iterations:
    """Consecutive iterations of one chain in one frame.

    Attributes
    ----------
    coordinates
        (iterations, dimensions), in the frame.
    statistics
        Name -> (iterations,) of the sampler; ``tuning`` tells the warm-up.
    """

    coordinates: np.ndarray
    statistics: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        """How many they are."""
        return len(self.coordinates)

    def after(self, number: int) -> Iterations:
        """Those after the first `number`."""
        return Iterations(self.coordinates[number:], {k: v[number:] for k, v in self.statistics.items()})


@dataclass(frozen=True)
class Session:
    """What one run of the program added to a chain."""

    frame: Frame
    iterations: Iterations


class Checkpoint:
    """Folder of an unfinished fit; as a context, it removes the folder when the block ends well.

    Parameters
    ----------
    output
        File that the fit will write; the folder has its name and ``.partial``.
    begin
        What to do with what an interrupted fit has left: ``as_found`` goes on from what is of the same fit and discards
        anything else; ``resume`` goes on, and raises where there is nothing to go on from; ``fresh`` discards all.
    """

    def __init__(self, output: Path, begin: Begin = "as_found") -> None:
        self.folder = output.with_name(f"{output.name}.partial")
        self._output, self._begin = output, begin
        self._lock = FileLock(output.with_name(f".{output.name}.lock"))
        self._broken = False

    def __enter__(self) -> Checkpoint:
        """Do nothing yet: `claim` makes the folder."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Remove what was needed for an unfinished fit, where it is finished, and let other processes in."""
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock.is_locked:
            Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock.release()

    def claim(self, key: Mapping[str, Any]) -> None:
        """Keep other processes out, and discard what is of another fit.

        Parameters
        ----------
        key
            What the draws depend on, in words and digests.

        Raises
        ------
        UserError
            If another process is making the same file; if it is to go on, and there is nothing to go on from.
        """
        resume, path = self._begin == "resume", self.folder / "key.json"
        if resume and not path.exists():
            done = " (the file is there, so it has ended)" if self._output.exists() else ""
            remedy = "Leave --resume out to fit from the beginning."
            raise UserError(f"{self._output}: no interrupted fit to go on from{done}: no {self.folder}. {remedy}")
        with self._may_fail():
            self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            remedy = "Wait for it, or choose another file."
            raise UserError(f"{self._output}: another process is fitting it. {remedy}") from None
        except (OSError, NotImplementedError) as error:  # a disk that knows no locks
            logger.debug("no lock: %s", error)
        else:
            with suppress(OSError):  # they take up room, and harm nothing
                remove_leftovers(self._output)
        key = json.loads(json.dumps(key))
        try:
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            found = None
        if self._begin == "fresh" and found is not None:
            logger.info("%s: what an interrupted fit had left is discarded, as asked", self.folder)
        elif found == key:
            return
        elif isinstance(found, dict):
            changed = ", ".join(sorted(name for name in {*found, *key} if found.get(name) != key.get(name)))
            if resume:
                raise UserError(_other(self.folder, changed))
            logger.warning("%s is of another fit (%s differs): its draws are discarded", self.folder, changed)
        elif resume:
            raise UserError(f"{path}: damaged, so that whose draws these are is not known. Begin anew with --fresh.")
        shutil.rmtree(self.folder, ignore_errors=True)
        with self._may_fail():
            atomic_write_text(path, json.dumps(key, indent=2))

    def starts(self) -> tuple[list[tuple[Frame, np.ndarray]], dict[str, Any]] | None:
        """Read where the chains began, and attributes that tell of the search for it; None where nothing is kept."""
        try:
            with np.load(self.folder / "starts.npz") as file:
                stored = {name: file[name] for name in file.files}
            attributes = json.loads(str(stored["attributes"]))
            rows = zip(stored["origins"], stored["matrices"], stored["points"], strict=True)
            return [(Frame(origin, matrix), point) for origin, matrix, point in rows], attributes
        except _DAMAGED:
            return None

    def keep_starts(self, starts: Sequence[tuple[Frame, np.ndarray]], attributes: Mapping[str, Any]) -> None:
        """Write where the chains begin."""
        if self._broken:
            return
        with self._may_fail(), atomic_path(self.folder / "starts.npz") as temporary:
            np.savez(
                temporary,
                origins=np.array([frame.origin for frame, _ in starts]),
                matrices=np.array([frame.matrix for frame, _ in starts]),
                points=np.array([point for _, point in starts]),
                attributes=np.array(json.dumps(attributes)),
            )

    def arrays(self, name: str) -> dict[str, np.ndarray] | None:
        """Read the arrays of a part that had ended, by its name; None where they are not kept."""
        try:
            with np.load(self._ended(name)) as file:
                return {key: file[key] for key in file.files}
        except _DAMAGED:
            return None

    def keep_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write the arrays of a part that has ended."""
        if self._broken:
            return
        with self._may_fail(), atomic_path(self._ended(name)) as temporary:
            np.savez(temporary, **arrays)  # pyright: ignore[reportArgumentType]

    def sessions(self, chain: int) -> list[Session]:
        """Read what is kept of a chain, in order."""
        found = []
        for path in self._files(chain):
            iterations = _read(path)
            try:
                with np.load(path.with_suffix(".npz")) as file:
                    frame = Frame(file["origin"], file["matrix"])
            except _DAMAGED:
                break
            if iterations is None or not len(iterations):
                break
            found.append(Session(frame, iterations))
        return found

    def begin(self, chain: int, frame: Frame, number: int) -> None:
        """Begin session `number` of a chain; what lies there of it and later ones is removed.

        Parameters
        ----------
        chain
            Number of the chain, from 0.
        frame
            Coordinates of its draws.
        number
            Of the session in the chain, from 0.
        """
        if self._broken:
            return
        with self._may_fail():
            for path in self._files(chain)[number:]:
                path.unlink()
            with atomic_path(self._path(chain, number).with_suffix(".npz")) as temporary:
                np.savez(temporary, origin=frame.origin, matrix=frame.matrix)

    def append(self, chain: int, number: int, iterations: Iterations) -> None:
        """Add iterations to a session; they are on the disk when this returns.

        Parameters
        ----------
        chain
            Number of the chain, from 0.
        number
            Of the session, begun before.
        iterations
            Those that come after what the session has.
        """
        if self._broken or not len(iterations):
            return
        with self._may_fail():
            _append(self._path(chain, number), iterations)

    def _ended(self, name: str) -> Path:
        return self.folder / f"{name}.ended.npz"

    def _path(self, chain: int, number: int) -> Path:
        return self.folder / f"chain{chain}.{number:04d}.draws"

    def _files(self, chain: int) -> list[Path]:
        return sorted(self.folder.glob(f"chain{chain}.*.draws"))

    @contextmanager
    def _may_fail(self) -> Iterator[None]:
        """Let a full disk cost what it would have kept, and not the fit."""
        try:
            yield
        except OSError as error:
            logger.warning("the draws cannot be kept while they are made, and the fit goes on: %s", told(error))
            self._broken = True


def _other(folder: Path, changed: str) -> str:
    """Say that draws are of another fit, and what differs; a release or an update of a library is another one, too."""
    return (
        f"{folder}: the draws are of another fit ({changed} differs), and none were discarded. Only the same problem, "
        "settings, code and libraries go on from them: give those (key.json has them), or begin anew with --fresh."
    )


def _append(path: Path, iterations: Iterations) -> None:
    fields = [("coordinates", "<f8", (iterations.coordinates.shape[1],))]
    fields += [(name, values.dtype.newbyteorder("<").str) for name, values in iterations.statistics.items()]
    kind = np.dtype([*fields, (_CHECK, "<u4")])
    rows = np.zeros(len(iterations), kind)
    rows["coordinates"] = iterations.coordinates
    for name, values in iterations.statistics.items():
        rows[name] = values
    rows[_CHECK] = _checksums(rows)
    with path.open("ab") as file:
        if not file.tell():
            file.write(json.dumps(fields).encode() + b"\n")
        file.write(rows.tobytes())
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> Iterations | None:
    """Read a file up to the first iteration that is not whole; None where there is no file to read."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        fields = [(name, kind, *map(tuple, shape)) for name, kind, *shape in json.loads(head)]
        kind = np.dtype([*fields, (_CHECK, "<u4")])
    except (OSError, ValueError, TypeError):
        return None
    rows = np.frombuffer(body, kind, len(body) // kind.itemsize)
    good = _checksums(rows) == rows[_CHECK]
    rows = rows[: len(rows) if good.all() else int(np.argmin(good))]
    statistics = {name: rows[name].copy() for name in rows.dtype.names or () if name not in ("coordinates", _CHECK)}
    return Iterations(rows["coordinates"].copy(), statistics)


def _checksums(rows: np.ndarray) -> np.ndarray:
    """Checksum of each record without its last four bytes, which hold it."""
    size = rows.dtype.itemsize
    flat = rows.tobytes()
    return np.array([zlib.crc32(flat[i * size : (i + 1) * size - 4]) for i in range(len(rows))], dtype=np.uint32)
