"""Section on held-out data: what each fit predicts of measurements that it has never seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from il6infer._tables import sound_sheet
from il6infer.configuration.hold_out import HoldOut
from il6infer.report.figures import dressed, panels, plain, share_labels
from il6infer.report.links import in_words
from il6infer.report.sections import MISFIT, NOT_CONVERGED, SAID, Doubt, Figures
from il6infer.report.style import COLOURS, INK, marked
from il6infer.stages import read
from il6infer.stages.conditions import condition_labels
from il6infer.stages.gel_names import endings
from il6infer.stages.hold_out import HeldOut, Limit, Point, Score, Series, score_of

FILE = "hold_out.json"


def fitted_rows(measurements: pd.DataFrame, held_out: HoldOut) -> pd.DataFrame:
    """Measurements that were fitted."""
    out = measurements["condition"].isin(held_out.conditions) | measurements["batch"].isin(held_out.batches)
    out |= measurements["dataset"].isin(held_out.members)
    return measurements[~out]


def read_held_out(folder: Path, models: Sequence[str]) -> dict[str, HeldOut]:
    """Model -> what it predicts of the held-out data."""
    return {model: read(folder / model / FILE, HeldOut) for model in models}


def named(held_out: HoldOut, conditions: Mapping[str, str]) -> str:
    """Say what is held out.

    Parameters
    ----------
    held_out
        What the configuration says.
    conditions
        Condition -> what was done, in words.
    """
    words = (
        ("condition", [conditions.get(name, name) for name in held_out.conditions]),
        ("gel or plate", held_out.batches),
        ("data set", held_out.datasets),
    )
    return "; ".join(f"{what} {', '.join(names)}" for what, names in words if names)


def conditions_of(results: Path, out: HoldOut) -> dict[str, str]:
    """Say in words what was done in each condition of the data sets that are held out whole.

    Parameters
    ----------
    results
        Folder of all data sets; one whose protocol is not there keeps its names.
    out
        What the configuration says.

    Returns
    -------
    dict
        Condition, as the held-out problem calls it (``DATASET_CONDITION``) -> words.
    """
    words = {}
    for name in out.others:
        if (path := results / name / "protocol.csv").is_file():
            steps = [dict(row.cells) for row in sound_sheet(path, "report", without_rows=True).rows]
            said = condition_labels(steps, dict.fromkeys(step["condition"] for step in steps))
            words |= {f"{name}_{condition}": text for condition, text in said.items()}
    return words


def conclusions(
    found: Mapping[str, HeldOut], doubted: Mapping[str, Sequence[Doubt]], datasets: Collection[str] = ()
) -> list[str]:
    """Say in sentences how well the fits that can be trusted predict, the best first, with what else is doubted.

    Parameters
    ----------
    found
        Model -> what it predicts.
    doubted
        Model -> answers of its verdict that are no.
    datasets
        Data sets that were held out whole: of several, or beside gels, each is told apart.
    """
    labels = {model: [doubt.label for doubt in doubted.get(model, ())] for model in found}
    trusted = [model for model in found if not {NOT_CONVERGED, MISFIT}.intersection(labels[model])]
    trusted = sorted(trusted, key=lambda m: -found[m].score.log_density)
    lines = []
    for model in trusted:
        but = " and ".join(SAID[label][0] for label in labels[model])
        whose = f"{model}, which {but}" if but else model
        line = f"{whose}: {_predicted(found[model].score, 'held-out values lie in their 90 % intervals')}"
        for name, score in parts_of(found[model], datasets):
            line += f"; of {name} {_predicted(score, 'do')}"
        limits = [limit for s in found[model].series for limit in s.limits]
        if limits:
            line += f"; of {len(limits)} more, known to lie beyond a limit, "
            line += f"{sum(limit.probability for limit in limits):.1f} are predicted there"
        lines.append(f"{line}.")
    return lines


def _predicted(score: Score, do: str) -> str:
    held = round((score.coverage_90 or 0.0) * score.measurements)
    line = f"{held} of {score.measurements} {do}"
    if score.difference is not None and score.difference_se is not None:
        side = "ahead of" if score.difference > 0 else "behind"
        line += f", {abs(score.difference):.1f} ± {score.difference_se:.1f} {side} the smoother in log density"
    return line


def parts_of(found: HeldOut, datasets: Collection[str]) -> list[tuple[str, Score]]:
    """Score each data set that was held out whole, and the rest, apart; none where it is all one.

    Parameters
    ----------
    found
        What a model predicts.
    datasets
        Names of the data sets; their gels and their conditions begin with them.
    """
    points: dict[str, list[Point]] = {}
    for series in found.series:
        called = [series.batch, *(point.condition for point in (*series.points, *series.limits))]
        of = [name for name in datasets if all(word.startswith(f"{name}_") for word in called)]
        points.setdefault(f"data set {max(of, key=len)}" if of else "gels of fitted data sets", []).extend(
            series.points
        )
    return [(name, score_of(some)) for name, some in points.items()] if len(points) > 1 else []


def hold_out_figure(series: Series, conditions: Mapping[str, str] | None = None) -> Figure:
    """Draw one read-out of one gel: bands of the prediction, measurements, the interval of each.

    Parameters
    ----------
    series
        The read-out of the gel.
    conditions
        Condition -> what was done, in words.
    """
    figure, axes = panels(len(series.bands), 4, 1.9)
    values = pd.Series([v for p in series.points for v in (p.value, p.q25, p.q75)] + [x.value for x in series.limits])
    positive = bool((values > 0).all()) and values.max() > 30 * values.min()
    last = max(one.time for one in (*series.points, *series.limits))
    divisor, label = (60.0, "time [h]") if last > 480 else (1.0, "time [min]")
    for axis, band in zip(axes, series.bands, strict=False):
        times = [t / divisor for t in band.time]
        axis.fill_between(times, band.q05, band.q95, color=COLOURS[0], alpha=0.15, lw=0)
        axis.fill_between(times, band.q25, band.q75, color=COLOURS[0], alpha=0.3, lw=0)
        axis.plot(times, band.median, color=COLOURS[0], lw=0.9)
        own = [p for p in series.points if p.condition == band.condition]
        axis.vlines([p.time / divisor for p in own], [p.q05 for p in own], [p.q95 for p in own],
                    color=COLOURS[0], lw=0.6, alpha=0.6)  # fmt: skip
        axis.plot([p.time / divisor for p in own], [p.value for p in own], "o", ms=3.5, mfc="white", mec=INK, mew=0.8)
        for side, marker in (("below", "v"), ("above", "^")):  # they point to where the measurement lies
            limits = [x for x in series.limits if x.condition == band.condition and x.side == side]
            axis.plot([x.time / divisor for x in limits], [x.value for x in limits], marker, ms=4, mfc="none", mec=INK,
                      mew=0.8)  # fmt: skip
        title = (conditions or {}).get(band.condition, band.condition)
        dressed(axis, title, label, plain(series.readout.replace("_", " ")), values, positive)
    share_labels(axes, len(series.bands))
    return figure


def section(
    folder: Path, order: Sequence[str], out: HoldOut, doubts: Mapping[str, Sequence[Doubt]],
    words: Mapping[str, str], figure_of: Figures, conditions: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    """Context of the section, for the page's template.

    Parameters
    ----------
    folder
        Of the data set, in the results.
    order
        Its models, the best first.
    doubts
        Model -> answers of its verdict that are no, where there are any.
    words
        Model -> its label.
    conditions
        Condition -> what was done, in words.
    """
    found = read_held_out(folder, order)
    said = {**conditions, **conditions_of(folder.parent, out)}
    return {
        "named": named(out, conditions),
        "conclusions": in_words(conclusions(found, doubts, out.datasets), words),
        "limits": any(s.limits for one in found.values() for s in one.series),
        "models": [
            {
                "name": model,
                "found": found[model],
                "parts": parts_of(found[model], out.datasets),
                "limits": _beyond([limit for s in found[model].series for limit in s.limits]),
                "series": [
                    (
                        s,
                        figure_of(
                            marked(hold_out_figure(s, said), [d.label for d in doubts.get(model, ())]), _label(s)
                        ),
                        _beyond(s.limits),
                    )
                    for s in found[model].series
                ],
            }
            for model in order
        ],
    }


def _beyond(limits: Sequence[Limit]) -> str:
    """Say how many values are limits, and how many of them are predicted beyond; empty where there are none."""
    return f"{len(limits)}, {sum(limit.probability for limit in limits):.1f} predicted" if limits else ""


def estimated_alone(series: Series) -> str:
    """Name what a gel estimates of itself, without the gel and the read-out, which stand in its row."""
    short = []
    for name in series.alone:
        plain = (
            name.removesuffix(f"_{end}") for end in endings(series.readout, series.batch) if name.endswith(f"_{end}")
        )
        own = next((one for one in plain if f"_{series.readout}" in one), name)
        short.append(own.replace(f"_{series.readout}", "", 1))
    return ", ".join(short) or "nothing"


def _label(series: Series) -> str:
    return f"{series.readout.replace('_', ' ')} of {series.batch}, predicted"
