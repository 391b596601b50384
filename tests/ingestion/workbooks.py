"""The smallest workbooks that spreadsheets read, made of cells: numbers, texts, dates, errors, merged ranges."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

Cell = str | float | None
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass(frozen=True)
class Styled:
    """A number that is shown as a date (style 1) or a time (style 2)."""

    value: float
    style: int


def xlsx(sheets: Mapping[str, Sequence[Sequence[Cell | Styled]]], merged: Mapping[str, Sequence[str]] = {}) -> bytes:
    """Bytes of a workbook; `merged` has ranges such as ``A1:A3`` by sheet."""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet {_MAIN}><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/>'
        '<xf numFmtId="20"/></cellXfs></styleSheet>',
    }
    entries, relations = "", f'<Relationship Id="s" Type="{_REL}/styles" Target="styles.xml"/>'
    for i, (name, rows) in enumerate(sheets.items(), start=1):
        entries += f'<sheet name="{escape(name)}" sheetId="{i}" r:id="r{i}"/>'
        relations += f'<Relationship Id="r{i}" Type="{_REL}/worksheet" Target="worksheets/s{i}.xml"/>'
        ranges = "".join(f'<mergeCell ref="{ref}"/>' for ref in merged.get(name, ()))
        ranges = f"<mergeCells>{ranges}</mergeCells>" if ranges else ""
        body = "".join(_row(number, row) for number, row in enumerate(rows, start=1))
        parts[f"xl/worksheets/s{i}.xml"] = f"<worksheet {_MAIN}><sheetData>{body}</sheetData>{ranges}</worksheet>"
    parts["xl/workbook.xml"] = f'<workbook {_MAIN} xmlns:r="{_REL}"><sheets>{entries}</sheets></workbook>'
    parts["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}</Relationships>'
    )
    return zipped(parts)


def _row(number: int, row: Sequence[Cell | Styled]) -> str:
    cells = ""
    for column, cell in enumerate(row):
        ref = f'r="{chr(ord("A") + column)}{number}"'
        if isinstance(cell, Styled):
            cells += f'<c {ref} s="{cell.style}"><v>{cell.value}</v></c>'
        elif isinstance(cell, str) and cell in ("#DIV/0!", "#N/A", "#REF!"):
            cells += f'<c {ref} t="e"><v>{escape(cell)}</v></c>'
        elif isinstance(cell, str):
            cells += f'<c {ref} t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
        elif cell is not None:
            cells += f"<c {ref}><v>{cell!r}</v></c>"
    return f'<row r="{number}">{cells}</row>'


def ods(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Bytes of an OpenDocument spreadsheet with one sheet."""
    body = ""
    for row in rows:
        cells = ""
        for cell in row:
            if isinstance(cell, str):
                cells += (
                    f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
                )
            elif cell is None:
                cells += "<table:table-cell/>"
            else:
                cells += f'<table:table-cell office:value-type="float" office:value="{cell!r}"/>'
        body += f"<table:table-row>{cells}</table:table-row>"
    names = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    names += 'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    names += 'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    sheet = f'<table:table table:name="Tabelle1">{body}</table:table>'
    content = f"<office:document-content {names}><office:body><office:spreadsheet>{sheet}</office:spreadsheet>"
    content += "</office:body></office:document-content>"
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/>'
    spaces = 'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
    manifest = f"<manifest:manifest {spaces}>{entry}</manifest:manifest>"
    return zipped({"mimetype": mime, "META-INF/manifest.xml": manifest, "content.xml": content})


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """Bytes of a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    return out.getvalue()
