"""Rows that a workbook hides, by hand or by a filter: who looks at it does not see them, and readers of cells do."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib

from il6infer.ingestion.xml_text import MAX_XML, root_of

_ROW = re.compile(rb"<(?:\w+:)?row\s([^>]*)>")
_HIDDEN = re.compile(rb"""\bhidden\s*=\s*["'](?:1|true)["']""")
_NUMBER = re.compile(rb"""\br\s*=\s*["'](\d{1,7})["']""")


def hidden_rows(content: bytes, sheet: str) -> frozenset[int]:
    """Give the hidden rows of a sheet of a workbook (xlsx), from 1; none where they cannot be told.

    Parameters
    ----------
    content
        Bytes of the file.
    sheet
        Name of the sheet.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            path = _path_of(packed, sheet)
            text = packed.read(path) if path else b""
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, KeyError):
        return frozenset()
    if b"hidden" not in text:
        return frozenset()
    rows = (found[1] for found in _ROW.finditer(text) if _HIDDEN.search(found[1]))
    return frozenset(int(number[1]) for row in rows if (number := _NUMBER.search(row)))


def _path_of(packed: zipfile.ZipFile, sheet: str) -> str:
    """File of a sheet in the workbook's zip; empty where nothing names it."""
    names = {"book": "xl/workbook.xml", "links": "xl/_rels/workbook.xml.rels"}
    if any(packed.getinfo(name).file_size > MAX_XML for name in names.values()):
        return ""
    book, links = (root_of(packed.read(name))[0] for name in names.values())
    if book is None or links is None:
        return ""
    link = next(
        (
            value
            for node in book.iter()
            if node.tag.rpartition("}")[2] == "sheet" and node.get("name") == sheet
            for key, value in node.items()
            if key.endswith("}id")
        ),
        "",
    )
    target = next((node.get("Target", "") for node in links.iter() if node.get("Id") == link and link), "")
    return posixpath.normpath(posixpath.join("xl", target)).lstrip("/") if target else ""
