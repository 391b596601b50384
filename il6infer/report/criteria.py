"""All criteria of a comparison, in one table and one figure: who is best by which, and where they disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from il6infer.report.figures import listed
from il6infer.report.style import COLOURS, MUTED
from il6infer.stages.comparison import NAMES, Comparison, Score
from il6infer.stages.leave_out import LABELS

LINEAR = 10.0
"""Differences up to which the axis is linear; beyond, it is logarithmic."""

_TICKS = (-10_000, -1000, -300, -100, -30, -10, -5, -2, 0)
_MARKERS = ("o", "s", "D", "^", "v", "<")


@dataclass(frozen=True)
class Line:
    """One model and criterion of the table, as it is printed."""

    model: str
    criterion: str
    value: str
    difference: str
    weight: str
    words: str


def section(comparison: Comparison, words: Mapping[str, str]) -> dict[str, Any] | None:
    """Context of the section; None where leaving single values out is all that was computed.

    Parameters
    ----------
    words
        Model -> its label.
    """
    names = [name for name in NAMES if any(name in row.scores for row in comparison.models)]
    if len(names) < 2:
        return None
    lines = [
        (row.model, [_line(row.model, name, own) for name in names if (own := row.scores.get(name)) is not None])
        for row in comparison.models
    ]
    return {
        "lines": lines,
        "names": NAMES,
        "chosen": comparison.criterion,
        "unit": LABELS.get(comparison.left_out, ""),
        "figure": criteria_figure(comparison, names, words),
        "disagreements": comparison.disagreements,
    }


def _line(model: str, name: str, own: Score) -> Line:
    return Line(
        model, name, _with_error(own.value, own.se), _with_error(own.difference, own.difference_se),
        "" if own.weight is None else f"{own.weight:.2f}", own.words,
    )  # fmt: skip


def _with_error(value: float | None, error: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:.1f}" + ("" if error is None else f" ± {error:.1f}")


def criteria_figure(comparison: Comparison, names: list[str], words: Mapping[str, str]) -> Figure | None:
    """Draw how far each model is behind the best by each criterion, with two standard errors.

    Parameters
    ----------
    comparison
        All scores.
    names
        Criteria that are drawn.
    words
        Model -> its label.
    """
    rows = comparison.models
    if len(rows) < 2 or not comparison.ranked:
        return None
    figure = Figure(figsize=(8.0, 0.22 * len(rows) * len(names) + 1.1), layout="constrained")
    axis = figure.subplots()
    for number, name in enumerate(names):
        label = NAMES[name]
        for position, row in enumerate(rows):
            own = row.scores.get(name)
            if own is None or own.difference is None:
                continue
            height = position + 0.7 * ((number + 0.5) / len(names) - 0.5)
            axis.errorbar(
                -own.difference, height, xerr=2.0 * (own.difference_se or 0.0), fmt=_MARKERS[number % len(_MARKERS)],
                ms=4, color=COLOURS[number % len(COLOURS)], capsize=2, label=label,
            )  # fmt: skip
            label = "_nolegend_"
    for position, row in enumerate(rows):
        if all(own.difference is None for own in row.scores.values()):
            axis.text(0.02, position, "not ranked", color=COLOURS[1], va="center",
                      transform=axis.get_yaxis_transform())  # fmt: skip
    axis.axvline(0, color=MUTED, lw=0.6)
    axis.set_xscale("symlog", linthresh=LINEAR)
    axis.xaxis.set_major_locator(FixedLocator(_TICKS))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    failed = {row.model: "" if row.sampled else "\nnot converged" for row in rows}
    missed = {row.model: "" if row.reproduces else "\ndoes not reproduce the data" for row in rows}
    labels = [listed(words.get(row.model, row.model)) + failed[row.model] + missed[row.model] for row in rows]
    axis.set_yticks(range(len(rows)), labels)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    below = "behind the best, natural logarithms (of AIC and BIC half; bars: two standard errors)"
    figure.supxlabel(below)  # may be longer than the axis
    figure.legend(loc="outside upper left", ncols=3)
    return figure
