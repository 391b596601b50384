"""Figures of calibrations: what uniform ranks would show, and what these do; how often intervals hold the truth."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import binom

from il6infer.calibration.table import recovery
from il6infer.stages.calibration import Calibration

_GOOD, _BAD, _BAND = "#0072B2", "#b3261e", "#777777"
_STYLE: dict[Any, Any] = {"svg.hashsalt": "il6infer", "svg.fonttype": "none", "font.size": 8}


def figure_of(found: Calibration) -> str:
    """Draw the difference of each parameter's distribution function of ranks from the uniform one, as SVG text.

    Parameters
    ----------
    found
        Batches put together; parameters outside the simultaneous band are named.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5.6, 3.2), layout="constrained")
        axes = figure.subplots()
        grid = np.array(found.grid)
        uniform = (grid + 1) / (found.levels + 1)
        axes.fill_between(uniform, found.low - uniform, found.high - uniform, color=_BAND, alpha=0.25, lw=0)
        odd = 0
        for name, row in found.parameters.items():
            share = np.searchsorted(np.sort(row.ranks), grid, side="right") / max(len(row.ranks), 1)
            passed = (row.p or 0.0) >= found.p_min
            axes.plot(uniform, share - uniform, color=_GOOD if passed else _BAD, lw=0.7 if passed else 1.3, alpha=0.7)
            if not passed:
                place = (0.02, 0.97 - 0.06 * odd)
                text = f"{name}, p {row.p or 0.0:.2g}"
                axes.annotate(text, place, xycoords="axes fraction", color=_BAD, fontsize=7, va="top")
                odd += 1
        axes.axhline(0.0, color=_BAND, lw=0.6)
        axes.set_xlabel("rank of the truth in its posterior, as a share")
        axes.set_ylabel("difference from uniform")
        counts = f"{found.fits} data sets, {len(found.failed)} without a fit, {found.not_converged} not converged"
        axes.set_title(f"{found.called}: {counts}", loc="left", fontsize=8)
        return _svg(figure)


def recovery_figure(calibrations: Sequence[Calibration]) -> str:
    """Draw how often 50 and 90 % intervals hold the truth, a line a problem, as SVG text.

    A dot is a parameter, the large one all of them, with two standard errors over data sets. Grey is where the share of
    a single parameter lies in 95 of 100 cases, if intervals are what they say.

    Parameters
    ----------
    calibrations
        Of one problem each.
    """
    table = recovery(calibrations)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 0.9 + 0.22 * len(table)), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for axis, share in zip(axes, (50, 90), strict=True):
            axis.axvline(share, color=_BAND, lw=0.6)
            for place, found in enumerate(calibrations):
                row, fits = table.iloc[place], found.fits - len(found.failed)
                if fits == 0:
                    continue
                low, high = (100 * count / fits for count in binom.interval(0.95, fits, share / 100))
                axis.fill_betweenx([place - 0.4, place + 0.4], low, high, color=_BAND, alpha=0.2, lw=0)
                shares = [getattr(p, f"inside_{share}") for p in found.parameters.values()]
                held = [100 * value for value in shares if value is not None]
                axis.plot(held, np.full(len(held), place), ".", ms=3, color=_GOOD, alpha=0.5)
                error = 200 * row[f"se_{share}"]
                axis.errorbar(
                    100 * row[f"inside_{share}"], place, xerr=None if math.isnan(error) else error, fmt="o", ms=4,
                    color=_GOOD if row["uniform"] else _BAD, lw=1.2,
                )  # fmt: skip
            axis.set_xlabel(f"truths in {share} % intervals [%]")
        labels = [f"{found.called} ({found.fits - len(found.failed)})" for found in calibrations]
        axes[0].set_yticks(range(len(labels)), labels)
        axes[0].invert_yaxis()
        return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
