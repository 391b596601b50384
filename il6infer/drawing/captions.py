"""What stands around a diagram: colours of the modules, what the name of a model says."""

from __future__ import annotations

from il6infer.drawing.graph import Graph
from il6infer.library.compose import Model
from il6infer.library.names import CELLS, parse_model_name
from il6infer.library.priors import cell_table
from il6infer.network.network import Network

PLAIN = ("#f2f2f2", "#555555")
"""Fill and line of what no module made."""


def title(model: Model | Network) -> list[str]:
    """Name of a library model, and what each part of it says; nothing for other networks, whose names say it."""
    if not isinstance(model, Model):
        return []
    library = model.library
    parts = parse_model_name(model.name, library)
    lines = [
        model.name,
        f"{parts.receptor}: {library.receptors[parts.receptor].text}",
        f"{parts.feedback}: {library.feedbacks[parts.feedback].text}",
    ]
    lines += [f"{option}: {library.options[option].text}" for option in parts.options]
    if parts.cell:
        numbers = [
            f"{row.description} {row.median:,g}"
            + ("" if row.distribution == "fixed" else f" ({row.low:,g}-{row.high:,g})")
            + ("" if row.unit == "1" else f" {row.unit}")
            for row in model.priors.itertuples()
            if row.parameter in cell_table()["parameter"].to_numpy()
        ]
        lines.append(f"{parts.cell}: {CELLS[parts.cell]}; {'; '.join(numbers)}")
    return lines


def colours_of(drawn: Graph) -> dict[str, tuple[str, str]]:
    """Give each module of a drawing its colours; files of one option share them and stand there once."""
    found: dict[tuple[str, str], str] = {}
    for node in drawn.nodes:
        if node.module:
            found.setdefault(drawn.colours.get(node.module, PLAIN), node.module.replace("_", " "))
    return {label: colours for colours, label in found.items()}
