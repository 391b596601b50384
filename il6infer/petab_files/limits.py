"""Sizes beyond which a problem is refused before anything reads it: an answer in seconds instead of hours."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from il6infer._errors import Fault, UserError, raise_faults

MAX_ROWS = 100_000
"""Of one table."""

MAX_BYTES = 50_000_000
"""Of one file."""

MAX_SPECIES = 1_000
"""Of one model: the code generated for more would compile for hours."""

MAX_EXPERIMENTS = 10_000
"""Of one problem."""

_CHUNK = 1 << 20
_SPECIES = re.compile(rb"<(?:\w+:)?species\s")
_ENCODING = re.compile(r"""(<\?xml[^>]*?encoding\s*=\s*)["']([\w.:-]+)["']""")


def check_files(paths: list[Path], subject: str) -> None:
    """Refuse files that are too large.

    Raises
    ------
    UserError
        With every such file.
    """
    raise_faults([fault for path in paths for fault in _faults(path)], subject)


def _faults(path: Path) -> Iterator[Fault]:
    if not path.is_file():
        return
    size = path.stat().st_size
    if size > MAX_BYTES:
        yield Fault(path.name, f"{size / 1e6:.0f} MB, at most {MAX_BYTES / 1e6:.0f} MB are supported.", "Split it.")
    elif path.suffix in (".tsv", ".csv"):
        with path.open("rb") as file:
            chunks = iter(lambda: file.read(_CHUNK), b"")
            rows = sum(max(chunk.count(b"\n"), chunk.count(b"\r")) for chunk in chunks)
        if rows > MAX_ROWS:
            yield Fault(path.name, f"{rows} rows, at most {MAX_ROWS} are supported.", "Split the problem.")
    elif path.suffix in (".xml", ".sbml"):
        count = len(_SPECIES.findall(path.read_bytes()))
        if count > MAX_SPECIES:
            what = f"{count} species, at most {MAX_SPECIES} are supported."
            yield Fault(path.name, what, "Lump species, or cut the model.")


def read_xml(path: Path) -> str:
    """Read an XML file in the encoding that it declares; the text declares UTF-8.

    Raises
    ------
    UserError
        If it is not in that encoding, or Python has none of that name.
    """
    content = path.read_bytes()
    declared = _ENCODING.match(content[:200].decode("latin-1").lstrip("\ufeff\xef\xbb\xbf"))
    name = declared[2] if declared else "utf-8"
    try:
        encoding = codecs.lookup(name).name
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except LookupError:
        raise UserError(f"{path}: encoding '{name}' is unknown. Save the model as UTF-8.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not {name} text (byte {error.start}). Save the model as UTF-8.") from None
    return _ENCODING.sub(r'\1"UTF-8"', text, count=1)
