"""RDML, the exchange format of qPCR: a zip with XML (rdml.org, versions 1.1 to 1.3); one row a reaction and target."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Collection, Iterator
from typing import Any

from il6infer._errors import Fault
from il6infer.ingestion.cells import Grid
from il6infer.ingestion.formats.format import Block, Format
from il6infer.ingestion.formats.pcr import read_wells
from il6infer.ingestion.xml_text import MAX_XML, children, root_of

_HEAD = ("Well", "Sample", "Target", "Task", "Omit", "Cq", "Run")
_AGAIN = "Export it again, or export the Cq values as CSV."


def unpack(content: bytes, name: str) -> tuple[Grid | None, list[Fault]]:
    """Give the reactions of an RDML file as a table; None, without a fault, for what is no RDML file."""
    if not content.startswith(b"PK\x03\x04"):
        return None, []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            inside = next((info for info in packed.infolist() if info.filename.lower().endswith("rdml_data.xml")), None)
            if inside is None:
                return None, []
            if inside.file_size > MAX_XML:
                return None, [Fault(name, f"holds {inside.file_size:,} bytes of XML, more than {MAX_XML:,}.", _AGAIN)]
            with packed.open(inside) as stream:
                text = stream.read(MAX_XML + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        return None, [Fault(name, f"cannot be unpacked ({error}).", _AGAIN)] if b"rdml_data" in content else []
    if len(text) > MAX_XML:
        return None, [Fault(name, f"holds more than {MAX_XML:,} bytes of XML.", _AGAIN)]
    return _grid(text, name)


def _grid(text: bytes, name: str) -> tuple[Grid | None, list[Fault]]:
    root, why = root_of(text)
    if root is None:
        return None, [Fault(name, f"is no RDML file: {why}.", _AGAIN)]
    rows = list(_reactions(root))
    if not rows:
        return None, [Fault(name, "the RDML file has no reaction with a Cq.", "Export it with its results.")]
    return Grid(name, (_HEAD, *rows), "", "utf-8"), []


def _text(node: Any, tag: str) -> str:
    found = children(node, tag)
    return (found[0].text or "").strip() if found else ""


def _id(node: Any, tag: str) -> str:
    found = children(node, tag)
    return str(found[0].get("id", "")) if found else ""


def _reactions(root: Any) -> Iterator[tuple[str, ...]]:
    types = {sample.get("id", ""): _text(sample, "type") for sample in children(root, "sample")}
    for experiment in children(root, "experiment"):
        for run in children(experiment, "run"):
            shape = children(run, "pcrFormat")
            columns = _text(shape[0], "columns") if shape else ""
            numbered = bool(shape) and _text(shape[0], "rowLabel") == "123"
            for react in children(run, "react"):
                place, sample = react.get("id", ""), _id(react, "sample")
                for data in children(react, "data"):
                    cq = _text(data, "cq")
                    # -1 is how the standard writes that no amplification was seen
                    cq = "Undetermined" if cq in ("", "-1", "-1.0") or cq.lower() == "nan" else cq
                    kind = types.get(sample, "")
                    omitted = "true" if children(data, "excl") else "false"
                    task = "Unknown" if kind in ("unkn", "opt", "") else kind
                    well = _well(place, columns, numbered)
                    yield (well, sample, _id(data, "tar"), task, omitted, cq, str(run.get("id", "")))


def _well(place: str, columns: str, numbered: bool) -> str:
    if not place.isdigit() or not columns.isdigit() or not int(columns) or numbered:
        return place
    row, column = divmod(int(place) - 1, int(columns))
    return f"{chr(ord('A') + row)}{column + 1}" if 0 <= row < 16 else place


def read(grid: Grid, wanted: Collection[str]) -> tuple[Block | None, list[Fault]]:
    """Read the reactions."""
    return read_wells(grid, 0)


FORMAT = Format(
    name="rdml",
    small=True,
    text="RDML 1.1 to 1.3 (zip with XML), from any machine",
    finds=lambda grid: False,
    read=read,
    unpack=unpack,
)
