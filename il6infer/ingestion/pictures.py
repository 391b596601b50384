"""A picture of each file that was read: lanes as a strip, plates as maps, the standard curve, replicates."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from il6infer._outputs import atomic_files
from il6infer._tables import Row
from il6infer.ingestion.assays import ASSAYS
from il6infer.ingestion.curves import fit_curve
from il6infer.ingestion.join import KEYS
from il6infer.ingestion.layout import well_of
from il6infer.ingestion.sources import Source

Panel = Callable[[Any], None]
"""Draws into an axes."""


def draw(sources: Sequence[Source], folder: Path) -> list[Path]:
    """Draw one picture a gel or plate.

    Parameters
    ----------
    sources
        What was read.
    folder
        Where the pictures are written (PNG, named after file and batch).

    Returns
    -------
    list of Path
        Those that were written; a file of which nothing was read has none.
    """
    written = []
    with atomic_files(folder) as place, mpl.rc_context({"font.size": 8}):
        for source in sources:
            panels = _panels(source)
            if not panels:
                continue
            figure = Figure(figsize=(7.5, 2.6 * len(panels)), layout="constrained")
            axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
            for axis, panel in zip(axes, panels, strict=True):
                panel(axis)
            figure.suptitle(f"{source.spec.path}, {source.spec.batch} ({source.spec.assay})")
            name = re.sub(r"\W+", "_", f"{source.spec.path}_{source.spec.batch}") + ".png"
            figure.savefig(place / name, dpi=110, metadata={"Software": None})
            written.append(folder / name)
    return written


def _panels(source: Source) -> list[Panel]:
    sheet = source.reading.sheet
    if sheet is None or not sheet.rows:
        return []
    columns = [c for c in ASSAYS[source.spec.assay].columns(source.spec) if c in sheet.columns]
    measured = [c for c in columns if c not in KEYS and any(sheet.number(row[c]) is not None for row in sheet.rows)]
    panels: list[Panel] = []
    if "lane" in sheet.columns:
        panels.append(lambda axis: _lanes(axis, source, measured))
    elif "well" in sheet.columns and measured:
        panels += [_map(source, column) for column in measured[:3]]
    if source.spec.assay == "elisa" and source.reading.values:
        panels.append(lambda axis: _curve(axis, source))
    if _several(source):
        panels.append(lambda axis: _replicates(axis, source))
    return panels


def _numbers(source: Source, column: str) -> list[float]:
    sheet = source.reading.sheet
    cells = [sheet.number(row[column]) for row in sheet.rows] if sheet else []
    return [math.nan if value is None else value for value in cells]


def _lanes(axis: Any, source: Source, bands: Sequence[str]) -> None:
    """Bands as they would look: darker is more; what gives no value is crossed out."""
    rows: tuple[Row, ...] = source.reading.sheet.rows if source.reading.sheet else ()
    shades = np.array([_share(_numbers(source, band)) for band in bands])
    axis.imshow(shades, cmap="Greys", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    read = {value.row for value in source.reading.values}
    for i, row in enumerate(rows):
        if row.number not in read:
            axis.axvline(i, color="#b3261e", linewidth=1)
    axis.set_yticks(range(len(bands)), bands)
    labels = [
        f"{row['lane']}: {_short(row.cells.get('condition', ''))} {row.cells.get(source.spec.time, '')}" for row in rows
    ]
    axis.set_xticks(range(len(rows)), labels, rotation=90, fontsize=6)
    axis.set_title("lanes: intensity over the strongest band; crossed out: gives no value", loc="left")


def _share(values: Sequence[float]) -> list[float]:
    most = max((value for value in values if not math.isnan(value)), default=1.0)
    return [value / most if most > 0 else math.nan for value in values]


def _map(source: Source, column: str) -> Panel:
    def panel(axis: Any) -> None:
        places = [well_of(row["well"]) for row in (source.reading.sheet.rows if source.reading.sheet else ())]
        found = [re.fullmatch(r"([A-P])(\d+)", place) for place in places]
        values = {
            (ord(m[1]) - ord("A"), int(m[2]) - 1): value
            for m, value in zip(found, _numbers(source, column), strict=True)
            if m
        }
        if not values:
            axis.set_axis_off()
            return
        height, width = (8, 12) if max(r for r, _ in values) < 8 and max(c for _, c in values) < 12 else (16, 24)
        plate = np.full((height, width), math.nan)
        for place, value in values.items():
            plate[place] = math.log10(value) if value > 0 else math.nan
        image = axis.imshow(plate, cmap="viridis", aspect="auto", interpolation="nearest")
        axis.figure.colorbar(image, ax=axis, label="log10")
        axis.set_yticks(range(height), [chr(ord("A") + i) for i in range(height)])
        axis.set_xticks(range(width), [str(i + 1) for i in range(width)])
        axis.set_title(f"plate: {column}", loc="left")

    return panel


def _curve(axis: Any, source: Source) -> None:
    spec: Any = source.spec
    sheet = source.reading.sheet
    rows = sheet.rows if sheet else ()
    cells = [(row, sheet.number(row[spec.standard]), sheet.number(row[spec.signal])) for row in rows] if sheet else []
    points = [(level, signal) for _, level, signal in cells if level is not None and signal is not None]
    if spec.background and sheet:
        points = [
            (level, signal - (sheet.number(row[spec.background]) or 0.0))
            for row, level, signal in cells
            if level is not None and signal is not None
        ]
    above = [(level, signal) for level, signal in points if level > 0]
    axis.plot([level for level, _ in above], [signal for _, signal in above], "o", color="#0072B2", label="standards")
    curve = fit_curve([level for level, _ in points], [signal for _, signal in points], spec.curve, spec.backfit)
    if curve is not None:
        low, high = min(level for level, _ in above), max(level for level, _ in above)
        signals = np.linspace(min(s for _, s in points), max(s for _, s in points), 200)
        read = [(curve.concentration(float(signal)), float(signal)) for signal in signals]
        read = [(x, y) for x, y in read if low / 3 < x < high * 3]
        axis.plot([x for x, _ in read], [y for _, y in read], color="#D55E00", label=spec.curve)
        axis.axvspan(curve.low, curve.high, color="#009E73", alpha=0.12, label="range that is used")
    axis.set_xscale("log")
    axis.set_xlabel(f"concentration [{spec.unit}]")
    axis.set_ylabel(spec.signal)
    axis.legend(frameon=False)
    axis.set_title("standard curve", loc="left")


def _several(source: Source) -> dict[tuple[str, str, float], list[float]]:
    """Read-out, condition and time -> values, where there are several."""
    groups: dict[tuple[str, str, float], list[float]] = {}
    for value in source.reading.values:
        groups.setdefault((value.observable, value.condition, value.time_min), []).append(value.value)
    return {key: values for key, values in groups.items() if len(values) > 1 and min(values) > 0}


def _replicates(axis: Any, source: Source) -> None:
    """Values over the mean of their condition and time: how well replicates agree."""
    several = _several(source)
    for i, values in enumerate(several.values()):
        mean = sum(values) / len(values)
        axis.plot([i] * len(values), [value / mean for value in values], "o", color="#0072B2", markersize=3)
    axis.axhline(1.0, color="#777777", linewidth=0.8)
    axis.set_ylim(bottom=0.0)
    labels = [f"{_short(condition)} {time:g}" for _, condition, time in several]
    axis.set_xticks(range(len(labels)), labels, rotation=90, fontsize=6)
    axis.set_title(f"replicates over their mean ({len(several)} conditions and times have any)", loc="left")


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:21]}..."
