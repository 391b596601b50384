"""Predictions as the page shows them: a figure and a table of each, the models' own answers beside the average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from il6infer.report.figures import WIDTH, plain
from il6infer.report.numbers import interval, number
from il6infer.report.sections import Doubt, together
from il6infer.report.style import COLOURS, INK, MUTED, marked
from il6infer.stages.comparison import SAY, UNRANKED
from il6infer.stages.predictions import PROBABILITY, Band, Number, Prediction, Predictions, Spread

COLUMNS = 3
UNITS_OF_MASS = ((1e3, "ug/ml", 1e-3), (1.0, "ng/ml", 1.0), (0.0, "pg/ml", 1e3))
"""Least dose [ng/ml] that is written in a unit, the unit, and what ng/ml are multiplied by."""
UNTOUCHED = 0.01
"""Inhibition [%] below which at every draw the model has no way in which the inhibitor could act."""


@dataclass(frozen=True)
class PredictionView:
    """One prediction.

    Attributes
    ----------
    shown
        Whose band the figure has: the average, or a model that has no say, so that something is seen.
    doubts
        Of the models whose band that is.
    notes
        What a reader must know of its numbers.
    """

    id: str
    kind: str
    title: str
    shown: str
    doubts: tuple[Doubt, ...]
    figure: Figure | None
    numbers: tuple[Number, ...]
    absent: Mapping[str, str]
    notes: tuple[str, ...]


def views(
    found: Predictions, order: Sequence[str], words: Mapping[str, str], doubts: Mapping[str, Sequence[Doubt]]
) -> list[PredictionView]:
    """Make what the page shows of each prediction, what is doubted of its models on the figure itself.

    Parameters
    ----------
    order
        Models by rank.
    words, doubts
        Model -> its label; model -> what is wrong with its fit.
    """
    return [_view(one, found, order, words, doubts) for one in found.predictions]


def _view(
    one: Prediction, found: Predictions, order: Sequence[str], words: Mapping[str, str],
    doubts: Mapping[str, Sequence[Doubt]],
) -> PredictionView:  # fmt: skip
    able = [m for m in order if any(m in c.models for c in one.curves) or any(m in n.models for n in one.numbers)]
    averaged = any(c.average for c in one.curves) or any(n.average for n in one.numbers)
    lone = "" if averaged else next((m for m in able if m not in found.failed), able[0] if able else "")
    shown = "Averaged over the models by their weights" if averaged else words.get(lone, lone)
    if not averaged and found.unanswered == UNRANKED and len(able) > 1:
        shown = f"{shown}, the first of {len(able)} models, which are not ranked"
    absent: dict[str, str] = {}
    for part in (*one.curves, *one.numbers):
        for model, why in part.absent.items():
            absent.setdefault(model, why)
    told = tuple(n for n in one.numbers if n.models)
    of = together(
        doubts, [m for m, w in found.weights.items() if w >= SAY] if averaged else [lone] if able else [], words
    )
    figure = marked(_figure(one, found, lone), [doubt.label for doubt in of]) if able else None
    return PredictionView(
        one.id, one.kind, one.title, shown if able else "", of, figure, told, absent, tuple(_notes(one))
    )


def _notes(one: Prediction) -> list[str]:
    if one.kind != "window":
        return []
    spared = one.curves[1]
    bands = [spared.average] if spared.average else list(spared.models.values())
    if bands and all(q is not None and abs(q) < UNTOUCHED for b in bands for q in (*b.q05, *b.q95)):
        return [
            f"{spared.label}: no dose does anything, at any draw. It is built into these models that the inhibitor "
            "cannot act there, so that this is an assumption and no finding: the window has no upper end that data "
            "could have set. A model in which it can act, such as one with option +surface_trap, would have one."
        ]
    return []


def _figure(one: Prediction, found: Predictions, lone: str) -> Figure | None:
    curves = [c for c in one.curves if (c.average if not lone else c.models.get(lone))]
    if not curves:
        return None
    apart = one.kind == "courses"
    panels = len(curves) if apart else 1
    columns = min(COLUMNS, panels)
    rows = -(-panels // columns)
    width = WIDTH if apart else 6.2
    figure = Figure(figsize=(width, 2.1 * rows + 0.3 if apart else 3.1), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True, sharex=True).ravel()
    for axis in axes[panels:]:
        axis.set_visible(False)
    for i, curve in enumerate(curves):
        axis = axes[i] if apart else axes[0]
        band = curve.models[lone] if lone else curve.average
        colour = MUTED if lone else COLOURS[0 if apart else i % len(COLOURS)]
        if band is None:
            continue
        if band.new_q05:
            axis.plot(curve.x, _numbers(band.new_q05), color=colour, lw=0.7, ls=":")
            axis.plot(curve.x, _numbers(band.new_q95), color=colour, lw=0.7, ls=":", label="90 %, a new measurement")
        _band(axis, curve.x, band, colour, curve.label if not apart else "median, 50 and 90 %, mean response")
        for model, own in curve.models.items():
            if model not in found.weights and model != lone and apart:
                axis.plot(curve.x, _numbers(own.median), color=MUTED, lw=0.6, ls="--", alpha=0.6, zorder=1)
        if apart:
            axis.set_title("\n".join(wrap(plain(curve.label), 44)[:2]), loc="left", fontsize=7, color=INK)
    for i, axis in enumerate(axes[:panels]):
        _dress(axis, one, i, columns)
    if apart and any(m not in found.weights and m != lone for c in curves for m in c.models):
        axes[0].plot([], [], color=MUTED, lw=0.6, ls="--", label="models without a weight")
    axes[0].legend(loc="best", fontsize=6.5)
    return figure


def _band(axis: Axes, x: Sequence[float], band: Band, colour: str, label: str) -> None:
    axis.fill_between(x, _numbers(band.q05), _numbers(band.q95), color=colour, alpha=0.16, lw=0)
    axis.fill_between(x, _numbers(band.q25), _numbers(band.q75), color=colour, alpha=0.3, lw=0)
    axis.plot(x, _numbers(band.median), color=colour, lw=1.2, label=plain(label))


def _dress(axis: Axes, one: Prediction, position: int, columns: int) -> None:
    axis.set_xlabel(plain(one.x))
    if position % columns == 0:
        axis.set_ylabel("\n".join(wrap(plain(one.y), 34)))
    if one.kind == "courses":
        axis.set_ylim(bottom=0)
        return
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(numticks=8))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, digits=1)))
    if one.kind in ("inhibition", "window"):
        axis.set_ylim(-5, 105)
    else:
        axis.set_ylim(bottom=0)


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values])


def spread_text(spread: Spread | None, unit: str, label: str = "", mass: float | None = None) -> str:
    """Write a number with its interval, or the probability that a label calls it.

    Parameters
    ----------
    spread
        None where no model can be asked.
    unit
        Of the number; empty for none.
    label
        Its label: one that begins with "probability" is shown by its mean.
    mass
        Of a dose: molecular weight [kDa]; the dose is written by mass, too, as it is ordered and pipetted.
    """
    if spread is None:
        return "no answer"
    if spread.median is None or spread.q05 is None or spread.q95 is None:
        return (
            "none at any draw: it does not rise, or not to an end"
            if label.endswith(("time to peak", "duration"))
            else "not reached at any draw"
        )
    if label.startswith(PROBABILITY):
        return f"{number(spread.mean, digits=2)} %"
    text = _ranged(spread.median, spread.q05, spread.q95, unit)
    if mass:
        by_mass, factor = _unit_of_mass(mass * spread.median)
        per_nM = mass * factor
        text += f" = {_ranged(per_nM * spread.median, per_nM * spread.q05, per_nM * spread.q95, by_mass)}"
    return text + (f"; not reached at {number(100 * spread.undefined, digits=2)} % of the draws"
                   if spread.undefined > 0.005 else "")  # fmt: skip


def _ranged(median: float, low: float, high: float, unit: str) -> str:
    return f"{number(median)} ({interval(low, high)}) {unit}".rstrip()


def _unit_of_mass(ng_per_ml: float) -> tuple[str, float]:
    """Give the unit in which a dose is read most easily, and what ng/ml are multiplied by."""
    return next((unit, factor) for least, unit, factor in UNITS_OF_MASS if ng_per_ml >= least)


def shares(found: Predictions | None) -> list[tuple[str, list[tuple[str, Spread]]]]:
    """Experiment -> parts of the signal and their averaged shares, of the first prediction of shares there is."""
    for one in found.predictions if found else ():
        if one.kind != "share":
            continue
        grouped: dict[str, list[tuple[str, Spread]]] = {}
        for n in one.numbers:
            name, _, part = n.label.partition(": through ")
            if n.average is not None and n.average.median is not None:
                grouped.setdefault(name, []).append((part, n.average))
        return list(grouped.items())
    return []
