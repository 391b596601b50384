"""Priors against published behaviour: what the page shows of it, its figure and its sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from il6infer.report.figures import WIDTH
from il6infer.report.numbers import after, interval, number
from il6infer.report.style import COLOURS, INK, MUTED
from il6infer.stages import read
from il6infer.stages.prior_check import PriorCheck, RangeCheck

COLUMNS = 4
OUTSIDE = COLOURS[1]
CELLS = tuple(colour for colour in COLOURS if colour not in (OUTSIDE, COLOURS[-1]))
LOGARITHMIC = ("ec50", "fold")
SILENT = 0.5
"""Share of draws without a response from which a model is said not to respond."""


def read_checks(folder: Path, models: Sequence[str]) -> dict[str, PriorCheck]:
    """Model -> what `il6infer claims prior` wrote of it; `folder` is that of the data set."""
    return {model: read(folder / model / "prior_check.json", PriorCheck) for model in models}


def findings(checks: Mapping[str, PriorCheck]) -> list[str]:
    """Sentences on what does not fit: ranges that a prior excludes, experiments without a response, failures."""
    said = []
    outside: dict[str, list[str]] = {}
    silent: dict[str, list[str]] = {}
    for model, found in checks.items():
        asked = [row for row in found.checks if not row.absent]
        if not asked:
            said.append(f"{model}: cannot be asked, for it has none of the read-outs and species of the experiments.")
        for row in asked:
            if row.relation == "excludes":
                text = f"{row.what} ({row.experiment}), in {row.cell} {interval(row.low, row.high)}"
                outside.setdefault(f"{text}{after(row.unit)}", []).append(model)
        for experiment in dict.fromkeys(row.experiment for row in asked):
            if all(_mostly(row.silent) for row in asked if row.experiment == experiment):
                silent.setdefault(experiment, []).append(model)
    said += [f"{what}: outside the 90 % interval of the prior of {', '.join(of)}." for what, of in outside.items()]
    said += [f"{experiment}: no response in {', '.join(of)}." for experiment, of in silent.items()]
    said += [
        f"{model}: {found.failed} of {found.draws} draws of the prior could not be simulated in every experiment."
        for model, found in checks.items() if found.failed
    ]  # fmt: skip
    return said or ["No published range lies outside the 90 % interval of a prior."]


def _mostly(share: float | None) -> bool:
    return share is not None and share > SILENT


def prior_figure(checks: Mapping[str, PriorCheck]) -> Figure | None:
    """Each quantity's prior median and 90 % interval, a line a model, over the published ranges, a colour a cell.

    Parameters
    ----------
    checks
        Model -> its check.

    Returns
    -------
    matplotlib.figure.Figure
        None where no model could be asked anything.
    """
    panels: dict[tuple[str, str], dict[str, list[RangeCheck]]] = {}
    for model, found in checks.items():
        for row in found.checks:
            if not row.absent:
                panels.setdefault((row.what, row.experiment), {}).setdefault(model, []).append(row)
    if not panels:
        return None
    models = list(checks)
    ranges = {key: _published(own) for key, own in panels.items()}
    cells = list(dict.fromkeys(row.cell for rows in ranges.values() for row in rows))
    slots = max(1, *(len(rows) for rows in ranges.values()))
    rows = -(-len(panels) // COLUMNS)
    figure = Figure(figsize=(WIDTH, rows * (0.62 + 0.14 * (len(models) + slots))), layout="constrained")
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    for position, (key, own) in enumerate(panels.items()):
        axis = axes[position]
        for slot, row in enumerate(ranges[key]):
            colour = CELLS[cells.index(row.cell) % len(CELLS)]
            axis.axvspan(row.low, row.high, color=colour, alpha=0.13, lw=0)
            axis.hlines(-1 - slot, row.low, row.high, color=colour, lw=3)
        if not ranges[key]:
            axis.text(
                0.02, -1, "no published range found", transform=axis.get_yaxis_transform(), fontsize=6, color=MUTED
            )
        for line, model in enumerate(models):
            _line(axis, line, own.get(model))
        _dress(axis, key, own, models if position % COLUMNS == 0 else [""] * len(models), slots)
    handles = [axes[0].plot([], [], lw=3, color=CELLS[i % len(CELLS)])[0] for i in range(len(cells))]
    handles += [axes[0].plot([], [], "o-", ms=3, lw=1.1, color=colour)[0] for colour in (INK, OUTSIDE)]
    words = [f"published: {cell}" for cell in cells]
    words += ["prior: median, 90 % interval", "prior with a published range outside its interval"]
    figure.legend(handles, words, loc="outside upper left", ncols=4)
    return figure


def _published(own: Mapping[str, list[RangeCheck]]) -> list[RangeCheck]:
    """Ranges of a panel; the models share them."""
    return [row for row in next(iter(own.values())) if row.low is not None]


def _line(axis: Axes, position: int, rows: list[RangeCheck] | None) -> None:
    """Draw one model's median and interval; words where there are none."""
    row = rows[0] if rows else None
    if row is None or row.q05 is None or row.median is None or row.q95 is None or _mostly(row.undefined):
        words = "cannot be asked" if row is None else "failed"
        if row and row.undefined:
            words = "no response" if _mostly(row.silent) else "undefined"
        axis.text(0.02, position, words, transform=axis.get_yaxis_transform(), color=MUTED, fontsize=5.5, va="center")
        return
    colour = OUTSIDE if any(each.relation == "excludes" for each in rows or ()) else INK
    axis.hlines(position, row.q05, row.q95, color=colour, lw=1.1)
    axis.plot(row.median, position, "o", ms=3, color=colour)


def _dress(
    axis: Axes, key: tuple[str, str], own: Mapping[str, list[RangeCheck]], labels: Sequence[str], slots: int
) -> None:
    row = next(iter(own.values()))[0]
    if row.quantity in LOGARITHMIC:
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0), numticks=8))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, digits=1)))
    else:
        axis.set_xlim(left=0)
    axis.set_title(f"{key[0]}\n{key[1]}", loc="left", fontsize=6.5, color=INK)
    if row.unit != "1":
        axis.set_xlabel(row.unit, fontsize=6.5, labelpad=1)
    axis.set_yticks(range(len(labels)), labels)
    axis.set_ylim(len(labels) - 0.4, -slots - 0.7)
    axis.tick_params(labelsize=6, length=2)
    axis.tick_params(axis="y", length=0)
    axis.minorticks_off()
