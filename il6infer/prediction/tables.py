"""Predictions as tables, one of all numbers and one of each prediction's curves, and in words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from il6infer._files import atomic_write_text
from il6infer.stages.comparison import SAY
from il6infer.stages.predictions import Band, ModelPredictions, Predictions, Spread

AVERAGE = "average"
"""What tables call the mixture of all models by their weights."""


def write_tables(folder: Path, found: Predictions) -> None:
    """Write ``numbers.csv``, and ``<id>.csv`` of each prediction that has curves.

    Columns say of each row whether the fit sampled, whether the model reproduces the data, and whether it agrees with
    its priors and fixed constants. The average has only models that sampled and reproduce the data; it agrees where
    each of them with a say does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    numbers: list[tuple] = []
    for one in found.predictions:
        curves: list[tuple] = []
        for number in one.numbers:
            for model, spread in _rows(number.models, number.average):
                of = (one.id, number.label, number.unit, model, *_verdict(found, model))
                numbers.append((*of, *_spread(spread), _text(number.mass)))
        for curve in one.curves:
            for model, band in _rows(curve.models, curve.average):
                curves += [(curve.label, model, *_verdict(found, model), *row) for row in _points(curve.x, band)]
        if curves:
            heads = (
                "curve", "model", "sampled", "reproduces", "agrees", one.x, "q05", "q25", "median", "q75", "q95",
                "new_measurement_q05", "new_measurement_q95",
            )  # fmt: skip
            atomic_write_text(folder / f"{one.id}.csv", _csv(heads, curves))
    heads = (
        "prediction",
        "number",
        "unit",
        "model",
        "sampled",
        "reproduces",
        "agrees",
        "mean",
        "q05",
        "median",
        "q95",
        "undefined",
        "kDa",
    )
    atomic_write_text(folder / "numbers.csv", _csv(heads, numbers))


def _rows(models: Mapping[str, Any], average: Any) -> Iterable[tuple]:
    yield from models.items()
    if average is not None:
        yield AVERAGE, average


def _verdict(found: Predictions, model: str) -> tuple[str, ...]:
    of = [one for one, weight in found.weights.items() if weight >= SAY] if model == AVERAGE else [model]
    return tuple(
        "no" if any(one in said for one in of) else "yes" for said in (found.failed, found.misfits, found.conflicts)
    )


def _spread(spread: Spread) -> tuple:
    return tuple(map(_text, (spread.mean, spread.q05, spread.median, spread.q95, spread.undefined)))


def _points(x: Iterable[float], band: Band) -> Iterable[tuple]:
    columns = (band.q05, band.q25, band.median, band.q75, band.q95, band.new_q05, band.new_q95)
    for i, value in enumerate(x):
        yield _text(value), *(_text(column[i]) if column else "" for column in columns)


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _csv(heads: Iterable[str], rows: Iterable[tuple]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return buffer.getvalue()


def told(found: ModelPredictions) -> Mapping[str, str]:
    """Each number of one model in words: label -> median, 90 % interval, unit."""
    said = {}
    for prediction in found.predictions:
        for number in prediction.numbers:
            if number.values is None:
                said[f"{prediction.title} - {number.label.rpartition(': ')[0]}"] = f"cannot be asked: {number.absent}"
                continue
            values = number.values.values
            finite = values[np.isfinite(values)]
            if not len(finite):
                words = "undefined at every draw"
            elif number.label.startswith("probability"):
                words = f"{finite.mean():.0f} %"
            else:
                low, middle, high = np.quantile(finite, (0.05, 0.5, 0.95))
                words = f"{middle:.3g} ({low:.3g} to {high:.3g}) {number.unit}".rstrip()
            missing = np.mean(~np.isfinite(values))
            said[f"{prediction.title} - {number.label}"] = words + (
                f", undefined at {100 * missing:.0f} % of the draws" if missing and len(finite) else ""
            )
    return said
