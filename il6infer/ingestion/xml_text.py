"""XML of a stranger: read without document types, whose entities can grow without end or read other files."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

MAX_XML = 50_000_000
"""Bytes of XML that are read."""


class _DeclarationError(Exception):
    """A document type is declared."""


def root_of(text: bytes) -> tuple[Any | None, str]:
    """Parse XML.

    Parameters
    ----------
    text
        The bytes of the document.

    Returns
    -------
    tuple
        The root, or None; and why there is none.
    """

    def refuse(*_: object) -> None:
        raise _DeclarationError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text, True)
        return ElementTree.fromstring(text), ""
    except _DeclarationError:
        return None, "its XML declares a document type"
    except (ElementTree.ParseError, expat.ExpatError, ValueError, LookupError) as error:
        return None, f"its XML cannot be read ({error})"


def children(node: Any, tag: str) -> list[Any]:
    """Children of a node with a tag, whatever namespace they are in."""
    return [child for child in node if str(child.tag).rpartition("}")[2] == tag]
