"""What stands around a diagram: colours of the modules, what the name of a model says."""

from __future__ import annotations

from il6infer.drawing.graph import Graph
from il6infer.library.compose import Model
from il6infer.library.names import CELLS, FEEDBACKS, OPTIONS, RECEPTORS, parse_model_name
from il6infer.library.priors import cell_table
from il6infer.network.network import Network

COLOURS = {
    "medium": ("#dbe8f6", "#2f6fb0"),
    "gp130": ("#d5efec", "#2b8a83"),
    "receptor_classic": ("#dcefd6", "#3f8f3a"),
    "receptor_trans": ("#fde6cc", "#c96a08"),
    "stat3": ("#ecdff0", "#83489a"),
    "socs3": ("#fadcdc", "#bf3436"),
    "reporter": ("#efe6da", "#8a623c"),
    "receptor_cluster": ("#f7e0ee", "#b0478a"),
    "hexamer": ("#e3e7b8", "#767d12"),
    "trafficking": ("#d9d9d9", "#5c5c5c"),
    "surface_trap": ("#cfe0d8", "#3d7a5c"),
    "sgp130": ("#cfe3f5", "#1f5f9e"),
    "sgp130_surface": ("#cfe3f5", "#1f5f9e"),
    "sgp130_cluster": ("#cfe3f5", "#1f5f9e"),
    "antibodies": ("#f3ecc2", "#937f12"),
    "antibodies_classic": ("#f3ecc2", "#937f12"),
    "antibodies_cluster": ("#f3ecc2", "#937f12"),
    "dimer": ("#c6d2ee", "#3c4fa0"),
    "dimer_surface": ("#c6d2ee", "#3c4fa0"),
    "dimer_cluster": ("#c6d2ee", "#3c4fa0"),
    "drugs": ("#f6d5c8", "#b24a22"),
    "assays": ("#ffffff", "#8a6d00"),
    "cell": ("#ffffff", "#2b8a83"),
    "cell_classic": ("#ffffff", "#3f8f3a"),
    "jak": ("#e4d9f7", "#6a48b5"),
    "stat1": ("#f0d6f2", "#9c3fa3"),
    "mapk": ("#d4ecf7", "#187a9e"),
    "akt": ("#dff0e6", "#2c8a55"),
    "targets": ("#eadfcf", "#7a5a2a"),
}
"""Module -> fill and line of its species."""

PLAIN = ("#f2f2f2", "#555555")
"""Fill and line of what no module made."""


def title(model: Model | Network) -> list[str]:
    """Name of a library model, and what each part of it says; nothing for other networks, whose names say it."""
    if not isinstance(model, Model):
        return []
    parts = parse_model_name(model.name)
    lines = [
        model.name,
        f"{parts.receptor}: {RECEPTORS[parts.receptor]}",
        f"{parts.feedback}: {FEEDBACKS[parts.feedback]}",
    ]
    lines += [f"{option}: {OPTIONS[option].text}" for option in parts.options]
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
            found.setdefault(COLOURS.get(node.module, PLAIN), node.module.replace("_", " "))
    return {label: colours for colours, label in found.items()}
