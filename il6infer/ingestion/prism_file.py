"""GraphPad Prism's own files (pzfx, which is XML): each data table as it would be exported."""

from __future__ import annotations

from typing import Any

from il6infer._errors import Fault
from il6infer.ingestion.xml_text import MAX_XML, children, root_of

_EXPORT = "Export the data table from Prism as CSV."
_SUMS = {"SDN": ("Mean", "SD", "N"), "SEN": ("Mean", "SEM", "N"), "CVN": ("Mean", "%CV", "N"), "SD": ("Mean", "SD")}
_SUMS |= {"SE": ("Mean", "SEM"), "CV": ("Mean", "%CV"), "low-high": ("Mean", "+Error", "-Error")}
_SUMS |= {"upper-lower-limits": ("Mean", "Upper limit", "Lower limit")}

Rows = tuple[tuple[str, ...], ...]


def is_prism(content: bytes) -> bool:
    """Tell whether bytes are those of a pzfx file."""
    return content.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<") and b"<GraphPadPrismFile" in content[:2000]


def tables(content: bytes, name: str) -> tuple[dict[str, Rows], list[Fault]]:
    """Read the data tables of a file.

    Parameters
    ----------
    content
        Of the file.
    name
        How messages call it.

    Returns
    -------
    tuple
        Title -> rows of the table, its header first; and the faults.
    """
    if len(content) > MAX_XML:
        return {}, [Fault(name, f"holds {len(content):,} bytes of XML, more than {MAX_XML:,}.", _EXPORT)]
    root, why = root_of(content)
    if root is None:
        return {}, [Fault(name, f"{why}.", _EXPORT)]
    found: dict[str, Rows] = {}
    for table in [*children(root, "Table"), *children(root, "HugeTable")]:
        title = _title(table) or f"table {len(found) + 1}"
        found[title if title not in found else f"{title} ({len(found) + 1})"] = _rows(table)
    found = {title: rows for title, rows in found.items() if len(rows) > 1}
    return found, [] if found else [Fault(name, "has no data table with values.", _EXPORT)]


def _title(node: Any) -> str:
    titles = children(node, "Title")
    return " ".join("".join(titles[0].itertext()).split()) if titles else ""


def _rows(table: Any) -> Rows:
    """Header and rows of a table; cells that Prism leaves out of its analyses are left out, and counted above."""
    sums = _SUMS.get(table.get("YFormat", ""), ())
    columns: list[tuple[str, str, list[str]]] = []
    excluded = 0
    first = [*children(table, "XColumn"), *children(table, "RowTitlesColumn")][:1]
    for node in [*first, *children(table, "YColumn")]:
        for i, part in enumerate(children(node, "Subcolumn")):
            cells = children(part, "d")
            excluded += sum(cell.get("Excluded") == "1" for cell in cells)
            texts = ["" if cell.get("Excluded") == "1" else "".join(cell.itertext()).strip() for cell in cells]
            below = sums[i] if sums and node not in first and i < len(sums) else ""
            columns.append(("" if i else _title(node), below, texts))
    height = max((len(cells) for _, _, cells in columns), default=0)
    header = [tuple(title for title, _, _ in columns)] + ([tuple(below for _, below, _ in columns)] if sums else [])
    body = [tuple(cells[i] if i < len(cells) else "" for _, _, cells in columns) for i in range(height)]
    note = [(f"left out in Prism: {excluded} cells",)] if excluded else []
    return (*note, *header, *body)
