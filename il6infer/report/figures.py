"""Figures of the page: data, fits, priors and posteriors, correlations, calibration, comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FuncFormatter,
    LogFormatterSciNotation,
    LogLocator,
    MaxNLocator,
    NullLocator,
    ScalarFormatter,
)

from il6infer._files import Groups
from il6infer.report.numbers import number
from il6infer.report.style import BAD, COLOURS, INK, MUTED, PRIOR, PROFILE, TITLES, hover, look
from il6infer.stages.comparison import ModelRow
from il6infer.stages.identifiability import Profiles
from il6infer.stages.verdict import LooPit, Pair

WIDTH = 10.0

NEEDED = ("posterior", "prior", "sample_stats", "posterior_predictive", "constant_data", "predictions")
NEEDED += ("predictions_constant_data",)
"""Groups of a posterior that the figures read."""


def _time_axis(times: np.ndarray) -> tuple[float, str]:
    """Divisor and label: hours where a course is longer than eight hours."""
    return (60.0, "time [h]") if np.nanmax(times) > 480 else (1.0, "time [min]")


def panels(
    count: int, columns: int, height: float, width: float = WIDTH, *, beside: float = 0.12, below: float = 0.52,
    top: float = 0.55,
) -> tuple[Figure, np.ndarray]:  # fmt: skip
    """Figure of equal panels, `beside` and `below` inches apart: measuring each label would take half the time.

    Parameters
    ----------
    count, columns
        Of panels, and how many stand in a row.
    height
        Of a row [inch].
    width
        Of the figure [inch].
    beside, below
        Between panels, and below the last [inch].
    top
        Above the first [inch].
    """
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    left, right, bottom = 0.62, 0.18, 0.42
    inner, tall = (width - left - right - beside * (columns - 1)) / columns, height - below
    whole = tall * rows + below * (rows - 1) + bottom + top
    figure = Figure(figsize=(width, whole))
    places = {
        "left": left / width, "right": 1 - right / width, "wspace": beside / inner,
        "bottom": bottom / whole, "top": 1 - top / whole, "hspace": below / tall,
    }  # fmt: skip
    axes = figure.subplots(rows, columns, squeeze=False, gridspec_kw=places)
    for axis in axes.ravel()[count:]:
        axis.set_visible(False)
    return figure, axes.ravel()


def data_figure(rows: pd.DataFrame, unit: str, words: Mapping[str, str] | None = None) -> Figure:
    """One read-out as measured: a panel a condition, a colour a gel or plate.

    Parameters
    ----------
    words
        Condition -> what was done, in words.
    """
    conditions, batches = list(dict.fromkeys(rows["condition"])), list(dict.fromkeys(rows["batch"]))
    figure, axes = panels(len(conditions), 4, 1.9, top=_above(batches))
    divisor, label = _time_axis(rows["time_min"].to_numpy())
    positive = bool((rows["value"] > 0).all()) and rows["value"].max() > 30 * rows["value"].min()
    for axis, condition in zip(axes, conditions, strict=False):
        _points(figure, axis, rows[rows["condition"] == condition], batches, divisor)
        dressed(axis, (words or {}).get(str(condition), str(condition)), label, unit, rows["value"], positive)
    share_labels(axes, len(conditions))
    _legend(figure, axes[0], batches)
    return figure


def plain(text: str) -> str:
    """Text of a user as it stands: a dollar sign does not start a formula."""
    return text.replace("$", r"\$")


def listed(name: str) -> str:
    """Name of a model beside an axis, in short lines."""
    return plain("\n".join(wrap(name, 44)))


def _points(figure: Figure, axis: Axes, rows: pd.DataFrame, batches: Sequence[str], divisor: float) -> None:
    for (batch, side), group in rows.groupby(["batch", "censored"], sort=False):
        colour, marker, _ = look(batches.index(str(batch)))
        if side:  # a limit: an empty triangle that points to where the measurement lies
            style = {"marker": "v" if side == "below" else "^", "ms": 4, "mfc": "none", "mec": colour, "mew": 0.8}
        else:
            style = {"marker": marker, "ms": 3, "mfc": colour, "mec": "white", "mew": 0.3}
        name = f"points-{len(vars(figure).get(TITLES, {}))}"
        axis.plot(group["time_min"] / divisor, group["value"], ls="none", label=batch, gid=name, **style)
        said = zip(group["time_min"], group["value"], strict=True)
        limit = f"{side} " if side else ""
        hover(figure, name, [f"{batch}, {time:g} min: {limit}{number(value, digits=4)}" for time, value in said])


def _title(words: str) -> tuple[str, float]:
    """Lines of a panel's title, and their size; an ellipsis stands for what has no room."""
    for width, most, size in ((42, 1, 7.5), (46, 2, 6.5), (54, 3, 5.5)):
        lines = wrap(words, width)
        if len(lines) <= most:
            return "\n".join(lines), size
    return "\n".join([*lines[: most - 1], f"{lines[most - 1][: width - 2]} \u2026"]), size


