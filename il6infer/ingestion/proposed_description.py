"""Text of a proposed description: what was seen of each file, what is to be done, and its entry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from il6infer.ingestion.dataset import BLANK
from il6infer.ingestion.labels import name_of


@dataclass
class Proposal:
    """What is proposed for one file: its entry, its layout (text of a table), and what a person has to do."""

    path: str
    entry: dict[str, Any]
    layout: str = ""
    seen: str = ""
    todo: list[str] = field(default_factory=list)
    species: set[str] = field(default_factory=set)

    @property
    def stem(self) -> str:
        """Name for its layout and batch: that of the file, and of the sheet."""
        sheet = self.entry.get("sheet", "")
        return Path(self.path).stem + (f"_{name_of(sheet)}" if sheet else "")


def description(name: str, found: Sequence[Proposal], protocol: str, cell: str) -> str:
    """Write YAML text of the description; a comment says of each file what was seen.

    Parameters
    ----------
    name
        Of the data set.
    found
        What is proposed for each file.
    protocol
        File of the protocol; empty where there is none.
    cell
        What was measured in; empty where it is not known.
    """
    lines = [
        f"# Proposed by `il6infer init`. {BLANK} marks what only you can say; nothing is read before it is filled in.",
        f"# Then: il6infer ingest check {name}.yaml --folder . --output pictures",
        f'title: "{BLANK}"',
        "simulated: false",
        f"cell: {cell}"
        if cell
        else f"# cell: HepG2  # and in {name}_config.yaml behind each model: classic_none@HepG2",
    ]
    if protocol:
        lines.append(f"protocol: {protocol}")
    else:
        lines += [
            "# Conditions that say their doses need no protocol: 'vehicle', 'IL-6 10 ng/ml + sIL-6R 25 ng/ml'. Others:",
            "# protocol:",
            "#   - {condition: vehicle, time_min: 0, action: control}",
            "#   - {condition: il6_10, time_min: 0, action: add, species: IL-6, dose: 10, unit: ng/ml}",
        ]
    lines.append("files:")
    for one in found:
        lines.append(f"  # {one.seen}")
        lines += [f"  # to do: {todo}" for todo in one.todo]
        lines += [("  - " if i == 0 else "    ") + text for i, text in enumerate(_yaml(one.entry))]
    return "\n".join(lines) + "\n"


def _yaml(entry: Mapping[str, Any]) -> list[str]:
    lines = []
    for key, value in entry.items():
        if isinstance(value, Mapping) and key in ("observables",):
            lines += [f"{key}:", *(f"  {name}: {_flow(one)}" for name, one in value.items())]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    text = str(value)
    words = ("true", "false", "null", "yes", "no", "on", "off")
    quoted = not re.fullmatch(r"[A-Za-z_][\w./ -]*", text) or text.lower() in words
    return "'" + text.replace("'", "''") + "'" if quoted else text
