"""What files of il6infer import, kept between commands: to parse some hundred files takes each of them half a second.

What is kept of a file goes by its text, and all of it by what else it depends on: the code that reads it, Python's
version, and which modules there are. What cannot be read is parsed anew, and what cannot be written is not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from il6infer._cache_folder import cache_folder


@dataclass(frozen=True)
class Piece:
    """What a function or class, or the top of a file, imports, and the names of the same file that it uses."""

    imports: frozenset[tuple[str, str]]
    names: frozenset[str]


Pieces = tuple[dict[str, Piece], Piece]
"""Functions and classes of a file by name, and what else stands at its top."""


class Parsed:
    """Files that were parsed before, by this command or another.

    Parameters
    ----------
    readers
        Files of the code that parses.
    modules
        Names of all modules that there are.
    """

    def __init__(self, readers: Iterable[Path], modules: Iterable[str]) -> None:
        depends = [*(path.read_text(encoding="utf-8") for path in readers), sys.version, *sorted(modules)]
        folder = cache_folder()
        self._path = folder and folder / f"imports.{_digest(chr(0).join(depends))[:32]}"
        self._known, self._new = self._read(), False

    def get(self, text: str) -> Pieces | None:
        """Give what is known of a file of this text."""
        found = self._known.get(_digest(text))
        if found is None:
            return None
        return {name: _piece(part) for name, part in found["inner"].items()}, _piece(found["top"])

    def put(self, text: str, pieces: Pieces) -> None:
        """Know it from now on."""
        inner, top = pieces
        self._known[_digest(text)] = {"inner": {name: _plain(one) for name, one in inner.items()}, "top": _plain(top)}
        self._new = True

    def keep(self) -> None:
        """Keep it for the next command, where there is anything new, and a place to write."""
        if not self._new or self._path is None:
            return
        self._new = False
        body = json.dumps(self._known, sort_keys=True)
        temporary = self._path.with_name(f"{self._path.name}.{uuid4().hex}.tmp")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                # tempfile would keep the file to its owner, and a cache may be shared.
                with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666), "w") as file:
                    file.write(f"{_digest(body)}\n{body}")
                temporary.replace(self._path)
            finally:
                temporary.unlink(missing_ok=True)

    def _read(self) -> dict[str, dict]:
        try:
            digest, _, body = self._path.read_text(encoding="utf-8").partition("\n") if self._path else ("", "", "")
        except (OSError, UnicodeDecodeError):
            return {}
        return json.loads(body) if body and digest == _digest(body) else {}


def _plain(piece: Piece) -> dict[str, list]:
    return {"imports": sorted(map(list, piece.imports)), "names": sorted(piece.names)}


def _piece(plain: dict[str, list]) -> Piece:
    return Piece(frozenset((module, name) for module, name in plain["imports"]), frozenset(plain["names"]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