def dressed(axis: Axes, title: str, xlabel: str, unit: str, values: pd.Series, logarithmic: bool) -> None:
    """Give a panel its title, labels and limits, those of the values.

    Parameters
    ----------
    axis
        The panel.
    title, xlabel, unit
        What stands at it.
    values
        Whose range is shown.
    logarithmic
        Whether the values' axis is.
    """
    text, size = _title(plain(title))
    axis.set_title(text, loc="left", color=INK, fontsize=size)
    axis.set_xlabel(xlabel)
    axis.set_ylabel(plain(unit))
    if logarithmic:
        axis.set_yscale("log")
        axis.set_ylim(values.min() / 2, values.max() * 2)
    else:
        axis.set_ylim(min(0.0, values.min() * 1.1), values.max() * 1.15)


def share_labels(axes: np.ndarray, count: int, columns: int = 4) -> None:
    """Panels of one read-out have one scale: its labels stand at the left, and those of time at the bottom.

    Parameters
    ----------
    axes
        Panels, as `panels` gives them.
    count, columns
        Of panels, and how many stand in a row.
    """
    for i, axis in enumerate(axes[:count]):
        if i % columns:
            axis.set_ylabel("")
            axis.tick_params(labelleft=False, which="both")
        if i + columns < count:
            axis.set_xlabel("")


def _legend(figure: Figure, axis: Axes, batches: Sequence[str]) -> None:
    if len(batches) > 1:
        looks = [look(i) for i in range(len(batches))]
        handles = [axis.plot([], [], marker, ms=4, color=colour)[0] for colour, marker, _ in looks]
        figure.legend(handles, [plain(batch) for batch in batches], loc="upper right", ncols=_abreast(batches))


def _abreast(batches: Sequence[str]) -> int:
    """Names of a legend that have room in a row: six, or fewer long ones."""
    return max(1, min(len(batches), 6, int(WIDTH / (0.5 + 0.055 * max(map(len, batches), default=0)))))


