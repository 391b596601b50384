"""Joint fits of a configuration: which data sets, in which cells, and what each has of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from il6infer._errors import Fault, nearest
from il6infer.configuration.configuration import Configuration

OF_JOINT = ("joint", "own", "pooled")
"""Keys of a joint fit; it has models and constraints, and neither files nor cells of its own."""


def members_of(config: Configuration, dataset: str) -> tuple[str, ...]:
    """Names of the data sets of a joint fit, in order; none of another data set."""
    return config.datasets[dataset].joint or ()


def cell_of(config: Configuration, dataset: str) -> str:
    """Preset of the cells of a data set, or nothing; of a joint fit, of its first data set, whose models it has."""
    first = next(iter(members_of(config, dataset)), dataset)
    return config.datasets[first].cell or ""


def with_cell(model: str, cell: str) -> str:
    """Name of a model in cells of a preset; one that names a cell keeps it."""
    return f"{model}@{cell}" if cell and "@" not in model else model


def without_cell(model: str) -> str:
    """Name of a model without that of its cell."""
    return model.partition("@")[0]


def joint_faults(config: Mapping[str, Any]) -> Iterator[Fault]:
    """Find joint fits that name no data sets, or data sets that cannot be fitted together."""
    datasets = config.get("datasets")
    if not isinstance(datasets, Mapping):
        return
    raw = [n for n, d in datasets.items() if isinstance(d, Mapping) and "joint" not in d and "petab" not in d]
    for name, described in datasets.items():
        if not isinstance(described, Mapping):
            continue
        where = f"key 'datasets.{name}'"
        stray = [key for key in ("own", "pooled") if key in described]
        if "joint" not in described:
            if stray:
                what = f"has {' and '.join(map(repr, stray))}, and 'joint' is missing."
                yield Fault(where, what, "Say which data sets are fitted together: joint: [a, b].")
            continue
        members = described["joint"] if isinstance(described["joint"], list) else []
        for member in members:
            if member not in raw:
                what = f"'{member}' is no data set of raw files of this configuration."
                yield Fault(f"{where[:-1]}.joint'", what, nearest(str(member), raw))
        cells = [datasets[m].get("cell", "") for m in members if m in raw]
        if any(cells) and not all(cells):
            lacking = ", ".join(m for m in members if m in raw and not datasets[m].get("cell"))
            what = f"{lacking} has no 'cell', and the others have: their receptors would be counted in other units."
            yield Fault(where, what, "Give each data set of a joint fit a cell, or none.")
        twice = sorted(set(_texts(described.get("own"))) & set(_texts(described.get("pooled"))))
        for parameter in twice:
            yield Fault(where, f"'{parameter}' is both under 'own' and 'pooled'.", "Take it out of one.")


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