def _above(batches: Sequence[str]) -> float:
    """Room [inch] for the legend and the titles of the panels below it."""
    return max(0.55, 0.45 + 0.15 * -(-len(batches) // _abreast(batches)))


def fit_figure(
    rows: pd.DataFrame, idata: Groups, observable: str, unit: str, words: Mapping[str, str] | None = None
) -> Figure | None:
    """One read-out with the fit over it, a look (`style.look`) for each gel or plate.

    Bands: 50 and 90 % of the noise-free curve. Thin vertical lines: 90 % interval of a new measurement.

    Parameters
    ----------
    rows
        Measurements: ``condition, batch, time_min, value``.
    idata
        InferenceData of the fit, with its curves in group ``predictions``.
    observable
        Variable of the read-out.
    unit
        Label of the axis.
    words
        Condition -> what was done, in words.
    """
    if observable not in idata["predictions"]:
        return None
    about = idata["predictions_constant_data"]
    curves, grid = idata["predictions"][observable].values, about[f"{observable}_grid"].values
    batch_of = about[f"{observable}_series_batch"].values.astype(str)
    condition_of = about[f"{observable}_series_experiment"].values.astype(str)
    conditions, batches = list(dict.fromkeys(rows["condition"])), list(dict.fromkeys(rows["batch"]))
    figure, axes = panels(len(conditions), 4, 1.9, top=_above(batches))
    divisor, label = _time_axis(rows["time_min"].to_numpy())
    positive = bool((rows["value"] > 0).all()) and rows["value"].max() > 30 * rows["value"].min()
    for axis, condition in zip(axes, conditions, strict=False):
        for i in np.flatnonzero(condition_of == condition):
            colour, _, line = look(batches.index(batch_of[i]))
            present = np.isfinite(grid[i])
            times, drawn = grid[i][present] / divisor, curves[:, i, present]
            drawn = drawn[np.isfinite(drawn).all(axis=1)]
            if not len(drawn) or len(times) < 2:
                continue
            for low, high, alpha in ((0.05, 0.95, 0.15), (0.25, 0.75, 0.3)):
                axis.fill_between(times, *np.quantile(drawn, (low, high), axis=0), color=colour, alpha=alpha, lw=0)
            axis.plot(times, np.median(drawn, axis=0), color=colour, ls=line, lw=0.9)
        _intervals(axis, idata, observable, condition, batches, divisor)
        _points(figure, axis, rows[rows["condition"] == condition], batches, divisor)
        dressed(axis, (words or {}).get(str(condition), str(condition)), label, unit, rows["value"], positive)
    share_labels(axes, len(conditions))
    _legend(figure, axes[0], batches)
    return figure


def _intervals(
    axis: Axes, idata: Groups, observable: str, condition: str, batches: Sequence[str], divisor: float
) -> None:
    """Posterior predictive 90 % interval at each time that was measured, replicates pooled."""
    about = idata["constant_data"]
    time, batch = about[f"{observable}_time"].values, about[f"{observable}_batch"].values.astype(str)
    here = about[f"{observable}_experiment"].values.astype(str) == condition
    values = idata["posterior_predictive"][observable].values
    for name in dict.fromkeys(batch[here]):
        own = here & (batch == name)
        lines = []
        for t in np.unique(time[own]):
            drawn = values[..., own & (time == t)].ravel()
            drawn = drawn[np.isfinite(drawn)]
            if len(drawn):
                lines.append((t / divisor, *np.quantile(drawn, (0.05, 0.95))))
        if lines:
            axis.vlines(*np.transpose(lines), color=look(batches.index(name))[0], lw=0.6, alpha=0.6)


def prior_posterior_figure(
    idata: Groups, about: Mapping[str, Any], truth: Mapping[str, float], profiles: Profiles | None = None
) -> Figure:
    """Each parameter's posterior over its prior, on a log axis in its unit; a mark where the truth is known.

    Parameters
    ----------
    idata
        With the groups ``prior`` and ``posterior``.
    about
        Parameter -> what the fit says of it, its ``unit`` among it.
    truth
        Parameter -> true value, of simulated data; may be empty.
    profiles
        Profile likelihoods, drawn as high as the posterior; None for none.
    """
    names = list(idata["posterior"].data_vars)
    figure, axes = panels(len(names), 5, 1.35, beside=0.3, below=0.6)
    for axis, name in zip(axes, names, strict=False):
        draws, before = idata["posterior"][name].values.ravel(), idata["prior"][name].values.ravel()
        family, *parameters = about[name]["prior"]
        logarithmic = (draws > 0).all() and (before > 0).all()
        scale = np.log if logarithmic else np.asarray
        low, high = np.quantile(scale(before), (0.005, 0.995))
        low, high = min(low, scale(draws).min()), max(high, scale(draws).max())
        edges = np.linspace(low, high, 50)
        back = np.exp if logarithmic else np.asarray
        height, _ = np.histogram(scale(draws), edges, density=True)
        if profiles is not None:
            _profile(axis, profiles, name, float(height.max()))
        axis.stairs(height, back(edges), fill=True, color=COLOURS[0], alpha=0.55)
        if family == "log-normal":
            points = np.linspace(low, high, 200)
            mean, sd = parameters
            density = np.exp(-0.5 * ((points - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
            axis.plot(back(points), density, color=PRIOR, lw=1.1)
        else:
            axis.stairs(np.histogram(scale(before), edges, density=True)[0], back(edges), color=PRIOR)
        if name in truth and (truth[name] > 0 or not logarithmic):
            axis.axvline(truth[name], color=COLOURS[1], lw=1.4)
        if logarithmic:
            axis.set_xscale("log")
            _sparse_ticks(axis.xaxis, np.exp([low, high]))
        axis.set_title(name, loc="left", fontsize=6.5, color=INK)
        axis.set_xlabel(about[name]["unit"] or "1", fontsize=6.5, labelpad=1)
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
        axis.tick_params(labelsize=6)
    return figure


def _profile(axis: Axes, profiles: Profiles, name: str, height: float) -> None:
    """Draw the likelihood of a profile, relative to the highest there is, as high as the posterior."""
    if profiles.log_likelihood is None or name not in profiles.profiles:
        return
    points = [(p.value, ll) for p in profiles.profiles[name].points if (ll := p.log_likelihood) is not None]
    relative = np.exp(np.array([ll for _, ll in points]) - profiles.log_likelihood)
    colour = PROFILE if profiles.intervals[name].trusted else BAD
    axis.plot([value for value, _ in points], height * relative, ls="--", lw=1.1, color=colour)


def pair_figure(idata: Groups, pairs: Sequence[Pair]) -> Figure:
    """Posterior draws of the most correlated pairs of parameters; divergent ones marked."""
    figure, axes = panels(len(pairs), 5, 2.1, beside=0.55)
    divergent = idata["sample_stats"]["diverging"].values.ravel().astype(bool)
    for axis, pair in zip(axes, pairs, strict=False):
        a, b = (idata["posterior"][name].values.ravel() for name in (pair.a, pair.b))
        step = max(1, len(a) // 250)
        axis.plot(a[::step], b[::step], ".", ms=2, color=COLOURS[0], alpha=0.5, rasterized=True)
        if divergent.any():
            axis.plot(a[divergent], b[divergent], "x", ms=4, color=COLOURS[1], rasterized=True)
        for set_scale, ticks, values in ((axis.set_xscale, axis.xaxis, a), (axis.set_yscale, axis.yaxis, b)):
            if (values > 0).all():
                set_scale("log")
                _sparse_ticks(ticks, values)
        axis.set_xlabel(pair.a, fontsize=6.5)
        axis.set_ylabel(pair.b, fontsize=6.5)
        axis.tick_params(labelsize=5.5, which="both")
        axis.set_title(f"Spearman {pair.spearman:+.2f}", loc="left", fontsize=7)
    return figure


def _sparse_ticks(axis: Axis, values: np.ndarray) -> None:
    """Powers of ten where there are several; else 1 and 3, or 1, 2 and 5, of each; round numbers in a part of one."""
    axis.set_minor_locator(NullLocator())
    span = values.max() / values.min()
    if 5 < span < 1000:
        axis.set_major_locator(LogLocator(subs=(1.0, 3.0) if span > 30 else (1.0, 2.0, 5.0), numticks=8))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, digits=1)))
    elif span >= 1000:
        axis.set_major_locator(LogLocator(numticks=4))
        axis.set_major_formatter(LogFormatterSciNotation())
    else:
        axis.set_major_locator(MaxNLocator(3, prune="lower"))
        axis.set_major_formatter(ScalarFormatter())


def pit_figure(pits: Mapping[str, LooPit]) -> Figure | None:
    """LOO-PIT of each read-out as the difference of its distribution function from the uniform one."""
    shown = {name: np.asarray(row.values) for name, row in pits.items() if row.values}
    if not shown:
        return None
    figure, axes = panels(len(shown), 4, 1.7, beside=0.6, below=0.6)
    for axis, (name, values) in zip(axes, shown.items(), strict=False):
        n = len(values)
        ranks = np.arange(1, n + 1) / n
        band = 1.63 / np.sqrt(n)  # 99 % limit of the Kolmogorov-Smirnov distance
        axis.axhspan(-band, band, color=MUTED, alpha=0.15, lw=0)
        axis.step(values, ranks - values, where="post", color=COLOURS[0], lw=1)
        axis.axhline(0, color=MUTED, lw=0.6)
        axis.set(xlim=(0, 1), ylim=(-2 * band, 2 * band), xlabel="LOO-PIT")
        axis.set_ylabel("share below - uniform")
        axis.set_title(name, loc="left", color=INK)
    return figure


def comparison_figure(rows: Sequence[ModelRow], words: Mapping[str, str] | None = None) -> Figure | None:
    """Difference in elpd to the best model with two standard errors; failed fits are named, not drawn.

    Parameters
    ----------
    words
        Model -> its label.
    """
    if sum(row.rank is not None for row in rows) < 2:
        return None
    axis = (figure := Figure(figsize=(8.0, 0.36 * len(rows) + 0.7), layout="constrained")).subplots()
    for position, row in enumerate(rows):
        if row.elpd_diff is not None and row.diff_se is not None:
            colour = COLOURS[0] if row.reproduces else BAD
            axis.errorbar(-row.elpd_diff, position, xerr=2 * row.diff_se, fmt="o", ms=4, color=colour, capsize=2)
        else:
            said = "not ranked" if row.sampled else "FAILED: not ranked"
            across = axis.get_yaxis_transform()
            axis.text(0.02, position, said, color=COLOURS[1], va="center", transform=across)
    axis.axvline(0, color=MUTED, lw=0.6)
    labels = {row.model: listed((words or {}).get(row.model, row.model)) for row in rows}
    names = [labels[row.model] + ("" if row.reproduces else "\ndoes not reproduce the data") for row in rows]
    axis.set_yticks(range(len(rows)), names)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    figure.supxlabel("elpd minus that of the best (bars: two standard errors)")
    return figure
